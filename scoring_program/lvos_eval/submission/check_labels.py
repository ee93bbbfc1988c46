"""Labels that are not ids but tell what became of them, video by video: greys of a palette, 255 or 1 for the only object."""

from __future__ import annotations

from collections.abc import Sequence

from lvos_eval.diagnostics.text import listed
from lvos_eval.protocols.contract import PROPOSALS, VOID_LABEL
from lvos_eval.reference.manifest import Video
from lvos_eval.submission.check_colours import NOT_UNDONE
from lvos_eval.submission.check_objects import EDGE_SHARE
from lvos_eval.submission.mask_findings import VideoFindings
from lvos_eval.submission.palettes import palette_of_greys
from lvos_eval.submission.problem_groups import Cause, Causes, Values, Where
from lvos_eval.submission.repairs import from_labels
from lvos_eval.submission.restoration import SURE, FromValues, Way

__all__ = ["find_greys", "find_one", "find_proposals", "find_white"]


def _every(where: Where) -> str:
    return f"every mask{where}"


def find_greys(video: Video, labels: Sequence[int], found: VideoFindings, channel: str, causes: Causes) -> bool:
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
            lambda found, _: f"{palette}. Which object {listed(sorted(found.seen), 8)} stands for cannot be determined.",
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
            lambda found, where: f"{why}; {from_labels(found.ids, _every(where), channel)}.",
            values,
            lambda found: {SURE: Way(FromValues(f"greys of the {reading.palette} palette", found.ids))},
        )
    causes.add(cause, video.name, frames)
    return True


def find_white(video: Video, found: VideoFindings, channel: str, causes: Causes, *, void: bool) -> bool:
    """Finds masks that hold 0 and 255 where there is one object; whether it did. `void`: 255 is that in other videos."""
    strays = found.strays
    if found.unknown_pixels.keys() - strays != {VOID_LABEL} or len(video.ids) != 1 or found.present - strays:
        return False
    object_id = video.ids[0]
    white = found.unknown_pixels[VOID_LABEL]

    def as_object(value: int) -> Way:
        return Way(FromValues(f"the only object written as {value}", {value: object_id}))

    def undone(value: int, where: Where) -> str:
        return from_labels({value: object_id}, _every(where), channel)

    if 2 * white > white + found.background_pixels:
        message = (
            f"most pixels are 255, and object {object_id} has none: "
            "either the only object is written as 255 or the background is."
        )
        ways = {f"--white {what}": as_object(value) for what, value in (("object", VOID_LABEL), ("background", 0))}

        def fix(_: Values, where: Where) -> str:
            return f"if the object is 255, {undone(VOID_LABEL, where)}. If the background is, {undone(0, where)}."
    elif void:
        message = (
            f"object {object_id} has no pixel, and 255 has some: either the only object is written as 255, or 255 is void as "
            "beside the objects of other videos."
        )
        ways = {"--white object": as_object(VOID_LABEL), "--white void": Way(FromValues("void written as 255", {}))}

        def fix(_: Values, where: Where) -> str:
            return f"if the object is 255, {undone(VOID_LABEL, where)}. If it is void, write 0."
    else:
        message = f"the only object is written as 255; its id is {object_id}."
        ways = {SURE: as_object(VOID_LABEL)}

        def fix(_: Values, where: Where) -> str:
            return f"{undone(VOID_LABEL, where)}. If 255 is meant as void, write 0."

    cause = Cause("palette-lost", lambda _, __: message, fix, ways=lambda _: ways)
    causes.add(cause, video.name, sorted(found.unknown_frames[VOID_LABEL]))
    return True


def find_one(video: Video, found: VideoFindings, channel: str, causes: Causes) -> bool:
    """Finds masks that hold 0 and 1 where the only object has another id; whether it did."""
    if set(found.unknown_pixels) != {1} or len(video.ids) != 1 or found.present:
        return False
    object_id = video.ids[0]
    message = f"the only object is written as 1; its id is {object_id}."
    cause = Cause(
        "ids-encoded",
        lambda _, __: message,
        lambda _, where: f"{from_labels({1: object_id}, _every(where), channel)}.",
        ways=lambda _: {SURE: Way(FromValues("the only object written as 1", {1: object_id}))},
    )
    causes.add(cause, video.name, sorted(found.unknown_frames[1]))
    return True


def find_proposals(video: Video, found: VideoFindings, causes: Causes, *, void: bool = True) -> bool:
    """Finds labels that no proposal has, 255 aside if it is `void`; whether it did."""
    labels = sorted(set(found.unknown_pixels) - ({VOID_LABEL} if void else set()))
    if not labels:
        return False

    def message(found: Values, _: bool) -> str:
        one = len(found.seen) == 1
        names = listed(sorted(found.seen), 8)
        return f"label{'' if one else 's'} {names} {'is' if one else 'are'} above {PROPOSALS[-1]}, the last of a proposal."

    def fix(_: Values, where: Where) -> str:
        of_videos = " of the video" if where is Where.VIDEO else " of each video"
        return f"keep the {len(PROPOSALS)} best proposals{of_videos} and label them 1 to {PROPOSALS[-1]}."

    cause = Cause("too-many-proposals", message, fix, Values(frozenset(labels)))
    causes.add(cause, video.name, sorted(set().union(*(found.unknown_frames[label] for label in labels))))
    return True
