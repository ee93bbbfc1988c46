"""Made-up videos, and findings of masks in them, without a file being read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lvos_eval import protocols
from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.mask_issues import MaskIssue, WrongSize
from lvos_eval.masks.packed import FrameSize
from lvos_eval.protocols.contract import Task
from lvos_eval.protocols.lvos import FRAME_STEP, FrameRange
from lvos_eval.reference.manifest import Manifest, Video, VideoObject
from lvos_eval.reference.settings import ScoringRules
from lvos_eval.submission.mask_findings import VideoFindings


def video(name: str = "v1", ids: Sequence[int] = (1,), frames: int = 4) -> Video:
    """A video whose objects are there in all frames, of which the first and the last are not scored."""
    span = FrameRange(1, 1 + FRAME_STEP * frames, frames)
    return Video(
        name,
        tuple(VideoObject(object_id, span, protocols.get("lvos-v2").frame_rule.scored(span)) for object_id in ids),
        group="seen",
    )


def manifest(*videos: Video, task: Task = Task.SEMI_SUPERVISED) -> Manifest:
    return Manifest(Path("ref"), "meta.json", videos, ScoringRules(task=task))


def unknown(pixels: Mapping[int, int], **others: Any) -> VideoFindings:
    """Findings with pixels of undeclared labels, all in frame 6; every object was looked for and seen unless said otherwise."""
    frames = defaultdict(set, {label: {6} for label in pixels})
    return VideoFindings(
        unknown_pixels=Counter(pixels), unknown_frames=frames, **({"present": {1, 2}, "inspected": Counter({1, 2})} | others)
    )


def refused(issue: MaskIssue, *frames: int, **others: Any) -> VideoFindings:
    """Findings with masks that have one issue, in frame 6 unless said otherwise."""
    return VideoFindings(issues=defaultdict(set, {issue: set(frames or (6,))}), **others)


def wrong_size(detail: str) -> WrongSize:
    """`640x360 instead of 1280x720` as an issue."""
    found, wanted = (FrameSize(*reversed([int(side) for side in size.split("x")])) for size in detail.split(" instead of "))
    return WrongSize(ImageKind.GREY, found, wanted)
