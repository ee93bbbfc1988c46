"""J, F and V for Python callers: arguments are checked, and the numbers are those of `metrics.definition` to the last bit.

Masks are whatever numpy makes an array of: numpy arrays, tensors in main memory, nested lists. None is changed or kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import Any, Final, NamedTuple, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lvos_eval.masks.packed import EMPTY_MASK, AnyLabels, FrameSize, PackedMask, pack
from lvos_eval.metrics import definition
from lvos_eval.metrics.definition import Mask
from lvos_eval.metrics.measures import count

__all__ = ["FrameScore", "contour_accuracy", "region_similarity", "score_label_maps", "temporal_stability", "tolerance"]

_BACKGROUND: Final = (0, 255)
"""Labels that are not objects unless the caller names them: the background, and what DAVIS and LVOS leave undecided."""


class FrameScore(NamedTuple):
    """J and F of one object in one frame, each from 0 to 1."""

    region_similarity: float
    contour_accuracy: float


def region_similarity(ground_truth: ArrayLike, prediction: ArrayLike) -> float:
    """J, the intersection over union of two masks, from 0 to 1; 1 if both are empty.

    The masks are boolean arrays of shape (height, width). Raises TypeError for another dtype, ValueError for another shape.

    >>> region_similarity([[True, True, False]], [[False, True, True]])
    0.3333333333333333
    """
    return definition.region_similarity(*_masks(ground_truth, prediction))


def contour_accuracy(ground_truth: ArrayLike, prediction: ArrayLike, radius: SupportsIndex | None = None) -> float:
    """F, the harmonic mean of the boundaries' precision and recall, from 0 to 1.

    The masks are boolean arrays of shape (height, width). Boundary pixels match that are at most `radius` pixels apart:
    `tolerance(height, width)` unless given. Raises TypeError for another dtype, ValueError for another shape or a negative
    radius.

    >>> import numpy as np
    >>> square, moved = np.zeros((2, 72, 128), bool)
    >>> square[20:40, 20:40] = moved[20:40, 24:44] = True
    >>> contour_accuracy(square, moved, radius=4)
    1.0
    >>> round(contour_accuracy(square, moved), 3)
    0.525
    """
    masks = _masks(ground_truth, prediction)
    size = FrameSize(*masks[0].shape)
    one, other = (pack(mask.view(np.uint8), 1) for mask in masks)
    (found,) = count([(one, other)], size, _radius(radius, size))
    return found.contour_accuracy


def score_label_maps(
    ground_truth: ArrayLike,
    prediction: ArrayLike,
    object_ids: Iterable[SupportsIndex] | None = None,
    radius: SupportsIndex | None = None,
) -> dict[int, FrameScore]:
    """J and F of all objects of a frame at once, by object id, in the order of the ids.

    Label maps are integer arrays of shape (height, width) that hold the id of the object that each pixel is of. An object is the
    pixels with its label in either map; every other label is background to it. Without `object_ids` the objects are all labels of
    the ground truth above 0 but 255, in ascending order: an object that only the prediction has is not among them. `radius` is as
    for `contour_accuracy`. Raises TypeError for another dtype or an id that is not an integer, ValueError for another shape, an
    id below 1 or a negative radius.

    >>> scores = score_label_maps([[1, 1, 0, 2]], [[1, 0, 0, 2]])
    >>> scores[1].region_similarity, scores[2].region_similarity
    (0.5, 1.0)
    >>> score_label_maps([[1, 1, 0, 2]], [[1, 0, 0, 2]], object_ids=[2, 3])
    {2: FrameScore(region_similarity=1.0, contour_accuracy=1.0), 3: FrameScore(region_similarity=1.0, contour_accuracy=1.0)}
    """
    truth, guess = _label_map("ground_truth", ground_truth), _label_map("prediction", prediction)
    _require_equal_shapes(truth, guess)
    size = FrameSize(*truth.shape)
    reach = _radius(radius, size)
    ids = _labels(truth) if object_ids is None else list(dict.fromkeys(_object_id(item) for item in object_ids))
    pairs = [(_object(truth, object_id), _object(guess, object_id)) for object_id in ids]
    found = count(pairs, size, reach)
    return {
        object_id: FrameScore(counts.region_similarity, counts.contour_accuracy)
        for object_id, counts in zip(ids, found, strict=True)
    }


def temporal_stability(region_similarities: ArrayLike, contour_accuracies: ArrayLike) -> float:
    """V of one object, the standard deviation of (J + F) / 2 over its frames, from 0 (never changes) to 0.5.

    Takes J and F of each frame, shape (frames,). The variance is rounded to four decimals before the root is taken, as LVOS
    publishes it. Raises ValueError for other shapes, no frame, or values outside 0 to 1.

    >>> temporal_stability([0.8, 0.6], [0.8, 0.6])
    0.1
    >>> temporal_stability([0.75, 0.75], [0.5, 0.5])
    0.0
    """
    j, f = _series("region_similarities", region_similarities), _series("contour_accuracies", contour_accuracies)
    if j.shape != f.shape:
        raise ValueError(f"region_similarities has {len(j)} frames but contour_accuracies {len(f)}")
    return definition.temporal_stability(j, f)


def tolerance(height: SupportsIndex, width: SupportsIndex) -> int:
    """The radius in pixels within which boundary pixels match in a frame of so many pixels: 0.8 % of its diagonal, rounded up.

    Raises ValueError for a side below 1, TypeError for what is not an integer.

    >>> tolerance(720, 1280)
    12
    """
    sides = _integer("height", height), _integer("width", width)
    if min(sides) < 1:
        raise ValueError(f"a frame has at least one pixel, not {sides[0]} x {sides[1]}")
    return definition.tolerance(*sides)


def _masks(ground_truth: ArrayLike, prediction: ArrayLike) -> tuple[Mask, Mask]:
    masks = _plane("ground_truth", ground_truth), _plane("prediction", prediction)
    for name, mask in zip(("ground_truth", "prediction"), masks, strict=True):
        if mask.dtype != np.bool_:
            raise TypeError(f"{name} has to be a boolean array, not {mask.dtype}: write labels == object_id")
    _require_equal_shapes(*masks)
    return masks


def _label_map(name: str, labels: ArrayLike) -> AnyLabels:
    plane = _plane(name, labels)
    if not np.issubdtype(plane.dtype, np.integer):
        raise TypeError(f"{name} has to be an array of integers, the ids of objects, not {plane.dtype}")
    return plane


def _plane(name: str, values: ArrayLike) -> NDArray[Any]:
    plane = np.asarray(values)
    if plane.ndim != 2:
        raise ValueError(f"{name} has to have the shape (height, width), not {plane.shape}")
    if not plane.size:
        raise ValueError(f"{name} has no pixel: its shape is {plane.shape}")
    return plane


def _require_equal_shapes(ground_truth: NDArray[Any], prediction: NDArray[Any]) -> None:
    if ground_truth.shape != prediction.shape:
        raise ValueError(f"ground_truth has the shape {ground_truth.shape} but prediction {prediction.shape}")


def _series(name: str, values: ArrayLike) -> NDArray[np.float64]:
    series = np.asarray(values, np.float64)
    if series.ndim != 1 or not series.size:
        raise ValueError(f"{name} has to have the shape (frames,) with at least one frame, not {series.shape}")
    if not ((series >= 0) & (series <= 1)).all():
        raise ValueError(f"{name} has a value that is not from 0 to 1")
    return series


def _radius(radius: SupportsIndex | None, size: FrameSize) -> int | None:
    if radius is None:
        return None
    pixels = _integer("radius", radius)
    if pixels < 0:
        raise ValueError(f"radius has to be at least 0 pixels, not {pixels}")
    # no two pixels are farther apart
    return min(pixels, size.height + size.width)


def _object_id(value: SupportsIndex) -> int:
    object_id = _integer("an object id", value)
    if object_id < 1:
        raise ValueError(f"an object id has to be at least 1, not {object_id}: 0 is the background")
    return object_id


def _integer(name: str, value: SupportsIndex) -> int:
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} has to be an integer, not {value}")
    try:
        return index(value)
    except TypeError:
        raise TypeError(f"{name} has to be an integer, not {value!r}") from None


def _labels(labels: AnyLabels) -> list[int]:
    """The objects of a label map."""
    # most maps are of bytes, in which counting takes less time than sorting
    found = np.flatnonzero(np.bincount(labels.reshape(-1))) if labels.dtype == np.uint8 else np.unique(labels)
    return [label for label in found.tolist() if label > 0 and label not in _BACKGROUND]


def _object(labels: AnyLabels, object_id: int) -> PackedMask:
    # an id that the map's integers cannot be
    return pack(labels, object_id) if object_id <= np.iinfo(labels.dtype).max else EMPTY_MASK
