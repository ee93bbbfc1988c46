"""What a worker process does: how it settles in, and what it answers to a task."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from lvos_eval import system
from lvos_eval.diagnostics.errors import ReferenceDataError, RunStoppedError, UsageError, WorkerError, format_traceback

__all__ = ["answer", "settle_in"]


def settle_in(parent: int) -> None:
    """The first thing that a worker of the process `parent` does."""
    system.end_with_parent(parent)
    # the terminal's Ctrl-C is for the parent, which ends its workers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    system.volunteer_for_oom_killer()
    system.keep_freed_memory()
    _have_no_memory_watched()


def answer(function: Callable[[Any], object], task: object) -> tuple[bool, object]:
    """Whether there is a result of the function, and that or the exception in its place."""
    try:
        return True, function(task)
    except MemoryError:
        return False, MemoryError()
    except (ReferenceDataError, RunStoppedError, UsageError) as fault:
        return False, fault
    except Exception as error:  # noqa: BLE001 - goes on in the parent
        return False, WorkerError(format_traceback(error, messages=True), format_traceback(error, messages=False))


def _have_no_memory_watched() -> None:
    """Has loky not ask psutil how large this process is, which fails where /proc is that of another namespace.

    loky would let a worker end that has grown much; one works as long as a run takes and keeps no mask.
    """
    from joblib.externals.loky import process_executor

    process_executor._USE_PSUTIL = False
