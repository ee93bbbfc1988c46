"""Spreading work over the cores that this process may use, with joblib."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import re
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, TypeVar

from lvos_eval.diagnostics.errors import ReferenceDataError, RunStoppedError, UsageError, WorkerError, format_traceback
from lvos_eval.diagnostics.text import listed
from lvos_eval.execution.import_path import SAFE_PATH
from lvos_eval.execution.lifecycle import signals_deferred

__all__ = ["forward_results", "keep_freed_memory", "map_unordered", "volunteer_for_oom_killer"]

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_KEEP_FREED_BYTES: Final = 32 << 20
"""The largest threshold that glibc accepts."""

_PR_SET_PDEATHSIG: Final = 1
_Task = TypeVar("_Task")
_Done = TypeVar("_Done")


def volunteer_for_oom_killer() -> None:
    """Offers this process to the kernel where memory runs out, so that the one that reports it lives on."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def keep_freed_memory() -> None:
    """Tells the C allocator to keep the megabytes of a mask between frames instead of returning them to the system.

    Getting them back costs a page fault every 4 KB, which takes longer than inflating a mask. Only glibc has the call; elsewhere
    nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _KEEP_FREED_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, 2 * _KEEP_FREED_BYTES)
    except (OSError, AttributeError):
        pass


def map_unordered(
    function: Callable[[_Task], _Done], tasks: Iterable[_Task], jobs: int, name: Callable[[_Task], str] = str
) -> Generator[_Done, None, None]:
    """`function` of every task, by `jobs` worker processes, in the order in which they get done; by this process if that is 1.

    Where there is no room for a worker, this process does the work. Tasks are asked for, from any thread, as workers get free;
    `name` tells people which one it is. Raises RunStoppedError if a worker is lost or memory runs out, faults as the function
    raises them, and WorkerError for anything else that it raises in a worker. Closing the generator ends the workers.
    """
    waiting = enumerate(tasks)
    in_hand: dict[int, _Task] = {}
    if jobs > 1:
        # workers may be started at any time until the last result is there
        with _safe_path():
            done = _start(function, waiting, in_hand, jobs)
            if done is not None:
                yield from _answers(done, in_hand, name)
                return
    keep_freed_memory()
    for task in chain(in_hand.values(), (task for _, task in waiting)):
        try:
            result = function(task)
        except MemoryError:
            raise _short_of_memory(name(task)) from None
        yield result


def _answers(
    done: Generator[tuple[int, bool, Any], None, None], in_hand: dict[int, _Task], name: Callable[[_Task], str]
) -> Generator[Any, None, None]:
    """The results in the answers of workers."""
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    try:
        for number, succeeded, reply in forward_results(done):
            task = in_hand.pop(number)
            if not succeeded:
                raise _short_of_memory(name(task)) if isinstance(reply, MemoryError) else reply
            yield reply
    except TerminatedWorkerError as error:
        _kill_workers()
        raise _lost(error, [name(task) for task in in_hand.values()]) from error
    except BaseException:
        _kill_workers()
        raise


@contextlib.contextmanager
def _safe_path() -> Iterator[None]:
    """A block in which child processes do not look for modules in the current folder, whoever the host of this package is."""
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(SAFE_PATH, None)
        else:
            os.environ[SAFE_PATH] = before


def _start(
    function: Callable[[_Task], _Done], waiting: Iterator[tuple[int, _Task]], in_hand: dict[int, _Task], jobs: int
) -> Generator[tuple[int, bool, Any], None, None] | None:
    """The answers of joblib's workers, which `in_hand` tells the tasks of; None where none can be started."""

    def deal() -> Iterator[Any]:
        answer = joblib.delayed(_answer)
        for number, task in chain(list(in_hand.items()), waiting):
            in_hand[number] = task
            yield answer(function, number, task)

    try:
        # without shared memory joblib would take threads, which are slower than none
        multiprocessing.get_context("fork").Semaphore()
    except OSError:
        return None
    # only where it is needed: it takes as long to load as all the rest
    import joblib

    # arrays are not sent, so nothing is worth a memory map
    parallel = joblib.Parallel(
        n_jobs=jobs,
        backend="loky",
        return_as="generator_unordered",
        batch_size=1,
        pre_dispatch="n_jobs",
        max_nbytes=None,
        initializer=_begin,
        initargs=(os.getpid(),),
    )
    # finding the first tasks may take a while, which a signal may interrupt
    in_hand.update(islice(waiting, jobs))
    done: Generator[tuple[int, bool, Any], None, None] | None = None
    try:
        # a worker that loky has begun to start is not among those that can be ended yet
        with signals_deferred():
            done = parallel(deal())
    except OSError:
        _kill_workers()
        return None
    except BaseException:
        if done is not None:
            _close(done)
        _kill_workers()
        raise
    return done


def forward_results(results: Generator[_Done, None, None]) -> Generator[_Done, None, None]:
    """The results of a joblib pool. When nobody asks for more, the pool is stopped without joblib's advice on the console."""
    try:
        for result in results:  # noqa: UP028 - `yield from` would close the pool before the warning can be held back
            yield result
    except GeneratorExit:
        _close(results)
        raise


def _close(results: Generator[Any, None, None]) -> None:
    """Stops a joblib pool whose results nobody wants any more."""
    _silence_threads()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            results.close()
    except (RunStoppedError, KeyboardInterrupt):
        # the time limit or a signal, which comes to a run that is being ended already and says why
        _kill_workers()


def _lost(error: Exception, in_hand: Sequence[str]) -> RunStoppedError:
    """What is told of a lost worker; loky says how it ended in words such as `{SIGKILL(-9)}`."""
    doing = f" while it worked on {'one of ' if len(in_hand) > 1 else ''}{listed(in_hand)}" if any(in_hand) else ""
    found = re.search(r"\((-?\d+)\)", str(error).rsplit("exit codes", 1)[-1])
    code = int(found[1]) if found else -signal.SIGKILL
    if code >= 0:
        end, hint = f"ended with exit code {code}", "the lines above may tell why"
    elif code == -signal.SIGKILL:
        end, hint = "was killed", "most likely for want of memory; give the run more memory or fewer --jobs"
    else:
        end, hint = f"was ended by {_signal_name(-code)}", "if it happens again, a mask in these frames makes a library crash"
    return RunStoppedError(f"a worker process {end}{doing}, {hint}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _short_of_memory(task: str) -> RunStoppedError:
    return RunStoppedError(f"the memory ran out{f' at {task}' if task else ''}; give the run more memory or fewer --jobs")


def _silence_threads() -> None:
    """joblib's own threads may stumble over the work that is taken from them, and nobody wants to read of it."""
    threading.excepthook = lambda _: None


def _kill_workers() -> None:
    """Ends all workers: loky tries to, but without psutil and pgrep it fails and waits for ever."""
    _silence_threads()
    for process in multiprocessing.active_children():
        if process.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


def _begin(parent: int) -> None:
    """The first thing that a worker process does."""
    _die_with(parent)
    # the terminal's Ctrl-C is for the parent, which ends its workers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    volunteer_for_oom_killer()
    keep_freed_memory()


def _answer(function: Callable[[Any], object], number: int, task: object) -> tuple[int, bool, object]:
    """In a worker: the number of a task, whether there is a result, and that or the exception in its place."""
    try:
        return number, True, function(task)
    except MemoryError:
        return number, False, MemoryError()
    except (ReferenceDataError, RunStoppedError, UsageError) as fault:
        return number, False, fault
    except Exception as error:  # noqa: BLE001 - goes on in the parent
        return number, False, WorkerError(format_traceback(error, messages=True), format_traceback(error, messages=False))


def _die_with(parent: int) -> None:
    """Has the kernel kill this process when its parent dies, even in the middle of a chunk. Only Linux has the call."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
