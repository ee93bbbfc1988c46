"""J and F as the definition reads: full frames, one step after the other, nothing fast.

This is the specification that `lvos_eval.metrics.measures` is tested against. It follows Perazzi et al., "A Benchmark Dataset
and Evaluation Methodology for Video Object Segmentation" (CVPR 2016) as the DAVIS and LVOS toolkits apply it.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from lvos_eval.metrics.measures import Counts

Mask: TypeAlias = NDArray[np.bool_]


def boundary(mask: Mask) -> Mask:
    """Pixels of a (height, width) mask that differ from their right, lower or lower-right neighbour.

    In the last row only the right neighbour counts, in the last column only the lower one; the last corner is never boundary.
    """
    result = np.zeros_like(mask)
    result[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    result[:-1, :] |= mask[:-1, :] != mask[1:, :]
    result[:-1, :-1] |= mask[:-1, :-1] != mask[1:, 1:]
    return result


def tolerance(height: int, width: int) -> int:
    """Radius in pixels within which two boundary pixels match: 0.8 % of the diagonal, rounded up."""
    return math.ceil(0.008 * math.sqrt(height**2 + width**2))


def disk(radius: int) -> NDArray[np.uint8]:
    """The integer disk dx^2 + dy^2 <= radius^2."""
    offsets = np.arange(-radius, radius + 1)
    return (offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2).astype(np.uint8)


def near(mask: Mask, radius: int) -> Mask:
    """Every pixel within `radius` of a pixel of the mask."""
    return cv2.dilate(mask.astype(np.uint8), disk(radius)).astype(np.bool_)


def counts(ground_truth: Mask, prediction: Mask, radius: int | None = None) -> Counts:
    """The integers of one object in one frame."""
    if radius is None:
        radius = tolerance(*ground_truth.shape)
    boundary_g, boundary_p = boundary(ground_truth), boundary(prediction)
    return Counts(
        area_ground_truth=int(ground_truth.sum()),
        area_prediction=int(prediction.sum()),
        intersection=int((ground_truth & prediction).sum()),
        boundary_ground_truth=int(boundary_g.sum()),
        boundary_prediction=int(boundary_p.sum()),
        matched_ground_truth=int((boundary_g & near(boundary_p, radius)).sum()),
        matched_prediction=int((boundary_p & near(boundary_g, radius)).sum()),
    )


def region_similarity(ground_truth: Mask, prediction: Mask) -> float:
    """J = |g & p| / |g or p|, 1 if both are empty."""
    union = (ground_truth | prediction).sum()
    return float((ground_truth & prediction).sum() / union) if union else 1.0


def contour_accuracy(ground_truth: Mask, prediction: Mask) -> float:
    """F of two masks."""
    return f_measure(counts(ground_truth, prediction))


def f_measure(integers: Counts) -> float:
    """F = 2PR / (P + R): P is the share of the prediction's boundary that is near the ground truth's, R the other way round."""
    found, wanted = integers.boundary_prediction, integers.boundary_ground_truth
    if found == 0 and wanted > 0:
        precision, recall = 1.0, 0.0
    elif found > 0 and wanted == 0:
        precision, recall = 0.0, 1.0
    elif found == 0 and wanted == 0:
        precision, recall = 1.0, 1.0
    else:
        precision = integers.matched_prediction / found
        recall = integers.matched_ground_truth / wanted
    return 0.0 if precision + recall == 0 else 2 * precision * recall / (precision + recall)
