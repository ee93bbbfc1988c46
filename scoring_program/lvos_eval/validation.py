"""From what a submission holds and shows to problems that a person can act on.

Only names, sizes and the submitted pixels are looked at, never ground-truth pixels: what is said here can be said in public.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction

from lvos_eval.findings import MaskFault, VideoFindings
from lvos_eval.manifest import Manifest, Video
from lvos_eval.naming import find_naming_rule
from lvos_eval.palettes import palette_of_colours, palette_of_greys
from lvos_eval.problems import ProblemCollector
from lvos_eval.protocol import VOID_LABEL, frame_name
from lvos_eval.submission import Submission

__all__ = ["check_masks", "check_names"]

_EDGE_SHARE = 0.02
"""Undeclared labels that hold less of the labelled pixels than this look like the edge of an interpolated resize."""


def check_names(manifest: Manifest, submission: Submission, collector: ProblemCollector) -> None:
    """Everything that can be told without opening a mask: missing, misnamed and superfluous videos, frames and files."""
    if not submission.masks and not submission.others:
        if not collector.has_errors:
            _report_no_videos(manifest, submission, collector)
        return
    for video in manifest.videos:
        _check_video_names(video, submission, collector)
    for name in submission.extra_videos:
        near = next((video.name for video in manifest.videos if video.name.lower() == name.lower()), None)
        hint = f"; the metadata has {near}, with other capitals" if near else ""
        collector.add(
            "extra-video", f"the metadata has no such video; ignored{hint}.", "rename or remove the folder.", video=name
        )
    if submission.extra_files:
        files = ", ".join(submission.extra_files[:5])
        more = f" and {len(submission.extra_files) - 5} more" if len(submission.extra_files) > 5 else ""
        collector.add("extra-file", f"not asked for, ignored: {files}{more}.", "leave them out of the submission.")


def _report_no_videos(manifest: Manifest, submission: Submission, collector: ProblemCollector) -> None:
    names = submission.top_level
    if not names:
        holds = "it is empty"
    else:
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        holds = f"its top level holds {', '.join(names[:8])}{more}"
    example = (
        f"{manifest.videos[0].name}/{frame_name(manifest.videos[0].scored[0])}.png" if manifest.videos[0].scored else "<video>/"
    )
    fix = f"put the folders of the videos at the top, as in {example}: cd masks && zip -r ../submission.zip ."
    if any(name.lower().endswith(".zip") for name in names):
        fix = "a zip inside the zip is not opened: submit the inner one."
    collector.add("no-videos", f"no folder has the name of a video; {holds}.", fix)


def _check_video_names(video: Video, submission: Submission, collector: ProblemCollector) -> None:
    masks = submission.masks.get(video.name, {})
    others = submission.others.get(video.name, ())
    annotated = sorted(video.annotated)
    missing = [frame for frame in video.scored if frame not in masks]
    extra = sorted(set(masks) - video.annotated)
    if not masks and not others:
        collector.add(
            "missing-video",
            f"no folder {video.name} with masks; {len(video.scored)} frames are scored.",
            f"add {video.name}/ with a mask for each frame, empty ones too.",
            video=video.name,
        )
        return
    if missing:
        pngs = [f"{frame_name(frame)}.png" for frame in masks] + [name for name in others if name.lower().endswith(".png")]
        rule = find_naming_rule(pngs, [annotated, annotated[1:], annotated[1:-1], video.scored])
        if rule is not None:
            collector.add(
                "misnamed-frames",
                f"{len(rule.names)} masks are there under other names: {rule.in_words} ({rule.examples}).",
                f'rename each file with number n to f"{{{rule.formula}:08d}}.png".',
                video=video.name,
                frames=missing,
            )
            return
        collector.add(
            "missing-frame",
            f"{len(missing)} of {len(video.scored)} scored frames have no mask.",
            "write a mask for every frame of the video, an empty one where the object is not visible.",
            video=video.name,
            frames=missing,
        )
    if extra:
        collector.add(
            "extra-frame", "no object is annotated in these frames; ignored.", "leave them out.", video=video.name, frames=extra
        )
    if others:
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        collector.add(
            "extra-file", f"no mask of a frame, ignored: {', '.join(others[:3])}{more}.", "leave them out.", video=video.name
        )


def check_masks(manifest: Manifest, findings: Mapping[str, VideoFindings], collector: ProblemCollector) -> None:
    """What the decoded masks show: unreadable, wrongly saved or wrongly sized masks, undeclared and absent objects."""
    for video in manifest.videos:
        found = findings.get(video.name)
        if found is not None:
            _check_video_masks(video, found, collector)


def _check_video_masks(video: Video, found: VideoFindings, collector: ProblemCollector) -> None:
    for code, detail, faults in _grouped(found.faults):
        frames = [fault.frame for fault in faults]
        if code == "unreadable-mask":
            message, fix = f"{detail}.", "save the mask again as an indexed PNG; check the disk and the upload."
        elif code == "wrong-size":
            message, fix = _explain_size(detail)
        else:
            message, fix = _explain_colours(video, detail, faults)
        collector.add(code, message, fix, video=video.name, frames=frames)
    if not _check_palette(video, found, collector):
        _check_unknown(video, found, collector)
        _check_absent(video, found, collector)


def _grouped(faults: Sequence[MaskFault]) -> list[tuple[str, str, list[MaskFault]]]:
    """Faults with the same code and text together."""
    groups: dict[tuple[str, str], list[MaskFault]] = defaultdict(list)
    for fault in sorted(faults, key=lambda fault: fault.frame):
        groups[fault.code, fault.detail].append(fault)
    return [(code, detail, members) for (code, detail), members in sorted(groups.items())]


def _explain_size(detail: str) -> tuple[str, str]:
    """`detail` is as `854x480 instead of 1280x720`."""
    found, wanted = (tuple(int(number) for number in text.split("x")) for text in detail.split(" instead of "))
    message = f"the mask is {detail} pixels"
    if found == wanted[::-1]:
        return f"{message}: width and height are swapped.", "save the array as it is, shape (height, width), not transposed."
    scales = {round(found[axis] / wanted[axis], 2) for axis in (0, 1)}
    if len(scales) == 1:
        message += f", scaled by {Fraction(found[1], wanted[1]).limit_denominator(16)}"
    fix = f"resize with nearest neighbour before saving: mask.resize(({wanted[0]}, {wanted[1]}), PIL.Image.Resampling.NEAREST)."
    return f"{message}.", fix


def _explain_colours(video: Video, detail: str, faults: Sequence[MaskFault]) -> tuple[str, str]:
    colours = {value for fault in faults for value in fault.values if isinstance(value, tuple)}
    message = f"{detail} image; one label a pixel is needed"
    palette = palette_of_colours(colours, video.ids)
    if palette is not None:
        name, found = palette
        pairs = ", ".join(f"{colour} is object {id}" for colour, id in sorted(found.items(), key=lambda pair: pair[1]))
        message += f". The colours are those of the {name} palette: {pairs}"
    elif colours and all(red == green == blue for red, green, blue in colours):
        message += ". All three channels are equal: keep one of them"
    return f"{message}.", "save the array of ids itself: PIL.Image.fromarray(ids.astype(numpy.uint8)).save(path)."


def _check_palette(video: Video, found: VideoFindings, collector: ProblemCollector) -> bool:
    """Reports masks whose labels are grey values of a palette, or 255 for the only object; whether it did."""
    labels = set(found.unknown_pixels) - {VOID_LABEL}
    frames = sorted(set().union(*found.unknown_frames.values()))
    # a grey value may happen to be the id of another object
    palette = palette_of_greys(labels | found.present, video.ids) if labels else None
    if palette is not None:
        name, greys = palette
        pairs = ", ".join(f"{grey} is object {id}" for grey, id in sorted(greys.items(), key=lambda pair: pair[1]))
        collector.add(
            "palette-lost",
            f"the masks hold grey values of the {name} palette instead of ids: {pairs}.",
            'a palette image was converted with convert("L") or read as grey by OpenCV: '
            "save the ids themselves, PIL.Image.fromarray(ids.astype(numpy.uint8)).save(path).",
            video=video.name,
            frames=frames,
        )
        return True
    if set(found.unknown_pixels) == {VOID_LABEL} and not found.present and len(video.ids) == 1:
        id = video.ids[0]
        collector.add(
            "palette-lost",
            f"the only object is written as 255; its id is {id}.",
            f"save (mask == 255) * {id} as numpy.uint8.",
            video=video.name,
            frames=frames,
        )
        return True
    return False


def _check_unknown(video: Video, found: VideoFindings, collector: ProblemCollector) -> None:
    labels = sorted(set(found.unknown_pixels) - {VOID_LABEL})
    if not labels:
        return
    frames = sorted(set().union(*(found.unknown_frames[label] for label in labels)))
    pixels = sum(found.unknown_pixels[label] for label in labels)
    ids = sorted(video.ids)
    listed = ", ".join(map(str, labels[:8])) + (f" and {len(labels) - 8} more" if len(labels) > 8 else "")
    message = f"label{'s' if len(labels) > 1 else ''} {listed} in {pixels} pixels; the objects are {', '.join(map(str, ids))}"
    fix = "give every object the id that it has in the first-frame mask; 0 is background."
    if found.present and pixels < _EDGE_SHARE * max(found.labelled_pixels, 1):
        message += ". So few pixels look like edges of an interpolated resize"
        fix = "resize label maps with nearest neighbour: cv2.INTER_NEAREST or PIL.Image.Resampling.NEAREST."
    collector.add("unknown-object", f"{message}. They count as background.", fix, video=video.name, frames=frames)


def _check_absent(video: Video, found: VideoFindings, collector: ProblemCollector) -> None:
    if found.faults or not found.decoded:
        return
    for item in video.objects:
        if item.scored.frames and item.id not in found.present:
            collector.add(
                "absent-object",
                f"object {item.id} has no pixel in any of its {len(item.scored.frames)} scored frames.",
                f"write it with the label {item.id}; leave it if the method lost it from the start.",
                video=video.name,
            )
