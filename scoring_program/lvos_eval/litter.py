"""What file managers and operating systems leave behind in every folder: never data, and nobody's mistake."""

from __future__ import annotations

from typing import Final

__all__ = ["LITTER", "is_litter"]

LITTER: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini", "__macosx"})
"""Names in lower case."""


def is_litter(name: str) -> bool:
    """Whether a name in reference data is litter: hidden files too, such as the `._name` that macOS writes beside every file."""
    return name.startswith(".") or name.lower() in LITTER or name.lower() == "@eadir"
