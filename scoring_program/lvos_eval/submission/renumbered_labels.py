"""Labels that stand for other objects from mask to mask, as after a tool that optimises PNGs: colours tell the ids."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from lvos_eval.formats.mask_values import MaskValues
from lvos_eval.submission.palettes import PALETTES, Colour, Palette

__all__ = ["PaletteReading", "read_palettes"]


class PaletteReading(NamedTuple):
    """A palette by whose colours the labels of some masks stand for other objects."""

    palette: str
    ids: Mapping[Colour, int]
    """The id of the colour of every declared object."""
    example: tuple[int, Colour, Colour]
    """A label and two colours that it has."""


def read_palettes(videos: Mapping[str, tuple[Sequence[int], Collection[MaskValues]]]) -> PaletteReading | None:
    """The known palette by which labels stand for other objects, as after a tool that leaves unused colours out of each mask.

    Such a tool numbers the colours that are left from 0 on. Whoever gives colours to the ids by their rank in a mask does not,
    so a palette that differs is no evidence elsewhere. None also where every label has one colour throughout.
    """
    masks = [(frozenset(ids), mask) for ids, found in videos.values() for mask in found if mask.labels != {0}]
    if not all(_tells_apart(mask) for _, mask in masks):
        return None
    example = _two_colours([mask for _, mask in masks])
    if example is None:
        return None
    readings = []
    for palette in PALETTES:
        read = [(mask, _ids_by_colour(palette, mask, ids)) for ids, mask in masks]
        if all(found is not None and (_is_compact(mask) or found == list(mask.samples)) for mask, found in read):
            readings.append((palette, [found for _, found in read]))
    if not readings or any(found != readings[0][1] for _, found in readings):
        return None
    palette = readings[0][0]
    return PaletteReading(palette.name, palette.ids(frozenset().union(*(ids for ids, _ in masks))), example)


def _tells_apart(mask: MaskValues) -> bool:
    """Whether the labels have colours, each its own."""
    return bool(mask.palette) and len({*mask.colours}) == len(mask.samples) and {*mask.colours} != {(0, 0, 0)}


def _is_compact(mask: MaskValues) -> bool:
    """Whether the labels are the first ones of a palette."""
    return all(after == before + 1 for before, after in pairwise(sorted(mask.labels | {0})))


def _ids_by_colour(palette: Palette, mask: MaskValues, declared: Collection[int]) -> list[int] | None:
    """The declared ids that the colours of the labels stand for, black for background; None if one stands for none."""
    ids = palette.ids(declared) | {(0, 0, 0): 0}
    found = [ids[colour] for colour in mask.colours if colour in ids]
    return found if len(found) == len(mask.samples) else None


def _two_colours(masks: Collection[MaskValues]) -> tuple[int, Colour, Colour] | None:
    colours: dict[int, set[Colour]] = {}
    for mask in masks:
        for label, colour in zip(mask.samples, mask.colours, strict=True):
            colours.setdefault(label, set()).add(colour)
    for label, found in sorted(colours.items()):
        if len(found) > 1:
            one, other, *_ = sorted(found, reverse=True)
            return label, one, other
    return None
