"""Two leaderboards side by side: who moved and why, down to the objects whose scores changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lvos_eval.comparison.results import ResultComparison, SignatureDifference, compare_results, compare_signatures, less
from lvos_eval.diagnostics.text import printable
from lvos_eval.formats.untrusted_json import MAX_COUNT, MAX_SCORE, Value
from lvos_eval.protocols.contract import quality_name
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.output_folder import DETAILS_FILE
from lvos_eval.reporting.reading import read_protocol, read_result
from lvos_eval.rescoring.leaderboard import RESULTS, by_submission, read_leaderboard
from lvos_eval.scoring.publication import OTHER_DIGITS, rounded

__all__ = ["BoardComparison", "Move", "WidespreadChange", "compare_leaderboards"]


@dataclass(frozen=True, slots=True)
class Move:
    """One submission that is on both leaderboards; where it was not valid it has neither rank nor Overall."""

    key: str
    name: str
    old_rank: int | None
    new_rank: int | None
    old: float | None
    new: float | None

    @property
    def difference(self) -> float | None:
        return None if self.old is None or self.new is None else less(self.new, self.old)

    @property
    def changed(self) -> bool:
        return (self.old_rank, self.old) != (self.new_rank, self.new)


@dataclass(frozen=True, slots=True)
class WidespreadChange:
    """One object whose scores changed in `submissions` results; `largest` is the largest difference of J, F, V or J&F."""

    video: str
    object_id: int
    submissions: int
    largest: float
    mean: float
    """Of the difference of J&F over those submissions."""


@dataclass(frozen=True, slots=True)
class BoardComparison:
    """Two leaderboards: every list holds what differs only, the largest difference first."""

    old: str
    new: str
    signatures: tuple[SignatureDifference, ...]
    moves: tuple[Move, ...]
    objects: tuple[WidespreadChange, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    common: int
    """Number of submissions on both."""
    read: int
    """Number of those whose results could be read from beside both leaderboards."""

    @property
    def same(self) -> bool:
        """Whether every number is the same; the signatures are another matter."""
        return not (self.moves or self.objects or self.only_old or self.only_new)

    def content(self) -> dict[str, Any]:
        """The comparison as it is printed with `--json`."""
        return {
            "same": self.same,
            "comparable": not self.signatures,
            "signatures": [asdict(item) | {"meaning": item.meaning} for item in self.signatures],
            "moves": [asdict(item) | {"difference": item.difference} for item in self.moves],
            "objects": [
                {
                    "video": item.video,
                    "id": item.object_id,
                    "submissions": item.submissions,
                    "largest": item.largest,
                    "mean": item.mean,
                }
                for item in self.objects
            ],
            "only_old": list(self.only_old),
            "only_new": list(self.only_new),
            "common": self.common,
            "read": self.read,
        }


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    rank: int | None
    overall: float | None
    results: Path


def compare_leaderboards(old: Path, new: Path) -> BoardComparison:
    """Everything in which two leaderboards differ. Raises UsageError for files that are none."""
    (before, signed), (after, signed_new) = _read(old), _read(new)
    common = [key for key in before if key in after]
    moves = [
        Move(key, after[key].name, before[key].rank, after[key].rank, before[key].overall, after[key].overall) for key in common
    ]
    compared = [comparison for key in common if (comparison := _compare(before[key], after[key])) is not None]
    return BoardComparison(
        printable(str(old)),
        printable(str(new)),
        compare_signatures(signed, signed_new),
        tuple(sorted((move for move in moves if move.changed), key=_by_size)),
        _widespread(compared),
        tuple(before[key].name for key in before if key not in after),
        tuple(after[key].name for key in after if key not in before),
        len(common),
        len(compared),
    )


def _read(path: Path) -> tuple[Mapping[str, _Row], str]:
    content = read_leaderboard(path)
    summary = read_protocol(content["settings"]).summary
    key = summary.keys[0]
    rows = {
        submission: _Row(
            item["name"].text(),
            item["rank"].whole(1, MAX_COUNT),
            item["scores"][key].number(0, MAX_SCORE * summary.perfect) / summary.perfect,
            path.parent / _results(item["results"]),
        )
        for submission, item in by_submission(content["submissions"]).items()
    }
    for submission, item in by_submission(content["invalid"]).items():
        if submission in rows:
            raise item["submission"].refuse("another one: it is among the ranked ones")
        rows[submission] = _Row(item["name"].text(), None, None, path.parent / _results(item["results"]))
    return rows, content["signature"].text()


def _results(value: Value) -> str:
    """The folder of results of a submission: beside the leaderboard, and nowhere else."""
    folder = value.text()
    name = folder.removeprefix(f"{RESULTS}/")
    if name == folder or "/" in name or name in ("", ".", ".."):
        raise value.refuse(f"a folder in {RESULTS}/")
    return folder


def _by_size(move: Move) -> tuple[float, int, str]:
    """A submission that became valid or ceased to be comes before every other."""
    size = 2.0 if move.difference is None else abs(move.difference)
    ranks = abs((move.new_rank or 0) - (move.old_rank or 0))
    return -size, -ranks, move.key


def _compare(old: _Row, new: _Row) -> ResultComparison | None:
    """The results of a submission that has been scored both times; None where they are not there."""
    if old.overall is None or new.overall is None:
        return None
    if not all((row.results / DETAILS_FILE).is_file() for row in (old, new)):
        return None
    return compare_results(read_result(old.results), read_result(new.results))


def _widespread(comparisons: Sequence[ResultComparison]) -> tuple[WidespreadChange, ...]:
    detail = Disclosure.PUBLIC if any(comparison.detail is Disclosure.PUBLIC for comparison in comparisons) else Disclosure.FULL
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for comparison in comparisons:
        for item in comparison.objects:
            largest = max(item.differences.values(), key=abs)
            found.setdefault((item.video, item.object_id), []).append((largest, item.differences[quality_name(item.differences)]))
    changes = [
        WidespreadChange(
            *key,
            len(items),
            max((largest for largest, _ in items), key=abs),
            rounded(sum(jf for _, jf in items) / len(items), OTHER_DIGITS, detail),
        )
        for key, items in found.items()
    ]
    return tuple(sorted(changes, key=lambda item: (-abs(item.largest), item.video, item.object_id)))
