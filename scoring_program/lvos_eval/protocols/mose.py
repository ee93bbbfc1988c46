"""MOSE v2: J with one pixel added, F within a tolerance that goes by the object, and the same while it is gone and back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from lvos_eval.protocols.contract import (
    ADAPTED,
    EvaluationProtocol,
    MaskLayout,
    Measures,
    MissingVideos,
    ObjectValues,
    OfficialFile,
    ScoredObject,
    ScoreRow,
    ScoreTable,
    Statistic,
    Summary,
    Values,
)
from lvos_eval.protocols.frames import FrameRule
from lvos_eval.protocols.statistics import mean, of_contour, of_region, while_absent, while_back

__all__ = ["PROTOCOLS"]

_KEYS: Final = ("J&F_new", "J", "F_new", "disappear_J&F_new", "reappear_J&F_new", "F", "J&F")


def _adapted(values: ObjectValues) -> Values:
    assert values.adapted_accuracy is not None
    return values.adapted_accuracy


_STATISTICS: Final = (
    Statistic("J", of_region(mean)),
    Statistic("F", of_contour(mean)),
    Statistic(ADAPTED, lambda values: mean(_adapted(values))),
    Statistic("disappear_J", lambda values: while_absent(values.region_similarity, values.visible)),
    Statistic("disappear_Fdot", lambda values: while_absent(_adapted(values), values.visible)),
    Statistic("reappear_J", lambda values: while_back(values.region_similarity, values.visible)),
    Statistic("reappear_Fdot", lambda values: while_back(_adapted(values), values.visible)),
)


def _without_ends(count: int) -> Sequence[int]:
    """Objects of a video without a scored frame count as 0: they have a slot that no frame fills."""
    return range(1, count - 1) if count > 2 else [count]


def _scores(of: Callable[[str], float]) -> dict[str, float]:
    """The scores in percent from J, F and so on by their names."""
    values = (
        (of("J") + of(ADAPTED)) / 2,
        of("J"),
        of(ADAPTED),
        (of("disappear_J") + of("disappear_Fdot")) / 2,
        (of("reappear_J") + of("reappear_Fdot")) / 2,
        of("F"),
        (of("J") + of("F")) / 2,
    )
    return {key: 100 * value for key, value in zip(_KEYS, values, strict=True)}


def _combine(objects: Sequence[ScoredObject]) -> dict[str, float]:
    """Plain means over the objects that have a value, and of J and F then."""
    return _scores(lambda name: mean(np.array([score.values[name] for score in objects if name in score.values])))


def _rounded(value: float) -> float:
    return float(np.round(value, 2))


def _scores_text(scores: Mapping[str, float], _: Sequence[ScoredObject]) -> str:
    shown = {key: _rounded(scores[key]) for key in _KEYS}
    lines = [f"{key}: {value}" for key, value in shown.items()]
    return "\n".join([*lines, f"Copy-Paste: {','.join(f'{value:.1f}' for value in shown.values())}"]) + "\n"


def _metrics_json(_: Mapping[str, float], objects: Sequence[ScoredObject]) -> str:
    return json.dumps({score.label: _metrics(score) for score in objects}, indent=4) + "\n"


def _metrics(score: ScoredObject) -> dict[str, float | None]:
    values = _scores(lambda name: score.values.get(name, math.nan))
    shown: dict[str, float | None] = {key: None if math.isnan(value) else _rounded(value) for key, value in values.items()}
    if not score.values["J"]:
        # of an object without a frame, and with one pixel added of no other; the official tool writes what it began with
        shown |= dict.fromkeys(("J", "F_new", "F"), 0)
    return shown


PROTOCOLS: Final = (
    EvaluationProtocol(
        name="mose-v2",
        description="MOSE v2: objects of the metadata, a tolerance that goes by their size, disappearance and re-appearance",
        source="github.com/henghuiding/MOSE-api at 241977a",
        layout=MaskLayout(digits=5, step=1),
        videos="lengths",
        frame_rule=FrameRule("a video's first and last frame do not count", _without_ends),
        measures=Measures.ADAPTIVE,
        missing_videos=MissingVideos.ZERO,
        statistics=_STATISTICS,
        summary=Summary(
            keys=_KEYS,
            combine=_combine,
            headline=_KEYS,
            title="J&F within the object's tolerance",
            table=ScoreTable(
                ("Mean",),
                (
                    ScoreRow("J", "region similarity with one pixel added", ("J",)),
                    ScoreRow("F_new", "contour accuracy, object's tolerance", ("F_new",)),
                    ScoreRow("Disappearance", "J&F_new while absent", ("disappear_J&F_new",)),
                    ScoreRow("Re-appearance", "J&F_new when back", ("reappear_J&F_new",)),
                    ScoreRow("F", "contour accuracy", ("F",)),
                    ScoreRow("J&F", "with that F", ("J&F",)),
                ),
            ),
            perfect=100.0,
        ),
        files=(OfficialFile("scores.txt", _scores_text), OfficialFile("metrics.json", _metrics_json)),
        quirks=(
            "an object with a pixel in neither mask has J = 1, one with a pixel in one of them not 0 but 1 / (pixels + 1)",
            "F of a large object is taken with the frame's tolerance as it is, not rounded, by a disk that looks to one side",
        ),
    ),
)
