"""What a tracker wrote, as a submission: folders above the videos, other capitals, arrays and folders of single objects.

Everything here is told by paths alone. Where they allow two readings, the submission is left as it is, and the check of names
says so.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import counted, listed
from lvos_eval.formats.array_files import array_names
from lvos_eval.formats.mask_issues import MemberError
from lvos_eval.formats.zip_members import Member
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.submission.listing import ListedFiles, MaskNames, Submission, arrange, list_files, mask_roots
from lvos_eval.submission.object_folders import Layout, ObjectFolders, find_object_folders
from lvos_eval.submission.restoration import FILL_MISSING, OVERLAPS, Restorations, Way, keep_root
from lvos_eval.submission.source import Entry, MadeMask, MaskSource, Part, files_of
from lvos_eval.workflows.made_masks import LooseSource

__all__ = ["LooseMasks", "has_arrays", "open_loose"]

_ARRAY: Final = re.compile(r"(.*)\.(npy|npz)", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"[0-9]")
_NAME: Final = re.compile(r"[0-9]+\.png", re.IGNORECASE)

_SHOWN: Final = 3

_Paths = list[tuple[list[str], Entry]]


@dataclass(frozen=True, slots=True)
class LooseMasks:
    """The submission that a tracker's output is, where its masks come from, and what was done to get there."""

    submission: Submission
    source: LooseSource
    files: int
    steps: Mapping[str, int]
    """What was done to paths, and to how many files."""


def open_loose(
    path: Path,
    manifest: Manifest,
    limits: ArchiveLimits,
    options: Collection[str],
    collector: ProblemCollector,
    restorations: Restorations,
) -> LooseMasks:
    """Finds the masks of a folder or zip that need not be a valid submission. Raises UsageError if there is none."""
    found = list_files(path, limits, collector, as_upload=False)
    videos = manifest.unlisted.union(video.name for video in manifest.videos)
    steps: Counter[str] = Counter()
    paths: _Paths = [(name.split("/"), entry) for name, entry in found.files]
    if found.sound:
        steps["files with backslashes in their paths"] += sum(map(_has_backslash, found.files))
        paths = _with_arrays(paths, found.source, videos, steps, collector)
        paths = _with_capitals(paths, videos, steps)
        paths = _in_one_folder(paths, videos, options, steps)
        submission = _arranged(found, paths, videos, manifest, ProblemCollector())
        folders = None if submission.sets else find_object_folders(manifest.videos, submission, manifest.protocol.layout)
        if folders is not None and folders.offset is not None:
            paths = _merged(paths, folders, folders.offset, steps)
            _report_gaps(paths, collector, restorations)
    submission = _arranged(found, paths, videos, manifest, collector)
    _report_twice(paths, collector)
    overlap = next((option for option in OVERLAPS if option in options), None)
    return LooseMasks(replace(submission, listed=found.states), LooseSource(found.source, overlap), len(found.files), steps)


def has_arrays(submission: Submission) -> bool:
    """Whether there are files that are read as arrays."""
    names = chain(submission.extra_files, *submission.others.values())
    return any(_ARRAY.fullmatch(name) for name in names)


def _arranged(
    found: ListedFiles, paths: _Paths, videos: Collection[str], manifest: Manifest, collector: ProblemCollector
) -> Submission:
    files = [("/".join(parts), entry) for parts, entry in paths]
    names = MaskNames(manifest.protocol.layout, manifest.prefixes)
    return arrange(found.source, files, found.sound, videos, names, collector)


def _has_backslash(file: tuple[str, Entry]) -> bool:
    entry = file[1]
    return (isinstance(entry, Member) and b"\\" in entry.raw_name) or (isinstance(entry, str) and "\\" in entry)


def _depth(parts: Sequence[str], videos: Collection[str]) -> int | None:
    return next((depth for depth, part in enumerate(parts[:-1]) if part in videos), None)


def _with_arrays(
    paths: _Paths, source: MaskSource, videos: Collection[str], steps: Counter[str], collector: ProblemCollector
) -> _Paths:
    """Arrays as the masks that they would be if they had been saved as PNG."""
    if not any(_ARRAY.fullmatch(parts[-1]) for parts, _ in paths):
        return paths
    made: _Paths = []
    stacks: list[str] = []
    reader = source.open()
    try:
        for parts, entry in paths:
            match = _ARRAY.fullmatch(parts[-1])
            if match is None or isinstance(entry, MadeMask):
                made.append((parts, entry))
                continue
            stem, of_video = match[1], match[1] in videos
            names: list[str | None] = [None]
            if match[2].lower() == "npz":
                # one that cannot be read is told as what it would be: a mask
                with suppress(MemberError, OSError):
                    names = list(array_names(reader.read(entry)))
            if of_video and not any(name and _NUMBERED.search(name) for name in names):
                stacks.append("/".join(parts))
                continue
            steps["arrays read as masks"] += len(names)
            for name in names:
                ending = [stem, f"{name}.png"] if of_video or len(names) > 1 else [f"{stem}.png"]
                made.append(([*parts[:-1], *ending], MadeMask((Part(entry, array=name),))))
    finally:
        reader.close()
    if stacks:
        collector.add(
            "unreadable-mask",
            f"{counted(len(stacks), 'file')} of a video without an array for each frame, by its name: {listed(stacks)}.",
            'save each frame under its name: numpy.savez(path, **{"00000001": ids, ...}), or as PNG.',
        )
    return made


def _with_capitals(paths: _Paths, videos: Collection[str], steps: Counter[str]) -> _Paths:
    """Folders under the id of a video as the metadata writes it, where they differ in capitals alone."""
    folders = {part for parts, _ in paths for part in parts[:-1]}
    variants: dict[str, set[str]] = defaultdict(set)
    for folder in folders:
        variants[folder.lower()].add(folder)
    by_case = {video.lower(): video for video in videos}
    renamed = {
        next(iter(found)): by_case[lower]
        for lower, found in variants.items()
        if lower in by_case and len(found) == 1 and found != {by_case[lower]}
    }
    if not renamed:
        return paths
    moved: _Paths = []
    for parts, entry in paths:
        steps["files in folders that differ in capitals from the video"] += any(part in renamed for part in parts[:-1])
        moved.append(([*(renamed.get(part, part) for part in parts[:-1]), parts[-1]], entry))
    return moved


def _in_one_folder(paths: _Paths, videos: Collection[str], options: Collection[str], steps: Counter[str]) -> _Paths:
    """The folders of all videos side by side; as they are where two folders hold the same video, unless one is chosen."""
    roots = mask_roots([parts for parts, _ in paths], videos)
    chosen = [root for root in roots if keep_root("/".join(root)) in options]
    if chosen:
        steps["files of other sets left out"] += sum(_root(parts, videos) not in (None, chosen[0]) for parts, _ in paths)
        paths = [(parts, entry) for parts, entry in paths if _root(parts, videos) == chosen[0]]
    holders: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for parts, _ in paths:
        root = _root(parts, videos)
        if root is not None:
            holders[parts[len(root)]].add(root)
    if any(len(found) > 1 for found in holders.values()):
        return paths
    moved: _Paths = []
    for parts, entry in paths:
        depth = _depth(parts, videos) or 0
        steps["files taken out of the folders around the videos"] += depth > 0
        moved.append((parts[depth:], entry))
    return moved


def _root(parts: Sequence[str], videos: Collection[str]) -> tuple[str, ...] | None:
    depth = _depth(parts, videos)
    return None if depth is None else tuple(parts[:depth])


def _merged(paths: _Paths, folders: ObjectFolders, offset: int, steps: Counter[str]) -> _Paths:
    """The files of single objects as one mask per frame; a folder 0 of the background is left out."""
    others: _Paths = []
    objects: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for parts, entry in paths:
        video, number = _object_of(parts, folders.layout)
        if video not in folders.numbers or not number.isdigit() or not _NAME.fullmatch(parts[-1]):
            others.append((parts, entry))
            continue
        steps["files of single objects merged"] += 1
        if int(number) + offset:
            array = entry.parts[0].array if isinstance(entry, MadeMask) else None
            objects[video, parts[-1]].append(Part(files_of(entry)[0], int(number) + offset, array))
    return [*others, *(([video, name], MadeMask(tuple(parts))) for (video, name), parts in objects.items())]


def _object_of(parts: Sequence[str], layout: Layout) -> tuple[str, str]:
    """The video and the number of the object of which a file is, if it is of one."""
    if layout is Layout.INSIDE:
        return (parts[-3], parts[-2]) if len(parts) > 2 else ("", "")
    video, _, number = parts[-2].rpartition("_") if len(parts) > 1 else ("", "", "")
    return video, number


def _report_gaps(paths: _Paths, collector: ProblemCollector, restorations: Restorations) -> None:
    """Reports objects that have a mask in some frames of a video only."""
    frames: dict[str, dict[str, set[int]]] = defaultdict(dict)
    for parts, entry in paths:
        if isinstance(entry, MadeMask) and entry.parts[0].object_id is not None:
            frames[parts[0]][parts[1]] = {part.object_id for part in entry.parts if part.object_id is not None}
    for video, found in frames.items():
        ids = set().union(*found.values())
        number = sum(len(ids - there) for there in found.values())
        if number:
            gaps = (f"object {object_id} in {name}" for name in sorted(found) for object_id in sorted(ids - found[name]))
            more = f" and {number - _SHOWN:,} more" if number > _SHOWN else ""
            problem = collector.add(
                "missing-frame",
                f"{counted(number, 'mask')} of single objects {'is' if number == 1 else 'are'} not there: "
                f"{', '.join(islice(gaps, _SHOWN))}{more}.",
                "write a mask of every object for every frame, all 0 where it is not visible.",
                video=video,
            )
            restorations.add(problem, [video], {FILL_MISSING: Way()})


def _report_twice(paths: Iterable[tuple[Sequence[str], Entry]], collector: ProblemCollector) -> None:
    """Reports files that stand for one mask, as an array and its picture."""
    counts = Counter("/".join(parts) for parts, _ in paths)
    twice = [path for path, number in counts.items() if number > 1]
    # a zip with a path twice has been told already
    if twice and not collector.has_errors:
        collector.add(
            "archive-duplicate",
            f"{counted(len(twice), 'mask')} {'is' if len(twice) == 1 else 'are'} there more than once, as an image and as an "
            f"array, or in two folders: {listed(twice)}.",
            "keep one file for each mask.",
        )
