"""One output folder belongs to one run at a time, and to nobody once that is over, however it ends."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import commands
from disturbed import IN_SCORING, IN_WORKER, PAGE, SCORES, STOPPED, Run, finish
from lvos_eval.diagnostics.errors import ExitCode, UsageError
from lvos_eval.execution.locks import reserved
from rescores import rescore
from submissions import good_files, write_folder, write_reference, write_zip
from systems import needs

PAUSED = f'at("open", "{IN_SCORING}", pause)'
PAUSED_IN_WORKER = f'at("open", "{IN_SCORING}", pause) if {IN_WORKER} else None'


def ended(process: subprocess.Popen[str], number: int) -> subprocess.CompletedProcess[str]:
    process.send_signal(number)
    return finish(process)


@pytest.fixture
def first(tmp_path: Path) -> Iterator[tuple[Run, subprocess.Popen[str]]]:
    """A run that is in the middle of its scoring, and waits there."""
    run = Run(tmp_path, PAUSED, ("--jobs", "1"))
    process = run.start_and_reach()
    yield run, process
    process.kill()
    process.wait()


def second(run: Run, command: str) -> list[str]:
    """The arguments of another run that writes to the folder of the first one."""
    inputs = [str(run.submission), "--reference", str(run.reference), "--output", str(run.output), "--jobs", "1"]
    return {
        "evaluate.py": [str(commands.PROGRAM / "evaluate.py"), str(run.folder / "in"), str(run.output), "--jobs", "1"],
        "score": ["-m", "lvos_eval", "score", *inputs],
        "rescore": ["-m", "lvos_eval", "rescore", *inputs],
    }[command]


@pytest.mark.parametrize("command", ["evaluate.py", "score", "rescore"])
def test_a_second_run_on_one_folder_is_refused_and_changes_nothing(
    command: str, first: tuple[Run, subprocess.Popen[str]]
) -> None:
    run, process = first
    before = {path.name: path.read_bytes() for path in run.output.iterdir()}
    assert set(before) == {PAGE}
    arguments = second(run, command)
    if command == "rescore":
        (run.folder / "stored").mkdir()
        write_zip(run.folder / "stored" / "a.zip", good_files())
        arguments[3] = str(run.folder / "stored")
    done = finish(Run(run.folder).start(arguments))
    wanted = f"another run writes to the output folder {run.output}: wait for its end, or name another folder"
    assert (done.returncode, done.stderr.splitlines()[-1]) == (ExitCode.USAGE, wanted)
    assert {path.name: path.read_bytes() for path in run.output.iterdir() if path.is_file()} == before
    assert ended(process, signal.SIGTERM).returncode == STOPPED


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_has_ended_keeps_nobody_out(number: int, tmp_path: Path) -> None:
    """Neither do its workers, of which some may live a little longer."""
    run = Run(tmp_path, PAUSED_IN_WORKER)
    process = run.start_and_reach()
    process.send_signal(number)
    process.wait()
    again = Run(tmp_path, options=("--jobs", "1")).finish()
    finish(process)
    assert again.returncode == 0, again.stderr
    assert run.files() == {PAGE, "scoring_details.json", *SCORES}


def test_no_child_process_holds_the_lock(tmp_path: Path) -> None:
    """Not even one that gets every descriptor that may be handed on, and that nobody ends."""
    with reserved(tmp_path):
        child = subprocess.Popen(
            [sys.executable, "-c", "print(flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            close_fds=False,
        )
        assert child.stdout is not None
        child.stdout.readline()
    try:
        with reserved(tmp_path):
            pass
    finally:
        child.communicate(b"\n")


@needs("locks of folders")
def test_two_runs_in_one_process_are_told_apart(tmp_path: Path) -> None:
    with reserved(tmp_path), pytest.raises(UsageError, match="another run writes to the output folder"), reserved(tmp_path):
        pass
    with reserved(tmp_path):
        pass


def test_a_folder_that_takes_the_place_of_the_one_that_a_run_began_with_is_left_alone(
    first: tuple[Run, subprocess.Popen[str]],
) -> None:
    run, process = first
    shutil.rmtree(run.output)
    assert Run(run.folder, options=("--jobs", "1")).finish().returncode == 0
    theirs = {path.name: path.read_bytes() for path in run.output.iterdir()}
    done = ended(process, signal.SIGTERM)
    assert done.returncode == STOPPED
    assert {path.name: path.read_bytes() for path in run.output.iterdir()} == theirs


def test_scores_are_not_written_to_a_folder_that_has_taken_the_place_of_another(tmp_path: Path) -> None:
    swap = f"lambda: (os.rename({str(tmp_path / 'out')!r}, {str(tmp_path / 'old')!r}), os.mkdir({str(tmp_path / 'out')!r}))"
    run = Run(tmp_path, f'at("open", "{IN_SCORING}", {swap})', ("--jobs", "1"))
    done = run.finish()
    reason = f"stopped: the output folder {run.output} was replaced by another while the run wrote to it"
    assert (done.returncode, done.stderr.splitlines()[-1]) == (STOPPED, reason)
    assert run.files() == set()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.EBADF, errno.EINVAL, errno.ENOSYS])
def test_a_file_system_without_locks_is_no_reason_to_stop(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    reference = write_reference(tmp_path / "ref")
    write_folder(tmp_path / "stored" / "one", good_files())
    assert rescore(tmp_path / "stored", reference, tmp_path / "out") == ExitCode.SUCCESS
    assert (tmp_path / "out" / "results" / "one" / "scores.json").exists()


def test_a_folder_that_may_be_written_but_not_read_is_not_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path, flags: int) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refused)
    with reserved(tmp_path) as reservation:
        assert reservation is None


def test_no_file_is_put_into_the_folder(tmp_path: Path) -> None:
    with reserved(tmp_path):
        assert list(tmp_path.iterdir()) == []
