"""What the board has to show: the scores of `leaderboard.json`, by the number that the site gives a submission."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lvos_eval import protocols
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.formats.untrusted_json import MAX_SCORE
from lvos_eval.protocols.contract import Summary, Task
from lvos_eval.rescoring.leaderboard import by_submission, read_leaderboard

__all__ = ["Expectation", "Row", "board_differences", "read_expectation"]

_NUMBER: Final = re.compile(r"([0-9]+)_")
_CLOSE: Final = 0.5e-6 + 1e-10
"""Half a unit of the sixth decimal, with which scores are published; a site keeps ten decimals."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """Scores of the valid submissions, and the numbers of those that are not valid."""

    summary: Summary
    """Of the protocol that they were scored by."""
    scores: Mapping[int, Mapping[str, float]]
    invalid: frozenset[int]

    def best(self, submissions: Iterable[int]) -> int | None:
        """The one that the rule Force_Best puts on the board: by the first column, then by the others, then the older one."""
        known = [number for number in submissions if number in self.scores]
        return min(known, key=lambda number: (*self._order(self.scores[number]), number), default=None)

    def differing_keys(self, number: int, found: Mapping[str, float], columns: Iterable[str]) -> list[str]:
        """The columns in which a submission is to have another score than `found`, in the first six decimals.

        One that either of them lacks differs. `columns` are those of the board, which may have fewer than the program has scores,
        and others, which are not looked at.
        """
        expected = self.scores.get(number, {})
        wanted = {self.summary.keys[0], *columns, *found}
        return [
            key
            for key in self.summary.keys
            if key in wanted and (key not in found or key not in expected or not abs(expected[key] - found[key]) <= _CLOSE)
        ]

    def _order(self, scores: Mapping[str, float]) -> tuple[float, ...]:
        """Smaller for the better result."""
        return tuple(scores.get(key, 0.0) * (1 if key in self.summary.lower_is_better else -1) for key in self.summary.keys)


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
    summary = _summary(content["signature"].text(), path)
    scores = {
        int(key.rsplit("/", 1)[-1].split("_")[0]): {
            name: value.number(-MAX_SCORE if name in summary.signed else 0, MAX_SCORE)
            for name, value in entry["scores"].fields()
            if name in summary.keys
        }
        for key, entry in ranked.items()
    }
    return Expectation(summary, scores, frozenset(numbers) - set(scores))


def _summary(signature: str, path: Path) -> Summary:
    """Raises UsageError for the signature of a protocol that this program does not have."""
    parts = dict(part.partition(":")[::2] for part in signature.split("|"))
    try:
        return protocols.get(parts.get("protocol", ""), parts.get("task", Task.SEMI_SUPERVISED)).summary
    except protocols.UnknownProtocolError as fault:
        raise UsageError(f"{path}: {fault}\nFix: rescore with this version of lvos-eval") from None


def board_differences(expectation: Expectation, participants: Mapping[str, Sequence[int]], rows: Sequence[Row]) -> list[str]:
    """A sentence for everything on the board that is not as expected; `participants` are the submissions of each, best or not."""
    differences = []
    wanted = {owner: best for owner, own in participants.items() if (best := expectation.best(own)) is not None}
    found: dict[str, Row] = {}
    for row in rows:
        if row.owner in found:
            differences.append(f"{row.owner} is on the board twice")
        found[row.owner] = row
    columns = {key for row in rows for key in row.scores}
    for owner, best in sorted(wanted.items()):
        if owner not in found:
            differences.append(f"{owner} is not on the board; submission {best} should be")
            continue
        shown, expected = found[owner].scores, expectation.scores[best]
        differences += [
            f"{owner}: {key} is {_six(shown.get(key))} on the board, expected is {_six(expected.get(key))}"
            for key in expectation.differing_keys(best, shown, columns)
        ]
    differences += [f"{owner} is on the board and not expected there" for owner in sorted(set(found) - set(wanted))]
    return differences


def _six(value: float | None) -> str:
    return "missing" if value is None else f"{value:.6f}"
