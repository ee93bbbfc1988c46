"""What a worker process does: how it settles in, and what it answers to a task."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from lvos_eval.diagnostics.errors import ReferenceDataError, RunStoppedError, UsageError, WorkerError, format_traceback

__all__ = ["answer", "keep_freed_memory", "settle_in", "volunteer_for_oom_killer"]

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_KEEP_FREED_BYTES: Final = 32 << 20
"""The largest threshold that glibc accepts."""

_PR_SET_PDEATHSIG: Final = 1


def settle_in(parent: int) -> None:
    """The first thing that a worker of the process `parent` does."""
    _die_with(parent)
    # the terminal's Ctrl-C is for the parent, which ends its workers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    volunteer_for_oom_killer()
    keep_freed_memory()
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


def _have_no_memory_watched() -> None:
    """Has loky not ask psutil how large this process is, which fails where /proc is that of another namespace.

    loky would let a worker end that has grown much; one works as long as a run takes and keeps no mask.
    """
    from joblib.externals.loky import process_executor

    process_executor._USE_PSUTIL = False


def _die_with(parent: int) -> None:
    """Has the kernel kill this process when the thread that started it ends, even in the middle of a task.

    Only Linux has the call.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
