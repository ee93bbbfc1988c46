"""Every code: the exact text that a submission with this fault earns, one problem a line.

Run as a program (`make texts`) it writes the texts again after a change of wording; read the difference before it is committed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import pytest

from faulty_submissions import BUILDERS, TASKS
from lvos_eval.diagnostics.problems import SUBMISSION_CODES, Problem, Severity
from lvos_eval.scoring.results import State
from submissions import check, write_reference

TEXTS: Final = Path(__file__).parents[1] / "data" / "problems"
OF_OTHER_BENCHMARKS: Final = {"not-binary"}
"""Codes that no task of LVOS has; the tests of the benchmarks that do hold their text."""


def text_of(case: str, folder: Path) -> str:
    """What `lvos-eval check` finds wrong with a faulty submission."""
    (folder / "submission").mkdir()
    reference = write_reference(folder / "ref", masks="none")
    if case in TASKS:
        (reference / "scoring.yaml").write_text(f"task: {TASKS[case]}\n")
        (reference / "unsupervised_videos.txt").write_text("bVideo02\n")
    report = check(BUILDERS[case](folder / "submission"), reference)
    assert (report.state is State.INVALID) == any(problem.severity is Severity.ERROR for problem in report.problems)
    return "".join(map(line_of, report.problems))


def line_of(problem: Problem) -> str:
    """All that a problem says, in one line."""
    where = f" {problem.video}" if problem.video is not None else ""
    frames = f" {problem.frame_ranges}" if problem.frames else ""
    return f"{problem.severity} {problem.code}{where}{frames}: {problem.message} Fix: {problem.fix}\n"


@pytest.mark.parametrize("case", BUILDERS)
def test_a_fault_earns_exactly_this_text(case: str, tmp_path: Path) -> None:
    assert text_of(case, tmp_path) == (TEXTS / f"{case}.txt").read_text(encoding="utf-8")


def test_every_text_has_its_submission() -> None:
    assert {path.stem for path in TEXTS.iterdir()} == set(BUILDERS)


def test_every_code_has_a_text() -> None:
    earned = {line.split()[1].rstrip(":") for path in TEXTS.iterdir() for line in path.read_text(encoding="utf-8").splitlines()}
    assert earned == set(SUBMISSION_CODES) - OF_OTHER_BENCHMARKS


if __name__ == "__main__":
    TEXTS.mkdir(exist_ok=True)
    for name in BUILDERS:
        with tempfile.TemporaryDirectory() as temporary:
            (TEXTS / f"{name}.txt").write_text(text_of(name, Path(temporary)), encoding="utf-8")
