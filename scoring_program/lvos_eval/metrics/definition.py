"""J, F and V as the papers and the official toolkits define them: full frames, one step after the other, nothing fast.

This is the textbook: `metrics.measures`, which scores submissions, is tested against it and timed against it.

Sources:

- Papers: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation" (CVPR 2016), for J and F;
  Hong et al., "LVOS: A Benchmark for Long-term Video Object Segmentation" (ICCV 2023), for V.
- Official toolkit: github.com/LingyiHongfd/lvos-evaluation at 25cb02d, `lvos/metrics.py` and `lvos/utils.py`. J and F there are
  those of github.com/davisvideochallenge/davis2017-evaluation at 30b698a, `davis2017/metrics.py`.

Masks are boolean arrays of shape (height, width), in pixels; the ground truth comes first. Every value equals the toolkit's to
the last bit: integers are counted, then divided in the toolkit's order.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "AREA_FRACTION",
    "TOLERANCE_FRACTION",
    "Counts",
    "Mask",
    "Series",
    "boundary",
    "contour_accuracy",
    "count",
    "diagonal_share",
    "disk",
    "near",
    "object_tolerance",
    "padded_similarity",
    "region_similarity",
    "temporal_stability",
    "tolerance",
]

Mask: TypeAlias = NDArray[np.bool_]
"""The pixels of one object in one frame, shape (height, width)."""

Series: TypeAlias = NDArray[np.float64]
"""A value of one object for each of its frames, shape (frames,) or (1, frames)."""

TOLERANCE_FRACTION: Final = 0.008
"""Share of the frame's diagonal within which two boundary pixels match: `bound_th` of both toolkits."""

AREA_FRACTION: Final = 0.1
"""Share of the side of a square of an object's area within which its boundary pixels match, where the object is small."""


def region_similarity(ground_truth: Mask, prediction: Mask) -> float:
    """J = |g & p| / |g or p|, from 0 to 1; 1 if both masks are empty.

    Perazzi et al.; `db_eval_iou` of both toolkits.
    """
    union = _pixels(ground_truth | prediction)
    return _pixels(ground_truth & prediction) / union if union else 1.0


def contour_accuracy(ground_truth: Mask, prediction: Mask, radius: float | None = None) -> float:
    """F = 2PR / (P + R) of the boundary precision P and recall R, from 0 to 1.

    `radius` in pixels is how far apart two boundary pixels that match may be: `tolerance` of the frame unless given.
    Perazzi et al.; `f_measure` of both toolkits.
    """
    return count(ground_truth, prediction, radius).contour_accuracy


def padded_similarity(ground_truth: Mask, prediction: Mask) -> float:
    """J with one pixel added to intersection and union: min((|g & p| + 1) / (|g or p| + 1), 1), and 1 if both masks are empty.

    `db_eval_iou` of github.com/henghuiding/MOSE-api at 241977a, `MOSEv2/sam2_rcms/tools/metricsv2.py`.
    """
    return count(ground_truth, prediction, 0).padded_similarity


def temporal_stability(region_similarities: Series, contour_accuracies: Series) -> float:
    """V of one object: the standard deviation of its (J + F) / 2 over its frames, 0 if it never changes.

    The *variance* is rounded to four decimals before the root is taken: that is how the published numbers are made.
    Hong et al.; `db_statistics_var` of the LVOS toolkit.
    """
    both = (region_similarities + contour_accuracies) / 2
    return float(np.sqrt(np.round(np.mean((np.mean(both) - both) ** 2), 4)))


def tolerance(height: int, width: int) -> int:
    """The radius in pixels for a frame of `height` x `width` pixels: ceil(0.008 * sqrt(h^2 + w^2)), 12 at 1280x720.

    `f_measure` of both toolkits, `bound_pix`.
    """
    return math.ceil(TOLERANCE_FRACTION * math.sqrt(height * height + width * width))


def diagonal_share(height: int, width: int) -> float:
    """`tolerance` as it is before it is rounded."""
    return TOLERANCE_FRACTION * math.sqrt(height * height + width * width)


def object_tolerance(area: int, height: int, width: int) -> tuple[float, float]:
    """The radii for F and for F within the object's tolerance, of an object of `area` pixels in the ground truth.

    The second is a tenth of the side of a square of that area, rounded up, and at most `diagonal_share`; where that limits it, it
    is the radius for both. `db_eval_boundary` of MOSE-api, as for `padded_similarity`.
    """
    most, own = diagonal_share(height, width), float(math.ceil(AREA_FRACTION * math.sqrt(area)))
    # an object that is not there has no boundary, which matches nothing within any radius
    return (math.ceil(most), own) if own < most else (most, most)


class Counts(NamedTuple):
    """The integers that J and F of one object in one frame are made of, all in pixels."""

    area_ground_truth: int
    area_prediction: int
    intersection: int
    boundary_ground_truth: int
    boundary_prediction: int
    matched_ground_truth: int
    """Boundary pixels of the ground truth within the tolerance of the prediction's boundary."""
    matched_prediction: int

    @property
    def region_similarity(self) -> float:
        """J."""
        union = self.area_ground_truth + self.area_prediction - self.intersection
        return self.intersection / union if union else 1.0

    @property
    def padded_similarity(self) -> float:
        """J with one pixel added."""
        union = self.area_ground_truth + self.area_prediction - self.intersection
        return min((self.intersection + 1) / (union + 1), 1.0) if union else 1.0

    @property
    def contour_accuracy(self) -> float:
        """F: P is the share of the prediction's boundary that is near the ground truth's, R the other way round."""
        if self.boundary_prediction and self.boundary_ground_truth:
            precision = self.matched_prediction / self.boundary_prediction
            recall = self.matched_ground_truth / self.boundary_ground_truth
        else:
            # a mask without boundary is precise about nothing, and recalls the nothing of another such mask
            precision = 0.0 if self.boundary_prediction else 1.0
            recall = 0.0 if self.boundary_ground_truth else 1.0
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def count(ground_truth: Mask, prediction: Mask, radius: float | None = None) -> Counts:
    """The integers of one object in one frame; `radius` as for `contour_accuracy`."""
    height, width = ground_truth.shape
    radius = tolerance(height, width) if radius is None else radius
    boundary_ground_truth, boundary_prediction = boundary(ground_truth), boundary(prediction)
    return Counts(
        area_ground_truth=_pixels(ground_truth),
        area_prediction=_pixels(prediction),
        intersection=_pixels(ground_truth & prediction),
        boundary_ground_truth=_pixels(boundary_ground_truth),
        boundary_prediction=_pixels(boundary_prediction),
        matched_ground_truth=_pixels(boundary_ground_truth & near(boundary_prediction, radius)),
        matched_prediction=_pixels(boundary_prediction & near(boundary_ground_truth, radius)),
    )


def boundary(mask: Mask) -> Mask:
    """Pixels that differ from their right, lower or lower-right neighbour, so half a pixel up and left of the outline.

    In the last row only the right neighbour counts, in the last column only the lower one; the last corner is never boundary.
    A mask of all pixels of the frame has none. `_seg2bmap` of both toolkits, after David Martin's `seg2bmap` of 2003.
    """
    found = np.zeros_like(mask)
    found[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    found[:-1, :] |= mask[:-1, :] != mask[1:, :]
    found[:-1, :-1] |= mask[:-1, :-1] != mask[1:, 1:]
    return found


def near(mask: Mask, radius: float) -> Mask:
    """Every pixel of the frame within `radius` pixels of one of the mask, by the cells of `disk`."""
    return cv2.dilate(mask.astype(np.uint8, order="C"), disk(radius)).astype(np.bool_)


@lru_cache(maxsize=8)
def disk(radius: float) -> NDArray[np.uint8]:
    """The disk dx^2 + dy^2 <= radius^2 of the cells -radius, -radius + 1, ..., shape (2 * radius + 1, 2 * radius + 1).

    `skimage.morphology.disk`, which the toolkits use; OpenCV's ellipse differs. Of a radius that is not a whole number no
    cell is the middle one, and dilation takes the one at half the size for it, so that the disk lies aside.
    """
    offsets = np.arange(-radius, radius + 1)
    return (offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2).astype(np.uint8)


def _pixels(mask: Mask) -> int:
    return int(np.count_nonzero(mask))
