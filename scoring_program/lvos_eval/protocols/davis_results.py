"""The statistics, means and tables of DAVIS' own tool and of the tools that are copies of it, under the names of each.

`evaluation_method.py` of github.com/davisvideochallenge/davis2017-evaluation at ac7c43f: the mean, the recall and the decay of
each measure of an object, plain means of them over all objects, and two CSV files with three decimals.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np

from lvos_eval.protocols.contract import OfficialFile, ScoredObject, ScoreRow, ScoreTable, Statistic, Summary
from lvos_eval.protocols.frames import FrameRule
from lvos_eval.protocols.statistics import decay, mean, of_contour, of_region, recall

__all__ = [
    "DECAY_WRAPS",
    "GAPS_ARE_OBJECTS",
    "J_AND_F",
    "LABELS_OF_FIRST_MASK",
    "REGION",
    "WITHOUT_ENDS",
    "WITHOUT_FIRST",
    "DavisResults",
    "Measure",
    "j_and",
]


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that has a mean, a recall and a decay."""

    name: str
    """As the tool's tables call it."""
    meaning: str
    statistics: tuple[Statistic, Statistic, Statistic]

    @property
    def keys(self) -> tuple[str, str, str]:
        return f"{self.name}-Mean", f"{self.name}-Recall", f"{self.name}-Decay"


@dataclass(frozen=True, slots=True)
class DavisResults:
    """Measures, and their mean where it comes first."""

    measures: tuple[Measure, ...]
    both: str | None = None
    """The key of the mean of the means of two measures."""

    @property
    def statistics(self) -> tuple[Statistic, ...]:
        return tuple(statistic for measure in self.measures for statistic in measure.statistics)

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the scores, in the order of the tool."""
        keys = [key for measure in self.measures for key in measure.keys]
        return tuple(keys if self.both is None else [self.both, *keys])

    @property
    def summary(self) -> Summary:
        means = [measure.keys[0] for measure in self.measures]
        decays = frozenset(measure.keys[2] for measure in self.measures)
        return Summary(
            keys=self.keys,
            combine=self._combine,
            signed=decays,
            lower_is_better=decays | {measure.statistics[2].name for measure in self.measures},
            headline=(self.both, *means) if self.both else tuple(means),
            title=self.keys[0].removesuffix("-Mean"),
            table=ScoreTable(
                ("Mean", "Recall", "Decay"),
                tuple(ScoreRow(measure.name, measure.meaning, measure.keys) for measure in self.measures),
            ),
        )

    def files(self, suffix: str) -> tuple[OfficialFile, OfficialFile]:
        """The tables, in files whose names end in `suffix`."""
        return (
            OfficialFile(f"global_results{suffix}.csv", self._global_results),
            OfficialFile(f"per-sequence_results{suffix}.csv", self._per_sequence_results),
        )

    def _combine(self, objects: Sequence[ScoredObject]) -> dict[str, float]:
        """Plain means over all objects, in the order of the tables; nan where one of them has none."""
        objects = [score for _, score in _rows(objects)]
        means = [[score.values.get(statistic.name, math.nan) for score in objects] for statistic in self.statistics]
        found = [float(np.mean(values)) for values in means]
        # the mean of the two means, not the mean of each object's
        both = [(found[0] + found[3]) / 2] if self.both else []
        return dict(zip(self.keys, [*both, *found], strict=True))

    def _global_results(self, scores: Mapping[str, float], _: Sequence[ScoredObject]) -> str:
        return f"{','.join(self.keys)}\n{','.join(_cell(scores[key]) for key in self.keys)}\n"

    def _per_sequence_results(self, _: Mapping[str, float], objects: Sequence[ScoredObject]) -> str:
        means = [measure.statistics[0].name for measure in self.measures]
        lines = [",".join([label, *(_cell(score.values[name]) for name in means)]) for label, score in _rows(objects)]
        return "\n".join([",".join(["Sequence", *(measure.keys[0] for measure in self.measures)]), *lines, ""])


def _rows(objects: Sequence[ScoredObject]) -> Iterator[tuple[str, ScoredObject]]:
    """The objects under their labels, videos in the order of their list.

    Where objects are matched, those of a video are in the order of their proposals, and counted in it: such a label does not say
    which object it is.
    """
    for video, members in groupby(objects, key=lambda score: score.video):
        for number, score in enumerate(sorted(members, key=lambda score: score.proposal or 0), 1):
            yield (score.label if score.proposal is None else f"{video}_{number}"), score


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"


def _without_ends(count: int) -> Sequence[int]:
    return range(1, count - 1)


def _without_first(count: int) -> Sequence[int]:
    return range(1, count)


WITHOUT_ENDS: Final = FrameRule("a video's first and last frame do not count", _without_ends)
WITHOUT_FIRST: Final = FrameRule("a video's first frame does not count", _without_first)

LABELS_OF_FIRST_MASK: Final = "every label from 1 to the highest one of the video's first mask"
"""Which objects a video has."""

GAPS_ARE_OBJECTS: Final = (
    "a label that the first mask skips is an object too: it counts, with 1 in every frame where a submission has nothing for it"
)
DECAY_WRAPS: Final = (
    "the borders of the decay's quarters are stored in eight bits: from 257 values on it compares other quarters, or none, as "
    "with 257 to 341 values: then it is nan, and so is the mean over all objects"
)

REGION: Final = Measure(
    "J",
    "region similarity",
    (Statistic("J", of_region(mean)), Statistic("J-Recall", of_region(recall)), Statistic("J-Decay", of_region(decay))),
)
_CONTOUR: Final = (
    Statistic("F", of_contour(mean)),
    Statistic("F-Recall", of_contour(recall)),
    Statistic("F-Decay", of_contour(decay)),
)


def j_and(name: str) -> DavisResults:
    """J, and F under the name that a tool gives it."""
    return DavisResults((REGION, Measure(name, "contour accuracy", _CONTOUR)), f"J&{name}-Mean")


J_AND_F: Final = j_and("F")
