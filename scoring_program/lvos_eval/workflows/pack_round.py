"""One round of packing: what is wrong with masks and what can be done about it; then all of them, written anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from lvos_eval.diagnostics.errors import RunStoppedError
from lvos_eval.diagnostics.problems import Problem
from lvos_eval.execution.workload import Observer, cut_up, run_pieces
from lvos_eval.formats.new_archive import NewArchive
from lvos_eval.formats.zip_members import Member
from lvos_eval.masks.packed import FrameSize
from lvos_eval.protocols.contract import MaskLayout
from lvos_eval.reference.ground_truth import known_sizes
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.scoring.run import inspect_masks, new_collector
from lvos_eval.submission.check_masks import check_masks
from lvos_eval.submission.check_names import check_names
from lvos_eval.submission.listing import CHANGED, Submission
from lvos_eval.submission.mask_findings import VideoFindings
from lvos_eval.submission.restoration import (
    FILL_MISSING,
    KEEP_LABELS,
    TRANSPOSE,
    FromColours,
    FromValues,
    Resized,
    Restoration,
    Restorations,
    Transposed,
    Way,
)
from lvos_eval.submission.source import Entry, MadeMask, MaskFiles, files_of
from lvos_eval.workflows.loose_masks import LooseMasks, open_loose
from lvos_eval.workflows.pack_doubts import report_doubts, report_unsized
from lvos_eval.workflows.rewriting import FrameToWrite, RewritePiece, RewrittenMasks, rewrite_piece

__all__ = ["CheckedMasks", "KnownMasks", "Packing"]

_EVERY_SQUARE: Final = TRANSPOSE[1]


@dataclass(frozen=True, slots=True)
class CheckedMasks:
    """Masks and what the check says of them."""

    loose: LooseMasks
    submission: Submission
    """With the masks filed under the frames that they are of."""
    problems: tuple[Problem, ...]
    obstacles: tuple[Problem, ...]
    """The problems about which nothing can be done without a choice, or at all."""
    ways: Mapping[str, Sequence[Way]]
    """What is to be done to the masks of each video."""
    choices: tuple[Restoration, ...]
    """What somebody has to choose."""
    hopeless: bool
    """Whether there are obstacles that no choice removes."""

    @property
    def bytes_read(self) -> int:
        """Of the files that all masks are made of."""
        entries = (entry for frames in self.submission.masks.values() for files in frames.values() for entry in files)
        return sum(map(self._size, {file for entry in entries for file in files_of(entry)}))

    def _size(self, file: str | Member) -> int:
        return file.packed if isinstance(file, Member) else (self.submission.source.path / file).stat().st_size


class KnownMasks(NamedTuple):
    """What another check has found in the masks of the same submission."""

    masks: Mapping[str, Mapping[int, MaskFiles]]
    findings: Mapping[str, VideoFindings]


@dataclass(frozen=True, slots=True)
class Packing:
    """Checks masks and writes them anew, as often as it takes."""

    manifest: Manifest
    options: frozenset[str]
    formulas: tuple[str, ...]
    limits: ArchiveLimits
    strict: bool
    jobs: int | None
    observe: Observer

    def check(self, path: Path, known: KnownMasks | None = None) -> CheckedMasks:
        """What is wrong with the masks at a path; those that are `known` are not decoded again.

        Raises UsageError, RunStoppedError.
        """
        manifest = self.manifest
        collector, restorations = new_collector(manifest, strict=self.strict), Restorations()
        loose = open_loose(path, manifest, self.limits, self.options, collector, restorations)
        submission = check_names(manifest, loose.submission, collector, restorations, self.formulas)
        sizes = known_sizes(manifest)
        if known is not None and known.masks == submission.masks:
            findings = known.findings
        else:
            findings = inspect_masks(manifest, sizes, submission, loose.source, self.jobs, self.observe)
        restorations.found += check_masks(manifest, findings, collector).found
        if manifest.protocol.names_objects and not collector.has_errors and KEEP_LABELS not in self.options:
            report_doubts(manifest, findings, collector, restorations)
        if FILL_MISSING in self.options:
            report_unsized(manifest, submission, sizes, collector)
        ways = _shapes_first(restorations.changes(self.options))
        if _EVERY_SQUARE in self.options:
            ways = _with_squares(ways, sizes)
        obstacles = tuple(restorations.open(collector.problems, self.options))
        choices, hopeless = restorations.choices(self.options), restorations.hopeless(collector.problems)
        return CheckedMasks(loose, submission, collector.problems, obstacles, ways, tuple(choices), bool(hopeless))

    def write(self, found: CheckedMasks, path: Path) -> Counter[str]:
        """Writes every mask that is asked for into a new zip; returns what was done, and to how many. Raises RunStoppedError."""
        pieces = list(self._pieces(found))
        layouts = {video.name: self.manifest.layout(video) for video in self.manifest.videos}
        steps: Counter[str] = Counter()
        fingerprint = found.submission.fingerprint()
        with NewArchive(path) as archive, closing(run_pieces(rewrite_piece, pieces, self.jobs)) as done:
            results = self.observe("packing", sum(len(piece.frames) for piece in pieces), done)
            for result in _in_order(pieces, results):
                steps.update(result.steps)
                for frame, data in result.masks.items():
                    folder = f"{self.manifest.protocol.upload_folder}/{result.video}"
                    archive.add(f"{folder}/{layouts[result.video].name(frame)}.png", data)
        if found.submission.fingerprint() != fingerprint:
            raise RunStoppedError(CHANGED)
        steps["masks renamed after their frames"] += _renamed(found.submission, layouts)
        written = {file for piece in pieces for task in piece.frames for entry in task.files for file in files_of(entry)}
        steps["files that are not needed left out"] += max(found.loose.files - len(written), 0)
        return steps

    def _pieces(self, found: CheckedMasks) -> Iterator[RewritePiece]:
        """The work of a round; masks that are annotated but not scored come along where nothing is done to their video."""
        protocol, sizes = self.manifest.protocol, known_sizes(self.manifest)
        for video in self.manifest.videos:
            masks = found.submission.masks.get(video.name, {})
            ways = tuple(found.ways.get(video.name, ()))
            scored = frozenset(video.scored)
            wanted = scored if ways else scored | video.annotated
            frames = [FrameToWrite(frame, masks[frame], frame in scored) for frame in wanted & masks.keys()]
            if FILL_MISSING in self.options:
                frames += [FrameToWrite(frame, (), True) for frame in video.scored if frame not in masks]
            coloured = protocol.encoding.is_label_map
            for piece in cut_up(sorted(frames, key=lambda task: task.frame)):
                yield RewritePiece(
                    video.name, sizes[video.name], found.loose.source, piece, ways, self.manifest.layout(video), coloured
                )


def _in_order(pieces: Sequence[RewritePiece], results: Iterable[RewrittenMasks]) -> Iterator[RewrittenMasks]:
    """The results in the order of the pieces: the same masks make the same zip, however many processes are at work."""
    waiting: dict[tuple[str, int], RewrittenMasks] = {}
    order = iter(pieces)
    piece = next(order, None)
    for result in results:
        waiting[result.video, result.first] = result
        while piece is not None and (key := (piece.video, piece.frames[0].frame)) in waiting:
            yield waiting.pop(key)
            piece = next(order, None)


def _shapes_first(changes: Mapping[str, Sequence[Way]]) -> Mapping[str, Sequence[Way]]:
    """The changes of a round: what masks of the wrong size hold is known only when they have the right one.

    So as long as there are such masks, the labels of label maps are left for the next round.
    """
    if not any(isinstance(way.change, Resized | Transposed) for ways in changes.values() for way in ways):
        return changes

    def is_early(way: Way) -> bool:
        return isinstance(way.change, FromValues | FromColours) and way.kind is None

    return {video: [way for way in ways if not is_early(way)] for video, ways in changes.items()}


def _with_squares(changes: Mapping[str, Sequence[Way]], sizes: Mapping[str, FrameSize | None]) -> Mapping[str, Sequence[Way]]:
    """The same with square masks transposed, if others are in this round."""
    if not any(isinstance(way.change, Transposed) for ways in changes.values() for way in ways):
        return changes
    squares = {
        video: [*changes.get(video, ()), Way(Transposed("square masks transposed"))]
        for video, size in sizes.items()
        if size is not None and size.height == size.width
    }
    return {**changes, **squares}


def _renamed(submission: Submission, layouts: Mapping[str, MaskLayout]) -> int:
    """The number of masks whose file has another name than that of their frame; `layouts` are those of the videos."""
    masks = (
        (layouts[video].name(frame), entry)
        for video, frames in submission.masks.items()
        for frame, files in frames.items()
        for entry in files
    )
    return sum(_stem(entry) != name for name, entry in masks)


def _stem(entry: Entry) -> str:
    """The name of the file of a mask, or of its array, without what follows the last dot."""
    if isinstance(entry, MadeMask):
        part = entry.parts[0]
        return part.array or _stem(part.file)
    path = entry if isinstance(entry, str) else entry.raw_name.decode("utf-8", "replace")
    return path.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
