"""Telling fast that two masks are too far apart to count anything: the cells of a coarse grid that they are in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from lvos_eval.masks.packed import WORD, FrameSize, PackedMask
from lvos_eval.metrics.definition import tolerance

__all__ = ["footprints", "surroundings"]

_CELL_ROWS: Final = 16
"""Rows in a cell of a footprint; a cell is 8 pixels wide."""

Cells: TypeAlias = NDArray[np.uint8]
"""Cells of a coarse grid over the frame: 1 where a mask is, 0 elsewhere."""


def footprints(masks: Sequence[PackedMask], size: FrameSize) -> Cells:
    """The cells that each mask of frames of one size is in: shape (masks, rows of cells, cells of a row)."""
    cells = np.zeros((len(masks), -(-size.height // _CELL_ROWS), -(-size.width // WORD) * WORD // 8), np.uint8)
    for grid, mask in zip(cells, masks, strict=True):
        if mask.area:
            first = mask.top // _CELL_ROWS
            starts = np.maximum(np.arange(first, (mask.bottom - 1) // _CELL_ROWS + 1) * _CELL_ROWS - mask.top, 0)
            occupied = np.bitwise_or.reduceat(mask.bits.view(np.uint8), starts) != 0
            grid[first : first + len(starts), mask.left * 8 : mask.right * 8] = occupied
    return cells


def surroundings(cells: Cells, size: FrameSize) -> Cells:
    """All cells of the grid within the tolerance of those of one mask.

    Two masks have J = F = 0 if neither is empty and no cell of one is in the surroundings of the other. To tell that takes far
    less time than to count.
    """
    # a boundary starts one pixel before its mask
    reach = tolerance(*size) + 1
    rows, columns = -(-reach // _CELL_ROWS), -(-reach // 8)
    return cv2.dilate(cells, np.ones((2 * rows + 1, 2 * columns + 1), np.uint8)).astype(np.uint8, copy=False)
