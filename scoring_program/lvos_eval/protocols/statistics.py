"""Statistics of one object's values: pure functions of a vector of shape (slots,).

Sums are numpy's over a contiguous vector, whose blocks the last bit of the official numbers depends on.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvos_eval.protocols.contract import ObjectValues, Values

__all__ = ["decay", "mean", "of_contour", "of_region", "recall", "while_absent", "while_back"]

_RECALLED: Final = 0.5
_BINS: Final = 4


def mean(values: Values) -> float:
    """The plain mean; nan of no values."""
    return float(np.mean(values)) if values.size else float("nan")


def recall(values: Values) -> float:
    """The share of values above 0.5.

    Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation" (CVPR 2016);
    `db_statistics` of github.com/davisvideochallenge/davis2017-evaluation at ac7c43f, `davis2017/utils.py`.
    """
    return float(np.mean(values > _RECALLED))


def decay(values: Values) -> float:
    """The mean of the first quarter less that of the last; quarters share the value at their border.

    Sources as for `recall`. The borders are stored in eight bits there, so that from 257 values on they wrap around: the quarters
    are then other frames, or none, and the decay is nan.
    """
    borders = (np.round(np.linspace(1, values.size, _BINS + 1) + 1e-10) - 1).astype(np.int64) % 256
    quarters = [values[first : last + 1] for first, last in pairwise(borders.tolist())]
    return mean(quarters[0]) - mean(quarters[-1])


def while_absent(values: Values, visible: NDArray[np.bool_]) -> float:
    """The mean over an object's absences of the means of their values; nan without any.

    An absence is a run of frames without the object that does not begin with the first frame. `calculate_disappear` of
    github.com/henghuiding/MOSE-api at 241977a, `MOSEv2/sam2_rcms/tools/metricsv2.py`.
    """
    return mean(np.array([mean(values[first:end]) for seen, first, end in _runs(visible) if not seen and first]))


def while_back(values: Values, visible: NDArray[np.bool_]) -> float:
    """As `while_absent`, over the runs of frames that show an object again: those behind a run without it."""
    return mean(np.array([mean(values[first:end]) for seen, first, end in _runs(visible) if seen and first]))


def _runs(visible: NDArray[np.bool_]) -> list[tuple[bool, int, int]]:
    """Runs of equal values, with the first frame of each and the one behind."""
    borders = [0, *(np.flatnonzero(visible[1:] != visible[:-1]) + 1).tolist(), len(visible)]
    return [(bool(visible[first]), first, end) for first, end in pairwise(borders) if end > first]


def of_region(statistic: Callable[[Values], float]) -> Callable[[ObjectValues], float]:
    """The statistic of an object's J."""
    return lambda values: statistic(values.region_similarity)


def of_contour(statistic: Callable[[Values], float]) -> Callable[[ObjectValues], float]:
    """The statistic of an object's F."""
    return lambda values: statistic(values.contour_accuracy)
