"""What the board has to show: the scores of `leaderboard.json`, by the number that the site gives a submission."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.formats.untrusted_json import MAX_SCORE
from lvos_eval.protocols.lvos import SCORE_KEYS
from lvos_eval.rescoring.leaderboard import by_submission, read_leaderboard

__all__ = ["Expectation", "Row", "board_differences", "differing_keys", "read_expectation"]

_NUMBER: Final = re.compile(r"([0-9]+)_")
_CLOSE: Final = 1e-6
"""Scores are published with six decimals."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """Scores of the valid submissions, and the numbers of those that are not valid."""

    scores: Mapping[int, Mapping[str, float]]
    invalid: frozenset[int]

    def best(self, submissions: Iterable[int]) -> int | None:
        """The one that the rule Force_Best puts on the board: by Overall, then by the other columns, then the older one."""
        known = [number for number in submissions if number in self.scores]
        return min(known, key=lambda number: (*_order(self.scores[number]), number), default=None)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the board: whose, which submission it goes back to, and what it shows."""

    owner: str
    submission: int
    scores: Mapping[str, float]


def read_expectation(path: Path) -> Expectation:
    """From a `leaderboard.json` of `lvos-eval rescore`. Raises UsageError for another file, and for names without a number."""
    content = read_leaderboard(path)
    ranked, invalid = by_submission(content["submissions"]), by_submission(content["invalid"])
    numbers: dict[int, str] = {}
    for key in (*ranked, *invalid):
        found = _NUMBER.match(key.rsplit("/", 1)[-1])
        if found is None or int(found[1]) in numbers:
            what = "has no number of a submission" if found is None else f"has the same number as {numbers[int(found[1])]}"
            raise UsageError(f"{path}: {key} {what}\nFix: rescore the folder `submissions` that this command downloads")
        numbers[int(found[1])] = key
    scores = {
        int(key.rsplit("/", 1)[-1].split("_")[0]): {
            name: value.number(0, MAX_SCORE) for name, value in entry["scores"].fields() if name in SCORE_KEYS
        }
        for key, entry in ranked.items()
    }
    return Expectation(scores, frozenset(numbers) - set(scores))


def differing_keys(expected: Mapping[str, float], found: Mapping[str, float]) -> list[str]:
    """The columns in which two results differ in the first six decimals, or which only one of them has."""
    wanted = [key for key in SCORE_KEYS if key in found or key in expected]
    # a board may show fewer columns than the program has
    return [key for key in wanted if key in found and not abs(expected.get(key, -1.0) - found[key]) < _CLOSE]


def board_differences(expectation: Expectation, participants: Mapping[str, Sequence[int]], rows: Sequence[Row]) -> list[str]:
    """A sentence for everything on the board that is not as expected; `participants` are the submissions of each, best or not."""
    differences = []
    wanted = {owner: best for owner, own in participants.items() if (best := expectation.best(own)) is not None}
    found = {row.owner: row for row in rows}
    for owner, best in sorted(wanted.items()):
        row = found.get(owner)
        if row is None:
            differences.append(f"{owner} is not on the board; submission {best} should be")
            continue
        keys = differing_keys(expectation.scores[best], row.scores)
        expected = expectation.scores[best]
        differences += [
            f"{owner}: {key} is {row.scores[key]:.6f} on the board, expected is {expected.get(key, float('nan')):.6f}"
            for key in keys
        ]
    differences += [f"{owner} is on the board and not expected there" for owner in sorted(set(found) - set(wanted))]
    shown = [row.scores.get("Overall", 0.0) for row in rows]
    if any(later > earlier + _CLOSE for earlier, later in pairwise(shown)):
        differences.append("the rows of the board are not in the order of Overall")
    return differences


def _order(scores: Mapping[str, float]) -> tuple[float, ...]:
    """Smaller for the better result: V ascends, the others descend."""
    return tuple(scores.get(key, 0.0) * (1 if key.startswith("V") else -1) for key in SCORE_KEYS)
