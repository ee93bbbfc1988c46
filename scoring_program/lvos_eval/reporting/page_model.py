"""The parts of the detail page as data: a section for each video, a group for each kind of problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lvos_eval.diagnostics.problems import SUBMISSION_CODES, Problem, Severity
from lvos_eval.diagnostics.text import printable
from lvos_eval.protocols.contract import quality_name
from lvos_eval.reporting.overlays import Picture, Pictures
from lvos_eval.reporting.timelines import TIMELINE_POINTS, timeline
from lvos_eval.reporting.trends import HEAT_COLUMNS, heat_strip
from lvos_eval.scoring.frame_kinds import FrameMeans, frame_means
from lvos_eval.scoring.results import FrameDetails, PublishedObject, PublishedScores

__all__ = [
    "ObjectSection",
    "ProblemGroup",
    "VideoSection",
    "problem_groups",
    "video_sections",
]


@dataclass(frozen=True, slots=True)
class ObjectSection:
    """One object in the section of its video; all but `anchor` and `score` are empty unless frames may be shown."""

    anchor: str
    """`video/object`, the id of its section, by which people link to it; no id of our own has a slash."""
    score: PublishedObject
    heat: str = ""
    timeline: str = ""
    first: int = 0
    last: int = 0
    means: tuple[FrameMeans, ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class VideoSection:
    """One video: `anchor` is the id of its section, which no name can choose; the means are over its objects."""

    anchor: str
    name: str
    group: str
    attributes: tuple[str, ...]
    objects: tuple[ObjectSection, ...]
    measures: Mapping[str, float]
    """J&F, then every statistic that all its objects have."""
    jf: float


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """All problems of one code; what holds for all of them is found once, as the page asks for it in every row."""

    code: str
    severity: Severity
    meaning: str
    problems: tuple[Problem, ...]
    fix: str | None
    """The one remedy for all of them, None if they have several."""
    has_videos: bool
    has_frames: bool


_LINES: Final = 2_400_000
"""Characters that the timelines of a page may take together, about."""
_POINT: Final = 14
"""Characters that a point of the two lines of a timeline takes."""
_MANY: Final = 1_000
"""Objects from which on heat strips are coarser."""


def video_sections(scores: PublishedScores, frames: FrameDetails | None, pictures: Pictures) -> tuple[VideoSection, ...]:
    """One section for each video, in the order of the objects."""
    members: dict[str, list[PublishedObject]] = {}
    for score in scores.objects:
        members.setdefault(score.video, []).append(score)
    count = len(scores.objects)
    points = min(max(_LINES // (_POINT * max(count, 1)), 40), TIMELINE_POINTS)
    columns = HEAT_COLUMNS if count < _MANY else HEAT_COLUMNS // 2
    return tuple(
        VideoSection(
            f"v{number}",
            video.name,
            video.group,
            video.attributes,
            tuple(_object_section(score, frames, pictures, points, columns) for score in members[video.name]),
            {quality_name(video.values): video.jf, **video.values},
            video.jf,
        )
        for number, video in enumerate(scores.videos, 1)
    )


def _object_section(
    score: PublishedObject, frames: FrameDetails | None, pictures: Pictures, points: int, columns: int
) -> ObjectSection:
    """The section of an object, with a timeline of about so many points and a heat strip of so many columns."""
    key = score.video, score.object_id
    values = frames.values.get(key, ()) if frames is not None else ()
    anchor = f"{printable(score.video)}/{score.object_id}"
    if not values:
        return ObjectSection(anchor, score)
    drawn = pictures.get(key, ())
    numbers = [value.frame for value in values]
    measure = quality_name(score.values)
    drawn_timeline = timeline(
        numbers,
        [value.region_similarity for value in values],
        [value.contour_accuracy for value in values],
        [value.visible for value in values],
        f"object {score.object_id}",
        [picture.frame for picture in drawn],
        points,
    )
    heat = heat_strip(values, f"{anchor}: {measure} {100 * score.jf:.2f}", measure, columns)
    return ObjectSection(anchor, score, heat, drawn_timeline, numbers[0], numbers[-1], frame_means(values), drawn)


def problem_groups(problems: Sequence[Problem]) -> tuple[ProblemGroup, ...]:
    """Problems by severity and code, in the order in which they come: errors first."""
    groups: dict[tuple[Severity, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.severity, problem.code), []).append(problem)
    return tuple(_group(code, severity, tuple(members)) for (severity, code), members in groups.items())


def _group(code: str, severity: Severity, problems: tuple[Problem, ...]) -> ProblemGroup:
    meanings: Mapping[str, tuple[Severity, str]] = SUBMISSION_CODES
    fixes = {problem.fix for problem in problems}
    return ProblemGroup(
        code,
        severity,
        meanings[code][1] if code in meanings else "",
        problems,
        fixes.pop() if len(fixes) == 1 else None,
        any(problem.video is not None for problem in problems),
        any(problem.frames for problem in problems),
    )
