"""The files of a submission that is a folder; links and folders without end are refused."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import counted, in_natural_order, listed
from lvos_eval.formats.litter import LITTER
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.submission.archive_paths import ZIP_WITH_SLASHES

__all__ = ["FileState", "file_state", "list_folder"]

_DEEPEST: Final = 16
"""Folders below folders that are looked into."""

FileState: TypeAlias = tuple[int | None, ...]
"""What changes as soon as a file is replaced or written to, or a folder gets, loses or renames a file."""


@dataclass(slots=True)
class _Walk:
    """What a walk through a folder has met: paths relative to it, with `/`."""

    files: list[str] = field(default_factory=list)
    unsafe: list[str] = field(default_factory=list)
    """Links and devices; they are among the files too."""
    deep: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    """Folders, with the reason."""
    states: dict[str, FileState] = field(default_factory=dict)
    """Every folder as it was before it was listed."""
    is_bounded: bool = True
    """False where it was given up because there was too much."""


def list_folder(
    folder: Path, limits: ArchiveLimits, collector: ProblemCollector, *, backslashes: bool = False
) -> tuple[list[str], bool, dict[str, FileState]]:
    """Every file below `folder`, relative, with `/`, whether all is well, and the folders as they were before.

    Links are refused: they could point at hidden masks. So are names with backslashes, unless they are said to be harmless. The
    walk is bounded, folders included.
    """
    walk = _walk(folder, limits.members)
    refused = [name for name in walk.files if "\\" in name and not backslashes]
    _report(walk, refused, limits, collector)
    if not walk.is_bounded:
        return [], False, walk.states
    # a folder of a zip with backslashes, unpacked, is an empty file whose name ends in one
    files = [name for name in walk.files if not name.endswith("\\")]
    return sorted(files), not (walk.unsafe or walk.unreadable or walk.deep or refused), walk.states


def _walk(folder: Path, most: int) -> _Walk:
    walk = _Walk()
    pending = [""]
    seen = 0
    while pending and walk.is_bounded:
        prefix = pending.pop()
        place = str(folder / prefix)
        walk.states[place] = file_state(place, follow=True)
        try:
            with os.scandir(folder / prefix) as entries:
                for entry in entries:
                    seen += 1
                    if seen > most:
                        walk.is_bounded = False
                        break
                    name = f"{prefix}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        (walk.deep if name.count("/") >= _DEEPEST else pending).append(f"{name}/")
                    elif entry.is_file(follow_symlinks=False):
                        walk.files.append(name)
                    elif entry.name.lower() not in LITTER:
                        walk.unsafe.append(name)
                        walk.files.append(name)
        except OSError as error:
            walk.unreadable.append(f"{prefix or '.'} ({error.strerror})")
    return walk


def _report(walk: _Walk, backslashes: list[str], limits: ArchiveLimits, collector: ProblemCollector) -> None:
    if walk.unsafe or walk.deep:
        what = [f"links or devices: {listed(sorted(walk.unsafe))}"] * bool(walk.unsafe)
        what += [f"folders more than {_DEEPEST} deep: {listed(sorted(walk.deep))}"] * bool(walk.deep)
        collector.add(
            "archive-unsafe-path",
            f"the folder holds {'; '.join(what)}.",
            "copy the masks themselves: cp -rL masks submission",
        )
    if backslashes:
        collector.add(
            "archive-unsafe-path",
            f"the folder holds names with backslashes instead of folders: {listed(in_natural_order(backslashes))}. "
            "It was unpacked from a zip with such paths.",
            ZIP_WITH_SLASHES,
        )
    if walk.unreadable:
        collector.add(
            "archive-damaged",
            f"{counted(len(walk.unreadable), 'folder')} cannot be read: {listed(sorted(walk.unreadable))}.",
            "make every folder readable: chmod -R a+rX submission",
        )
    if not walk.is_bounded:
        collector.add(
            "archive-too-large",
            f"the folder has more than {limits.members:,} files and folders.",
            "leave everything but the masks out.",
        )


def file_state(path: str | Path, *, follow: bool) -> FileState:
    """That of a file, or with `follow` of what a link points at; the error, where there is no telling."""
    try:
        found = os.stat(path, follow_symlinks=follow)
    except OSError as error:
        return (error.errno,)
    return (found.st_mode, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
