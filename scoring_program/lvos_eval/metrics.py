"""Region similarity J and contour accuracy F of one object in one frame, exactly and fast.

The definition (Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation", CVPR 2016)
is seven integers per object and frame, then a few divisions. The integers are counted in two stages:

1. *Superpose.* Both masks, packed to one bit a pixel, are laid on one field; area, intersection and boundary are operations
   on its 64-pixel words.
2. *Match.* A boundary pixel matches if the other mask's boundary has a pixel within a disk around it. The square inside the
   disk settles nearly all that match, the square around it most that do not; only the pixels in doubt look at the disk.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lvos_eval.masks import WORD, PackedMask, Words, popcount
from lvos_eval.protocol import tolerance

__all__ = ["Counts", "can_match", "contour_accuracy", "count", "region_similarity"]

_ONE: Final = np.uint64(1)
_TO_TOP_BIT: Final = np.uint64(WORD - 1)
_STRIP: Final = WORD - 7
"""Columns that a word read from any byte on shows, whatever the bit of that byte that they start at."""
_FEW: Final = 128
"""Unmatched pixels up to which looking at each one's disk takes no longer than another dilation."""


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


def count(ground_truth: PackedMask, prediction: PackedMask, height: int, width: int, radius: int | None = None) -> Counts:
    """The counts of one object in a frame of `height` x `width`; `radius` is the protocol's tolerance unless given."""
    radius = tolerance(height, width) if radius is None else radius
    area_g, area_p = ground_truth.area, prediction.area
    if not area_g or not area_p or not can_match(ground_truth, prediction, radius):
        boundary_g, boundary_p = (_boundary_size(mask, height, width) for mask in (ground_truth, prediction))
        return Counts(area_g, area_p, 0, boundary_g, boundary_p, 0, 0)
    field = _superpose([ground_truth, prediction], radius)
    intersection = popcount(field.bits[0] & field.bits[1])
    boundary = _boundary(field, height, width)
    boundary_g, boundary_p = popcount(boundary[0]), popcount(boundary[1])
    if intersection == area_g == area_p:
        matched_g, matched_p = boundary_g, boundary_p
    else:
        matched_g, matched_p = _count_matched(field, boundary, (ground_truth, prediction), radius)
    return Counts(area_g, area_p, intersection, boundary_g, boundary_p, matched_g, matched_p)


def _boundary_size(mask: PackedMask, height: int, width: int) -> int:
    """Number of boundary pixels of a mask."""
    return popcount(_boundary(_superpose([mask], 1), height, width)) if mask.area else 0


def can_match(one: PackedMask, other: PackedMask, radius: int) -> bool:
    """Whether boundary pixels of two masks can be within `radius` of each other, as far as their rows and words tell.

    If not, two masks that are not empty have J = F = 0.
    """
    reach = -(-(radius + 1) // WORD)
    return (
        one.top <= other.bottom + radius
        and other.top <= one.bottom + radius
        and one.left <= other.right + reach
        and other.left <= one.right + reach
    )


class _Field(NamedTuple):
    """Masks laid on the same part of a frame, each as one long line of bits, one row after the other.

    `radius` empty rows above and below and as many empty bits (and one more) after each row make sure that moving a line
    along, by pixels or by rows, brings no pixel to where another one is asked for.
    """

    bits: Words
    """Shape (masks, rows * words)."""
    words: int
    """Words in a row."""
    top: int
    """Row of the frame that the field's first row is."""
    left: int
    """Word of the frame that the first word of the field's rows is."""


def _superpose(masks: Sequence[PackedMask], radius: int) -> _Field:
    top = min(mask.top for mask in masks) - radius
    left = min(mask.left for mask in masks)
    rows = max(mask.bottom for mask in masks) + radius - top
    words = max(mask.right for mask in masks) - left + -(-(radius + 1) // WORD)
    bits = np.zeros((len(masks), rows, words), np.uint64)
    for plane, mask in zip(bits, masks, strict=True):
        plane[mask.top - top : mask.bottom - top, mask.left - left : mask.right - left] = mask.bits
    return _Field(bits.reshape(len(masks), -1), words, top, left)


def _boundary(field: _Field, height: int, width: int) -> Words:
    """Pixels that differ from their right, lower or lower-right neighbour; shape as the field.

    The frame's last row and column repeat themselves beyond its edge. The boundary starts one pixel up and left of a mask;
    left of the first word, that is the last bit of the row before.
    """
    bits, words = field.bits, field.words
    right = bits >> _ONE
    right[:, :-1] |= bits[:, 1:] << _TO_TOP_BIT
    last_word, last_bit = divmod(width - 1, WORD)
    if last_word - field.left < words:
        column = slice(last_word - field.left, None, words)
        right[:, column] |= bits[:, column] & np.uint64(1 << last_bit)
    some, every = bits | right, bits & right
    boundary = some.copy()
    boundary[:, :-words] |= some[:, words:]
    inside = np.zeros_like(every)
    np.bitwise_and(every[:, :-words], every[:, words:], out=inside[:, :-words])
    last_row = (height - 1 - field.top) * words
    if last_row < bits.shape[1]:
        inside[:, last_row : last_row + words] = every[:, last_row : last_row + words]
    boundary ^= inside
    if field.left == 0:
        boundary[:, words - 1 :: words] &= ~np.uint64(1 << (WORD - 1))
    if field.top < 0:
        outside = -field.top * words
        boundary[:, : outside - 1] = 0
        boundary[:, outside - 1] &= np.uint64(1 << (WORD - 1))
    return boundary


def _count_matched(field: _Field, boundary: Words, masks: Sequence[PackedMask], radius: int) -> tuple[int, int]:
    """How many pixels of each of two boundaries are within `radius` of the other."""
    boundary, words = _crop(field, boundary, masks, radius)
    inner = math.isqrt(radius * radius // 2)
    square = _dilate_square(boundary, words, 0, inner)
    in_doubt = boundary & ~square[::-1]
    matched = popcount(boundary[0]) - popcount(in_doubt[0]), popcount(boundary[1]) - popcount(in_doubt[1])
    unmatched = popcount(in_doubt)
    if unmatched > _FEW:
        in_doubt &= _dilate_square(square, words, inner, radius)[::-1]
    near = _count_near(in_doubt, boundary[::-1], words, radius) if unmatched else (0, 0)
    return matched[0] + near[0], matched[1] + near[1]


def _crop(field: _Field, boundary: Words, masks: Sequence[PackedMask], radius: int) -> tuple[Words, int]:
    """The boundaries without most of what lies too far from the other mask to match, and the words in a row.

    Masks of much the same extent are left as they are: what would be cut off is less than the work of cutting.
    """
    reach = -(-(radius + 1) // WORD)
    top, bottom = max(mask.top for mask in masks) - radius - 1, min(mask.bottom for mask in masks) + radius
    left, right = max(mask.left for mask in masks) - reach, min(mask.right for mask in masks) + reach
    if 2 * (bottom - top) * (right - left) > boundary.shape[1]:
        return boundary, field.words
    planes = boundary.reshape(2, -1, field.words)
    rows = slice(max(top - field.top, 0), bottom - field.top)
    columns = slice(max(left - field.left, 0), right - field.left)
    part = np.pad(planes[:, rows, columns], ((0, 0), (radius, radius), (0, reach)))
    return part.reshape(2, -1), part.shape[2]


def _steps(start: int, stop: int) -> list[int]:
    """Moves that widen a run of half width `start` to `stop`; each at most triples the run and is shorter than a word."""
    steps = []
    while start < stop:
        steps.append(min(stop - start, 2 * start + 1, WORD - 1))
        start += steps[-1]
    return steps


def _dilate_square(field: Words, words: int, start: int, stop: int) -> Words:
    """A dilation by the square of half side `start` grown to half side `stop`."""
    for step in _steps(start, stop):
        shift, carry = np.uint64(step), np.uint64(WORD - step)
        wide = field << shift
        wide |= field >> shift
        wide |= field
        wide[:, 1:] |= field[:, :-1] >> carry
        wide[:, :-1] |= field[:, 1:] << carry
        field = wide
    for step in _steps(start, stop):
        tall = field.copy()
        tall[:, step * words :] |= field[:, : -step * words]
        tall[:, : -step * words] |= field[:, step * words :]
        field = tall
    return field


def _count_near(pixels: Words, other: Words, words: int, radius: int) -> tuple[int, int]:
    """How many pixels of each of two masks have a pixel of its other mask within the disk of `radius`.

    Each looks at the rows of the disk around it, as words read from the byte where they start.
    """
    filled = np.flatnonzero(pixels)
    ones = np.unpackbits(pixels.reshape(-1)[filled].view(np.uint8), bitorder="little")
    entry, bit = np.divmod(np.flatnonzero(ones), WORD)
    if not entry.size:
        return 0, 0
    position = filled[entry] * WORD + bit
    # all rows of both masks are one line, which may be read beyond its ends
    margin = words * radius * WORD // 8 + WORD
    line = np.zeros(2 * margin + other.nbytes, np.uint8)
    line[margin:-margin] = np.ascontiguousarray(other).view(np.uint8).reshape(-1)
    from_byte = np.ndarray(line.size - WORD // 8, np.dtype("<u8"), line, strides=(1,))
    rows = np.arange(-radius, radius + 1) * (words * WORD // 8) + margin
    near = np.zeros(position.size, np.bool_)
    for start, strip in _disk_strips(radius):
        byte, bit = np.divmod(position + start, 8)
        seen = from_byte[byte[:, None] + rows] >> bit[:, None].astype(np.uint64)
        near |= (seen & strip).any(axis=1)
    first = int(np.count_nonzero(near[position < pixels.shape[1] * WORD]))
    return first, int(np.count_nonzero(near)) - first


@lru_cache(maxsize=64)
def _disk_strips(radius: int) -> tuple[tuple[int, NDArray[np.uint64]], ...]:
    """The disk dx^2 + dy^2 <= radius^2 cut into vertical strips of at most 57 columns.

    A strip is its first dx and a word for each dy from -radius on; bit i of it says whether (dx + i, dy) is in the disk.
    """
    halves = [math.isqrt(radius * radius - dy * dy) for dy in range(-radius, radius + 1)]
    strips = []
    for start in range(-radius, radius + 1, _STRIP):
        columns = range(start, min(start + _STRIP, radius + 1))
        words = [sum(1 << i for i, dx in enumerate(columns) if abs(dx) <= half) for half in halves]
        strips.append((start, np.array(words, np.uint64)))
    return tuple(strips)
