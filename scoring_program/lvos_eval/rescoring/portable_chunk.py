"""Chunks that carry their masks along, for workers that do not see the storage they lie on.

The masks stay in the worker's memory: a worker that is killed leaves nothing of them on its disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from lvos_eval.formats.label_map import MaskData
from lvos_eval.formats.mask_issues import MemberError, Unreadable
from lvos_eval.reference.ground_truth import GroundTruthSource
from lvos_eval.scoring.chunks import Chunk, ChunkResult, PredictionSource
from lvos_eval.scoring.evaluate import evaluate_chunk
from lvos_eval.submission.source import Entry, unpack

__all__ = ["ShippedChunk", "evaluate_shipped", "pack", "pack_together"]


@dataclass(frozen=True, slots=True)
class _PackedMasks:
    """Submitted masks in memory, as they lie in the submission; opens like the folder or zip, and is its own reader."""

    masks: Mapping[Entry, bytes | MemberError]
    gone: OSError | None = None
    """Why the submission could not be opened."""

    def open(self) -> _PackedMasks:
        if self.gone is not None:
            raise self.gone
        return self

    def read(self, entry: Entry) -> bytes:
        return unpack(entry, self.read_stored(entry))

    def read_stored(self, entry: Entry) -> bytes:
        found = self.masks[entry]
        if isinstance(found, MemberError):
            raise found
        return found

    def read_ahead(self, entries: Sequence[Entry]) -> None:
        """Everything is here."""

    def close(self) -> None:
        """Nothing is kept open."""


@dataclass(frozen=True, slots=True)
class _PackedTruths:
    """The ground truth of some frames in memory, or why it could not be read."""

    masks: Mapping[int, MaskData | OSError | MemberError]

    def read(self, frame: int) -> MaskData:
        found = self.masks[frame]
        if isinstance(found, Exception):
            raise found
        return found


@dataclass(frozen=True, slots=True)
class ShippedChunk:
    """A chunk that reads nothing but what it carries."""

    chunk: Chunk

    @property
    def video(self) -> str:
        return self.chunk.video


def pack(chunk: Chunk) -> ShippedChunk:
    """Reads everything that a chunk needs; what cannot be read fails in the worker as it would have there."""
    truths = None if chunk.ground_truth is None else _pack_truths(chunk.ground_truth, chunk)
    return ShippedChunk(replace(chunk, source=_pack_masks(chunk.source, chunk), ground_truth=truths))


def pack_together(chunks: Sequence[Chunk]) -> list[Chunk]:
    """Chunks of the same frames of several submissions, as chunks that read what they carry: the ground truth once for all."""
    first = pack(chunks[0]).chunk
    others = [pack(replace(chunk, ground_truth=None)).chunk for chunk in chunks[1:]]
    return [first, *(replace(chunk, ground_truth=first.ground_truth) for chunk in others)]


def _pack_masks(source: PredictionSource, chunk: Chunk) -> _PackedMasks:
    masks: dict[Entry, bytes | MemberError] = {}
    entries = [entry for task in chunk.frames for entry in task.prediction]
    try:
        opened = source.open()
    except OSError as error:
        return _PackedMasks({}, error)
    with closing(opened) as reader:
        reader.read_ahead(entries)
        for entry in entries:
            try:
                masks[entry] = reader.read_stored(entry)
            except MemberError as error:
                masks[entry] = error
            except OSError as error:
                masks[entry] = MemberError(Unreadable(error.strerror or str(error)))
    return _PackedMasks(masks)


def _pack_truths(source: GroundTruthSource, chunk: Chunk) -> _PackedTruths:
    truths: dict[int, MaskData | OSError | MemberError] = {}
    for task in chunk.frames:
        try:
            truths[task.frame] = source.read(task.frame)
        except (MemberError, OSError) as error:
            truths[task.frame] = error
    return _PackedTruths(truths)


def evaluate_shipped(shipped: ShippedChunk) -> ChunkResult:
    """As `evaluate_chunk`, from what the chunk carries."""
    return evaluate_chunk(shipped.chunk)
