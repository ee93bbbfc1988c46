"""Ranks, changes of rank, and the three files of a leaderboard."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lvos_eval import protocols
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.problems import Problem, Severity
from lvos_eval.protocols.lvos import SCORE_KEYS
from lvos_eval.rescoring.leaderboard import Leaderboard, Place, leaderboard, read_ranks
from lvos_eval.scoring.results import Interval
from sample_reports import scored

HOSTILE = '=HYPERLINK("https://evil.example")<script>alert(1)</script>'


def place(key: str, overall: float | None, *, name: str | None = None, problems: tuple[Problem, ...] = ()) -> Place:
    scores = None if overall is None else dict.fromkeys(SCORE_KEYS, 0.5) | {"Overall": overall}
    interval = None if overall is None else Interval(overall - 0.1, overall + 0.1, 0.95, 10_000, 1)
    return Place(key, name or key, f"folder-of-{len(key)}", "9 masks", scores, overall, interval, len(problems), 2, problems)


def missing(message: str = "there is no folder aVideo01.") -> Problem:
    return Problem("missing-video", Severity.ERROR, "aVideo01", (), message, "add it.")


def board(*places: Place, previous: dict[str, int] | None = None) -> Leaderboard:
    return leaderboard(places, protocols.get("lvos-v2").summary, "protocol:lvos-v2|gt:1", {"task": "semi-supervised"}, previous)


def rows(made: Leaderboard) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made.to_csv())))


def test_equal_scores_share_a_rank_and_the_next_is_skipped() -> None:
    made = board(place("d", 0.4), place("c", 0.5), place("a", 0.9), place("b", 0.5))
    assert [(item.key, item.rank) for item in made.ranked] == [("a", 1), ("b", 2), ("c", 2), ("d", 4)]


def test_scores_that_differ_in_the_last_bit_are_not_equal() -> None:
    made = board(place("a", 0.5), place("b", 0.5 + 2**-53))
    assert [(item.key, item.rank) for item in made.ranked] == [("b", 1), ("a", 2)]


def test_a_change_of_rank_is_positive_for_who_went_up() -> None:
    made = board(place("a", 0.9), place("b", 0.8), place("new", 0.7), previous={"a": 3, "b": 1, "gone": 2})
    assert [(item.key, item.change) for item in made.ranked] == [("a", 2), ("b", -1), ("new", None)]
    assert [row["change"] for row in rows(made)] == ["2", "-1", ""]


def test_the_order_of_the_places_does_not_show() -> None:
    places = [place("a", 0.9), place("b", 0.8), place("c", None, problems=(missing(),)), place("d", None, problems=(missing(),))]
    one, other = board(*places), board(*reversed(places))
    assert (one.to_csv(), one.to_json(), one.to_html()) == (other.to_csv(), other.to_json(), other.to_html())


def test_the_csv_holds_all_digits_and_lists_those_that_are_not_valid_last() -> None:
    made = board(place("bad", None, problems=(missing(),)), place("a", 1 / 3))
    first, last = rows(made)
    assert float(first["Overall"]) == 1 / 3
    assert (float(first["low"]), float(first["high"])) == (1 / 3 - 0.1, 1 / 3 + 0.1)
    assert first["page"] == "results/folder-of-1/detailed_results.html"
    assert (last["rank"], last["Overall"], last["errors"]) == ("", "", "1")
    assert last["problem"] == "missing-video aVideo01: there is no folder aVideo01."


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\N{FULLWIDTH EQUALS SIGN}"])
def test_no_cell_of_the_csv_is_a_formula(start: str) -> None:
    made = board(place(f"{start}1+1", 0.5), place(f"{start}2", None, problems=(missing(f"{start}3"),)))
    for row in rows(made):
        for column in ("name", "submission", "problem"):
            assert not row[column] or row[column][0] not in "=+-@\t \N{FULLWIDTH EQUALS SIGN}", (column, row[column])


def test_the_json_gives_every_score_and_what_was_wrong() -> None:
    made = json.loads(board(place("bad", None, problems=(missing(),)), place("a", 0.25), previous={"bad": 7}).to_json())
    assert list(made["submissions"][0]["scores"]) == list(SCORE_KEYS)
    assert made["submissions"][0]["results"] == "results/folder-of-1"
    assert made["invalid"][0]["previous_rank"] == 7
    assert made["invalid"][0]["problems"][0]["code"] == "missing-video"


def test_no_time_stands_in_any_file() -> None:
    made = board(place("a", 0.9))
    for text in (made.to_csv(), made.to_json(), made.to_html()):
        assert not re.search(r"20[0-9]{2}-[0-9]{2}|[0-9]{2}:[0-9]{2}:[0-9]{2}", text)


def test_the_page_escapes_names_and_links_every_result() -> None:
    made = board(place("a", 0.9, name=HOSTILE), place("bad", None, name=HOSTILE, problems=(missing(HOSTILE),))).to_html()
    assert "<script>alert" not in made
    assert 'href="results/folder-of-1/detailed_results.html"' in made
    assert 'href="results/folder-of-3/detailed_results.html"' in made


def test_the_page_asks_for_nothing_else() -> None:
    made = board(place("a", 0.9), previous={}).to_html()
    assert "default-src 'none'" in made
    assert not re.search(r'(src|href)="(https?:)?//', made)


def test_the_table_for_the_terminal_has_a_line_for_every_submission() -> None:
    lines = board(place("a", 0.9), place("bad", None, problems=(missing(),)), previous={"a": 2}).table().splitlines()
    assert len(lines) == 3
    assert lines[1].split() == ["1", "+1", "90.00", "50.00", "50.00", "50.00", "50.00", "a"]
    assert lines[2] == "not valid: bad: missing-video aVideo01: there is no folder aVideo01."


def test_ranks_are_read_back(tmp_path: Path) -> None:
    (tmp_path / "leaderboard.json").write_text(board(place("a", 0.9), place("b", 0.9), place("c", 0.1)).to_json())
    assert read_ranks(tmp_path / "leaderboard.json") == {"a": 1, "b": 1, "c": 3}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "cannot be read"),
        ("[]", "is not a result of lvos-eval"),
        ('{"scores": {}}', "is not a leaderboard.json"),
        ('{"format": 99, "submissions": []}', "has the layout 99; this program reads 1"),
        ('{"format": 1, "submissions": [{}]}', r"submissions\[0\].submission is missing; it must be a text"),
        ('{"format": 1, "submissions": [{"submission": "a", "rank": 1e400}]}', r"submissions\[0\].rank is Infinity"),
    ],
)
def test_a_file_that_is_no_leaderboard_is_refused(content: Any, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(UsageError, match=message):
        read_ranks(tmp_path / "x.json")


def with_objects(key: str, gain: float, noise: float = 0.0) -> Place:
    """A place whose result has the objects of the sample, all better by a gain, give or take some noise."""
    report = scored(40, 60)
    assert report.scores is not None
    chance = random.Random(key)
    objects = tuple(replace(item, jf=item.jf + gain + chance.gauss(0, noise)) for item in report.scores.objects)
    return replace(place(key, 0.5 + gain), objects=objects)


def test_what_cannot_be_told_from_the_best_is_tied_with_it() -> None:
    made = board(with_objects("best", 0.1, 0.1), with_objects("near", 0.0999, 0.1), with_objects("far", 0.0), place("bare", 0.1))
    assert [(item.key, item.tied) for item in made.ranked] == [("best", False), ("near", True), ("far", False), ("bare", False)]
    page = made.to_html()
    assert page.count('class="tied" title=') == 1
    assert "cannot be distinguished from the best" in page


def test_ties_and_objects_are_in_no_file() -> None:
    plain, tied = board(place("a", 0.6), place("b", 0.5)), board(with_objects("a", 0.1), with_objects("b", 0.0))
    assert plain.to_json() == tied.to_json()
    assert plain.to_csv() == tied.to_csv()


def test_every_interval_is_drawn_on_one_axis() -> None:
    page = board(place("a", 0.9), place("b", 0.3)).to_html()
    assert page.count('class="whisker"') == 2
    assert re.search(r">\d+ to \d+</th>", page)
