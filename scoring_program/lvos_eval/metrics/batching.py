"""Stacking rectangles of about one size, because an array operation on little takes as long as one on much."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

__all__ = ["in_batches"]

BATCH_WORDS: Final = 3 << 13
"""64-bit words of a batch, 192 KB: enough to make its fixed costs small, few enough to stay at hand in a core's own memory."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_batches(
    work: Callable[[Sequence[Item], int, int], Sequence[Result]], items: Sequence[Item], sizes: Sequence[tuple[int, int]]
) -> list[Result]:
    """The result for each item, in the order of the items.

    Each item needs a rectangle, of `sizes` (rows, words). `work` gets some of them, the rows and words that are enough for each,
    and gives their results.
    """
    results: dict[int, Result] = {}
    for batch, rows, words in _batches(sizes):
        results.update(zip(batch, work([items[position] for position in batch], rows, words), strict=True))
    return [results[position] for position in range(len(items))]


def _batches(sizes: Sequence[tuple[int, int]]) -> Iterator[tuple[list[int], int, int]]:
    """The positions of rectangles of about one size, with the rows and words that are enough for each of them."""
    batch: list[int] = []
    rows = words = 0
    for position in sorted(range(len(sizes)), key=lambda position: (sizes[position][1], sizes[position][0])):
        taller, wider = max(rows, sizes[position][0]), max(words, sizes[position][1])
        if batch and (len(batch) + 1) * taller * wider > BATCH_WORDS:
            yield batch, rows, words
            batch = []
            taller, wider = sizes[position]
        batch.append(position)
        rows, words = taller, wider
    if batch:
        yield batch, rows, words
