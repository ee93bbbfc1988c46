"""Nothing that becomes of the standard streams costs a run its scores, and no name breaks them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import commands
import submissions
from disturbed import PAGE, SCORES, Run, finish
from lvos_eval.execution import lifecycle, progress
from lvos_eval.scoring.chunks import ChunkResult

pytestmark = pytest.mark.slow

OUTPUTS = {PAGE, "scoring_details.json", *SCORES}


def assert_scored(run: Run, done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    assert run.files() == OUTPUTS
    assert "Overall" in (run.output / "scores.txt").read_text()


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_full_stream_does_not_cost_the_scores(stream: str, tmp_path: Path) -> None:
    run = Run(tmp_path)
    with Path("/dev/full").open("w") as full:
        options: dict[str, Any] = {stream: full}
        assert_scored(run, finish(run.start(**options)))


def test_a_reader_that_has_gone_does_not_cost_the_scores(tmp_path: Path) -> None:
    run = Run(tmp_path)
    read, write = os.pipe()
    os.close(read)
    done = finish(run.start(stdout=write))
    os.close(write)
    assert_scored(run, done)
    assert done.stderr == ""


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams_do_not_cost_the_scores_nor_get_into_a_file(closed: str, tmp_path: Path) -> None:
    """Without care the first file that is opened would get the number of stdout, and everything that is printed."""
    run = Run(tmp_path, before=("sh", "-c", f'exec "$@" {closed}', "sh"))
    done = run.finish()
    assert_scored(run, done)
    assert (run.output / "scores.json").read_text().startswith("{")
    assert len((run.output / "scores.txt").read_text().splitlines()) == 10
    assert "lvos-eval 0" not in (run.output / "scoring_details.json").read_text()


def test_a_document_that_cannot_be_printed_is_exit_4_for_check(tmp_path: Path) -> None:
    run = Run(tmp_path)
    command = [sys.executable, "-m", "lvos_eval", "check", str(run.submission), "--reference", str(run.reference), "--json"]
    with Path("/dev/full").open("w") as full:
        environment = {**os.environ, "PYTHONPATH": str(commands.PROGRAM)}
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment, timeout=60)
    assert done.returncode == 4
    assert done.stderr.endswith("stopped: stdout cannot be written: No space left on device\n")


def test_a_document_that_cannot_be_printed_is_still_in_the_folder_for_score(tmp_path: Path) -> None:
    run = Run(tmp_path, options=("--json",))
    with Path("/dev/full").open("w") as full:
        done = finish(run.start(stdout=full))
    assert_scored(run, done)
    assert f"stdout cannot be written: No space left on device; the document is in {run.output}/scoring_details" in done.stderr
    assert json.loads((run.output / "scoring_details.json").read_text())["state"] == "scored"


HOSTILE = ("\u202egnp.exe", "caf\u00e9\n\x1b[31m.txt", "\U0001f600", os.fsdecode(b"\xff\xfe.png"), "<script>alert(1)</script>")


@pytest.mark.parametrize(
    "environment",
    [
        {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1:strict", "LC_ALL": "POSIX"},
    ],
    ids=["LANG=C", "ascii", "latin-1"],
)
def test_hostile_names_can_be_told_in_any_locale(environment: dict[str, str], tmp_path: Path) -> None:
    run = Run(tmp_path, environment=environment)
    for name in HOSTILE:
        (run.submission / name.replace("/", "")).write_bytes(b"")
    done = run.finish(encoding=environment.get("PYTHONIOENCODING", "utf-8").split(":")[0], errors="strict")
    assert_scored(run, done)
    assert "extra-file" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout
    assert "\u202e" not in done.stderr + run.page()
    assert "<script>alert" not in run.page()


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_hostile_paths_of_inputs_and_outputs_can_be_told_in_any_locale(environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"na\xc3\xafve \xff \n $(x)")
    run = Run(folder, environment=environment)
    done = run.finish(encoding="utf-8", errors="strict")
    assert_scored(run, done)
    assert done.stdout.splitlines()[-2].startswith(f"Page: {tmp_path}")


def test_a_path_that_is_no_text_is_told_where_it_is_wrong(tmp_path: Path) -> None:
    missing = tmp_path / os.fsdecode(b"\xff\n\x1b[2J")
    done = commands.lvos_eval("check", missing, "--reference", submissions.write_reference(tmp_path / "ref"))
    assert (done.returncode, done.stdout.splitlines()) == (2, done.stdout.splitlines()[:1])
    assert done.stderr.startswith(f"no submission at {tmp_path}/")
    assert "\x1b" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_progress_that_cannot_be_printed_does_not_end_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN", 0.0)
    with Path("/dev/full").open("w") as full:
        observer = progress.ProgressObserver({"video": 3}, full)
        assert len(list(observer("scoring", 3, [ChunkResult("video", 1)] * 3))) == 3


def test_what_cannot_be_printed_is_returned_as_the_reason() -> None:
    with Path("/dev/full").open("w") as full:
        assert lifecycle.print_line(full, "text") == "No space left on device"
        assert lifecycle.print_line(full, "text") is None
