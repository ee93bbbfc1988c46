"""Counting the boundary pixels that match: those that have a pixel of another boundary within a disk around them.

A few rows at a time, a rectangle inside the disk settles nearly all that match, and one around it most that do not; only the
pixels in doubt look at the disk itself. Many pairs of boundaries are compared at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvos_eval.batches import in_batches
from lvos_eval.masks import WORD, PackedMask, Words, popcount

__all__ = ["Pair", "count_matched"]

_STRIP: Final = WORD - 31
"""Columns that a word read from any half-word on shows, whatever the bit of it that they start at."""
_FEW: Final = 40
"""Pixels of a boundary in doubt up to which looking at each one's disk takes no longer than another rectangle."""
_DENSE: Final = 4
"""Words for each pixel in doubt from which on looking at disks takes less time and memory than widening all masks."""

Pair: TypeAlias = tuple[PackedMask, PackedMask]
"""Two masks of the same frame, or their boundaries; where it matters, the ground truth and the prediction."""


class _Region(NamedTuple):
    """Rows `top` to `bottom` and words `left` to `right` of a frame, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int
    words: int
    """Words that its rows need if, one after the other, none is to come within the radius of the next."""


def count_matched(pairs: Sequence[Pair], radius: int) -> list[tuple[int, int]]:
    """For each pair of boundaries: how many pixels of the one are within `radius` of the other, and the other way round."""
    regions = [_region(*pair, radius) for pair in pairs]
    near = [(pair, region) for pair, region in zip(pairs, regions, strict=True) if region is not None]
    sizes = [(region.bottom - region.top + radius + 1, region.words) for _, region in near]
    matched = iter(in_batches(partial(_count_matched, radius=radius), near, sizes))
    return [(0, 0) if region is None else next(matched) for region in regions]


def _region(one: PackedMask, other: PackedMask, radius: int) -> _Region | None:
    """What holds the pixels of two masks that may be within `radius` of the other; None if there are none."""
    reach = -(-radius // WORD)
    lower, upper = max(one.top, other.top), min(one.bottom, other.bottom)
    farther, nearer = max(one.left, other.left), min(one.right, other.right)
    if lower - upper >= radius or farther - nearer >= reach:
        return None
    top, bottom = max(min(one.top, other.top), lower - radius), min(max(one.bottom, other.bottom), upper + radius)
    left, right = max(min(one.left, other.left), farther - reach), min(max(one.right, other.right), nearer + reach)
    first = max(min(one.columns[0], other.columns[0]), left * WORD)
    end = min(max(one.columns[1], other.columns[1]), right * WORD)
    return _Region(top, bottom, left, right, max(right - left, -(-(end - first + radius) // WORD)))


def _count_matched(near: Sequence[tuple[Pair, _Region]], rows: int, words: int, radius: int) -> list[tuple[int, int]]:
    """For each pair, with its region: how many pixels of the one are within `radius` of the other, and the other way round."""
    # so many rows that a rectangle three bands high leaves little of the disk out
    band = max(1, (radius + 1) // 3)
    stack, pixels = _superpose(near, -(-rows // band) * band, words)
    # each plane as one line for the first row of every band, one for the second, and so on
    bands = stack.reshape(2, len(near), -1, band, words).transpose(0, 1, 3, 2, 4)
    lines = np.array(bands, order="C").reshape(2, len(near), band, -1)
    # rows of one band and the next are at most 2 * band - 1 apart
    inner = math.isqrt(radius * radius - (2 * band - 1) ** 2)
    occupied = np.bitwise_or.reduce(lines, axis=2).reshape(-1)
    surely_near = _widen_rows(_widen_columns(occupied, 0, inner), words)
    in_doubt = lines
    in_doubt &= ~_exchange(surely_near, len(near))
    doubts = [popcount(line) for side in in_doubt for line in side]
    on_disk = [0] * len(doubts)
    if sum(doubts) > _FEW * len(doubts):
        perhaps_near = _widen_columns(surely_near, inner, radius)
        for _ in range(-(-radius // band) - 1):
            perhaps_near = _widen_rows(perhaps_near, words)
        in_doubt &= _exchange(perhaps_near, len(near))
    if any(doubts):
        on_disk = _count_near(in_doubt, stack, radius)
    matched = [total - doubt + near for total, doubt, near in zip(pixels, doubts, on_disk, strict=True)]
    return list(zip(matched[: len(near)], matched[len(near) :], strict=True))


def _superpose(near: Sequence[tuple[Pair, _Region]], rows: int, words: int) -> tuple[Words, list[int]]:
    """The masks of each pair laid on the same part of the frame, shape (2, pairs, rows, words), and the pixels of each.

    As more than `radius` rows below each region are empty, and at least `radius` bits after each row, moving the rows along, as
    one line, loses no pixel and brings none to where another one is asked for.
    """
    stack = np.zeros((2, len(near), rows, words), np.uint64)
    pixels = []
    for side, masks in zip(stack, zip(*[pair for pair, _ in near], strict=True), strict=True):
        for plane, mask, (_, (top, bottom, left, right, _)) in zip(side, masks, near, strict=True):
            row, word = mask.top - top, mask.left - left
            part = mask.bits[max(-row, 0) : bottom - mask.top, max(-word, 0) : right - mask.left]
            row, word = max(row, 0), max(word, 0)
            plane[row : row + part.shape[0], word : word + part.shape[1]] = part
            pixels.append(mask.area if part.size == mask.bits.size else popcount(plane))
    return stack, pixels


def _exchange(line: Words, pairs: int) -> Words:
    """What is said of the planes of a stack, said of the other one of each pair: shape (2, pairs, 1, words)."""
    return line.reshape(2, pairs, 1, -1)[::-1]


@lru_cache(maxsize=64)
def _steps(start: int, stop: int) -> tuple[tuple[np.uint64, np.uint64], ...]:
    """Moves that widen a run of half width `start` to `stop`, each with what it leaves of a word.

    A move at most triples the run and is shorter than a word.
    """
    steps = []
    while start < stop:
        step = min(stop - start, 2 * start + 1, WORD - 1)
        steps.append((np.uint64(step), np.uint64(WORD - step)))
        start += step
    return tuple(steps)


def _widen_columns(line: Words, start: int, stop: int) -> Words:
    """A line of pixels, each widened by `start` to both sides, widened to `stop`."""
    for shift, carry in _steps(start, stop):
        wide = line << shift
        wide |= line >> shift
        wide |= line
        wide[1:] |= line[:-1] >> carry
        wide[:-1] |= line[1:] << carry
        line = wide
    return line


def _widen_rows(line: Words, words: int) -> Words:
    """A line of rows of `words` words, each with what is in the rows above and below."""
    tall = line.copy()
    tall[words:] |= line[:-words]
    tall[:-words] |= line[words:]
    return tall


def _count_near(pixels: Words, stack: Words, radius: int) -> list[int]:
    """How many of the pixels, (2, pairs, rows of a band, words of all bands), have one of the other mask within their disk.

    Each looks at the rows of the disk around it, as words read from the half-word where they start.
    """
    planes, rows, words = stack.shape[0] * stack.shape[1], *stack.shape[2:]
    (filled,) = (pixels.reshape(-1) != 0).nonzero()
    (ones,) = np.unpackbits(pixels.reshape(-1)[filled].view(np.uint8), bitorder="little").view(np.bool_).nonzero()
    if not ones.size:
        return [0] * planes
    if ones.size > stack.size // _DENSE:
        return _count_widened(pixels, stack, radius)
    band = pixels.shape[2]
    plane, row, number, word = np.unravel_index(filled, (planes, band, rows // band, words))
    other = np.ravel_multi_index(((plane + planes // 2) % planes, number, row, word), (planes, rows // band, band, words))
    # a place before the first row is one in the empty rows at the end
    from_half_word = np.ndarray(2 * stack.size - 1, np.dtype("<u8"), stack, strides=(WORD // 16,)).copy()
    position = (other[ones >> 6] << 6) + (ones & 63)
    offsets = np.arange(-radius, radius + 1)[:, None] * (2 * words)
    near = np.zeros(position.size, np.bool_)
    for start, strip in _disk_strips(radius):
        first = position + start
        seen = from_half_word[offsets + (first >> 5)] >> (first & 31).astype(np.uint64)
        seen &= strip[:, None]
        near |= seen.any(axis=0)
    found: list[int] = np.bincount(plane[ones[near] >> 6], minlength=planes).tolist()
    return found


def _count_widened(pixels: Words, stack: Words, radius: int) -> list[int]:
    """The same for pixels of any number: all masks are widened by the disk, row by row."""
    pairs, _, words = stack.shape[1:]
    line = stack.reshape(-1)
    near, half = np.zeros_like(line), 0
    # towards the middle the disk gets wider
    for distance in range(radius, -1, -1):
        width = math.isqrt(radius * radius - distance * distance)
        line, half = _widen_columns(line, half, width), width
        near[distance * words :] |= line[: line.size - distance * words]
        near[: line.size - distance * words] |= line[distance * words :]
    in_rows = pixels.reshape(2, pairs, pixels.shape[2], -1, words).transpose(0, 1, 3, 2, 4).reshape(stack.shape)
    return [popcount(plane) for side in in_rows & near.reshape(stack.shape)[::-1] for plane in side]


@lru_cache(maxsize=64)
def _disk_strips(radius: int) -> tuple[tuple[int, NDArray[np.uint64]], ...]:
    """The disk dx^2 + dy^2 <= radius^2 cut into vertical strips, each as wide as one word shows.

    A strip is its first dx and a word for each dy from -radius on; bit i of it says whether (dx + i, dy) is in the disk.
    """
    halves = [math.isqrt(radius * radius - dy * dy) for dy in range(-radius, radius + 1)]
    strips = []
    for start in range(-radius, radius + 1, _STRIP):
        columns = range(start, min(start + _STRIP, radius + 1))
        words = [sum(1 << i for i, dx in enumerate(columns) if abs(dx) <= half) for half in halves]
        strips.append((start, np.array(words, np.uint64)))
    return tuple(strips)
