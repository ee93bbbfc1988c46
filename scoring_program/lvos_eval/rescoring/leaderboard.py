"""The leaderboard of a rescoring as data: who is where, who has moved, and what could not be scored and why."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.problems import Problem, Severity
from lvos_eval.diagnostics.text import printable
from lvos_eval.formats.untrusted_json import MAX_COUNT, Value, read_document
from lvos_eval.protocols.contract import Summary
from lvos_eval.reporting.comparison_charts import Axis, forest
from lvos_eval.reporting.html import render
from lvos_eval.reporting.tables import as_text
from lvos_eval.rescoring.discovery import StoredSubmission
from lvos_eval.scoring.bootstrap import overall_difference
from lvos_eval.scoring.results import Interval, PublishedObject, Report
from lvos_eval.version import __version__

__all__ = [
    "LEADERBOARD_FILE",
    "LEADERBOARD_FORMAT",
    "RESULTS",
    "Leaderboard",
    "Place",
    "by_submission",
    "leaderboard",
    "place_of",
    "read_leaderboard",
    "read_ranks",
]

LEADERBOARD_FORMAT: Final = 1
"""Version of the layout of `leaderboard.json`; raised when a reader would have to change."""

LEADERBOARD_FILE: Final = "leaderboard.json"

RESULTS: Final = "results"
"""The folder beside the leaderboard that holds a folder for each submission."""

TABLE_ROWS: Final = 50
"""At most so many submissions are printed on a terminal; the files hold them all."""

_SHOWN_PROBLEMS: Final = 3


@dataclass(frozen=True, slots=True)
class Place:
    """One submission on the leaderboard; without `scores` it is not valid, and `problems` are the first of its errors."""

    key: str
    name: str
    folder: str
    """Where its page is, below RESULTS."""
    found: str
    """What was found where, in words."""
    scores: Mapping[str, float] | None
    object_mean: float | None
    interval: Interval | None
    errors: int
    warnings: int
    problems: tuple[Problem, ...]
    rank: int | None = None
    """1 for the best; equal scores have equal ranks."""
    previous: int | None = None
    """The rank on the previous leaderboard."""
    objects: tuple[PublishedObject, ...] = ()
    """What it is compared with others by; in no file of the leaderboard."""
    tied: bool = False
    """Whether it cannot be distinguished from the best: the interval of their difference contains 0."""

    @property
    def change(self) -> int | None:
        """By how many ranks it went up; None if it was not there before."""
        return None if self.rank is None or self.previous is None else self.previous - self.rank


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """All submissions: `ranked` from the best to the worst, `invalid` by key."""

    summary: Summary
    signature: str
    settings: Mapping[str, Any]
    ranked: tuple[Place, ...]
    invalid: tuple[Place, ...]
    compared: bool
    """Whether there is a previous leaderboard that changes are told from."""
    notes: tuple[str, ...]

    def to_json(self) -> str:
        """`leaderboard.json`: equal leaderboards give equal bytes."""
        content = {
            "format": LEADERBOARD_FORMAT,
            "version": __version__,
            "signature": self.signature,
            "settings": dict(self.settings),
            "submissions": [_ranked(place) for place in self.ranked],
            "invalid": [_invalid(place) for place in self.invalid],
            "notes": list(self.notes),
        }
        return json.dumps(content, indent=1, allow_nan=False, ensure_ascii=True) + "\n"

    def to_html(self) -> str:
        """`leaderboard.html`: one file that asks for nothing else; the pages that it links lie beside it."""
        key = self.summary.keys[0]
        best = self.summary.perfect
        axis = Axis.of((_overall(place) / best for place in self.ranked), (place.interval for place in self.ranked))
        forests = {
            place.key: forest(place.scores[key] / best, place.interval, axis) for place in self.ranked if place.scores is not None
        }
        return render(
            "leaderboard.html.j2",
            board=self,
            summary=self.summary,
            results=RESULTS,
            version=__version__,
            forests=forests,
            axis=axis,
        )

    def table(self) -> str:
        """The leaderboard for a terminal, the scores in percent; at most TABLE_ROWS submissions of either kind."""
        keys = self.summary.headline
        lines = [f"{'rank':>5} {'change':>6}  " + " ".join(f"{key.removesuffix('-Mean'):>8}" for key in keys) + "  submission"]
        for place in self.ranked[:TABLE_ROWS]:
            assert place.scores is not None
            change = "" if place.change is None else f"{place.change:+d}" if place.change else "="
            cells = " ".join(
                f"{100 * place.scores[key] / self.summary.perfect:8.2f}" if key in place.scores else f"{'-':>8}" for key in keys
            )
            lines.append(f"{place.rank:>5} {change:>6}  {cells}  {place.name}")
        if len(self.ranked) > TABLE_ROWS:
            lines.append(f"... and {len(self.ranked) - TABLE_ROWS} more")
        for place in self.invalid[:TABLE_ROWS]:
            first = problem_line(place.problems[0]) if place.problems else ""
            lines.append(f"not valid: {place.name}: {first}" + (f" (and {place.errors - 1} more)" if place.errors > 1 else ""))
        if len(self.invalid) > TABLE_ROWS:
            lines.append(f"... and {len(self.invalid) - TABLE_ROWS} more that are not valid")
        return "\n".join(lines)

    def to_csv(self) -> str:
        """`leaderboard.csv`: the ranked submissions, then those that are not valid, with empty scores."""
        target = io.StringIO()
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(
            [
                "rank",
                "change",
                "name",
                *self.summary.keys,
                "low",
                "high",
                "J&F-objects",
                "warnings",
                "errors",
                "problem",
                "submission",
                "page",
            ]
        )
        for place in (*self.ranked, *self.invalid):
            scores = place.scores or {}
            interval = place.interval
            row = [
                place.rank,
                place.change,
                as_text(place.name),
                *(scores.get(key) for key in self.summary.keys),
                interval and interval.low,
                interval and interval.high,
                place.object_mean,
                place.warnings,
                place.errors,
                as_text(problem_line(place.problems[0])) if place.problems else None,
                as_text(place.key),
                f"{RESULTS}/{place.folder}/detailed_results.html",
            ]
            writer.writerow(["" if cell is None else cell for cell in row])
        return target.getvalue()


def problem_line(problem: Problem) -> str:
    """`missing-frame aVideo01 00000006: 1 of 9 scored frames has no mask.`"""
    where = f" {printable(problem.video)}" if problem.video is not None else ""
    frames = f" {problem.frame_ranges}" if problem.frames else ""
    return f"{problem.code}{where}{frames}: {printable(problem.message)}"


def _ranked(place: Place) -> dict[str, Any]:
    assert place.scores is not None
    return {
        "rank": place.rank,
        "previous_rank": place.previous,
        **_common(place),
        "scores": dict(place.scores),
        "interval": asdict(place.interval) if place.interval else None,
        "J&F-objects": place.object_mean,
        "warnings": place.warnings,
    }


def _invalid(place: Place) -> dict[str, Any]:
    return {
        **_common(place),
        "previous_rank": place.previous,
        "errors": place.errors,
        "warnings": place.warnings,
        "problems": [problem.to_json() for problem in place.problems],
    }


def _common(place: Place) -> dict[str, Any]:
    return {"submission": place.key, "name": place.name, "found": place.found, "results": f"{RESULTS}/{place.folder}"}


def place_of(submission: StoredSubmission, report: Report) -> Place:
    """A submission with its result, not yet ranked."""
    errors = [problem for problem in report.problems if problem.severity is Severity.ERROR]
    return Place(
        submission.key,
        submission.name,
        submission.folder,
        report.submission,
        dict(report.scores.values) if report.scores else None,
        report.scores.object_mean if report.scores else None,
        report.scores.interval if report.scores else None,
        len(errors),
        len(report.problems) - len(errors),
        tuple(errors[:_SHOWN_PROBLEMS]),
        objects=report.scores.objects if report.scores else (),
    )


def leaderboard(
    places: Iterable[Place],
    summary: Summary,
    signature: str,
    settings: Mapping[str, Any],
    previous: Mapping[str, int] | None = None,
    notes: Sequence[str] = (),
) -> Leaderboard:
    """Ranks by the first score, the best first; equal scores share a rank, and the next one is skipped (1, 2, 2, 4)."""
    found = [replace(place, previous=(previous or {}).get(place.key)) for place in places]
    scored = sorted((place for place in found if place.scores), key=lambda place: (-_overall(place), place.name, place.key))
    ranked: list[Place] = []
    for position, place in enumerate(scored, 1):
        tied = ranked and _overall(ranked[-1]) == _overall(place)
        best = ranked[0] if ranked else place
        ranked.append(
            replace(place, rank=ranked[-1].rank if tied else position, tied=place is not best and _is_tied(best, place))
        )
    invalid = sorted((place for place in found if not place.scores), key=lambda place: place.key)
    return Leaderboard(summary, signature, settings, tuple(ranked), tuple(invalid), previous is not None, tuple(notes))


def _is_tied(best: Place, place: Place) -> bool:
    """Whether chance could have put `best` first: 0 is in the interval of their difference over the choice of videos."""
    difference = overall_difference(best.objects, place.objects) if best.objects else None
    return difference is not None and difference.low <= 0 <= difference.high


def _overall(place: Place) -> float:
    assert place.scores is not None
    return next(iter(place.scores.values()))


def read_ranks(path: Path) -> dict[str, int]:
    """The ranks on an earlier leaderboard, by submission. Raises UsageError for a file that is none."""
    return {key: item["rank"].whole(1, MAX_COUNT) for key, item in by_submission(read_leaderboard(path)["submissions"]).items()}


def read_leaderboard(path: Path) -> Value:
    """The content of a `leaderboard.json`. Raises UsageError for a file that is none, or one of another layout."""
    content = read_document(path)
    if not content.has("submissions"):
        raise UsageError(f"{printable(str(path))} is not a leaderboard.json of lvos-eval")
    content.require_format(LEADERBOARD_FORMAT)
    return content


def by_submission(entries: Value) -> dict[str, Value]:
    """The entries of a leaderboard by their submissions. Raises UsageError for one that is there twice."""
    found: dict[str, Value] = {}
    for item in entries.items():
        key = item["submission"].text()
        if key in found:
            raise item["submission"].refuse("another one: it is there already")
        found[key] = item
    return found
