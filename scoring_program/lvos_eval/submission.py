"""A submission: which mask of which frame lies where, in a folder or in a zip that is read in place."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from lvos_eval.archive import ArchiveReader, Member, MemberFault, list_members
from lvos_eval.faults import UsageFault
from lvos_eval.problems import ProblemCollector
from lvos_eval.settings import Limits

__all__ = ["LITTER", "Entry", "MaskReader", "MaskSource", "Submission", "open_submission", "read_file"]

Entry: TypeAlias = str | Member
"""Where one file of the submission lies: a path relative to the folder, or a member of the zip."""

_MASK_NAME: Final = re.compile(r"([0-9]{8})\.png", re.IGNORECASE)
LITTER: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini", "__macosx"})
_PLATFORM_FILE: Final = "metadata"
_ANNOTATIONS: Final = "annotations"
_MAX_WRAPPERS: Final = 2


class MaskReader(Protocol):
    """Reads files of a submission; `read` raises MemberFault or OSError with the reason."""

    def read(self, entry: Entry) -> bytes: ...

    def read_ahead(self, entries: Sequence[Entry]) -> None: ...

    def close(self) -> None: ...


def read_file(path: str, limit: int) -> bytes:
    """The content of a file of at most `limit` bytes. Raises MemberFault for a larger one, and OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        if size > limit:
            raise MemberFault(f"the file has {size / 1e6:.0f} MB; at most {limit / 1e6:.0f} MB are allowed")
        return os.read(descriptor, size)
    finally:
        os.close(descriptor)


class _FolderReader:
    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = str(folder)
        self._limit = limit

    def read(self, entry: Entry) -> bytes:
        assert isinstance(entry, str)
        return read_file(f"{self._folder}/{entry}", self._limit)

    def read_ahead(self, entries: Sequence[Entry]) -> None:
        """Nothing to tell: the kernel reads a small file in one go."""

    def close(self) -> None:
        """Nothing is kept open."""


@dataclass(frozen=True, slots=True)
class MaskSource:
    """The folder or zip that entries refer to; small enough to be sent to worker processes."""

    path: Path
    is_archive: bool
    limits: Limits

    def open(self) -> MaskReader:
        reader: object = ArchiveReader(self.path) if self.is_archive else _FolderReader(self.path, self.limits.member_bytes)
        return reader  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Submission:
    """What a submission holds, as far as names tell.

    `masks[video][frame]` is the mask of a frame; `others[video]` are the names of all other files in that video's folder.
    """

    source: MaskSource
    root: str
    """The folder that holds the videos, relative to the source; "" for its top."""
    masks: Mapping[str, Mapping[int, Entry]]
    others: Mapping[str, tuple[str, ...]]
    extra_videos: tuple[str, ...]
    extra_files: tuple[str, ...]
    top_level: tuple[str, ...]
    """What lies at the top, for the message when no video is found."""

    @property
    def accepted(self) -> str:
        """Where the masks were found, in words."""
        kind = "zip" if self.source.is_archive else "folder"
        place = f"in {self.root}/ " if self.root else ""
        return (
            f"{sum(map(len, self.masks.values()))} masks of {len(self.masks)} videos {place}of the {kind} {self.source.path.name}"
        )


def open_submission(path: Path, videos: Collection[str], limits: Limits, collector: ProblemCollector) -> Submission:
    """Finds the masks of `videos` in a folder, a zip, or a folder that holds one zip.

    Faults of the archive and of names go to `collector`. Raises UsageFault if there is nothing at `path`.
    """
    if path.is_dir():
        inner = _single_archive(path)
        if inner is None:
            source = MaskSource(path, False, limits)
            files: list[tuple[str, Entry]] = [(name, name) for name in _list_folder(path, limits, collector)]
            return _arrange(source, files, videos, collector)
        path = inner
    elif not path.exists():
        raise UsageFault(f"no submission at {path}")
    source = MaskSource(path, True, limits)
    return _arrange(source, list(list_members(path, limits, collector)), videos, collector)


def _single_archive(folder: Path) -> Path | None:
    """The one zip in a folder that holds nothing else of interest."""
    names = [name for name in os.listdir(folder) if name.lower() not in LITTER and name != _PLATFORM_FILE]
    if len(names) == 1 and names[0].lower().endswith(".zip") and (folder / names[0]).is_file():
        return folder / names[0]
    return None


def _list_folder(folder: Path, limits: Limits, collector: ProblemCollector) -> list[str]:
    """Every file below `folder`, relative, with `/`. Links are refused: they could point at hidden masks."""
    files: list[str] = []
    unsafe: list[str] = []
    pending = [""]
    while pending and len(files) <= limits.members:
        prefix = pending.pop()
        with os.scandir(folder / prefix) as entries:
            for entry in entries:
                name = f"{prefix}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    pending.append(f"{name}/")
                elif entry.is_file(follow_symlinks=False):
                    files.append(name)
                elif entry.name.lower() not in LITTER:
                    unsafe.append(name)
    if unsafe:
        collector.add(
            "archive-unsafe-path",
            f"the folder holds links or devices: {', '.join(sorted(unsafe)[:3])}{' ...' if len(unsafe) > 3 else ''}.",
            "copy the masks themselves: cp -rL masks submission",
        )
    if len(files) > limits.members:
        collector.add(
            "archive-too-large", f"the folder has more than {limits.members} files.", "leave everything but the masks out."
        )
        return []
    return sorted(files)


def _arrange(
    source: MaskSource, files: Iterable[tuple[str, Entry]], videos: Collection[str], collector: ProblemCollector
) -> Submission:
    """Finds the folder that holds the videos and files every path under its video and frame."""
    paths = [(name.split("/"), entry) for name, entry in files]
    paths = [
        (parts, entry)
        for parts, entry in paths
        if not any(part.lower() in LITTER or part.startswith("._") for part in parts) and parts != [_PLATFORM_FILE]
    ]
    root = _mask_root(paths, videos)
    masks: dict[str, dict[int, Entry]] = {}
    others: dict[str, list[str]] = defaultdict(list)
    extra_videos: set[str] = set()
    extra_files: list[str] = []
    duplicates: list[str] = []
    for parts, entry in paths:
        below = parts[len(root) :] if root is not None and tuple(parts[: len(root)]) == root else []
        if len(below) < 2 or (below[0] not in videos and len(below) > 2):
            extra_files.append("/".join(parts))
            continue
        video, name = below[0], "/".join(below[1:])
        if video not in videos:
            extra_videos.add(video)
            continue
        match = _MASK_NAME.fullmatch(name)
        frames = masks.setdefault(video, {})
        if match is None:
            others[video].append(name)
        elif int(match[1]) in frames:
            duplicates.append("/".join(parts))
        else:
            frames[int(match[1])] = entry
    if duplicates:
        collector.add(
            "archive-duplicate",
            f"more than one file for one mask: {', '.join(duplicates[:3])}{' ...' if len(duplicates) > 3 else ''}.",
            "keep one file a mask and zip again into a new archive; zip -r adds to an old one.",
        )
    return Submission(
        source,
        "/".join(root or ()),
        masks,
        {video: tuple(sorted(names)) for video, names in others.items()},
        tuple(sorted(extra_videos)),
        tuple(sorted(extra_files)),
        tuple(sorted({parts[0] + ("/" if len(parts) > 1 else "") for parts, _ in paths})),
    )


def _mask_root(paths: Iterable[tuple[list[str], Entry]], videos: Collection[str]) -> tuple[str, ...] | None:
    """The folder with the most known videos, at most two wrappers deep (`Annotations` not counted); None if there is none."""
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for parts, _ in paths:
        for depth, part in enumerate(parts[:-1]):
            if part in videos:
                found[tuple(parts[:depth])].add(part)
                break
    candidates = [
        root
        for root in found
        if sum(part.lower() != _ANNOTATIONS for part in root) <= _MAX_WRAPPERS and len(root) <= _MAX_WRAPPERS + 1
    ]
    return min(candidates, key=lambda root: (-len(found[root]), len(root), root), default=None)
