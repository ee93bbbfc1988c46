"""Region similarity J and contour accuracy F of one object in one frame, exactly and fast.

The definition (Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation", CVPR 2016)
is seven integers per object and frame, then a few divisions. This module counts the integers in two stages:

1. *Crop and pack.* Both masks are cut to a box that holds the object in either, and packed to one bit a pixel, so
   that a 64-bit word is 64 pixels.
2. *Compute once, derive.* Area, intersection and boundary are bit operations on words. Boundary pixels of one mask match
   if the other mask's boundary, dilated by a disk, covers them. A square inside the disk settles nearly all of them; the exact
   disk, a union of horizontal runs, is only drawn on the rows in which something is still unmatched.

A pair of masks is an array of shape (2, height * words), uint64: ground truth first, prediction second, rows one after
the other, pixel x of a row in bit x % 64 of word x // 64. Each row ends with at least `tolerance` zero bits, so that
shifting the whole array never carries a pixel into the next row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvos_eval.masks import Box, Labels, ObjectPixels
from lvos_eval.protocol import tolerance

__all__ = ["Counts", "contour_accuracy", "count_object", "region_similarity"]

Words: TypeAlias = NDArray[np.uint64]

WORD: Final = 64


class Counts(NamedTuple):
    """The integers that J and F of one object in one frame are made of."""

    area_ground_truth: int = 0
    area_prediction: int = 0
    intersection: int = 0
    boundary_ground_truth: int = 0
    boundary_prediction: int = 0
    matched_ground_truth: int = 0
    """Boundary pixels of the ground truth within the tolerance of the prediction's boundary."""
    matched_prediction: int = 0


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


@dataclass(frozen=True, slots=True)
class _Disk:
    """The disk dx^2 + dy^2 <= radius^2 as horizontal runs.

    `runs` holds (half width, row offsets dy > 0 with that half width, whether dy = 0 has it), narrowest first.
    """

    radius: int
    inner_square: int
    """Half side of the largest square inside the disk."""
    runs: tuple[tuple[int, tuple[int, ...]], ...]


@lru_cache(maxsize=64)
def _disk(radius: int) -> _Disk:
    rows: dict[int, list[int]] = {}
    for dy in range(radius + 1):
        rows.setdefault(math.isqrt(radius * radius - dy * dy), []).append(dy)
    return _Disk(radius, math.isqrt(radius * radius // 2), tuple((half, tuple(rows[half])) for half in sorted(rows)))


def count_object(
    ground_truth: Labels, prediction: Labels, label: int, in_ground_truth: ObjectPixels, in_prediction: ObjectPixels
) -> Counts:
    """The counts of object `label` in two label maps of shape (height, width), given where it is in each."""
    height, width = ground_truth.shape
    radius = tolerance(height, width)
    area_g, area_p = in_ground_truth.area, in_prediction.area
    if not area_g or not area_p or not in_ground_truth.box.is_within(radius + 1, in_prediction.box):
        # nothing to intersect and nothing to match: each boundary is counted where it is
        boundary_g, boundary_p = (
            _popcount(_boundary(*_pack([labels], label, found.box, radius))) if found.area else 0
            for labels, found in ((ground_truth, in_ground_truth), (prediction, in_prediction))
        )
        return Counts(area_g, area_p, 0, boundary_g, boundary_p, 0, 0)
    pair, field = _pack([ground_truth, prediction], label, in_ground_truth.box.union(in_prediction.box), radius)
    intersection = _popcount(pair[0] & pair[1])
    boundary = _boundary(pair, field)
    boundary_g, boundary_p = _popcounts(boundary)
    if not boundary_g or not boundary_p:
        unmatched_g, unmatched_p = boundary_g, boundary_p
    elif intersection == area_g == area_p:
        unmatched_g, unmatched_p = 0, 0
    else:
        unmatched_g, unmatched_p = _count_unmatched(boundary, field.words, radius)
    return Counts(area_g, area_p, intersection, boundary_g, boundary_p, boundary_g - unmatched_g, boundary_p - unmatched_p)


class _Field(NamedTuple):
    """The part of a frame that packed masks show: its box, the words a row, and which edges of the frame it touches."""

    box: Box
    words: int
    at_right: bool
    at_bottom: bool


def _pack(masks: Sequence[Labels], label: int, box: Box, padding: int) -> tuple[Words, _Field]:
    """Where label maps equal `label`, one packed mask each; shape (masks, height * words) of a field that holds `box`.

    The field has one row and column more at the top and left, where the boundary starts, and `padding` zero bits after each row.
    """
    height, width = masks[0].shape
    box = Box(max(box.left - 1, 0), max(box.top - 1, 0), box.right, box.bottom)
    columns = box.right - box.left
    words = -(-(columns + padding) // WORD)
    canvas = np.empty((len(masks), box.bottom - box.top, words * WORD), np.bool_)
    for plane, mask in zip(canvas, masks, strict=True):
        np.equal(mask[box.slices], label, out=plane[:, :columns])
    canvas[:, :, columns:] = False
    packed = np.packbits(canvas.reshape(-1), bitorder="little").view(np.uint64).reshape(len(masks), -1)
    return packed, _Field(box, words, box.right == width, box.bottom == height)


def _popcount(packed: Words) -> int:
    return int(np.bitwise_count(packed).sum())


def _popcounts(pair: Words) -> tuple[int, int]:
    counts = np.bitwise_count(pair).sum(axis=1)
    return int(counts[0]), int(counts[1])


def _boundary(masks: Words, field: _Field) -> Words:
    """Pixels that differ from their right, lower or lower-right neighbour; the frame's last row and column repeat themselves."""
    words = field.words
    right = masks >> np.uint64(1)
    right[:, :-1] |= masks[:, 1:] << np.uint64(WORD - 1)
    if field.box.left == 0:
        # the first pixel of the next row is no neighbour of this row's padding
        right[:, words - 1 :: words] &= np.uint64((1 << (WORD - 1)) - 1)
    if field.at_right:
        word, bit = divmod(field.box.right - field.box.left - 1, WORD)
        right[:, word::words] |= masks[:, word::words] & np.uint64(1 << bit)
    some, every = masks | right, masks & right
    boundary = some.copy()
    boundary[:, :-words] |= some[:, words:]
    inside = every.copy()
    inside[:, :-words] &= every[:, words:]
    if not field.at_bottom:
        inside[:, -words:] = 0
    boundary ^= inside
    return boundary


def _count_unmatched(boundary: Words, words: int, radius: int) -> tuple[int, int]:
    """How many boundary pixels of each mask lie farther than `radius` from the other mask's boundary."""
    disk = _disk(radius)
    unmatched = boundary & ~_dilate_square(boundary, words, disk.inner_square)[::-1]
    left = unmatched[0] | unmatched[1]
    rows = np.flatnonzero(left.reshape(-1, words).any(axis=1))
    if not rows.size:
        return 0, 0
    first = max(int(rows[0]) - radius, 0) * words
    last = (int(rows[-1]) + radius + 1) * words
    unmatched = unmatched[:, first:last]
    unmatched &= ~_dilate_disk(boundary[:, first:last], words, disk)[::-1]
    return _popcounts(unmatched)


def _steps(start: int, stop: int) -> list[int]:
    """Shifts that widen a run of half width `start` to `stop`; each may at most triple the run and move by less than a word."""
    steps = []
    while start < stop:
        step = min(stop - start, 2 * start + 1, WORD - 1)
        steps.append(step)
        start += step
    return steps


def _widen(packed: Words, start: int, stop: int) -> Words:
    """Horizontal runs grown from half width `start` to `stop`."""
    for step in _steps(start, stop):
        shift, carry = np.uint64(step), np.uint64(WORD - step)
        wide = packed << shift
        wide |= packed >> shift
        wide |= packed
        wide[:, 1:] |= packed[:, :-1] >> carry
        wide[:, :-1] |= packed[:, 1:] << carry
        packed = wide
    return packed


def _dilate_square(packed: Words, words: int, half: int) -> Words:
    """Dilation by the square of side 2 * half + 1."""
    packed = _widen(packed, 0, half)
    for step in _steps(0, half):
        offset = step * words
        if offset >= packed.shape[1]:
            break
        tall = packed.copy()
        tall[:, offset:] |= packed[:, :-offset]
        tall[:, :-offset] |= packed[:, offset:]
        packed = tall
    return packed


def _dilate_disk(packed: Words, words: int, disk: _Disk) -> Words:
    """Dilation by the disk: each row of the disk is a horizontal run."""
    dilated = np.zeros_like(packed)
    half = 0
    for wider, rows in disk.runs:
        packed = _widen(packed, half, wider)
        half = wider
        for row in rows:
            offset = row * words
            if not row:
                dilated |= packed
            elif offset < packed.shape[1]:
                dilated[:, offset:] |= packed[:, :-offset]
                dilated[:, :-offset] |= packed[:, offset:]
    return dilated
