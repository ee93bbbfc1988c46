"""What a benchmark decides, as a value: `EvaluationProtocol` and its parts.

A protocol is data and pure functions. Readers, planning, means, page and files ask it what they need and never which one it is,
so a further benchmark is a file beside this one, at most one reader in `reference`, and a line in the registry. Worker processes
never see it: planning resolves it into chunks (where the masks lie, how they are read, which labels are compared).

What all present protocols share is not a field: there is a J and an F of every object in every frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from typing import Final, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvos_eval.protocols.frames import FrameRule

__all__ = [
    "ADAPTED",
    "ADAPTED_JF",
    "JF",
    "MAX_OBJECT_ID",
    "ONE_GROUP",
    "PROPOSALS",
    "VOID_LABEL",
    "Assignment",
    "EvaluationProtocol",
    "MaskEncoding",
    "MaskLayout",
    "Measures",
    "MissingVideos",
    "ObjectValues",
    "OfficialFile",
    "Pairing",
    "PublishedList",
    "ScoreRow",
    "ScoreTable",
    "ScoredObject",
    "Start",
    "Statistic",
    "Summary",
    "Task",
    "Values",
    "quality",
    "quality_name",
]

VOID_LABEL: Final = 255
"""The label that is background in both masks and never an object."""

MAX_OBJECT_ID: Final = VOID_LABEL - 1

PROPOSALS: Final = range(1, 21)
"""Labels that are proposals where a submission does not know the ids of the objects."""

JF: Final = "J&F"
"""The name of (J + F) / 2 of an object."""

ADAPTED: Final = "Fdot"
"""The name of the mean of F within a tolerance that goes by the object; where there is one, it takes the place of F in J&F."""

ADAPTED_JF: Final = f"J&{ADAPTED}"


def quality(values: Mapping[str, float]) -> float:
    """How good an object is by its statistics: (J + F) / 2, or J where the protocol has no F."""
    accuracy = values.get(ADAPTED, values.get("F"))
    return values["J"] if accuracy is None else (values["J"] + accuracy) / 2


def quality_name(statistics: Iterable[str]) -> str:
    """What `quality` is called."""
    names = set(statistics)
    return ADAPTED_JF if ADAPTED in names else JF if "F" in names else "J"


Values: TypeAlias = NDArray[np.float64]
"""One value for each slot of an object, shape (slots,)."""


class Task(StrEnum):
    """What a submission answers."""

    SEMI_SUPERVISED = "semi-supervised"
    UNSUPERVISED_MULTIPLE = "unsupervised_multiple"
    UNSUPERVISED_SINGLE = "unsupervised_single"


class MaskEncoding(Enum):
    """How a submitted mask says where objects are."""

    LABEL_MAP = "label map"
    """The value of a pixel is the label of its object."""
    LABEL_MAP_OR_WHITE = "label map or white"
    """The same, and 255 is object 1."""
    SALIENCY = "salient map"
    """Foreground is the only object of the video, in two values or in shades of grey."""
    BINARY = "binary mask"
    """The one value that is not 0 is the only object of the video, whichever value that is."""

    @property
    def is_label_map(self) -> bool:
        """Whether values are labels of objects."""
        return self in (MaskEncoding.LABEL_MAP, MaskEncoding.LABEL_MAP_OR_WHITE)


class Pairing(Enum):
    """Which label of a submission is compared with an object."""

    BY_ID = "by id"
    """The one of the same number."""
    ASSIGNMENT = "assignment"
    """Of PROPOSALS the one that the best one-to-one assignment gives it."""


class Assignment(Enum):
    """Which proposals take part where they are assigned, and in which order sums run; ties depend on both."""

    ALL = "all"
    """All of PROPOSALS, also those without a pixel."""
    USED = "used"
    """Those up to the highest label of the submission in the video, at least as many as objects, in the order of DAVIS' tool."""


class Measures(Enum):
    """What an object is measured by in a frame."""

    STANDARD = "J, and F within 0.8 % of the frame's diagonal, rounded up"
    ADAPTIVE = "J with one pixel added, F, and F within a tolerance that goes by the object's area"
    """F of an object that is large is taken within 0.8 % as it is."""


class Start(Enum):
    """Where the values of an object begin."""

    FIRST_SLOT = "at the first scored frame of the object's range"
    FIRST_PRESENCE = "at the first scored frame in which ground truth or submission shows the object"


class MissingVideos(Enum):
    """What becomes of a video that a submission does not have."""

    REFUSED = "the submission is invalid"
    LEFT_OUT = "left out of the means"
    ZERO = "counted as 0"


@dataclass(frozen=True, slots=True)
class MaskLayout:
    """Where masks lie: `<annotations>/<video>/<name>.png` in the data, `<video>/<name>.png` in a submission.

    The name is a prefix, mostly none, and the digits of the frame.
    """

    digits: int
    """Of a frame in the name of its mask."""
    step: int
    """From one annotated frame to the next, where it is constant; else 1."""
    annotations: str = "Annotations"
    """The folder of the ground truth, relative to the data set."""
    images: str = "JPEGImages"
    """The folder of the photographs, which pictures are drawn on if they are there."""
    image_sets: str = ""
    """The folder of the lists of videos, where there are several."""
    newer_image_sets: str = ""
    """A folder whose lists take the place of those of the same name there."""
    prefix: str = ""
    """Of every name, before the digits."""
    own_prefixes: bool = False
    """Whether the names of each video have a prefix of their own, which its masks show; see `for_video`."""
    object_folders: bool = False
    """Whether a video may have a folder for each object, `<video>/<object>/<frame>.png`, whose masks show that object alone."""

    def name(self, frame: int) -> str:
        """The stem of the file of a frame: its number with leading zeros."""
        return f"{self.prefix}{frame:0{self.digits}d}"

    def object_name(self, object_id: int) -> str:
        """The name of the folder of an object, where it has one."""
        return f"{object_id:03d}"

    @property
    def has_text(self) -> bool:
        """Whether there is text before the digits."""
        return bool(self.prefix) or self.own_prefixes

    @property
    def likely_name(self) -> str:
        """As a regular expression, the name of a file that may be a mask, under its right name or not."""
        return rf"{'[A-Za-z0-9_-]*?' if self.has_text else ''}[0-9]+\.png"

    def for_video(self, prefix: str | None) -> MaskLayout:
        """That of a video whose names have this prefix; None: that of all."""
        return self if prefix is None else replace(self, prefix=prefix)

    def digits_of(self, whose: str) -> str:
        """What names a mask beside `.png`, in words: `its five digits`."""
        count = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")[self.digits]
        return f"{self.prefix} and {whose} {count} digits" if self.prefix else f"{whose} {count} digits"


class PublishedList(NamedTuple):
    """A list of videos that comes with the program, for data that comes without it."""

    file: str
    title: str
    """Whose list it is, in words."""


class ObjectValues(NamedTuple):
    """The measures of one object, each of shape (slots,), slots in the order of the frame rule."""

    region_similarity: Values
    contour_accuracy: Values
    visible: NDArray[np.bool_]
    """Whether the ground truth shows the object."""
    adapted_accuracy: Values | None = None
    """F within a tolerance that goes by the object, where that is measured."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number of one object, from its values; nan where the official tool gives nan."""

    name: str
    """`J`, `F` and `V` are the names of the means of J and F and of temporal stability. Every protocol has `J`; where it has no
    `F`, J alone says how good an object is."""
    function: Callable[[ObjectValues], float]


class ScoredObject(Protocol):
    """What the summary of a protocol sees of an object."""

    @property
    def video(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def object_id(self) -> int: ...
    @property
    def proposal(self) -> int | None: ...
    @property
    def label(self) -> str:
        """`<video>_<object id>`, as official tables name an object."""

    @property
    def values(self) -> Mapping[str, float]:
        """By the names of the statistics, in their order."""


ONE_GROUP: Final = ("all",)
"""The groups of a protocol that has none."""


class ScoreRow(NamedTuple):
    """A row of the table of scores: a measure, its meaning, and the key in each column."""

    measure: str
    meaning: str
    keys: tuple[str, ...]


class ScoreTable(NamedTuple):
    """How the page lays out the scores."""

    columns: tuple[str, ...]
    rows: tuple[ScoreRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """From the statistics of objects to the scores."""

    keys: tuple[str, ...]
    """In the order of every output, under their official names; the first one decides a ranking."""
    combine: Callable[[Sequence[ScoredObject]], Mapping[str, float]]
    """The scores of objects in the order of the manifest, at least one. nan where the official tool gives nan; keys of a group
    without objects are left out."""
    groups: tuple[str, ...] = ONE_GROUP
    """The groups of videos that are averaged apart; `groups[0]` is that of a video that no list names."""
    signed: frozenset[str] = frozenset()
    """The keys whose scores may be below 0."""
    lower_is_better: frozenset[str] = frozenset()
    """The keys of scores, and the names of statistics, of which the lower value is the better one."""
    headline: tuple[str, ...]
    """The keys that a paper quotes, in its order."""
    title: str
    """What the first key is, in words."""
    table: ScoreTable
    perfect: float = 1.0
    """What the scores are at best: 1, or 100 where the official tool gives percent. Values of objects are always from 0 to 1."""


@dataclass(frozen=True, slots=True)
class OfficialFile:
    """A file that the official tool writes, byte for byte."""

    name: str
    """With `{set}` for the set of videos."""
    render: Callable[[Mapping[str, float], Sequence[ScoredObject]], str]
    """Its content from the unrounded scores, nan included, and the objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationProtocol:
    """All in which one benchmark, or one task of it, differs from another."""

    name: str
    """What scoring.yaml, the command line and the signature say."""
    description: str
    """In a sentence: what it is, and how it differs from its neighbours."""
    source: str
    """Repository and commit whose numbers are matched."""
    task: Task = Task.SEMI_SUPERVISED
    layout: MaskLayout
    videos: str
    """Who reads the videos of a data set, their objects and their frames: a key of the table in `reference.readers`."""
    videos_in_words: str = "those of the metadata"
    """Which videos count, where `layout` has no lists of them."""
    objects: str = "those of the metadata"
    """Which objects a video has, in words."""
    video_list: PublishedList | None = None
    """Of the only videos that the task asks for; None: all."""
    group_list: PublishedList | None = None
    """Of the videos in `summary.groups[1]`; None where the data has one group."""
    frame_rule: FrameRule
    encoding: MaskEncoding = MaskEncoding.LABEL_MAP
    pairing: Pairing = Pairing.BY_ID
    assignment: Assignment = Assignment.ALL
    upload_folder: str | None = None
    """The folder that holds the videos in the zip that the benchmark's server takes; None: no server of masks is documented."""
    ignored_label: int | None = None
    """The label in the ground truth whose pixels are taken out of both masks before anything is measured."""
    submits_void: bool = True
    """Whether 255 in a submission is void, as in the ground truth, of which nothing is said; else it is like any other label."""
    measures: Measures = Measures.STANDARD
    starts: Start = Start.FIRST_SLOT
    missing_videos: MissingVideos = MissingVideos.REFUSED
    refuses_other_labels: bool = False
    """Whether a label of no object makes a submission invalid, as the official tool stops at it; else it is background."""
    statistics: tuple[Statistic, ...]
    summary: Summary
    files: tuple[OfficialFile, ...] = ()
    quirks: tuple[str, ...] = ()
    """What the official tool does that one would not expect and that changes numbers, each in a sentence without an end."""

    @property
    def names_objects(self) -> bool:
        """Whether a label of a submission says which object is meant."""
        return self.encoding.is_label_map and self.pairing is Pairing.BY_ID

    def truth_labels(self, object_ids: Sequence[int]) -> tuple[int, ...]:
        """The labels that mean something in the ground truth of a video with these objects."""
        return (*object_ids, *([] if self.ignored_label is None else [self.ignored_label]))

    @property
    def reading(self) -> str:
        """What the values of an object in a frame depend on, beside the masks: equal ones give equal values."""
        how = (self.encoding.value, self.pairing.value, self.assignment.value, str(self.ignored_label), self.measures.value)
        return "; ".join(how)

    def proposals(self, objects: int) -> Sequence[int]:
        """Those that so many objects can be matched with: one without a pixel for each object, where only used ones take part."""
        used = self.assignment is Assignment.USED
        return range(1, objects + 1) if used and objects > len(PROPOSALS) else PROPOSALS

    def labels(self, object_ids: Sequence[int]) -> Sequence[int]:
        """The labels that mean something in a submitted mask of a video with these objects."""
        return PROPOSALS if self.pairing is Pairing.ASSIGNMENT else object_ids

    def object_statistics(self, values: ObjectValues) -> dict[str, float]:
        """Every statistic of an object that is a number, by name, in order."""
        found = {statistic.name: statistic.function(values) for statistic in self.statistics}
        return {name: value for name, value in found.items() if math.isfinite(value)}
