"""What pack does not do without being told: label maps that the check accepts, and that may yet mean something else."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import counted, listed, these_videos
from lvos_eval.masks.packed import FrameSize
from lvos_eval.protocols.contract import VOID_LABEL
from lvos_eval.reference.manifest import Manifest, Video
from lvos_eval.submission.listing import Submission
from lvos_eval.submission.mask_findings import VideoFindings
from lvos_eval.submission.restoration import KEEP_LABELS, Restorations, Way

__all__ = ["report_doubts", "report_unsized"]

_BINARY: Final = 1
"""The label of everything, where all objects of a mask are one."""


def report_doubts(
    manifest: Manifest, findings: Mapping[str, VideoFindings], collector: ProblemCollector, restorations: Restorations
) -> None:
    """Reports videos without some object whose labels may be those of the object under another number."""
    found = [(video, findings[video.name]) for video in manifest.videos if video.name in findings]
    # beside every object of another video 255 is void, and so it is in this one
    void = {VOID_LABEL} if any(VOID_LABEL in seen.unknown_pixels and not _absent(video, seen) for video, seen in found) else set()
    for video, seen in found:
        _report_unsure(video, seen, seen.unknown_pixels.keys() - seen.strays - void, collector, restorations)
    several = [(video, seen) for video, seen in found if len(video.ids) > 1 and seen.present]
    if several and all(seen.present == {_BINARY} and _absent(video, seen) for video, seen in several):
        names = [video.name for video, _ in several]
        problem = collector.error(
            "ids-encoded",
            f"all that the masks of {these_videos(names)} hold is object {_BINARY}, though there are more: either your method "
            f"lost all others, or every object is written as {_BINARY}.",
            "write each object with its own id.",
            video=names[0] if len(names) == 1 else None,
        )
        restorations.add(problem, names, {KEEP_LABELS: Way()})


def _absent(video: Video, found: VideoFindings) -> list[int]:
    return [object_id for object_id in video.ids if found.inspected[object_id] and object_id not in found.present]


def _report_unsure(
    video: Video, found: VideoFindings, others: Set[int], collector: ProblemCollector, restorations: Restorations
) -> None:
    """Reports a video with labels of no object, the `others`, and objects without a pixel."""
    absent, labels = _absent(video, found), sorted(others)
    if not absent or not labels:
        return
    what = f"label {labels[0]} is" if len(labels) == 1 else f"labels {listed(labels, 8)} are"
    lost = f"object {absent[0]} has" if len(absent) == 1 else f"objects {listed(absent, 8)} have"
    problem = collector.error(
        "unknown-object",
        f"{what} no object of the video, and {lost} no pixel: either your method lost what is missing, or it has another number "
        "in your masks.",
        "give every object the id that it has in the mask of its first frame.",
        video=video.name,
    )
    restorations.add(problem, [video.name], {KEEP_LABELS: Way()})


def report_unsized(
    manifest: Manifest, submission: Submission, sizes: Mapping[str, FrameSize | None], collector: ProblemCollector
) -> None:
    """Reports videos of which the size of an empty mask is not known."""
    videos = [
        video.name
        for video in manifest.videos
        if sizes[video.name] is None and set(video.scored) - submission.masks.get(video.name, {}).keys()
    ]
    if videos:
        collector.add(
            "missing-frame",
            f"the size of an empty mask is not known for {counted(len(videos), 'video')} ({listed(videos)}): the reference has "
            "neither their first masks nor image_size.",
            "give a reference with the mask of the first frame of each video, as Annotations/<video>/<frame>.png.",
        )
