"""The objects of a label map, each packed to one bit a pixel.

Consecutive frames look alike, so each object is first looked for around its last place. The search proves itself: if the
labels of the pixels found add up to the sum of the whole mask, no object is elsewhere and no unknown label is in it. If they
do not, only the pixels that are left over are looked at: they tell what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import cv2
import numpy as np

from lvos_eval.masks.packed import EMPTY_MASK, WORD, FrameSize, Labels, PackedMask, Window, Words, trim, where_equal, whole_frame

__all__ = ["ObjectFinder"]

_MARGIN: Final = 48
"""Pixels that an object may have moved or grown since the last frame for its search box to hold it."""


class ObjectFinder:
    """Packs the declared objects in the masks of one video, frame after frame."""

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = tuple(ids)
        # where 1 is the only label there should be, the sum also shows that no other is taken for it
        self._alone = self._ids == (1,)
        self._windows: dict[int, Window] = {}
        self._size = FrameSize(0, 0)
        self._frame = whole_frame(self._size)

    def find(self, labels: Labels) -> tuple[Mapping[int, PackedMask], Mapping[int, int]]:
        """Every declared object, and the number of pixels of each other non-zero label, by label."""
        if labels.shape != self._size:
            # where nobody has said what size the masks have, they may have several
            size = FrameSize(*labels.shape)
            self._windows, self._size, self._frame = {}, size, whole_frame(size)
        total = int(cv2.norm(labels, cv2.NORM_L1))
        objects = self._around_last_places(labels, apart=not self._alone)
        unknown: dict[int, int] = {}
        if _sum(objects) != total:
            objects, unknown = self._anywhere(labels, total, objects)
        # an object that is hidden for some frames comes back near where it was last seen, if anywhere
        self._windows.update({object_id: self._around(found) for object_id, found in objects.items() if found.area})
        return objects, unknown

    def _around_last_places(self, labels: Labels, *, apart: bool) -> dict[int, PackedMask]:
        """What there is of each object around its last place; without `apart` other labels are taken for it."""
        objects = dict.fromkeys(self._ids, EMPTY_MASK)
        for object_id, window in self._windows.items():
            objects[object_id] = trim(*(where_equal(labels, object_id, window) if apart else _non_zero(labels, window)))
        return objects

    def _anywhere(
        self, labels: Labels, total: int, objects: dict[int, PackedMask]
    ) -> tuple[dict[int, PackedMask], dict[int, int]]:
        """What `find` returns, where not all pixels are those of `objects`."""
        filled, frame = _non_zero(labels, self._frame)
        if self._alone:
            everything = trim(filled, frame)
            if everything.area == total:
                return {1: everything}, {}
            objects = self._around_last_places(labels, apart=True)
        # an object has all its pixels in `filled`: they are taken out
        for found in objects.values():
            filled[found.top : found.bottom, found.left : found.right] ^= found.bits
        rest = trim(filled, frame)
        unknown = _count_labels(labels, rest)
        for object_id in self._ids:
            if unknown.pop(object_id, 0):
                objects[object_id] = trim(*where_equal(labels, object_id, _hull(rest, objects[object_id])))
        return objects, unknown

    def _around(self, found: PackedMask) -> Window:
        """Where to look for an object in the next frame: everywhere if that hardly takes longer."""
        first, end = found.columns
        window = Window(
            max(found.top - _MARGIN, 0),
            min(found.bottom + _MARGIN, self._size.height),
            max(first - _MARGIN, 0) // WORD,
            -(-min(end + _MARGIN, self._size.width) // WORD),
        )
        return self._frame if 2 * window.words > self._frame.words else window


def _sum(objects: Mapping[int, PackedMask]) -> int:
    """The labels of all pixels of the objects, added up."""
    return sum(object_id * found.area for object_id, found in objects.items())


def _non_zero(labels: Labels, window: Window) -> tuple[Words, Window]:
    """Where `labels` is not zero inside the window, in half the time of a comparison."""
    part = labels[window.top : window.bottom, window.left * WORD : window.right * WORD]
    missing = (window.right - window.left) * WORD - part.shape[1]
    if missing:
        part = np.pad(part, ((0, 0), (0, missing)))
    return np.packbits(part, axis=1, bitorder="little").view(np.uint64), window


def _count_labels(labels: Labels, where: PackedMask) -> dict[int, int]:
    """How many pixels of the mask `where` have which label."""
    part = labels[where.top : where.bottom, where.left * WORD : where.right * WORD]
    inside = np.unpackbits(where.bits.view(np.uint8), axis=1, count=part.shape[1], bitorder="little").view(np.bool_)
    # a float holds the number of pixels of the largest frame exactly
    histogram = cv2.calcHist([part[inside]], [0], None, [256], [0, 256]).reshape(-1)
    return {label: int(histogram[label]) for label in np.flatnonzero(histogram).tolist()}


def _hull(one: PackedMask, other: PackedMask) -> Window:
    """What holds two masks."""
    masks = [mask for mask in (one, other) if mask.area]
    return Window(
        min(mask.top for mask in masks),
        max(mask.bottom for mask in masks),
        min(mask.left for mask in masks),
        max(mask.right for mask in masks),
    )
