"""A signal that asks a run to end is obeyed wherever it comes: workers gone, page stopped, no scores, exit code 4."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from disturbed import IN_PRE_PASS, IN_SCORING, PAGE, STOPPED, Run, finish, slowness, wait_until
from lvos_eval.diagnostics.errors import RunInterruptedError, RunStoppedError
from lvos_eval.execution.cluster import forward_results

pytestmark = pytest.mark.slow

SECONDS_TO_END = 2.0


def end_by(run: Run, *signals: signal.Signals) -> subprocess.CompletedProcess[str]:
    """Sends the signals to a run that has come to its pause; everything of it has to be gone in time."""
    process = run.start_and_reach()
    for number in signals:
        process.send_signal(number)
    wait_until(lambda: not run.processes(), SECONDS_TO_END)
    return finish(process)


PLACES = {
    "scoring in workers": (f'at("open", "{IN_SCORING}", pause)', ("--jobs", "2")),
    "scoring in one process": (f'at("open", "{IN_SCORING}", pause)', ("--jobs", "1")),
    "the reference pre-pass": (f'at("open", "{IN_PRE_PASS}", pause)', ("--jobs", "2")),
    "validation": ('at("os.scandir", "/res", pause)', ()),
    "reading the metadata": ('at("open", "test_meta.json", pause)', ()),
    "writing the scores": ('at("os.rename", ".scores.txt.", pause)', ()),
}


@pytest.mark.parametrize("place", [place for place in PLACES if place != "writing the scores"])
def test_sigterm_stops_a_run_during(place: str, tmp_path: Path) -> None:
    fault, options = PLACES[place]
    run = Run(tmp_path, fault, options)
    run.assert_stopped(end_by(run, signal.SIGTERM), "interrupted by SIGTERM")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_a_lost_terminal_are_like_sigterm(number: signal.Signals, tmp_path: Path) -> None:
    run = Run(tmp_path, PLACES["scoring in workers"][0])
    run.assert_stopped(end_by(run, number), f"interrupted by {number.name}")


AS_A_WORKER_BEGINS = """
from joblib.externals.loky.backend import fork_exec as starting
begin = starting.fork_exec
starting.fork_exec = lambda *arguments, **options: (begin(*arguments, **options), die(signal.SIGTERM))[0]
"""
"""The process is there, but has not been told what it is for."""


def test_a_signal_while_workers_are_started_leaves_none_that_complains(tmp_path: Path) -> None:
    run = Run(tmp_path, AS_A_WORKER_BEGINS)
    done = run.finish()
    run.assert_stopped(done, "interrupted by SIGTERM")
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_does_not_disturb_what_the_first_one_began(second: signal.Signals, tmp_path: Path) -> None:
    run = Run(tmp_path, PLACES["scoring in workers"][0])
    done = end_by(run, signal.SIGTERM, second, signal.SIGTERM)
    # two that are there at the same moment are taken in the order of their numbers
    run.assert_stopped(done, done.stderr.splitlines()[-1].removeprefix("stopped: "))
    assert done.stderr in {"stopped: interrupted by SIGTERM\n", "stopped: interrupted by SIGINT\n"}


def test_a_signal_before_there_is_a_page_ends_the_program_with_the_same_code(tmp_path: Path) -> None:
    run = Run(tmp_path, 'at("import", "lvos_eval.reporting.page", pause)')
    done = end_by(run, signal.SIGTERM)
    assert (done.returncode, done.stdout, done.stderr) == (STOPPED, "", "stopped: interrupted by SIGTERM\n")
    assert not run.files()


def test_a_signal_while_the_scores_are_written_comes_too_late_to_take_them_away(tmp_path: Path) -> None:
    run = Run(tmp_path, 'at("os.rename", ".scores.txt.", lambda: (Path(os.environ["REACHED"]).touch(), time.sleep(1)))')
    process = run.start_and_reach()
    process.send_signal(signal.SIGTERM)
    assert finish(process).returncode == 0
    assert {"scores.json", "scores.txt", PAGE} < run.files()


def test_a_signal_during_the_linger_ends_it_and_keeps_the_scores(tmp_path: Path) -> None:
    run = Run(tmp_path, options=("--jobs", "1", "--linger", "50"))
    process = run.start()
    wait_until(lambda: "scores.json" in run.files())
    time.sleep(0.5 * slowness())
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: process.poll() is not None, SECONDS_TO_END)
    assert finish(process).returncode == 0
    assert "scores.json" in run.files()


def test_a_signal_to_ignore_stays_ignored(tmp_path: Path) -> None:
    run = Run(tmp_path, f'at("open", "{IN_SCORING}", lambda: (Path(os.environ["REACHED"]).touch(), time.sleep(1)))')
    process = run.start_and_reach(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    process.send_signal(signal.SIGHUP)
    assert finish(process).returncode == 0


def test_a_reader_that_does_not_read_cannot_keep_a_stopped_run(tmp_path: Path) -> None:
    """Both streams are a full pipe: the run waits for its reader, and so would its last words."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    try:
        while True:
            os.write(write, bytes(4096))
    except BlockingIOError:
        os.set_blocking(write, True)
    run = Run(tmp_path, options=("--jobs", "1"))
    process = run.start(stdout=write, stderr=write)
    wait_until(lambda: PAGE in run.files())
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: process.poll() is not None, 10)
    os.close(read)
    os.close(write)
    assert process.wait() == STOPPED
    assert run.files() == {PAGE}
    assert "interrupted by SIGTERM" in run.page()


def test_workers_go_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    run = Run(tmp_path, PLACES["scoring in workers"][0])
    process = run.start_and_reach()
    assert len(run.processes()) >= 3
    process.kill()
    wait_until(lambda: not run.processes(), SECONDS_TO_END)
    finish(process)
    assert run.files() == {PAGE}


@pytest.mark.parametrize("command", ["check", "check-reference"])
def test_the_other_commands_stop_with_the_same_code(command: str, tmp_path: Path) -> None:
    run = Run(tmp_path, 'at("open", "/bVideo02/00000011.png", pause)')
    reference = ("--reference", str(run.reference)) if command == "check" else ()
    subject = run.submission if command == "check" else run.reference
    process = run.start_and_reach(command=("-m", "lvos_eval", command, str(subject), *reference, "--jobs", "2"))
    process.send_signal(signal.SIGTERM)
    wait_until(lambda: not run.processes(), SECONDS_TO_END)
    done = finish(process)
    assert (done.returncode, done.stderr) == (STOPPED, "stopped: interrupted by SIGTERM\n")


def can_unshare(*namespaces: str) -> bool:
    try:
        return subprocess.run(["unshare", *namespaces, "true"], capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not can_unshare("--pid", "--fork"), reason="needs the right to make a process namespace")
def test_sigterm_stops_a_run_that_is_the_first_process_of_its_container(tmp_path: Path) -> None:
    run = Run(tmp_path, PLACES["scoring in workers"][0], before=("unshare", "--pid", "--fork", "--kill-child"))
    process = run.start_and_reach()
    (first,) = [
        pid for pid in run.processes() if Path(f"/proc/{pid}/status").read_text().split("NSpid:")[1].split()[:2][1:] == ["1"]
    ]
    os.kill(first, signal.SIGTERM)
    wait_until(lambda: not run.processes(), SECONDS_TO_END)
    run.assert_stopped(finish(process), "interrupted by SIGTERM")


@pytest.mark.parametrize("late", [RunStoppedError("the time limit ran out"), RunInterruptedError("interrupted by SIGTERM")])
def test_what_comes_while_the_workers_are_being_ended_changes_nothing(late: BaseException) -> None:
    def pool() -> Generator[int, None, None]:
        try:
            yield 1
        except GeneratorExit:
            raise late from None

    results = forward_results(pool())
    assert next(results) == 1
    # as a pool does that is thrown away, where an exception would only be printed
    results.close()
