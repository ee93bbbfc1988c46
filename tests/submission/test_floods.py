"""Names and problems in the tens of thousands cost no more than their number: processor time, as machines are shared."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from faulty_submissions import write_claiming_zip
from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.problems import Problem, Severity
from lvos_eval.diagnostics.terminal import render_problems
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.reporting.page import render_page
from lvos_eval.scoring.results import Report, State
from lvos_eval.scoring.run import open_checked
from submissions import write_reference

FLOODS: Final[dict[str, Callable[[int], str]]] = {
    "foreign folders": lambda number: f"x{number}/a.png",
    "names of control characters": lambda number: "\x01" * 150 + f"{number}/a.png",
    "files in a video": lambda number: f"aVideo01/a{number}.txt",
    "misnamed masks": lambda number: f"aVideo01/q{number}.png",
    "frames that nobody asks for": lambda number: f"aVideo01/{number + 2000:08d}.png",
    "sets": lambda number: f"r{number}/aVideo01/1.png",
    "folders of objects": lambda number: f"aVideo01/{number % 1000:03d}/{number:08d}.png",
    "videos elsewhere": lambda number: f"p/{number}/bVideo02/notes.txt",
    "backslashes": lambda number: f"aVideo01\\{number:08d}.png",
    "files at the top": lambda number: f"{number:08d}.png",
}


def seconds_of(flood: str, count: int, folder: Path) -> float:
    """The processor time that the names of a zip and the page about them cost; also that they are few problems."""
    manifest = load_manifest(write_reference(folder / "ref", masks="none"))
    names = [f"cVideo03/{frame:08d}.png" for frame in range(1, 52, 5)] + [FLOODS[flood](number) for number in range(count)]
    archive = write_claiming_zip(folder / "s.zip", [(name, b"", 0) for name in names])
    collector = ProblemCollector()
    start = time.process_time()
    open_checked(archive, manifest, ArchiveLimits(), collector)
    problems = collector.problems
    page = render_page(Report(State.INVALID, "1", "lvos-v2", "semi-supervised", problems=problems))
    seconds = time.process_time() - start
    assert 1 <= len(problems) <= 6
    assert max(len(problem.message) for problem in problems) < 6000
    assert len(page) < 1_000_000
    return seconds


@pytest.mark.slow
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_names_costs_what_its_number_does(flood: str, tmp_path: Path) -> None:
    """What looks at every name for each name takes minutes here."""
    assert seconds_of(flood, 25_000, tmp_path) < 10


@pytest.mark.slow
@pytest.mark.parametrize("flood", FLOODS)
def test_the_largest_flood_within_the_limits_ends_in_ten_seconds(flood: str, tmp_path: Path) -> None:
    # twice that, as a busy machine counts more
    assert seconds_of(flood, 149_000, tmp_path) < 20


def test_a_flood_of_problems_costs_what_its_number_does() -> None:
    """As many damaged masks as a submission has, each in its own way."""
    problems = tuple(
        Problem("unreadable-mask", Severity.ERROR, f"v{number % 100}", (number,), f"cut short after {number} bytes.", "again.")
        for number in range(20_000)
    )
    start = time.process_time()
    page = render_page(Report(State.INVALID, "1", "lvos-v2", "semi-supervised", problems=problems))
    assert "cut short after 19999 bytes" in page
    assert len(render_problems(problems)) == 50 + len(["one fix", "", "and so many more"])
    assert time.process_time() - start < 10
