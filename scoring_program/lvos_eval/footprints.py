"""Telling fast that two masks are too far apart to count anything: the cells of a coarse grid that they are in."""

from __future__ import annotations

from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from lvos_eval.masks import WORD, PackedMask
from lvos_eval.protocol import tolerance

__all__ = ["Footprint", "footprint", "surroundings"]

_CELL_ROWS: Final = 16
"""Rows in a cell of a footprint; a cell is 8 pixels wide."""

Footprint: TypeAlias = NDArray[np.uint8]
"""Which cells of a coarse grid over the frame a mask is in; 1 where it is."""


def footprint(mask: PackedMask, height: int, width: int) -> Footprint:
    """The cells that a mask of a (height, width) frame is in."""
    cells = np.zeros((-(-height // _CELL_ROWS), -(-width // WORD) * WORD // 8), np.uint8)
    if mask.area:
        first = mask.top // _CELL_ROWS
        starts = np.maximum(np.arange(first, (mask.bottom - 1) // _CELL_ROWS + 1) * _CELL_ROWS - mask.top, 0)
        occupied = np.bitwise_or.reduceat(mask.bits.view(np.uint8), starts) != 0
        cells[first : first + len(starts), mask.left * 8 : mask.right * 8] = occupied
    return cells


def surroundings(cells: Footprint, height: int, width: int) -> Footprint:
    """All cells within the tolerance of the given ones.

    Two masks have J = F = 0 if neither is empty and no cell of one is in the surroundings of the other. To tell that takes far
    less time than to count.
    """
    # a boundary starts one pixel before its mask
    reach = tolerance(height, width) + 1
    rows, columns = -(-reach // _CELL_ROWS), -(-reach // 8)
    return cv2.dilate(cells, np.ones((2 * rows + 1, 2 * columns + 1), np.uint8)).astype(np.uint8, copy=False)
