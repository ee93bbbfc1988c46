"""The videos of a metadata file: their objects and frame ranges, and which of them a task and its lists choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.diagnostics.text import counted, listed
from lvos_eval.masks.packed import FrameSize
from lvos_eval.protocols.contract import MAX_OBJECT_ID, EvaluationProtocol, MaskLayout
from lvos_eval.protocols.frames import ScoredFrames
from lvos_eval.protocols.lvos import FRAME_STEP, FrameRange
from lvos_eval.reference.exclusions import excluded_frames
from lvos_eval.reference.manifest import Manifest, Video, VideoObject
from lvos_eval.reference.metadata import find_metadata, frame_numbers, gives_lengths, has_metadata, whole_number
from lvos_eval.reference.settings import SETTINGS_FILE, ScoringRules
from lvos_eval.reference.video_lists import UNSUPERVISED_LIST, VIDEO_NAME, VideoList, unseen_videos, unsupervised_videos

__all__ = ["ADD_STEP", "ATTRIBUTES", "fits_metadata", "inclusive_ends", "read_metadata"]

ATTRIBUTES: Final = frozenset({"BC", "DEF", "MB", "FM", "LR", "OCC", "OV", "SV", "DB", "SC", "AC", "LRA", "CTC"})
"""The challenge attributes that LVOS annotates."""


def read_metadata(
    reference: Path, rules: ScoringRules, protocol: EvaluationProtocol, collector: ProblemCollector, splits: bool
) -> Manifest | None:
    """What is asked by a reference folder with metadata, or by a metadata file alone.

    An object with a faulty range is kept without scored frames: its id is declared all the same.
    """
    before = len(collector)
    folder = reference if reference.is_dir() else reference.parent
    try:
        path, videos = find_metadata(reference, collector)
    except ReferenceDataError as fault:
        collector.extend(fault.problems)
        return None
    reader = _MetadataReader(path.name, rules, protocol, collector)
    parsed = reader.read(videos)
    lists: list[VideoList] = []
    if protocol.video_list is not None:
        try:
            lists.append(unsupervised_videos(folder, protocol.video_list, videos, path.name))
            parsed = _single_object_videos(parsed, lists[0].names, collector)
        except ReferenceDataError as fault:
            collector.extend(fault.problems)
    group = VideoList(frozenset())
    if protocol.group_list is not None:
        try:
            group = unseen_videos(folder, rules, protocol.group_list, videos, path.name, needed=splits)
        except ReferenceDataError as fault:
            collector.extend(fault.problems)
        if splits:
            lists.append(group)
    groups = protocol.summary.groups
    marked = tuple(
        replace(video, group=groups[video.name in group.names]) for video in sorted(parsed, key=lambda video: video.name)
    )
    if len(collector) == before and not any(item.scored.length for video in marked for item in video.objects):
        _report_nothing_scored(path.name, rules, protocol, collector)
    unlisted = frozenset(videos) - {video.name for video in marked}
    notes = [note for found in lists for note in (*found.notes, *found.doubts)]
    return Manifest(folder, path.name, marked, rules, unlisted, (*notes, *reader.warnings), tuple(lists))


def fits_metadata(reference: Path, _: MaskLayout) -> bool:
    """Whether there is metadata, and not that of another benchmark."""
    return has_metadata(reference) and not gives_lengths(reference)


def _report_nothing_scored(metadata: str, rules: ScoringRules, protocol: EvaluationProtocol, collector: ProblemCollector) -> None:
    message = f"no object of {metadata} has a scored frame, so there is nothing to score"
    fix = "correct the frame ranges"
    if rules.exclude:
        fix += ", or take frames out of `exclude` in scoring.yaml"
    if protocol.frame_rule.hint:
        fix += f"; {protocol.frame_rule.hint}"
    collector.error("metadata", message, fix)


def _single_object_videos(videos: Sequence[Video], names: frozenset[str], collector: ProblemCollector) -> list[Video]:
    """The listed videos; one with several objects among them is a problem."""
    chosen = [video for video in videos if video.name in names]
    several = [video.name for video in chosen if len(video.objects) > 1]
    if several:
        message = f"{UNSUPERVISED_LIST} names videos with several objects: {', '.join(several)}"
        collector.error("metadata", message, "list videos with a single object only")
    return chosen


class _MetadataReader:
    """Turns the metadata's `videos` into `Video`s; every fault on the way goes to the collector."""

    def __init__(self, source: str, rules: ScoringRules, protocol: EvaluationProtocol, collector: ProblemCollector) -> None:
        self._source = source
        self._rules = rules
        self._protocol = protocol
        self._group = protocol.summary.groups[0]
        self._collector = collector
        self.warnings: list[str] = []

    def read(self, videos: Mapping[str, Any]) -> list[Video]:
        parsed = [self._video(name, content) for name, content in videos.items()]
        for name in sorted(set(self._rules.exclude) - set(videos)):
            self._add(name, "`exclude` names a video that the metadata does not have", "correct the name in scoring.yaml")
        self._refuse_lists(videos)
        self._say_surplus(parsed)
        return parsed

    def _refuse_lists(self, videos: Mapping[str, Any]) -> None:
        """Objects in a list are one problem, however many videos have them so."""
        found = [
            name for name, content in videos.items() if isinstance(content, dict) and isinstance(content.get("objects"), list)
        ]
        if found:
            message = f"{self._source}: `objects` is a list in {counted(len(found), 'video')}: {listed(found)}"
            fix = 'write the objects by id: {"objects": {"1": {"frame_range": {...}}, "2": {"frame_range": {...}}}}'
            self._collector.error("metadata", message, fix)

    def _say_surplus(self, videos: Sequence[Video]) -> None:
        """Objects with more frames by `frame_nums` than by range: one warning where all have one frame too many."""
        inclusive = inclusive_ends(videos)
        if inclusive is not None:
            zeros = sum(item.scored.length - len(item.scored.frames) for video in videos for item in video.objects)
            official = f"; as in the official toolkit {zeros} values are 0" if zeros else ""
            self.warnings.append(f"{self._source}: {inclusive}; the frame at `end` is not scored{official}. Fix: {ADD_STEP}")
            return
        for video in videos:
            for item in video.objects:
                surplus = item.range.frame_nums - len(item.range.frames)
                if surplus > 0 and item.scored.length:
                    self.warnings.append(
                        f"{video.name} object {item.object_id}: frame_nums is {surplus} larger than the range; as in the "
                        f"official toolkit {item.scored.length - len(item.scored.frames)} of its {item.scored.length} values "
                        "are 0"
                    )

    def _add(self, video: str, message: str, fix: str) -> None:
        self._collector.error("metadata", f"{self._source}: {message}", fix, video=video)

    def _video(self, name: str, content: Any) -> Video:
        if not VIDEO_NAME.fullmatch(name):
            self._add(name, f"{name!r} is not a video id", "use letters, digits, - and _ only")
        objects = content.get("objects") if isinstance(content, dict) else None
        if isinstance(objects, list):
            return Video(name, (), self._group)
        if not isinstance(objects, dict) or not objects:
            self._add(name, "the video has no objects", "give each video at least one object with a frame_range")
            return Video(name, (), self._group)
        excluded = self._excluded(name, objects)
        parsed = tuple(
            item for object_id, entry in objects.items() if (item := self._object(name, object_id, entry, excluded)) is not None
        )
        if len({item.object_id for item in parsed}) != len(parsed):
            self._add(name, "two objects have the same id", "give each object an id of its own")
        return Video(name, parsed, self._group, self._size(name, content), self._attributes(name, content), excluded)

    def _excluded(self, video: str, objects: Mapping[str, Any]) -> frozenset[int]:
        """The annotated frames that `exclude` names; a run that names none would be silently without effect."""
        runs = self._rules.exclude.get(video, ())
        if not runs:
            return frozenset()
        ranges = [FrameRange(**numbers) for entry in objects.values() if isinstance(numbers := frame_numbers(entry), dict)]
        annotated = frozenset(frame for frame_range in ranges for frame in frame_range.frames)
        excluded, idle = excluded_frames(runs, annotated)
        for run in idle:
            near = sorted(sorted(annotated, key=lambda frame: (abs(frame - run.first), frame))[:2])
            message = f"{SETTINGS_FILE}: `exclude` names {run.name(self._protocol.layout)}, where no object is annotated"
            fix = f"correct or delete it; the nearest annotated frames are {' and '.join(map(str, near))}"
            self._collector.error("settings", message, fix, video=video)
        return excluded

    def _object(self, video: str, object_id: Any, entry: Any, excluded: frozenset[int]) -> VideoObject | None:
        where = f"object {object_id}"
        try:
            label = whole_number(object_id)
        except ValueError:
            label = 0
        if not 1 <= label <= MAX_OBJECT_ID:
            self._add(video, f"{where} is not an object id", f"use whole numbers from 1 to {MAX_OBJECT_ID}")
            return None
        nothing = ScoredFrames((), (), 0)
        values = frame_numbers(entry)
        if isinstance(values, str):
            self._add(video, f"{where} has the frame_range {values}", "give start, end and frame_nums as whole numbers")
            return VideoObject(label, FrameRange(0, 0, 0), nothing)
        frame_range = FrameRange(**values)
        if not frame_range.frames:
            self._add(
                video, f"{where}: no frame between start {frame_range.start} and end {frame_range.end}", "`end` is exclusive"
            )
            return VideoObject(label, frame_range, nothing)
        try:
            scored = self._protocol.frame_rule.scored(frame_range, excluded)
        except ValueError as error:
            self._add(video, f"{where}: {error}", "set frame_nums to the number of frames in the range")
            return VideoObject(label, frame_range, nothing)
        if not scored.frames:
            self.warnings.append(f"{video} {where}: no scored frame under {self._protocol.name}; the object is left out")
            scored = nothing
        return VideoObject(label, frame_range, scored)

    def _size(self, video: str, content: Mapping[str, Any]) -> FrameSize | None:
        size = content.get("image_size")
        if size is None:
            return None
        try:
            height, width = (whole_number(value) for value in size)
        except (TypeError, ValueError):
            self._add(video, f"image_size is {size!r}", "write it as [height, width]")
            return None
        return FrameSize(height, width)

    def _attributes(self, video: str, content: Mapping[str, Any]) -> tuple[str, ...]:
        attributes = content.get("attributes")
        if attributes is None:
            return ()
        if isinstance(attributes, str):
            attributes = attributes.replace(",", " ").split()
        if not isinstance(attributes, list) or not all(isinstance(item, str) for item in attributes):
            self._add(video, f"attributes are {attributes!r}", "write them as a list of texts")
            return ()
        return tuple(attributes)


ADD_STEP: Final = f"add {FRAME_STEP} to every `end`"
"""The fix for ends that name the last frame itself."""


def inclusive_ends(videos: Sequence[Video]) -> str | None:
    """What to say where every object has one frame fewer in its range than `frame_nums`: `end` names the last frame itself."""
    ranges = [item.range for video in videos for item in video.objects if item.range.frames]
    if len(ranges) < 2 or any(item.frame_nums != len(item.frames) + 1 or (item.end - item.start) % FRAME_STEP for item in ranges):
        return None
    return (
        f"`end` is inclusive in all {len(ranges)} objects (frame_nums counts the frame at `end`), but in LVOS `end` is exclusive"
    )
