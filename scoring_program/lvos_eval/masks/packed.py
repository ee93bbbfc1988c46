"""Masks of one object, packed to one bit a pixel and cropped to where it is."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "EMPTY_MASK",
    "WORD",
    "AnyLabels",
    "FrameSize",
    "Labels",
    "PackedMask",
    "Window",
    "Words",
    "intersection",
    "pack",
    "popcount",
    "trim",
    "where_equal",
    "whole_frame",
    "without",
]

Labels: TypeAlias = NDArray[np.uint8]
"""A label map of shape (height, width), as it is in a file."""

AnyLabels: TypeAlias = NDArray[np.integer[Any]]
"""A label map of any integers."""

Words: TypeAlias = NDArray[np.uint64]
WORD: Final = 64
"""Pixels in a word: pixel x of a row is bit x % 64, counted from the lowest, of word x // 64."""

_NO_BITS: Final = np.uint64(0)


class FrameSize(NamedTuple):
    """The size of a frame in pixels; as a text `1280x720`, width first."""

    height: int
    width: int

    @property
    def pixels(self) -> int:
        """Number of pixels of the frame."""
        return self.height * self.width

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


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


EMPTY_MASK: Final = PackedMask(0, 0, np.empty((0, 0), np.uint64), 0, (0, 0))


class Window(NamedTuple):
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


def intersection(one: PackedMask, other: PackedMask) -> int:
    """Number of pixels in both masks."""
    top, bottom = max(one.top, other.top), min(one.bottom, other.bottom)
    left, right = max(one.left, other.left), min(one.right, other.right)
    if top >= bottom or left >= right:
        return 0
    a, b = (mask.bits[top - mask.top : bottom - mask.top, left - mask.left : right - mask.left] for mask in (one, other))
    return popcount(a & b)


def without(mask: PackedMask, other: PackedMask) -> PackedMask:
    """The mask less the pixels of another one."""
    top, bottom = max(mask.top, other.top), min(mask.bottom, other.bottom)
    left, right = max(mask.left, other.left), min(mask.right, other.right)
    if top >= bottom or left >= right:
        return mask
    bits = mask.bits.copy()
    rest = bits[top - mask.top : bottom - mask.top, left - mask.left : right - mask.left]
    rest &= ~other.bits[top - other.top : bottom - other.top, left - other.left : right - other.left]
    return trim(bits, Window(mask.top, mask.bottom, mask.left, mask.right))


def pack(labels: AnyLabels, label: int) -> PackedMask:
    """Where a whole label map equals `label`."""
    return trim(*where_equal(labels, label, whole_frame(FrameSize(*labels.shape))))


def whole_frame(size: FrameSize) -> Window:
    """The window that is a whole frame."""
    return Window(0, size.height, 0, -(-size.width // WORD))


def where_equal(labels: AnyLabels, label: int, window: Window) -> tuple[Words, Window]:
    """Where `labels` equals `label` inside the window."""
    left, right = window.left * WORD, min(window.right * WORD, labels.shape[1])
    rows, words = window.bottom - window.top, window.right - window.left
    canvas = np.empty((rows, words * WORD), np.bool_)
    np.equal(labels[window.top : window.bottom, left:right], label, out=canvas[:, : right - left])
    if right < window.right * WORD:
        canvas[:, right - left :] = False
    return np.packbits(canvas.reshape(-1), bitorder="little").view(np.uint64).reshape(rows, words), window


def trim(bits: Words, window: Window) -> PackedMask:
    """The mask whose part inside the window is `bits`, and which has no other."""
    filled = (bits.reshape(-1) != _NO_BITS).tobytes()
    start = filled.find(True)
    if start < 0:
        return EMPTY_MASK
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
