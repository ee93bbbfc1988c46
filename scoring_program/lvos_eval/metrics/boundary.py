"""The boundaries of packed masks, many at once, by moving and comparing 64-pixel words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np

from lvos_eval.masks.packed import WORD, FrameSize, PackedMask, Words, popcount
from lvos_eval.metrics.batching import in_batches
from lvos_eval.metrics.stacks import Stack

__all__ = ["boundaries"]

_ONE: Final = np.uint64(1)
_TO_TOP_BIT: Final = np.uint64(WORD - 1)


def boundaries(masks: Sequence[PackedMask], size: FrameSize) -> list[PackedMask]:
    """The pixels of a frame of this size that differ from their right, lower or lower-right neighbour, for each mask.

    The frame's last row and column repeat themselves beyond its edge. A boundary starts one pixel up and left of its mask, so
    its rows and words may begin before the frame does.
    """
    # a row above each mask and one below
    sizes = [(len(mask.bits) + 2, mask.right - _first_word(mask)) for mask in masks]
    return in_batches(partial(_boundaries, size=size), masks, sizes)


def _first_word(mask: PackedMask) -> int:
    """The word of the column before the mask."""
    return (mask.columns[0] - 1) // WORD


def _boundaries(masks: Sequence[PackedMask], rows: int, words: int, size: FrameSize) -> list[PackedMask]:
    """The boundaries of masks that have room in as many rows and words each, with a row and a column before the mask.

    Each row begins with an empty bit and each plane with an empty row: the right neighbour of a row's last bit, the first of the
    next row, is empty as it is beyond the mask, and so is the row below the last of a plane.
    """
    stack = Stack.empty(len(masks), rows, words, guard=1)
    for plane, mask in zip(stack.planes, masks, strict=True):
        first, last = _first_word(mask), len(mask.bits)
        plane[1 : last + 1, mask.left - first : mask.right - first] = mask.bits
        if mask.bottom == size.height:
            plane[last + 1] = plane[last]
    bits = stack.line
    right = bits >> _ONE
    right[:-1] |= bits[1:] << _TO_TOP_BIT
    last_word, last_bit = divmod(size.width - 1, WORD)
    for plane, neighbours, mask in zip(stack.planes, stack._replace(line=right).planes, masks, strict=True):
        if mask.columns[1] == size.width:
            word = last_word - _first_word(mask)
            neighbours[:, word] |= plane[:, word] & np.uint64(1 << last_bit)
    some, every = bits | right, bits & right
    # each row with the one below, in place of what is not needed any more
    found = stack._replace(line=right)
    np.bitwise_or(some[:-words], some[words:], out=right[:-words])
    np.bitwise_and(every[:-words], every[words:], out=bits[:-words])
    right[:-words] ^= bits[:-words]
    return [_crop(plane, mask, size.height) for plane, mask in zip(found.planes, masks, strict=True)]


def _crop(plane: Words, mask: PackedMask, height: int) -> PackedMask:
    """The boundary of a mask out of the plane that was made for it, without what is beyond the frame."""
    if mask.top == 0:
        plane[0] = 0
    if mask.bottom == height:
        plane[len(mask.bits) + 1] = 0
    if mask.columns[0] == 0:
        plane[:, 0] = 0
    first = _first_word(mask)
    bits = plane[: len(mask.bits) + 1, : mask.right - first]
    return PackedMask(mask.top - 1, first, bits, popcount(plane), (mask.columns[0] - 1, mask.columns[1]))
