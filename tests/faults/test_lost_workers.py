"""Whatever happens to a worker process, the run ends, says what was being worked on, and leaves no process behind."""

from __future__ import annotations

import math
import multiprocessing
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from disturbed import IN_SCORING, IN_WORKER, Run, finish, slowness, wait_until
from lvos_eval.diagnostics.errors import ReferenceDataError, RunStoppedError
from lvos_eval.execution import pool
from lvos_eval.execution.workload import run_pieces
from lvos_eval.protocols.contract import MaskEncoding, Pairing
from lvos_eval.protocols.lvos import LAYOUT
from lvos_eval.scoring.chunks import Chunk, ChunkResult, FrameTask
from lvos_eval.scoring.evaluate import evaluate_chunk

FRAMES = "bVideo02 00000006-00000046 (9 frames)"
"""All frames of the video are one chunk."""


class Sound:
    """A source of masks without masks."""

    def open(self) -> Sound:
        return self

    def read_ahead(self, entries: object) -> None: ...

    def close(self) -> None: ...


class Killer:
    """A source of masks whose reader is killed."""

    def open(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Sleeper:
    """A source of masks whose reader never comes to an end."""

    def open(self) -> None:
        signal.pause()


def chunk(source: type, video: str = "video") -> Chunk:
    frames = (FrameTask(1, (), (1,)),)
    return Chunk(video, (1,), (1,), None, None, source(), frames, MaskEncoding.LABEL_MAP, Pairing.BY_ID, LAYOUT)


def children() -> set[int]:
    return {int(pid) for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()}


def test_a_killed_worker_ends_the_run_and_the_worker_that_would_never_end() -> None:
    with pytest.raises(
        RunStoppedError, match=r"^a worker process was killed while it worked on one of a 00000001, b 00000001, most likely"
    ):
        list(run_pieces(evaluate_chunk, [chunk(Sleeper, "a"), chunk(Killer, "b")], 2))
    wait_until(lambda: not multiprocessing.active_children(), 2)


def test_workers_that_have_done_their_work_do_the_next() -> None:
    def run() -> tuple[list[ChunkResult], set[int]]:
        results = list(run_pieces(evaluate_chunk, [chunk(Sound, name) for name in "abcde"], 2))
        return results, children()

    results, first = run()
    assert sorted(result.video for result in results) == ["a", "b", "c", "d", "e"]
    assert run()[1] == first


def test_no_worker_outlives_a_run_that_is_abandoned() -> None:
    results: Iterator[ChunkResult] = run_pieces(evaluate_chunk, [chunk(Sound), chunk(Sleeper)], 2)
    next(results)
    assert len(multiprocessing.active_children()) == 2
    results.close()  # type: ignore[attr-defined]
    wait_until(lambda: not multiprocessing.active_children(), 2)


MEMORY = "most likely out of memory; give the run more memory or fewer --jobs"
CRASH = "if it happens again, a mask in these frames makes a library crash"
LOG = "the lines above may tell why"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("death", "end", "hint"),
    [
        ("die", "was killed", MEMORY),
        ("lambda: die(signal.SIGSEGV)", "was ended by SIGSEGV", CRASH),
        ("lambda: die(signal.SIGTERM)", "was ended by SIGTERM", CRASH),
        ("lambda: os._exit(3)", "ended with exit code 3", LOG),
        ("lambda: os._exit(0)", "ended with exit code 0", LOG),
    ],
    ids=["SIGKILL", "SIGSEGV", "SIGTERM", "os._exit", "exit-0"],
)
def test_a_lost_worker_ends_the_run_and_names_its_video_and_frames(death: str, end: str, hint: str, tmp_path: Path) -> None:
    run = Run(tmp_path, f'at("open", "{IN_SCORING}", {death})')
    done = run.finish()
    reason = done.stderr.splitlines()[-1].removeprefix("stopped: ")
    # another worker may have been at another video
    assert re.fullmatch(rf"a worker process {end} while it worked on .*{re.escape(FRAMES)}.*, {hint}", reason)
    run.assert_stopped(done, reason)


@pytest.mark.slow
def test_a_worker_that_is_lost_in_the_reference_pre_pass_is_named_too(tmp_path: Path) -> None:
    run = Run(tmp_path, 'at("open", "Annotations/cVideo03/00000046.png", die)')
    done = run.finish()
    assert re.search("was killed while it worked on .*cVideo03 00000006-00000046", done.stderr)
    assert (done.returncode, run.processes()) == (4, [])


@pytest.mark.slow
def test_workers_that_die_before_they_have_begun_end_the_run(tmp_path: Path) -> None:
    run = Run(tmp_path, f'at("import", "lvos_eval.execution.pool", lambda: {IN_WORKER} and os._exit(7))')
    done = run.finish()
    assert done.stderr.startswith("stopped: a worker process ended with exit code 7 while it worked on ")
    assert (done.returncode, run.processes()) == (4, [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hangs", "jobs"), [("lambda: die(signal.SIGSTOP)", "2"), ("pause", "1")], ids=["a-frozen-worker", "a-read-in-one-process"]
)
def test_what_hangs_is_ended_by_the_time_limit(hangs: str, jobs: str, tmp_path: Path) -> None:
    """Nothing comes back, so that nothing would look at the clock between two results."""
    run = Run(tmp_path, f'at("open", "{IN_SCORING}", {hangs})', ("--jobs", jobs))
    limit = math.ceil(3 * slowness())
    (run.reference / "scoring.yaml").write_text(f"time_limit: {limit}\n")
    started = time.monotonic()
    done = run.finish()
    assert time.monotonic() - started < limit + 5 * slowness()
    hint = "give it more cores, or raise time_limit in scoring.yaml"
    run.assert_stopped(done, f"the time limit of {limit} s ran out and nothing moved any more; {hint}")


def fail_with_a_fault(number: int) -> int:
    if number == 3:
        raise ReferenceDataError.single("metadata", "bad", "mend it", video="v")
    return number * number


def test_any_function_can_be_spread_over_workers() -> None:
    assert sorted(pool.map_unordered(abs, [-3, -1, -2], 2)) == [1, 2, 3]


def test_a_fault_that_is_raised_in_a_worker_is_raised_in_its_parent() -> None:
    with pytest.raises(ReferenceDataError) as fault:
        list(pool.map_unordered(fail_with_a_fault, range(8), 2))
    assert [problem.message for problem in fault.value.problems] == ["bad"]


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_memory_that_runs_out_in_a_worker_is_told_with_its_frames(jobs: str, tmp_path: Path) -> None:
    run = Run(tmp_path, f'at("open", "{IN_SCORING}", lambda: fail(MemoryError()))', ("--jobs", jobs))
    run.assert_stopped(run.finish(), f"out of memory at {FRAMES}; give the run more memory or fewer --jobs")


@pytest.mark.slow
def test_something_unforeseen_in_a_worker_is_exit_70_with_the_place_but_not_the_message(tmp_path: Path) -> None:
    run = Run(tmp_path, f'at("open", "{IN_SCORING}", lambda: fail(ValueError("the object has 1234 pixels")))')
    done = run.finish()
    assert done.returncode == 70
    assert "evaluate.py" in done.stderr
    assert "ValueError" in done.stderr
    assert "1234" not in done.stderr + done.stdout + run.page()
    assert run.files() == {"detailed_results.html"}
    assert run.processes() == []


@pytest.mark.slow
def test_a_parent_that_ends_early_leaves_nothing(tmp_path: Path) -> None:
    """The end of a run with idle workers: nothing waits for them."""
    run = Run(tmp_path, options=("--jobs", "3"))
    process = run.start()
    assert finish(process).returncode == 0
    wait_until(lambda: not run.processes(), 2)
