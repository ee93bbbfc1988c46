"""The measures of MOSE v2, exactly and fast: J with one pixel added, F, and F within a tolerance that goes by the object.

The definition is in `metrics.definition`. Where the tolerance is a whole number of pixels, boundaries are matched as for the
plain F (`boundary_matching`). Where an object is so large that the frame's own, unrounded tolerance counts, the disk has no
middle pixel and looks to one side: both boundaries are then widened by its rows, many at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Final, NamedTuple

import numpy as np

from lvos_eval.masks.packed import EMPTY_MASK, WORD, FrameSize, PackedMask, Words, intersection, popcount
from lvos_eval.metrics.batching import in_batches
from lvos_eval.metrics.boundary import boundaries
from lvos_eval.metrics.boundary_matching import Pair, count_matched
from lvos_eval.metrics.definition import Counts, disk, object_tolerance
from lvos_eval.metrics.stacks import Stack

__all__ = ["count_matched_aside", "score_pairs_adaptively"]

_NOTHING: Final = (0, 0)


class _Row(NamedTuple):
    """A row of a disk: pixels `dy` rows below see the columns `centre - half` to `centre + half`, and one more if `even`."""

    dy: int
    centre: int
    half: int
    even: bool


def score_pairs_adaptively(pairs: Sequence[Pair], size: FrameSize) -> list[tuple[float, float, float]]:
    """J with one pixel added, F and F within the object's tolerance, of each pair of ground truth and prediction."""
    outlines = _outlines(pairs, size)
    radii = [_radii(ground_truth, size) for ground_truth, _ in pairs]
    matched: list[dict[float, tuple[int, int]]] = [{} for _ in pairs]
    by_radius: defaultdict[float, list[int]] = defaultdict(list)
    for position, (both, asked) in enumerate(zip(outlines, radii, strict=True)):
        for radius in set(asked):
            if all(mask.area for mask in both):
                by_radius[radius].append(position)
            else:
                matched[position][radius] = _NOTHING
    for radius, positions in by_radius.items():
        near = [outlines[position] for position in positions]
        found = count_matched(near, int(radius)) if radius == int(radius) else count_matched_aside(near, radius)
        for position, counts in zip(positions, found, strict=True):
            matched[position][radius] = counts
    scores = []
    for pair, both, asked, found_by_radius in zip(pairs, outlines, radii, matched, strict=True):
        areas = pair[0].area, pair[1].area, intersection(*pair), both[0].area, both[1].area
        plain, adapted = (Counts(*areas, *found_by_radius[radius]) for radius in asked)
        scores.append((plain.padded_similarity, plain.contour_accuracy, adapted.contour_accuracy))
    return scores


def _outlines(pairs: Sequence[Pair], size: FrameSize) -> list[Pair]:
    masks = {id(mask): mask for pair in pairs for mask in pair if mask.area}
    by_mask = dict(zip(masks, boundaries(list(masks.values()), size), strict=True))
    return [(by_mask.get(id(one), EMPTY_MASK), by_mask.get(id(other), EMPTY_MASK)) for one, other in pairs]


def _radii(ground_truth: PackedMask, size: FrameSize) -> tuple[float, float]:
    """The tolerances of F and of F within the object's tolerance."""
    return object_tolerance(ground_truth.area, *size)


def count_matched_aside(pairs: Sequence[Pair], radius: float) -> list[tuple[int, int]]:
    """As `count_matched`, for a radius that is not a whole number: matching looks at the cells of `definition.disk`."""
    rows = _disk_rows(radius)
    reach = max(max(abs(row.dy), abs(row.centre) + row.half + 1) for row in rows)
    # empty rows and words between the masks, so that no pixel is seen from another row or mask
    spare = -(-reach // WORD)
    sizes = [
        (
            max(one.bottom, other.bottom) - min(one.top, other.top) + reach,
            max(one.right, other.right) - min(one.left, other.left) + spare,
        )
        for one, other in pairs
    ]
    return in_batches(partial(_count_matched_aside, disk_rows=rows, reach=reach), pairs, sizes)


def _count_matched_aside(
    pairs: Sequence[Pair], rows: int, words: int, disk_rows: Sequence[_Row], reach: int
) -> list[tuple[int, int]]:
    stack = Stack.empty(2 * len(pairs), rows, words, guard=reach + 1)
    planes = stack.planes.reshape(len(pairs), 2, rows, words)
    for both, pair in zip(planes, pairs, strict=True):
        top, left = min(mask.top for mask in pair), min(mask.left for mask in pair)
        for plane, mask in zip(both, pair, strict=True):
            plane[mask.top - top : mask.bottom - top, mask.left - left : mask.right - left] = mask.bits
    near = stack._replace(line=_sees(stack, disk_rows)).planes.reshape(planes.shape)
    found = planes & near[:, ::-1]
    return [(popcount(both[0]), popcount(both[1])) for both in found]


def _sees(stack: Stack, disk_rows: Sequence[_Row]) -> Words:
    """Every pixel from which the disk reaches a pixel of its plane."""
    near = np.zeros_like(stack.line)
    wide, half = stack, 0
    # from the narrow rows to the wide ones, each widened from the one before
    for row in sorted(disk_rows, key=lambda row: row.half):
        wide, half = wide.widen_columns(half, row.half), row.half
        for centre in (row.centre, row.centre + 1) if row.even else (row.centre,):
            seen = _from_columns(wide.line, centre)
            move = row.dy * stack.words
            if move >= 0:
                near[: near.size - move] |= seen[move:]
            else:
                near[-move:] |= seen[:move]
    return near


def _from_columns(line: Words, columns: int) -> Words:
    """What each pixel has so many columns to its right; fewer than a word."""
    if not columns:
        return line
    shift, carry = np.uint64(abs(columns)), np.uint64(WORD - abs(columns))
    if columns > 0:
        seen = line >> shift
        seen[:-1] |= line[1:] << carry
    else:
        seen = line << shift
        seen[1:] |= line[:-1] >> carry
    return seen


@lru_cache(maxsize=64)
def _disk_rows(radius: float) -> tuple[_Row, ...]:
    cells = disk(radius)
    middle = len(cells) // 2
    rows = []
    for number, row in enumerate(cells):
        columns = np.flatnonzero(row)
        if columns.size:
            first, last = int(columns[0]) - middle, int(columns[-1]) - middle
            half, even = divmod(last - first, 2)
            rows.append(_Row(number - middle, first + half, half, bool(even)))
    # OpenCV takes the first cell of an element without any; that is a frame with a diagonal below 74 pixels
    return tuple(rows) or (_Row(-middle, -middle, 0, False),)
