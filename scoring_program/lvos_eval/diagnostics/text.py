"""Putting counts, lists and foreign names into sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from shlex import quote
from typing import Final

__all__ = [
    "SAVE_IDS",
    "ZIP_MASKS",
    "counted",
    "duration",
    "in_natural_order",
    "listed",
    "natural_key",
    "printable",
    "quoted",
    "sized",
    "these_videos",
    "zip_of",
]

SAVE_IDS: Final = "PIL.Image.fromarray(ids.astype(numpy.uint8)).save(path)"
"""How a mask is saved right, `ids` being the array of object ids of shape (height, width)."""

_LONGEST_NAME: Final = 80
_SHOWN_VIDEOS: Final = 8
_NUMBER: Final = re.compile(r"[0-9]{1,12}")
_PADDED: Final = 12
_LONGEST_KEY: Final = 64
_NEEDS_QUOTES: Final = re.compile(r"[^A-Za-z0-9_./-]")
_ACTS_IN_QUOTES: Final = re.compile(r'["$`\\!%]')
"""What some shell acts upon even between double quotes, the only ones that all shells know."""


def quoted(path: str) -> str:
    """A path as it is written in a command: never an option, and the same in every shell where the name allows it.

    A name with a character that acts between double quotes is in single quotes, which only POSIX shells know.
    """
    named = f"./{path}" if path.startswith("-") else path
    return f'"{named}"' if _NEEDS_QUOTES.search(named) and not _ACTS_IN_QUOTES.search(named) else quote(named)


def zip_of(folder: str) -> str:
    """The command that zips a folder with the masks: the same in every shell, and an old zip is replaced, not added to."""
    return f"python -m zipfile -c submission.zip {quoted(folder)}"


ZIP_MASKS: Final = zip_of("masks")
"""The same for the folder that holds the folders of the videos, run from the folder in which it lies."""


def printable(text: str) -> str:
    """`text` fit for a terminal: control and bidirectional characters escaped, so that a file name cannot act."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def counted(number: int, noun: str) -> str:
    """`1 frame`, `3 frames`, `150,000 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: Iterable[object], shown: int = 3) -> str:
    """The first few names and a count of the rest: `a, b, c and 5 more`."""
    texts = [str(name) for name in names]
    parts = [text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 3]}..." for text in texts[:shown]]
    more = f" and {len(texts) - shown:,} more" if len(texts) > shown else ""
    return ", ".join(parts) + more


def in_natural_order(names: Iterable[str]) -> list[str]:
    """The names sorted as people count: v2 before v10."""
    return sorted(sorted(names), key=natural_key)


def natural_key(name: str) -> str:
    """A key by which names are sorted as people count."""
    # only the beginning counts, so that long names cost no more than others
    return _NUMBER.sub(lambda match: match[0].zfill(_PADDED), name[:_LONGEST_KEY])


def these_videos(names: Iterable[str], everywhere: bool = True) -> str:
    """One video by its name, several as `3 videos (a, b, c)`; none is left out of the list unless they are `everywhere`."""
    found = in_natural_order(names)
    shown = _SHOWN_VIDEOS if everywhere else len(found)
    return found[0] if len(found) == 1 else f"{counted(len(found), 'video')} ({listed(found, shown)})"


def sized(number: int) -> str:
    """A number of bytes: `67 MB`, `10.7 GB`."""
    return f"{number / 1e9:,.1f} GB" if number >= 1e9 else f"{number / 1e6:,.0f} MB"


def duration(seconds: float) -> str:
    """`8 s`, `3 min`, `1 h 20 min`."""
    if seconds < 60:
        return f"{math.ceil(seconds)} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
