"""The command: `python -m soak [--runs 500] [--seed N] [--only RUN]`, with the search path that `make soak` sets.

Two thirds of the runs are made by one process that lives through all of them, the rest by processes of their own, which are also
killed, starved and pulled the rug from under. After each run everything that it may have left behind is looked for. Run k of a
seed is always the same: `--only k` repeats it alone.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from random import SystemRandom

from soak.soaking import Soak


def _report(soak: Soak, seconds: float) -> str:
    runs = sum(counts.total() for counts in soak.endings.values())
    lines = [f"{runs} runs of seed {soak.seed} in {seconds / 60:.1f} minutes, {len(soak.faults)} faults", ""]
    lines += ["| what happened to the run | runs | exit codes |", "|---|---:|---|"]
    for name, counts in sorted(soak.endings.items()):
        codes = ", ".join(f"{code}: {count}" for code, count in sorted(counts.items(), key=lambda pair: -pair[1]))
        lines.append(f"| {name} | {counts.total()} | {codes} |")
    lines += ["", "| runs of the one process | memory, MB | open descriptors | child processes |", "|---:|---:|---:|---:|"]
    for tenth in range(11):
        position = min(len(soak.samples) * tenth // 10, len(soak.samples) - 1)
        sample = soak.samples[position]
        lines.append(f"| {position + 1} | {sample.resident:.1f} | {sample.descriptors} | {len(sample.descendants)} |")
    return "\n".join([*lines, "", f"{soak.unfinished} unfinished files in the output folders of runs that were killed"])


def main() -> int:
    """Returns 1 if anything was left behind or ended as it should not."""
    parser = argparse.ArgumentParser(prog="python -m soak", description="Scores random submissions in a row under random faults.")
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6), help="default: another one each time")
    parser.add_argument("--only", type=int, metavar="RUN", help="make this run of the seed only")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    numbers = range(options.runs) if options.only is None else [options.only]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        soak = Soak(Path(folder), options.seed)
        for number in numbers:
            soak.run(number)
            if (number + 1) % 50 == 0:
                print(f"{number + 1} runs, {len(soak.faults)} faults, {time.monotonic() - started:.0f} s", flush=True)
        soak.end()
    if soak.samples:
        print(_report(soak, time.monotonic() - started))
    print("\n".join(soak.faults), file=sys.stderr)
    return 1 if soak.faults else 0


if __name__ == "__main__":
    sys.exit(main())
