"""What a process takes from its start to its end, its interpreter and its workers included."""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["ROOT", "Usage", "measure"]

ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Usage:
    """What a command took and printed; memory in MB at its peak: of the largest process, and of all with shared pages once."""

    seconds: float
    cpu_seconds: float
    largest_mb: float
    peak_mb: float
    processes: int
    output: str


def measure(arguments: Sequence[str | Path], tree: Path = ROOT) -> Usage:
    """Runs Python with the program of a work tree on its path. Raises RuntimeError if it fails."""
    command = [sys.executable, *map(str, arguments)]
    search = os.pathsep.join([str(tree / "scoring_program"), str(ROOT)])
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONPATH": search})
        looks, ended = [(0.0, 1)], threading.Event()
        watch = threading.Thread(target=_watch, args=(process.pid, looks, ended))
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        ended.set()
        watch.join()
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}: {text}")
    memory, processes = zip(*looks, strict=True)
    return Usage(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, max(memory), max(processes), text)


def _watch(process: int, looks: list[tuple[float, int]], ended: threading.Event) -> None:
    while not ended.wait(0.1):
        looks.append(_memory_of_tree(process))


def _memory_of_tree(process: int) -> tuple[float, int]:
    """Memory of a process and all its descendants, and how many they are."""
    total, count, pending = 0.0, 0, [process]
    while pending:
        folder = Path(f"/proc/{pending.pop()}")
        # any of them may end at any time
        with suppress(OSError):
            for children in folder.glob("task/*/children"):
                pending += [int(child) for child in children.read_text().split()]
            found = re.search(r"^Pss:\s+(\d+) kB$", (folder / "smaps_rollup").read_text(), re.MULTILINE)
            total, count = total + (int(found[1]) * 1024 / 1e6 if found else 0), count + 1
    return total, count
