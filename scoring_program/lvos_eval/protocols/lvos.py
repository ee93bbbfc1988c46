"""The evaluation protocol of LVOS: which frames of an object are scored, and the score keys.

Every rule that makes two scores comparable is written here once; the metadata pages, the bundle and the
tests read it from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = [
    "FRAME_STEP",
    "MAX_OBJECT_ID",
    "PROPOSALS",
    "SCORE_KEYS",
    "VOID_LABEL",
    "FrameRange",
    "Protocol",
    "ScoredFrames",
    "Task",
    "frame_name",
    "scored_frames",
]

FRAME_STEP: Final = 5
"""LVOS annotates every fifth frame of the 30 fps video, that is 6 fps."""

VOID_LABEL: Final = 255
"""The label that is background in both masks and never an object."""

MAX_OBJECT_ID: Final = VOID_LABEL - 1
PROPOSALS: Final = range(1, 21)
"""Labels that are proposals in the multi-object unsupervised task."""

SCORE_KEYS: Final = (
    "Overall",
    "J-Mean",
    "J-seen-Mean",
    "J-unseen-Mean",
    "F-Mean",
    "F-seen-Mean",
    "F-unseen-Mean",
    "V-Mean",
    "V-seen-Mean",
    "V-unseen-Mean",
)
"""The leaderboard's keys in the order in which every output writes them. Never rename one."""


class Protocol(StrEnum):
    """A named frame rule of the official toolkit."""

    LVOS_V1 = "lvos-v1"
    """Toolkit of 2022-23: every frame of the object's range is scored."""
    LVOS_V2 = "lvos-v2"
    """Toolkit of May 2024: the object's first and last frame are not scored."""


class Task(StrEnum):
    """What a submission answers."""

    SEMI_SUPERVISED = "semi-supervised"
    UNSUPERVISED_MULTIPLE = "unsupervised_multiple"
    UNSUPERVISED_SINGLE = "unsupervised_single"


@dataclass(frozen=True, slots=True)
class FrameRange:
    """An object's `frame_range` in the metadata: frames `range(start, end, FRAME_STEP)`, `end` exclusive.

    `frame_nums` is the number of values that the official toolkit averages over; it may be larger than the
    range is long (the surplus counts as zeros) but never smaller.
    """

    start: int
    end: int
    frame_nums: int

    @property
    def frames(self) -> range:
        return range(self.start, self.end, FRAME_STEP)


@dataclass(frozen=True, slots=True)
class ScoredFrames:
    """Where the values of one object come from.

    `frames[i]` is the frame whose J and F go to slot `slots[i]` of `length` values; a slot that no frame fills stays 0.
    The slot fixes the order of summation, which the last bit of the official means depends on.
    """

    frames: tuple[int, ...]
    slots: tuple[int, ...]
    length: int


def frame_name(frame: int) -> str:
    """The file stem of a frame: eight digits."""
    return f"{frame:08d}"


def scored_frames(
    frame_range: FrameRange,
    protocol: Protocol,
    task: Task = Task.SEMI_SUPERVISED,
    excluded: frozenset[int] = frozenset(),
) -> ScoredFrames:
    """The frames of an object that count, and the slot of each.

    `lvos-v2` leaves out positions 0 and `frame_nums - 1` of a semi-supervised object; every other rule scores all.
    The salient-object task of the official toolkit files the first frame last. Excluded frames give up their slot.

    Raises ValueError if `frame_nums` is smaller than the range: the official toolkit has no number for it.
    """
    frames = frame_range.frames
    n = frame_range.frame_nums
    if n < len(frames):
        raise ValueError(
            f"frame_nums is {n} but range({frame_range.start}, {frame_range.end}, {FRAME_STEP}) has {len(frames)} frames"
        )
    if task is Task.SEMI_SUPERVISED and protocol is Protocol.LVOS_V2:
        order = list(range(1, n - 1))
    elif task is Task.UNSUPERVISED_SINGLE:
        order = [*range(1, n), 0][:n]
    else:
        order = list(range(n))
    kept = [k for k in order if k >= len(frames) or frames[k] not in excluded]
    filled = [(slot, frames[k]) for slot, k in enumerate(kept) if k < len(frames)]
    filled.sort(key=lambda pair: pair[1])
    return ScoredFrames(tuple(frame for _, frame in filled), tuple(slot for slot, _ in filled), len(kept))
