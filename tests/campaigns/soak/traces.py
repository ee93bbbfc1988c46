"""What runs leave behind on a Linux machine: processes, descriptors, memory, files, shared memory."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["MARKER", "Holdings", "descendants", "holdings", "marked_processes", "shared_memory", "wait_for_end"]

MARKER: Final = "SOAK_RUN"
"""A variable by which processes of a run are known, also those whose parent is gone."""
_SHARED: Final = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a process and its descendants hold."""

    descriptors: int
    """Open in the process itself."""
    resident: float
    """Memory of the process itself, in 10^6 bytes."""
    descendants: tuple[int, ...]


def _processes() -> Iterator[int]:
    return (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit())


def marked_processes(value: str) -> list[int]:
    """The living processes that a run with this value of MARKER has started, itself included."""
    wanted = f"{MARKER}={value}".encode()
    found = []
    for process in _processes():
        with contextlib.suppress(OSError):
            # of a zombie nothing can be read, and its parent has yet to be told
            if wanted in Path(f"/proc/{process}/environ").read_bytes().split(b"\0"):
                found.append(process)
    return found


def wait_for_end(value: str, seconds: float) -> list[int]:
    """The marked processes that are still there after so many seconds; none as soon as there are none."""
    until = time.monotonic() + seconds
    while left := marked_processes(value):
        if time.monotonic() > until:
            return left
        time.sleep(0.05)
    return []


def holdings(process: int) -> Holdings:
    """What a living process holds."""
    resident = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    assert resident is not None
    return Holdings(len(os.listdir(f"/proc/{process}/fd")), int(resident[1]) * 1024 / 1e6, descendants(process))


def descendants(process: int) -> tuple[int, ...]:
    """The children of a process, their children and so on; none if it has ended."""
    children: dict[int, list[int]] = {}
    for other in _processes():
        with contextlib.suppress(OSError):
            parent = int(Path(f"/proc/{other}/stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(other)
    found: list[int] = []
    pending = [process]
    while pending:
        here = children.get(pending.pop(), [])
        found += here
        pending += here
    return tuple(sorted(found))


def shared_memory(processes: set[int]) -> set[str]:
    """Segments, semaphores and folders in /dev/shm that one of the processes made, or that do not say who made them.

    Names of joblib and loky hold the process; those of the standard library do not.
    """
    found = set()
    for entry in os.scandir(_SHARED):
        numbers = {int(number) for number in re.findall(r"(?<![0-9a-z])\d+(?![0-9a-z])", entry.name)}
        if numbers & processes or entry.name.startswith(("mp-", "sem.mp-", "psm_")):
            found.add(entry.name)
    return found
