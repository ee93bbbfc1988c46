"""The lines of Python that turn a wrongly saved mask into the ids again, as they are printed.

Each is complete: with `import numpy, PIL.Image` and `path`, the path of a mask, it can be run as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lvos_eval.diagnostics.text import SAVE_IDS

__all__ = [
    "ANY_DEPTH",
    "CHANNEL",
    "FIRST_CHANNEL",
    "from_colours",
    "from_expression",
    "from_labels",
]

CHANNEL: Final = "numpy.array(PIL.Image.open(path))"
"""The values of a mask with one channel."""
ANY_DEPTH: Final = (
    f'{CHANNEL}.view("uint8") // {{(1, 0): 255, (2, 0): 85, (4, 0): 17}}.get(tuple(numpy.fromfile(path, "uint8", 26)[24:]), 1)'
)
"""The same where some are greys of 1, 2 or 4 bits, which Pillow stretches to 0..255 (those of 1 bit as truth values).

Bytes 24 and 25 of a PNG are its bits a sample and its colour type.
"""
FIRST_CHANNEL: Final = f"{CHANNEL}[..., 0]"
"""Those of the first of several channels."""


def from_colours(ids: Mapping[tuple[int, int, int], int], which: str) -> str:
    """Colours become ids; works for RGB, RGBA and palette images."""
    terms = ", ".join(f"{colour}: {object_id}" for colour, object_id in sorted(ids.items(), key=lambda pair: pair[1]))
    return (
        f'run for {which} (path): rgb = numpy.array(PIL.Image.open(path).convert("RGB")); '
        f"ids = sum(i * (rgb == c).all(-1) for c, i in {{{terms}}}.items()); {SAVE_IDS}"
    )


def from_labels(ids: Mapping[int, int], which: str, values: str = CHANNEL) -> str:
    """Values become ids, and all others background."""
    terms = ", ".join(f"{value}: {object_id}" for value, object_id in sorted(ids.items(), key=lambda pair: pair[1]))
    return f"run for {which} (path): grey = {values}; ids = sum(i * (grey == g) for g, i in {{{terms}}}.items()); {SAVE_IDS}"


def from_expression(expression: str, which: str, values: str = CHANNEL) -> str:
    """`expression` makes ids of `mask`."""
    return f"run for {which} (path): mask = {values}; ids = {expression}; {SAVE_IDS}"
