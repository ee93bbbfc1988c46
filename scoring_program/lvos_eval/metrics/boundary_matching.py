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

from lvos_eval.masks.packed import WORD, PackedMask, Words, intersection, popcount
from lvos_eval.metrics.batching import in_batches
from lvos_eval.metrics.stacks import Stack

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
    """Words that its rows need to end with at least `radius` empty bits each."""


def count_matched(pairs: Sequence[Pair], radius: int) -> list[tuple[int, int]]:
    """For each pair of boundaries: how many pixels of the one are within `radius` of the other, and the other way round."""
    if radius == 0:
        return [(shared, shared) for shared in (intersection(*pair) for pair in pairs)]
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
    # a disk reaches `radius` rows far, and as many columns, which are less than one row more
    stack = Stack.empty(2 * len(near), -(-rows // band) * band, words, guard=radius + 1)
    pixels = _stack_pairs(near, stack)
    # the first row of every band of a plane, then the second, and so on: shape (2, pairs, band, words of all bands)
    by_band = stack.planes.reshape(2, len(near), -1, band, words).transpose(0, 1, 3, 2, 4)
    in_doubt = np.array(by_band, order="C").reshape(2, len(near), band, -1)
    reach = -(-radius // band)
    occupied = Stack.empty(2 * len(near), stack.rows // band, words, guard=reach + 1)
    np.bitwise_or.reduce(in_doubt, axis=2, out=occupied.planes.reshape(2, len(near), -1))
    # rows of one band and the next are at most 2 * band - 1 apart
    inner = math.isqrt(radius * radius - (2 * band - 1) ** 2)
    surely_near = occupied.widen_columns(0, inner).widen_rows()
    in_doubt &= ~_swap_sides(surely_near)
    doubts = [popcount(line) for side in in_doubt for line in side]
    on_disk = [0] * len(doubts)
    if sum(doubts) > _FEW * len(doubts):
        perhaps_near = surely_near.widen_columns(inner, radius)
        for _ in range(reach - 1):
            perhaps_near = perhaps_near.widen_rows()
        in_doubt &= _swap_sides(perhaps_near)
    if any(doubts):
        on_disk = _count_near(in_doubt, stack, radius)
    matched = [total - doubt + near for total, doubt, near in zip(pixels, doubts, on_disk, strict=True)]
    return list(zip(matched[: len(near)], matched[len(near) :], strict=True))


def _stack_pairs(near: Sequence[tuple[Pair, _Region]], stack: Stack) -> list[int]:
    """Lays the masks of each pair on the same part of the frame: all first masks, then all second ones. The pixels of each.

    Each plane ends with more than `radius` empty rows, each row with at least `radius` empty bits.
    """
    pixels = []
    sides = stack.planes.reshape(2, len(near), stack.rows, stack.words)
    for side, masks in zip(sides, zip(*[pair for pair, _ in near], strict=True), strict=True):
        for plane, mask, (_, (top, bottom, left, right, _)) in zip(side, masks, near, strict=True):
            row, word = mask.top - top, mask.left - left
            part = mask.bits[max(-row, 0) : bottom - mask.top, max(-word, 0) : right - mask.left]
            row, word = max(row, 0), max(word, 0)
            plane[row : row + part.shape[0], word : word + part.shape[1]] = part
            pixels.append(mask.area if part.size == mask.bits.size else popcount(plane))
    return pixels


def _swap_sides(bands: Stack) -> Words:
    """What is said of the pixels of each mask, said of the other one of its pair: shape (2, pairs, 1, words of all bands)."""
    return bands.planes.reshape(2, -1, 1, bands.rows * bands.words)[::-1]


def _count_near(pixels: Words, stack: Stack, radius: int) -> list[int]:
    """How many of the pixels, (2, pairs, rows of a band, words of all bands), have one of the other mask within their disk.

    Each looks at the rows of the disk around it, as words read from the half-word where they start.
    """
    _, pairs, band, _ = pixels.shape
    (filled,) = (pixels.reshape(-1) != 0).nonzero()
    (ones,) = np.unpackbits(pixels.reshape(-1)[filled].view(np.uint8), bitorder="little").view(np.bool_).nonzero()
    if not ones.size:
        return [0] * (2 * pairs)
    if ones.size > stack.planes.size // _DENSE:
        return _count_widened(pixels, stack, radius)
    plane, row, number, word = np.unravel_index(filled, (2 * pairs, band, stack.rows // band, stack.words))
    other = stack.places((plane + pairs) % (2 * pairs), number * band + row, word)
    position = other[ones // WORD] * WORD + ones % WORD
    from_half_word = np.ndarray(2 * stack.line.size - 1, np.dtype("<u8"), stack.line, strides=(WORD // 16,)).copy()
    offsets = np.arange(-radius, radius + 1)[:, None] * (2 * stack.words)
    near = np.zeros(position.size, np.bool_)
    for start, strip in _disk_strips(radius):
        first = position + start
        seen = from_half_word[offsets + (first >> 5)] >> (first & 31).astype(np.uint64)
        seen &= strip[:, None]
        near |= seen.any(axis=0)
    found: list[int] = np.bincount(plane[ones[near] // WORD], minlength=2 * pairs).tolist()
    return found


def _count_widened(pixels: Words, stack: Stack, radius: int) -> list[int]:
    """The same for pixels of any number: all masks are widened by the disk, row by row."""
    _, pairs, band, _ = pixels.shape
    wide, half = stack, 0
    near = np.zeros_like(stack.line)
    # towards the middle the disk gets wider
    for distance in range(radius, -1, -1):
        width = math.isqrt(radius * radius - distance * distance)
        wide, half = wide.widen_columns(half, width), width
        move = distance * stack.words
        near[move:] |= wide.line[: near.size - move]
        near[: near.size - move] |= wide.line[move:]
    by_row = (2, pairs, stack.rows, stack.words)
    in_rows = pixels.reshape(2, pairs, band, -1, stack.words).transpose(0, 1, 3, 2, 4).reshape(by_row)
    others = stack._replace(line=near).planes.reshape(by_row)[::-1]
    return [popcount(plane) for side in in_rows & others for plane in side]


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
