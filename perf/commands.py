"""What whole commands take on generated data: `python -m perf.commands DATA`, or `make load` on the largest real size."""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from perf.process import Usage, measure

__all__ = ["lvos_eval", "main", "seal"]


def lvos_eval(*arguments: str | Path) -> Usage:
    """What `lvos-eval ARGUMENTS` takes. Raises RuntimeError if it fails."""
    return measure(["-m", "lvos_eval", *arguments])


def seal(reference: Path, sealed: Path) -> Usage:
    """Makes `sealed` the same reference data with the digest of its ground truth, as a bundle has it; what checking them took."""
    usage = lvos_eval("check-reference", reference)
    sealed.mkdir(parents=True)
    for entry in reference.iterdir():
        (sealed / entry.name).symlink_to(entry.resolve())
    settings = sealed / "scoring.yaml"
    lines = settings.read_text() if settings.exists() else ""
    settings.unlink(missing_ok=True)
    settings.write_text(lines + next(line for line in usage.output.splitlines(True) if line.startswith("ground_truth:")))
    return usage


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures as Markdown. Returns 2 if there is no data."""
    parser = argparse.ArgumentParser(prog="python -m perf.commands", description=__doc__)
    parser.add_argument("data", type=Path, metavar="DATA", help="what perf.data has written, with --zip")
    parser.add_argument("--copies", type=int, default=1, help="submissions that are rescored (default: %(default)s)")
    parser.add_argument("--jobs", default="2", help="worker processes (default: %(default)s)")
    given = parser.parse_args(arguments)
    submission = given.data / "good.zip"
    if not submission.exists():
        print(f"no {submission}; `make load-data` writes it", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sealed, submissions = folder / "sealed", folder / "submissions"
        used = {"`check-reference`": seal(given.data / "reference", sealed)}
        options = ("--reference", sealed, "--jobs", given.jobs, "--quiet")
        used["`check`"] = lvos_eval("check", submission, "--reference", sealed)
        used["`score`"] = lvos_eval("score", submission, *options, "--output", folder / "one", "--detail", "public")
        submissions.mkdir()
        for number in range(given.copies):
            shutil.copy(submission, submissions / f"team{number:03d}.zip")
        for state in ("nothing stored", "all stored"):
            used[f"`rescore`, {state}"] = lvos_eval("rescore", submissions, *options, "--output", folder / "all")
        about = json.loads((folder / "one" / "scoring_details.json").read_text())["submission"]
    print(f"{about['videos']} videos, {about['frames']:,} scored frames, {about['objects']} objects;", end=" ")
    print(f"the zip has {submission.stat().st_size / 1e6:,.0f} MB; {given.copies} rescored; {given.jobs} workers:\n")
    print("| command | time, s | processor time, s | frames a second | memory of all processes at the peak, MB | processes |")
    print("|---|---:|---:|---:|---:|---:|")
    for command, usage in used.items():
        numbers = f"{usage.seconds:.1f} | {usage.cpu_seconds:.1f} | {about['frames'] / usage.seconds:,.0f}"
        print(f"| {command} | {numbers} | {usage.peak_mb:.0f} | {usage.processes} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
