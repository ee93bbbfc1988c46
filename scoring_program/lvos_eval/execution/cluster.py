"""Where the work of a rescoring is done: the cores of this machine, or a cluster that somebody else looks after.

Every engine is one of joblib's own back ends: it deals the tasks out, and it does again what a lost worker had in hand. Work that
is lost again and again ends the run; what was finished is in the store.
"""

from __future__ import annotations

import platform
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from lvos_eval import system
from lvos_eval.diagnostics.errors import RunStoppedError, UsageError
from lvos_eval.diagnostics.text import counted, listed
from lvos_eval.execution.pool import map_unordered
from lvos_eval.execution.resources import available_cores
from lvos_eval.version import __version__

__all__ = ["BACKENDS", "Backend", "LocalBackend", "open_backend"]

BACKENDS: Final = ("local", "dask")

_WAIT_FOR_WORKERS: Final = 60
"""Seconds that a cluster has to show a first worker."""

Task = TypeVar("Task")
Done = TypeVar("Done")


class Backend(Protocol):
    """Does tasks somewhere, in any order."""

    @property
    def description(self) -> str:
        """Where the work is done, in words."""

    def run(self, function: Callable[[Task], Done], tasks: Iterable[Task]) -> Iterator[Done]:
        """`function` of every task as it gets done; tasks are asked for, from any thread, as workers get free.

        Raises RunStoppedError where work is lost for good.
        """


class LocalBackend:
    """Worker processes on this machine; one job is done in this process."""

    def __init__(self, jobs: int | None = None) -> None:
        self._jobs = jobs if jobs is not None else available_cores()

    @property
    def description(self) -> str:
        return "this process" if self._jobs == 1 else f"{self._jobs} processes on this machine"

    def run(self, function: Callable[[Task], Done], tasks: Iterable[Task]) -> Iterator[Done]:
        return map_unordered(function, tasks, self._jobs)


class _StrangerError(Exception):
    """A worker that must not score: of another version, or without sight of the masks."""


@dataclass(frozen=True, slots=True)
class _OnCluster:
    """A function as a worker of a cluster calls it, which may have joined at any time and run on any machine."""

    function: Callable[..., Any]
    version: str
    paths: tuple[Path, ...]

    def __call__(self, task: object) -> Any:
        if self.version != __version__:
            raise _StrangerError(f"a worker has lvos-eval {__version__}, this is {self.version}: install the same on all")
        unseen = [str(path) for path in self.paths if not path.exists()]
        if unseen:
            raise _StrangerError(
                f"a worker on {platform.node()} does not see {listed(unseen)}: put the masks on storage that all machines "
                "have at the same path"
            )
        system.volunteer_for_oom_killer()
        system.keep_freed_memory()
        return self.function(task)


class _ClusterBackend:
    """Workers elsewhere, by way of a joblib back end; `lost` are the exceptions by which the engine gives work up."""

    def __init__(self, engine: Any, description: str, paths: Sequence[Path], lost: tuple[type[BaseException], ...]) -> None:
        self._engine = engine
        self.description = description
        self._paths = tuple(paths)
        self._lost = lost

    def run(self, function: Callable[[Task], Done], tasks: Iterable[Task]) -> Iterator[Done]:
        import joblib

        remote = joblib.delayed(_OnCluster(function, __version__, self._paths))
        try:
            with joblib.parallel_config(backend=self._engine, n_jobs=-1):
                parallel = joblib.Parallel(
                    return_as="generator_unordered", batch_size=1, pre_dispatch="3*n_jobs", max_nbytes=None
                )
                yield from forward_results(parallel(remote(task) for task in tasks))
        except self._lost as error:
            raise RunStoppedError(
                "work was lost more than once together with the worker that did it, most likely out of memory; what was "
                f"finished is in the store: start again when the cluster works ({error})"
            ) from error
        except _StrangerError as error:
            raise RunStoppedError(str(error)) from error


def forward_results(results: Generator[Done, None, None]) -> Generator[Done, None, None]:
    """The results of a joblib pool. When nobody asks for more, the pool is stopped without joblib's advice on the console."""
    try:
        for result in results:  # noqa: UP028 - `yield from` would close the pool before the warning can be held back
            yield result
    except GeneratorExit:
        # the time limit or a signal comes to a run that is being ended already and says why
        with warnings.catch_warnings(), suppress(RunStoppedError, KeyboardInterrupt):
            warnings.simplefilter("ignore", UserWarning)
            results.close()
        raise


@contextmanager
def open_backend(name: str, scheduler: str | None, jobs: int | None, paths: Sequence[Path]) -> Iterator[Backend]:
    """The engine of a name; its workers have to see all `paths`. Raises UsageError where it is not there to be used."""
    if name == "local":
        if scheduler is not None:
            raise UsageError("--scheduler is for a cluster: say --backend dask")
        yield LocalBackend(jobs)
        return
    if jobs is not None:
        raise UsageError("--jobs is for this machine: a cluster has as many workers as were started for it")
    if find_spec("distributed") is None:
        raise UsageError("--backend dask needs the package distributed: pip install distributed")
    with _dask(scheduler, paths) as backend:
        yield backend


@contextmanager
def _dask(scheduler: str | None, paths: Sequence[Path]) -> Iterator[Backend]:
    from distributed import Client, KilledWorker
    from joblib._dask import DaskDistributedBackend

    class Engine(DaskDistributedBackend):  # type: ignore[misc]
        """joblib's back end, but work that Dask gives up is reported: otherwise joblib goes on waiting for it."""

        def effective_n_jobs(self, n_jobs: int) -> int:
            # at one job joblib does the work in this process, and a cluster of one worker may still grow
            return max(int(super().effective_n_jobs(n_jobs)), 2)

        def submit(self, func: Any, callback: Any = None) -> Any:
            future = super().submit(func, callback)

            def report(done: Any) -> None:
                error = done.exception()
                if error is not None and callback is not None:
                    callback(_GivenUp(error))

            future.add_done_callback(report)
            return future

        def retrieve_result_callback(self, out: Any) -> Any:
            if isinstance(out, _GivenUp):
                raise out.error
            return super().retrieve_result_callback(out)

    if scheduler is None:
        raise UsageError("--backend dask needs --scheduler ADDRESS, such as tcp://10.0.0.1:8786: see docs/scaling.md")
    try:
        client = Client(scheduler, timeout="10s", set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise UsageError(f"no Dask scheduler answers at {scheduler}: {error or 'no answer'}") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=_WAIT_FOR_WORKERS)
        except TimeoutError:
            raise UsageError(f"the Dask scheduler at {scheduler} has no worker after {_WAIT_FOR_WORKERS} s") from None
        cores = sum(client.ncores().values())
        where = (
            f"{counted(len(client.ncores()), 'Dask worker')} with {counted(cores, 'thread')}; dashboard {client.dashboard_link}"
        )
        yield _ClusterBackend(Engine(client=client), where, paths, (KilledWorker,))


@dataclass(frozen=True, slots=True)
class _GivenUp:
    error: BaseException
