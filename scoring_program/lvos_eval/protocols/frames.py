"""Which frames of an object are annotated, which of those are scored, and where their values go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["AnnotatedFrames", "FrameList", "FrameRule", "ScoredFrames"]


class AnnotatedFrames(Protocol):
    """The annotated frames of one object."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int:
        """Behind the last one."""

    @property
    def frame_nums(self) -> int:
        """How many the official tool counts; it may be more than there are."""

    @property
    def frames(self) -> Sequence[int]:
        """In ascending order."""


@dataclass(frozen=True, slots=True)
class FrameList:
    """Annotated frames as the files of a folder give them, at least one."""

    frames: tuple[int, ...]

    @property
    def start(self) -> int:
        return self.frames[0]

    @property
    def end(self) -> int:
        return self.frames[-1] + 1

    @property
    def frame_nums(self) -> int:
        return len(self.frames)


@dataclass(frozen=True, slots=True)
class ScoredFrames:
    """Where the values of one object come from.

    `frames[i]` is the frame whose J and F go to slot `slots[i]` of `length` values; a slot that no frame fills stays 0.
    The slot fixes the order of summation, which the last bit of the official means depends on.
    """

    frames: tuple[int, ...]
    slots: tuple[int, ...]
    length: int


@dataclass(frozen=True, slots=True)
class FrameRule:
    """Which frames of an object are scored."""

    description: str
    """In words, as the page says it."""
    positions: Callable[[int], Sequence[int]]
    """Those of n annotated frames, counted from 0, that have a slot each, in the order of the slots."""
    hint: str = ""
    """What may be the reason where it leaves no frame of any object."""

    def scored(self, annotated: AnnotatedFrames, excluded: frozenset[int] = frozenset()) -> ScoredFrames:
        """The scored ones of an object's frames, and the slot of each.

        Positions from `len(frames)` on have a slot that no frame fills. Excluded frames give up their slot. Raises ValueError if
        the official tool counts fewer frames than there are: it has no number then.
        """
        frames = annotated.frames
        if annotated.frame_nums < len(frames):
            raise ValueError(f"frame_nums is {annotated.frame_nums} but {frames!r} has {len(frames)} frames")
        kept = [k for k in self.positions(annotated.frame_nums) if k >= len(frames) or frames[k] not in excluded]
        filled = sorted((frames[k], slot) for slot, k in enumerate(kept) if k < len(frames))
        return ScoredFrames(tuple(frame for frame, _ in filled), tuple(slot for _, slot in filled), len(kept))
