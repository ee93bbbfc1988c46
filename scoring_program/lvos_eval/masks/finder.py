"""The objects of a label map, each packed to one bit a pixel.

Consecutive frames look alike, so each object is first looked for around its last place. The search proves itself: if the
labels of the pixels found add up to the sum of the whole mask, no object is elsewhere and no unknown label is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import cv2
import numpy as np

from lvos_eval.masks.packed import EMPTY_MASK, WORD, FrameSize, Labels, PackedMask, Window, Words, trim, where_equal, whole_frame

__all__ = ["ObjectFinder"]

_MARGIN: Final = 48
"""Pixels that an object may have moved or grown since the last frame for its search box to hold it."""


def _non_zero(labels: Labels, window: Window) -> tuple[Words, Window]:
    """Where `labels` is not zero inside the window, in half the time of a comparison."""
    part = labels[window.top : window.bottom, window.left * WORD : window.right * WORD]
    missing = (window.right - window.left) * WORD - part.shape[1]
    if missing:
        part = np.pad(part, ((0, 0), (0, missing)))
    return np.packbits(part, axis=1, bitorder="little").view(np.uint64), window


class ObjectFinder:
    """Packs the declared objects in the masks of one video, frame after frame."""

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = tuple(ids)
        self._windows: dict[int, Window] = {}
        self._size = FrameSize(0, 0)
        self._frame = whole_frame(self._size)

    def find(self, labels: Labels) -> tuple[Mapping[int, PackedMask], Mapping[int, int]]:
        """Every declared object, and the number of pixels of each other non-zero label, by label."""
        if labels.shape != self._size:
            # where nobody has said what size the masks have, they may have several
            size = FrameSize(*labels.shape)
            self._windows, self._size, self._frame = {}, size, whole_frame(size)
        objects: dict[int, PackedMask] = {}
        unknown: dict[int, int] = {}
        total = int(cv2.norm(labels, cv2.NORM_L1))
        for objects in self._guesses(labels):
            if sum(object_id * found.area for object_id, found in objects.items()) == total:
                break
        else:
            histogram = np.bincount(labels.reshape(-1), minlength=256).tolist()
            unknown = {label: histogram[label] for label in range(1, 256) if histogram[label] and label not in objects}
        # an object that is hidden for some frames comes back near where it was last seen, if anywhere
        self._windows.update({object_id: self._around(found) for object_id, found in objects.items() if found.area})
        return objects, unknown

    def _guesses(self, labels: Labels) -> Iterator[dict[int, PackedMask]]:
        """The objects as they are if they are where they may be; the last time, wherever they are."""
        # where 1 is the only label there should be, the sum also shows that no other is taken for it
        alone = self._ids == (1,)
        objects = dict.fromkeys(self._ids, EMPTY_MASK)
        for object_id, window in self._windows.items():
            objects[object_id] = trim(*(_non_zero(labels, window) if alone else where_equal(labels, object_id, window)))
        yield objects
        everything = trim(*_non_zero(labels, self._frame))
        if alone:
            yield {1: everything}
        extent = Window(everything.top, everything.bottom, everything.left, everything.right)
        for suspects in self._suspects(objects):
            objects = objects | {object_id: trim(*where_equal(labels, object_id, extent)) for object_id in suspects}
            yield objects

    def _suspects(self, objects: Mapping[int, PackedMask]) -> list[list[int]]:
        """Objects to look for in the whole frame: those that reach the edge of their window, the lost ones, then all others."""
        lost = [object_id for object_id, found in objects.items() if not found.area]
        cut = [object_id for object_id, found in objects.items() if found.area and _is_cut(found, self._windows[object_id])]
        return [cut, lost, [object_id for object_id in objects if object_id not in cut and object_id not in lost]]

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


def _is_cut(found: PackedMask, window: Window) -> bool:
    """Whether a mask has pixels at the edge of the window that it was looked for in."""
    first, end = found.columns
    return found.top == window.top or found.bottom == window.bottom or first == window.left * WORD or end == window.right * WORD
