"""What stands in the bundle of a CodaLab competition: its `competition.yaml`, read leniently, for nobody can ask its authors."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Final

import yaml

from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.formats.litter import is_litter

__all__ = ["OldBundle", "OldPhase"]

_MOST_BYTES: Final = 1 << 20
_TAG: Final = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class OldPhase:
    """A phase as the old bundle has it; None where it says nothing. `start` is midnight UTC."""

    label: str
    description: str
    start: datetime
    reference: str | None
    """The member with its reference data, or the key of a data set that is not in the bundle."""
    numbers: Mapping[str, int]
    """Limits by their old names."""
    fields: Mapping[str, Any]


@dataclass(slots=True)
class OldBundle:
    """An opened bundle. `notes` say what was read otherwise than it stands there."""

    archive: zipfile.ZipFile
    root: str
    """Folder of the configuration inside the zip, with a slash, or nothing."""
    config: Mapping[str, Any]
    notes: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path) -> OldBundle:
        """Raises UsageError for what is no bundle of CodaLab."""
        try:
            archive = zipfile.ZipFile(path)
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}") from None
        except zipfile.BadZipFile:
            raise UsageError(f"{path} is not a zip; give the competition bundle as CodaLab exports it") from None
        names = [name for name in archive.namelist() if _is_configuration(name)]
        if not names:
            raise UsageError(f"{path} has no competition.yaml; give the competition bundle, not its data or submissions")
        name = min(names, key=lambda name: (name.count("/"), name))
        try:
            if archive.getinfo(name).file_size > _MOST_BYTES:
                raise UsageError(f"{name} in {path} is larger than any configuration")
            content = yaml.safe_load(archive.read(name).decode("utf-8-sig"))
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            reason = " ".join(str(error).split())
            raise UsageError(f"{name} in {path} is not YAML: {reason}\nFix: correct it there, and zip it again") from None
        if not isinstance(content, dict) or not isinstance(content.get("phases"), (dict, list)) or not content["phases"]:
            raise UsageError(f"{name} in {path} has no phases")
        if "version" in content:
            raise UsageError(f"{path} is a bundle of Codabench already (version {content['version']}); upload it there")
        return cls(archive, name[: -len(PurePosixPath(name).name)], content)

    def member(self, name: Any) -> str | None:
        """The full name of a file that the configuration names; None if it is not there."""
        found = f"{self.root}{name}"
        return found if found in self.archive.NameToInfo else None

    @property
    def title(self) -> str:
        return self.text(self.config.get("title")) or "Untitled"

    def text(self, value: Any) -> str:
        """A value as one line without markup."""
        return " ".join(_TAG.sub(" ", str(value)).split()) if value is not None else ""

    @property
    def pages(self) -> dict[str, str]:
        """Members of the pages by their keys."""
        html = self.config.get("html")
        return {str(key): str(name) for key, name in html.items()} if isinstance(html, dict) else {}

    @property
    def end(self) -> datetime | None:
        """The last second of the competition, None if it has no end."""
        value = self.config.get("end_date")
        moment = _moment(value)
        if moment is None:
            return None
        return moment - timedelta(seconds=1) if moment.time() == time() else moment

    @property
    def columns(self) -> dict[str, Any]:
        board = self.config.get("leaderboard")
        columns = board.get("columns") if isinstance(board, dict) else None
        return {str(key): value for key, value in columns.items()} if isinstance(columns, dict) else {}

    def phases(self) -> list[OldPhase]:
        """In the order of their numbers. Raises UsageError for one without a start."""
        entries = self.config["phases"]
        found = [entry for entry in (entries.values() if isinstance(entries, dict) else entries) if isinstance(entry, dict)]
        if any(entry.get("is_parallel_parent") for entry in found):
            self.notes.append("the parent of parallel phases is left out: its children are phases of their own")
            found = [entry for entry in found if not entry.get("is_parallel_parent")]
        return [self._phase(entry) for entry in sorted(found, key=lambda entry: _whole(entry.get("phasenumber")) or 0)]

    def _phase(self, entry: Mapping[str, Any]) -> OldPhase:
        label = self.text(entry.get("label")) or f"Phase {entry.get('phasenumber')}"
        start = _moment(entry.get("start_date"))
        if start is None:
            raise UsageError(f"phase {label} has no start_date that can be read: {entry.get('start_date')!r}")
        if start.time() != time():
            self.notes.append(f"phase {label} started at {start:%H:%M}: it starts at 00:00 UTC of that day")
            start = datetime.combine(start.date(), time())
        names = ("max_submissions", "max_submissions_per_day", "execution_time_limit", "max_submission_size")
        numbers = {name: number for name in names if (number := _whole(entry.get(name)))}
        reference = entry.get("reference_data")
        return OldPhase(label, self.text(entry.get("description")), start, str(reference) if reference else None, numbers, entry)


def _is_configuration(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name in ("competition.yaml", "competition.yml") and not any(is_litter(part) for part in path.parts)


def _moment(value: Any) -> datetime | None:
    """A time of the configuration, in UTC without a zone, however it is written."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, datetime):
        offset = value.utcoffset() or timedelta()
        return value.replace(tzinfo=None, microsecond=0) - offset
    return datetime.combine(value, time()) if isinstance(value, date) else None


def _whole(value: Any) -> int | None:
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if number > 0 else None
