"""Two results of one kind side by side: what differs, the largest difference first, and whether they may be compared at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Final

from lvos_eval.protocols.contract import JF, quality_name
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.reading import Result
from lvos_eval.scoring.bootstrap import PairedDifference, overall_difference
from lvos_eval.scoring.publication import OTHER_DIGITS, rounded
from lvos_eval.scoring.results import PublishedObject

__all__ = [
    "Change",
    "ObjectChange",
    "ResultComparison",
    "SignatureDifference",
    "VideoChange",
    "compare_results",
    "compare_signatures",
    "less",
]

_MEANINGS: Final = {
    "protocol": "the scored frames of each object differ",
    "task": "the task differs",
    "videos": "the number of videos differs",
    "objects": "the number of objects differs",
    "frames": "the number of scored frames differs",
    "tolerance": "the tolerance of boundaries differs",
    "gt": "the ground truth or the metadata differs",
    "excluded": "the excluded frames differ",
    "unseen": "the unseen videos differ",
    "absent": "the videos that a submission lacks differ",
    "version": "the versions of the program differ",
}
"""What it means that two signatures differ in a key."""


@dataclass(frozen=True, slots=True)
class SignatureDifference:
    """One key in which two signatures differ; None stands for a key that one does not have."""

    key: str
    old: str | None
    new: str | None

    @property
    def meaning(self) -> str:
        return _MEANINGS.get(self.key, "the setting differs")


@dataclass(frozen=True, slots=True)
class Change:
    """A number before and after; None where it is not there."""

    key: str
    old: float | None
    new: float | None

    @property
    def difference(self) -> float | None:
        return None if self.old is None or self.new is None else less(self.new, self.old)


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """The means of one object before and after."""

    video: str
    object_id: int
    old: PublishedObject
    new: PublishedObject

    @property
    def differences(self) -> dict[str, float]:
        """New less old, of every statistic that both have, and of J&F."""
        both = {name: less(self.new.values[name], old) for name, old in self.old.values.items() if name in self.new.values}
        return both | {quality_name(both): less(self.new.jf, self.old.jf)}

    @property
    def size(self) -> float:
        """The largest of the differences; a gain in J does not make up for a loss in F."""
        return max(abs(value) for value in self.differences.values())


@dataclass(frozen=True, slots=True)
class VideoChange:
    """The means over the objects of one video before and after: J&F."""

    video: str
    old: float
    new: float

    @property
    def difference(self) -> float:
        return less(self.new, self.old)


@dataclass(frozen=True, slots=True)
class ResultComparison:
    """Two results: every list holds what differs only, the largest difference first."""

    old: str
    new: str
    signatures: tuple[SignatureDifference, ...]
    scores: tuple[Change, ...]
    videos: tuple[VideoChange, ...]
    objects: tuple[ObjectChange, ...]
    only_old: tuple[str, ...]
    """Objects as `video/id` that only the old result has."""
    only_new: tuple[str, ...]
    paired: PairedDifference | None
    verdict: str
    """Whether the new result is better, in words."""
    detail: Disclosure
    """Public if one of the results is."""
    keys: tuple[str, ...] = ()
    """The keys of all scores, in the order of the protocol."""
    lower_is_better: frozenset[str] = frozenset()
    """The keys and statistics of which the lower value is the better one."""
    pairs: tuple[ObjectChange, ...] = ()
    """Every object that both results have, whether it differs or not."""
    groups: tuple[str, ...] = ()
    """Of videos, in the order of the protocol."""
    results: tuple[Result, ...] = ()
    """The old one and the new one."""

    @property
    def ordered_scores(self) -> tuple[Change, ...]:
        """The scores that differ in the order of the protocol: the one that decides a ranking first."""
        return tuple(sorted(self.scores, key=lambda item: self.keys.index(item.key)))

    @property
    def same(self) -> bool:
        """Whether every number is the same; the signatures are another matter."""
        return not (self.scores or self.objects or self.only_old or self.only_new)

    @property
    def measures(self) -> tuple[str, ...]:
        """J&F, or J where there is no F, then what else the objects that differ are compared in."""
        names = list(dict.fromkeys(name for item in self.objects for name in item.differences))
        return tuple(dict.fromkeys([quality_name(names) if names else JF, *names]))

    def content(self) -> dict[str, Any]:
        """The comparison as it is printed with `--json`."""
        return {
            "same": self.same,
            "comparable": not self.signatures,
            "signatures": [asdict(item) | {"meaning": item.meaning} for item in self.signatures],
            "scores": [
                {"key": item.key, "old": item.old, "new": item.new, "difference": item.difference} for item in self.scores
            ],
            "paired": asdict(self.paired) | {"verdict": self.verdict} if self.paired else None,
            "videos": [asdict(item) | {"difference": item.difference} for item in self.videos],
            "objects": [
                {
                    "video": item.video,
                    "object": item.object_id,
                    "old": {**item.old.values, quality_name(item.old.values): item.old.jf},
                    "new": {**item.new.values, quality_name(item.new.values): item.new.jf},
                    "differences": item.differences,
                }
                for item in self.objects
            ],
            "only_old": list(self.only_old),
            "only_new": list(self.only_new),
        }


def less(new: float, old: float) -> float:
    """`new` less `old` as they are written: 0.741 less 0.740 is 0.001 and no more, and different numbers have a difference."""
    return float(Decimal(repr(new)) - Decimal(repr(old)))


def _verdict(paired: PairedDifference | None) -> str:
    if paired is None:
        return "no paired interval: it takes the same objects in both results, and two videos in each split"
    if paired.low > 0:
        return "the new result is better"
    if paired.high < 0:
        return "the new result is worse"
    return "equal" if paired.low == paired.high else "which one is better cannot be determined from these videos"


def compare_signatures(old: str, new: str) -> tuple[SignatureDifference, ...]:
    """Every key in which two signatures differ, in their order; none: the scores may be compared."""
    before, after = (dict(pair.partition(":")[::2] for pair in text.split("|")) for text in (old, new))
    keys = [*before, *(key for key in after if key not in before)]
    return tuple(SignatureDifference(key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key))


def compare_results(old: Result, new: Result) -> ResultComparison:
    """Everything in which two results differ."""
    before = {(item.video, item.object_id): item for item in old.objects}
    after = {(item.video, item.object_id): item for item in new.objects}
    objects = [ObjectChange(*key, before[key], after[key]) for key in before if key in after]
    keys = [*old.scores, *(key for key in new.scores if key not in old.scores)]
    scores = [Change(key, old.scores.get(key), new.scores.get(key)) for key in keys]
    detail = Disclosure.PUBLIC if Disclosure.PUBLIC in (old.detail, new.detail) else Disclosure.FULL
    paired = overall_difference(old.objects, new.objects)
    return ResultComparison(
        old.label,
        new.label,
        compare_signatures(old.signature, new.signature),
        tuple(sorted((item for item in scores if item.old != item.new), key=lambda item: -abs(item.difference or 1))),
        _video_changes(old.videos, new.videos),
        tuple(sorted((item for item in objects if item.size), key=lambda item: (-item.size, item.video, item.object_id))),
        tuple(f"{video}/{object_id}" for video, object_id in before if (video, object_id) not in after),
        tuple(f"{video}/{object_id}" for video, object_id in after if (video, object_id) not in before),
        paired and _shown(paired, detail),
        _verdict(paired),
        detail,
        tuple(keys),
        old.protocol.summary.lower_is_better if old.protocol is not None else frozenset(),
        tuple(objects),
        old.protocol.summary.groups if old.protocol is not None else (),
        (old, new),
    )


def _shown(paired: PairedDifference, detail: Disclosure) -> PairedDifference:
    low, high, better = (rounded(value, OTHER_DIGITS, detail) for value in (paired.low, paired.high, paired.better))
    return replace(paired, low=low, high=high, better=better)


def _video_changes(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[VideoChange, ...]:
    changes = [VideoChange(video, before[video], after[video]) for video in before if video in after]
    return tuple(sorted((item for item in changes if item.difference), key=lambda item: (-abs(item.difference), item.video)))
