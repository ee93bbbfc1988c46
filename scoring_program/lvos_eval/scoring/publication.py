"""The numbers of a result in the form in which they may be shown.

Every output is made from `PublishedScores`, and only `publish` makes them: exact, or rounded where the masks are hidden. A mean
is rounded from its own unrounded value, never taken over rounded ones. What is not in here cannot get into an output.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Final

from lvos_eval.protocols.contract import Summary, quality
from lvos_eval.reference.settings import Disclosure
from lvos_eval.scoring.aggregation import aggregate
from lvos_eval.scoring.bootstrap import overall_interval
from lvos_eval.scoring.results import ObjectScore, PublishedAttribute, PublishedObject, PublishedScores, PublishedVideo

__all__ = ["OTHER_DIGITS", "SCORE_DIGITS", "publish", "rounded"]

SCORE_DIGITS: Final = 6
"""Decimals of the leaderboard's scores in a public result, where a perfect one is 1."""

OTHER_DIGITS: Final = 3
"""Decimals of every other value in a public result: by object, video and attribute, and the bounds of the interval."""


def rounded(value: float, digits: int, detail: Disclosure) -> float:
    """`value` as a result of this detail shows it; never -0.0, whose sign would tell on which side of 0 it was."""
    return value if detail is Disclosure.FULL else round(value, digits) + 0.0


def publish(objects: Sequence[ObjectScore], summary: Summary, detail: Disclosure) -> PublishedScores:
    """The published form of the scores of objects in manifest order. Raises ValueError if there is none."""
    scores = aggregate(objects, summary)
    interval = overall_interval(objects)

    def show(value: float) -> float:
        return rounded(value, OTHER_DIGITS, detail)

    attributes = _attributes(objects, detail)
    groups = {name: [o.jf for o in objects if o.group == name] for name in summary.groups}
    return PublishedScores(
        detail,
        {key: rounded(value, SCORE_DIGITS - round(math.log10(summary.perfect)), detail) for key, value in scores.values.items()},
        scores.undefined,
        None if scores.object_mean is None else show(scores.object_mean),
        interval and replace(interval, low=show(interval.low), high=show(interval.high)),
        tuple(
            PublishedObject(
                o.video, o.object_id, o.group, o.attributes, o.frames, {name: show(value) for name, value in o.values.items()},
                show(o.jf), o.proposal if detail is Disclosure.FULL else None,
            )
            for o in objects
        ),
        _videos(objects, detail),
        tuple(sorted(attributes, key=lambda row: (row.jf, row.name))),
        {name: show(fmean(values)) for name, values in groups.items() if values},
        summary.perfect,
    )  # fmt: skip


def _videos(objects: Sequence[ObjectScore], detail: Disclosure) -> tuple[PublishedVideo, ...]:
    by_video: dict[str, list[ObjectScore]] = {}
    for score in objects:
        by_video.setdefault(score.video, []).append(score)
    return tuple(
        PublishedVideo(name, members[0].group, members[0].attributes, len(members), *_means(members, detail))
        for name, members in by_video.items()
    )


def _attributes(objects: Sequence[ObjectScore], detail: Disclosure) -> list[PublishedAttribute]:
    by_attribute: dict[str, list[ObjectScore]] = {}
    for score in objects:
        for attribute in score.attributes:
            by_attribute.setdefault(attribute, []).append(score)
    found = []
    for name, members in by_attribute.items():
        values, jf = _means(members, detail)
        found.append(PublishedAttribute(name, len({o.video for o in members}), len(members), values["J"], values.get("F"), jf))
    return found


def _means(members: Sequence[ObjectScore], detail: Disclosure) -> tuple[dict[str, float], float]:
    """The mean of each statistic that all objects have, by name, and the quality that follows from them."""
    names = [name for name in members[0].values if all(name in member.values for member in members)]
    means = {name: fmean(member.values[name] for member in members) for name in names}
    shown = {name: rounded(value, OTHER_DIGITS, detail) for name, value in means.items()}
    return shown, rounded(quality(means), OTHER_DIGITS, detail)
