"""The page that a run leaves behind, however it ends."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from goldens import REFERENCE, prediction
from lvos_eval.cli import score
from lvos_eval.cli.main import main
from lvos_eval.diagnostics.errors import ExitCode, RunStoppedError
from lvos_eval.reporting.page import TITLES
from lvos_eval.scoring.results import State
from lvos_eval.version import ISSUES


def run(output: Path, *options: str | Path, submission: Path | None = None, reference: Path = REFERENCE) -> int:
    given = submission or prediction("good")
    return main(["score", str(given), "--reference", str(reference), "--output", str(output), "--quiet", *map(str, options)])


def page(output: Path) -> str:
    return (output / "detailed_results.html").read_text()


def test_a_scored_run_leaves_a_final_page_with_frames_and_pictures(tmp_path: Path) -> None:
    assert run(tmp_path) == ExitCode.SUCCESS
    assert TITLES[State.SCORED] in page(tmp_path)
    assert 'class="timeline"' in page(tmp_path)
    assert '<img src="data:image/png;base64,' in page(tmp_path)
    assert "refresh" not in page(tmp_path).split("<style>")[0]


def test_a_public_run_leaves_a_page_without_them(tmp_path: Path) -> None:
    assert run(tmp_path, "--detail", "public") == ExitCode.SUCCESS
    assert 'class="timeline"' not in page(tmp_path)
    assert "<img" not in page(tmp_path)


def test_an_invalid_submission_leaves_a_page_with_its_problems(tmp_path: Path) -> None:
    shutil.copytree(prediction("good"), tmp_path / "res")
    shutil.rmtree(tmp_path / "res" / "aPlain01")
    assert run(tmp_path / "out", submission=tmp_path / "res") == ExitCode.INVALID_SUBMISSION
    assert TITLES[State.INVALID] in page(tmp_path / "out")
    assert "missing-video" in page(tmp_path / "out")
    assert "<img" not in page(tmp_path / "out")


def test_a_faulty_reference_leaves_a_page_that_blames_it(tmp_path: Path) -> None:
    assert run(tmp_path / "out", reference=tmp_path) == ExitCode.REFERENCE
    assert TITLES[State.REFERENCE_FAULT] in page(tmp_path / "out")


def test_a_submission_that_is_not_there_leaves_a_page_that_says_so(tmp_path: Path) -> None:
    assert run(tmp_path / "out", submission=tmp_path / "nothing") == ExitCode.USAGE
    assert TITLES[State.STOPPED] in page(tmp_path / "out")
    assert "no submission at" in page(tmp_path / "out")


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (RunStoppedError("a worker process was killed"), ExitCode.STOPPED, "a worker process was killed"),
        (ZeroDivisionError(), ExitCode.UNFORESEEN, f"please report it with the end of its log: {ISSUES}"),
    ],
)
def test_a_run_that_ends_early_leaves_a_page_that_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: ExitCode, reason: str
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise error

    monkeypatch.setattr(score, "score_submission", fail)
    assert run(tmp_path) == code
    assert TITLES[State.STOPPED] in page(tmp_path)
    assert reason in page(tmp_path)
    assert "refresh" not in page(tmp_path).split("<style>")[0]


def test_an_interrupted_run_leaves_a_page_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(score, "score_submission", interrupt)
    assert run(tmp_path) == ExitCode.STOPPED
    assert "the run was interrupted" in page(tmp_path)
