"""What the decoded masks of a submission show, as problems that a person can act on.

Only sizes and the submitted pixels are looked at, never ground-truth pixels: what is said here can be said in public.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import SAVE_IDS, in_natural_order, listed
from lvos_eval.protocols.lvos import PROPOSALS, VOID_LABEL, Task
from lvos_eval.reference.dataset import Manifest, Video
from lvos_eval.submission.causes import Cause, Causes, Values, plain
from lvos_eval.submission.check_colours import NOT_UNDONE, ColourExplainer
from lvos_eval.submission.check_encodings import report_encodings
from lvos_eval.submission.check_objects import EDGE_SHARE, report_absent, report_unknown
from lvos_eval.submission.mask_findings import MaskFault, VideoFindings
from lvos_eval.submission.palettes import palette_of_greys
from lvos_eval.submission.repairs import ANY_DEPTH, CHANNEL, OF_SIZE, OF_SIZES, OF_VIDEO, from_expression, from_labels

__all__ = ["check_masks"]


def check_masks(manifest: Manifest, findings: Mapping[str, VideoFindings], collector: ProblemCollector) -> None:
    """What the decoded masks show: unreadable, wrongly saved or wrongly sized masks, undeclared and absent objects."""
    task = manifest.rules.task
    multiple = task is Task.UNSUPERVISED_MULTIPLE
    videos = {video.name: (video, findings[video.name]) for video in manifest.videos if video.name in findings}
    labelled = {name: (PROPOSALS if multiple else video.ids, found) for name, (video, found) in videos.items()}
    causes = Causes(videos)
    channel = ANY_DEPTH if any(mask.is_packed for _, found in videos.values() for mask in found.values) else CHANNEL
    _find_faults(videos, ColourExplainer(labelled), channel, causes)
    explained: frozenset[str] = frozenset()
    if task is not Task.UNSUPERVISED_SINGLE:
        explained = report_encodings(labelled, shades=not multiple, collector=collector, channel=channel)
    rest = [videos[name] for name in videos if name not in explained]
    rest = [(video, found) for video, found in rest if not _find_greys(video, labelled[video.name][0], found, channel, causes)]
    # where another video's only object has its id, 255 stands for something else: void
    ids_are_known = any(len(video.ids) == 1 and found.present - found.strays for video, found in videos.values())
    if multiple:
        rest = [(video, found) for video, found in rest if not _find_proposals(video, found, causes)]
    elif not ids_are_known:
        rest = [(video, found) for video, found in rest if not _find_white(video, found, channel, causes)]
    if not multiple and not any(len(video.ids) == 1 and video.ids != (1,) and found.present for video, found in videos.values()):
        rest = [(video, found) for video, found in rest if not _find_one(video, found, channel, causes)]
    causes.report(collector)
    if len(rest) == len(videos) and _report_nothing(rest, collector):
        return
    if not multiple:
        report_unknown(rest, collector)
        report_absent(rest, collector)


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


def _find_faults(
    videos: Mapping[str, tuple[Video, VideoFindings]], colours: ColourExplainer, channel: str, causes: Causes
) -> None:
    groups = [(name, *group) for name, (_, found) in videos.items() for group in _grouped(found.faults)]
    kinds: dict[str, set[str]] = defaultdict(set)
    for name, code, detail, _ in groups:
        if code == "not-indexed":
            kinds[detail].add(name)
    for name, code, detail, faults in groups:
        among = None
        if code == "unreadable-mask":
            cause = plain(code, f"the mask cannot be read: {detail}.", _fix_unreadable(detail))
        elif code == "archive-damaged":
            cause = plain(
                code, f"{detail}.", "zip again and upload again; a file that changed while it was zipped looks like this."
            )
        elif code == "wrong-size":
            cause = _explain_size(detail, channel)
        elif code == "not-salient":
            cause = _explain_salient(videos[name][1])
        else:
            cause, among = colours.explain(name, detail), kinds[detail]
        causes.add(cause, name, [fault.frame for fault in faults], among)


def _explain_salient(found: VideoFindings) -> Cause:
    values = sorted(frozenset().union(*(mask.labels for mask in found.values if mask.kind == "salient")))
    message = f"the values are {' and '.join(map(str, values))}; a salient map has 0 and 1, 0 and 255, or shades of grey."
    if len(values) == 2 and values[0] == 0:
        return Cause("not-salient", lambda _, __: message, lambda _, masks: f"{from_expression('mask > 0', masks)}.")
    return plain("not-salient", message, f"write 1 where the object is and 0 elsewhere: {SAVE_IDS}.")


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


def _explain_size(detail: str, channel: str) -> Cause:
    """`detail` is as `854x480 instead of 1280x720`."""
    sizes = detail.split(" instead of ")
    found, wanted = (tuple(int(number) for number in text.split("x")) for text in sizes)
    message = f"the mask has {detail} pixels"
    expression, before, after = f"cv2.resize(mask, ({wanted[0]}, {wanted[1]}), interpolation=cv2.INTER_NEAREST)", "", ""
    across, down = (Fraction(found[axis], wanted[axis]).limit_denominator(16) for axis in (0, 1))
    if found == wanted[::-1]:
        return _explain_swapped(sizes[0], sizes[1], channel)
    # 854 is not quite two thirds of 1280
    if across == down and abs(found[0] - wanted[0] * across) < 1 and abs(found[1] - wanted[1] * down) < 1:
        message += f", {across} of the width and height" if across < 1 else f", {across} times the width and height"
        if across.denominator > 1:
            after = " What a resize has lost does not come back: if you can, save at the right size."
    else:
        message += ": it is cropped, padded or stretched"
        before = "undo crop and padding before saving; where the mask is only stretched, "
    return Cause(
        "wrong-size",
        lambda _, __: f"{message}.",
        lambda _, masks: f"{before}{from_expression(expression, masks, channel)}.{after}",
        masks=OF_SIZE,
        of_video="",
    )


def _explain_swapped(found: str, wanted: str, channel: str) -> Cause:
    """`found` and `wanted` are sizes, as `480x854`."""

    def message(values: Values, several: bool) -> str:
        sizes = [f"{size} instead of {'x'.join(reversed(size.split('x')))}" for size in in_natural_order(values.ids)]
        has = "the masks have" if several else "the mask has"
        return f"{has} {listed(sizes, len(sizes))} pixels: width and height are swapped."

    def fix(values: Values, masks: str) -> str:
        which = masks if len(values.ids) == 1 else masks.replace(OF_SIZE, OF_SIZES)
        how = "save the array as it is, of shape (height, width). If it was transposed, not turned"
        square = "In square videos this cannot be seen: if theirs were transposed as well, do the same with them"
        return f"{how}, {from_expression('mask.swapaxes(0, 1)', which, channel)}. {square}."

    # where another video has this size rightly, it does not share the fix
    values = Values(frozenset((found, wanted)), {found: 1})
    return Cause("wrong-size", message, fix, values, OF_SIZE, "")


def _find_greys(video: Video, labels: Sequence[int], found: VideoFindings, channel: str, causes: Causes) -> bool:
    """Finds masks whose labels are grey values of a palette; whether it did.

    A few pixels of other values may be edges of a resize; a grey may also happen to be the id of another object.
    """
    unknown = {label: pixels for label, pixels in found.unknown_pixels.items() if label != VOID_LABEL}
    enough = EDGE_SHARE * (sum(unknown.values()) + found.labelled_pixels)
    main = {label for label, pixels in unknown.items() if pixels >= enough}
    if not main:
        return False
    seen = unknown.keys() | found.present
    reading = palette_of_greys(main | (found.present if found.labelled_pixels >= enough else set()), labels, seen)
    if reading is None:
        return False
    palette = f"the masks hold grey values of the {reading.palette} palette instead of ids"
    others = sorted(seen - reading.ids.keys() - reading.lost)
    frames = sorted(set().union(*(found.unknown_frames[label] for label in unknown)))
    values = Values(frozenset(seen | (found.unknown_pixels.keys() & {VOID_LABEL})), reading.ids)
    if reading.lost:
        values = Values(reading.lost)
        cause = Cause(
            "palette-lost",
            lambda found, _: f"{palette}. Which object {listed(sorted(found.seen), 8)} stands for cannot be told.",
            lambda _, __: NOT_UNDONE,
            values,
        )
    elif others:
        cause = Cause(
            "palette-lost",
            lambda found, _: (
                f"{palette}. Other values, as {listed(sorted(found.seen), 8)}, are edges of an interpolated resize, "
                "or other objects."
            ),
            lambda _, __: NOT_UNDONE,
            Values(frozenset(others)),
        )
    else:
        why = 'a palette image was converted, by convert("L") or by reading it as grey'
        cause = Cause(
            "palette-lost",
            lambda found, _: f"{palette}: {found.listing}.",
            lambda found, masks: f"{why}; {from_labels(found.ids, masks, channel)}.",
            values,
        )
    causes.add(cause, video.name, frames)
    return True


def _find_white(video: Video, found: VideoFindings, channel: str, causes: Causes) -> bool:
    """Finds masks that hold 0 and 255 where there is one object; whether it did."""
    strays = found.strays
    if found.unknown_pixels.keys() - strays != {VOID_LABEL} or len(video.ids) != 1 or found.present - strays:
        return False
    object_id = video.ids[0]
    white = found.unknown_pixels[VOID_LABEL]
    if 2 * white > white + found.background_pixels:
        message = (
            f"most pixels are 255, and object {object_id} has none: "
            "either the only object is written as 255 or the background is."
        )

        def fix(_: Values, masks: str) -> str:
            as_object, as_background = (from_labels({value: object_id}, masks, channel) for value in (VOID_LABEL, 0))
            return f"if the object is 255, {as_object}. If the background is, {as_background}."
    else:
        message = f"the only object is written as 255; its id is {object_id}."

        def fix(_: Values, masks: str) -> str:
            return f"{from_labels({VOID_LABEL: object_id}, masks, channel)}. If 255 is meant as void, write 0."

    causes.add(Cause("palette-lost", lambda _, __: message, fix), video.name, sorted(found.unknown_frames[VOID_LABEL]))
    return True


def _find_one(video: Video, found: VideoFindings, channel: str, causes: Causes) -> bool:
    """Finds masks that hold 0 and 1 where the only object has another id; whether it did."""
    if set(found.unknown_pixels) != {1} or len(video.ids) != 1 or found.present:
        return False
    object_id = video.ids[0]
    message = f"the only object is written as 1; its id is {object_id}."
    cause = Cause("ids-encoded", lambda _, __: message, lambda _, masks: f"{from_labels({1: object_id}, masks, channel)}.")
    causes.add(cause, video.name, sorted(found.unknown_frames[1]))
    return True


def _find_proposals(video: Video, found: VideoFindings, causes: Causes) -> bool:
    """Finds labels that no proposal has; whether it did."""
    labels = sorted(set(found.unknown_pixels) - {VOID_LABEL})
    if not labels:
        return False

    def message(found: Values, _: bool) -> str:
        one = len(found.seen) == 1
        names = listed(sorted(found.seen), 8)
        return f"label{'' if one else 's'} {names} {'is' if one else 'are'} above {PROPOSALS[-1]}, the last of a proposal."

    def fix(_: Values, masks: str) -> str:
        of_videos = " of the video" if masks.endswith(OF_VIDEO) else " of each video"
        return f"keep the {len(PROPOSALS)} best proposals{of_videos} and label them 1 to {PROPOSALS[-1]}."

    cause = Cause("too-many-proposals", message, fix, Values(frozenset(labels)))
    causes.add(cause, video.name, sorted(set().union(*(found.unknown_frames[label] for label in labels))))
    return True
