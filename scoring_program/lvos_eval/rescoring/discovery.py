"""A folder of stored submissions: which of the files and folders in it are one, and what each is called.

Flat folders of zips, a folder for each participant or phase, and what Codabench hands out when submissions are downloaded are all
understood, because a submission is recognised by what it holds and not by how deep it lies.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.text import listed, printable
from lvos_eval.formats.files import read_regular
from lvos_eval.formats.litter import is_left_behind

__all__ = ["FoundSubmissions", "StoredSubmission", "find_submissions", "name_submissions"]

_DEEPEST: Final = 6
"""Folders below folders that are looked into."""
_ARCHIVES: Final = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar")
"""What somebody may have uploaded as a submission; all but the first are not valid, which has to be said."""
_CODABENCH: Final = re.compile(r"([0-9]+)_(.+)_PhaseId[0-9]+_[0-9]{4}-[0-9]{2}-[0-9]{2}.[0-9]{2}-[0-9]{2}_.*", re.DOTALL)
"""`<submission>_<owner>_PhaseId<phase>_<date>_<file>`, the names in Codabench's download of many submissions."""


@dataclass(frozen=True, slots=True)
class StoredSubmission:
    """One submission: `key` is its path below the folder, by which two rescorings recognise it."""

    path: Path
    key: str
    name: str
    """What people call it; several submissions of one team may have the same name."""
    folder: str
    """A name for its results that every file system takes and no other submission has."""


@dataclass(frozen=True, slots=True)
class FoundSubmissions:
    """What a folder holds: submissions in the order of their keys, and files that are none."""

    submissions: tuple[StoredSubmission, ...]
    others: tuple[str, ...]
    links: tuple[str, ...]
    """Not followed: in what a participant made, a link may point at hidden masks."""
    hidden: tuple[str, ...]
    """Not looked at, since their names begin with a dot, as those of unfinished copies and of editors' folders do."""
    deep: tuple[str, ...]
    """Folders that lie too deep to be looked into."""


def find_submissions(folder: Path, videos: Collection[str]) -> FoundSubmissions:
    """Every submission below a folder. Raises UsageError if there is none, or if the folder is itself one."""
    walk = _Walk(frozenset(video.lower() for video in videos))
    try:
        walk.look_into(folder, "")
    except OSError as error:
        raise UsageError(f"the submissions in {printable(str(folder))} cannot be listed: {error.strerror}") from None
    if walk.root_is_submission:
        raise UsageError(f"{printable(str(folder))} is itself a submission; give the folder that holds the submissions")
    if not walk.found:
        hidden = f"; skipped, because the name begins with a dot: {listed(sorted(walk.hidden))}" if walk.hidden else ""
        raise UsageError(f"no zip and no folder with masks in {printable(str(folder))}{hidden}")
    names = _short_names(walk.found)
    spellings = Counter(printable(key) for key in walk.found)
    slugs = {key: re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] for key, name in names.items()}
    counts = Counter(slug.lower() for slug in slugs.values())
    submissions = []
    for key in sorted(walk.found):
        name, slug = names[key], slugs[key]
        digest = hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()[:8]
        if slug != name or counts[slug.lower()] > 1:
            slug = f"{slug}-{digest}" if slug else digest
        match = _CODABENCH.fullmatch(PurePosixPath(key).name)
        shown = f"{match[2]} ({match[1]})" if match else name
        # a name with control characters may look like that of another submission once they are made visible
        spelling = printable(key) if spellings[printable(key)] == 1 else f"{printable(key)} ({digest})"
        submissions.append(StoredSubmission(folder / key, spelling, printable(shown), slug))
    others, links, left_out, deep = (tuple(sorted(names)) for names in (walk.others, walk.links, walk.hidden, walk.deep))
    return FoundSubmissions(tuple(submissions), others, links, left_out, deep)


class _Walk:
    """Looks for submissions; `found` are their paths below the folder."""

    def __init__(self, videos: frozenset[str]) -> None:
        self._videos = videos
        self.found: list[str] = []
        self.others: list[str] = []
        self.links: list[str] = []
        self.hidden: list[str] = []
        self.deep: list[str] = []
        self.root_is_submission = False

    def look_into(self, folder: Path, prefix: str) -> None:
        """Raises OSError if the outermost folder cannot be listed; any other that cannot is a submission with a problem."""
        try:
            with os.scandir(folder) as entries:
                listing = [entry for entry in entries if not is_left_behind(entry.name)]
            shown = [entry for entry in listing if not entry.name.startswith(".")]
            links = [entry.name for entry in shown if entry.is_symlink()]
            folders = [entry.name for entry in shown if entry.is_dir(follow_symlinks=False)]
        except OSError:
            if not prefix:
                raise
            self.found.append(prefix.rstrip("/"))
            return
        # a pipe or a device is told by its name, and refused where it is opened
        files = sorted({entry.name for entry in shown}.difference(links, folders))
        self.links += [printable(f"{prefix}{name}") for name in links]
        if self._is_submission(folder, folders, files, bool(prefix)):
            if prefix:
                self.found.append(prefix.rstrip("/"))
            else:
                self.root_is_submission = True
            return
        self.hidden += [printable(f"{prefix}{entry.name}") for entry in listing if entry.name.startswith(".")]
        for name in files:
            if name.lower().endswith(_ARCHIVES):
                self.found.append(f"{prefix}{name}")
            else:
                self.others.append(printable(f"{prefix}{name}"))
        for name in folders:
            if prefix.count("/") < _DEEPEST:
                self.look_into(folder / name, f"{prefix}{name}/")
            else:
                self.deep.append(printable(f"{prefix}{name}"))

    def _is_submission(self, folder: Path, folders: Sequence[str], files: Sequence[str], below: bool) -> bool:
        """Whether a folder is a submission, good or bad, and not one that holds several."""
        if any(name.lower() in self._videos or name.lower() == "annotations" for name in folders):
            return True
        if not below or any(name.lower().endswith(_ARCHIVES) for name in files):
            return False
        if any(name.lower().endswith(".png") for name in files):
            return True
        return not folders or any(_holds_masks(folder / name) for name in folders)


def _holds_masks(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.lower().endswith(".png") for entry in entries)
    except OSError:
        # said when it is looked into
        return False


def _short_names(keys: Iterable[str]) -> dict[str, str]:
    """By key, its path without `.zip`, or the innermost folder around it if that holds no other submission."""
    keys = list(keys)
    below = Counter(str(parent) for key in keys for parent in PurePosixPath(key).parents)
    names = {}
    for key in keys:
        alone = [str(parent) for parent in PurePosixPath(key).parents if str(parent) != "." and below[str(parent)] == 1]
        names[key] = alone[0] if alone else re.sub(r"\.zip$", "", key, flags=re.IGNORECASE)
    return names


def name_submissions(
    submissions: Sequence[StoredSubmission], table: Path
) -> tuple[tuple[StoredSubmission, ...], tuple[str, ...]]:
    """The submissions under the names in a CSV, and notes about rows that fit none.

    The table has two columns, submission and name; the first is a path below the folder, with or without `.zip`, or the last
    part of it. Raises UsageError for any other table.
    """
    by_spelling: defaultdict[str, list[str]] = defaultdict(list)
    for item in submissions:
        for spelling in _spellings(item.key):
            by_spelling[spelling].append(item.key)
    names: dict[str, str] = {}
    notes = []
    for key, name in _read_names(table).items():
        fitting = by_spelling[printable(key)]
        if len(fitting) == 1:
            names[fitting[0]] = name
        else:
            reason = f"{len(fitting)} submissions are called so" if fitting else "there is no such submission"
            notes.append(f"{printable(table.name)}: the name for {printable(key)} is not used: {reason}")
    return tuple(replace(item, name=printable(names.get(item.key, item.name))) for item in submissions), tuple(notes)


def _spellings(key: str) -> set[str]:
    last = PurePosixPath(key).name
    return {key, last} | {text[:-4] for text in (key, last) if text.lower().endswith(".zip")}


def _read_names(table: Path) -> Mapping[str, str]:
    try:
        lines = io.StringIO(read_regular(table).decode("utf-8-sig"), newline="")
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"the names in {printable(str(table))} cannot be read: {printable(str(error))}") from None
    if rows and [cell.lower() for cell in rows[0]] == ["submission", "name"]:
        del rows[0]
    for row in rows:
        if len(row) != 2 or not all(row):
            shown = listed([printable(",".join(row))])
            raise UsageError(f"{printable(str(table))} has the row {shown}; every row needs a submission and its name")
    repeated = [key for key, count in Counter(key for key, _ in rows).items() if count > 1]
    if repeated:
        raise UsageError(f"{printable(str(table))} names a submission more than once: {listed(map(printable, repeated))}")
    return {row[0]: row[1] for row in rows}
