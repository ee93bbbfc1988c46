"""What the decoded masks of a submission show, as problems that a person can act on.

Only sizes and the submitted pixels are looked at, never ground-truth pixels: what is said here can be said in public.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from lvos_eval.findings import MaskFault, VideoFindings
from lvos_eval.manifest import Manifest, Video
from lvos_eval.palettes import palette_of_colours, palette_of_greys
from lvos_eval.problems import ProblemCollector
from lvos_eval.protocol import PROPOSALS, VOID_LABEL, Task
from lvos_eval.wording import SAVE_IDS, counted, listed

__all__ = ["check_masks"]

_EDGE_SHARE: Final = 0.02
"""Labels that hold less of the labelled pixels than this look like the edge of an interpolated resize."""


def check_masks(manifest: Manifest, findings: Mapping[str, VideoFindings], collector: ProblemCollector) -> None:
    """What the decoded masks show: unreadable, wrongly saved or wrongly sized masks, undeclared and absent objects."""
    task = manifest.settings.task
    found_videos = [(video, findings[video.name]) for video in manifest.videos if video.name in findings]
    # where another video's only object has its id, 255 stands for something else: void
    ids_are_known = any(len(video.ids) == 1 and found.present for video, found in found_videos)
    for video, found in found_videos:
        labels = PROPOSALS if task is Task.UNSUPERVISED_MULTIPLE else video.ids
        _report_faults(video, labels, found, collector)
        if _report_greys(video, labels, found, collector):
            continue
        if task is Task.UNSUPERVISED_MULTIPLE:
            _report_proposals(video, found, collector)
        elif ids_are_known or not _report_white(video, found, collector):
            _report_unknown(video, found, collector)
            _report_absent(video, found, collector)


def _report_faults(video: Video, labels: Sequence[int], found: VideoFindings, collector: ProblemCollector) -> None:
    for code, detail, faults in _grouped(found.faults):
        if code == "unreadable-mask":
            message, fix = f"the mask cannot be read: {detail}.", _fix_unreadable(detail)
        elif code == "archive-damaged":
            message, fix = f"{detail}.", "zip again and upload again; a file that changed while it was zipped looks like this."
        elif code == "wrong-size":
            message, fix = _explain_size(detail)
        elif code == "not-salient":
            message = f"the values are {detail}; a salient map has 0 and 1, 0 and 255, or shades of grey."
            fix = f"write 1 where the object is: ids = mask > 0, and {SAVE_IDS}."
        else:
            message, fix = _explain_colours(labels, detail, faults)
        collector.add(code, message, fix, video=video.name, frames=[fault.frame for fault in faults])


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
        return f"{message}: width and height are swapped.", "save the array as it is, of shape (height, width), not transposed."
    across, down = (Fraction(found[axis], wanted[axis]).limit_denominator(16) for axis in (0, 1))
    resize = f"cv2.resize(ids, ({wanted[0]}, {wanted[1]}), interpolation=cv2.INTER_NEAREST)"
    # 854 is not quite two thirds of 1280
    if across == down and abs(found[0] - wanted[0] * across) < 1 and abs(found[1] - wanted[1] * down) < 1:
        share = f"{across} of the width and height" if across < 1 else f"{across} times the width and height"
        return f"{message}, {share}.", f"resize the ids with nearest neighbour before saving: {resize}."
    return (
        f"{message}: it is cropped, padded or stretched.",
        f"undo crop and padding before saving; where the mask is only stretched: {resize}.",
    )


def _explain_colours(labels: Sequence[int], detail: str, faults: Sequence[MaskFault]) -> tuple[str, str]:
    colours = {value for fault in faults for value in fault.values if isinstance(value, tuple)}
    message = f"{detail} image; a mask has one channel of at most 8 bits, whose values are the ids"
    fix = f"save the array of ids, not of colours: {SAVE_IDS}."
    palette = palette_of_colours(colours, labels)
    if palette is not None:
        name, found = palette
        pairs = sorted(found.items(), key=lambda pair: pair[1])
        listing = ", ".join(f"{colour} is object {id}" for colour, id in pairs)
        message += f". The colours are those of the {name} palette: {listing}"
        terms = ", ".join(f"{colour}: {id}" for colour, id in pairs)
        fix = f"turn colours into ids, ids = sum(i * (rgb == c).all(-1) for c, i in {{{terms}}}.items()), and {SAVE_IDS}."
    elif colours and all(red == green == blue for red, green, blue in colours) and detail.startswith("RGB"):
        message += ". The three channels are equal"
        fix = f"keep one channel: ids = rgb[..., 0], and {SAVE_IDS}."
    return f"{message}.", fix


def _report_greys(video: Video, labels: Sequence[int], found: VideoFindings, collector: ProblemCollector) -> bool:
    """Reports masks whose labels are grey values of a palette; whether it did.

    A few pixels of other labels are taken for edges of a resize; a grey may also happen to be the id of another object.
    """
    unknown = {label: pixels for label, pixels in found.unknown_pixels.items() if label != VOID_LABEL}
    enough = _EDGE_SHARE * (sum(unknown.values()) + found.labelled_pixels)
    main = {label for label, pixels in unknown.items() if pixels >= enough}
    if not main:
        return False
    palette = palette_of_greys(main | (found.present if found.labelled_pixels >= enough else set()), labels)
    if palette is None:
        return False
    name, greys = palette
    pairs = sorted(greys.items(), key=lambda pair: pair[1])
    listing = ", ".join(f"{grey} is object {id}" for grey, id in pairs)
    terms = ", ".join(f"{grey}: {id}" for grey, id in pairs)
    message = f"the masks hold grey values of the {name} palette instead of ids: {listing}"
    if len(main) < len(unknown):
        message += ". Few pixels with other values look like edges of an interpolated resize"
    collector.add(
        "palette-lost",
        f"{message}.",
        'a palette image was converted, by convert("L") or by reading it as grey: save the ids themselves, or '
        f"ids = sum(i * (grey == g) for g, i in {{{terms}}}.items()), and {SAVE_IDS}.",
        video=video.name,
        frames=sorted(set().union(*(found.unknown_frames[label] for label in unknown))),
    )
    return True


def _report_white(video: Video, found: VideoFindings, collector: ProblemCollector) -> bool:
    """Reports masks that hold 0 and 255 where there is one object; whether it did."""
    if set(found.unknown_pixels) != {VOID_LABEL} or len(video.ids) != 1:
        return False
    id = video.ids[0]
    collector.add(
        "palette-lost",
        f"the only object is written as 255; its id is {id}.",
        f"ids = (mask == 255) * {id}, and {SAVE_IDS}. If 255 is meant as void, write 0.",
        video=video.name,
        frames=sorted(found.unknown_frames[VOID_LABEL]),
    )
    return True


def _report_proposals(video: Video, found: VideoFindings, collector: ProblemCollector) -> None:
    labels = sorted(set(found.unknown_pixels) - {VOID_LABEL})
    if not labels:
        return
    one = len(labels) == 1
    collector.add(
        "too-many-proposals",
        f"label{'' if one else 's'} {listed(labels, 8)} {'is' if one else 'are'} above {PROPOSALS[-1]}, the last of a proposal.",
        f"keep the {len(PROPOSALS)} best proposals of the video and label them 1 to {PROPOSALS[-1]}.",
        video=video.name,
        frames=sorted(set().union(*(found.unknown_frames[label] for label in labels))),
    )


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
    white = found.unknown_pixels[VOID_LABEL]
    note = f" 255, in {counted(white, 'pixel')}, is background." if white else ""
    for item in video.objects:
        if item.id in found.inspected and item.id not in found.present:
            frames = "its only scored frame" if len(item.scored.frames) == 1 else f"its {len(item.scored.frames)} scored frames"
            collector.add(
                "absent-object",
                f"object {item.id} has no pixel in {frames}.{note}",
                f"write it with the label {item.id}; if the method lost it from the start, all is well.",
                video=video.name,
            )
