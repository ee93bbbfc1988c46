"""Scoring a stretch of one video: read, decode once, find the objects, count, in one worker process.

Arrays never leave this module; a chunk comes in as names and leaves as a few numbers for each object and frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image

from lvos_eval.diagnostics.errors import SubmissionGoneError, raise_if_environmental
from lvos_eval.diagnostics.problems import Problem
from lvos_eval.formats.files import MemberError
from lvos_eval.formats.label_map import DecodedMask, Decoder, LabelMapError, SalientDecoder
from lvos_eval.formats.mask_values import MOST_VALUES, MaskValues
from lvos_eval.formats.png import PngError, parse_png, plain_png
from lvos_eval.protocols.lvos import PROPOSALS, Task, frame_name
from lvos_eval.reference.ground_truth import frame_digest, read_ground_truth
from lvos_eval.scoring.chunks import Chunk, ChunkResult, FrameTask
from lvos_eval.scoring.pairing import Comparisons
from lvos_eval.submission.mask_findings import MaskFault, VideoFindings
from lvos_eval.submission.source import mask_digest, unpack

__all__ = ["evaluate_chunk"]

_MAX_COUNTED_PIXELS: Final = 4096 * 2304


def evaluate_chunk(chunk: Chunk) -> ChunkResult:
    """Everything about one chunk: its findings, and its values if it has ground truth.

    Faults of masks are part of the result; nothing is raised for them.
    """
    result = ChunkResult(chunk.video, len(chunk.frames))
    truths = Decoder(chunk.ids, chunk.size)
    kind = SalientDecoder if chunk.task is Task.UNSUPERVISED_SINGLE else Decoder
    predictions = kind(chunk.labels, chunk.size)
    comparisons = Comparisons(chunk.task)
    for task, data in _read_predictions(chunk, result):
        prediction = _inspect(predictions, chunk, task, data, result.findings)
        truth = _read_ground_truth(truths, chunk, task.frame, result)
        if truth is not None and prediction is not None:
            comparisons.add(task.frame, task.scored, truth, prediction)
    result.values = comparisons.values()
    return result


def _read_predictions(chunk: Chunk, result: ChunkResult) -> Iterator[tuple[FrameTask, bytes | None]]:
    """Every task of the chunk with the bytes of its mask, None where there are none to be had."""
    try:
        opened = chunk.source.open()
    except OSError as error:
        raise SubmissionGoneError(f"the submission cannot be opened again: {error.strerror}") from error
    with closing(opened) as reader:
        reader.read_ahead([entry for task in chunk.frames for entry in task.prediction])
        for task in chunk.frames:
            data = None
            if task.prediction:
                result.masks[task.frame] = None
                try:
                    stored = [reader.read_stored(entry) for entry in task.prediction]
                    result.masks[task.frame] = mask_digest(task.prediction, stored)
                    data = _label_map([unpack(entry, part) for entry, part in zip(task.prediction, stored, strict=True)])
                except MemberError as fault:
                    result.findings.faults.append(MaskFault(fault.code, task.frame, str(fault)))
                except OSError as error:
                    raise_if_environmental(error, f"the submitted mask {chunk.video}/{frame_name(task.frame)}.png")
                    result.findings.faults.append(MaskFault("unreadable-mask", task.frame, error.strerror or str(error)))
            yield task, data


def _label_map(files: Sequence[bytes]) -> bytes:
    """The label map that the files of a frame make: it is one file."""
    (data,) = files
    return data


def _inspect(decoder: Decoder, chunk: Chunk, task: FrameTask, data: bytes | None, findings: VideoFindings) -> DecodedMask | None:
    """The decoded mask, with what it shows added to the findings; None if it cannot be scored."""
    if data is None:
        return None
    try:
        mask = decoder.decode(data)
    except PngError as fault:
        findings.faults.append(MaskFault("unreadable-mask", task.frame, str(fault)))
        return None
    except LabelMapError as fault:
        findings.faults += [MaskFault(code, task.frame, detail) for code, detail in fault.faults.items()]
        if fault.values is not None:
            findings.values.add(fault.values)
        if "not-indexed" in fault.faults:
            try:
                findings.values.add(_values_of(data))
            except PngError as damage:
                findings.faults.append(MaskFault("unreadable-mask", task.frame, str(damage)))
        return None
    findings.inspected.update(task.scored)
    findings.labelled_pixels += sum(found.area for found in mask.objects.values())
    findings.background_pixels += mask.background
    asked = task.scored if chunk.task is not Task.UNSUPERVISED_MULTIPLE else PROPOSALS
    findings.present.update(label for label in asked if mask.objects[label].area)
    for label, pixels in mask.unknown.items():
        findings.unknown_pixels[label] += pixels
        findings.unknown_frames[label].add(task.frame)
    findings.values.add(mask.values)
    return mask


def _values_of(data: bytes) -> MaskValues:
    """The values of an image that should have been a label map: its colours, or the samples of its first channel.

    Raises PngError.
    """
    header, pixels = parse_png(data)
    if header.size.pixels > _MAX_COUNTED_PIXELS:
        return MaskValues(header.kind, b"")
    try:
        with Image.open(BytesIO(plain_png(header, pixels)), formats=["PNG"]) as image:
            if header.has_colours:
                colours = image.convert("RGB").getcolors(MOST_VALUES) or []
                return MaskValues(
                    header.kind, b"".join(sorted(bytes(colour) for _, colour in colours if isinstance(colour, tuple)))
                )
            channels = np.asarray(image)
    except (OSError, SyntaxError, ValueError) as error:
        raise PngError(f"damaged pixel data ({error})") from None
    first = channels if channels.ndim == 2 else channels[..., 0]
    samples = np.flatnonzero(np.bincount(first.reshape(-1))).tolist()
    return MaskValues(header.kind, bytes(samples) if len(samples) <= MOST_VALUES and samples[-1] <= 0xFF else b"")


def _read_ground_truth(decoder: Decoder, chunk: Chunk, frame: int, result: ChunkResult) -> DecodedMask | None:
    """The decoded ground truth of a frame, its digest added to the result; None, with a fault, if it cannot be used."""
    if chunk.ground_truth is None:
        return None
    mask = read_ground_truth(decoder, chunk.ground_truth, chunk.video, frame)
    if isinstance(mask, Problem):
        result.reference_faults.append(mask)
        return None
    result.digests.append((frame, frame_digest(frame, mask)))
    return mask
