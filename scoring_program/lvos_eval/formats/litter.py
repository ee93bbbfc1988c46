"""What file managers and operating systems leave behind in every folder: never data, and nobody's mistake."""

from __future__ import annotations

from typing import Final

__all__ = ["LITTER", "is_left_behind", "is_litter"]

LITTER: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini", "__macosx"})
"""Names in lower case."""


def is_left_behind(name: str) -> bool:
    """Whether a system leaves files of this name behind; a macOS twin `._x` of a file holds nothing of it."""
    return name.lower() in LITTER or name.startswith("._")


def is_litter(name: str) -> bool:
    """Whether a name in reference data is litter: hidden files too, such as the `._name` that macOS writes beside every file."""
    return name.startswith(".") or is_left_behind(name) or name.lower() == "@eadir"
