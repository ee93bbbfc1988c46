"""The figures that a benchmark run is made for: what they are quotients of, and what the project wants of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Final

from benchmarks.results import Run
from benchmarks.trial import Outcome

__all__ = ["FIGURES", "Figure", "Measured", "Quantity", "as_json", "measured"]


class Quantity(StrEnum):
    """A number of an outcome."""

    EACH = "seconds an object and frame"
    FIRST = "seconds of the first run"
    LAST = "seconds of the last run"
    PEAK = "peak memory of the process"
    WORKER_PEAK = "peak memory of a worker process"


@dataclass(frozen=True, slots=True)
class Figure:
    """`quantity` of the trial `over`, divided by that of the trial `under` if there is one."""

    key: str
    title: str
    over: str
    quantity: Quantity
    under: str | None = None
    under_quantity: Quantity | None = None
    """Where it is not the same quantity."""
    at_least: float | None = None
    at_most: float | None = None
    goal: float | None = None
    one_process: bool = False
    """Whether processor time tells the same, with less noise where a machine is shared."""

    @property
    def unit(self) -> str:
        return "x" if self.under else " MB"

    @property
    def wanted(self) -> str:
        """The target in words; empty if there is none."""
        words = [f"at least {self.at_least:g}"] if self.at_least is not None else []
        words += [f"at most {self.at_most:g}"] if self.at_most is not None else []
        words += [f"goal {self.goal:g}"] if self.goal is not None else []
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure over the rounds of a run."""

    figure: Figure
    median: float
    low: float
    high: float
    cpu_median: float | None
    """The same from processor time, for figures of one process."""

    @property
    def passed(self) -> bool | None:
        """Whether the median is within the target; None without a target."""
        figure = self.figure
        if not figure.wanted:
            return None
        low, high = figure.at_least, figure.at_most
        return (low is None or self.median >= low) and (high is None or self.median <= high)


FIGURES: Final = (
    Figure(
        "speed-good", "textbook / ours, good 720p", "good usual", Quantity.EACH, "good", at_least=20, goal=30, one_process=True
    ),
    Figure(
        "speed-good-unsealed",
        "textbook / ours, 720p, seal included",
        "good usual",
        Quantity.EACH,
        "good unsealed",
        at_least=20,
        goal=30,
        one_process=True,
    ),
    Figure("speed-bad", "textbook / ours, bad 720p", "bad usual", Quantity.EACH, "bad", at_least=15, one_process=True),
    Figure("speed-1080p", "textbook / ours, good 1080p", "1080p usual", Quantity.EACH, "1080p", at_least=25, one_process=True),
    Figure("floor", "ours / decode floor", "good", Quantity.FIRST, "floor", at_most=4.5, goal=3, one_process=True),
    Figure(
        "floor-unsealed",
        "ours / decode floor, seal included",
        "good unsealed",
        Quantity.FIRST,
        "floor",
        at_most=4.5,
        goal=3,
        one_process=True,
    ),
    Figure(
        "two-workers",
        "1 process / 2 workers, running",
        "long, 1 process",
        Quantity.FIRST,
        "long, 2 workers",
        Quantity.LAST,
        at_least=1.85,
    ),
    Figure("two-workers-cold", "1 process / 2 workers, starting", "long, 1 process", Quantity.FIRST, "long, 2 workers"),
    Figure(
        "all-cores",
        "1 process / all cores, running",
        "long, 1 process",
        Quantity.FIRST,
        "long, all cores",
        Quantity.LAST,
    ),
    Figure("zip", "zip / folder", "good zip", Quantity.FIRST, "good", at_most=1.15, one_process=True),
    Figure("stdlib", "without zlib-ng / with it", "good stdlib", Quantity.FIRST, "good", one_process=True),
    Figure("memory", "peak memory, long video, 1 process", "long, 1 process", Quantity.PEAK, at_most=120),
    Figure("memory-worker", "peak memory, long video, a worker", "long, 2 workers", Quantity.WORKER_PEAK, at_most=120),
    Figure("memory-growth", "peak memory, whole video / 200 frames", "long, 1 process", Quantity.PEAK, "short", at_most=1.05),
)
"""Every figure, in the order of the table. The targets are those that the project has set itself."""


def measured(run: Run) -> list[Measured]:
    """The figures that the run has the trials for. A ratio is taken in each round, then the median over the rounds."""
    found = []
    for figure in FIGURES:
        values = [value for outcomes in run.rounds if (value := _value(figure, outcomes, cpu=False)) is not None]
        if not values:
            continue
        cpu = [value for outcomes in run.rounds if (value := _value(figure, outcomes, cpu=True)) is not None]
        cpu_median = median(cpu) if figure.one_process else None
        found.append(Measured(figure, median(values), min(values), max(values), cpu_median))
    return found


def as_json(figures: list[Measured]) -> dict[str, dict[str, object]]:
    """The figures for readers of the stored file."""
    return {
        item.figure.key: {
            "title": item.figure.title,
            "median": item.median,
            "low": item.low,
            "high": item.high,
            "cpu_median": item.cpu_median,
            "wanted": item.figure.wanted,
            "passed": item.passed,
        }
        for item in figures
    }


def _value(figure: Figure, outcomes: Mapping[str, Outcome], *, cpu: bool) -> float | None:
    over = _read(outcomes.get(figure.over), figure.quantity, cpu=cpu)
    if figure.under is None or over is None:
        return over
    under = _read(outcomes.get(figure.under), figure.under_quantity or figure.quantity, cpu=cpu)
    return None if under is None else over / under


def _read(outcome: Outcome | None, quantity: Quantity, *, cpu: bool) -> float | None:
    if outcome is None:
        return None
    seconds = outcome.cpu_seconds if cpu else outcome.seconds
    match quantity:
        case Quantity.EACH:
            return seconds[0] / outcome.object_frames
        case Quantity.FIRST:
            return seconds[0]
        case Quantity.LAST:
            return seconds[-1]
        case Quantity.PEAK:
            return outcome.peak_mb
        case Quantity.WORKER_PEAK:
            return outcome.worker_peak_mb
