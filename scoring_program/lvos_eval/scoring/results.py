"""The results of a run as data: what every output (page, details, log) is made from.

`Report` holds nothing per frame. What may only be shown with public ground truth is in `FrameDetails`, which a public run
never makes: an output cannot leak what its data does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from lvos_eval.diagnostics.problems import Problem
from lvos_eval.execution.progress import Progress
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
    """The means of one object over its scored frames."""

    video: str
    object_id: int
    unseen: bool
    attributes: tuple[str, ...]
    frames: int
    """Number of values that the means are over."""
    j: float
    f: float
    v: float
    """Temporal stability: the deviation of (J + F) / 2 over the frames, lower is steadier."""
    proposal: int | None = None
    """The label of the submission that was matched to the object, in the multi-object unsupervised task."""

    @property
    def jf(self) -> float:
        return (self.j + self.f) / 2


@dataclass(frozen=True, slots=True)
class Scores:
    """The leaderboard's numbers by key, in the order of SCORE_KEYS; keys of a split without objects are left out."""

    values: Mapping[str, float]
    object_mean: float
    """J&F as a plain mean over all objects, which gives each split the weight of its number of objects."""


class ObjectFrame(NamedTuple):
    """J and F of one object in one frame; `visible` if the ground truth has a pixel of it."""

    object_id: int
    frame: int
    region_similarity: float
    contour_accuracy: float
    visible: bool
    proposal: int | None = None
    """In the multi-object unsupervised task the label that the object is compared with; ABSENT_PROPOSAL stands for all that
    have no pixel in the frame."""


@dataclass(frozen=True, slots=True)
class PublishedObject:
    """The means of one object over its scored frames."""

    video: str
    object_id: int
    unseen: bool
    attributes: tuple[str, ...]
    frames: int
    """Number of values that the means are over."""
    j: float
    f: float
    v: float
    jf: float
    proposal: int | None = None
    """The label that was matched to the object, in full detail only: matching compares unrounded values with hidden masks."""


@dataclass(frozen=True, slots=True)
class PublishedVideo:
    """Means over the objects of one video."""

    name: str
    unseen: bool
    attributes: tuple[str, ...]
    objects: int
    j: float
    f: float
    v: float
    jf: float


@dataclass(frozen=True, slots=True)
class PublishedAttribute:
    """Means over the objects of the videos that have an attribute."""

    name: str
    videos: int
    objects: int
    j: float
    f: float
    jf: float


@dataclass(frozen=True, slots=True)
class PublishedScores:
    """Everything that a result tells of its scores."""

    detail: Disclosure
    values: Mapping[str, float]
    """The leaderboard's numbers by key, in the order of SCORE_KEYS; keys of a split without objects are left out."""
    object_mean: float
    """J&F as a plain mean over all objects."""
    interval: Interval | None
    """Of Overall; None where a split has too few videos to tell."""
    objects: tuple[PublishedObject, ...]
    videos: tuple[PublishedVideo, ...]
    attributes: tuple[PublishedAttribute, ...]
    """The hardest first."""
    split_means: Mapping[str, float]
    """J&F of `seen` and `unseen`, as far as they have objects."""


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


@dataclass(frozen=True, slots=True)
class Interval:
    """The percentile interval `low` to `high` of Overall at `level`, and what it takes to compute it again."""

    low: float
    high: float
    level: float
    resamples: int
    seed: int
