"""Region similarity J and contour accuracy F of one object in one frame, exactly and fast.

The definition (`metrics.definition`) is seven integers per object and frame, then a few divisions. The integers are counted
in two stages:

1. *Outline.* From a mask, packed to one bit a pixel and cropped, its boundary (`boundary`).
2. *Match.* How many of its pixels have one of the other mask's boundary within the tolerance (`boundary_matching`).
"""

from __future__ import annotations

from collections.abc import Sequence

from lvos_eval.masks.packed import FrameSize, PackedMask, intersection
from lvos_eval.metrics.boundary import boundaries
from lvos_eval.metrics.boundary_matching import Pair, count_matched
from lvos_eval.metrics.definition import Counts, tolerance

__all__ = ["count", "score_pairs"]


def score_pairs(pairs: Sequence[Pair], size: FrameSize) -> list[tuple[float, float]]:
    """J and F of each pair of masks, ground truth and prediction, of frames of one size; many take less time at once."""
    measures = [_of_nothing(*pair, size.pixels) for pair in pairs]
    open_cases = [position for position, found in enumerate(measures) if found is None]
    for position, counts in zip(open_cases, count([pairs[k] for k in open_cases], size), strict=True):
        measures[position] = counts.region_similarity, counts.contour_accuracy
    return [found for found in measures if found is not None]


def _of_nothing(ground_truth: PackedMask, prediction: PackedMask, pixels: int) -> tuple[float, float] | None:
    """J and F where they follow from one of the masks being empty; a mask of all pixels of the frame has no boundary either."""
    areas = ground_truth.area, prediction.area
    if not any(areas):
        return 1.0, 1.0
    if not all(areas) and pixels not in areas:
        return 0.0, 0.0
    return None


def count(pairs: Sequence[Pair], size: FrameSize, radius: int | None = None) -> list[Counts]:
    """The counts of each pair of masks of frames of one size; `radius` is the protocol's tolerance unless given."""
    radius = tolerance(*size) if radius is None else radius
    # one mask may be part of many pairs
    masks = {id(mask): mask for pair in pairs for mask in pair}
    by_mask = dict(zip(masks, boundaries(list(masks.values()), size), strict=True))
    outlines = [(by_mask[id(ground_truth)], by_mask[id(prediction)]) for ground_truth, prediction in pairs]
    matched = count_matched(outlines, radius)
    return [
        Counts(one.area, other.area, intersection(one, other), outline.area, other_outline.area, *near)
        for (one, other), (outline, other_outline), near in zip(pairs, outlines, matched, strict=True)
    ]
