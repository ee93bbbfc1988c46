"""What an audit looks at in every ground-truth mask: where objects are, in how many parts, what they share with the masks before.

Arrays are label maps of shape (height, width); lengths are in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from lvos_eval.diagnostics.problems import frame_ranges
from lvos_eval.execution.workload import cut_up, masks_memory, usual_pixels
from lvos_eval.masks.packed import FrameSize, Labels
from lvos_eval.reference.ground_truth import GroundTruthFolder

__all__ = ["AuditTask", "FrameMeasure", "MeasureResult", "ObjectMeasure", "Speck", "cut_audit", "measure_masks"]

_CONTEXT: Final = 2
"""Masks before a piece, and one after it, that its measures need."""

_SMALL_PART: Final = 0.1
"""A part with a smaller share of the largest part's pixels may be a speck."""
_SMALLEST_GAP: Final = 0.01
"""Of the frame's diagonal: a speck is further away than that from the largest part."""
_MOST_PARTS: Final = 40
"""An object in more parts than that is drawn so, as foliage is."""


class Speck(NamedTuple):
    """A small part of an object away from its largest part, with nothing of the object there one mask earlier or later."""

    area: int
    distance: float
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class ObjectMeasure:
    """One object in one mask. `x`, `y` is its centre; `hole` counts background pixels that it encloses."""

    area: int
    x: float
    y: float
    hole: int
    specks: tuple[Speck, ...]


@dataclass(frozen=True, slots=True)
class FrameMeasure:
    """One mask beside the two before it."""

    frame: int
    size: FrameSize
    objects: Mapping[int, ObjectMeasure]
    """The objects with a pixel in it."""
    same: bool
    """Whether it is pixel for pixel the mask before."""
    shared: Mapping[tuple[int, int], int]
    """Pixels that an object has in common with an object of the mask before, by both ids."""
    skipped: Mapping[int, int]
    """Pixels that an object has in common with itself two masks before."""


@dataclass(frozen=True, slots=True)
class AuditTask:
    """Masks `frames` of one video to be measured, with the masks around them that this needs."""

    video: str
    ids: tuple[int, ...]
    size: FrameSize | None
    folder: GroundTruthFolder
    frames: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def where(self) -> str:
        return f"{self.video} {frame_ranges(self.frames, self.folder.layout.digits)}"

    @property
    def cost(self) -> int:
        return 20 * len(self.frames) * usual_pixels(self.size)

    @property
    def memory(self) -> float:
        return 6 * masks_memory(usual_pixels(self.size), len(self.ids))


@dataclass(slots=True)
class MeasureResult:
    """The measures of a task, for the masks that can be read."""

    video: str
    frames: int
    measures: list[FrameMeasure] = field(default_factory=list)


def cut_audit(
    video: str, ids: tuple[int, ...], size: FrameSize | None, folder: GroundTruthFolder, frames: Sequence[int]
) -> Iterator[AuditTask]:
    """The masks of a video in pieces, each with its surroundings."""
    start = 0
    for piece in cut_up(frames):
        end = start + len(piece)
        yield AuditTask(
            video, ids, size, folder, piece, tuple(frames[max(start - _CONTEXT, 0) : start]), tuple(frames[end : end + 1])
        )
        start = end


def measure_masks(task: AuditTask) -> MeasureResult:
    """Measures the masks of a task; one that cannot be read is left out, since the check of the data reports it."""
    result = MeasureResult(task.video, len(task.frames))
    wanted = frozenset(task.frames)
    window: list[tuple[int, Labels]] = []
    for frame in (*task.before, *task.frames, *task.after, None):
        labels = _read(task.folder, frame, task.ids) if frame is not None else None
        if frame is not None and labels is None:
            continue
        # with a mask after it in hand, the one before can be measured
        if window and window[-1][0] in wanted:
            result.measures.append(_measure(window, labels))
        if frame is not None and labels is not None:
            window = [*window[-_CONTEXT:], (frame, labels)]
    return result


def _read(folder: GroundTruthFolder, frame: int, ids: Sequence[int]) -> Labels | None:
    """The declared objects of a mask, everything else as 0."""
    labels = folder.label_map(frame)
    if labels is None:
        return None
    known = np.zeros(256, np.uint8)
    known[list(ids)] = ids
    return np.asarray(cv2.LUT(labels, known), np.uint8)


def _measure(window: Sequence[tuple[int, Labels]], after: Labels | None) -> FrameMeasure:
    """The last mask of the window, beside those before it and the one after it, where they have its size."""
    frame, labels = window[-1]
    earlier = [other for _, other in window[:-1]]
    before = earlier[-1] if earlier and earlier[-1].shape == labels.shape else None
    older = earlier[-2] if len(earlier) > 1 and earlier[-2].shape == labels.shape else None
    neighbours = [other for other in (before, after) if other is not None and other.shape == labels.shape]
    ids = np.flatnonzero(np.bincount(labels.reshape(-1), minlength=1))
    objects = {int(label): _object(labels, int(label), neighbours) for label in ids if label}
    return FrameMeasure(
        frame,
        FrameSize(*labels.shape),
        objects,
        before is not None and bool(np.array_equal(before, labels)),
        {} if before is None else _shared(labels, before),
        {} if older is None else {one: pixels for (one, other), pixels in _shared(labels, older).items() if one == other},
    )


def _shared(labels: Labels, other: Labels) -> dict[tuple[int, int], int]:
    """How many pixels have one label here and one there, for labels that are not 0."""
    both = (labels != 0) & (other != 0)
    counts = np.bincount(labels[both].astype(np.intp) * 256 + other[both])
    return {(int(code) // 256, int(code) % 256): int(counts[code]) for code in np.flatnonzero(counts)}


def _object(labels: Labels, label: int, neighbours: Sequence[Labels]) -> ObjectMeasure:
    mask = (labels == label).view(np.uint8)
    left, top, width, height = cv2.boundingRect(mask)
    crop = mask[top : top + height, left : left + width]
    moments = cv2.moments(crop, binaryImage=True)
    area = round(moments["m00"])
    hole = _hole(crop, labels[top : top + height, left : left + width])
    specks = tuple(_specks(crop, left, top, labels, label, neighbours))
    return ObjectMeasure(area, left + moments["m10"] / area, top + moments["m01"] / area, hole, specks)


def _hole(crop: NDArray[np.uint8], labels: Labels) -> int:
    """Pixels of the background that the object encloses; what another object covers is no hole."""
    outside = cv2.copyMakeBorder(1 - crop, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    count, parts = cv2.connectedComponents(outside, connectivity=4)
    if count <= 2:
        return 0
    inside = (parts[1:-1, 1:-1] != parts[0, 0]) & (crop == 0) & (labels == 0)
    return int(np.count_nonzero(inside))


def _specks(
    crop: NDArray[np.uint8], left: int, top: int, labels: Labels, label: int, neighbours: Sequence[Labels]
) -> Iterator[Speck]:
    count, parts, stats, centres = cv2.connectedComponentsWithStats(crop, connectivity=8)
    if not 2 < count <= _MOST_PARTS or not any(np.any(other == label) for other in neighbours):
        return
    diagonal = math.hypot(*labels.shape)
    areas = stats[:, cv2.CC_STAT_AREA]
    largest = 1 + int(np.argmax(areas[1:]))
    away = cv2.distanceTransform((parts != largest).view(np.uint8), cv2.DIST_L2, 3)
    for part in range(1, count):
        if areas[part] > _SMALL_PART * areas[largest]:
            continue
        x, y, width, height = (int(value) for value in stats[part, :4])
        box = slice(y, y + height), slice(x, x + width)
        distance = float(away[box][parts[box] == part].min())
        least = max(_SMALLEST_GAP * diagonal, 0.3 * math.sqrt(float(areas[largest])))
        reach = round(0.02 * diagonal)
        around = (
            slice(max(top + y - reach, 0), top + y + height + reach),
            slice(max(left + x - reach, 0), left + x + width + reach),
        )
        beside = labels[max(top + y - 2, 0) : top + y + height + 2, max(left + x - 2, 0) : left + x + width + 2]
        # beside another object it is what can be seen of a part behind that
        alone = not np.any((beside != 0) & (beside != label))
        if alone and distance >= least and not any(np.any(other[around] == label) for other in neighbours):
            yield Speck(int(areas[part]), distance, left + round(float(centres[part][0])), top + round(float(centres[part][1])))
