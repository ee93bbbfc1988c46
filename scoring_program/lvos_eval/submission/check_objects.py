"""What is said of labels that are no objects, and of objects that no mask holds: one warning for all videos alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import counted, listed
from lvos_eval.protocols.contract import VOID_LABEL
from lvos_eval.reference.manifest import Video, VideoObject
from lvos_eval.submission.mask_findings import VideoFindings

__all__ = ["EDGE_SHARE", "report_absent", "report_unknown"]

EDGE_SHARE: Final = 0.02
"""Labels that hold less of the labelled pixels than this look like the edge of an interpolated resize."""

_SHOWN: Final = 50
"""Objects and labels that are listed, as video/object: each has to be looked at by itself."""

_Videos = Sequence[tuple[Video, VideoFindings]]


def report_unknown(videos: _Videos, collector: ProblemCollector, *, void: bool = True, refused: bool = False) -> None:
    """Reports the labels that no object of their video has: those that look like edges apart from the others.

    `void` leaves out 255; where they are `refused`, none is said to count as background.
    """
    ignored = frozenset({VOID_LABEL}) if void else frozenset[int]()
    groups: dict[bool, list[tuple[Video, VideoFindings]]] = defaultdict(list)
    for video, found in videos:
        if _unknown(found, ignored):
            groups[_are_edges(found, ignored)].append((video, found))
    for edges, members in groups.items():
        labels = [f"{video.name}/{label}" for video, found in members for label in _unknown(found, ignored)]
        pixels = sum(found.unknown_pixels[label] for _, found in members for label in _unknown(found, ignored))
        one, several = len(labels) == 1, len(members) > 1
        frames = [_unknown_frames(found, ignored) for _, found in members]
        if several:
            masks = f"{counted(sum(map(len, frames)), 'mask')} of {counted(len(members), 'video')}"
            message = f"{masks} hold labels that are not objects of their video, in {counted(pixels, 'pixel')}"
            message += f" (video/label: {listed(labels, _SHOWN)})"
        else:
            ((video, found),) = members
            ids = sorted(video.ids)
            declared = f"the only object is {ids[0]}" if len(ids) == 1 else f"the objects are {listed(ids, 20)}"
            message = f"label{'' if one else 's'} {listed(_unknown(found, ignored), 8)} in {counted(pixels, 'pixel')}; {declared}"
        fix = "give every object the id that it has in the mask of its first frame; 0 is background."
        if edges:
            message += ". So few pixels, with values below those of the objects, look like edges of an interpolated resize"
            fix = "resize label maps with nearest neighbour: cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST)."
        collector.add(
            "unknown-object",
            f"{message}." if refused else f"{message}. {'It counts' if one else 'They count'} as background.",
            fix,
            video=None if several else members[0][0].name,
            frames=() if several else frames[0],
        )


def _unknown(found: VideoFindings, ignored: frozenset[int]) -> list[int]:
    return sorted(found.unknown_pixels.keys() - ignored)


def _unknown_frames(found: VideoFindings, ignored: frozenset[int]) -> list[int]:
    return sorted(set().union(*(found.unknown_frames[label] for label in _unknown(found, ignored))))


def _are_edges(found: VideoFindings, ignored: frozenset[int]) -> bool:
    labels = _unknown(found, ignored)
    pixels = sum(found.unknown_pixels[label] for label in labels)
    return bool(found.present) and labels[-1] < max(found.present) and pixels < EDGE_SHARE * found.labelled_pixels


def report_absent(videos: _Videos, collector: ProblemCollector) -> None:
    """Reports the objects that none of their video's masks holds; none where a refused mask may hold them."""
    groups: dict[bool, list[tuple[Video, VideoFindings, list[VideoObject]]]] = defaultdict(list)
    for video, found in videos:
        absent = [item for item in video.objects if found.inspected[item.object_id] and item.object_id not in found.present]
        if absent and not found.issues:
            groups[found.unknown_pixels[VOID_LABEL] > 0].append((video, found, absent))
    for members in groups.values():
        _report_absent(members, collector)


def _report_absent(members: Sequence[tuple[Video, VideoFindings, list[VideoObject]]], collector: ProblemCollector) -> None:
    white = sum(found.unknown_pixels[VOID_LABEL] for _, found, _ in members)
    note = f" 255, in {counted(white, 'pixel')}, is background." if white else ""
    if len(members) > 1:
        objects = [f"{video.name}/{item.object_id}" for video, _, absent in members for item in absent]
        complete = all(
            found.inspected[item.object_id] == len(item.scored.frames) for _, found, absent in members for item in absent
        )
        collector.add(
            "absent-object",
            f"{counted(len(objects), 'object')} of {counted(len(members), 'video')} have no pixel in any of their "
            f"{'scored frames' if complete else 'masks'} (video/object: {listed(objects, _SHOWN)}).{note}",
            "write each with the label that is its id; if your method lost the objects from the start, ignore this warning.",
        )
        return
    ((video, found, absent),) = members
    one = len(absent) == 1
    ids = listed([item.object_id for item in absent], 20)
    write = f"write {'it with the label' if one else 'them with the labels'} {ids}"
    if video.object_folders:
        write = "write what is not 0 where an object is"
    collector.add(
        "absent-object",
        f"object{'' if one else 's'} {ids} {'has' if one else 'have'} no pixel in {_looked_at(absent, found)}.{note}",
        f"{write}; if your method lost {'the object' if one else 'the objects'} from the start, ignore this warning.",
        video=video.name,
    )


def _looked_at(absent: Sequence[VideoObject], found: VideoFindings) -> str:
    """The frames in which objects were looked for, as `its 9 scored frames`."""
    whose = "its" if len(absent) == 1 else "their"
    counts = {(found.inspected[item.object_id], len(item.scored.frames)) for item in absent}
    if len(counts) > 1:
        return f"any of {whose} scored frames" if all(seen == frames for seen, frames in counts) else f"any of {whose} masks"
    ((seen, frames),) = counts
    if seen < frames:
        return f"the {counted(seen, 'mask')} that there {'is' if seen == 1 else 'are'} of {whose} {frames} scored frames"
    return f"{whose} only scored frame" if frames == 1 else f"{whose} {frames} scored frames"
