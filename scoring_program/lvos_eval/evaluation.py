"""Scoring a stretch of one video: read, decode once, find the objects, count, in one worker process.

Arrays never leave this module; a chunk comes in as names and leaves as a few numbers for each object and frame.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import numpy as np
from PIL import Image

from lvos_eval.archive import MemberFault
from lvos_eval.comparisons import Comparisons, ObjectFrame
from lvos_eval.decoder import DecodedMask, Decoder, IndexedFault, SalientDecoder
from lvos_eval.faults import Gone, stop_if_ours
from lvos_eval.findings import MOST_VALUES, MaskFault, MaskValues, VideoFindings
from lvos_eval.manifest import Manifest, Video
from lvos_eval.png import PngFault, parse_header, parse_png, plain_png
from lvos_eval.problems import Problem, Severity
from lvos_eval.protocol import PROPOSALS, Task, frame_name
from lvos_eval.regular_files import read_beginning
from lvos_eval.shapes import shape_digest
from lvos_eval.submission import Entry, MaskReader, Submission, mask_digest, read_file, unpack

__all__ = [
    "Chunk",
    "ChunkResult",
    "FrameTask",
    "GroundTruthFolder",
    "GroundTruthMask",
    "GroundTruthSource",
    "PredictionSource",
    "evaluate_chunk",
    "frame_tasks",
    "objects_by_frame",
    "plan_chunks",
    "read_size",
]

CHUNK_FRAMES: Final = 48
"""Frames a chunk: enough to make its fixed costs small, few enough that the last one keeps nobody waiting."""

_MAX_COUNTED_PIXELS: Final = 4096 * 2304
_GROUND_TRUTH_BYTES: Final = 1 << 28


class FrameTask(NamedTuple):
    """One frame: the submitted mask (None: not there) and the objects that are scored in it."""

    frame: int
    prediction: Entry | None
    scored: tuple[int, ...]


class PredictionSource(Protocol):
    """Where submitted masks are read from."""

    def open(self) -> MaskReader:
        """Raises OSError where it is not there any more."""


class GroundTruthSource(Protocol):
    """Where the ground truth of one video is read from."""

    def read(self, frame: int) -> bytes:
        """The mask's file. Raises OSError, or MemberFault for one that is too large."""


@dataclass(frozen=True, slots=True)
class GroundTruthFolder:
    """The folder that holds the ground truth of one video."""

    folder: Path

    def read(self, frame: int) -> bytes:
        return read_file(f"{self.folder}/{frame_name(frame)}.png", _GROUND_TRUTH_BYTES)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive frames of one video. Without `ground_truth` the masks are only checked."""

    video: str
    task: Task
    ids: tuple[int, ...]
    size: tuple[int, int] | None
    ground_truth: GroundTruthSource | None
    source: PredictionSource | None
    frames: tuple[FrameTask, ...]
    survey: bool = False
    """Whether to say what each ground-truth mask holds, for the check of the reference."""

    @property
    def labels(self) -> Sequence[int]:
        """The labels that mean something in a submitted mask."""
        return PROPOSALS if self.task is Task.UNSUPERVISED_MULTIPLE else self.ids

    @property
    def cost(self) -> int:
        """Roughly proportional to the time that the chunk takes: pixels to decode and objects to count."""
        return self.pixels * sum(2 + len(task.scored) for task in self.frames)

    @property
    def pixels(self) -> int:
        """Pixels of a frame, those of 720p where its size is not known."""
        height, width = self.size or (720, 1280)
        return height * width


class GroundTruthMask(NamedTuple):
    """One mask of the reference: (height, width), pixels by non-zero label, declared or not, and the shapes of its objects."""

    frame: int
    size: tuple[int, int]
    pixels: Mapping[int, int]
    shapes: tuple[bytes, ...]


@dataclass(slots=True)
class ChunkResult:
    """What a chunk tells: values, findings on the submitted masks, and digests and faults of the ground truth.

    `ground_truth` is filled in for a survey only.
    """

    video: str
    frames: int
    masks: dict[int, bytes | None] = field(default_factory=dict)
    """By frame the `mask_digest` of the very bytes that were scored or checked; None where they could not be read."""
    values: list[ObjectFrame] = field(default_factory=list)
    findings: VideoFindings = field(default_factory=VideoFindings)
    digests: list[tuple[int, bytes]] = field(default_factory=list)
    ground_truth: list[GroundTruthMask] = field(default_factory=list)
    reference_faults: list[Problem] = field(default_factory=list)


def plan_chunks(
    manifest: Manifest, sizes: Mapping[str, tuple[int, int] | None], submission: Submission | None, *, score: bool
) -> list[Chunk]:
    """The work of a run as chunks, the most expensive first, so that no core waits for another at the end.

    Without a submission only the ground truth is read; without `score` only the submission.
    """
    chunks = []
    for video in manifest.videos:
        masks = submission.masks.get(video.name, {}) if submission and submission.readable else {}
        tasks = frame_tasks(video, masks, score=score)
        chunks += [
            Chunk(
                video.name,
                manifest.settings.task,
                video.ids,
                sizes[video.name],
                GroundTruthFolder(manifest.ground_truth(video.name)) if score else None,
                submission.source if submission else None,
                tuple(tasks[start : start + CHUNK_FRAMES]),
            )
            for start in range(0, len(tasks), CHUNK_FRAMES)
        ]
    return sorted(chunks, key=lambda chunk: -chunk.cost)


def frame_tasks(video: Video, masks: Mapping[int, Entry], *, score: bool) -> list[FrameTask]:
    """What there is to do for a video with these masks by frame: every scored frame, or, without `score`, those with a mask."""
    return [FrameTask(frame, masks.get(frame), scored) for frame, scored in objects_by_frame(video) if score or frame in masks]


def objects_by_frame(video: Video) -> list[tuple[int, tuple[int, ...]]]:
    """Every scored frame of a video, with the objects that are scored in it."""
    scored: dict[int, list[int]] = {frame: [] for frame in video.scored}
    for item in video.objects:
        for frame in item.scored.frames:
            scored[frame].append(item.id)
    return [(frame, tuple(ids)) for frame, ids in scored.items()]


def read_size(mask: Path) -> tuple[int, int]:
    """(height, width) from the header of a mask file. Raises PngFault or OSError."""
    header = parse_header(read_beginning(mask, 64))
    return header.height, header.width


def evaluate_chunk(chunk: Chunk) -> ChunkResult:
    """Everything about one chunk: its values if it has ground truth, its findings if it has a submission.

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
    if chunk.source is None:
        yield from ((task, None) for task in chunk.frames)
        return
    try:
        opened = chunk.source.open()
    except OSError as error:
        raise Gone(f"the submission cannot be opened again: {error.strerror}") from error
    with closing(opened) as reader:
        reader.read_ahead([task.prediction for task in chunk.frames if task.prediction is not None])
        for task in chunk.frames:
            data = None
            if task.prediction is not None:
                result.masks[task.frame] = None
                try:
                    stored = reader.read_stored(task.prediction)
                    result.masks[task.frame] = mask_digest(task.prediction, stored)
                    data = unpack(task.prediction, stored)
                except MemberFault as fault:
                    result.findings.faults.append(MaskFault(fault.code, task.frame, str(fault)))
                except OSError as error:
                    stop_if_ours(error, f"the submitted mask {chunk.video}/{frame_name(task.frame)}.png")
                    result.findings.faults.append(MaskFault("unreadable-mask", task.frame, error.strerror or str(error)))
            yield task, data


def _inspect(decoder: Decoder, chunk: Chunk, task: FrameTask, data: bytes | None, findings: VideoFindings) -> DecodedMask | None:
    """The decoded mask, with what it shows added to the findings; None if it cannot be scored."""
    if data is None:
        return None
    try:
        mask = decoder.decode(data)
    except PngFault as fault:
        findings.faults.append(MaskFault("unreadable-mask", task.frame, str(fault)))
        return None
    except IndexedFault as fault:
        findings.faults += [MaskFault(code, task.frame, detail) for code, detail in fault.faults.items()]
        if fault.values is not None:
            findings.values.add(fault.values)
        if "not-indexed" in fault.faults:
            try:
                findings.values.add(_values_of(data))
            except PngFault as damage:
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

    Raises PngFault.
    """
    header, pixels = parse_png(data)
    if header.height * header.width > _MAX_COUNTED_PIXELS:
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
        raise PngFault(f"damaged pixel data ({error})") from None
    first = channels if channels.ndim == 2 else channels[..., 0]
    samples = np.flatnonzero(np.bincount(first.reshape(-1))).tolist()
    return MaskValues(header.kind, bytes(samples) if len(samples) <= MOST_VALUES and samples[-1] <= 0xFF else b"")


def _read_ground_truth(decoder: Decoder, chunk: Chunk, frame: int, result: ChunkResult) -> DecodedMask | None:
    """The decoded ground truth of a frame, its digest added to the result; None, with a fault, if it cannot be used."""
    if chunk.ground_truth is None:
        return None
    try:
        mask = decoder.decode(chunk.ground_truth.read(frame))
    except FileNotFoundError:
        fault = "the ground truth has no mask"
    except OSError as error:
        stop_if_ours(error, f"the ground-truth mask {chunk.video}/{frame_name(frame)}.png")
        fault = f"the ground-truth mask cannot be read ({error.strerror})"
    except (IndexedFault, MemberFault, PngFault) as error:
        fault = f"the ground-truth mask cannot be used ({error})"
    else:
        result.digests.append((frame, _digest(frame, mask)))
        if chunk.survey:
            result.ground_truth.append(_ground_truth_mask(frame, mask))
        return mask
    fix = "put an indexed PNG of the video's size there, or exclude the frame in scoring.yaml"
    result.reference_faults.append(Problem("ground-truth", Severity.ERROR, chunk.video, (frame,), fault, fix))
    return None


def _ground_truth_mask(frame: int, mask: DecodedMask) -> GroundTruthMask:
    visible = {id: found for id, found in mask.objects.items() if found.area}
    digests = (shape_digest(found, mask.height, mask.width) for found in visible.values())
    pixels = {id: found.area for id, found in visible.items()} | dict(mask.unknown)
    return GroundTruthMask(frame, (mask.height, mask.width), pixels, tuple(digest for digest in digests if digest is not None))


def _digest(frame: int, mask: DecodedMask) -> bytes:
    """A checksum of the declared objects of a decoded ground-truth mask, not of the file's bytes."""
    digest = hashlib.blake2b(repr((frame, mask.height, mask.width)).encode(), digest_size=16)
    for id, found in sorted(mask.objects.items()):
        digest.update(repr((id, found.top, found.left, found.bits.shape)).encode())
        digest.update(found.bits.astype("<u8", copy=False).data)
    return digest.digest()
