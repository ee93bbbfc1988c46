"""The numbers that circulate for one submission, side by side: every mask is decoded once, then counted in every way.

Each object is measured in every annotated frame of its video. A way of counting chooses from these values, and the protocols' own
statistics and sums make the number of it, so that it is the one that the tool of that name prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.problems import Problem
from lvos_eval.diagnostics.text import counted, listed
from lvos_eval.execution.workload import Observer
from lvos_eval.protocols import variants
from lvos_eval.protocols.contract import EvaluationProtocol, PublishedList
from lvos_eval.protocols.frames import FrameList, ScoredFrames
from lvos_eval.protocols.variants import Counting, NamedCounting
from lvos_eval.protocols.vos_benchmark import PERCENT_SUMMARY
from lvos_eval.reference.manifest import Manifest, Video, VideoObject
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.reference.video_lists import published_names
from lvos_eval.scoring.aggregation import score_objects
from lvos_eval.scoring.results import ObjectFrame, ObjectScore
from lvos_eval.scoring.run import measure, new_collector, open_checked
from lvos_eval.submission.listing import Submission

__all__ = ["Explanation", "Number", "explain"]

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Number:
    """One number in percent; J&F, J and F are None where the submission lacks masks that it takes, as `lacks` says."""

    name: str
    meaning: str
    jf: float | None
    j: float | None
    f: float | None
    objects: int
    videos: int
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All numbers of one submission. Without `official` the submission is not valid, as its problems say."""

    submission: str
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
    official: Number | None = None
    changes: tuple[Number, ...] = ()
    """One change at a time."""
    named: tuple[Number, ...] = ()
    groups: tuple[Number, ...] = ()
    """Seen and unseen videos under each list."""


def explain(
    path: Path,
    manifest: Manifest,
    jobs: int | None,
    observe: Observer,
    *,
    videos: frozenset[str] | None = None,
    limits: ArchiveLimits | None = None,
    strict: bool = False,
) -> Explanation:
    """Measures a submission once and counts it in every way; `videos` are those of a list that somebody has given.

    Raises UsageError for a protocol that has only one way of counting, or a list without a video of the data; ReferenceDataError
    and RunStoppedError as scoring does.
    """
    protocol = manifest.protocol
    if protocol.group_list is None or not protocol.names_objects:
        raise UsageError(f"explain compares the numbers of semi-supervised LVOS; {protocol.name} has one way of counting")
    if videos is not None and videos.isdisjoint(video.name for video in manifest.videos):
        raise UsageError(
            f"the list of videos names no video of {manifest.metadata_name}: it has {listed(sorted(videos), _SHOWN)}"
        )
    collector = new_collector(manifest, strict=strict)
    submission = open_checked(path, manifest, limits or ArchiveLimits(), collector)
    wide = _in_every_frame(manifest, submission)
    values = {} if collector.has_errors else measure(wide, submission, jobs, observe, collector)
    if collector.has_errors:
        return Explanation(submission.accepted, collector.problems)
    counter = _Counter(manifest, wide, values, submission, videos)
    own = variants.official(protocol)
    listed_ones = (own, *(found for found in variants.changes(protocol, subset=False) if found.counting.unseen is not None))
    return Explanation(
        submission.accepted,
        collector.problems,
        manifest.warnings,
        counter.number(own),
        tuple(map(counter.number, variants.changes(protocol, subset=videos is not None))),
        tuple(map(counter.number, variants.named(protocol, subset=videos is not None))),
        tuple(number for found in listed_ones for number in counter.groups(found)),
    )


def _in_every_frame(manifest: Manifest, submission: Submission) -> Manifest:
    """The manifest with every object scored in every annotated frame of its video that has a mask in the submission."""
    videos = []
    for video in manifest.videos:
        there = submission.masks.get(video.name, {})
        frames = tuple(frame for frame in _annotated(manifest, video) if frame not in video.excluded and frame in there)
        scored = ScoredFrames(frames, tuple(range(len(frames))), len(frames))
        objects = tuple(VideoObject(item.object_id, item.range, scored) for item in video.objects if frames)
        videos.append(replace(video, objects=objects))
    return replace(manifest, videos=tuple(videos))


def _annotated(manifest: Manifest, video: Video) -> list[int]:
    """The frames of a video that have a mask in the ground truth, sorted."""
    digits = manifest.protocol.layout.digits
    names = (path.stem for path in manifest.ground_truth(video.name).glob("*.png"))
    return sorted(int(name) for name in names if len(name) == digits and name.isdecimal())


class _Counter:
    """Counts the values of one submission in any way."""

    def __init__(
        self,
        manifest: Manifest,
        wide: Manifest,
        values: Mapping[str, Sequence[ObjectFrame]],
        submission: Submission,
        subset: frozenset[str] | None,
    ) -> None:
        self._manifest = manifest
        self._values = {
            video.name: {(value.object_id, value.frame): value for value in values.get(video.name, ())} for video in wide.videos
        }
        self._annotated = {
            video.name: FrameList(tuple(found)) for video in manifest.videos if (found := _annotated(manifest, video))
        }
        self._has = {video: frozenset(frames) for video, frames in submission.masks.items()}
        self._subset = subset

    def number(self, found: NamedCounting) -> Number:
        """The number of a way of counting."""
        unseen = found.counting.unseen
        if found.alone and unseen is not None and not self._knows(unseen):
            return Number(found.name, found.meaning, None, None, None, 0, 0, "the list names no video of the data")
        videos = self._videos(found.counting)
        if lacks := self._lacks(videos):
            return Number(found.name, found.meaning, None, None, None, 0, len(videos), lacks)
        return self._mean(found.name, found.meaning, self._objects(videos, found.counting), plain=found.counting.plain)

    def groups(self, found: NamedCounting) -> list[Number]:
        """J&F of each group of videos, where each object weighs the same; none under a list without a video of the data."""
        if found.counting.unseen is not None and not self._knows(found.counting.unseen):
            return []
        objects = self._objects(self._videos(found.counting), found.counting)
        title = found.meaning if found.counting.unseen is not None else "videos as the data says"
        members = {group: [score for score in objects if score.group == group] for group in self._protocol.summary.groups}
        return [self._mean(group, title, scores, plain=True) for group, scores in members.items() if scores]

    @property
    def _protocol(self) -> EvaluationProtocol:
        return self._manifest.protocol

    def _knows(self, unseen: PublishedList) -> bool:
        return not published_names(unseen).isdisjoint(video.name for video in self._manifest.videos)

    def _videos(self, counting: Counting) -> list[Video]:
        """The videos that count, each object with the frames that do."""
        groups = self._protocol.summary.groups
        # a list without a video of the data is for another data set, whose groups are those that the data says
        known = counting.unseen is not None and self._knows(counting.unseen)
        unseen = published_names(counting.unseen) if known and counting.unseen is not None else None
        videos = []
        for video in self._manifest.videos:
            if counting.subset and self._subset is not None and video.name not in self._subset:
                continue
            annotated = self._annotated.get(video.name)
            objects = []
            for item in video.objects:
                frames = annotated if counting.whole_video and annotated is not None else item.range
                objects.append(VideoObject(item.object_id, frames, counting.frames.scored(frames, video.excluded)))
            group = video.group if unseen is None else groups[video.name in unseen]
            videos.append(replace(video, objects=tuple(objects), group=group))
        return videos

    def _lacks(self, videos: Iterable[Video]) -> str:
        """What masks the submission does not have of the frames that count."""
        missing = {video.name: set(video.scored) - self._has.get(video.name, frozenset()) for video in videos}
        missing = {video: frames for video, frames in missing.items() if frames}
        if not missing:
            return ""
        frames = counted(sum(map(len, missing.values())), "frame")
        return f"the submission has no mask of {frames} of {listed(sorted(missing), _SHOWN)}"

    def _objects(self, videos: Iterable[Video], counting: Counting) -> list[ObjectScore]:
        protocol = replace(self._protocol, starts=counting.starts)
        scores: list[ObjectScore] = []
        for video in videos:
            values = self._values[video.name]
            asked = [values[item.object_id, frame] for item in video.objects for frame in item.scored.frames]
            if counting.whole_video:
                # labels that no frame shows are no objects there, and the others come in the order of a set
                seen = _in_set_order(asked)
                by_id = {item.object_id: item for item in video.objects}
                video = replace(video, objects=tuple(by_id[object_id] for object_id in seen))
                asked = [value for value in asked if value.object_id in by_id and value.object_id in set(seen)]
            scores += score_objects(video, asked, protocol)
        return scores

    def _mean(self, name: str, meaning: str, objects: Sequence[ObjectScore], *, plain: bool) -> Number:
        videos = len({score.video for score in objects})
        if not objects:
            return Number(name, meaning, None, None, None, 0, 0, "no object has a frame that counts")
        if plain:
            means = PERCENT_SUMMARY.combine(objects)
            return Number(name, meaning, means["J&F"], means["J"], means["F"], len(objects), videos)
        means = self._protocol.summary.combine(objects)
        jf, j, f = (100 * means[key] for key in (self._protocol.summary.keys[0], "J-Mean", "F-Mean"))
        return Number(name, meaning, jf, j, f, len(objects), videos)


def _in_set_order(values: Iterable[ObjectFrame]) -> list[int]:
    """The visible objects in the order of a set that gets those of one frame after the other, as vos-benchmark sums them."""
    by_frame: dict[int, list[int]] = {}
    for value in values:
        by_frame.setdefault(value.frame, [])
        if value.visible:
            by_frame[value.frame].append(value.object_id)
    found: set[int] = set()
    for _, ids in sorted(by_frame.items()):
        # set by set, each made in ascending order: the order of a set depends on how it came about
        found.update(set(dict.fromkeys(sorted(ids))))
    return list(found)
