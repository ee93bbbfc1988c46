"""Scores as tables: what ends a run on a terminal, and the files for a spreadsheet and a paper."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from lvos_eval import protocols
from lvos_eval.diagnostics.terminal import TextStyle
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.tables import objects_csv, results_tex, score_table
from lvos_eval.scoring.results import PublishedScores
from sample_reports import scored

SUMMARY = protocols.get("lvos-v2").summary


def scores(detail: Disclosure = Disclosure.FULL, names: tuple[str, ...] = ()) -> PublishedScores:
    found = scored(40, 80, detail=detail, names=names).scores
    assert found is not None
    return found


@pytest.mark.parametrize("detail", Disclosure)
def test_the_table_fits_a_terminal_and_holds_every_score(detail: Disclosure) -> None:
    found = scores(detail, ("x" * 300,))
    lines = score_table(found, SUMMARY).splitlines()
    assert len(lines) <= 16
    assert max(map(len, lines)) <= 80
    words = " ".join(lines).split()
    assert all(f"{100 * value:.2f}" in words for value in found.values.values())
    assert found.interval is not None
    digits = 2 if detail is Disclosure.FULL else 1
    low, high = (f"{100 * value:.{digits}f}" for value in (found.interval.low, found.interval.high))
    assert lines[0] == f"Overall J&F  {100 * found.overall:.2f}  95 % CI [{low}, {high}]"


def test_the_three_worst_objects_end_the_table() -> None:
    found = scores()
    worst = sorted(found.objects, key=lambda item: item.jf)[:3]
    assert [line.split()[:2] for line in score_table(found, SUMMARY).splitlines()[-3:]] == [
        [f"{item.video}/{item.object_id}", f"{100 * item.jf:.2f}"] for item in worst
    ]


def test_a_split_without_objects_is_a_dash() -> None:
    found = scores()
    without = replace(found, values={key: value for key, value in found.values.items() if "unseen" not in key})
    (row,) = [line for line in score_table(without, SUMMARY).splitlines() if line.startswith("J  region")]
    assert row.endswith(" -")


def test_colour_marks_the_score_only() -> None:
    plain, coloured = (score_table(scores(), SUMMARY, TextStyle(80, colour=colour)) for colour in (False, True))
    assert coloured.replace("\x1b[1m", "").replace("\x1b[0m", "") == plain != coloured


def test_a_spreadsheet_gets_every_object_and_takes_no_name_for_a_formula() -> None:
    found = scores(names=("=1+1",))
    rows = list(csv.DictReader(io.StringIO(objects_csv(found.objects))))
    assert len(rows) == len(found.objects)
    assert [float(row["J&F"]) for row in rows] == [item.jf for item in found.objects]
    assert rows[0]["video"] == "'=1+1"


def test_a_paper_gets_the_headline_first_then_every_other_score_with_v() -> None:
    found = scores()
    text = results_tex("my_net 50%", found, SUMMARY)
    assert text.startswith("% \\usepackage{booktabs}\n\\begin{tabular}{lcccccccccc}\n\\toprule\n")
    assert "Method & Overall & J-seen & F-seen & J-unseen & F-unseen & J & F & V & V-seen & V-unseen \\\\\n\\midrule\n" in text
    row = text.splitlines()[5]
    assert row.startswith(f"my\\_net 50\\% & {100 * found.overall:.1f} & ")
    assert row.count("&") == len(found.values)
