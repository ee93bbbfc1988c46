"""What is said of masks with more than one channel or more than eight bits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from lvos_eval.diagnostics.text import SAVE_IDS, listed
from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.mask_values import MOST_VALUES, MaskValues
from lvos_eval.protocols.contract import VOID_LABEL
from lvos_eval.submission.encodings import ENOUGH_EVIDENCE, LabelVideo, ScaleReading, evidence, read_scale
from lvos_eval.submission.mask_findings import VideoFindings
from lvos_eval.submission.palettes import Colour, nearest_palette, palette_of_colours, palette_of_greys
from lvos_eval.submission.problem_groups import Cause, Values, plain
from lvos_eval.submission.repairs import CHANNEL, FIRST_CHANNEL, from_colours, from_expression, from_labels
from lvos_eval.submission.restoration import KEEP_LABELS, SURE, FromColours, FromValues, Way

__all__ = ["NOT_UNDONE", "ColourExplainer"]

NOT_UNDONE: Final = f"this cannot be undone: save the ids again: {SAVE_IDS}."
"""What to do where the ids cannot be determined any more."""

_CODE: Final = "not-indexed"
_WHAT: Final = "a mask has one channel of at most 8 bits, whose values are the ids"


class ColourExplainer:
    """Explains the colours of a submission: a scale of greys shows only in all videos together."""

    def __init__(self, videos: Mapping[str, tuple[Sequence[int], VideoFindings]]) -> None:
        self._ids = {name: tuple(ids) for name, (ids, _) in videos.items()}
        self._masks = {name: _by_kind(found.values) for name, (_, found) in videos.items()}
        self._scales: dict[ImageKind, tuple[ScaleReading | None, float]] = {}
        """By kind the scale of all videos, and how much speaks for it, in bits."""

    def explain(self, video: str, kind: ImageKind) -> Cause:
        """Why the masks of a video that are of a kind, as `RGBA`, cannot be used."""
        ids, masks = self._ids[video], self._masks[video].get(kind, [])
        said = f"{kind} image; {_WHAT}"
        if any(not mask.samples for mask in masks):
            many = f"more than {MOST_VALUES} different values" + (", or some above 255" if kind is ImageKind.GREY_16 else "")
            return plain(
                _CODE,
                f"{said}. A mask has {many}, or is far too large: a picture, smoothed edges, or probabilities.",
                NOT_UNDONE,
            )
        if not kind.has_colours:
            values = frozenset().union(*(mask.labels for mask in masks)) - {0}
            channel = FIRST_CHANNEL if kind.is_grey_with_alpha else CHANNEL
            return _explain_greys(said, kind, channel, values, ids, self._scale(kind, video))
        colours = _colours(masks)
        if not colours:
            black = plain(_CODE, f"{said}. Every pixel is black.", f"save the ids: {SAVE_IDS}.")
            return replace(black, ways=lambda _: {SURE: Way(FromValues(f"black {kind} images", None), kind)})
        if _is_grey(colours):
            values = frozenset(colour[0] for colour in colours)
            said = f"{said}. The three channels are equal"
            return _explain_greys(said, kind, FIRST_CHANNEL, values, ids, self._scale(kind, video))
        others = [(name, _colours(found[kind])) for name, found in self._masks.items() if kind in found]
        known = [(seen, self._ids[name]) for name, seen in others if not _is_grey(seen)]
        return _explain_colours(said, kind, colours, ids, known)

    def _scale(self, kind: ImageKind, video: str) -> _Scaled:
        """What the grey values of a video stand for, as far as all videos with masks of this kind agree on a scale."""
        if kind not in self._scales:
            greys = {name: _greys(masks[kind]) for name, masks in self._masks.items() if kind in masks}
            videos = {name: LabelVideo(self._ids[name], values) for name, values in greys.items() if values}
            self._scales[kind] = (read_scale(videos), evidence(videos.values()))
        scale, bits = self._scales[kind]
        ids = None if scale is None else scale.ids.get(video)
        return _Scaled(ids, bits > 0, bits >= ENOUGH_EVIDENCE)


class _Scaled(NamedTuple):
    """What values may stand for by a scale."""

    ids: Mapping[int, int] | None
    """None where there is no such scale."""
    needed: bool
    """Whether some video has values that are not its ids."""
    sure: bool
    """Whether those are too many for chance."""


def _colours(masks: Sequence[MaskValues]) -> set[Colour]:
    return {colour for mask in masks for colour in mask.colours} - {(0, 0, 0)}


def _is_grey(colours: Collection[Colour]) -> bool:
    return all(red == green == blue for red, green, blue in colours)


def _by_kind(values: Collection[MaskValues]) -> dict[ImageKind, list[MaskValues]]:
    kinds: dict[ImageKind, list[MaskValues]] = {}
    for mask in sorted(values):
        kinds.setdefault(mask.kind, []).append(mask)
    return kinds


def _greys(masks: Sequence[MaskValues]) -> frozenset[frozenset[int]]:
    """The values of masks whose channels are all equal; none where one has colours."""
    found = set()
    for mask in masks:
        if not mask.kind.has_colours:
            found.add(mask.labels)
        elif not _is_grey(mask.colours):
            return frozenset()
        else:
            found.add(frozenset(colour[0] for colour in mask.colours))
    return frozenset(found)


def _explain_greys(said: str, kind: ImageKind, channel: str, values: frozenset[int], ids: Sequence[int], scale: _Scaled) -> Cause:
    if values <= set(ids) and (cause := _explain_ids(said, kind, channel, values, scale)) is not None:
        return cause
    scaled = scale.ids
    if values == {VOID_LABEL} and len(ids) == 1:
        message = f"{said}. The only object is written as 255; its id is {ids[0]}."
        title = f"the only object written as 255 in {kind} images"
        return _undone(lambda _, __: message, kind, channel, Values(values, {VOID_LABEL: ids[0]}), title)
    palette = palette_of_greys(values, ids)
    if scaled is not None and (
        palette is None or all(palette.ids.get(value) == object_id for value, object_id in scaled.items())
    ):
        message = f"{said}. The values are ids on another scale: "
        title = f"ids on another scale in {kind} images"
        return _undone(lambda found, _: f"{message}{found.listing}.", kind, channel, Values(values, scaled), title)
    if palette is not None and not palette.lost and scaled is None:
        message = f"{said}. The values are greys of the {palette.palette} palette: "
        title = f"greys of the {palette.palette} palette in {kind} images"
        return _undone(lambda found, _: f"{message}{found.listing}.", kind, channel, Values(values, palette.ids), title)
    if len(values - set(ids)) <= len(values & set(ids)):
        return Cause(
            _CODE,
            lambda found, several: (
                f"{said}. The values are {listed(sorted(found.seen), 8)}, and not all of them are ids of "
                f"{'their' if several else 'the'} video."
            ),
            lambda _, where: (
                f"if the values are ids, {from_expression('mask', _every(kind) + where, channel)}. If not, save the ids again."
            ),
            Values(values),
            lambda _: {KEEP_LABELS: _ids_of(kind)},
        )

    def lost(found: Values, _: bool) -> str:
        what = "The value is" if len(found.seen) == 1 else "The values are"
        stands = "which object that is" if len(found.seen) == 1 else "which object each is"
        return f"{said}. {what} {listed(sorted(found.seen), 8)} instead of ids, and {stands} cannot be determined."

    return Cause(_CODE, lost, lambda _, __: NOT_UNDONE, Values(values))


def _explain_ids(said: str, kind: ImageKind, channel: str, values: frozenset[int], scale: _Scaled) -> Cause | None:
    """What is said of values that are ids; None where they are others by the scale of all videos."""
    ids = scale.ids
    if not scale.needed or ids is None or all(ids.get(value) == value for value in values):
        message = f"{said}. Its values are ids." if channel == CHANNEL else f"{said}."
        return Cause(
            _CODE,
            lambda _, __: message,
            lambda _, where: f"{from_expression('mask', _every(kind) + where, channel)}.",
            ways=lambda _: {SURE: _ids_of(kind)},
        )
    if scale.sure:
        return None
    return Cause(
        _CODE,
        lambda found, _: (
            f"{said}. What is written, {listed(sorted(found.seen), 8)}, may be ids, or ids on another scale as in other videos."
        ),
        lambda _, where: f"if it is ids, {from_expression('mask', _every(kind) + where, channel)}. If not, save the ids again.",
        Values(values),
        lambda _: {KEEP_LABELS: _ids_of(kind)},
    )


def _ids_of(kind: ImageKind) -> Way:
    return Way(FromValues(f"ids of {kind} images", None), kind)


def _every(kind: ImageKind) -> str:
    return f"every {kind} mask"


def _undone(message: Callable[[Values, bool], str], kind: ImageKind, channel: str, values: Values, title: str) -> Cause:
    return Cause(
        _CODE,
        message,
        lambda found, where: f"{from_labels(found.ids, _every(kind) + where, channel)}.",
        values,
        lambda found: {SURE: Way(FromValues(title, found.ids), kind)},
    )


def _explain_colours(
    said: str,
    kind: ImageKind,
    colours: Collection[Colour],
    ids: Sequence[int],
    others: Sequence[tuple[Collection[Colour], Collection[int]]],
) -> Cause:
    reading = palette_of_colours(colours, ids, others)
    if reading is None:
        nearest = nearest_palette(colours, ids)
        if nearest is None:
            return Cause(
                _CODE,
                lambda found, _: f"{said}. The colours are those of no known palette: {listed(sorted(found.seen), 4)}.",
                lambda _, __: NOT_UNDONE,
                Values(frozenset(colours)),
            )
        if set(colours) <= nearest.ids(ids).keys():
            why = f"The colours are those of the {nearest.name} palette, but other objects have them if red and blue were swapped"
        else:
            why = f"Some colours are those of the {nearest.name} palette, but others are not: smoothed edges, or other objects"
        return plain(_CODE, f"{said}. {why}.", NOT_UNDONE)
    palette = reading.palette

    def message(found: Values, several: bool) -> str:
        undeclared = ", ".join(f"{colour} is {object_id}" for colour, object_id in found.undeclared.items())
        lacks = "not every one of these videos has" if several else "the video does not have"
        note = f" ({undeclared}, which {lacks})" if undeclared else ""
        return f"{said}. The colours are those of the {palette} palette: {found.listing}{note}."

    values = Values(frozenset(colours), reading.ids, reading.undeclared)
    return Cause(
        _CODE,
        message,
        lambda found, where: f"{from_colours(found.ids, _every(kind) + where)}.",
        values,
        # what no video declares stays a label of no object, which is told of the packed masks
        lambda found: {SURE: Way(FromColours(f"colours of the {palette} palette", {**found.undeclared, **found.ids}), kind)},
    )
