"""How fast the program is next to the textbook program: `python -m perf.bench`, or `make bench`.

Every trial is a command in a fresh process, and all trials of a round stand side by side. It measures and never judges by its
exit code.
"""

import argparse
import json
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from perf.commands import lvos_eval, seal
from perf.data import STAMP
from perf.figures import FIGURES, Figure, Outcome, table
from perf.process import ROOT, Usage, measure

__all__ = ["DATA", "DOCUMENT", "MARK", "main"]

DATA: Final = ("mixed-720p", "hd-1080p", "long", "short", "tiny")
DOCUMENT: Final = ROOT / "docs" / "speed.md"
MARK: Final = "<!-- figures -->\n"
TRUTH: Final = "reference/Annotations"
PACKAGES: Final = {"numpy": "numpy", "OpenCV": "opencv-python-headless", "Pillow": "pillow", "zlib-ng": "zlib-ng"}
PROGRAM: Final = ("-m", "lvos_eval")
WITHOUT_ZLIB_NG: Final = "import sys, runpy; sys.modules['zlib_ng'] = None; runpy.run_module('lvos_eval', run_name='__main__')"


@dataclass(frozen=True, slots=True)
class Trial:
    """A scoring, compared by what an object in a frame takes; the start of the program is left out of that."""

    data: str
    submission: str = "good"
    sealed: bool = True
    jobs: str = "1"
    program: tuple[str, ...] = PROGRAM


TRIALS: Final[Mapping[str, Trial]] = {
    "start": Trial("tiny"),
    "good": Trial("mixed-720p"),
    "good unsealed": Trial("mixed-720p", sealed=False),
    "good zip": Trial("mixed-720p", "good.zip"),
    "good stdlib": Trial("mixed-720p", program=("-c", WITHOUT_ZLIB_NG)),
    "bad": Trial("mixed-720p", "bad"),
    "1080p": Trial("hd-1080p"),
    "short": Trial("short"),
    "long": Trial("long"),
    "long, 2 workers": Trial("long", jobs="2"),
}
TEXTBOOK: Final[Mapping[str, int]] = {"good": 15, "bad": 15, "1080p": 8}
"""Trials that the textbook program makes for one value of so many, others each round: it is slow."""


class Bench:
    """The data sets in `data`; what is written goes to `work`, which begins empty. `against` is another work tree to measure."""

    def __init__(self, data: Path, work: Path, against: Path | None = None) -> None:
        self.data, self.work = data, work
        self.trees = {"": ROOT} | ({" there": against} if against else {})
        for name in DATA:
            seal(data / name / "reference", work / name)
        self.values = {name: self._values(TRIALS[name]) for name in TEXTBOOK}
        """J and F by mask and label of the trials that the textbook program makes."""
        self.compared = self.different = 0

    def _values(self, trial: Trial) -> dict[tuple[str, int], tuple[float, float]]:
        self._score(trial, "full")
        found = json.loads((self.work / "output" / "scoring_details.json").read_text())["frames"]
        return {
            (f"{key.rpartition('/')[0]}/{frame:08d}.png", int(key.rpartition("/")[2])): (j, f)
            for key, series in found.items()
            for frame, j, f in zip(series["frame"], series["J"], series["F"], strict=True)
        }

    def _score(self, trial: Trial, detail: str, tree: Path = ROOT) -> Usage:
        folder = self.data / trial.data
        reference = self.work / trial.data if trial.sealed else folder / "reference"
        where = ("--reference", reference, "--output", self.work / "output")
        options = ("--jobs", trial.jobs, "--detail", detail)
        return measure([*trial.program, "score", folder / trial.submission, *where, *options], tree)

    def trials(self, number: int) -> Iterator[tuple[str, Outcome]]:
        """The trials of a round, each with its outcome."""
        yield "interpreter", _outcome(measure(["-c", ""]))
        yield "import", _outcome(measure(["-c", "import lvos_eval"]))
        yield "help", _outcome(lvos_eval("--help"))
        start = 0.0
        for name, trial in TRIALS.items():
            for suffix, tree in self.trees.items():
                usage = self._score(trial, "public", tree)
                start = start or usage.cpu_seconds
                yield name + suffix, _outcome(usage, (usage.cpu_seconds - start) / len(self.values.get(name.split()[0], "1")))
            if name in TEXTBOOK:
                yield f"{name} textbook", self._textbook(name, trial, number)
        masks = {f"{self.data}/mixed-720p/{source}/{mask}" for mask, _ in self.values["good"] for source in (TRUTH, "good")}
        cpu = self._work("inflate", sorted(masks))["cpu"]
        yield "floor", Outcome(cpu, cpu, cpu / len(self.values["good"]), 0)
        yield from self._rescorings()

    def _textbook(self, name: str, trial: Trial, number: int) -> Outcome:
        sample = list(self.values[name].items())[number % TEXTBOOK[name] :: TEXTBOOK[name]]
        folder = self.data / trial.data
        found = self._work(
            "score", [(f"{folder}/{TRUTH}/{mask}", f"{folder}/{trial.submission}/{mask}", label) for (mask, label), _ in sample]
        )
        self.compared += len(sample)
        self.different += sum(tuple(theirs) != ours for theirs, (_, ours) in zip(found["values"], sample, strict=True))
        return Outcome(found["cpu"], found["cpu"], found["cpu"] / len(sample), 0)

    def _work(self, work: str, task: Sequence[Any]) -> dict[str, Any]:
        path = self.work / "task.json"
        path.write_text(json.dumps(task))
        found: dict[str, Any] = json.loads(measure(["-m", "perf.textbook", work, path]).output)
        return found

    def _rescorings(self) -> Iterator[tuple[str, Outcome]]:
        submissions, output = self.work / "submissions", self.work / "rescored"
        submissions.mkdir(exist_ok=True)
        shutil.copy(self.data / "mixed-720p" / "good.zip", submissions)
        shutil.rmtree(output, ignore_errors=True)
        options = ("--reference", self.work / "mixed-720p", "--output", output, "--jobs", "1", "--quiet")
        for name in ("rescore cold", "rescore warm"):
            yield name, _outcome(lvos_eval("rescore", submissions, *options))


def _outcome(usage: Usage, each: float = 0.0) -> Outcome:
    return Outcome(usage.seconds, usage.cpu_seconds, each, usage.largest_mb)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints the figures as Markdown. Returns 2 if there is nothing to measure."""
    parser = argparse.ArgumentParser(prog="python -m perf.bench", description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT / "bench-data", metavar="DIR", help=f"folder with {', '.join(DATA)}")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default: %(default)s)")
    parser.add_argument(
        "--against", type=Path, metavar="TREE", help="measure the program of another work tree in turn with this one"
    )
    parser.add_argument("--write", action="store_true", help=f"put the figures into docs/{DOCUMENT.name}")
    given = parser.parse_args(arguments)
    if missing := [name for name in DATA if not (given.data / name / STAMP).exists()]:
        print(f"no {', '.join(missing)} in {given.data}; `make bench-data` writes the data", file=sys.stderr)
        return 2
    rounds = []
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(given.data.resolve(), Path(work), given.against)
        for number in range(given.rounds):
            print(f"round {number + 1} of {given.rounds}", file=sys.stderr)
            rounds.append(dict(bench.trials(number)))
    figures = [*FIGURES, *(Figure(f"{name}: here / there", name, f"{name} there") for name in TRIALS if given.against)]
    versions = [f"Python {platform.python_version()}", *(f"{name} {version(package)}" for name, package in PACKAGES.items())]
    text = f"Median of {given.rounds} rounds ({', '.join(versions)}):\n\n{table(figures, rounds)}\n\n"
    text += f"{bench.compared} pairs of J and F of the textbook program and of ours: {bench.different} differ in any bit.\n"
    print(text, end="")
    if given.write:
        before, _, after = DOCUMENT.read_text().split(MARK)
        DOCUMENT.write_text(MARK.join((before, text, after)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
