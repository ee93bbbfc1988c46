"""The figures that a benchmark is made for: what they are quotients of, and what the project wants of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

__all__ = ["FIGURES", "Figure", "Outcome", "table"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial took: seconds from its start to its end, processor seconds, those for an object in a frame, memory in MB."""

    wall: float
    cpu: float
    each: float
    peak: float


@dataclass(frozen=True, slots=True)
class Figure:
    """`quantity` of the trial `over`, divided by that of the trial `under` if there is one."""

    title: str
    over: str
    under: str | None = None
    quantity: str = "cpu"
    at_least: float | None = None
    at_most: float | None = None

    def of(self, outcomes: Mapping[str, Outcome]) -> float:
        """The figure in one round."""
        over = getattr(outcomes[self.over], self.quantity)
        return float(over / getattr(outcomes[self.under], self.quantity) if self.under else over)

    def verdict(self, value: float) -> str:
        """The target in words, and whether a value misses it; empty without a target."""
        words = f"at least {self.at_least:g}" if self.at_least else f"at most {self.at_most:g}" if self.at_most else ""
        missed = value < (self.at_least or value) or value > (self.at_most or value)
        return f"{words} (missed)" if missed else words


FIGURES: Final = (
    Figure("textbook / ours, good 720p", "good textbook", "good", "each", at_least=20),
    Figure("textbook / ours, good 720p, digest included", "good textbook", "good unsealed", "each", at_least=15),
    Figure("textbook / ours, bad 720p", "bad textbook", "bad", "each", at_least=15),
    Figure("textbook / ours, good 1080p", "1080p textbook", "1080p", "each", at_least=25),
    Figure("ours / decode floor, good 720p", "good", "floor", "each", at_most=4.5),
    Figure("zip / folder", "good zip", "good", "each", at_most=1.15),
    Figure("without zlib-ng / with it", "good stdlib", "good", "each"),
    Figure("1 process / 2 workers, time", "long", "long, 2 workers", "wall"),
    Figure("2 workers / 1 process", "long, 2 workers", "long"),
    Figure("memory, long video, MB", "long", quantity="peak", at_most=120),
    Figure("memory, 2,000 frames / 200 frames", "long", "short", "peak", at_most=1.05),
    Figure("`import lvos_eval` / bare interpreter", "import", "interpreter"),
    Figure("`lvos-eval --help` / bare interpreter", "help", "interpreter"),
    Figure("start of `lvos-eval score`, s", "start"),
    Figure("rescoring, nothing stored / all stored", "rescore cold", "rescore warm"),
)
"""Every figure, in the order of the table. The targets are those that the project has set itself."""


def table(figures: Sequence[Figure], rounds: Sequence[Mapping[str, Outcome]]) -> str:
    """Each figure as a row of a Markdown table: a quotient is taken within a round, then the median over the rounds."""
    lines = ["| figure | measured | lowest to highest | wanted |", "|---|---:|---:|---|"]
    for figure in figures:
        values = [figure.of(outcomes) for outcomes in rounds]
        middle = median(values)
        spread = f"{min(values):.2f} to {max(values):.2f}"
        lines.append(f"| {figure.title} | {middle:.2f} | {spread} | {figure.verdict(middle)} |")
    return "\n".join(lines)
