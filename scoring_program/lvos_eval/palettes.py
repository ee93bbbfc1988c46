"""Palettes that masks are commonly drawn with, to tell which object ids lost colours or grey values stood for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

__all__ = ["PALETTES", "Palette", "palette_of_colours", "palette_of_greys"]

Colour = tuple[int, int, int]


class Palette(NamedTuple):
    """`colours[id]` is the colour of an object id from 1 on, as RGB of 0..255."""

    name: str
    colours: Mapping[int, Colour]

    def greys(self, rounding: int) -> dict[int, int]:
        """Object id by the grey value that its colour becomes; the lowest id where two share a grey."""
        return {luminance(colour, rounding): id for id, colour in sorted(self.colours.items(), reverse=True)}


_ROUNDED: Final = 0x8000
"""As Pillow's `convert("L")` and `cv2.cvtColor` do."""
_CUT_OFF: Final = 0
"""As `cv2.imread(path, cv2.IMREAD_GRAYSCALE)` does."""


def luminance(colour: Colour, rounding: int = _ROUNDED) -> int:
    """ITU-R 601-2 luma in fixed point."""
    red, green, blue = colour
    return (red * 19595 + green * 38470 + blue * 7471 + rounding) >> 16


def _pascal_voc(id: int) -> Colour:
    """Colour `id` of the PASCAL VOC colour map: the bits of the id, three at a time, fill the channels from the top bit down."""
    channels = [0, 0, 0]
    for place in range(8):
        for channel in range(3):
            channels[channel] |= (id >> (3 * place + channel) & 1) << (7 - place)
    return channels[0], channels[1], channels[2]


def _from_hex(*colours: str) -> Mapping[int, Colour]:
    return MappingProxyType({id: (int(c[:2], 16), int(c[2:4], 16), int(c[4:], 16)) for id, c in enumerate(colours, 1)})


def _davis_toolkit(id: int) -> Colour:
    """The same, but with 191 for 192, as the DAVIS 2017 toolkit and its descendants have it."""
    red, green, blue = (191 if channel == 192 else channel for channel in _pascal_voc(id))
    return red, green, blue


PALETTES: Final = (
    Palette("DAVIS", MappingProxyType({id: _pascal_voc(id) for id in range(1, 64)})),
    Palette("DAVIS toolkit", MappingProxyType({id: _davis_toolkit(id) for id in range(1, 22)})),
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


def palette_of_greys(values: Collection[int], ids: Collection[int]) -> tuple[str, dict[int, int]] | None:
    """The palette whose colours of some of the object `ids` have exactly these grey values: its name and the id of each value."""
    for palette in PALETTES:
        for rounding in (_ROUNDED, _CUT_OFF):
            greys = palette.greys(rounding)
            found = {value: greys[value] for value in sorted(values) if value in greys}
            if values and len(found) == len(values) and set(found.values()) <= set(ids):
                return palette.name, found
    return None


def palette_of_colours(colours: Collection[Colour], ids: Collection[int]) -> tuple[str, dict[Colour, int]] | None:
    """The palette that has exactly these colours for some of the object `ids`; black is background."""
    wanted = sorted(set(colours) - {(0, 0, 0)})
    for palette in PALETTES:
        by_colour = {colour: id for id, colour in palette.colours.items()}
        found = {colour: by_colour[colour] for colour in wanted if colour in by_colour}
        if wanted and len(found) == len(wanted) and set(found.values()) <= set(ids):
            return palette.name, found
    return None
