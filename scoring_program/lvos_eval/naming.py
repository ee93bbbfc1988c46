"""Which rule leads from the file names found to the frame names wanted."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from lvos_eval.protocol import FRAME_STEP, frame_name

__all__ = ["NamingRule", "find_naming_rule"]

_NUMBERED: Final = re.compile(r"(.*?)([0-9]{1,12})([^0-9]*)\.png", re.IGNORECASE)
_DIGITS: Final = len(frame_name(0))


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
        if self.step != 1:
            return f"numbered from {self.first} in steps of 1 instead of from {frame_name(self.start)} in steps of {FRAME_STEP}"
        if self.first != self.start:
            return f"the numbers are off by {abs(self.first - self.start)}"
        digits = next((len(found) for found in map(_digits, self.names) if len(found) != _DIGITS), _DIGITS)
        if digits == _DIGITS:
            return "text around the frame number"
        return f"{digits} digit{'' if digits == 1 else 's'} instead of {_DIGITS}"

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


def find_naming_rule(names: Collection[str], annotated: Sequence[int], scored: Sequence[int]) -> NamingRule | None:
    """The rule that maps all numbered PNG `names` one to one to frames, both given in ascending order.

    Another number of digits or text around the number may leave frames out. An offset and consecutive numbers are only
    believed of as many files as there are annotated frames, without the first and last one or not, or scored frames.
    """
    numbered = sorted((int(match[2]), name) for name in names if (match := _NUMBERED.fullmatch(name)))
    numbers = [number for number, _ in numbered]
    files = tuple(name for _, name in numbered)
    if not numbers or len(set(numbers)) != len(numbers):
        return None
    if set(numbers) <= set(annotated):
        wrong = [(number, name) for number, name in numbered if name.lower() != f"{frame_name(number)}.png"]
        if not wrong:
            return None
        return NamingRule(tuple(name for _, name in wrong), tuple(number for number, _ in wrong), wrong[0][0], 1, wrong[0][0])
    for frames in (annotated, annotated[1:], annotated[1:-1], scored):
        if len(frames) != len(numbers):
            continue
        for step in (1, FRAME_STEP):
            if all(frame - frames[0] == (number - numbers[0]) * step for number, frame in zip(numbers, frames, strict=True)):
                return NamingRule(files, tuple(frames), numbers[0], step, frames[0])
    return None
