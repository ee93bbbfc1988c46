"""Scoring a stretch of one video: read, decode once, find the objects, count, in one worker process.

Arrays never leave this module; a chunk comes in as names and leaves as a few numbers for each object and frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import Final, NamedTuple

from lvos_eval.diagnostics.errors import SubmissionGoneError, raise_if_environmental
from lvos_eval.diagnostics.problems import Problem
from lvos_eval.formats.label_map import (
    BinaryDecoder,
    DecodedMask,
    Decoder,
    MaskData,
    ObjectFilesDecoder,
    SalientDecoder,
    WhiteDecoder,
)
from lvos_eval.formats.mask_issues import MaskError, MemberError, NotIndexed, PngError, Unreadable
from lvos_eval.formats.mask_values import read_values
from lvos_eval.protocols.contract import MaskEncoding, Pairing
from lvos_eval.reference.ground_truth import frame_digest, read_ground_truth
from lvos_eval.scoring.chunks import Chunk, ChunkResult, FrameTask
from lvos_eval.scoring.pairing import ObjectPairs
from lvos_eval.submission.mask_findings import VideoFindings
from lvos_eval.submission.source import MaskReader, mask_digest, unpack

__all__ = ["evaluate_chunk", "evaluate_together"]

_DECODERS: Final[Mapping[MaskEncoding, type[Decoder]]] = {
    MaskEncoding.LABEL_MAP: Decoder,
    MaskEncoding.LABEL_MAP_OR_WHITE: WhiteDecoder,
    MaskEncoding.SALIENCY: SalientDecoder,
    MaskEncoding.BINARY: BinaryDecoder,
}


def evaluate_chunk(chunk: Chunk) -> ChunkResult:
    """Everything about one chunk: its findings, and its values if it has ground truth.

    Faults of masks are part of the result; nothing is raised for them. Raises SubmissionGoneError.
    """
    (result,) = evaluate_together([chunk])
    if isinstance(result, SubmissionGoneError):
        raise result
    return result


def evaluate_together(chunks: Sequence[Chunk]) -> list[ChunkResult | SubmissionGoneError]:
    """The same for chunks of the same frames of several submissions; each mask of the ground truth is decoded once for all."""
    first = chunks[0]
    truths = ObjectFilesDecoder(first.ids, first.size) if first.object_folders else Decoder(first.ids, first.size)
    comparisons = ObjectPairs(first.pairing, first.ignored, first.measures, len(chunks))
    with ExitStack() as stack:
        readings = [_open(chunk, stack) for chunk in chunks]
        there = [(number, reading) for number, reading in enumerate(readings) if isinstance(reading, _Reading)]
        for task in first.frames if there else ():
            truth = _read_ground_truth(truths, first, task.frame)
            for number, reading in there:
                prediction = reading.next_mask(truth)
                if isinstance(truth, _Truth) and prediction is not None:
                    comparisons.add(task.frame, task.scored, truth.mask, prediction, number)
    for number, reading in there:
        reading.result.values = comparisons.values(number)
    return [reading.result if isinstance(reading, _Reading) else reading for reading in readings]


class _Truth(NamedTuple):
    """The ground truth of a frame, and its digest."""

    mask: DecodedMask
    digest: bytes


def _open(chunk: Chunk, stack: ExitStack) -> _Reading | SubmissionGoneError:
    """A chunk whose submission is open until the stack is closed."""
    try:
        return _Reading(chunk, stack.enter_context(closing(chunk.source.open())))
    except OSError as error:
        return SubmissionGoneError(f"the submission cannot be opened again: {error.strerror}")


class _Reading:
    """The masks of a chunk, frame after frame, and what is found in them and in the ground truth."""

    def __init__(self, chunk: Chunk, reader: MaskReader) -> None:
        self.result = ChunkResult(chunk.video, len(chunk.frames))
        self._chunk = chunk
        kind = ObjectFilesDecoder if chunk.object_folders else _DECODERS[chunk.encoding]
        self._decoder = kind(chunk.labels, chunk.size)
        self._masks = _read_predictions(chunk, reader, self.result)

    def next_mask(self, truth: _Truth | Problem | None) -> DecodedMask | None:
        """That of the next frame, whose ground truth is given; None if it cannot be scored."""
        task, data = next(self._masks)
        if isinstance(truth, _Truth):
            self.result.digests.append((task.frame, truth.digest))
        elif truth is not None:
            self.result.reference_faults.append(truth)
        return _inspect(self._decoder, self._chunk, task, data, self.result.findings)


def _read_predictions(chunk: Chunk, reader: MaskReader, result: ChunkResult) -> Iterator[tuple[FrameTask, MaskData | None]]:
    """Every task of the chunk with what its mask is made from, None where there are none to be had."""
    reader.read_ahead([entry for task in chunk.frames for entry in task.prediction])
    for task in chunk.frames:
        data: MaskData | None = None
        if task.prediction:
            result.masks[task.frame] = None
            try:
                stored = [reader.read_stored(entry) for entry in task.prediction]
                result.masks[task.frame] = mask_digest(task.prediction, stored, task.owners)
                files = [unpack(entry, part) for entry, part in zip(task.prediction, stored, strict=True)]
                data = dict(zip(task.owners, files, strict=True)) if task.owners else files[0]
            except MemberError as error:
                result.findings.add_issues(task.frame, error.issues)
            except OSError as error:
                raise_if_environmental(error, f"the submitted mask {chunk.video}/{chunk.layout.name(task.frame)}.png")
                result.findings.add_issues(task.frame, [Unreadable(error.strerror or str(error))])
        yield task, data


def _inspect(
    decoder: Decoder, chunk: Chunk, task: FrameTask, data: MaskData | None, findings: VideoFindings
) -> DecodedMask | None:
    """The decoded mask, with what it shows added to the findings; None if it cannot be scored."""
    if data is None:
        return None
    try:
        mask = decoder.decode(data)
    except MaskError as error:
        findings.add_issues(task.frame, error.issues)
        if any(isinstance(issue, NotIndexed) for issue in error.issues):
            for content in [data] if isinstance(data, bytes) else data.values():
                try:
                    findings.values.add(read_values(content))
                except PngError as damage:
                    findings.add_issues(task.frame, damage.issues)
        return None
    asked = task.asked if chunk.pairing is Pairing.BY_ID else chunk.labels
    findings.add_mask(task.frame, mask, task.asked, asked)
    return mask


def _read_ground_truth(decoder: Decoder, chunk: Chunk, frame: int) -> _Truth | Problem | None:
    """The decoded ground truth of a frame, what makes it useless, or None where there is none to be read."""
    if chunk.ground_truth is None:
        return None
    mask = read_ground_truth(decoder, chunk.ground_truth, chunk.video, frame, chunk.layout)
    return mask if isinstance(mask, Problem) else _Truth(mask, frame_digest(frame, mask))
