"""Reading metadata that gives the number of frames of a video and its objects, as MOSE does.

    {"videos": {id: {"length": 30, "height": 1080, "width": 1920, "objects": ["1", "2"]}}}

Where the masks are there, every file is a frame; else frames count from 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.diagnostics.text import counted, listed, printable
from lvos_eval.formats.litter import is_litter
from lvos_eval.masks.packed import FrameSize
from lvos_eval.protocols.contract import MAX_OBJECT_ID, EvaluationProtocol, MaskLayout
from lvos_eval.protocols.frames import FrameList
from lvos_eval.reference.exclusions import excluded_frames
from lvos_eval.reference.manifest import Manifest, Video, VideoObject
from lvos_eval.reference.metadata import MOST_FRAMES, find_metadata, gives_lengths, whole_number
from lvos_eval.reference.settings import SETTINGS_FILE, ScoringRules
from lvos_eval.reference.video_lists import VIDEO_NAME

__all__ = ["fits_lengths", "read_lengths"]

_EXAMPLE: Final = '{"length": 30, "height": 1080, "width": 1920, "objects": ["1", "2"]}'


def read_lengths(
    reference: Path, rules: ScoringRules, protocol: EvaluationProtocol, collector: ProblemCollector, _: bool
) -> Manifest | None:
    """Every video of the metadata, in the order of their names."""
    before = len(collector)
    folder = reference if reference.is_dir() else reference.parent
    try:
        path, videos = find_metadata(reference, collector)
    except ReferenceDataError as fault:
        collector.extend(fault.problems)
        return None
    reader = _Reader(folder / protocol.layout.annotations, rules, protocol, collector)
    found = tuple(video for name in sorted(videos) if (video := reader.read(name, videos[name])) is not None)
    for name in sorted(set(rules.exclude) - set(videos)):
        message = "`exclude` names a video that the metadata does not have"
        collector.error("settings", message, f"correct the name in {SETTINGS_FILE}", video=name)
    if len(collector) == before and not any(video.scored for video in found):
        collector.error("metadata", f"no video of {path.name} has a scored frame", "list longer videos")
    return Manifest(folder, path.name, found, rules)


def fits_lengths(reference: Path, _: MaskLayout) -> bool:
    """Whether metadata gives the numbers of frames of videos."""
    return gives_lengths(reference)


class _Reader:
    """Turns what the metadata says of a video into a `Video`; every problem on the way goes to the collector."""

    def __init__(self, root: Path, rules: ScoringRules, protocol: EvaluationProtocol, collector: ProblemCollector) -> None:
        self._root = root
        self._rules = rules
        self._protocol = protocol
        self._mask = re.compile(rf"([0-9]{{{protocol.layout.digits}}})\.png")
        self._collector = collector

    def read(self, name: str, content: Any) -> Video | None:
        """A video; None where there is nothing to go on with."""
        try:
            if not VIDEO_NAME.fullmatch(name):
                raise ValueError(f"{printable(name)} is not a name of a video")
            if not isinstance(content, Mapping):
                raise ValueError("the video is not a mapping")
            length = _number(content, "length")
            objects = _objects(content)
            size = _size(content)
        except ValueError as fault:
            self._collector.error("metadata", str(fault), f"write it as {_EXAMPLE}", video=name)
            return None
        frames = self._frames(name, length)
        if frames is None:
            return None
        excluded, idle = excluded_frames(self._rules.exclude.get(name, ()), frozenset(frames.frames))
        for run in idle:
            message = f"{SETTINGS_FILE}: `exclude` names {run.name(self._protocol.layout)}, which is not a frame"
            self._collector.error("settings", message, "correct or delete it", video=name)
        scored = self._protocol.frame_rule.scored(frames, excluded)
        members = tuple(VideoObject(object_id, frames, scored) for object_id in objects)
        return Video(name, members, self._protocol.summary.groups[0], size, excluded=excluded)

    def _frames(self, name: str, length: int) -> FrameList | None:
        folder = self._root / name
        if not folder.is_dir():
            return FrameList(tuple(range(length)))
        files = sorted(path.name for path in folder.iterdir() if not is_litter(path.name))
        misnamed = [file for file in files if not self._mask.fullmatch(file)]
        fix = f"name masks by {self._protocol.layout.digits_of('the')} of their frames and .png"
        if misnamed:
            found = f"what is not a mask of a frame: {listed(map(printable, misnamed))}"
        elif len(files) != length:
            found = f"the metadata gives {counted(length, 'frame')}, but the folder holds {counted(len(files), 'mask')}"
            fix = "correct `length`, or add the masks"
        else:
            return FrameList(tuple(int(Path(file).stem) for file in files))
        self._collector.error("ground-truth", found, fix, video=name)
        return None


def _number(content: Mapping[str, Any], key: str) -> int:
    """A number from 1 on. Raises ValueError."""
    try:
        value = whole_number(content.get(key))
    except ValueError:
        value = 0
    if not 0 < value <= MOST_FRAMES:
        raise ValueError(f"`{key}` is not a number from 1 on")
    return value


def _objects(content: Mapping[str, Any]) -> list[int]:
    """The ids of the objects, in the order of the metadata. Raises ValueError."""
    objects = content.get("objects")
    if not isinstance(objects, list) or not objects:
        raise ValueError("`objects` is not a list of ids")
    ids = [whole_number(value) for value in objects]
    wrong = sorted({object_id for object_id in ids if not 0 < object_id <= MAX_OBJECT_ID or ids.count(object_id) > 1})
    if wrong:
        raise ValueError(f"`objects` holds what is not an id from 1 to {MAX_OBJECT_ID}, or one twice: {listed(wrong)}")
    return ids


def _size(content: Mapping[str, Any]) -> FrameSize | None:
    """None where the metadata does not tell. Raises ValueError."""
    if content.get("height") is None or content.get("width") is None:
        return None
    return FrameSize(_number(content, "height"), _number(content, "width"))
