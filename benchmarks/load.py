"""A data set of the largest real size, scored from one zip on two cores: `python -m benchmarks.load DATA`, or `make load`.

Each command of the program runs in a process of its own, as its users start it. What is measured is the time from its start to
its end, the processor time of all its processes, and their memory, looked at several times a second.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.dataset import DataSet
from benchmarks.make_data import STAMP
from benchmarks.memory import memory_of_tree
from benchmarks.results import commit, environment
from benchmarks.trial import ROOT
from lvos_eval.formats.inflate import ACCELERATED
from lvos_eval.reference.settings import SETTINGS_FILE

__all__ = ["Load", "main", "measure"]

DATA: Final = ROOT / "bench-data" / "v2-val"
SECONDS_BETWEEN: Final = 0.1
"""Between two looks at the memory."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one command took."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    """Largest memory of all its processes together in 10^6 bytes; what they share is counted once."""
    processes: int
    """Largest number of processes at a time."""
    output: str


class _Watch:
    """Looks at the memory of a process and its descendants until told to stop."""

    def __init__(self, process: int) -> None:
        self.peak_mb = 0.0
        self.processes = 0
        self._process = process
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(SECONDS_BETWEEN):
            memory, processes = memory_of_tree(self._process)
            self.peak_mb = max(self.peak_mb, memory)
            self.processes = max(self.processes, processes)


def measure(arguments: Sequence[str | Path], cores: int) -> Load:
    """Runs `python -m lvos_eval ARGUMENTS` on so many cores. Raises CalledProcessError if it fails."""
    search = os.pathsep.join([str(ROOT / "scoring_program"), *filter(None, [os.environ.get("PYTHONPATH")])])
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    command = [sys.executable, "-m", "lvos_eval", *map(str, arguments)]
    started = time.perf_counter()
    before = os.times()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": search},
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
        text=True,
    )
    watch = _Watch(process.pid)
    with watch.watching():
        output, _ = process.communicate()
    seconds = time.perf_counter() - started
    after = os.times()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return Load(seconds, cpu, watch.peak_mb, watch.processes, output)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints the figures as Markdown. Returns 2 if there is no data."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, nargs="?", default=DATA, metavar="DATA", help="what benchmarks.make_data has written")
    parser.add_argument("--tracker", default="good", help="whose zip to score (default: %(default)s)")
    parser.add_argument("--cores", type=int, default=2, help="default: %(default)s")
    options = parser.parse_args(arguments)
    data = DataSet(options.data)
    archive = data.submission(options.tracker, zipped=True)
    if not archive.exists():
        print(f"no {archive}; `make load-data` writes it", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        loads = _measure_all(data, archive, Path(folder), options.cores)
        scores = json.loads((Path(folder) / "output" / "scores.json").read_text())
    print(_markdown(data, archive, loads, options.cores))
    print(f"\nOverall {scores['Overall']:.6f}", file=sys.stderr)
    return 0


def _measure_all(data: DataSet, archive: Path, folder: Path, cores: int) -> dict[str, Load]:
    """The commands that look at every mask, with the ground truth sealed as in a bundle for the last ones."""
    original = data.manifest().folder
    reference = folder / "reference"
    reference.mkdir()
    for entry in original.iterdir():
        (reference / entry.name).symlink_to(entry.resolve())
    loads = {"`check-reference`": measure(["check-reference", reference], cores)}
    seal = next(line for line in loads["`check-reference`"].output.splitlines() if line.startswith("ground_truth:"))
    (reference / SETTINGS_FILE).write_text(f"{seal}\ndetail: public\n")
    loads["`check`"] = measure(["check", archive, "--reference", reference], cores)
    loads["`score`"] = measure(["score", archive, "--reference", reference, "--output", folder / "output"], cores)
    return loads


def _markdown(data: DataSet, archive: Path, loads: dict[str, Load], cores: int) -> str:
    manifest = data.manifest()
    with zipfile.ZipFile(archive) as members:
        masks = sum(name.endswith(".png") for name in members.namelist())
    versions = ", ".join(f"{name} {value}" for name, value in environment([data.folder / STAMP], ACCELERATED).items())
    frames = f"{masks:,} frames ({manifest.scored_count:,} scored)"
    size = f"{archive.stat().st_size / 1e6:,.0f} MB"
    lines = [
        f"{len(manifest.videos)} videos, {frames}, {manifest.object_count} objects; the zip has {size}.",
        f"Commit {commit()}, {cores} cores, {versions}:",
        "",
        "| command | time, s | processor time, s | frames a second | memory of all processes at the peak, MB | processes |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, load in loads.items():
        rate = manifest.scored_count / load.seconds
        lines.append(
            f"| {name} | {load.seconds:.1f} | {load.cpu_seconds:.1f} | {rate:,.0f} | {load.peak_mb:.0f} | {load.processes} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
