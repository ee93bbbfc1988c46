"""In what Linux, macOS and Windows differ: the one module that asks whether a system has a function.

Everything else calls what is here. Where a system lacks something, each function says what happens in its place. It is the lowest
floor, because files, processes and stores need it alike.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

__all__ = [
    "ENDING_SIGNALS",
    "KILLED",
    "OPEN_FOLDER",
    "OPEN_NEW",
    "OPEN_OWN",
    "OPEN_REGULAR",
    "end_process",
    "end_with_parent",
    "keep_freed_memory",
    "lock",
    "physical_memory",
    "read_ahead",
    "read_at",
    "repeating_alarm",
    "semaphores_work",
    "usable_cores",
    "volunteer_for_oom_killer",
]


def _flags(*names: str) -> int:
    """Flags for `os.open`, those that this system has."""
    found = 0
    for name in names:
        found |= getattr(os, name, 0)
    return found


OPEN_REGULAR: Final = _flags("O_RDONLY", "O_CLOEXEC", "O_NONBLOCK", "O_BINARY")
"""To read a file that somebody else made. A pipe in its place is not waited for; where there is no O_NONBLOCK, there are no pipes
in folders either. O_BINARY keeps Windows from changing line ends and from stopping at byte 26."""

OPEN_NEW: Final = _flags("O_WRONLY", "O_CREAT", "O_EXCL", "O_CLOEXEC", "O_BINARY")
"""To write a file that is not there yet."""

OPEN_OWN: Final = _flags("O_RDWR", "O_CREAT", "O_CLOEXEC", "O_BINARY")
"""To have a file of our own, made where it is not there."""

OPEN_FOLDER: Final = _flags("O_RDONLY", "O_DIRECTORY", "O_CLOEXEC")
"""To have a descriptor of a folder. Windows has none: there, opening a folder raises PermissionError."""

ENDING_SIGNALS: Final = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))
"""Signals that ask a process to end."""

KILLED: Final = 9
"""The number of the signal that ends a process without asking it, also where there are no signals."""

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_KEEP_FREED_BYTES: Final = 32 << 20
"""The largest threshold that glibc accepts."""

_PR_SET_PDEATHSIG: Final = 1

_SEEKING: Final = threading.Lock()


def read_at(descriptor: int, number: int, position: int) -> bytes:
    """At most `number` bytes of an open file from a position on. Raises OSError.

    Threads may share the descriptor. Without `pread` they wait for each other, and the file's own position moves.
    """
    if hasattr(os, "pread"):
        return os.pread(descriptor, number, position)
    with _SEEKING:
        os.lseek(descriptor, position, os.SEEK_SET)
        return os.read(descriptor, number)


def read_ahead(descriptor: int, start: int, length: int) -> None:
    """Tells the kernel which stretch of a file is read next; elsewhere than on Linux nothing happens."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, start, length, os.POSIX_FADV_WILLNEED)


def lock(descriptor: int) -> None:
    """Locks an open file or folder until the descriptor is closed. Raises BlockingIOError if somebody else has locked it.

    Some file systems, and Windows, have no such locks: nothing is locked there, and nobody can be kept out.
    """
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return


@contextlib.contextmanager
def repeating_alarm(seconds: float, interval: float, act: Callable[..., object]) -> Iterator[None]:
    """A block in which `act` is called after some seconds, then at every interval, whatever the main thread does.

    In another thread, and on Windows, which has no such clock, it is never called: what hangs there has to be ended by others.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, act)
    # counted down by the monotonic clock
    signal.setitimer(signal.ITIMER_REAL, seconds, interval)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def usable_cores() -> int:
    """Cores that this process may be scheduled on; where there is no affinity, all of the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def physical_memory() -> int | None:
    """Bytes of memory of this machine; None where nothing tells."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def semaphores_work() -> bool:
    """Whether processes can share semaphores, as workers need them; some sandboxes have no shared memory."""
    import multiprocessing

    # those of `fork` need no process that looks after them
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
    try:
        multiprocessing.get_context(method).Semaphore()
    except OSError:
        return False
    return True


def end_process(process: Any) -> None:
    """Ends a child process of multiprocessing at once, without asking it."""
    with contextlib.suppress(ProcessLookupError):
        if hasattr(signal, "SIGKILL"):
            os.kill(process.pid, signal.SIGKILL)
        else:
            process.terminate()


def end_with_parent(parent: int) -> None:
    """Has the kernel kill this process when the thread that started it ends, even in the middle of a task.

    Only Linux has the call. Elsewhere a worker of a parent that was killed ends after its task.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def volunteer_for_oom_killer() -> None:
    """Offers this process to the kernel where memory runs out, so that the one that reports it lives on; only Linux has that."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


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
