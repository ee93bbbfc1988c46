"""Masks written anew: decoded, turned into ids, encoded; consecutive frames of one video, in a worker process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from lvos_eval.diagnostics.errors import RunStoppedError
from lvos_eval.diagnostics.problems import frame_ranges
from lvos_eval.execution.workload import masks_memory, usual_pixels
from lvos_eval.formats.label_png import encode_labels
from lvos_eval.formats.mask_issues import MaskError
from lvos_eval.masks.packed import FrameSize
from lvos_eval.protocols.contract import MaskLayout
from lvos_eval.scoring.chunks import PredictionSource
from lvos_eval.submission.palettes import PALETTES
from lvos_eval.submission.restoration import Way
from lvos_eval.submission.source import MaskFiles, unpack
from lvos_eval.workflows.mask_changes import change_mask

__all__ = ["FILLED", "NOT_NEEDED", "VIEWER_PALETTE", "FrameToWrite", "RewritePiece", "RewrittenMasks", "rewrite_piece"]

FILLED: Final = "EMPTY masks added for frames without one"
NOT_NEEDED: Final = "masks of frames that are not scored, which cannot be read like the others, left out"

VIEWER_PALETTE: Final = bytes(3) + b"".join(bytes(PALETTES[0].colours[label]) for label in range(1, 256))
"""The colours of masks that have none; background is black."""


class FrameToWrite(NamedTuple):
    """One frame: the files of its mask, () for an empty one; what is not `needed` is left out where it cannot be read."""

    frame: int
    files: MaskFiles
    needed: bool


@dataclass(frozen=True, slots=True)
class RewritePiece:
    """Consecutive frames of one video and what is to be done to their masks; `coloured` unless their values are shades."""

    video: str
    size: FrameSize | None
    source: PredictionSource
    frames: tuple[FrameToWrite, ...]
    ways: tuple[Way, ...]
    layout: MaskLayout
    coloured: bool

    @property
    def where(self) -> str:
        return f"{self.video} {frame_ranges([task.frame for task in self.frames], self.layout.digits)}"

    @property
    def cost(self) -> int:
        return 4 * usual_pixels(self.size) * len(self.frames)

    @property
    def memory(self) -> float:
        return masks_memory(2 * usual_pixels(self.size), 0)


@dataclass(slots=True)
class RewrittenMasks:
    """The new files by frame, and how many masks were changed in which way."""

    video: str
    first: int
    """The first frame of the piece."""
    frames: int
    masks: dict[int, bytes] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)


def rewrite_piece(piece: RewritePiece) -> RewrittenMasks:
    """The masks of a piece as they are uploaded. Raises RunStoppedError where one is not as it was when it was checked."""
    done = RewrittenMasks(piece.video, piece.frames[0].frame, len(piece.frames))
    data, encoded = b"", b""
    steps: tuple[str, ...] = ()
    for task, content in _contents(piece):
        # trackers that lose everything write the same mask over and over
        if not data or content != data:
            try:
                encoded, steps = _rewritten(content, piece)
            except MaskError as error:
                if task.needed:
                    what = f"the mask {piece.video}/{piece.layout.name(task.frame)}.png"
                    raise RunStoppedError(f"{what} changed while it was packed ({error}); run it again") from error
                done.steps[NOT_NEEDED] += 1
                continue
            data = content
        done.masks[task.frame] = encoded
        done.steps.update(steps)
    return done


def _contents(piece: RewritePiece) -> Iterator[tuple[FrameToWrite, bytes]]:
    """Every frame with the PNG of its mask; empty where it is to be made, and where it cannot be had."""
    try:
        with closing(piece.source.open()) as reader:
            reader.read_ahead([entry for task in piece.frames for entry in task.files])
            for task in piece.frames:
                content = b""
                if task.files:
                    (entry,) = task.files
                    try:
                        content = unpack(entry, reader.read_stored(entry))
                    except MaskError:
                        content = _NOTHING
                yield task, content
    except OSError as error:
        raise RunStoppedError(f"the masks of {piece.video} cannot be read again: {error.strerror}") from error


_NOTHING: Final = b"unreadable"
"""In the place of what cannot be read."""


def _rewritten(content: bytes, piece: RewritePiece) -> tuple[bytes, tuple[str, ...]]:
    """The new file of a mask, and what was done to it; an empty mask for no content. Raises MaskError."""
    if not content:
        assert piece.size is not None
        empty = np.zeros((piece.size.height, piece.size.width), np.uint8)
        return encode_labels(empty, VIEWER_PALETTE if piece.coloured else b""), (FILLED,)
    changed = change_mask(content, piece.ways, piece.size)
    palette = changed.palette or VIEWER_PALETTE
    return encode_labels(changed.labels, palette if piece.coloured else b""), changed.steps
