"""Region similarity J and contour accuracy F of one object in one frame, exactly and fast.

The definition (Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation", CVPR 2016)
is seven integers per object and frame, then a few divisions. The integers are counted in two stages:

1. *Outline.* From a packed mask (one bit a pixel, cropped) its boundary, by shifting and comparing words.
2. *Match.* A boundary pixel matches if the other mask's boundary has a pixel within a disk around it. The square inside the
   disk settles nearly all that match, the square around it those that cannot; only the pixels in doubt look at the disk.

Dilations work on both boundaries at once, an array of shape (2, rows * words), uint64: ground truth first, one row after
the other, with margins wide enough that shifting the whole array carries no pixel into another row.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lvos_eval.masks import WORD, PackedMask, Words, popcount

__all__ = ["Counts", "Outline", "contour_accuracy", "count", "outline", "region_similarity"]

_ONE: Final = np.uint64(1)
_TO_TOP_BIT: Final = np.uint64(WORD - 1)
_STRIP: Final = WORD - 7
"""Columns that a word shows whatever the bit of a byte that they start at."""


class Counts(NamedTuple):
    """The integers that J and F of one object in one frame are made of."""

    area_ground_truth: int
    area_prediction: int
    intersection: int
    boundary_ground_truth: int
    boundary_prediction: int
    matched_ground_truth: int
    """Boundary pixels of the ground truth within the tolerance of the prediction's boundary."""
    matched_prediction: int


class Outline(NamedTuple):
    """A mask and its boundary."""

    mask: PackedMask
    boundary: PackedMask


def region_similarity(counts: Counts) -> float:
    """J = |g & p| / |g or p|, 1 if both are empty."""
    union = counts.area_ground_truth + counts.area_prediction - counts.intersection
    return counts.intersection / union if union else 1.0


def contour_accuracy(counts: Counts) -> float:
    """F = 2PR / (P + R) of the boundary precision P and recall R; the operations in the order of the official toolkit."""
    if counts.boundary_prediction and counts.boundary_ground_truth:
        precision = counts.matched_prediction / counts.boundary_prediction
        recall = counts.matched_ground_truth / counts.boundary_ground_truth
    else:
        # a mask without boundary is precise about nothing, and recalls the nothing of another such mask
        precision = 0.0 if counts.boundary_prediction else 1.0
        recall = 0.0 if counts.boundary_ground_truth else 1.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def outline(mask: PackedMask, height: int, width: int) -> Outline:
    """The boundary of a mask in a frame of `height` x `width`.

    Boundary are the pixels that differ from their right, lower or lower-right neighbour; the frame's last row and column
    repeat themselves beyond its edge.
    """
    if not mask.area:
        return Outline(mask, mask)
    # the boundary starts one pixel up and left of the mask
    rows, words = mask.bits.shape
    bits = np.zeros((rows + 1, words + 1), np.uint64)
    bits[1:, 1:] = mask.bits
    bits = bits.reshape(-1)
    right = bits >> _ONE
    right[:-1] |= bits[1:] << _TO_TOP_BIT
    last_word, last_bit = divmod(width - 1, WORD)
    if mask.right == last_word + 1:
        right[words :: words + 1] |= bits[words :: words + 1] & np.uint64(1 << last_bit)
    some, every = bits | right, bits & right
    boundary = some.copy()
    boundary[: -words - 1] |= some[words + 1 :]
    inside = every.copy()
    inside[: -words - 1] &= every[words + 1 :]
    if mask.bottom < height:
        inside[-words - 1 :] = 0
    boundary ^= inside
    boundary = boundary.reshape(rows + 1, words + 1)
    if mask.top == 0:
        boundary[0] = 0
    if mask.left == 0:
        boundary[:, 0] = 0
    return Outline(mask, PackedMask(mask.top - 1, mask.left - 1, boundary, popcount(boundary)))


def count(ground_truth: Outline, prediction: Outline, radius: int) -> Counts:
    """The counts of one object, boundary pixels matching within `radius` pixels."""
    area_g, area_p = ground_truth.mask.area, prediction.mask.area
    boundary_g, boundary_p = ground_truth.boundary.area, prediction.boundary.area
    intersection = _intersection(ground_truth.mask, prediction.mask)
    if intersection == area_g == area_p:
        matched_g, matched_p = boundary_g, boundary_p
    else:
        matched_g, matched_p = _count_matched(ground_truth.boundary, prediction.boundary, radius)
    return Counts(area_g, area_p, intersection, boundary_g, boundary_p, matched_g, matched_p)


def _intersection(one: PackedMask, other: PackedMask) -> int:
    """Number of pixels in both masks."""
    top, bottom = max(one.top, other.top), min(one.bottom, other.bottom)
    left, right = max(one.left, other.left), min(one.right, other.right)
    if top >= bottom or left >= right:
        return 0
    a, b = (mask.bits[top - mask.top : bottom - mask.top, left - mask.left : right - mask.left] for mask in (one, other))
    return popcount(a & b)


def _count_matched(ground_truth: PackedMask, prediction: PackedMask, radius: int) -> tuple[int, int]:
    """How many pixels of each boundary are within `radius` of the other."""
    near_g, near_p = _within(ground_truth, prediction, radius), _within(prediction, ground_truth, radius)
    if not near_g.area or not near_p.area:
        return 0, 0
    pair, words = _superpose(near_g, near_p, radius)
    inner = math.isqrt(radius * radius // 2)
    square = _dilate_square(pair, words, 0, inner)
    unmatched = pair & ~square[::-1]
    matched_g, matched_p = near_g.area - popcount(unmatched[0]), near_p.area - popcount(unmatched[1])
    if matched_g < near_g.area or matched_p < near_p.area:
        in_doubt = unmatched & _dilate_square(square, words, inner, radius)[::-1]
        matched_g += _count_near(in_doubt[0], pair[1], words, radius)
        matched_p += _count_near(in_doubt[1], pair[0], words, radius)
    return matched_g, matched_p


def _within(mask: PackedMask, other: PackedMask, radius: int) -> PackedMask:
    """The part of a mask that can be within `radius` of the other, to the word."""
    reach = -(-radius // WORD)
    top, bottom = max(mask.top, other.top - radius), min(mask.bottom, other.bottom + radius)
    left, right = max(mask.left, other.left - reach), min(mask.right, other.right + reach)
    if (top, bottom, left, right) == (mask.top, mask.bottom, mask.left, mask.right):
        return mask
    if top >= bottom or left >= right:
        return mask._replace(area=0)
    bits = np.ascontiguousarray(mask.bits[top - mask.top : bottom - mask.top, left - mask.left : right - mask.left])
    return PackedMask(top, left, bits, popcount(bits))


def _superpose(one: PackedMask, other: PackedMask, radius: int) -> tuple[Words, int]:
    """Both masks on one field, shape (2, rows * words), and its number of words a row.

    There are `radius` empty rows above and below and as many zero bits after each row, so that no dilation runs into the edge.
    """
    top, left = min(one.top, other.top) - radius, min(one.left, other.left)
    rows = max(one.bottom, other.bottom) + radius - top
    words = max(one.right, other.right) - left + -(-radius // WORD)
    pair = np.zeros((2, rows, words), np.uint64)
    for plane, mask in zip(pair, (one, other), strict=True):
        plane[mask.top - top : mask.bottom - top, mask.left - left : mask.right - left] = mask.bits
    return pair.reshape(2, -1), words


def _count_near(pixels: Words, mask: Words, words: int, radius: int) -> int:
    """How many of `pixels` have a pixel of `mask` within the disk of `radius`: each looks at the disk's rows around it."""
    y, x = _coordinates(pixels, words)
    if not y.size:
        return 0
    rows = mask.size // words
    margin = -(-radius // 8)
    row_bytes = words * WORD // 8 + margin + 8
    padded = np.zeros((rows, row_bytes), np.uint8)
    padded[:, margin : margin + words * WORD // 8] = mask.reshape(rows, words).view(np.uint8)
    # eight bytes from any byte on: a word that holds the 57 pixels from any pixel on
    runs = np.ndarray(padded.size - 7, np.dtype("<u8"), padded, strides=(1,))
    row = (y[:, None] + np.arange(-radius, radius + 1)) * row_bytes
    near = np.zeros(y.size, np.bool_)
    for start, disk in _disk_words(radius):
        byte, bit = np.divmod(x + (8 * margin + start), 8)
        seen = runs[row + byte[:, None]] >> bit[:, None].astype(np.uint64)
        near |= (seen & disk).any(axis=1)
    return int(near.sum())


def _coordinates(pixels: Words, words: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of every one in packed rows of `words` words."""
    filled = np.flatnonzero(pixels)
    bits = np.unpackbits(pixels[filled].view(np.uint8), bitorder="little").reshape(-1, WORD)
    word, bit = np.nonzero(bits)
    y, column = np.divmod(filled[word], words)
    return y, column * WORD + bit


@lru_cache(maxsize=64)
def _disk_words(radius: int) -> tuple[tuple[int, Words], ...]:
    """The disk dx^2 + dy^2 <= radius^2 in vertical strips of at most 57 columns.

    A strip is its first dx and a word for each dy from -radius on, bit i set if (dx + i, dy) is in the disk.
    """
    halves = [math.isqrt(radius * radius - dy * dy) for dy in range(-radius, radius + 1)]
    strips = []
    for start in range(-radius, radius + 1, _STRIP):
        columns = range(start, min(start + _STRIP, radius + 1))
        strips.append(
            (start, np.array([sum(1 << i for i, dx in enumerate(columns) if abs(dx) <= half) for half in halves], np.uint64))
        )
    return tuple(strips)


@lru_cache(maxsize=256)
def _steps(start: int, stop: int) -> tuple[int, ...]:
    """Shifts that widen a run of half width `start` to `stop`; each at most triples the run and is less than a word."""
    steps = []
    while start < stop:
        step = min(stop - start, 2 * start + 1, WORD - 1)
        steps.append(step)
        start += step
    return tuple(steps)


def _widen(pair: Words, start: int, stop: int) -> Words:
    """Horizontal runs grown from half width `start` to `stop`."""
    for step in _steps(start, stop):
        shift, carry = np.uint64(step), np.uint64(WORD - step)
        wide = pair << shift
        wide |= pair >> shift
        wide |= pair
        wide[:, 1:] |= pair[:, :-1] >> carry
        wide[:, :-1] |= pair[:, 1:] << carry
        pair = wide
    return pair


def _dilate_square(pair: Words, words: int, start: int, stop: int) -> Words:
    """A dilation by the square of half side `start` grown to half side `stop`."""
    pair = _widen(pair, start, stop)
    for step in _steps(start, stop):
        offset = step * words
        tall = pair.copy()
        tall[:, offset:] |= pair[:, :-offset]
        tall[:, :-offset] |= pair[:, offset:]
        pair = tall
    return pair
