"""What the masks of a submission show when they are decoded: issues and labels, gathered chunk by chunk."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from lvos_eval.formats.label_map import DecodedMask
from lvos_eval.formats.mask_issues import MaskIssue
from lvos_eval.formats.mask_values import MaskValues

__all__ = ["STRAY_SHARE", "VideoFindings"]

STRAY_SHARE: Final = 0.001
"""Labels that hold less of the labelled pixels than this are slips."""


@dataclass(slots=True)
class VideoFindings:
    """Everything that the decoded masks of one video show; nothing in it depends on ground-truth pixels."""

    issues: defaultdict[MaskIssue, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Why masks cannot be scored, and the frames of each issue."""
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
    """What the decoded masks hold, and those that were refused because they are not indexed."""

    @property
    def strays(self) -> frozenset[int]:
        """Labels of so few pixels that they say nothing about the others."""
        few = STRAY_SHARE * (self.unknown_pixels.total() + self.labelled_pixels)
        rare = {label for label, pixels in self.unknown_pixels.items() if pixels < few}
        return frozenset(rare | self.present if self.labelled_pixels < few else rare)

    def add_issues(self, frame: int, issues: Iterable[MaskIssue]) -> None:
        """A mask that cannot be scored."""
        for issue in issues:
            self.issues[issue].add(frame)

    def add_mask(self, frame: int, mask: DecodedMask, scored: Collection[int], labels: Iterable[int]) -> None:
        """A mask that can be: `scored` are the objects that are scored in its frame, `labels` those that may stand in it."""
        self.inspected.update(scored)
        self.labelled_pixels += sum(found.area for found in mask.objects.values())
        self.background_pixels += mask.background
        self.present.update(label for label in labels if mask.objects[label].area)
        for label, pixels in mask.unknown.items():
            self.unknown_pixels[label] += pixels
            self.unknown_frames[label].add(frame)
        self.values.add(mask.values)

    def merge(self, other: VideoFindings) -> None:
        """Adds the findings of another chunk; the order of merging does not show in the result's sets and counts."""
        for issue, frames in other.issues.items():
            self.issues[issue] |= frames
        self.present |= other.present
        self.unknown_pixels.update(other.unknown_pixels)
        for label, frames in other.unknown_frames.items():
            self.unknown_frames[label] |= frames
        self.inspected.update(other.inspected)
        self.labelled_pixels += other.labelled_pixels
        self.background_pixels += other.background_pixels
        self.values |= other.values
