"""The textbook program, done the usual way, to measure ours against.

It works as the public evaluators of DAVIS and LVOS do: for each object and frame it decodes both masks with Pillow, selects
the object, takes the boundary of the full frame by shifting and comparing, dilates both boundaries over the full frame
with the disk in OpenCV, and counts. Where those evaluators differ, this takes the faster way: bytes instead of floats,
`count_nonzero` instead of sums, the disk made once.
"""

import math
import time
from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["STEPS", "Laps", "disk", "measure", "tolerance"]

STEPS: Final = ("decode", "boundary", "dilation", "rest")
"""What the time of an object in a frame is made of; `rest` selects the object and counts."""

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class Laps:
    """Seconds by step: `lap` files the time since the last one."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STEPS, 0.0)
        self._last = time.perf_counter()

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] += now - self._last
        self._last = now


def measure(ground_truth: Path, prediction: Path, object_id: int, laps: Laps) -> tuple[float, float]:
    """J and F of one object in one frame, from the files of the two masks."""
    truth_labels, predicted_labels = _decode(ground_truth), _decode(prediction)
    laps.lap("decode")
    truth, predicted = truth_labels == object_id, predicted_labels == object_id
    union = np.count_nonzero(truth | predicted)
    region_similarity = float(np.count_nonzero(truth & predicted) / union) if union else 1.0
    laps.lap("rest")
    truth_boundary, predicted_boundary = _boundary(truth), _boundary(predicted)
    laps.lap("boundary")
    element = disk(tolerance(*truth.shape))
    near_truth = cv2.dilate(truth_boundary.view(np.uint8), element)
    near_predicted = cv2.dilate(predicted_boundary.view(np.uint8), element)
    laps.lap("dilation")
    wanted, found = np.count_nonzero(truth_boundary), np.count_nonzero(predicted_boundary)
    if wanted and found:
        precision = float(np.count_nonzero(predicted_boundary & near_truth.view(np.bool_)) / found)
        recall = float(np.count_nonzero(truth_boundary & near_predicted.view(np.bool_)) / wanted)
    else:
        precision, recall = float(not found), float(not wanted)
    contour_accuracy = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    laps.lap("rest")
    return region_similarity, contour_accuracy


def tolerance(height: int, width: int) -> int:
    """Radius in pixels within which two boundary pixels match: 0.8 % of the diagonal, rounded up."""
    return math.ceil(0.008 * math.sqrt(height**2 + width**2))


@lru_cache(maxsize=8)
def disk(radius: int) -> NDArray[np.uint8]:
    """The integer disk dx^2 + dy^2 <= radius^2 as a structuring element."""
    offsets = np.arange(-radius, radius + 1)
    return (offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2).astype(np.uint8)


def _decode(path: Path) -> Labels:
    with Image.open(path) as image:
        return np.array(image)


def _boundary(mask: Mask) -> Mask:
    """Pixels that differ from their right, lower or lower-right neighbour; the last row and column only look along the edge."""
    right, below, diagonal = mask.copy(), mask.copy(), mask.copy()
    right[:, :-1] = mask[:, 1:]
    below[:-1] = mask[1:]
    diagonal[:-1, :-1] = mask[1:, 1:]
    diagonal[-1], diagonal[:, -1] = right[-1], below[:, -1]
    return (mask ^ right) | (mask ^ below) | (mask ^ diagonal)
