"""The objects of a label map, each packed to one bit a pixel.

Consecutive frames look alike, so each object is first looked for around its last place. The search proves itself: if the
labels of the pixels found add up to the sum of the whole mask, no object is elsewhere and no unknown label is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["NOTHING", "WORD", "Labels", "ObjectFinder", "PackedMask", "Words", "pack", "popcount"]

Labels: TypeAlias = NDArray[np.uint8]
"""A label map of shape (height, width)."""

Words: TypeAlias = NDArray[np.uint64]

WORD: Final = 64
"""Pixels in a word: pixel x of a row is bit x % 64, counted from the lowest, of word x // 64."""

_NO_BITS: Final = np.uint64(0)
_MARGIN: Final = 48
"""Pixels that an object may have moved or grown since the last frame for its search box to hold it."""


class PackedMask(NamedTuple):
    """A binary mask, cropped to the rows and words that are not empty: `bits[0, 0]` is word `left` of row `top` of the frame."""

    top: int
    left: int
    bits: Words
    """Shape (rows, words); (0, 0) for a mask without pixels."""
    area: int
    """Number of pixels."""
    columns: tuple[int, int]
    """No pixel is left of the first column, nor in the second or right of it."""

    @property
    def bottom(self) -> int:
        """One more than the last row."""
        return self.top + len(self.bits)

    @property
    def right(self) -> int:
        """One more than the last word."""
        return self.left + int(self.bits.shape[1])


NOTHING: Final = PackedMask(0, 0, np.empty((0, 0), np.uint64), 0, (0, 0))


class _Window(NamedTuple):
    """Part of a frame: rows `top` to `bottom` and words `left` to `right`, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def width(self) -> int:
        """Words of a row."""
        return self.right - self.left

    @property
    def words(self) -> int:
        """Number of words in it."""
        return (self.bottom - self.top) * self.width


def popcount(bits: Words) -> int:
    """Number of ones in a contiguous array."""
    return int(cv2.norm(bits.reshape(-1).view(np.uint8), cv2.NORM_HAMMING)) if bits.size else 0


def pack(labels: Labels, label: int) -> PackedMask:
    """Where a whole label map equals `label`."""
    return _trim(*_equal(labels, label, _whole(labels.shape)))


def _whole(shape: tuple[int, ...]) -> _Window:
    height, width = shape
    return _Window(0, height, 0, -(-width // WORD))


def _equal(labels: Labels, label: int, window: _Window) -> tuple[Words, _Window]:
    """Where `labels` equals `label` inside the window."""
    left, right = window.left * WORD, min(window.right * WORD, labels.shape[1])
    rows, words = window.bottom - window.top, window.right - window.left
    canvas = np.empty((rows, words * WORD), np.bool_)
    np.equal(labels[window.top : window.bottom, left:right], label, out=canvas[:, : right - left])
    if right < window.right * WORD:
        canvas[:, right - left :] = False
    return np.packbits(canvas.reshape(-1), bitorder="little").view(np.uint64).reshape(rows, words), window


def _non_zero(labels: Labels, window: _Window) -> tuple[Words, _Window]:
    """Where `labels` is not zero inside the window, in half the time of a comparison."""
    part = labels[window.top : window.bottom, window.left * WORD : window.right * WORD]
    missing = (window.right - window.left) * WORD - part.shape[1]
    if missing:
        part = np.pad(part, ((0, 0), (0, missing)))
    return np.packbits(part, axis=1, bitorder="little").view(np.uint64), window


def _trim(bits: Words, window: _Window) -> PackedMask:
    """The mask whose part inside the window is `bits`, and which has no other."""
    filled = (bits.reshape(-1) != _NO_BITS).tobytes()
    start = filled.find(True)
    if start < 0:
        return NOTHING
    top, bottom = start // window.width, filled.rfind(True) // window.width + 1
    by_word = np.bitwise_or.reduce(bits[top:bottom], axis=0).tolist()
    first, last = 0, len(by_word) - 1
    while not by_word[first]:
        first += 1
    while not by_word[last]:
        last -= 1
    bits = np.ascontiguousarray(bits[top:bottom, first : last + 1])
    lowest, highest = by_word[first], by_word[last]
    left = window.left + first
    columns = left * WORD + (lowest & -lowest).bit_length() - 1, (window.left + last) * WORD + highest.bit_length()
    return PackedMask(window.top + top, left, bits, popcount(bits), columns)


class ObjectFinder:
    """Packs the declared objects in the masks of one video, frame after frame."""

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = tuple(ids)
        self._windows: dict[int, _Window] = {}
        self._shape: tuple[int, ...] = ()
        self._frame = _whole((0, 0))

    def find(self, labels: Labels) -> tuple[Mapping[int, PackedMask], Mapping[int, int]]:
        """Every declared object, and the number of pixels of each other non-zero label, by label."""
        if labels.shape != self._shape:
            # where nobody has said what size the masks have, they may have several
            self._windows, self._shape, self._frame = {}, labels.shape, _whole(labels.shape)
        objects: dict[int, PackedMask] = {}
        unknown: dict[int, int] = {}
        total = int(cv2.norm(labels, cv2.NORM_L1))
        for objects in self._guesses(labels):
            if sum(id * found.area for id, found in objects.items()) == total:
                break
        else:
            histogram = np.bincount(labels.reshape(-1), minlength=256).tolist()
            unknown = {label: histogram[label] for label in range(1, 256) if histogram[label] and label not in objects}
        # an object that is hidden for some frames comes back near where it was last seen, if anywhere
        self._windows.update({id: self._around(found) for id, found in objects.items() if found.area})
        return objects, unknown

    def _guesses(self, labels: Labels) -> Iterator[dict[int, PackedMask]]:
        """The objects as they are if they are where they may be; the last time, wherever they are."""
        # where 1 is the only label there should be, the sum also shows that no other is taken for it
        alone = self._ids == (1,)
        objects = dict.fromkeys(self._ids, NOTHING)
        for id, window in self._windows.items():
            objects[id] = _trim(*(_non_zero(labels, window) if alone else _equal(labels, id, window)))
        yield objects
        everything = _trim(*_non_zero(labels, self._frame))
        if alone:
            yield {1: everything}
        extent = _Window(everything.top, everything.bottom, everything.left, everything.right)
        for suspects in self._suspects(objects):
            objects = objects | {id: _trim(*_equal(labels, id, extent)) for id in suspects}
            yield objects

    def _suspects(self, objects: Mapping[int, PackedMask]) -> list[list[int]]:
        """Objects to look for in the whole frame: those that reach the edge of their window, the lost ones, then all others."""
        lost = [id for id, found in objects.items() if not found.area]
        cut = [id for id, found in objects.items() if found.area and _is_cut(found, self._windows[id])]
        return [cut, lost, [id for id in objects if id not in cut and id not in lost]]

    def _around(self, found: PackedMask) -> _Window:
        """Where to look for an object in the next frame: everywhere if that hardly takes longer."""
        height, width = self._shape
        first, end = found.columns
        window = _Window(
            max(found.top - _MARGIN, 0),
            min(found.bottom + _MARGIN, height),
            max(first - _MARGIN, 0) // WORD,
            -(-min(end + _MARGIN, width) // WORD),
        )
        return self._frame if 2 * window.words > self._frame.words else window


def _is_cut(found: PackedMask, window: _Window) -> bool:
    """Whether a mask has pixels at the edge of the window that it was looked for in."""
    first, end = found.columns
    return found.top == window.top or found.bottom == window.bottom or first == window.left * WORD or end == window.right * WORD
