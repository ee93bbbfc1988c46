"""A function of many tasks, by worker processes: joblib's loky starts them and talks to them.

A pool lives as long as one call of `map_unordered` and leaves nothing in the process that it is called from. Its executor is its
own, not the one that joblib shares; it ends the processes that it has started, and no others. A thread starts, feeds and ends
them: exceptions of signal handlers come to the main thread only, so none can leave a worker half started.

What stays are the two resource trackers, Python's and loky's: a process each, started for whoever shares something first, and
ended with this process. Other code may have come to rely on them by the end of a run.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain, islice
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, TypeVar

from lvos_eval import system
from lvos_eval.diagnostics.errors import RunStoppedError
from lvos_eval.diagnostics.text import listed
from lvos_eval.execution.import_path import SAFE_PATH
from lvos_eval.execution.worker import answer, settle_in

__all__ = ["map_unordered"]

_Task = TypeVar("_Task")
_Done = TypeVar("_Done")

_ENVIRONMENT: Final = {SAFE_PATH: "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Of workers: whatever library has threads of its own is told not to start one for every core, each with memory of its own."""

_SECONDS_TO_END: Final = 5.0
"""What a process that the system does not let go of, as in a read from a dead disk, may keep the end of a pool waiting."""

_SECONDS_TO_CLOSE: Final = 1.0
"""In which loky closes its pipes by itself, unless it waits for a message that will never be whole."""

_STARTING: Final = threading.Lock()


def map_unordered(
    function: Callable[[_Task], _Done], tasks: Iterable[_Task], jobs: int, name: Callable[[_Task], str] = str
) -> Generator[_Done, None, None]:
    """`function` of every task, by `jobs` worker processes, in the order in which they get done; by this process if that is 1.

    Where there is no room for a worker, this process does the work. Tasks are asked for, from another thread, as workers get
    free; `name` tells people which one it is. Raises RunStoppedError if a worker is lost or memory runs out, errors of the
    evaluator as the function raises them, and WorkerError for anything else that it raises in a worker. Closing the generator
    ends the workers.
    """
    waiting = iter(tasks)
    first: list[_Task] = []
    if jobs > 1 and _can_have_children():
        # finding the first tasks may take a while, which a signal may interrupt
        first += islice(waiting, jobs)
    if first:
        try:
            yield from _Workers(function, first, waiting, name).results()
            return
        except _NoWorkerError:
            pass
    for task in chain(first, waiting):
        try:
            result = function(task)
        except MemoryError:
            raise _short_of_memory(name(task)) from None
        yield result


def _can_have_children() -> bool:
    """Whether workers can be started: there is shared memory, and this is no daemon of multiprocessing, which may have none."""
    import multiprocessing

    # loky finds out about semaphores too late, and joblib with a warning
    return not multiprocessing.current_process().daemon and system.semaphores_work()


class _NoWorkerError(Exception):
    """No worker could be started, and nothing has been done."""


class _Workers(Generic[_Task, _Done]):
    """A worker process for each of the `first` tasks, for these and all that are `waiting`."""

    def __init__(
        self,
        function: Callable[[_Task], _Done],
        first: Sequence[_Task],
        waiting: Iterator[_Task],
        name: Callable[[_Task], str],
    ) -> None:
        self._function = function
        self._first = first
        self._waiting = waiting
        self._name = name
        self._executor: Any = None
        self._processes: dict[int, Any] = {}
        """Of the executor, which changes it too."""
        self._taken: list[Any] = []
        """Those that it is not to end any more."""
        self._in_hand: dict[Any, _Task] = {}
        self._done: SimpleQueue[Any] = SimpleQueue()
        """Futures as they get done; None to end at once."""
        self._results: SimpleQueue[_Done | _End] = SimpleQueue()
        # should nobody close the results, it does not keep the interpreter from ending, and the kernel ends its workers with it
        self._thread = threading.Thread(target=self._run, name="lvos-eval pool", daemon=True)

    def results(self) -> Generator[_Done, None, None]:
        """Every result as it comes. When it ends, however it does, the workers are gone."""
        try:
            try:
                self._thread.start()
            except RuntimeError as error:
                raise _NoWorkerError from error
            while not isinstance(result := self._results.get(), _End):
                yield result
        except BaseException:
            # another signal, or the time limit, changes nothing about an end that has begun and that says why
            with contextlib.suppress(RunStoppedError, KeyboardInterrupt):
                self._end()
            raise
        self._end()
        if result.error is not None:
            raise result.error

    def _end(self) -> None:
        self._done.put(None)
        # the interpreter stops such threads before it throws away what nobody has closed
        if self._thread.ident is not None and not sys.is_finalizing():
            self._thread.join()

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            self._start()
            self._feed()
        except BaseException as failure:  # noqa: BLE001 - raised by whoever reads the results
            error = failure
        finally:
            try:
                self._end_workers()
            finally:
                self._results.put(_End(error))

    def _start(self) -> None:
        try:
            # two that start at once would each take the other's environment for the host's
            with _STARTING, _environment_kept():
                # only where it is needed: it takes as long to load as all the rest
                from joblib.externals.loky import ProcessPoolExecutor

                self._executor = ProcessPoolExecutor(
                    len(self._first), initializer=settle_in, initargs=(os.getpid(),), env=_ENVIRONMENT
                )
                self._processes = self._executor._processes
                for task in self._first:
                    self._submit(task)
        except Exception as error:  # whatever it is, this process can do the work
            raise _NoWorkerError from error

    def _submit(self, task: _Task) -> None:
        future = self._executor.submit(answer, self._function, task)
        self._in_hand[future] = task
        future.add_done_callback(self._notice)

    def _notice(self, future: Any) -> None:
        """Called as a task gets done, also when a worker is lost: in a thread of loky, before that does anything about it."""
        from joblib.externals.loky.process_executor import BrokenProcessPool

        if isinstance(future.exception(), BrokenProcessPool):
            # loky would end the others by way of a program that not every machine has
            self._take_over()
        self._done.put(future)

    def _feed(self) -> None:
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        try:
            while self._in_hand and (future := self._done.get()) is not None:
                succeeded, reply = future.result()
                task = self._in_hand.pop(future)
                if not succeeded:
                    raise _short_of_memory(self._name(task)) if isinstance(reply, MemoryError) else reply
                self._results.put(reply)
                for following in islice(self._waiting, 1):
                    self._submit(following)
        except TerminatedWorkerError as error:
            raise _lost(error, [self._name(task) for task in self._in_hand.values()]) from error

    def _take_over(self) -> None:
        """Has loky know of no worker any more. May be called from two threads at once."""
        with contextlib.suppress(KeyError):
            while True:
                self._taken.append(self._processes.popitem()[1])

    def _end_workers(self) -> None:
        """Ends all workers and what served them, and waits until they are gone."""
        # nothing may be kept until the garbage is collected: the semaphores go with the executor
        executor, self._executor = self._executor, None
        self._in_hand.clear()
        if executor is None:
            return
        manager, calls, answers = executor._executor_manager_thread, executor._call_queue, executor._result_queue
        # loky's thread stumbles over a task that it has not sent to a worker yet
        with contextlib.suppress(Empty):
            while True:
                executor._work_ids.get_nowait()
        self._take_over()
        executor.shutdown(wait=False, kill_workers=True)
        for worker in self._taken:
            if worker.is_alive():
                system.end_process(worker)
        for worker in self._taken:
            worker.join(_SECONDS_TO_END)
        if manager is not None:
            manager.join(_SECONDS_TO_CLOSE)
        # should a worker have left a message half done, whoever still reads or writes it learns that nobody is at the other end
        for pipe in (calls._reader, answers._writer):
            with contextlib.suppress(OSError):
                pipe.close()
        # loky tells the thread that writes to the workers to end, and does not wait for it
        for thread in (manager, calls._thread):
            if thread is not None:
                thread.join(_SECONDS_TO_END)
        self._taken.clear()


class _End:
    """The last of the results; `error` is to be raised."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


@contextlib.contextmanager
def _environment_kept() -> Iterator[None]:
    """A block in which child processes do not look for modules in the current folder, whoever the host of this package is.

    The variable that joblib sets when it is loaded goes too.
    """
    before = {name: os.environ.get(name) for name in (SAFE_PATH, "KMP_INIT_AT_FORK")}
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _lost(error: Exception, in_hand: Sequence[str]) -> RunStoppedError:
    """What is told of a lost worker; loky says how it ended in words such as `{SIGKILL(-9)}`."""
    doing = f" while it worked on {'one of ' if len(in_hand) > 1 else ''}{listed(in_hand)}" if any(in_hand) else ""
    found = re.search(r"\((-?\d+)\)", str(error).rsplit("exit codes", 1)[-1])
    code = int(found[1]) if found else -system.KILLED
    if code >= 0:
        end, hint = f"ended with exit code {code}", "the lines above may tell why"
    elif code == -system.KILLED:
        end, hint = "was killed", "most likely out of memory; give the run more memory or fewer --jobs"
    else:
        end, hint = f"was ended by {_signal_name(-code)}", "if it happens again, a mask in these frames makes a library crash"
    return RunStoppedError(f"a worker process {end}{doing}, {hint}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _short_of_memory(task: str) -> RunStoppedError:
    return RunStoppedError(f"out of memory{f' at {task}' if task else ''}; give the run more memory or fewer --jobs")
