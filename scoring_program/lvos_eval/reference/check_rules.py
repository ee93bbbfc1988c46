"""The rules that reference data has to keep, one function each; what breaks one goes to a collector."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.diagnostics.problems import Severity
from lvos_eval.formats.litter import is_litter
from lvos_eval.masks.packed import FrameSize
from lvos_eval.protocols.contract import VOID_LABEL, MaskLayout
from lvos_eval.protocols.lvos import FRAME_STEP, SEEN, UNSEEN
from lvos_eval.reference.manifest import Manifest, Video, VideoObject
from lvos_eval.reference.metadata_videos import ADD_STEP, ATTRIBUTES, inclusive_ends
from lvos_eval.reference.survey import GroundTruthMask
from lvos_eval.reference.video_lists import UNSEEN_LIST, UNSUPERVISED_LIST, read_list

__all__ = ["check_labels", "check_manifest", "check_sizes", "list_masks"]


def check_manifest(manifest: Manifest, faults: ProblemCollector) -> None:
    """Everything beside the masks that loading the metadata does not already refuse."""
    _check_lists(manifest, faults)
    _check_attributes(manifest, faults)
    inclusive = inclusive_ends(manifest.videos)
    if inclusive is not None:
        faults.error("metadata", f"{manifest.metadata_name}: {inclusive}", ADD_STEP)
    for video in manifest.videos:
        for item in video.objects:
            _check_range(manifest, video, item, faults, inclusive is not None)


def _check_lists(manifest: Manifest, faults: ProblemCollector) -> None:
    """A misspelt id in a list moves a video to the other split silently; the list of another task can wait."""
    for found in manifest.lists:
        for doubt in found.doubts:
            faults.warning("list", doubt, "correct its spelling, or leave it if it is of another set")
    if manifest.protocol.video_list is None and (manifest.folder / UNSUPERVISED_LIST).exists():
        try:
            read_list(manifest.folder / UNSUPERVISED_LIST)
        except ReferenceDataError as fault:
            faults.extend(replace(problem, severity=Severity.WARNING) for problem in fault.problems)
    unknown = any(problem.code == "list" and problem.severity is Severity.ERROR for problem in faults.problems)
    if manifest.protocol.group_list is None or manifest.rules.unseen_none or unknown:
        return
    if not all(video.objects for video in manifest.videos):
        return
    for whose, group in (("an unseen video", UNSEEN), ("a seen video", SEEN)):
        if not any(item.scored.length for video in manifest.videos if video.group == group for item in video.objects):
            faults.warning(
                "list",
                f"no object of {whose} is scored: their scores are left out, the means are those of the other split",
                f"list the unseen videos in {UNSEEN_LIST}, one id per line" if group == UNSEEN else f"check {UNSEEN_LIST}",
            )


def _check_attributes(manifest: Manifest, faults: ProblemCollector) -> None:
    with_attributes = [video for video in manifest.videos if video.attributes]
    for video in with_attributes:
        unknown = sorted(set(video.attributes) - ATTRIBUTES)
        if unknown:
            faults.warning(
                "metadata", f"unknown attributes {_some(unknown)}", f"LVOS has {', '.join(sorted(ATTRIBUTES))}", video=video.name
            )
    without = [video.name for video in manifest.videos if not video.attributes]
    if with_attributes and without:
        faults.warning("metadata", f"{len(without)} videos have no attributes while others do: {_some(without)}", "add theirs")


def _check_range(manifest: Manifest, video: Video, item: VideoObject, faults: ProblemCollector, explained: bool) -> None:
    surplus = item.range.frame_nums - len(item.range.frames)
    if item.range.frames and surplus > 0 and not explained:
        faults.error(
            "metadata",
            f"{manifest.metadata_name}: object {item.object_id}: frame_nums is {item.range.frame_nums} but the range has "
            f"{len(item.range.frames)} frames; scoring fills the missing values with 0, as the official toolkit does",
            f"set frame_nums to {len(item.range.frames)}"
            + (
                f", or `end` to {item.range.end + FRAME_STEP} if frame {item.range.end} belongs to it" if _one_short(item) else ""
            ),
            video=video.name,
        )
    if item.range.frames and surplus >= 0 and not item.scored.frames:
        faults.warning(
            "metadata",
            f"object {item.object_id} has no scored frame under {manifest.rules.protocol}; it is left out",
            "correct its frame_range, or take it out",
            video=video.name,
        )


def _one_short(item: VideoObject) -> bool:
    """Whether `frame_nums` counts the frame at `end` too; one error says so, and the masks of that frame need none."""
    frames = item.range.frames
    return item.range.frame_nums == len(frames) + 1 and (item.range.end - item.range.start) % FRAME_STEP == 0


def list_masks(manifest: Manifest, faults: ProblemCollector) -> dict[str, list[int]]:
    """The frames with a mask file of every video, sorted; what is missing or too much is reported."""
    root = manifest.masks
    known = {video.name for video in manifest.videos} | manifest.unlisted
    extra = [name for name in _names(root) if name not in known]
    if extra:
        faults.warning("ground-truth", f"{root.name} holds what is not a video of the metadata: {_some(extra)}", "take it out")
    frames: dict[str, list[int]] = {}
    for video in manifest.videos:
        folder = manifest.ground_truth(video.name)
        if not folder.is_dir():
            faults.error("ground-truth", f"no folder {manifest.shown_masks}/{video.name}", "add its masks", video=video.name)
            continue
        if video.object_folders:
            # which has been listed to know the objects
            frames[video.name] = sorted(video.annotated)
            continue
        names, own = _names(folder), manifest.layout(video)
        mask_file = re.compile(rf"{re.escape(own.prefix)}([0-9]{{{own.digits}}})\.png")
        there = sorted(int(match[1]) for name in names if (match := mask_file.fullmatch(name)))
        frames[video.name] = there
        strays = [name for name in names if not mask_file.fullmatch(name)]
        _check_names(video, there, strays, own, faults)
    return frames


def _names(folder: Path) -> list[str]:
    """What a folder holds, sorted, without the litter of file managers; nothing if it is not there."""
    return sorted(name for name in os.listdir(folder) if not is_litter(name)) if folder.is_dir() else []


def _check_names(video: Video, there: Sequence[int], strays: Sequence[str], layout: MaskLayout, faults: ProblemCollector) -> None:
    scored, present = video.scored, set(there)
    missing = [frame for frame in scored if frame not in present]
    if missing:
        faults.error(
            "ground-truth",
            f"{len(missing)} of {len(scored)} scored frames have no ground-truth mask",
            "add them, or exclude the frames in scoring.yaml",
            video=video.name,
            frames=missing,
        )
    unscored = video.annotated - set(scored) - present
    if unscored:
        faults.warning(
            "ground-truth",
            "no mask in annotated frames that are not scored",
            "nothing is lost for scoring",
            video=video.name,
            frames=unscored,
        )
    beyond = present - video.annotated - {item.range.end for item in video.objects if _one_short(item)}
    if beyond and video.objects:
        faults.warning(
            "ground-truth", "masks outside the range of every object", "check the ranges", video=video.name, frames=beyond
        )
    if strays:
        faults.warning(
            "ground-truth",
            f"files that are not masks of a frame: {_some(strays)}",
            f"name masks as {layout.name(1)}.png",
            video=video.name,
        )


def check_sizes(video: Video, masks: Sequence[GroundTruthMask], faults: ProblemCollector) -> None:
    """Every mask against the size that most masks of the video have."""
    frames: defaultdict[FrameSize, list[int]] = defaultdict(list)
    for mask in masks:
        frames[mask.size].append(mask.frame)
    if not frames:
        return
    usual = max(frames, key=lambda size: (len(frames[size]), size))
    for size in sorted(set(frames) - {usual}):
        faults.error(
            "ground-truth",
            f"the mask is {size}, most masks of the video are {usual}",
            "make all masks of a video the size of its frames",
            video=video.name,
            frames=frames[size],
        )
    if video.size is not None and video.size != usual:
        faults.error(
            "ground-truth",
            f"the masks are {usual} but image_size in the metadata is {video.size}",
            "correct the one that is wrong; image_size is [height, width]",
            video=video.name,
        )


def check_labels(video: Video, masks: Sequence[GroundTruthMask], faults: ProblemCollector) -> None:
    """Labels against declared objects, both ways; nothing where the metadata does not say which objects there are."""
    if not video.objects:
        return
    where: defaultdict[int, list[int]] = defaultdict(list)
    for mask in masks:
        for label in mask.pixels:
            where[label].append(mask.frame)
    for label in sorted(set(where) - set(video.ids) - {VOID_LABEL}):
        faults.error(
            "ground-truth",
            f"label {label} is not an object of the metadata; it would count as background",
            "add the object to the metadata, or write these pixels as 0",
            video=video.name,
            frames=where[label],
        )
    there = {mask.frame for mask in masks}
    for item in video.objects:
        annotated = there & set(item.range.frames)
        if not annotated:
            continue
        visible = set(where[item.object_id])
        if not visible:
            faults.error(
                "ground-truth",
                f"object {item.object_id} of the metadata has no pixel in any mask",
                "check the ids in masks and metadata, or take the object out",
                video=video.name,
            )
            continue
        if item.range.start in there and item.range.start not in visible:
            faults.warning(
                "ground-truth",
                f"object {item.object_id} has no pixel in its first frame, so nothing says which object to follow",
                "check the start of its frame_range",
                video=video.name,
                frames=[item.range.start],
            )
        outside = visible - set(item.range.frames) - ({item.range.end} if _one_short(item) else set())
        if outside:
            faults.warning(
                "ground-truth",
                f"object {item.object_id} has pixels outside its frame_range, where it is not scored",
                "check its frame_range",
                video=video.name,
                frames=outside,
            )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
