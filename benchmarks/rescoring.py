"""Measure `lvos-eval rescore`: `python -m benchmarks.rescoring workers DATA`, `kills`, or `bookkeeping DATA`.

DATA is what `python -m benchmarks.make_data DATA --zip` has written. It measures and never fails because something is slow.
"""

import argparse
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from benchmarks.make_data import Request, generate
from benchmarks.memory import peak_of_this_process, peak_of_workers
from benchmarks.presets import PRESETS, plan_videos

__all__ = ["main"]

SUBMISSIONS: Final = 60
KILLS: Final = 5
JOBS: Final = 2


@dataclass(frozen=True)
class Run:
    """One rescoring: its wall time and the processor time of all its processes in seconds, and peak memory in 10^6 bytes."""

    seconds: float
    processor: float
    before: float
    """The part of it before the first submission is opened, which reads the ground truth."""
    parent: float
    worker: float | None


def measured(log: Path, arguments: Sequence[str]) -> None:
    """Runs the command in this process, writing each chunk that it deals out to `log` and the measurements to `log`.json."""
    from lvos_eval.cli.main import main as command
    from lvos_eval.rescoring import engine
    from lvos_eval.scoring.chunks import Chunk

    deal, begin = engine._Work.__iter__, engine.Rescoring.__init__
    read: list[float] = []

    def timed(self: engine.Rescoring, *given: Any, **named: Any) -> None:
        begin(self, *given, **named)
        read.append(own_processor_time())

    with log.open("a", buffering=1) as dealt:

        def counted(work: engine._Work) -> Iterator[engine._Part]:
            for part in deal(work):
                assert isinstance(part.chunk, Chunk)
                dealt.write(f"{part.number} {part.chunk.video} {part.chunk.frames[0].frame}\n")
                yield part

        engine._Work.__iter__ = counted  # type: ignore[method-assign]
        engine.Rescoring.__init__ = timed  # type: ignore[method-assign]
        started = time.perf_counter()
        code = command(["rescore", *arguments])
        seconds = time.perf_counter() - started
    measures = {
        "seconds": seconds,
        "processor": own_processor_time(),
        "before": read[0],
        "parent": peak_of_this_process(),
        "worker": peak_of_workers(),
    }
    log.with_suffix(".json").write_text(json.dumps(measures))
    sys.exit(code)


def start(log: Path, submissions: Path, reference: Path, output: Path, *options: str) -> subprocess.Popen[str]:
    arguments = [str(submissions), "--reference", str(reference), "--output", str(output), "--quiet", *options]
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.rescoring", "run", str(log), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], log: Path) -> Run:
    _, errors = process.communicate()
    if process.returncode:
        raise SystemExit(errors)
    peaks: dict[str, Any] = json.loads(log.with_suffix(".json").read_text())
    return Run(**peaks)


def own_processor_time() -> float:
    """Seconds that this process and its living children have computed."""
    return processor_time(os.getpid()) + sum(map(processor_time, children_of(os.getpid())))


def processor_time(process: int) -> float:
    """Seconds that a living process has computed, in user and system mode."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_of(process: int) -> list[int]:
    return [int(child) for path in Path(f"/proc/{process}/task").glob("*/children") for child in path.read_text().split()]


def reference_of(data: Path) -> Path:
    return data / "reference"


def copies(data: Path, folder: Path, number: int) -> Path:
    """So many copies of the zip of the good tracker; nothing is stored yet, so equal ones are all scored."""
    folder.mkdir()
    for index in range(number):
        shutil.copy(data / "good.zip", folder / f"team{index:03d}.zip")
    return folder


def object_frames(data: Path) -> tuple[int, int]:
    """Scored frames of the data, and pairs of such a frame and an object scored in it."""
    from lvos_eval.reference.loading import load_manifest

    manifest = load_manifest(reference_of(data))
    return manifest.scored_count, sum(len(item.scored.frames) for video in manifest.videos for item in video.objects)


@contextmanager
def dask(workers: int, folder: Path) -> Iterator[tuple[str, list[int]]]:
    """The address of a scheduler with so many workers of one thread each, on the loopback interface, and its processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    search = os.pathsep.join(str(Path(path).resolve()) for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": search}
    command = [sys.executable, "-m", "dask"]
    port = address.rpartition(":")[2]
    processes = [
        subprocess.Popen([*command, "scheduler", "--host", "127.0.0.1", "--port", port, "--dashboard-address", ":0"],
                         env=environment, **quiet)  # type: ignore[call-overload]
    ]  # fmt: skip
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    processes += [
        subprocess.Popen([*command, "worker", address, *options], env=environment, **quiet)  # type: ignore[call-overload]
        for _ in range(workers)
    ]
    try:
        from distributed import Client

        with Client(address, timeout="60s", set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address, [process.pid for process in processes]
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def compare_workers(data: Path, submissions: int, rounds: int) -> None:
    """Two workers against one, on this machine and on Dask, one after the other in each round."""
    frames, pairs = object_frames(data)
    taken: dict[str, list[Run]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stored = copies(data, folder / "submissions", submissions)
        for round_ in range(rounds):
            for kind in ("local", "dask"):
                for workers in (1, 2):
                    log, output = folder / f"{kind}-{workers}-{round_}", folder / "output"
                    if kind == "local":
                        run = finish(start(log, stored, reference_of(data), output, "--jobs", str(workers)), log)
                    else:
                        with dask(workers, folder) as (address, cluster):
                            before = sum(map(processor_time, cluster))
                            options = ("--backend", "dask", "--scheduler", address)
                            run = finish(start(log, stored, reference_of(data), output, *options), log)
                            spent = sum(map(processor_time, cluster)) - before
                        run = replace(run, processor=run.processor + spent)
                    shutil.rmtree(output)
                    taken.setdefault(f"{kind} {workers}", []).append(run)
                    print(
                        f"round {round_ + 1}: {kind}, {workers}: {run.seconds:.1f} s, processor {run.processor:.1f} s", flush=True
                    )
    print(f"\n{submissions} submissions, {submissions * frames} frames, {submissions * pairs} object frames; {rounds} rounds")
    for kind in ("local", "dask"):
        one, two = taken[f"{kind} 1"], taken[f"{kind} 2"]
        ratios = [first.seconds / second.seconds for first, second in zip(one, two, strict=True)]
        work = [statistics.median(run.processor for run in runs) for runs in (one, two)]
        print(
            f"{kind}: two workers {statistics.median(ratios):.2f} times as fast as one ({min(ratios):.2f} to {max(ratios):.2f}), "
            f"with {work[1] / work[0]:.2f} times the processor time"
        )
    spent = min(run.processor for run in taken["local 1"])
    print(f"one process: {1e6 * spent / (submissions * pairs):.0f} microseconds of processor time an object frame")
    parent, worker = (max(getattr(run, which) or 0 for run in taken["local 2"]) for which in ("parent", "worker"))
    print(f"peak memory: {parent:.0f} MB the process that deals, {worker:.0f} MB a worker")


def count_redone_work(seed: int) -> None:
    """Kills a rescoring at random moments and tells how much was dealt out more than once."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        request = Request("tiny", frames=24, trackers=("good",))
        generate(folder / "data", request, jobs=1)
        stored = folder / "submissions"
        for index in range(SUBMISSIONS):
            shift_masks(folder / "data" / "good", stored / f"team{index:02d}", index)
        videos = SUBMISSIONS * len(plan_videos(PRESETS["tiny"], videos=None, frames=24, size=None))
        log, output = folder / "dealt", folder / "output"
        moments = sorted(chance.sample(range(2, videos - 3), KILLS))
        for moment in moments:
            process = start(log, stored, reference_of(folder / "data"), output, "--jobs", str(JOBS))
            while process.poll() is None and entries(output) < moment:
                time.sleep(0.001)
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            print(f"killed with {entries(output)} of {videos} videos stored", flush=True)
        finish(start(log, stored, reference_of(folder / "data"), output, "--jobs", str(JOBS)), log)
        dealt = log.read_text().splitlines()
    work = len(set(dealt))
    again = len(dealt) - work
    print(f"{work} chunks of work, {again} of them dealt out again ({100 * again / work:.1f} %) for {KILLS} kills")


def shift_masks(source: Path, target: Path, pixels: int) -> None:
    """A copy of a submission whose masks are moved to the right, so that no two submissions are equal."""
    for path in sorted(source.rglob("*.png")):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            Image.fromarray(np.roll(np.asarray(image), pixels, axis=1)).save(copy)


def entries(output: Path) -> int:
    return sum(1 for _ in (output / ".store").glob("??/*"))


def measure_bookkeeping(data: Path, submissions: int) -> None:
    """What a submission costs beside its scoring: recognised, looked up and written once more when all of it is stored."""
    frames, _ = object_frames(data)
    size = (data / "good.zip").stat().st_size
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stored = copies(data, folder / "submissions", submissions)
        output = folder / "output"
        first = finish(start(folder / "first", stored, reference_of(data), output, "--jobs", "1"), folder / "first")
        again = finish(start(folder / "again", stored, reference_of(data), output, "--jobs", "1"), folder / "again")
        store = sum(path.stat().st_size for path in (output / ".store").rglob("*") if path.is_file())
        per_video = entries(output)
    print(f"{submissions} submissions of {frames} frames and {size / 1e6:.0f} MB")
    each = [(run.processor - run.before) / submissions for run in (first, again)]
    print(f"processor time: {each[0]:.2f} s each when new, {each[1]:.2f} s when stored")
    print(f"processor time: {again.before:.1f} s once, for the ground truth")
    print(f"store: {store / 1e6:.1f} MB in {per_video} entries for one submission")
    print(f"peak memory: {first.parent:.0f} MB when new, {again.parent:.0f} MB when stored")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures what the first argument names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rescoring", description=__doc__)
    commands = parser.add_subparsers(required=True, dest="what")
    workers = commands.add_parser("workers", help="two workers against one, on this machine and on Dask")
    workers.add_argument("data", type=Path)
    workers.add_argument("--submissions", type=int, default=12)
    workers.add_argument("--rounds", type=int, default=3)
    kills = commands.add_parser("kills", help="work that is done again after five kills")
    kills.add_argument("--seed", type=int, default=8)
    bookkeeping = commands.add_parser("bookkeeping", help="what a submission costs beside its scoring")
    bookkeeping.add_argument("data", type=Path)
    bookkeeping.add_argument("--submissions", type=int, default=3)
    run = commands.add_parser("run", help="one measured run, as the others start it")
    run.add_argument("log", type=Path)
    run.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    if options.what == "workers":
        compare_workers(options.data, options.submissions, options.rounds)
    elif options.what == "kills":
        count_redone_work(options.seed)
    elif options.what == "bookkeeping":
        measure_bookkeeping(options.data, options.submissions)
    else:
        measured(options.log, options.arguments)


if __name__ == "__main__":
    main()
