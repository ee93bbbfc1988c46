"""A picture of one object in one frame, as data."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Picture"]


@dataclass(frozen=True, slots=True)
class Picture:
    """One object in one frame, cut to where it is or was thought to be."""

    frame: int
    j: float
    f: float
    width: int
    height: int
    zoom: float
    """How many times larger than in the whole frame at this width."""
    uri: str
    """The image itself, as a data URI."""
