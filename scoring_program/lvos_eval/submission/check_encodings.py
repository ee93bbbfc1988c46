"""Submissions whose values are not ids but explain themselves, as one problem for each cause.

Only what all masks of a submission show together is said here; a few odd labels in one video are not an encoding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import SAVE_IDS, these_videos
from lvos_eval.formats.mask_values import MaskValues
from lvos_eval.protocols.contract import VOID_LABEL
from lvos_eval.submission.check_colours import NOT_UNDONE
from lvos_eval.submission.encodings import (
    ENOUGH_EVIDENCE,
    LabelVideo,
    ScaleReading,
    evidence,
    read_scale,
    read_shift,
    scaled_alike,
)
from lvos_eval.submission.mask_findings import VideoFindings
from lvos_eval.submission.palettes import palette_of_greys
from lvos_eval.submission.problem_groups import Values, Where, alike
from lvos_eval.submission.renumbered_labels import read_palettes
from lvos_eval.submission.repairs import CHANNEL, from_colours, from_labels
from lvos_eval.submission.restoration import SURE, FromColours, FromValues, Restorations, Way

__all__ = ["Decoded", "report_encodings"]

Decoded = Mapping[str, tuple[Sequence[int], VideoFindings]]
"""The labels that mean something in a video, and what its masks show, by video."""

_SEEN: Final = 0.0001
"""The share of white pixels that is no slip."""


def report_encodings(
    videos: Decoded, collector: ProblemCollector, restorations: Restorations, *, shades: bool, channel: str = CHANNEL
) -> frozenset[str]:
    """Reports ids that were scaled, shifted, renumbered or made binary; the videos of which no more needs to be said.

    `shades` says whether many different values in a mask are a fault; `channel` is how values are read in a fix.
    """
    masks = {name: [mask for mask in found.values if mask.kind.is_indexed] for name, (_, found) in videos.items()}
    if shades and (blurred := _report_shades(videos, masks, collector)):
        return blurred
    if any(not mask.samples for found in masks.values() for mask in found):
        return frozenset()
    labels = {
        name: LabelVideo(tuple(ids), frozenset(mask.labels for mask in masks[name]))
        for name, (ids, _) in videos.items()
        if any(mask.labels - {0} for mask in masks[name])
    }
    if not labels:
        return frozenset()
    return (
        _report_palettes(videos, masks, collector, restorations)
        or _report_binary(labels, collector)
        or _report_scale(labels, _shift(videos, labels) or _scale(labels), channel, collector, restorations)
        or _report_some(videos, labels, channel, collector, restorations)
    )


def _report_some(
    videos: Decoded, labels: Mapping[str, LabelVideo], channel: str, collector: ProblemCollector, restorations: Restorations
) -> frozenset[str]:
    """The same, but for void and a few odd pixels, or in some videos only."""
    found = {name: videos[name][1] for name in labels}
    labels = {name: video._replace(strays=found[name].strays | {VOID_LABEL}) for name, video in labels.items()}
    if reading := _scale(labels):
        return _report_scale(labels, reading, channel, collector, restorations)
    explained = _report_some_binary(labels, found, collector)
    greys = {name for name, video in labels.items() if palette_of_greys(video.values - video.strays, video.ids)}
    names = scaled_alike({name: video for name, video in labels.items() if name not in greys | explained})
    some = {name: labels[name] for name in names}
    if some and (reading := read_scale(some)):
        explained |= _report_scale(some, reading, channel, collector, restorations, len(labels))
    return explained


def _report_some_binary(
    labels: Mapping[str, LabelVideo], found: Mapping[str, VideoFindings], collector: ProblemCollector
) -> frozenset[str]:
    """As `_report_binary`, unless 255 is void beside the ids of another video."""
    white = {name for name, video in labels.items() if VOID_LABEL in video.values - found[name].strays}
    names = [name for name in labels if name in white and labels[name].values <= found[name].strays | {VOID_LABEL}]
    if white - {*names} or any(not _is_seen(found[name]) for name in names):
        return frozenset()
    return _report_lost([name for name in names if len(labels[name].ids) > 1], labels, collector)


def _is_seen(found: VideoFindings) -> bool:
    """Whether so many pixels are 255 that they are no slip."""
    return found.unknown_pixels[VOID_LABEL] > _SEEN * found.background_pixels


def _report_shades(videos: Decoded, masks: Mapping[str, Sequence[MaskValues]], collector: ProblemCollector) -> frozenset[str]:
    if all(mask.samples for found in masks.values() for mask in found):
        return frozenset()
    names = [name for name in masks if set(videos[name][1].unknown_pixels) - {VOID_LABEL}]
    collector.add(
        "ids-encoded",
        f"the masks of {these_videos(names, len(names) == len(videos))} "
        "hold shades of grey, as probabilities or smoothed masks do, and not ids.",
        f"this cannot be undone: save the ids, not the probabilities, and do not smooth them: {SAVE_IDS}.",
        video=_where(names),
    )
    return frozenset(names)


def _report_palettes(
    videos: Decoded, masks: Mapping[str, Sequence[MaskValues]], collector: ProblemCollector, restorations: Restorations
) -> frozenset[str]:
    reading = read_palettes({name: (ids, masks[name]) for name, (ids, _) in videos.items()})
    if reading is None:
        return frozenset()
    label, one, other = reading.example
    names = list(videos)
    problem = collector.add(
        "ids-encoded",
        f"the labels stand for other objects from mask to mask, as after a tool that optimises PNGs: label {label} is {one} in "
        f"one mask and {other} in another. The colours are those of the {reading.palette} palette.",
        f"do not optimise the masks; their colours still tell the ids: {from_colours(reading.ids, 'every mask')}.",
        video=_where(names),
    )
    title = f"palettes that change from mask to mask, by the colours of {reading.palette}"
    restorations.add(problem, names, {SURE: Way(FromColours(title, reading.ids))})
    return frozenset(names)


def _report_binary(labels: Mapping[str, LabelVideo], collector: ProblemCollector) -> frozenset[str]:
    """0 and 255 in the whole submission: where a video has several objects nobody can tell them apart."""
    if any(video.values != {VOID_LABEL} for video in labels.values()):
        return frozenset()
    return _report_lost([name for name, video in labels.items() if len(video.ids) > 1], labels, collector)


def _report_lost(names: Sequence[str], labels: Mapping[str, LabelVideo], collector: ProblemCollector) -> frozenset[str]:
    if not names:
        return frozenset()
    collector.add(
        "ids-encoded",
        f"the masks of {these_videos(names, len(names) == len(labels))} "
        "hold only 0 and 255, but have several objects: which one a pixel belongs to is lost.",
        NOT_UNDONE,
        video=_where(names),
    )
    return frozenset(names)


def _shift(videos: Decoded, labels: Mapping[str, LabelVideo]) -> ScaleReading | None:
    found = [videos[name][1] for name in labels]
    white = sum(findings.unknown_pixels[VOID_LABEL] for findings in found)
    pixels = sum(findings.unknown_pixels.total() + findings.labelled_pixels + findings.background_pixels for findings in found)
    return read_shift(labels, white / max(pixels, 1))


def _scale(labels: Mapping[str, LabelVideo]) -> ScaleReading | None:
    if evidence(labels.values()) < ENOUGH_EVIDENCE or all(
        video.values - video.strays <= {VOID_LABEL, *video.ids} for video in labels.values()
    ):
        return None
    if all(palette_of_greys(video.values - video.strays, video.ids) for video in labels.values()):
        return None
    return read_scale(labels)


def _report_scale(
    labels: Mapping[str, LabelVideo],
    reading: ScaleReading | None,
    channel: str,
    collector: ProblemCollector,
    restorations: Restorations,
    number: int = 0,
) -> frozenset[str]:
    """`number` is that of all videos, where these are only some."""
    number = number or len(labels)
    if reading is None:
        return frozenset()
    lost = [name for name, ids in reading.ids.items() if ids is None]
    known = {name: Values(labels[name].values, ids) for name, ids in reading.ids.items() if ids is not None}
    # the same value may be another object elsewhere
    for names, united in alike(known):
        listing = ", ".join(f"{value} is {object_id}" for value, object_id in united.ids.items())
        everywhere = len(names) == number
        which = f"every mask{Where.of(names, everywhere=everywhere)}"
        problem = collector.add(
            "ids-encoded",
            f"the values of {these_videos(names, everywhere)} are {reading.rule}: {listing}.",
            f"{from_labels(united.ids, which, channel)}.",
            video=_where(names),
        )
        restorations.add(problem, names, {SURE: Way(FromValues(f"values that are {reading.rule}", united.ids))})
    if lost:
        collector.add(
            "ids-encoded",
            f"the values of {these_videos(lost, len(lost) == number)} are like {reading.rule}, "
            "but which object each of them stands for cannot be determined.",
            NOT_UNDONE,
            video=_where(lost),
        )
    return frozenset(labels)


def _where(names: Sequence[str]) -> str | None:
    """The place of a problem: one video, or the whole submission."""
    return names[0] if len(names) == 1 else None
