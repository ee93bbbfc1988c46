"""What the masks of a submission show when they are decoded: faults and labels, gathered chunk by chunk."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final

from lvos_eval.formats.mask_values import MaskValues

__all__ = ["STRAY_SHARE", "MaskFault", "VideoFindings"]

STRAY_SHARE: Final = 0.001
"""Labels that hold less of the labelled pixels than this are slips."""


@dataclass(frozen=True, slots=True)
class MaskFault:
    """One mask that cannot be scored: `detail` is the same text for frames with the same fault."""

    code: str
    frame: int
    detail: str


@dataclass(slots=True)
class VideoFindings:
    """Everything that the decoded masks of one video show; nothing in it depends on ground-truth pixels."""

    faults: list[MaskFault] = field(default_factory=list)
    present: set[int] = field(default_factory=set)
    """Declared objects with at least one pixel in one of their scored frames."""
    unknown_pixels: Counter[int] = field(default_factory=Counter)
    """Number of pixels of each undeclared label, over all masks."""
    unknown_frames: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    inspected: Counter[int] = field(default_factory=Counter)
    """Number of decoded masks in which a declared object is scored."""
    labelled_pixels: int = 0
    """Number of pixels of declared objects, over all masks."""
    background_pixels: int = 0
    """Number of pixels with the label 0, over all masks."""
    values: set[MaskValues] = field(default_factory=set)
    """What the decoded masks hold, and those that were refused because they are not indexed or not salient."""

    @property
    def strays(self) -> frozenset[int]:
        """Labels of so few pixels that they say nothing about the others."""
        few = STRAY_SHARE * (self.unknown_pixels.total() + self.labelled_pixels)
        rare = {label for label, pixels in self.unknown_pixels.items() if pixels < few}
        return frozenset(rare | self.present if self.labelled_pixels < few else rare)

    def merge(self, other: VideoFindings) -> None:
        """Adds the findings of another chunk; the order of merging does not show in the result's sets and counts."""
        self.faults.extend(other.faults)
        self.present |= other.present
        self.unknown_pixels.update(other.unknown_pixels)
        for label, frames in other.unknown_frames.items():
            self.unknown_frames[label] |= frames
        self.inspected.update(other.inspected)
        self.labelled_pixels += other.labelled_pixels
        self.background_pixels += other.background_pixels
        self.values |= other.values
