"""The results of a run as data: what every output (page, details, log) is made from.

`Report` holds nothing per frame. What may only be shown with public ground truth is in `FrameDetails`, which a public run
never makes: an output cannot leak what its data does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from lvos_eval.diagnostics.problems import Problem
from lvos_eval.execution.progress import Progress
from lvos_eval.protocols.contract import quality, quality_name
from lvos_eval.reference.settings import Disclosure
from lvos_eval.submission.listing import Submission

__all__ = [
    "ABSENT_PROPOSAL",
    "FrameDetails",
    "Interval",
    "ObjectFrame",
    "ObjectScore",
    "PublishedAttribute",
    "PublishedObject",
    "PublishedScores",
    "PublishedVideo",
    "Report",
    "RunResult",
    "Scores",
    "State",
]

ABSENT_PROPOSAL: Final = 0


@dataclass(frozen=True, slots=True)
class ObjectScore:
    """The statistics of one object over its scored frames."""

    video: str
    object_id: int
    group: str
    """That of its video, one of the protocol's."""
    attributes: tuple[str, ...]
    frames: int
    """Number of values that the statistics are over."""
    values: Mapping[str, float]
    """By the names of the protocol's statistics, in their order; those that are no number are left out. J is there."""
    proposal: int | None = None
    """The label of the submission that was matched to the object, where labels are proposals."""

    @property
    def jf(self) -> float:
        """(J + F) / 2, or J where the protocol has no F."""
        return quality(self.values)

    @property
    def label(self) -> str:
        """As official tables name an object."""
        return f"{self.video}_{self.object_id}"


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of a protocol by key, in its order."""

    values: Mapping[str, float]
    """Those that are numbers; keys of a group without objects are left out."""
    undefined: tuple[str, ...]
    """The keys that the official tool writes as nan."""
    object_mean: float | None
    """J&F as a plain mean over all objects, which gives each group the weight of its number of objects; None without F."""


class ObjectFrame(NamedTuple):
    """J and F of one object in one frame; `visible` if the ground truth has a pixel of it."""

    object_id: int
    frame: int
    region_similarity: float
    contour_accuracy: float
    visible: bool
    proposal: int | None = None
    """Where labels are proposals, the one that the object is compared with; ABSENT_PROPOSAL stands for all that have no pixel in
    the frame."""
    adapted_accuracy: float | None = None
    """F within a tolerance that goes by the object, where that is measured."""

    @property
    def quality(self) -> float:
        """J&F: (J + F) / 2, F being that within the tolerance of the object where that is measured."""
        accuracy = self.contour_accuracy if self.adapted_accuracy is None else self.adapted_accuracy
        return (self.region_similarity + accuracy) / 2


@dataclass(frozen=True, slots=True)
class PublishedObject:
    """The statistics of one object over its scored frames."""

    video: str
    object_id: int
    group: str
    attributes: tuple[str, ...]
    frames: int
    """Number of values that the statistics are over."""
    values: Mapping[str, float]
    """By name; J is there."""
    jf: float
    """(J + F) / 2, or J where the protocol has no F."""
    proposal: int | None = None
    """The label that was matched to the object, in full detail only: matching compares unrounded values with hidden masks."""

    @property
    def label(self) -> str:
        """As official tables name an object."""
        return f"{self.video}_{self.object_id}"

    @property
    def measures(self) -> dict[str, float]:
        """J&F, where there is F, then every statistic."""
        return {quality_name(self.values): self.jf, **self.values}


@dataclass(frozen=True, slots=True)
class PublishedVideo:
    """Means over the objects of one video."""

    name: str
    group: str
    attributes: tuple[str, ...]
    objects: int
    values: Mapping[str, float]
    """By the names of the statistics that all its objects have."""
    jf: float


@dataclass(frozen=True, slots=True)
class PublishedAttribute:
    """Means over the objects of the videos that have an attribute."""

    name: str
    videos: int
    objects: int
    j: float
    f: float | None
    jf: float


@dataclass(frozen=True, slots=True)
class PublishedScores:
    """Everything that a result tells of its scores."""

    detail: Disclosure
    values: Mapping[str, float]
    """The scores by key, in the protocol's order; the first one decides a ranking."""
    undefined: tuple[str, ...]
    """The keys that the official tool writes as nan."""
    object_mean: float | None
    """J&F as a plain mean over all objects; None without F."""
    interval: Interval | None
    """Of the first score; None where a group has too few videos to tell."""
    objects: tuple[PublishedObject, ...]
    videos: tuple[PublishedVideo, ...]
    attributes: tuple[PublishedAttribute, ...]
    """The hardest first."""
    group_means: Mapping[str, float]
    """J&F of each group, as far as it has objects."""
    perfect: float = 1.0
    """What the scores are at best."""

    @property
    def shares(self) -> dict[str, float]:
        """The scores by key as shares of the best possible one: people are shown percent, whatever unit the files have."""
        return {key: value / self.perfect for key, value in self.values.items()}

    @property
    def overall(self) -> float:
        """The share of the score that decides a ranking."""
        return next(iter(self.shares.values()))


class State(StrEnum):
    """How far a run is, or how it ended."""

    CHECKING = "checking"
    SCORING = "scoring"
    SCORED = "scored"
    INVALID = "invalid"
    REFERENCE_FAULT = "reference-fault"
    CHECKED = "checked"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a run may say in public."""

    state: State
    version: str
    protocol: str
    task: str
    signature: str | None = None
    submission: str = ""
    """Where the masks were found, in words."""
    videos: int = 0
    objects: int = 0
    frames: int = 0
    """Frames with at least one scored object."""
    scores: PublishedScores | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader of the scores should know: oddities of the reference, splits without objects, a reason to have stopped."""
    progress: Progress | None = None
    name: str = ""
    """What somebody calls the submission; "" where nobody has said."""


@dataclass(frozen=True, slots=True)
class FrameDetails:
    """J and F of every object and frame, for public ground truth only."""

    values: Mapping[tuple[str, int], tuple[ObjectFrame, ...]]
    """By (video, object id), in the order of frames."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """The outcome of a run: what may be said in public, and what only with public ground truth."""

    report: Report
    frames: FrameDetails | None
    """None unless scored in full detail."""
    submission: Submission
    official: Mapping[str, str] = field(default_factory=dict)
    """The files that the official tool writes, by name; only where all digits may be shown."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The percentile interval `low` to `high` of the first score at `level`, and what it takes to compute it again."""

    low: float
    high: float
    level: float
    resamples: int
    seed: int
