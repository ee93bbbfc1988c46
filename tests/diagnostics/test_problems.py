"""Problems as data: order, severity, compact ranges, and rendering."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.problems import (
    SUBMISSION_CODES,
    frame_ranges,
    submission_codes,
)
from lvos_eval.diagnostics.terminal import render_problems

PAGE = Path(__file__).parents[2] / "docs" / "problems.md"


def test_the_table_in_the_documentation_is_the_catalogue() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `") and line.count("|") == 4]
    table = [row for row in rows if "| error |" in row or "| warning |" in row]
    assert table == [f"| `{code}` | {severity} | {when} |" for code, (severity, when) in SUBMISSION_CODES.items()]


@pytest.mark.parametrize(
    ("frames", "text"),
    [
        ([], ""),
        ([6], "00000006"),
        ([6, 11], "00000006-00000011 (2 frames)"),
        (list(range(6, 207, 5)), "00000006-00000206 (41 frames)"),
        ([1, 11, 16, 31], "00000001, 00000011-00000016 (2 frames), 00000031"),
        ([2, 3, 4, 5], "00000002-00000005 (4 frames)"),
        ([1, 2, 7, 12], "00000001-00000002 (2 frames), 00000007-00000012 (2 frames)"),
        (list(range(1, 101, 10)), "00000001, 00000011, 00000021, 00000031, 00000041, 00000051, and 4 more"),
    ],
)
def test_frames_are_listed_as_runs(frames: list[int], text: str) -> None:
    assert frame_ranges(frames) == text


def test_errors_come_first_then_the_order_of_the_catalogue_whatever_the_order_of_discovery() -> None:
    found = [("extra-file", None), ("wrong-size", "b"), ("wrong-size", "a"), ("missing-video", "c"), ("absent-object", "a")]
    wanted = [("missing-video", "c"), ("wrong-size", "a"), ("wrong-size", "b"), ("absent-object", "a"), ("extra-file", None)]
    for seed in range(5):
        collector = ProblemCollector()
        for code, video in random.Random(seed).sample(found, len(found)):
            collector.add(code, "m", "f", video=video)
        assert [(problem.code, problem.video) for problem in collector.problems] == wanted


def test_only_strict_makes_unknown_objects_errors() -> None:
    for strict in (False, True):
        collector = ProblemCollector(submission_codes(strict=strict))
        collector.add("unknown-object", "m", "f")
        collector.add("extra-file", "m", "f")
        assert collector.has_errors is strict
        assert len(collector) == 2


def test_foreign_names_are_made_harmless_for_every_output() -> None:
    collector = ProblemCollector()
    collector.add("extra-video", "\x1b]0;title\x07", "\N{RIGHT-TO-LEFT OVERRIDE}", video="a\nerror fake: b\udcff")
    (problem,) = collector.problems
    assert (problem.message, problem.fix, problem.video) == ("\\x1b]0;title\\x07", "\\u202e", "a\\nerror fake: b\\udcff")
    assert all(line.isprintable() for line in render_problems(collector.problems))
