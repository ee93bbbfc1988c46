"""Region similarity J and contour accuracy F of one object in one frame, exactly and fast.

The definition (Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation", CVPR 2016)
is seven integers per object and frame, then a few divisions. The integers are counted in two stages:

1. *Outline.* From a mask, packed to one bit a pixel and cropped, its boundary (`boundary`).
2. *Match.* How many of its pixels have one of the other mask's boundary within the tolerance (`boundary_matching`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lvos_eval.masks.packed import PackedMask, popcount
from lvos_eval.metrics.boundary import boundaries
from lvos_eval.metrics.boundary_matching import Pair, count_matched, tolerance

__all__ = ["Counts", "Pair", "contour_accuracy", "count", "measure", "region_similarity"]


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


def measure(pairs: Sequence[Pair], height: int, width: int) -> list[tuple[float, float]]:
    """J and F of each pair of masks, ground truth and prediction, of a (height, width) frame; many take less time at once."""
    measures = [_of_nothing(*pair, height * width) for pair in pairs]
    open_cases = [position for position, found in enumerate(measures) if found is None]
    for position, counts in zip(open_cases, count([pairs[k] for k in open_cases], height, width), strict=True):
        measures[position] = region_similarity(counts), contour_accuracy(counts)
    return [found for found in measures if found is not None]


def _of_nothing(ground_truth: PackedMask, prediction: PackedMask, frame: int) -> tuple[float, float] | None:
    """J and F where they follow from one of the masks being empty; a mask of all pixels of the frame has no boundary either."""
    areas = ground_truth.area, prediction.area
    if not any(areas):
        return 1.0, 1.0
    if not all(areas) and frame not in areas:
        return 0.0, 0.0
    return None


def count(pairs: Sequence[Pair], height: int, width: int, radius: int | None = None) -> list[Counts]:
    """The counts of each pair of masks of a (height, width) frame; `radius` is the protocol's tolerance unless given."""
    radius = tolerance(height, width) if radius is None else radius
    # one mask may be part of many pairs
    masks = {id(mask): mask for pair in pairs for mask in pair}
    by_mask = dict(zip(masks, boundaries(list(masks.values()), height, width), strict=True))
    outlines = [(by_mask[id(ground_truth)], by_mask[id(prediction)]) for ground_truth, prediction in pairs]
    matched = count_matched(outlines, radius)
    return [
        Counts(one.area, other.area, _intersection(one, other), outline.area, other_outline.area, *near)
        for (one, other), (outline, other_outline), near in zip(pairs, outlines, matched, strict=True)
    ]


def _intersection(one: PackedMask, other: PackedMask) -> int:
    """Number of pixels in both masks."""
    top, bottom = max(one.top, other.top), min(one.bottom, other.bottom)
    left, right = max(one.left, other.left), min(one.right, other.right)
    if top >= bottom or left >= right:
        return 0
    a, b = (mask.bits[top - mask.top : bottom - mask.top, left - mask.left : right - mask.left] for mask in (one, other))
    return popcount(a & b)
