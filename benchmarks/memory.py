"""How much memory a process has had at its peak, as the kernel counts it."""

import os
import re
import resource
import sys
from pathlib import Path

__all__ = ["peak_of_this_process", "peak_of_workers"]


def peak_of_this_process() -> float:
    """Largest resident memory of this process in 10^6 bytes.

    Linux's VmHWM where there is one: `ru_maxrss` of a new process begins with the memory of the one that started it.
    """
    peak = _peak(os.getpid())
    if peak is not None:
        return peak
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def peak_of_workers() -> float | None:
    """Largest resident memory of a living child of this process in 10^6 bytes; None without children or where nothing tells."""
    children: list[str] = []
    for path in Path("/proc/self/task").glob("*/children"):
        children += path.read_text().split()
    return max((peak for child in children if (peak := _peak(int(child))) is not None), default=None)


def _peak(process: int) -> float | None:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else None
