"""DAVIS 2017, semi-supervised: the benchmark that most others descend from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from lvos_eval.protocols.contract import (
    EvaluationProtocol,
    MaskLayout,
    OfficialFile,
    ScoredObject,
    ScoreRow,
    ScoreTable,
    Statistic,
    Summary,
)
from lvos_eval.protocols.frames import FrameRule
from lvos_eval.protocols.statistics import decay, mean, of_contour, of_region, recall

__all__ = ["PROTOCOLS"]

_STATISTICS: Final = (
    Statistic("J", of_region(mean)),
    Statistic("J-Recall", of_region(recall)),
    Statistic("J-Decay", of_region(decay)),
    Statistic("F", of_contour(mean)),
    Statistic("F-Recall", of_contour(recall)),
    Statistic("F-Decay", of_contour(decay)),
)
_KEYS: Final = ("J&F-Mean", "J-Mean", "J-Recall", "J-Decay", "F-Mean", "F-Recall", "F-Decay")


def _without_ends(count: int) -> Sequence[int]:
    return range(1, count - 1)


def _combine(objects: Sequence[ScoredObject]) -> dict[str, float]:
    """Plain means over all objects, in the order of the list of videos; nan where one of them has none."""
    means = [float(np.mean([score.values.get(statistic.name, math.nan) for score in objects])) for statistic in _STATISTICS]
    # the mean of the two means, not the mean of each object's J&F
    return dict(zip(_KEYS, [(means[0] + means[3]) / 2, *means], strict=True))


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


def _global_results(scores: Mapping[str, float], _: Sequence[ScoredObject]) -> str:
    return f"{','.join(_KEYS)}\n{','.join(_number(scores[key]) for key in _KEYS)}\n"


def _per_sequence_results(_: Mapping[str, float], objects: Sequence[ScoredObject]) -> str:
    lines = [f"{score.label},{_number(score.values['J'])},{_number(score.values['F'])}\n" for score in objects]
    return "".join(["Sequence,J-Mean,F-Mean\n", *lines])


PROTOCOLS: Final = (
    EvaluationProtocol(
        name="davis-2017",
        description="DAVIS 2017, semi-supervised: objects of the first frame, a video's first and last frame do not count",
        source="github.com/davisvideochallenge/davis2017-evaluation at ac7c43f",
        layout=MaskLayout(
            digits=5,
            step=1,
            annotations="Annotations/480p",
            images="JPEGImages/480p",
            image_sets="ImageSets/2017",
        ),
        videos="image sets",
        frame_rule=FrameRule("a video's first and last frame do not count", _without_ends),
        refuses_other_labels=True,
        statistics=_STATISTICS,
        summary=Summary(
            keys=_KEYS,
            combine=_combine,
            signed=frozenset({"J-Decay", "F-Decay"}),
            lower_is_better=frozenset({"J-Decay", "F-Decay"}),
            headline=("J&F-Mean", "J-Mean", "F-Mean"),
            title="J&F",
            table=ScoreTable(
                ("Mean", "Recall", "Decay"),
                (
                    ScoreRow("J", "region similarity", ("J-Mean", "J-Recall", "J-Decay")),
                    ScoreRow("F", "contour accuracy", ("F-Mean", "F-Recall", "F-Decay")),
                ),
            ),
        ),
        files=(
            OfficialFile("global_results-{set}.csv", _global_results),
            OfficialFile("per-sequence_results-{set}.csv", _per_sequence_results),
        ),
    ),
)
