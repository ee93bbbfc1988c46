"""The zips of all submissions, stored before anything on the site is changed."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from competition.corrections.codabench import Site
from competition.corrections.journal import Journal, StoredZip
from competition.corrections.phase import SubmissionInfo
from lvos_eval.diagnostics.errors import RunStoppedError

__all__ = ["SUBMISSIONS", "StoredZips", "digest_of"]

SUBMISSIONS: Final = "submissions"
"""The folder of the downloaded zips."""


class StoredZips:
    """The zips below a folder, as the journal knows them."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self.folder: Final = folder / SUBMISSIONS
        self._journal = journal

    def download(self, site: Site, phase: int, wanted: Iterable[SubmissionInfo]) -> None:
        """Stores what is not stored yet. Raises RunStoppedError for what is not a zip."""
        if not site.connection.dry_run:
            self.folder.mkdir(parents=True, exist_ok=True)
        for item in wanted:
            if self.has(item.id):
                continue
            name = _file_name(item, phase)
            target = self.folder / name
            site.connection.download(site.zip_address(item.id), target)
            if site.connection.dry_run:
                continue
            if not zipfile.is_zipfile(target):
                target.unlink()
                raise RunStoppedError(f"what the site gives for submission {item.id} of {item.owner} is not a zip")
            self._journal.zips[item.id] = StoredZip(name, digest_of(target), item.owner)
            self._journal.save()
            print(f"stored {name}", flush=True)

    def has(self, number: int) -> bool:
        """Whether the zip of a submission is there, unchanged."""
        stored = self._journal.zips.get(number)
        if stored is None:
            return False
        path = self.folder / stored.name
        return path.is_file() and digest_of(path) == stored.digest

    @property
    def numbers(self) -> list[int]:
        """The submissions whose zip has been stored."""
        return sorted(self._journal.zips)

    def participants(self) -> dict[str, list[int]]:
        """The submissions of each participant."""
        owners: dict[str, list[int]] = defaultdict(list)
        for number, stored in sorted(self._journal.zips.items()):
            owners[stored.owner].append(number)
        return dict(owners)


def _file_name(item: SubmissionInfo, phase: int) -> str:
    """As the site names it when many are downloaded, which is what `lvos-eval rescore` understands."""
    day, _, clock = (item.created or "0000-00-00 00-00").partition(" ")
    owner = re.sub(r"[^A-Za-z0-9.@+-]", "-", item.owner)
    name = re.sub(r"[^A-Za-z0-9._-]", "-", item.filename)[-80:]
    return f"{item.id}_{owner}_PhaseId{phase}_{day}_{clock}_{name}"


def digest_of(path: Path) -> str:
    """SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
