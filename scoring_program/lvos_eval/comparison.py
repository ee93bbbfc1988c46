"""Two results of one kind side by side: what differs, the largest difference first, and whether they may be compared at all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from lvos_eval.aggregation import ObjectScore
from lvos_eval.faults import UsageFault
from lvos_eval.outputs import DETAILS_FILE
from lvos_eval.report import DETAILS_FORMAT
from lvos_eval.uncertainty import PairedDifference, overall_difference
from lvos_eval.wording import printable

__all__ = [
    "Change",
    "ObjectChange",
    "Result",
    "ResultComparison",
    "SignatureDifference",
    "VideoChange",
    "compare_results",
    "compare_signatures",
    "read_json",
    "read_result",
]

_MEANINGS: Final = {
    "protocol": "other frames of each object are scored",
    "task": "the task is another",
    "videos": "the number of videos is another",
    "objects": "the number of objects is another",
    "frames": "the number of scored frames is another",
    "tolerance": "boundaries match within another distance",
    "gt": "the ground truth or the metadata is another",
    "excluded": "other frames are left out",
    "unseen": "other videos count as unseen",
    "version": "another version of the program has scored",
}
"""What it means that two signatures differ in a key."""


@dataclass(frozen=True, slots=True)
class Result:
    """A scored submission, read back from its details."""

    label: str
    signature: str
    scores: Mapping[str, float]
    objects: tuple[ObjectScore, ...]


@dataclass(frozen=True, slots=True)
class SignatureDifference:
    """One key in which two signatures differ; None stands for a key that one does not have."""

    key: str
    old: str | None
    new: str | None

    @property
    def meaning(self) -> str:
        return _MEANINGS.get(self.key, "the setting is another")


@dataclass(frozen=True, slots=True)
class Change:
    """A number before and after; None where it is not there."""

    key: str
    old: float | None
    new: float | None

    @property
    def difference(self) -> float | None:
        return None if self.old is None or self.new is None else self.new - self.old


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """The means of one object before and after."""

    video: str
    id: int
    old: ObjectScore
    new: ObjectScore

    @property
    def differences(self) -> dict[str, float]:
        """New less old, of J, F, V and J&F."""
        return {name: getattr(self.new, field) - getattr(self.old, field) for name, field in _MEASURES.items()}

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
        return self.new - self.old


_MEASURES: Final = {"J": "j", "F": "f", "V": "v", "J&F": "jf"}


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

    @property
    def same(self) -> bool:
        """Whether every number is the same; the signatures are another matter."""
        return not (self.scores or self.objects or self.only_old or self.only_new)

    @property
    def verdict(self) -> str:
        """Whether the new result is better, in words."""
        if self.paired is None:
            return "no paired interval: it takes the same objects in both results, and two videos in each split"
        if self.paired.low > 0:
            return "the new result is better"
        if self.paired.high < 0:
            return "the new result is worse"
        return "equal" if self.paired.low == self.paired.high else "which one is better cannot be told from these videos"

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
                    "object": item.id,
                    "old": {name: getattr(item.old, field) for name, field in _MEASURES.items()},
                    "new": {name: getattr(item.new, field) for name, field in _MEASURES.items()},
                    "differences": item.differences,
                }
                for item in self.objects
            ],
            "only_old": list(self.only_old),
            "only_new": list(self.only_new),
        }


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file. Raises UsageFault for anything else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise UsageFault(f"{path} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise UsageFault(f"{path} is no result of lvos-eval")
    return content


def read_result(path: Path) -> Result:
    """The result in a results folder or a details file. Raises UsageFault if it is none, or has no scores."""
    file = path / DETAILS_FILE if path.is_dir() else path
    content = read_json(file)
    if content.get("format") != DETAILS_FORMAT:
        raise UsageFault(f"{file} has the layout {content.get('format')}; this program reads {DETAILS_FORMAT}")
    if content.get("scores") is None:
        raise UsageFault(f"{file} holds no scores (its state is {content.get('state')}): there is nothing to compare")
    try:
        return Result(
            printable(str(path)),
            str(content["signature"]),
            {str(key): float(value) for key, value in content["scores"].items()},
            tuple(_object(item) for item in content["objects"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageFault(f"{file} is no result of lvos-eval: {error!r}") from None


def _object(item: Mapping[str, Any]) -> ObjectScore:
    return ObjectScore(
        printable(item["video"]),
        int(item["object"]),
        item["split"] == "unseen",
        tuple(map(str, item["attributes"])),
        int(item["frames"]),
        float(item["J"]),
        float(item["F"]),
        float(item["V"]),
        item.get("proposal"),
    )


def compare_signatures(old: str, new: str) -> tuple[SignatureDifference, ...]:
    """Every key in which two signatures differ, in their order; none: the scores may be compared."""
    before, after = (dict(pair.partition(":")[::2] for pair in text.split("|")) for text in (old, new))
    keys = [*before, *(key for key in after if key not in before)]
    return tuple(SignatureDifference(key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key))


def compare_results(old: Result, new: Result) -> ResultComparison:
    """Everything in which two results differ."""
    before = {(item.video, item.id): item for item in old.objects}
    after = {(item.video, item.id): item for item in new.objects}
    objects = [ObjectChange(*key, before[key], after[key]) for key in before if key in after]
    keys = [*old.scores, *(key for key in new.scores if key not in old.scores)]
    scores = [Change(key, old.scores.get(key), new.scores.get(key)) for key in keys]
    return ResultComparison(
        old.label,
        new.label,
        compare_signatures(old.signature, new.signature),
        tuple(sorted((item for item in scores if item.old != item.new), key=lambda item: -abs(item.difference or 1))),
        _video_changes(old.objects, new.objects),
        tuple(sorted((item for item in objects if item.size), key=lambda item: (-item.size, item.video, item.id))),
        tuple(f"{video}/{id}" for video, id in before if (video, id) not in after),
        tuple(f"{video}/{id}" for video, id in after if (video, id) not in before),
        overall_difference(old.objects, new.objects),
    )


def _video_changes(old: Sequence[ObjectScore], new: Sequence[ObjectScore]) -> tuple[VideoChange, ...]:
    before, after = _video_means(old), _video_means(new)
    changes = [VideoChange(video, before[video], after[video]) for video in before if video in after]
    return tuple(sorted((item for item in changes if item.difference), key=lambda item: (-abs(item.difference), item.video)))


def _video_means(objects: Sequence[ObjectScore]) -> dict[str, float]:
    videos: dict[str, list[float]] = {}
    for score in objects:
        videos.setdefault(score.video, []).append(score.jf)
    return {video: sum(values) / len(values) for video, values in videos.items()}
