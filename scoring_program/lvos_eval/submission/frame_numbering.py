"""Which frames the numbers in file names can stand for.

A tracker that counts pictures writes names that are numbers, but not those of the frames. Where exactly one way of counting
agrees with the video, that is the naming rule; where several do, the names do not tell, and no rule is chosen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from lvos_eval.protocols.contract import MaskLayout

__all__ = ["Naming", "NamingRule", "find_naming"]

_NUMBERED: Final = re.compile(r"(.*?)([0-9]{1,12})([^0-9]*)\.png", re.IGNORECASE)


class NamingRule(NamedTuple):
    """The file with number n belongs to frame `step * n + offset`."""

    step: int
    offset: int

    def frame(self, number: int) -> int:
        return self.step * number + self.offset

    @property
    def formula(self) -> str:
        """The rule as a Python expression of the number `n` in the file's name."""
        factor = "n" if self.step == 1 else f"{self.step} * n"
        return factor if not self.offset else f"{factor} {'+' if self.offset > 0 else '-'} {abs(self.offset)}"

    def pattern(self, layout: MaskLayout) -> str:
        """The right name of the file as a Python expression."""
        return f'f"{layout.prefix}{{{self.formula}:0{layout.digits}d}}.png"'


_OWN: Final = NamingRule(1, 0)
"""The number is that of the frame, and only the rest of the name is wrong."""


class Naming(NamedTuple):
    """The files that are named by another rule than a frame's digits, and every rule that agrees with the video."""

    names: tuple[str, ...]
    """In ascending order of their numbers."""
    numbers: tuple[int, ...]
    readings: tuple[NamingRule, ...]
    """One, or several of which the names do not tell the right one."""
    digits: int
    """Of a frame in the right name."""
    prefix: str = ""
    """Of the right name."""

    @property
    def rule(self) -> NamingRule | None:
        """The only rule that agrees with the video."""
        return self.readings[0] if len(self.readings) == 1 else None

    def chosen(self, formulas: Collection[str]) -> Naming:
        """The same with the readings that somebody has chosen, where there are some among them."""
        return self._replace(readings=tuple(rule for rule in self.readings if rule.formula in formulas) or self.readings)

    @property
    def in_words(self) -> str:
        """What is unusual in the names, as `numbered from 0 in steps of 1 instead of 5`."""
        rule = self.readings[0]
        if rule.step != 1:
            return f"numbered from {self.numbers[0]} in steps of 1 instead of {rule.step}"
        if len(self.readings) > 1:
            return f"numbered from {self.numbers[0]}"
        if rule.offset:
            return f"the numbers are off by {abs(rule.offset)}"
        digits = next((len(found) for found in map(_digits, self.names) if len(found) != self.digits), self.digits)
        if digits == self.digits:
            return f"other text around the frame number than {self.prefix}" if self.prefix else "text around the frame number"
        return f"{digits} digit{'' if digits == 1 else 's'} instead of {self.digits}"


def _digits(name: str) -> str:
    match = _NUMBERED.fullmatch(name)
    assert match is not None
    return match[2]


def find_naming(names: Collection[str], pictures: Sequence[int], scored: Sequence[int], layout: MaskLayout) -> Naming | None:
    """How the PNG `names` in a video's folder are numbered; None where they hold no numbering that explains them.

    `pictures` are the frames from the first to the last annotated one that the metadata counts, `scored` those that need a
    mask, both in ascending order and not empty. Superfluous masks do not matter.
    """
    matches = [match for name in names if (match := _NUMBERED.fullmatch(name))]
    if not matches:
        return None
    found = _numbered(matches)
    if found and _readings([number for number, _ in found], pictures, scored, layout) == (_OWN,):
        return _naming(found, (_OWN,), layout)
    # a picture of something else may be among them: only what looks alike can have been counted
    ((style, _),) = Counter((match[1], match[3]) for match in matches).most_common(1)
    found = _numbered([match for match in matches if (match[1], match[3]) == style])
    if not found:
        return None
    return _naming(found, _readings([number for number, _ in found], pictures, scored, layout), layout)


def _numbered(matches: Sequence[re.Match[str]]) -> list[tuple[int, str]]:
    """The files by number; nothing if two have the same."""
    found = sorted((int(match[2]), match[0]) for match in matches)
    return found if len({number for number, _ in found}) == len(found) else []


def _naming(found: Sequence[tuple[int, str]], readings: tuple[NamingRule, ...], layout: MaskLayout) -> Naming | None:
    if readings == (_OWN,):
        found = [(number, name) for number, name in found if name.lower() != f"{layout.name(number)}.png".lower()]
    if not readings or not found:
        return None
    return Naming(tuple(name for _, name in found), tuple(number for number, _ in found), readings, layout.digits, layout.prefix)


def _readings(
    numbers: Sequence[int], pictures: Sequence[int], scored: Sequence[int], layout: MaskLayout
) -> tuple[NamingRule, ...]:
    """Every rule that agrees with the video: at both ends, or, if none does, every other one that may be meant."""
    present, needed = set(numbers), set(scored)
    every_frame = numbers[-1] - numbers[0] == len(numbers) - 1 > 0
    own = present.issubset(pictures) or (needed <= present and not (every_frame and numbers[0] < _lowest(pictures, layout)))
    if own and not (every_frame and needed <= present):
        return (_OWN,)
    counts = [_Count(numbers, step, pictures, scored, layout) for step in sorted({1, layout.step})]
    both_ends = [rule for count in counts for rule in count.both_ends]
    if own:
        return (_OWN, *(rule for rule in both_ends if rule != _OWN))
    found = both_ends or [rule for count in counts for rule in count.others]
    # they may be frames by their own numbers, of which few are missing
    within = every_frame and pictures[0] <= numbers[0] and numbers[-1] <= pictures[-1]
    if found and within and 2 * len(needed & present) > len(needed):
        return (_OWN, *(rule for rule in found if rule != _OWN))
    # the scored frames alone, known by a gap between them
    exactly = NamingRule(1, scored[0] - numbers[0])
    if not found and [exactly.frame(number) for number in numbers] == list(scored):
        return (exactly,)
    return tuple(found)


def _lowest(pictures: Sequence[int], layout: MaskLayout) -> int:
    """The number of a video's first frame: frames count from 0 or from 1."""
    return min(pictures[0] % layout.step, 1)


class _Count:
    """Numbers that go up by one for `step` frames, and where in a video they may begin.

    They may be every frame, with all that are needed; or pictures of the annotated grid, few of them outside the annotated
    range, and without gaps unless they begin and end where the annotation does.
    """

    def __init__(
        self, numbers: Sequence[int], step: int, pictures: Sequence[int], scored: Sequence[int], layout: MaskLayout
    ) -> None:
        self._layout = layout
        self._numbers, self._step = numbers, step
        self._first, self._last = pictures[0], pictures[-1]
        self._lowest = _lowest(pictures, layout)
        self._scored = scored
        self._span = step * (numbers[-1] - numbers[0])
        self._is_every_frame = self._span == len(numbers) - 1 > 0
        self._has_gaps = self._span != layout.step * (len(numbers) - 1)
        # frames of several grids cannot be distinguished from each other
        self._on_grid = not any((frame - self._first) % layout.step for frame in pictures) and not any(
            step * (number - numbers[0]) % layout.step for number in numbers
        )
        self._pictures = (self._last - self._first) // layout.step + 1

    @property
    def both_ends(self) -> list[NamingRule]:
        """The rule by which they begin and end where the annotation does."""
        return self._rules([self._first]) if self._span == self._last - self._first else []

    @property
    def others(self) -> list[NamingRule]:
        """Every other rule. Fewer masks than pictures may be any run of them; of more, one end is believed to be right."""
        starts: Sequence[int] = sorted((self._first, self._last - self._span))
        if self._span < self._last - self._first:
            starts = range(starts[0], starts[1] + 1, 1 if self._is_every_frame else self._layout.step)
        return self._rules(starts)

    def _rules(self, starts: Iterable[int]) -> list[NamingRule]:
        rules = (NamingRule(self._step, start - self._step * self._numbers[0]) for start in starts if self._may_begin(start))
        return sorted(rules)

    def _may_begin(self, start: int) -> bool:
        stop = start + self._span
        if start < self._lowest:
            return False
        if self._is_every_frame:
            return start <= self._scored[0] and stop >= self._scored[-1]
        if not self._on_grid or (start - self._first) % self._layout.step or 2 * len(self._numbers) < self._pictures:
            return False
        if self._has_gaps:
            return (start, stop) == (self._first, self._last)
        outside = max(0, self._first - start) + max(0, stop - self._last)
        return outside // self._layout.step <= max(2, self._pictures // 4)
