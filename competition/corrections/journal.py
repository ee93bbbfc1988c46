"""What a correction has done so far, on disk after every step: whoever kills it can start it again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, NamedTuple

from competition.corrections.phase import Limits
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.formats.files import replace_file
from lvos_eval.formats.text_files import DocumentError, read_json

__all__ = ["JOURNAL", "Journal", "StoredZip", "open_journal"]

JOURNAL: Final = "journal.json"
_FORMAT: Final = 1


class StoredZip(NamedTuple):
    """A downloaded submission: its file, the file's SHA-256, and whose it is."""

    name: str
    digest: str
    owner: str


@dataclass(slots=True)
class Journal:
    """Numbers are those of submissions and tasks on the site."""

    path: Path
    site: str
    competition: int
    phase: str
    files: dict[str, str] = field(default_factory=dict)
    """Digest of each zip that goes into the tasks, by its kind."""
    keys: dict[str, str] = field(default_factory=dict)
    """What the site calls those that are uploaded."""
    replaced: list[int] = field(default_factory=list)
    """Tasks that have them."""
    zips: dict[int, StoredZip] = field(default_factory=dict)
    horizon: int | None = None
    """The last submission before the re-runs began."""
    counts: dict[str, int] = field(default_factory=dict)
    """How many submissions each participant had at that time."""
    limits: Limits | None = None
    """Those of the phase before they were raised."""
    re_runs: dict[int, list[int]] = field(default_factory=dict)
    """All re-runs of a submission, the last one last."""
    again: dict[str, list[int]] = field(default_factory=dict)
    """Re-runs that only put a participant back on the board."""
    deleted: list[int] = field(default_factory=list)
    """Noted before the site is asked to."""
    deletes_re_runs: bool = False
    """Whether the site was seen to delete a re-run together with its submission."""

    @property
    def claimed(self) -> set[int]:
        """Every submission that a correction has made."""
        return {number for runs in (*self.re_runs.values(), *self.again.values()) for number in runs}

    def save(self) -> None:
        """Raises RunStoppedError if it cannot be written."""
        content = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "path"}
        content["limits"] = asdict(self.limits) if self.limits else None
        replace_file(self.path, json.dumps({"format": _FORMAT, **content}, indent=1) + "\n")


def open_journal(folder: Path, site: str, competition: int, phase: str) -> Journal:
    """The journal of a folder, a new one if there is none. Raises UsageError for that of another correction."""
    path = folder / JOURNAL
    if not path.exists():
        return Journal(path, site, competition, phase)
    try:
        content: dict[str, Any] = read_json(path)
        if content.pop("format") != _FORMAT:
            raise UsageError(f"{path} is of another version of this program; finish it with that one, or name a new folder")
        limits = content.pop("limits")
        journal = Journal(path, limits=Limits(**limits) if limits else None, **content)
    except (DocumentError, AttributeError, KeyError, TypeError) as error:
        raise UsageError(f"{path} cannot be read: {error}\nFix: name a new folder") from None
    journal.zips = {int(number): StoredZip(*stored) for number, stored in journal.zips.items()}
    journal.re_runs = {int(number): runs for number, runs in journal.re_runs.items()}
    if (journal.site, journal.competition, journal.phase) != (site, competition, phase):
        raise UsageError(
            f"{folder} is the correction of phase {journal.phase} of competition {journal.competition} on {journal.site}\n"
            "Fix: name a new folder, or give the same site, competition and phase"
        )
    return journal
