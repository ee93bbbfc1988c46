"""VOST: objects that change their shape, scored by J alone, over the whole video and over its last quarter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lvos_eval.protocols.contract import EvaluationProtocol, MaskLayout, ObjectValues, Statistic, Values
from lvos_eval.protocols.davis_results import (
    DECAY_WRAPS,
    GAPS_ARE_OBJECTS,
    LABELS_OF_FIRST_MASK,
    REGION,
    WITHOUT_ENDS,
    DavisResults,
    Measure,
)
from lvos_eval.protocols.statistics import decay, mean, of_region, recall

__all__ = ["PROTOCOLS"]


def _of_last_quarter(statistic: Callable[[Values], float]) -> Callable[[ObjectValues], float]:
    """The statistic of J over the last quarter of the values, rounded up to whole ones."""
    return of_region(lambda values: statistic(values[values.size * 3 // 4 :]))


_LAST_QUARTER: Final = Measure(
    "J_last",
    "the same over the last quarter",
    (
        Statistic("J_last", _of_last_quarter(mean)),
        Statistic("J_last-Recall", _of_last_quarter(recall)),
        Statistic("J_last-Decay", _of_last_quarter(decay)),
    ),
)
_RESULTS: Final = DavisResults((REGION, _LAST_QUARTER))

PROTOCOLS: Final = (
    EvaluationProtocol(
        name="vost",
        description="VOST: as davis-2017 but J alone, over the whole video and over its last quarter",
        source="github.com/TRI-ML/VOST at fe27457",
        layout=MaskLayout(digits=5, step=1, prefix="frame", image_sets="ImageSets"),
        videos="image sets",
        objects=LABELS_OF_FIRST_MASK,
        frame_rule=WITHOUT_ENDS,
        submits_void=False,
        statistics=_RESULTS.statistics,
        summary=_RESULTS.summary,
        files=_RESULTS.files("-{set}"),
        quirks=(GAPS_ARE_OBJECTS, DECAY_WRAPS),
    ),
)
