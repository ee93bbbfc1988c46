"""Many masks in one line of words, so that one array operation works on all of them.

Row follows row and plane follows plane, so a move within the frame is a move along the line. Empty bits keep a move from the
pixels of other rows and planes and from the ends of the line, where an index would wrap and bits would be lost:

- a row is longer than what is in it: its empty bits guard the next row;
- a plane has empty rows below what is in it: they guard the next plane;
- the line begins and ends with empty rows that belong to no plane: they guard its ends.

The maker of a stack chooses all three at least as large as the farthest move.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lvos_eval.masks.packed import WORD, Words

__all__ = ["Stack"]


class Stack(NamedTuple):
    """Planes of `rows` rows of `words` words."""

    line: Words
    """`guard` empty rows, the planes, `guard` empty rows."""
    rows: int
    words: int
    guard: int

    @classmethod
    def empty(cls, planes: int, rows: int, words: int, guard: int) -> Stack:
        """A stack without pixels."""
        return cls(np.zeros((guard + planes * rows + guard) * words, np.uint64), rows, words, guard)

    @property
    def planes(self) -> Words:
        """What is between the guards, shape (planes, rows, words), to read and to write."""
        guard = self.guard * self.words
        return self.line[guard : self.line.size - guard].reshape(-1, self.rows, self.words)

    def places(self, plane: NDArray[np.intp], row: NDArray[np.intp], word: NDArray[np.intp]) -> NDArray[np.intp]:
        """Where in the line words of planes are."""
        return (self.guard + plane * self.rows + row) * self.words + word

    def widen_columns(self, start: int, stop: int) -> Stack:
        """Pixels that are widened by `start` columns to both sides, widened to `stop`."""
        line = self.line
        for shift, carry in _steps(start, stop):
            wide = line << shift
            wide |= line >> shift
            wide |= line
            wide[1:] |= line[:-1] >> carry
            wide[:-1] |= line[1:] << carry
            line = wide
        return self._replace(line=line)

    def widen_rows(self) -> Stack:
        """Each row with what is in the rows above and below."""
        tall = self.line.copy()
        tall[self.words :] |= self.line[: -self.words]
        tall[: -self.words] |= self.line[self.words :]
        return self._replace(line=tall)


@lru_cache(maxsize=64)
def _steps(start: int, stop: int) -> tuple[tuple[np.uint64, np.uint64], ...]:
    """Moves that widen a run of half width `start` to `stop`, each with what it leaves of a word.

    A move at most triples the run and is shorter than a word.
    """
    steps = []
    while start < stop:
        step = min(stop - start, 2 * start + 1, WORD - 1)
        steps.append((np.uint64(step), np.uint64(WORD - step)))
        start += step
    return tuple(steps)
