"""Three results or more: ranks, who is better than whom, and the correction for many pairs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import commands
from lvos_eval import protocols
from lvos_eval.comparison.page import comparison_page
from lvos_eval.comparison.several import SeveralResults, compare_several, holm
from lvos_eval.comparison.text import several_lines
from lvos_eval.diagnostics.terminal import TextStyle
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.reading import Result
from lvos_eval.scoring.bootstrap import overall_difference
from sample_reports import SIGNATURE, scored


def result(gain: float, noise: float, seed: int, signature: str = SIGNATURE, detail: Disclosure = Disclosure.FULL) -> Result:
    """A result whose objects differ from those of the sample by a gain, and by noise that is up for one and down for the next."""
    report = scored(60, 90)
    assert report.scores is not None
    signs = (noise if number % 2 else -noise for number in range(len(report.scores.objects)))
    objects = tuple(replace(item, jf=item.jf + gain + sign) for item, sign in zip(report.scores.objects, signs, strict=True))
    scores = {**report.scores.values, "Overall": report.scores.overall + gain}
    return Result(f"r{seed}", signature, scores, objects, {}, detail, protocols.get("lvos-v2"))


def several(*results: Result) -> SeveralResults:
    return compare_several(results, [f"net {number}" for number in range(len(results))])


def test_results_are_ranked_and_equal_ones_share_a_rank() -> None:
    made = several(result(0.0, 0.0, 1), result(0.05, 0.01, 2), result(0.0, 0.0, 3))
    assert [(item.rank, item.name) for item in made.standings] == [(1, "net 1"), (2, "net 0"), (2, "net 2")]


def test_a_clear_difference_is_told_and_noise_is_not() -> None:
    made = several(result(0.0, 0.0, 1), result(0.05, 0.01, 2), result(0.0001, 0.03, 3))
    told = {(made.standings[v.first].name, made.standings[v.second].name): v.told for v in made.verdicts}
    assert told == {("net 1", "net 2"): True, ("net 1", "net 0"): True, ("net 2", "net 0"): False}


def test_a_verdict_is_the_paired_bootstrap_of_the_better_less_the_worse() -> None:
    worse, better = result(0.0, 0.0, 1), result(0.05, 0.01, 2)
    (verdict,) = several(worse, better).verdicts
    assert verdict.paired == overall_difference(worse.objects, better.objects)
    assert verdict.paired is not None
    assert verdict.paired.low > 0
    assert verdict.p == pytest.approx(2 / (verdict.paired.resamples + 1))


@pytest.mark.parametrize(
    ("ps", "rejected"),
    [
        ([0.01, 0.04, 0.03, 0.005], [True, False, False, True]),  # the example of Holm's procedure with four tests
        ([0.05], [True]),
        ([0.051], [False]),
        ([0.03, 0.03], [False, False]),
        ([], []),
    ],
)
def test_holm_rejects_from_the_smallest_p_until_one_is_too_large(ps: list[float], rejected: list[bool]) -> None:
    assert holm(ps) == rejected


def test_public_results_give_rounded_intervals_and_say_so() -> None:
    made = several(result(0.0, 0.0, 1), result(0.05, 0.01, 2, detail=Disclosure.PUBLIC), result(0.02, 0.01, 3))
    assert made.rounded
    for item in made.standings:
        assert item.interval is not None
        assert item.interval.low == round(item.interval.low, 3)
    assert "rounded values" in " ".join(several_lines(made, TextStyle(80, colour=False)))
    assert "rounded values" in comparison_page(made)


def test_another_signature_is_named() -> None:
    made = several(result(0.0, 0.0, 1), result(0.05, 0.01, 2), result(0.02, 0.01, 3, SIGNATURE.replace("0123", "4567")))
    assert [[key.key for key in item.signatures] for item in made.standings] == [[], ["gt"], []]
    assert "net 2 is not comparable with the best: other gt" in " ".join(several_lines(made, TextStyle(80, colour=False)))
    assert "is not comparable with the best" in comparison_page(made)


def test_twenty_results_fit_80_columns() -> None:
    made = several(*(result(0.01 * number, 0.01, number) for number in range(20)))
    assert max(map(len, several_lines(made, TextStyle(80, colour=False)))) <= 80
    assert len(made.verdicts) == 190


def test_a_page_shows_every_pair_from_both_sides() -> None:
    page = comparison_page(several(result(0.0, 0.0, 1), result(0.05, 0.01, 2), result(0.1, 0.01, 3)))
    assert page.count(" better</span> <small>[+") == page.count(" worse</span> <small>[-") == 3


def written(folder: Path, name: str, factor: float) -> Path:
    """A details file as a run leaves it, made from that of another."""
    content = json.loads((folder / "scoring_details.json").read_text())
    content["scores"]["Overall"] *= factor
    path = folder / f"{name}.json"
    path.write_text(json.dumps(content))
    return path


def test_the_command_ranks_three_under_their_names(tmp_path: Path) -> None:
    commands.lvos_eval(
        "score",
        "reference_data_stub/sample_submission.zip",
        "--reference",
        "reference_data_stub/reference",
        "--output",
        tmp_path,
        "--jobs",
        "1",
    )
    paths = [written(tmp_path, name, factor) for name, factor in (("a", 0.9), ("b", 1.0), ("c", 0.8))]
    process = commands.lvos_eval("compare", *paths, "--names", "One,Two,Three", "--json", "--html", tmp_path / "page.html")
    assert process.returncode == 1, process.stderr
    content = json.loads(process.stdout)
    assert [item["name"] for item in content["results"]] == ["Two", "One", "Three"]
    assert "Three" in (tmp_path / "page.html").read_text()
    twice = commands.lvos_eval("compare", *paths, "--names", "One,Two,Two")
    assert (twice.returncode, twice.stderr) == (2, "--names gives a name twice: write another one\n")
