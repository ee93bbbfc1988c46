"""Telling how far a rescoring is: submissions, videos and frames done, how fast, and how much longer."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Final, Self, TextIO

from tqdm import tqdm

from lvos_eval.diagnostics.text import duration
from lvos_eval.execution.lifecycle import print_line

__all__ = ["Pace"]

SECONDS_BETWEEN: Final = 5.0
"""Between two lines in a log."""


class Pace:
    """One stretch of work, told as a bar on a terminal and as a plain line every few seconds elsewhere."""

    def __init__(self, log: TextIO | None, what: str, unit: str, units: int, **totals: int) -> None:
        """`units` are what the rate and the time left go by; `totals` are other things to count. No `log`: silence."""
        self._log = log
        self._what = what
        self._unit = unit
        self._units = units
        self._totals = totals
        self._done = dict.fromkeys(totals, 0)
        self._units_done = 0
        self._started = self._said = time.monotonic()
        self._on_terminal = log is not None and sys.stderr.isatty()
        self._bar = tqdm(
            total=units,
            desc=what,
            unit=f" {unit}",
            disable=not self._on_terminal,
            file=sys.stderr,
            leave=False,
            dynamic_ncols=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.close()

    def advance(self, units: int = 0, **counts: int) -> None:
        """Counts work that has been done, and says so now and then."""
        self._units_done += units
        for name, count in counts.items():
            self._done[name] += count
        self._bar.update(units)
        if self._totals:
            self._bar.set_postfix_str(", ".join(f"{self._done[name]}/{total} {name}" for name, total in self._totals.items()))
        now = time.monotonic()
        if now - self._said < SECONDS_BETWEEN:
            return
        self._said = now
        if self._log is not None and not self._on_terminal:
            print_line(self._log, self.line(now))

    def line(self, now: float) -> str:
        """`scoring: 12 of 60 submissions, 96 of 480 videos, 5310 of 66056 frames, 812 frames/s, about 1 min left`."""
        counts = [f"{self._done[name]} of {total} {name}" for name, total in self._totals.items()]
        counts.append(f"{self._units_done} of {self._units} {self._unit}")
        seconds = now - self._started
        if self._units_done and seconds > 0:
            rate = self._units_done / seconds
            counts.append(f"{rate:.0f} {self._unit}/s" if rate >= 10 else f"{rate:.1f} {self._unit}/s")
            counts.append(f"about {duration((self._units - self._units_done) / rate)} left")
        return f"{self._what}: {', '.join(counts)}"
