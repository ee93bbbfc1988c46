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
from typing import Final, NamedTuple

from PIL import Image

from lvos_eval.archive import MemberFault
from lvos_eval.findings import MaskFault, VideoFindings
from lvos_eval.manifest import Manifest, Video
from lvos_eval.masks import ObjectFinder, PackedMask
from lvos_eval.metrics import contour_accuracy, count, region_similarity
from lvos_eval.png import Png, PngFault, decode_labels, parse_header, parse_png
from lvos_eval.problems import Problem, Severity
from lvos_eval.protocol import frame_name
from lvos_eval.submission import Entry, MaskSource, Submission, read_file

__all__ = ["Chunk", "ChunkResult", "FrameTask", "ObjectFrame", "evaluate_chunk", "plan_chunks", "read_size"]

CHUNK_FRAMES: Final = 48
"""Frames a chunk: enough to make its fixed costs small, few enough that the last one keeps nobody waiting."""

_MAX_COLOURS: Final = 64
_GROUND_TRUTH_BYTES: Final = 1 << 28


class FrameTask(NamedTuple):
    """One frame: the submitted mask (None: not there) and the objects that are scored in it."""

    frame: int
    prediction: Entry | None
    scored: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive frames of one video. Without `ground_truth` the masks are only checked."""

    video: str
    ids: tuple[int, ...]
    size: tuple[int, int] | None
    ground_truth: Path | None
    source: MaskSource | None
    frames: tuple[FrameTask, ...]

    @property
    def cost(self) -> int:
        """Roughly proportional to the time that the chunk takes: pixels to decode and objects to count."""
        height, width = self.size or (720, 1280)
        return height * width * sum(2 + len(task.scored) for task in self.frames)


class ObjectFrame(NamedTuple):
    """J and F of one object in one frame; `visible` if the ground truth has a pixel of it."""

    id: int
    frame: int
    region_similarity: float
    contour_accuracy: float
    visible: bool


@dataclass(slots=True)
class ChunkResult:
    """What a chunk tells: values, findings on the submitted masks, and digests and faults of the ground truth."""

    video: str
    frames: int
    values: list[ObjectFrame] = field(default_factory=list)
    findings: VideoFindings = field(default_factory=VideoFindings)
    digests: list[tuple[int, bytes]] = field(default_factory=list)
    reference_faults: list[Problem] = field(default_factory=list)


def plan_chunks(
    manifest: Manifest, sizes: Mapping[str, tuple[int, int] | None], submission: Submission | None, *, score: bool
) -> list[Chunk]:
    """The work of a run as chunks, the most expensive first, so that no core waits for another at the end.

    Without a submission only the ground truth is read; without `score` only the submission.
    """
    chunks = []
    for video in manifest.videos:
        masks = submission.masks.get(video.name, {}) if submission else {}
        tasks = [
            FrameTask(frame, masks.get(frame), scored) for frame, scored in _objects_by_frame(video) if score or frame in masks
        ]
        chunks += [
            Chunk(
                video.name,
                video.ids,
                sizes[video.name],
                manifest.ground_truth(video.name) if score else None,
                submission.source if submission else None,
                tuple(tasks[start : start + CHUNK_FRAMES]),
            )
            for start in range(0, len(tasks), CHUNK_FRAMES)
        ]
    return sorted(chunks, key=lambda chunk: -chunk.cost)


def _objects_by_frame(video: Video) -> list[tuple[int, tuple[int, ...]]]:
    scored: dict[int, list[int]] = {frame: [] for frame in video.scored}
    for item in video.objects:
        for frame in item.scored.frames:
            scored[frame].append(item.id)
    return [(frame, tuple(ids)) for frame, ids in scored.items()]


def read_size(mask: Path) -> tuple[int, int]:
    """(height, width) from the header of a mask file. Raises PngFault or OSError."""
    with mask.open("rb") as file:
        header = parse_header(file.read(64))
    return header.height, header.width


class _Mask(NamedTuple):
    """What is left of a decoded mask: its size, its objects, and the number of pixels of every other label."""

    height: int
    width: int
    objects: Mapping[int, PackedMask]
    unknown: Mapping[int, int]


class _IndexedFault(ValueError):
    """The bytes are a good PNG, but not a label map of the right size."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class _Decoder:
    """Decodes the masks of one video in order; a mask with the same bytes as the one before costs nothing."""

    def __init__(self, ids: Sequence[int], size: tuple[int, int] | None) -> None:
        self._finder = ObjectFinder(ids)
        self._size = size
        self._data = b""
        self._mask: _Mask | None = None

    def decode(self, data: bytes) -> _Mask:
        """Raises PngFault or _IndexedFault."""
        if self._mask is None or data != self._data:
            header, pixels = parse_png(data)
            self._check(header)
            labels = decode_labels(data, header, pixels)
            self._mask = _Mask(header.height, header.width, *self._finder.find(labels))
            self._data = data
        return self._mask

    def _check(self, header: Png) -> None:
        if not header.is_indexed:
            raise _IndexedFault("not-indexed", header.kind)
        if self._size is not None and (header.height, header.width) != self._size:
            height, width = self._size
            raise _IndexedFault("wrong-size", f"{header.width}x{header.height} instead of {width}x{height}")
        if header.height * header.width > Image.MAX_IMAGE_PIXELS:  # type: ignore[operator]
            raise PngFault(f"{header.width}x{header.height} pixels are larger than any video")


def evaluate_chunk(chunk: Chunk) -> ChunkResult:
    """Everything about one chunk: its values if it has ground truth, its findings if it has a submission.

    Faults of masks are part of the result; nothing is raised for them.
    """
    result = ChunkResult(chunk.video, len(chunk.frames))
    truths = _Decoder(chunk.ids, chunk.size)
    predictions = _Decoder(chunk.ids, chunk.size)
    last: tuple[_Mask, _Mask] | None = None
    measures: dict[int, tuple[float, float]] = {}
    for task, data in _read_predictions(chunk, result):
        prediction = _inspect(predictions, task, data, result.findings)
        truth = _read_ground_truth(truths, chunk, task.frame, result)
        if truth is None or prediction is None:
            continue
        if last is None or last[0] is not truth or last[1] is not prediction:
            last = truth, prediction
            measures = {}
        for id in task.scored:
            if id not in measures:
                measures[id] = _measure(truth, prediction, id)
            result.values.append(ObjectFrame(id, task.frame, *measures[id], truth.objects[id].area > 0))
    return result


def _measure(truth: _Mask, prediction: _Mask, id: int) -> tuple[float, float]:
    """J and F of one object."""
    counts = count(truth.objects[id], prediction.objects[id], truth.height, truth.width)
    return region_similarity(counts), contour_accuracy(counts)


def _read_predictions(chunk: Chunk, result: ChunkResult) -> Iterator[tuple[FrameTask, bytes | None]]:
    """Every task of the chunk with the bytes of its mask, None where there are none to be had."""
    if chunk.source is None:
        yield from ((task, None) for task in chunk.frames)
        return
    with closing(chunk.source.open()) as reader:
        reader.read_ahead([task.prediction for task in chunk.frames if task.prediction is not None])
        for task in chunk.frames:
            data = None
            if task.prediction is not None:
                try:
                    data = reader.read(task.prediction)
                except MemberFault as fault:
                    result.findings.faults.append(MaskFault("unreadable-mask", task.frame, str(fault)))
                except OSError as error:
                    result.findings.faults.append(MaskFault("unreadable-mask", task.frame, error.strerror or str(error)))
            yield task, data


def _inspect(decoder: _Decoder, task: FrameTask, data: bytes | None, findings: VideoFindings) -> _Mask | None:
    """The decoded mask, with what it shows added to the findings; None if it cannot be scored."""
    if data is None:
        return None
    try:
        mask = decoder.decode(data)
    except PngFault as fault:
        findings.faults.append(MaskFault("unreadable-mask", task.frame, str(fault)))
        return None
    except _IndexedFault as fault:
        first = all(other.code != fault.code for other in findings.faults)
        colours = _colours(data) if first and fault.code == "not-indexed" else frozenset()
        findings.faults.append(MaskFault(fault.code, task.frame, str(fault), colours))
        return None
    findings.decoded += 1
    findings.labelled_pixels += sum(found.area for found in mask.objects.values())
    findings.present.update(id for id in task.scored if mask.objects[id].area)
    for label, pixels in mask.unknown.items():
        findings.unknown_pixels[label] += pixels
        findings.unknown_frames[label].add(task.frame)
    return mask


def _colours(data: bytes) -> frozenset[tuple[int, int, int]]:
    """The colours of an image that should have been a label map, at most a few dozen."""
    try:
        with Image.open(BytesIO(data), formats=["PNG"]) as image:
            if image.width * image.height > Image.MAX_IMAGE_PIXELS:  # type: ignore[operator]
                return frozenset()
            colours = image.convert("RGB").getcolors(_MAX_COLOURS) or []
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return frozenset()
    return frozenset((colour[0], colour[1], colour[2]) for _, colour in colours if isinstance(colour, tuple))


def _read_ground_truth(decoder: _Decoder, chunk: Chunk, frame: int, result: ChunkResult) -> _Mask | None:
    """The decoded ground truth of a frame, its digest added to the result; None, with a fault, if it cannot be used."""
    if chunk.ground_truth is None:
        return None
    try:
        mask = decoder.decode(read_file(f"{chunk.ground_truth}/{frame_name(frame)}.png", _GROUND_TRUTH_BYTES))
    except FileNotFoundError:
        fault = "the ground truth has no mask"
    except OSError as error:
        fault = f"the ground-truth mask cannot be read ({error.strerror})"
    except (MemberFault, PngFault, _IndexedFault) as error:
        fault = f"the ground-truth mask cannot be used ({error})"
    else:
        result.digests.append((frame, _digest(frame, mask)))
        return mask
    fix = "put an indexed PNG of the video's size there, or exclude the frame in scoring.yaml"
    result.reference_faults.append(Problem("ground-truth", Severity.ERROR, chunk.video, (frame,), fault, fix))
    return None


def _digest(frame: int, mask: _Mask) -> bytes:
    """A checksum of the declared objects of a decoded ground-truth mask, not of the file's bytes."""
    digest = hashlib.sha256(repr((frame, mask.height, mask.width)).encode())
    for id, found in sorted(mask.objects.items()):
        digest.update(repr((id, found.top, found.left, found.bits.shape)).encode())
        digest.update(found.bits.astype("<u8", copy=False).data)
    return digest.digest()
