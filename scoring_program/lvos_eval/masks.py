"""Where the objects of a label map are.

Consecutive frames look alike, so each object is searched for around its last place first. The search proves itself: if the
pixels found add up to all non-zero pixels of the mask, no object is elsewhere and no unknown label is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "Labels", "ObjectFinder", "ObjectPixels"]

Labels: TypeAlias = NDArray[np.uint8]
"""A label map of shape (height, width)."""

_MARGIN: Final = 16
"""Pixels that an object may have moved or grown since the last frame for its search box to hold it."""


class Box(NamedTuple):
    """Rows `top` to `bottom` and columns `left` to `right` of a frame, ends excluded; empty if `right <= left`."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def is_empty(self) -> bool:
        return self.right <= self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """The index of the box's pixels in an array of shape (height, width)."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def union(self, other: Box) -> Box:
        """The smallest box that holds both."""
        if self.is_empty or other.is_empty:
            return other if self.is_empty else self
        return Box(
            min(self.left, other.left), min(self.top, other.top), max(self.right, other.right), max(self.bottom, other.bottom)
        )

    def grown(self, pixels: int, height: int, width: int) -> Box:
        """The box with `pixels` more on each side, cut to the frame."""
        return Box(
            max(self.left - pixels, 0),
            max(self.top - pixels, 0),
            min(self.right + pixels, width),
            min(self.bottom + pixels, height),
        )

    def is_within(self, distance: int, other: Box) -> bool:
        """Whether pixels of the two boxes can be `distance` or less apart along both axes."""
        return (
            self.left <= other.right + distance
            and other.left <= self.right + distance
            and self.top <= other.bottom + distance
            and other.top <= self.bottom + distance
        )


EMPTY: Final = Box(0, 0, 0, 0)


class ObjectPixels(NamedTuple):
    """One object in one mask: its number of pixels and the smallest box that holds them."""

    area: int
    box: Box


ABSENT: Final = ObjectPixels(0, EMPTY)


def bounding_box(mask: NDArray[np.uint8]) -> Box:
    """The smallest box that holds the non-zero pixels of a (height, width) array."""
    x, y, width, height = cv2.boundingRect(mask)
    return Box(x, y, x + width, y + height)


class ObjectFinder:
    """Finds the declared objects in the masks of one video, frame after frame."""

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = tuple(ids)
        self._last: dict[int, Box] = {}

    def find(self, labels: Labels) -> tuple[Mapping[int, ObjectPixels], Mapping[int, int]]:
        """The pixels of every declared object, and the number of pixels of each other non-zero label, by label."""
        height, width = labels.shape
        total = cv2.countNonZero(labels)
        around = {id: box.grown(_MARGIN, height, width) for id, box in self._last.items()}
        objects = {id: _search(labels, id, around.get(id, EMPTY)) for id in self._ids}
        unknown: dict[int, int] = {}
        if sum(found.area for found in objects.values()) != total:
            everything = bounding_box(labels)
            objects = {id: _search(labels, id, everything) for id in self._ids}
            if sum(found.area for found in objects.values()) != total:
                histogram = np.bincount(labels[everything.slices].reshape(-1), minlength=256).tolist()
                unknown = {label: histogram[label] for label in range(1, 256) if histogram[label] and label not in objects}
        # an object that is hidden for some frames comes back near where it was last seen, if anywhere
        self._last.update({id: found.box for id, found in objects.items() if found.area})
        return objects, unknown


def _search(labels: Labels, label: int, box: Box) -> ObjectPixels:
    """The pixels of `label` inside `box`."""
    if box.is_empty:
        return ABSENT
    mask = (labels[box.slices] == label).view(np.uint8)
    inner = bounding_box(mask)
    if inner.is_empty:
        return ABSENT
    found = Box(box.left + inner.left, box.top + inner.top, box.left + inner.right, box.top + inner.bottom)
    return ObjectPixels(cv2.countNonZero(mask), found)
