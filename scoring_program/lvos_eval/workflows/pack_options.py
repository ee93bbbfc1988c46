"""What a person has chosen where masks have several readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lvos_eval.submission.restoration import FILL_MISSING, KEEP_LABELS, RESIZE, keep_root, rename_by

__all__ = ["OVERLAP_CHOICES", "TRANSPOSE_CHOICES", "WHITE_CHOICES", "PackOptions"]

OVERLAP_CHOICES: Final = ("first", "last", "larger")
TRANSPOSE_CHOICES: Final = ("swapped", "all")
WHITE_CHOICES: Final = ("object", "background", "void")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackOptions:
    """The choices of `pack`; without one, what has several readings is refused."""

    resize: bool = False
    """Masks of another size are resized, each pixel as the nearest one."""
    fill_missing: bool = False
    """Scored frames without a mask get an empty one."""
    keep_labels: bool = False
    """Labels that are no object stay what they are, in videos that lack an object too."""
    overlap: str | None = None
    """`first`, `last` or `larger`: whose a pixel of several single objects is."""
    transpose: str | None = None
    """`swapped` or `all`: masks with swapped width and height become upright, with or without the square ones."""
    white: str | None = None
    """`object`, `background` or `void`: what 255 is in the masks of an only object that has no pixel of its own."""
    root: str | None = None
    """Which folder holds the masks, where several hold those of the same videos."""
    rename: Sequence[str] = ()
    """Formulas from the number `n` in a name to the frame, where several fit."""

    @property
    def given(self) -> frozenset[str]:
        """The options as they are typed, as restorations name them."""
        given = {RESIZE} if self.resize else set()
        given |= {FILL_MISSING} if self.fill_missing else set()
        given |= {KEEP_LABELS} if self.keep_labels else set()
        given |= {f"--{name} {value}" for name in ("overlap", "transpose", "white") if (value := getattr(self, name))}
        given |= {keep_root(self.root.strip("/").removeprefix("./"))} if self.root is not None else set()
        return frozenset(given | {rename_by(formula) for formula in self.rename})
