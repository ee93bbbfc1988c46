"""The folder that comes of an old bundle: settings, pages, logo and data, and what could not be taken over."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from competition.imports.old_bundle import OldBundle, OldPhase
from competition.imports.old_data import unpack_reference
from competition.imports.old_pages import clean_page
from competition.settings import PUBLIC_QUEUE, SHIPPED, TIME_FORMAT
from competition.settings.folder import LOGOS, PAGES, SETTINGS
from competition.settings.model import LARGEST_SUBMISSION
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.text import counted
from lvos_eval.protocols.lvos import SCORE_KEYS

__all__ = ["DATA", "Imported", "import_bundle"]

DATA: Final = "data"
_DAILY, _TOTAL = 5, 100
"""Submissions where the old phase has no limit of its own."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was taken over, what was not or has to be looked at, and which folders of data there are, in words."""

    taken: tuple[str, ...]
    left: tuple[str, ...]
    data: tuple[str, ...]


class _Import:
    """Writes the parts of one folder, and notes what was taken over and what was not."""

    def __init__(self, bundle: OldBundle, folder: Path, start: date | None) -> None:
        self._bundle = bundle
        self._folder = folder
        self._phases = bundle.phases()
        first = self._phases[0].start
        self._shift = datetime.combine(start, time()) - first if start is not None else timedelta()
        self.taken: list[str] = []
        self.left: list[str] = []
        self.data: list[str] = []

    def write(self) -> None:
        self._pages()
        self._logo()
        sources = self._data()
        self._settings(sources)
        self.left += self._bundle.notes

    def _pages(self) -> None:
        folder = self._folder / PAGES
        folder.mkdir(parents=True)
        written: set[str] = set()
        for key, name in self._bundle.pages.items():
            stem = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-") or "page"
            member = self._bundle.member(name)
            text = self._bundle.archive.read(member).decode("utf-8-sig", errors="replace") if member else ""
            fragment, dropped = clean_page(text)
            if not fragment.strip():
                self.left.append(f"page {key}: {name} is {'empty' if member else 'not in the bundle'}")
                continue
            (folder / f"{stem}.html").write_text(fragment, encoding="utf-8")
            written.add(stem)
            if dropped:
                found = ", ".join(f"{number} {tag}" for tag, number in sorted(dropped.items()))
                self.left.append(f"page {key}: {found}, which pages may not load (a picture became a link)")
        for page in SHIPPED.pages():
            if page.stem not in written:
                shutil.copyfile(page.path, folder / page.path.name)
        self.taken.append(f"pages: {', '.join(sorted(written))}")
        self.left.append("pages: read them again, above all evaluation and data: they describe the old program and server")

    def _logo(self) -> None:
        name = self._bundle.config.get("image")
        member = self._bundle.member(name)
        suffix = Path(str(name)).suffix.lower()
        if member is not None and f"logo{suffix}" in LOGOS:
            (self._folder / f"logo{suffix}").write_bytes(self._bundle.archive.read(member))
            self.taken.append("logo")
        else:
            self.left.append(f"logo: {name} is not a PNG or JPEG in the bundle; the shipped one is used")

    def _data(self) -> list[str]:
        """Unpacks the reference data; gives for each phase which of the two folders it is scored on.

        The last phase decides: its data is the hidden one. Equal contents under two names are one set.
        """
        contents: dict[tuple[int, int], str] = {}
        keys: list[tuple[int, int] | None] = []
        for phase in self._phases:
            member = self._bundle.member(phase.reference)
            if member is None:
                self.left.append(
                    f"data of phase {phase.label}: {phase.reference or 'none is named'} is not in the bundle; download it under "
                    "My Datasets on the old server"
                )
                keys.append(None)
                continue
            info = self._bundle.archive.getinfo(member)
            key = (info.CRC, info.file_size)
            keys.append(key)
            contents.setdefault(key, member)
        hidden = keys[-1]
        others = [key for key in dict.fromkeys(keys) if key is not None and key != hidden]
        names = ({hidden: "reference"} if hidden else {}) | ({others[0]: "validation"} if others else {})
        for key, name in names.items():
            self.left += unpack_reference(self._bundle, contents[key], self._folder / DATA / name)
            self.data.append(name)
            self.taken.append(f"{DATA}/{name}: {contents[key]}")
        for key in others[1:]:
            self.left.append(f"data {contents[key]}: a competition has two sets here; its phase is scored on {DATA}/reference")
        return [names.get(key, "reference") if key is not None else "reference" for key in keys]

    def _settings(self, sources: Sequence[str]) -> None:
        text = SHIPPED.settings.read_text(encoding="utf-8")
        shutil.copyfile(SHIPPED.path / "three_tasks.yaml", self._folder / "three_tasks.yaml")
        config = self._bundle.config
        sizes = [phase.numbers["max_submission_size"] for phase in self._phases if "max_submission_size" in phase.numbers]
        values: dict[str, Any] = {
            "title": self._bundle.title[:100],
            "description": self._bundle.text(config.get("description")) or self._bundle.title,
            "registrations": "moderated" if config.get("has_registration", True) else "open",
        }
        if sizes:
            values["max_submission_size"] = min(max(sizes), LARGEST_SUBMISSION)
        lines = text.splitlines(keepends=True)
        for number, line in enumerate(lines):
            name = line.partition(":")[0]
            if name in values:
                lines[number] = f"{name}: {json.dumps(values[name], ensure_ascii=False)}\n"
        text = "".join(lines)
        phases: dict[str, Any] = {}
        for number, (phase, source) in enumerate(zip(self._phases, sources, strict=True)):
            key = self._key(phase, phases)
            phases[key] = self._phase(number, phase, source)
        written = yaml.safe_dump({"phases": phases}, sort_keys=False, allow_unicode=True, width=120)
        (self._folder / SETTINGS).write_text(text[: text.index("\nphases:\n") + 1] + written, encoding="utf-8")
        self.taken.append(f"settings: {', '.join(values)}, {counted(len(phases), 'phase')}")
        self._say_what_is_different(config)

    def _key(self, phase: OldPhase, taken: dict[str, Any]) -> str:
        key = re.sub(r"[^a-z0-9]+", "-", phase.label.lower()).strip("-")
        key = key if key[:1].isalpha() else f"phase-{key}".rstrip("-")
        return key if key not in taken else f"{key}-{len(taken) + 1}"

    def _phase(self, number: int, phase: OldPhase, source: str) -> dict[str, Any]:
        later = self._phases[number + 1 :]
        end = later[0].start - timedelta(seconds=1) if later else self._bundle.end
        total = phase.numbers.get("max_submissions", _TOTAL)
        limit = phase.numbers.get("execution_time_limit", PUBLIC_QUEUE.time_limit)
        if limit > PUBLIC_QUEUE.time_limit:
            self.left.append(f"phase {phase.label}: {limit} s a run are more than the public queue allows; see `queue`")
        return {
            "name": phase.label,
            "description": phase.description or phase.label,
            "data": source,
            "start": (phase.start + self._shift).strftime(TIME_FORMAT),
            "end": "never" if end is None else (end + self._shift).strftime(TIME_FORMAT),
            "max_submissions": total,
            "max_submissions_per_day": min(phase.numbers.get("max_submissions_per_day", _DAILY), total),
            "time_limit": min(limit, PUBLIC_QUEUE.time_limit),
        }

    def _say_what_is_different(self, config: dict[str, Any] | Any) -> None:
        if (old := config.get("competition_docker_image")) is not None:
            self.left.append(f"image {old}: put the names of your own into {SETTINGS} (docs/organiser.md, 4)")
        self.left.append("scoring program: that of this repository is used")
        unknown = [key for key in self._bundle.columns if key not in SCORE_KEYS]
        if unknown:
            self.left.append(f"columns of the leaderboard: {', '.join(unknown)}; the score keys of this program are used")
        if not any(phase.fields.get("force_best_submission_to_leaderboard") for phase in self._phases):
            self.left.append("the leaderboard: here the best submission of each participant is on it (`submission_rule`)")
        for name in ("public_data", "starting_kit", "input_data", "ingestion_program", "datasets"):
            if any(phase.fields.get(name) for phase in self._phases):
                self.left.append(f"{name}: " + ("a new one is built" if name == "starting_kit" else "link it on the page data"))
        if (admins := config.get("admin_names")) is not None:
            self.left.append(f"organisers {admins}: add them in the editor of the new platform")
        if "validation" in self.data:
            self.left.append(
                f"{DATA}/validation: results on it show every frame; use it as VALIDATION only if its masks are public"
            )


def import_bundle(path: Path, folder: Path, start: date | None = None) -> Imported:
    """Writes the folder. Raises UsageError, and leaves nothing, where the bundle or the folder cannot be used."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists already, and nothing in it is overwritten\nFix: name a folder that is new or empty")
    bundle = OldBundle.open(path)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with bundle.archive, tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as name:
        written = Path(name) / folder.name
        written.mkdir()
        work = _Import(bundle, written, start)
        work.write()
        left = [sentence.replace(str(written), str(folder)) for sentence in work.left]
        if folder.exists():
            folder.rmdir()
        written.rename(folder)
    return Imported(tuple(work.taken), tuple(left), tuple(work.data))
