"""Three results or more side by side: ranks, intervals, and for each two whether one is better by more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Final

from lvos_eval.comparison.results import SignatureDifference, compare_signatures
from lvos_eval.protocols.contract import Summary
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.reading import Result
from lvos_eval.scoring.bootstrap import LEVEL, PairedDifference, overall_difference, overall_interval
from lvos_eval.scoring.publication import OTHER_DIGITS, rounded
from lvos_eval.scoring.results import Interval

__all__ = ["SeveralResults", "Standing", "Verdict", "compare_several", "holm"]

_ALPHA: Final = 1 - LEVEL


@dataclass(frozen=True, slots=True)
class Standing:
    """One result among others."""

    name: str
    rank: int
    """1 for the best; equal scores have equal ranks."""
    scores: Mapping[str, float]
    interval: Interval | None
    signatures: tuple[SignatureDifference, ...]
    """Where its signature differs from that of the best: then the two are not comparable."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Two results, by their positions in the ranking, the better one first."""

    first: int
    second: int
    paired: PairedDifference | None
    """Of the first less the second; None where they do not score the same objects, or a group has a single video."""
    p: float | None
    """Two-sided, from the same draws, before the correction."""
    told: bool
    """Whether they can be told apart, by Holm's correction for the number of pairs."""


@dataclass(frozen=True, slots=True)
class SeveralResults:
    """Results from the best to the worst, and a verdict for each two of them."""

    summary: Summary | None
    keys: tuple[str, ...]
    standings: tuple[Standing, ...]
    verdicts: tuple[Verdict, ...]
    rounded: bool
    """Whether a result is public: then intervals come from rounded values."""
    results: tuple[Result, ...] = ()
    """In the order of the standings."""

    @property
    def same(self) -> bool:
        """Whether every score of all results is the same."""
        return all(standing.scores == self.standings[0].scores for standing in self.standings)

    def verdict(self, first: int, second: int) -> Verdict:
        """The verdict on two positions in either order."""
        return next(found for found in self.verdicts if {found.first, found.second} == {first, second})

    def content(self) -> dict[str, Any]:
        """The comparison as it is printed with `--json`."""
        return {
            "same": self.same,
            "comparable": not any(standing.signatures for standing in self.standings),
            "rounded": self.rounded,
            "results": [
                {
                    "name": item.name,
                    "rank": item.rank,
                    "scores": dict(item.scores),
                    "interval": asdict(item.interval) if item.interval else None,
                    "signatures": [asdict(key) | {"meaning": key.meaning} for key in item.signatures],
                }
                for item in self.standings
            ],
            "pairs": [
                {
                    "better": self.standings[item.first].name,
                    "worse": self.standings[item.second].name,
                    "paired": asdict(item.paired) if item.paired else None,
                    "p": item.p,
                    "told": item.told,
                }
                for item in self.verdicts
            ],
        }


def compare_several(results: Sequence[Result], names: Sequence[str]) -> SeveralResults:
    """Ranks results by their first score; `names` are those of the results."""
    detail = Disclosure.PUBLIC if any(result.detail is Disclosure.PUBLIC for result in results) else Disclosure.FULL
    ordered = sorted(zip(results, names, strict=True), key=lambda item: (-_overall(item[0]), item[1]))
    standings: list[Standing] = []
    for position, (result, name) in enumerate(ordered, 1):
        equal = position > 1 and _overall(ordered[position - 2][0]) == _overall(result)
        interval = overall_interval(result.objects)
        if interval is not None:
            low, high = (rounded(value, OTHER_DIGITS, detail) for value in (interval.low, interval.high))
            interval = Interval(low, high, interval.level, interval.resamples, interval.seed)
        standings.append(
            Standing(
                name,
                standings[-1].rank if equal else position,
                result.scores,
                interval,
                compare_signatures(ordered[0][0].signature, result.signature),
            )
        )
    protocol = results[0].protocol
    keys = tuple(dict.fromkeys(key for result, _ in ordered for key in result.scores))
    return SeveralResults(
        protocol.summary if protocol is not None else None,
        keys,
        tuple(standings),
        _verdicts([result for result, _ in ordered], detail),
        detail is Disclosure.PUBLIC,
        tuple(result for result, _ in ordered),
    )


def _overall(result: Result) -> float:
    return next(iter(result.scores.values()))


def _verdicts(results: Sequence[Result], detail: Disclosure) -> tuple[Verdict, ...]:
    pairs = list(combinations(range(len(results)), 2))
    found = [overall_difference(results[second].objects, results[first].objects) for first, second in pairs]
    ps = [None if paired is None else _p(paired) for paired in found]
    told = iter(holm([p for p in ps if p is not None]))
    verdicts = []
    for (first, second), paired, p in zip(pairs, found, ps, strict=True):
        shown = None
        if paired is not None:
            low, high, better = (rounded(value, OTHER_DIGITS, detail) for value in (paired.low, paired.high, paired.better))
            shown = PairedDifference(low, high, better, paired.level, paired.resamples, paired.seed)
        rounded_p = None if p is None else rounded(p, OTHER_DIGITS, detail)
        verdicts.append(Verdict(first, second, shown, rounded_p, p is not None and next(told)))
    return tuple(verdicts)


def _p(paired: PairedDifference) -> float:
    """The two-sided p-value of a difference: never 0, as no number of draws can show that (Davison and Hinkley, 1997)."""
    fewer = min(paired.better, 1 - paired.better) * paired.resamples
    return min(1.0, 2 * (fewer + 1) / (paired.resamples + 1))


def holm(ps: Sequence[float]) -> list[bool]:
    """Which of several hypotheses are rejected at 5 % together (Holm, 1979): the smallest p against 5 % / n, and so on."""
    rejected = [False] * len(ps)
    for position, index in enumerate(sorted(range(len(ps)), key=lambda index: ps[index])):
        if ps[index] > _ALPHA / (len(ps) - position):
            break
        rejected[index] = True
    return rejected
