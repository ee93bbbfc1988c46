"""A process with a life of its own that also uses a pool of workers: `host.py SITUATION` prints what that changed, as JSON.

It has handlers of signals, hooks, children of two kinds, threads, a pool of joblib that is at work, and settings of its own.
"""

from __future__ import annotations

import gc
import json
import logging
import multiprocessing
import multiprocessing.resource_tracker
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import joblib
from joblib.externals.loky import reusable_executor

from lvos_eval.diagnostics.errors import RunStoppedError, WorkerError
from lvos_eval.execution import pool


class ReachedError(Exception):
    """Raised by a handler of the host."""


def square(number: int) -> int:
    time.sleep(0.01)
    return number * number


def fail(number: int) -> int:
    raise ValueError(number)


def die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def sleep(number: int) -> int:
    time.sleep(60 if number else 0)
    return number


def succeed() -> None:
    assert sorted(pool.map_unordered(square, range(6), 2)) == [0, 1, 4, 9, 16, 25]


def succeed_alone() -> None:
    assert sorted(pool.map_unordered(square, range(6), 1)) == [0, 1, 4, 9, 16, 25]


def meet_an_error() -> None:
    expect(WorkerError, lambda: list(pool.map_unordered(fail, range(6), 2)))


def lose_a_worker() -> None:
    expect(RunStoppedError, lambda: list(pool.map_unordered(die, range(6), 2)))


def be_told_to_stop_by(number: signal.Signals) -> None:
    threading.Timer(1.0, os.kill, [os.getpid(), number]).start()
    expect(KeyboardInterrupt if number is signal.SIGINT else ReachedError, lambda: list(pool.map_unordered(sleep, [0, 1, 1], 2)))


def be_interrupted() -> None:
    be_told_to_stop_by(signal.SIGINT)


def be_terminated() -> None:
    be_told_to_stop_by(signal.SIGTERM)


def be_interrupted_again_and_again() -> None:
    """From before the first worker is started until after the last one is gone."""
    over = threading.Event()

    def interrupt() -> None:
        while not over.wait(0.02):
            os.kill(os.getpid(), signal.SIGINT)

    nagging = threading.Thread(target=interrupt)
    try:
        nagging.start()
        list(pool.map_unordered(sleep, [0, 1, 1], 2))
    except KeyboardInterrupt:
        wait_until(lambda: len(threading.enumerate()) <= threads + 1)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told below
        print(f"{error!r}", file=sys.stderr)
    while True:
        try:
            over.set()
            nagging.join()
            return
        except KeyboardInterrupt:
            pass


def abandon_the_results() -> None:
    results = pool.map_unordered(sleep, [0, 1, 1], 2)
    assert next(results) == 0
    results.close()


def abandon_results_while_tasks_are_sent() -> None:
    for _ in range(5):
        results = pool.map_unordered(square, range(100), 2)
        next(results)
        results.close()


def run_in_a_thread() -> None:
    in_threads(1)


def run_in_two_threads_at_once() -> None:
    in_threads(2)


def in_threads(count: int) -> None:
    found: list[list[int]] = []
    runs = [threading.Thread(target=lambda: found.append(sorted(pool.map_unordered(square, range(6), 2)))) for _ in range(count)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert found == [[0, 1, 4, 9, 16, 25]] * count


def run_out_of_tasks_that_can_be_found() -> None:
    def tasks() -> Iterator[int]:
        yield from range(4)
        raise ReachedError

    expect(ReachedError, lambda: list(pool.map_unordered(square, tasks(), 2)))


SITUATIONS = {
    function.__name__: function
    for function in (
        succeed,
        succeed_alone,
        meet_an_error,
        lose_a_worker,
        be_interrupted,
        be_terminated,
        be_interrupted_again_and_again,
        abandon_the_results,
        abandon_results_while_tasks_are_sent,
        run_in_a_thread,
        run_in_two_threads_at_once,
        run_out_of_tasks_that_can_be_found,
    )
}


def expect(kind: type[BaseException], call: Callable[[], object]) -> None:
    try:
        call()
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


def wait_until(condition: Callable[[], bool]) -> None:
    started = time.monotonic()
    while not condition() and time.monotonic() - started < 30:
        try:
            time.sleep(0.01)
        except KeyboardInterrupt:
            continue


def children() -> dict[str, str]:
    """The command line of every child that is alive, by number."""
    found = {}
    for path in Path("/proc/self/task").glob("*/children"):
        for pid in path.read_text().split():
            found[pid] = Path(f"/proc/{pid}/cmdline").read_text()
    return found


def state() -> dict[str, Any]:
    """Everything of this process that a guest might change."""
    descriptors = Path("/proc/self/fd")
    return {
        "signal handlers": {str(number): repr(signal.getsignal(number)) for number in signal.valid_signals()},
        "signal mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "timer": signal.getitimer(signal.ITIMER_REAL),
        "hooks": [repr(hook) for hook in (sys.excepthook, threading.excepthook, sys.unraisablehook)],
        "warnings": [repr(entry) for entry in warnings.filters],
        "environment": dict(os.environ),
        "start method": multiprocessing.get_start_method(allow_none=True),
        "children": children(),
        "children of multiprocessing": sorted(str(child.pid) for child in multiprocessing.active_children()),
        "executor of joblib": id(reusable_executor._executor),
        "path": list(sys.path),
        "loggers": repr((logging.root.handlers, logging.root.level, logging.root.disabled)),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "descriptors": sorted(
            f"{entry.name} {entry.readlink()}" for entry in descriptors.iterdir() if entry.is_symlink() and os.path.lexists(entry)
            and str(entry.readlink()) != f"/proc/{os.getpid()}/fd"
        ),
        "temporary files": sorted(os.listdir(tempfile.gettempdir())),
        "shared memory": sorted(name for name in os.listdir("/dev/shm") if str(os.getpid()) in name),
        "folder": os.getcwd(),
        "memory score": Path("/proc/self/oom_score_adj").read_text(),
        "nice": os.nice(0),
        "streams": [repr(sys.stdout), repr(sys.stderr)],
    }  # fmt: skip


def reach(*_: object) -> None:
    raise ReachedError


def count(*_: object) -> None:
    """A handler for what happens all the time."""


if __name__ == "__main__":
    changes: dict[str, Any] = {}
    libraries: list[object] = []
    sys.addaudithook(lambda event, arguments: libraries.append(arguments) if event == "ctypes.dlopen" else None)
    sys.excepthook = lambda kind, error, _: print(f"sys.excepthook was called: {error!r}", file=sys.stderr)
    threading.excepthook = lambda found: print(f"threading.excepthook was called: {found}", file=sys.stderr)
    warnings.simplefilter("error")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        multiprocessing.resource_tracker.ensure_running()
        child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,), daemon=True)
        child.start()
        other = subprocess.Popen(["sleep", "600"])
        numbers = joblib.Parallel(n_jobs=2, return_as="generator", pre_dispatch="all")(
            joblib.delayed(square)(number) for number in range(300)
        )
        first = next(numbers)
    signal.signal(signal.SIGTERM, reach)
    signal.signal(signal.SIGCHLD, count)
    gc.disable()
    threads = threading.active_count()
    before = state()
    libraries.clear()
    SITUATIONS[sys.argv[1]]()
    after = state()
    changes = {key: [before[key], after[key]] for key in before if before[key] != after[key]}
    if libraries:
        changes["C libraries"] = repr(libraries)
    if not child.is_alive() or other.poll() is not None:
        changes["a child"] = "ended"
    try:
        if [first, *numbers] != [number * number for number in range(300)]:
            changes["the work of joblib"] = "another result"
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        changes["the work of joblib"] = repr(error)
    print(json.dumps(changes))
    other.kill()
    other.wait()
