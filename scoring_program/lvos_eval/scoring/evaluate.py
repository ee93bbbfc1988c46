"""Scoring a stretch of one video: read, decode once, find the objects, count, in one worker process.

Arrays never leave this module; a chunk comes in as names and leaves as a few numbers for each object and frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Final

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
from lvos_eval.submission.source import mask_digest, unpack

__all__ = ["evaluate_chunk"]

_DECODERS: Final[Mapping[MaskEncoding, type[Decoder]]] = {
    MaskEncoding.LABEL_MAP: Decoder,
    MaskEncoding.LABEL_MAP_OR_WHITE: WhiteDecoder,
    MaskEncoding.SALIENCY: SalientDecoder,
    MaskEncoding.BINARY: BinaryDecoder,
}


def evaluate_chunk(chunk: Chunk) -> ChunkResult:
    """Everything about one chunk: its findings, and its values if it has ground truth.

    Faults of masks are part of the result; nothing is raised for them.
    """
    result = ChunkResult(chunk.video, len(chunk.frames))
    truths = ObjectFilesDecoder(chunk.ids, chunk.size) if chunk.object_folders else Decoder(chunk.ids, chunk.size)
    kind = ObjectFilesDecoder if chunk.object_folders else _DECODERS[chunk.encoding]
    predictions = kind(chunk.labels, chunk.size)
    comparisons = ObjectPairs(chunk.pairing, chunk.ignored, chunk.measures)
    for task, data in _read_predictions(chunk, result):
        prediction = _inspect(predictions, chunk, task, data, result.findings)
        truth = _read_ground_truth(truths, chunk, task.frame, result)
        if truth is not None and prediction is not None:
            comparisons.add(task.frame, task.scored, truth, prediction)
    result.values = comparisons.values()
    return result


def _read_predictions(chunk: Chunk, result: ChunkResult) -> Iterator[tuple[FrameTask, MaskData | None]]:
    """Every task of the chunk with what its mask is made from, None where there are none to be had."""
    try:
        opened = chunk.source.open()
    except OSError as error:
        raise SubmissionGoneError(f"the submission cannot be opened again: {error.strerror}") from error
    with closing(opened) as reader:
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


def _read_ground_truth(decoder: Decoder, chunk: Chunk, frame: int, result: ChunkResult) -> DecodedMask | None:
    """The decoded ground truth of a frame, its digest added to the result; None, with a fault, if it cannot be used."""
    if chunk.ground_truth is None:
        return None
    mask = read_ground_truth(decoder, chunk.ground_truth, chunk.video, frame, chunk.layout)
    if isinstance(mask, Problem):
        result.reference_faults.append(mask)
        return None
    result.digests.append((frame, frame_digest(frame, mask)))
    return mask
