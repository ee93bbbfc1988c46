"""Palettes that masks are commonly drawn with, to tell which object ids lost colours or grey values stood for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

__all__ = [
    "PALETTES",
    "Colour",
    "ColourReading",
    "GreyReading",
    "Palette",
    "nearest_palette",
    "palette_of_colours",
    "palette_of_greys",
]

Colour = tuple[int, int, int]
_BLACK: Final = (0, 0, 0)


class Palette(NamedTuple):
    """`colours[id]` is the colour of an object id from 1 on, as RGB of 0..255."""

    name: str
    colours: Mapping[int, Colour]

    def ids(self, declared: Collection[int]) -> dict[Colour, int]:
        """The declared id of each colour; no two ids have the same."""
        return {self.colours[object_id]: object_id for object_id in sorted(declared) if object_id in self.colours}

    def greys(self, declared: Collection[int], rounding: int) -> dict[int, set[int]]:
        """The declared ids whose colours become each grey value: more than one where they cannot be determined apart."""
        greys: dict[int, set[int]] = {}
        for colour, object_id in self.ids(declared).items():
            greys.setdefault(luminance(colour, rounding), set()).add(object_id)
        return greys


ROUNDED: Final = 0x8000
"""As Pillow's `convert("L")` and `cv2.cvtColor` do."""
CUT_OFF: Final = 0
"""As `cv2.imread(path, cv2.IMREAD_GRAYSCALE)` does."""


def luminance(colour: Colour, rounding: int = ROUNDED) -> int:
    """ITU-R 601-2 luma in fixed point."""
    red, green, blue = colour
    return (red * 19595 + green * 38470 + blue * 7471 + rounding) >> 16


def _pascal_voc(object_id: int) -> Colour:
    """The colour of the PASCAL VOC colour map: the bits of the id, three at a time, fill the channels from the top bit down."""
    channels = [0, 0, 0]
    for place in range(8):
        for channel in range(3):
            channels[channel] |= (object_id >> (3 * place + channel) & 1) << (7 - place)
    return channels[0], channels[1], channels[2]


def _from_hex(*colours: str) -> Mapping[int, Colour]:
    return MappingProxyType(
        {object_id: (int(c[:2], 16), int(c[2:4], 16), int(c[4:], 16)) for object_id, c in enumerate(colours, 1)}
    )


def _davis_toolkit(object_id: int) -> Colour:
    """The same, but with 191 for 192, as the DAVIS 2017 toolkit and its descendants have it."""
    red, green, blue = (191 if channel == 192 else channel for channel in _pascal_voc(object_id))
    return red, green, blue


PALETTES: Final = (
    Palette("DAVIS", MappingProxyType({object_id: _pascal_voc(object_id) for object_id in range(1, 256)})),
    Palette("DAVIS toolkit", MappingProxyType({object_id: _davis_toolkit(object_id) for object_id in range(1, 22)})),
    Palette(
        "YouTube-VOS",
        _from_hex("ec5f67", "f99157", "fac863", "99c794", "62b3b2", "6699cc", "c594c5", "ab7967", "ffffff", "65737e"),
    ),
    Palette(
        "matplotlib tab10",
        _from_hex("1f77b4", "ff7f0e", "2ca02c", "d62728", "9467bd", "8c564b", "e377c2", "7f7f7f", "bcbd22", "17becf"),
    ),
    Palette("plain RGB", _from_hex("ff0000", "00ff00", "0000ff", "ffff00", "ff00ff", "00ffff", "ffffff")),
)
"""Tried in this order; the first that explains all values is named."""

SWAPPED: Final = tuple(
    Palette(
        f"{name} (red and blue swapped)", MappingProxyType({object_id: (b, g, r) for object_id, (r, g, b) in colours.items()})
    )
    for name, colours in PALETTES
)
"""As an array in the order of one library looks that was saved by another."""


class ColourReading(NamedTuple):
    """What colours stand for by a palette: `ids` of every declared object that it has, `undeclared` of seen colours only."""

    palette: str
    ids: Mapping[Colour, int]
    undeclared: Mapping[Colour, int]


class GreyReading(NamedTuple):
    """What grey values stand for by a palette: `ids` of every declared object with a grey of its own, `lost` of the others."""

    palette: str
    ids: Mapping[int, int]
    lost: frozenset[int]
    """Seen greys that stand for several declared objects, or for others in another palette."""


def palette_of_colours(
    colours: Collection[Colour], declared: Collection[int], others: Iterable[tuple[Collection[Colour], Collection[int]]] = ()
) -> ColourReading | None:
    """The palette that has all these colours, some of them for declared ids; black is background.

    `others` are the colours and declared ids of other videos, saved in the same way: they tell palettes apart that share colours,
    above all one from the same with red and blue swapped. None also where palettes are left that have other objects for a colour.
    """
    wanted = set(colours) - {_BLACK}
    palettes = _palettes_of([(colours, declared), *others]) or _palettes_of([(colours, declared)])
    readings = {tuple(palette.ids(declared).get(colour) for colour in sorted(wanted)) for palette in palettes}
    if not wanted or len(readings) != 1:
        return None
    palette = palettes[0]
    ids, every = palette.ids(declared), palette.ids(palette.colours)
    return ColourReading(palette.name, ids, {colour: every[colour] for colour in sorted(wanted - ids.keys())})


def _palettes_of(videos: Collection[tuple[Collection[Colour], Collection[int]]]) -> list[Palette]:
    """The palettes that have every colour of every video for one of its ids; if there are none, for any id."""
    palettes = (*PALETTES, *SWAPPED)
    wanted = [(set(colours) - {_BLACK}, declared) for colours, declared in videos]
    declared_only = [p for p in palettes if all(colours <= p.ids(declared).keys() for colours, declared in wanted)]
    return declared_only or [
        p for p in palettes if all(colours & p.ids(ids).keys() and colours <= p.ids(p.colours).keys() for colours, ids in wanted)
    ]


def nearest_palette(colours: Collection[Colour], declared: Collection[int]) -> Palette | None:
    """The palette with the most of these colours for declared ids, where it has any."""
    counts = [len(palette.ids(declared).keys() & set(colours)) for palette in PALETTES]
    return PALETTES[counts.index(max(counts))] if max(counts) else None


def palette_of_greys(main: Collection[int], declared: Collection[int], seen: Collection[int] = ()) -> GreyReading | None:
    """The palette whose colours of declared ids have the `main` grey values; `seen` are those to be told apart too."""
    readings = []
    for palette in PALETTES:
        for rounding in (ROUNDED, CUT_OFF):
            greys = palette.greys(declared, rounding)
            if main and set(main) <= greys.keys():
                readings.append((palette.name, greys))
    if not readings:
        return None
    # the rounding shows in the greys of small objects too
    name, greys = max(readings, key=lambda reading: len(reading[1].keys() & set(seen)))
    lost = {value for value in {*main, *seen} if len(set().union(*(other.get(value, set()) for _, other in readings))) > 1}
    ids = {value: min(ids) for value, ids in greys.items() if len(ids) == 1}
    return GreyReading(name, ids, frozenset(lost))
