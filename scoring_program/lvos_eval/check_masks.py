"""What the decoded masks of a submission show, as problems that a person can act on.

Only sizes and the submitted pixels are looked at, never ground-truth pixels: what is said here can be said in public.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from lvos_eval.check_colours import NOT_UNDONE, ColourExplainer
from lvos_eval.check_encodings import report_encodings
from lvos_eval.findings import MaskFault, VideoFindings
from lvos_eval.manifest import Manifest, Video, VideoObject
from lvos_eval.palettes import palette_of_greys
from lvos_eval.problems import ProblemCollector
from lvos_eval.protocol import PROPOSALS, VOID_LABEL, Task
from lvos_eval.repairs import OF_SIZE, OF_VIDEO, from_expression, from_labels
from lvos_eval.wording import SAVE_IDS, counted, listed

__all__ = ["check_masks"]

_EDGE_SHARE: Final = 0.02
"""Labels that hold less of the labelled pixels than this look like the edge of an interpolated resize."""


def check_masks(manifest: Manifest, findings: Mapping[str, VideoFindings], collector: ProblemCollector) -> None:
    """What the decoded masks show: unreadable, wrongly saved or wrongly sized masks, undeclared and absent objects."""
    task = manifest.settings.task
    multiple = task is Task.UNSUPERVISED_MULTIPLE
    videos = {video.name: (video, findings[video.name]) for video in manifest.videos if video.name in findings}
    labelled = {name: (PROPOSALS if multiple else video.ids, found) for name, (video, found) in videos.items()}
    colours = ColourExplainer(labelled)
    for video, found in videos.values():
        _report_faults(video, found, colours, collector)
    explained: frozenset[str] = frozenset()
    if task is not Task.UNSUPERVISED_SINGLE:
        explained = report_encodings(labelled, shades=not multiple, collector=collector)
    rest = [videos[name] for name in videos if name not in explained]
    rest = [(video, found) for video, found in rest if not _report_greys(video, labelled[video.name][0], found, collector)]
    # where another video's only object has its id, 255 stands for something else: void
    ids_are_known = any(len(video.ids) == 1 and found.present for video, found in videos.values())
    if multiple:
        rest = [(video, found) for video, found in rest if not _report_proposals(video, found, collector)]
    elif not ids_are_known:
        rest = [(video, found) for video, found in rest if not _report_white(video, found, collector)]
    if not multiple and not any(len(video.ids) == 1 and video.ids != (1,) and found.present for video, found in videos.values()):
        rest = [(video, found) for video, found in rest if not _report_one(video, found, collector)]
    if len(rest) == len(videos) and _report_nothing(rest, collector):
        return
    if not multiple:
        for video, found in rest:
            _report_unknown(video, found, collector)
            _report_absent(video, found, collector)


def _report_nothing(videos: Sequence[tuple[Video, VideoFindings]], collector: ProblemCollector) -> bool:
    """Reports that no mask of the submission holds an object, where every mask could be looked at; whether it did."""
    if any(found.faults or found.present for _, found in videos) or not any(found.inspected for _, found in videos):
        return False
    labels = sorted(frozenset().union(*(found.unknown_pixels for _, found in videos)))
    held = f"hold the label{'' if len(labels) == 1 else 's'} {listed(labels, 8)}, which no object has" if labels else "are all 0"
    collector.add(
        "nothing-predicted",
        f"no object has a pixel in any scored frame of any video: the masks {held}.",
        f"save what the method found, each object with the id that it has in the mask of its first frame: {SAVE_IDS}.",
    )
    return True


def _report_faults(video: Video, found: VideoFindings, colours: ColourExplainer, collector: ProblemCollector) -> None:
    for code, detail, faults in _grouped(found.faults):
        if code == "unreadable-mask":
            message, fix = f"the mask cannot be read: {detail}.", _fix_unreadable(detail)
        elif code == "archive-damaged":
            message, fix = f"{detail}.", "zip again and upload again; a file that changed while it was zipped looks like this."
        elif code == "wrong-size":
            message, fix = _explain_size(detail)
        elif code == "not-salient":
            message, fix = _explain_salient(found)
        else:
            message, fix = colours.explain(video.name, detail)
        collector.add(code, message, fix, video=video.name, frames=[fault.frame for fault in faults])


def _explain_salient(found: VideoFindings) -> tuple[str, str]:
    values = sorted(frozenset().union(*(mask.labels for mask in found.values if mask.kind == "salient")))
    message = f"the values are {' and '.join(map(str, values))}; a salient map has 0 and 1, 0 and 255, or shades of grey."
    if len(values) == 2 and values[0] == 0:
        return message, f"{from_expression('mask > 0', OF_VIDEO)}."
    return message, f"write 1 where the object is and 0 elsewhere: {SAVE_IDS}."


def _grouped(faults: Sequence[MaskFault]) -> list[tuple[str, str, list[MaskFault]]]:
    """Faults with the same code and text together."""
    groups: dict[tuple[str, str], list[MaskFault]] = defaultdict(list)
    for fault in sorted(faults, key=lambda fault: fault.frame):
        groups[fault.code, fault.detail].append(fault)
    return [(code, detail, members) for (code, detail), members in sorted(groups.items())]


def _fix_unreadable(detail: str) -> str:
    if detail.startswith("not a PNG"):
        return f"save it as PNG, not only under the name of one: {SAVE_IDS}. JPEG changes the ids."
    if "pixels, more than" in detail or " MB" in detail:
        return f"save the ids at the size of the video: {SAVE_IDS}."
    return "write the mask again; a full disk or a copy that broke off looks like this."


def _explain_size(detail: str) -> tuple[str, str]:
    """`detail` is as `854x480 instead of 1280x720`."""
    found, wanted = (tuple(int(number) for number in text.split("x")) for text in detail.split(" instead of "))
    message = f"the mask has {detail} pixels"
    if found == wanted[::-1]:
        fix = "save the array as it is, of shape (height, width). If it was transposed, not turned,"
        return f"{message}: width and height are swapped.", f"{fix} {from_expression('mask.swapaxes(0, 1)', OF_SIZE)}."
    across, down = (Fraction(found[axis], wanted[axis]).limit_denominator(16) for axis in (0, 1))
    resize = from_expression(f"cv2.resize(mask, ({wanted[0]}, {wanted[1]}), interpolation=cv2.INTER_NEAREST)", OF_SIZE)
    # 854 is not quite two thirds of 1280
    if across == down and abs(found[0] - wanted[0] * across) < 1 and abs(found[1] - wanted[1] * down) < 1:
        share = f"{across} of the width and height" if across < 1 else f"{across} times the width and height"
        lost = (
            "" if across.denominator == 1 else " What a resize has lost does not come back: if you can, save at the right size."
        )
        return f"{message}, {share}.", f"{resize}.{lost}"
    return (
        f"{message}: it is cropped, padded or stretched.",
        f"undo crop and padding before saving; where the mask is only stretched, {resize}.",
    )


def _report_greys(video: Video, labels: Sequence[int], found: VideoFindings, collector: ProblemCollector) -> bool:
    """Reports masks whose labels are grey values of a palette; whether it did.

    A few pixels of other values may be edges of a resize; a grey may also happen to be the id of another object.
    """
    unknown = {label: pixels for label, pixels in found.unknown_pixels.items() if label != VOID_LABEL}
    enough = _EDGE_SHARE * (sum(unknown.values()) + found.labelled_pixels)
    main = {label for label, pixels in unknown.items() if pixels >= enough}
    if not main:
        return False
    seen = unknown.keys() | found.present
    reading = palette_of_greys(main | (found.present if found.labelled_pixels >= enough else set()), labels, seen)
    if reading is None:
        return False
    message = f"the masks hold grey values of the {reading.palette} palette instead of ids"
    others = sorted(seen - reading.ids.keys() - reading.lost)
    if reading.lost:
        message += f". Which object {listed(sorted(reading.lost), 8)} stands for cannot be told"
        fix = NOT_UNDONE
    elif others:
        message += f". Other values, as {listed(others, 8)}, are edges of an interpolated resize, or other objects"
        fix = NOT_UNDONE
    else:
        message += ": " + ", ".join(f"{grey} is object {id}" for grey, id in reading.ids.items())
        fix = f'a palette image was converted, by convert("L") or by reading it as grey; {from_labels(reading.ids, OF_VIDEO)}.'
    collector.add(
        "palette-lost",
        f"{message}.",
        fix,
        video=video.name,
        frames=sorted(set().union(*(found.unknown_frames[label] for label in unknown))),
    )
    return True


def _report_white(video: Video, found: VideoFindings, collector: ProblemCollector) -> bool:
    """Reports masks that hold 0 and 255 where there is one object; whether it did."""
    if set(found.unknown_pixels) != {VOID_LABEL} or len(video.ids) != 1 or found.present:
        return False
    id = video.ids[0]
    white = found.unknown_pixels[VOID_LABEL]
    if 2 * white > white + found.background_pixels:
        message = f"most pixels are 255, and object {id} has none: either the only object is written as 255 or the background is."
        as_object, as_background = (from_labels({value: id}, OF_VIDEO) for value in (VOID_LABEL, 0))
        fix = f"if the object is 255, {as_object}. If the background is, {as_background}."
    else:
        message = f"the only object is written as 255; its id is {id}."
        fix = f"{from_labels({VOID_LABEL: id}, OF_VIDEO)}. If 255 is meant as void, write 0."
    collector.add("palette-lost", message, fix, video=video.name, frames=sorted(found.unknown_frames[VOID_LABEL]))
    return True


def _report_one(video: Video, found: VideoFindings, collector: ProblemCollector) -> bool:
    """Reports masks that hold 0 and 1 where the only object has another id; whether it did."""
    if set(found.unknown_pixels) != {1} or len(video.ids) != 1 or found.present:
        return False
    id = video.ids[0]
    message = f"the only object is written as 1; its id is {id}."
    fix = f"{from_labels({1: id}, OF_VIDEO)}."
    collector.add("ids-encoded", message, fix, video=video.name, frames=sorted(found.unknown_frames[1]))
    return True


def _report_proposals(video: Video, found: VideoFindings, collector: ProblemCollector) -> bool:
    """Reports labels that no proposal has; whether it did."""
    labels = sorted(set(found.unknown_pixels) - {VOID_LABEL})
    if not labels:
        return False
    one = len(labels) == 1
    collector.add(
        "too-many-proposals",
        f"label{'' if one else 's'} {listed(labels, 8)} {'is' if one else 'are'} above {PROPOSALS[-1]}, the last of a proposal.",
        f"keep the {len(PROPOSALS)} best proposals of the video and label them 1 to {PROPOSALS[-1]}.",
        video=video.name,
        frames=sorted(set().union(*(found.unknown_frames[label] for label in labels))),
    )
    return True


def _report_unknown(video: Video, found: VideoFindings, collector: ProblemCollector) -> None:
    labels = sorted(set(found.unknown_pixels) - {VOID_LABEL})
    if not labels:
        return
    pixels = sum(found.unknown_pixels[label] for label in labels)
    ids = sorted(video.ids)
    one = len(labels) == 1
    declared = f"the only object is {ids[0]}" if len(ids) == 1 else f"the objects are {listed(ids, 20)}"
    message = f"label{'' if one else 's'} {listed(labels, 8)} in {counted(pixels, 'pixel')}; {declared}"
    fix = "give every object the id that it has in the mask of its first frame; 0 is background."
    if found.present and labels[-1] < max(found.present) and pixels < _EDGE_SHARE * found.labelled_pixels:
        message += ". So few pixels, with values below those of the objects, look like edges of an interpolated resize"
        fix = "resize label maps with nearest neighbour: cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST)."
    collector.add(
        "unknown-object",
        f"{message}. {'It counts' if one else 'They count'} as background.",
        fix,
        video=video.name,
        frames=sorted(set().union(*(found.unknown_frames[label] for label in labels))),
    )


def _report_absent(video: Video, found: VideoFindings, collector: ProblemCollector) -> None:
    """Reports the objects that none of the video's masks holds; none where a refused mask may hold them."""
    if found.faults:
        return
    absent = [item for item in video.objects if found.inspected[item.id] and item.id not in found.present]
    if not absent:
        return
    white = found.unknown_pixels[VOID_LABEL]
    note = f" 255, in {counted(white, 'pixel')}, is background." if white else ""
    one = len(absent) == 1
    ids = listed([item.id for item in absent], 20)
    collector.add(
        "absent-object",
        f"object{'' if one else 's'} {ids} {'has' if one else 'have'} no pixel in {_looked_at(absent, found)}.{note}",
        f"write {'it with the label' if one else 'them with the labels'} {ids}; "
        f"if your method lost {'the object' if one else 'the objects'} from the start, ignore this warning.",
        video=video.name,
    )


def _looked_at(absent: Sequence[VideoObject], found: VideoFindings) -> str:
    """The frames in which objects were looked for, as `its 9 scored frames`."""
    whose = "its" if len(absent) == 1 else "their"
    counts = {(found.inspected[item.id], len(item.scored.frames)) for item in absent}
    if len(counts) > 1:
        return f"any of {whose} scored frames" if all(seen == frames for seen, frames in counts) else f"any of {whose} masks"
    ((seen, frames),) = counts
    if seen < frames:
        return f"the {counted(seen, 'mask')} that there {'is' if seen == 1 else 'are'} of {whose} {frames} scored frames"
    return f"{whose} only scored frame" if frames == 1 else f"{whose} {frames} scored frames"
