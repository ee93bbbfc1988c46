"""Which rule leads from the file names found to the frame names wanted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from lvos_eval.protocol import FRAME_STEP, frame_name

__all__ = ["NamingRule", "find_naming_rule"]

_NUMBERED: re.Pattern[str] = re.compile(r"(\D*)(\d{1,12})(\D*)\.png", re.IGNORECASE)


class NamingRule(NamedTuple):
    """The file with number n belongs to frame `(n - first) * step + start`."""

    names: tuple[str, ...]
    frames: tuple[int, ...]
    first: int
    step: int
    start: int

    @property
    def in_words(self) -> str:
        """The rule in a few words, as `numbered from 0 in steps of 1 instead of from 00000001 in steps of 5`."""
        found = len(_digits(self.names[0]))
        if self.step == 1 and self.first == self.start:
            return f"{found} digits instead of 8" if found != 8 else "text around the frame number"
        if self.step == 1:
            return f"the numbers are {self.first - self.start:+d} off"
        return f"numbered from {self.first} in steps of 1 instead of from {frame_name(self.start)} in steps of {FRAME_STEP}"

    @property
    def examples(self) -> str:
        """The first two and the last pair of names."""
        shown = [0, 1, len(self.names) - 1] if len(self.names) > 2 else range(len(self.names))
        return ", ".join(f"{self.names[i]} -> {frame_name(self.frames[i])}.png" for i in shown)

    @property
    def formula(self) -> str:
        """The rule as a Python expression of the number `n` in the file's name."""
        offset = self.start - self.first * self.step
        factor = "n" if self.step == 1 else f"{self.step} * n"
        return factor if not offset else f"{factor} {'+' if offset > 0 else '-'} {abs(offset)}"


def _digits(name: str) -> str:
    match = _NUMBERED.fullmatch(name)
    assert match is not None
    return match[2]


def find_naming_rule(names: Sequence[str], wanted: Sequence[Sequence[int]]) -> NamingRule | None:
    """The rule that maps all numbered PNG `names` one to one to one of the frame lists in `wanted`, each ascending.

    Covers another padding, an offset, and consecutive numbers; None if no such rule fits.
    """
    numbered = sorted((int(match[2]), name) for name in names if (match := _NUMBERED.fullmatch(name)))
    numbers = [number for number, _ in numbered]
    if len(set(numbers)) != len(numbers):
        return None
    for frames in wanted:
        if not frames or len(frames) != len(numbers):
            continue
        for step in (1, FRAME_STEP):
            if all(frame - frames[0] == (number - numbers[0]) * step for number, frame in zip(numbers, frames, strict=True)):
                return NamingRule(tuple(name for _, name in numbered), tuple(frames), numbers[0], step, frames[0])
    return None
