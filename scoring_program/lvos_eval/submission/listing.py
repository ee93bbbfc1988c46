"""Which mask of which frame lies where in a submission."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import RunStoppedError, UsageError
from lvos_eval.diagnostics.text import counted, in_natural_order, listed, printable
from lvos_eval.formats.litter import LITTER, is_left_behind
from lvos_eval.protocols.contract import MaskLayout
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.submission.archive_checks import list_members
from lvos_eval.submission.folder_listing import FileState, file_state, list_folder
from lvos_eval.submission.source import Entry, MaskFiles, MaskSource, files_of

__all__ = [
    "CHANGED",
    "ListedFiles",
    "MaskNames",
    "MaskSet",
    "Submission",
    "arrange",
    "list_files",
    "mask_roots",
    "open_submission",
]

_PLATFORM_FILE: Final = "metadata"
_ANNOTATIONS: Final = "annotations"
_MAX_WRAPPERS: Final = 2

CHANGED: Final = "the submission changed while it was read; run it again when nothing writes to it"


class MaskSet(NamedTuple):
    """A folder with videos of the metadata, where another one has some of them too."""

    root: str
    """Relative to the source; "" for its top."""
    videos: frozenset[str]
    masks: int


@dataclass(frozen=True, slots=True)
class Submission:
    """What a submission holds, as far as names tell.

    `masks[video][frame]` are the files of a frame's mask; `others[video]` are all other files in that video's folder, by name.
    """

    source: MaskSource
    readable: bool
    """False where the archive is such that nothing in it may be opened."""
    root: str
    """The folder that holds the videos, relative to the source; "" for its top."""
    masks: Mapping[str, Mapping[int, MaskFiles]]
    others: Mapping[str, Mapping[str, Entry]]
    extra_videos: tuple[str, ...]
    extra_files: tuple[str, ...]
    top_level: tuple[str, ...]
    """What lies at the top, for the message when no video is found."""
    buried: str | None = None
    """A folder with videos that lies too deep to be taken for the root."""
    sets: tuple[MaskSet, ...] = ()
    """Folders with masks of the same videos, the one with the most videos first; () where there is only one set."""
    owners: Mapping[str, Mapping[int, tuple[int, ...]]] = field(default_factory=dict)
    """`owners[video][frame]` are the objects of the files in `masks`, in videos with a file for each object."""
    listed: Mapping[str, FileState] = field(default_factory=dict)
    """The zip, or the folders, as they were right before they were listed."""

    def watch(self) -> bytes:
        """The fingerprint, to be compared with a later one. Raises RunStoppedError if the names are out of date already."""
        fingerprint = self.fingerprint()
        if not self.is_up_to_date:
            raise RunStoppedError(CHANGED)
        return fingerprint

    @property
    def is_up_to_date(self) -> bool:
        """Whether the names that were found are still those that are there."""
        return all(file_state(path, follow=True) == state for path, state in self.listed.items())

    def fingerprint(self) -> bytes:
        """Another one as soon as a file that masks are read from is replaced, written to or taken away; contents are not read."""
        digest = hashlib.blake2b()
        paths = [str(self.source.path)]
        if not self.source.is_archive:
            entries = (entry for frames in self.masks.values() for files in frames.values() for entry in files)
            paths = [f"{paths[0]}/{file}" for entry in entries for file in files_of(entry)]
        for path in paths:
            digest.update(repr(file_state(path, follow=self.source.is_archive)).encode())
        return digest.digest()

    def has_folder(self, video: str) -> bool:
        """Whether there is a folder of the video, be it empty; of a zip, those with a file are known."""
        return bool(self.masks.get(video)) or str(self.source.path / self.root / video) in self.listed

    @property
    def accepted(self) -> str:
        """Where the masks were found, in words."""
        kind = "zip" if self.source.is_archive else "folder"
        place = f"in {self.root}/ " if self.root else ""
        masks = counted(sum(len(files) for frames in self.masks.values() for files in frames.values()), "mask")
        return printable(f"{masks} of {counted(len(self.masks), 'video')} {place}of the {kind} {self.source.path.name}")


def open_submission(
    path: Path,
    videos: Collection[str],
    layout: MaskLayout,
    limits: ArchiveLimits,
    collector: ProblemCollector,
    prefixes: Mapping[str, str] = MappingProxyType({}),
) -> Submission:
    """Finds the masks of `videos` in a folder, a zip, or a folder that holds one zip; `layout` says how masks are named.

    `prefixes` are those of the names of a video's masks, where each video has its own.

    Faults of the archive and of names go to `collector`. Raises UsageError if there is nothing to be read at `path`.
    """
    found = list_files(path, limits, collector)
    names = MaskNames(layout, prefixes)
    return replace(arrange(found.source, found.files, found.sound, videos, names, collector), listed=found.states)


class ListedFiles(NamedTuple):
    """Every file of a folder or zip by its path with `/`; nothing may be read unless it is `sound`."""

    source: MaskSource
    files: Sequence[tuple[str, Entry]]
    sound: bool
    states: Mapping[str, FileState]


def list_files(path: Path, limits: ArchiveLimits, collector: ProblemCollector, *, as_upload: bool = True) -> ListedFiles:
    """The files of a folder, a zip, or a folder that holds one zip; what is wrong with their paths goes to `collector`.

    Unless they are taken `as_upload`, backslashes and files for the platform do no harm. Raises UsageError if there is nothing
    to be read at `path`.
    """
    uploaded = as_upload
    try:
        if path.is_dir():
            inner = _single_archive(path)
            if inner is None:
                names, sound, listed = list_folder(path, limits, collector, backslashes=not as_upload)
                # a zip with backslashes unpacks to files whose names hold them
                unpacked = [(name.replace("\\", "/"), name) for name in names]
                return ListedFiles(MaskSource(path, False, limits), unpacked, sound, listed)
            path, uploaded = inner, False
        if not path.exists():
            raise UsageError(f"no submission at {printable(str(path))}")
        if not path.is_file():
            raise UsageError(f"{printable(str(path))} is neither a zip nor a folder")
        state = file_state(path, follow=True)
        archive = list_members(path, limits, collector, uploaded=uploaded, backslashes=not as_upload)
    except OSError as error:
        raise UsageError(f"the submission {printable(str(path))} cannot be read: {error.strerror}") from None
    return ListedFiles(MaskSource(path, True, limits), archive.files, archive.sound, {str(path): state})


class MaskNames:
    """Recognises masks by their names; `prefixes` are those of a video's masks, where each video has its own."""

    def __init__(self, layout: MaskLayout, prefixes: Mapping[str, str] = MappingProxyType({})) -> None:
        self.depth = 3 if layout.object_folders else 2
        """Of a mask at most, counted from the folder of its video."""
        usual = {"": layout.prefix}
        self._right = {
            video: re.compile(rf"{re.escape(prefix)}([0-9]{{{layout.digits}}})\.png", re.IGNORECASE)
            for video, prefix in {**usual, **prefixes}.items()
        }
        self._any = re.compile(layout.likely_name, re.IGNORECASE)

    def frame(self, video: str, name: str) -> str | None:
        """The digits of the frame in the name of a mask of this video; None for any other file."""
        match = self._right.get(video, self._right[""]).fullmatch(name)
        return match and match[1]

    def may_be_mask(self, name: str) -> bool:
        """Whether it looks like a mask, under its right name or not."""
        return self._any.fullmatch(name) is not None


def _single_archive(folder: Path) -> Path | None:
    """The one zip in a folder that holds nothing else of interest."""
    names = [name for name in os.listdir(folder) if name.lower() not in LITTER and name != _PLATFORM_FILE]
    if len(names) != 1 or not names[0].lower().endswith(".zip"):
        return None
    archive = folder / names[0]
    return archive if archive.is_file() and not archive.is_symlink() else None


def arrange(
    source: MaskSource,
    files: Sequence[tuple[str, Entry]],
    sound: bool,
    videos: Collection[str],
    mask_names: MaskNames,
    collector: ProblemCollector,
) -> Submission:
    """Finds the folder that holds the videos and files every path under its video and frame."""
    paths = [(parts, entry) for name, entry in files if not _is_litter(parts := name.split("/"))]
    roots = mask_roots([parts for parts, _ in paths], videos)
    root = next((root for root in roots if _wrappers(root) <= _MAX_WRAPPERS), None)
    masks: dict[str, dict[int, MaskFiles]] = {}
    others: dict[str, dict[str, Entry]] = defaultdict(dict)
    extra_videos: set[str] = set()
    extra_files: list[str] = []
    claims: dict[str, list[str]] = defaultdict(list)
    by_case = {video.lower(): video for video in videos}
    for parts, entry in paths:
        below = parts[len(root) :] if root is not None and tuple(parts[: len(root)]) == root else []
        if len(below) < 2 or (below[0] not in videos and len(below) > mask_names.depth):
            extra_files.append("/".join(parts))
            continue
        video, name = below[0], "/".join(below[1:])
        known = by_case.get(video.lower())
        digits = mask_names.frame(known or video, name)
        if digits is not None and known is not None:
            claims[f"{known}/{digits}"].append("/".join(parts))
        if video not in videos:
            extra_videos.add(video)
            continue
        frames = masks.setdefault(video, {})
        if digits is None:
            others[video][name] = entry
        else:
            frames.setdefault(int(digits), (entry,))
    _report_rivals(claims, collector)
    return Submission(
        source,
        sound,
        "/".join(root or ()),
        masks,
        {video: {name: names[name] for name in in_natural_order(names)} for video, names in others.items()},
        tuple(in_natural_order(extra_videos)),
        tuple(in_natural_order(extra_files)),
        tuple(in_natural_order({parts[0] + ("/" if len(parts) > 1 else "") for parts, _ in paths})),
        "/".join(roots[0]) if roots and root is None else None,
        _rival_sets([parts for parts, _ in paths], roots, videos, mask_names),
    )


def _is_litter(parts: Sequence[str]) -> bool:
    """Whether a path is something that systems and platforms leave behind, to be ignored silently."""
    return any(map(is_left_behind, parts)) or list(parts) == [_PLATFORM_FILE]


def _report_rivals(claims: Mapping[str, Sequence[str]], collector: ProblemCollector) -> None:
    """Reports files with different paths that stand for the same mask."""
    rivals = {mask: paths for mask, paths in claims.items() if len(set(paths)) > 1}
    if rivals:
        pairs = [" and ".join(sorted(set(paths))) for _, paths in sorted(rivals.items())]
        collector.add(
            "archive-duplicate",
            f"{counted(len(rivals), 'mask')} {'is' if len(rivals) == 1 else 'are'} there more than once, "
            f"under names that differ in capitals: {listed(pairs)}.",
            "keep one file for each mask, with the video id as in the metadata and .png.",
        )


def _wrappers(root: Sequence[str]) -> int:
    """Number of folders around the videos, `Annotations` not counted."""
    return sum(part.lower() != _ANNOTATIONS for part in root)


def mask_roots(paths: Sequence[Sequence[str]], videos: Collection[str]) -> list[tuple[str, ...]]:
    """The folders that hold known videos, the one with the most of them first."""
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for parts in paths:
        depth = _depth(parts, videos)
        if depth is not None:
            found[tuple(parts[:depth])].add(parts[depth])
    return sorted(found, key=lambda root: (-len(found[root]), len(root), root))


def _depth(parts: Sequence[str], videos: Collection[str]) -> int | None:
    """How many folders lead to that of a video."""
    return next((depth for depth, part in enumerate(parts[:-1]) if part in videos), None)


def _rival_sets(
    paths: Sequence[Sequence[str]], roots: Sequence[tuple[str, ...]], videos: Collection[str], mask_names: MaskNames
) -> tuple[MaskSet, ...]:
    """The folders with masks of the same videos, in the order of `roots`."""
    found: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    if len(roots) > 1:
        for parts in paths:
            depth = _depth(parts, videos)
            if depth is not None and mask_names.may_be_mask(parts[-1]):
                found[tuple(parts[:depth])][parts[depth]] += 1
    holders = Counter(video for counts in found.values() for video in counts)
    rivals = {root for root, counts in found.items() if any(holders[video] > 1 for video in counts)}
    return tuple(MaskSet("/".join(root), frozenset(found[root]), found[root].total()) for root in roots if root in rivals)
