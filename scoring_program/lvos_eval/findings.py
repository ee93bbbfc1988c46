"""What the masks of a submission show when they are decoded: faults and labels, gathered chunk by chunk."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

__all__ = ["MaskFault", "VideoFindings"]


@dataclass(frozen=True, slots=True)
class MaskFault:
    """One mask that cannot be scored: `detail` is the same text for frames with the same fault.

    `values` are grey values or colours seen in the first such mask of a chunk, for the diagnosis.
    """

    code: str
    frame: int
    detail: str
    values: frozenset[int] | frozenset[tuple[int, int, int]] = frozenset()


@dataclass(slots=True)
class VideoFindings:
    """Everything that the decoded masks of one video show; nothing in it depends on ground-truth pixels."""

    faults: list[MaskFault] = field(default_factory=list)
    present: set[int] = field(default_factory=set)
    """Declared objects with at least one pixel in one of their scored frames."""
    unknown_pixels: Counter[int] = field(default_factory=Counter)
    """Number of pixels of each undeclared label, over all masks."""
    unknown_frames: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    inspected: set[int] = field(default_factory=set)
    """Declared objects that are scored in at least one of the decoded masks."""
    labelled_pixels: int = 0
    """Number of pixels of declared objects, over all masks."""

    def merge(self, other: VideoFindings) -> None:
        """Adds the findings of another chunk; the order of merging does not show in the result's sets and counts."""
        self.faults.extend(other.faults)
        self.present |= other.present
        self.unknown_pixels.update(other.unknown_pixels)
        for label, frames in other.unknown_frames.items():
            self.unknown_frames[label] |= frames
        self.inspected |= other.inspected
        self.labelled_pixels += other.labelled_pixels
