"""The numbers of a result in the form in which they may be shown.

Every output is made from `PublishedScores`, and only `publish` makes them: exact, or rounded where the masks are hidden. A mean
is rounded from its own unrounded value, never taken over rounded ones. What is not in here cannot get into an output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Final

from lvos_eval.reference.settings import Disclosure
from lvos_eval.scoring.aggregation import aggregate
from lvos_eval.scoring.bootstrap import overall_interval
from lvos_eval.scoring.results import ObjectScore, PublishedAttribute, PublishedObject, PublishedScores, PublishedVideo

__all__ = ["OTHER_DIGITS", "SCORE_DIGITS", "publish", "rounded"]

SCORE_DIGITS: Final = 6
"""Decimals of the leaderboard's scores in a public result."""

OTHER_DIGITS: Final = 3
"""Decimals of every other value in a public result: by object, video and attribute, and the bounds of the interval."""


def rounded(value: float, digits: int, detail: Disclosure) -> float:
    """`value` as a result of this detail shows it; never -0.0, whose sign would tell on which side of 0 it was."""
    return value if detail is Disclosure.FULL else round(value, digits) + 0.0


def publish(objects: Sequence[ObjectScore], detail: Disclosure) -> PublishedScores:
    """The published form of the scores of objects in manifest order. Raises ValueError if there is none."""
    scores = aggregate(objects)
    interval = overall_interval(objects)

    def show(value: float) -> float:
        return rounded(value, OTHER_DIGITS, detail)

    attributes = _attributes(objects, detail)
    splits = {"seen": [o.jf for o in objects if not o.unseen], "unseen": [o.jf for o in objects if o.unseen]}
    return PublishedScores(
        detail,
        {key: rounded(value, SCORE_DIGITS, detail) for key, value in scores.values.items()},
        show(scores.object_mean),
        interval and replace(interval, low=show(interval.low), high=show(interval.high)),
        tuple(
            PublishedObject(
                o.video, o.object_id, o.unseen, o.attributes, o.frames, show(o.j), show(o.f), show(o.v), show(o.jf),
                o.proposal if detail is Disclosure.FULL else None,
            )
            for o in objects
        ),
        _videos(objects, detail),
        tuple(sorted(attributes, key=lambda row: (row.jf, row.name))),
        {name: show(fmean(values)) for name, values in splits.items() if values},
    )  # fmt: skip


def _videos(objects: Sequence[ObjectScore], detail: Disclosure) -> tuple[PublishedVideo, ...]:
    by_video: dict[str, list[ObjectScore]] = {}
    for score in objects:
        by_video.setdefault(score.video, []).append(score)
    return tuple(
        PublishedVideo(name, members[0].unseen, members[0].attributes, len(members), *_means(members, "jfv", detail))
        for name, members in by_video.items()
    )


def _attributes(objects: Sequence[ObjectScore], detail: Disclosure) -> list[PublishedAttribute]:
    by_attribute: dict[str, list[ObjectScore]] = {}
    for score in objects:
        for attribute in score.attributes:
            by_attribute.setdefault(attribute, []).append(score)
    return [
        PublishedAttribute(name, len({o.video for o in members}), len(members), *_means(members, "jf", detail))
        for name, members in by_attribute.items()
    ]


def _means(members: Sequence[ObjectScore], measures: str, detail: Disclosure) -> list[float]:
    """The mean of each measure, and that of J and F last."""
    means = {measure: fmean(getattr(member, measure) for member in members) for measure in measures}
    return [rounded(value, OTHER_DIGITS, detail) for value in (*means.values(), (means["j"] + means["f"]) / 2)]
