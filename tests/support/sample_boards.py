"""Leaderboards and comparisons as commands would make them, for the tests of their pages; some of the names are hostile."""

from __future__ import annotations

import random
from dataclasses import replace

from lvos_eval import protocols
from lvos_eval.comparison.leaderboards import BoardComparison, Move, WidespreadChange
from lvos_eval.comparison.page import comparison_page
from lvos_eval.comparison.results import compare_results, compare_signatures
from lvos_eval.comparison.several import compare_several
from lvos_eval.diagnostics.text import printable
from lvos_eval.reporting.reading import Result
from lvos_eval.rescoring.leaderboard import Leaderboard, Place, leaderboard
from lvos_eval.scoring.results import PublishedObject
from sample_reports import HOSTILE, SIGNATURE, invalid, scored

NAMES = (*(f"team {number:02d}" for number in range(30)), *map(printable, HOSTILE))


def board() -> Leaderboard:
    """38 ranked submissions, two of them equal, and three that are not valid, beside an earlier leaderboard."""
    chance = random.Random(5)
    report = scored()
    assert report.scores is not None
    interval = report.scores.interval
    places = []
    for number, name in enumerate(NAMES):
        overall = 0.75 if number in (3, 4) else chance.uniform(0.2, 0.9)
        values = {key: chance.random() for key in report.scores.values} | {"Overall": overall}
        places.append(Place(f"{number:02d}.zip", name, f"{number:02d}", "9 masks", values, overall, interval, 0, number % 3, ()))
    problems = invalid().problems
    for number, name in enumerate((HOSTILE[0], "team 98", "team 99")):
        places.append(
            Place(f"bad{number}", printable(name), f"bad{number}", "", None, None, None, 4 + number, 1, problems[: 1 + number])
        )
    previous = {f"{number:02d}.zip": 1 + (7 * number) % 38 for number in range(36)} | {"bad1": 9}
    return leaderboard(
        places,
        protocols.get("lvos-v2").summary,
        SIGNATURE,
        {},
        previous,
        ("skipped, because they are not submissions: notes.txt",),
    )


def scaled(item: PublishedObject, j: float, f: float) -> PublishedObject:
    """An object with other means of J and F."""
    return replace(item, values={**item.values, "J": item.values["J"] * j, "F": item.values["F"] * f})


def result_comparison() -> str:
    """The page of two results that differ in many objects, some of hostile videos, and in their ground truth."""
    report = scored()
    assert report.scores is not None
    objects = tuple(
        replace(item, video=printable(HOSTILE[number]) if number < len(HOSTILE) else item.video)
        for number, item in enumerate(report.scores.objects)
    )
    changed = tuple(scaled(item, 0.9, 0.95) if number % 2 else item for number, item in enumerate(objects))
    every = tuple(scaled(item, 0.99, 1.0) for item in changed)
    old = Result(printable(HOSTILE[1]), SIGNATURE, report.scores.values, objects, {})
    new = Result("new", SIGNATURE.replace("0123", "4567"), {key: value * 0.99 for key, value in old.scores.items()}, every, {})
    return comparison_page(compare_results(old, new))


def board_comparison() -> str:
    """The page of two leaderboards on which everybody moved."""
    names = tuple(map(printable, HOSTILE))
    moves = tuple(Move(name, name, number + 1, number + 2, 0.5, 0.5 - 0.01 * number) for number, name in enumerate(names))
    objects = tuple(WidespreadChange(name, number, 40, -0.25, -0.125) for number, name in enumerate(names, 1))
    signatures = compare_signatures(SIGNATURE, SIGNATURE.replace("0123", "4567"))
    comparison = BoardComparison("old", "new", signatures, moves, objects, (names[0],), (), len(moves), len(moves) - 1)
    return comparison_page(comparison)


def several_comparison() -> str:
    """The page of as many results as there are hostile names, one of them of other ground truth."""
    report = scored(30, 50)
    assert report.scores is not None
    results = []
    for number in range(len(HOSTILE)):
        objects = tuple(replace(item, jf=item.jf * (1 - 0.03 * number)) for item in report.scores.objects)
        scores = {key: value * (1 - 0.03 * number) for key, value in report.scores.values.items()}
        signature = SIGNATURE.replace("0123", "4567") if number == 2 else SIGNATURE
        results.append(Result(f"r{number}", signature, scores, objects, {}))
    return comparison_page(compare_several(results, tuple(map(printable, HOSTILE))))
