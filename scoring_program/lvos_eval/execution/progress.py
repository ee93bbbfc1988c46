"""Telling people how far a stretch of work is: a bar on a terminal, a plain line every few seconds in a log, and the page."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Final, NoReturn, Self, TextIO, TypeVar

from lvos_eval.diagnostics.text import duration
from lvos_eval.execution.deadline import Deadline
from lvos_eval.execution.lifecycle import print_line
from lvos_eval.execution.workload import PieceResult

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["Progress", "ProgressObserver", "ProgressReporter"]

SECONDS_BETWEEN: Final = 5.0
"""Between two lines in a log, and between two refreshes of the page."""

_Done = TypeVar("_Done", bound=PieceResult)


@dataclass(frozen=True, slots=True)
class Progress:
    """Work done and to do in a running job; `seconds_left` is an estimate, None while there is nothing to base it on."""

    what: str
    """What is being done, as `scoring`."""
    videos_done: int
    videos: int
    frames_done: int
    frames: int
    seconds_left: float | None


class ProgressReporter:
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
        self._bar = self._new_bar() if self._on_terminal else None

    def _new_bar(self) -> tqdm[NoReturn]:
        # a log has no use for it, and it takes a while to load
        from tqdm import tqdm

        return tqdm(total=self._units, desc=self._what, unit=f" {self._unit}", file=sys.stderr, leave=False, dynamic_ncols=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()

    def advance(self, units: int = 0, **counts: int) -> bool:
        """Counts work that has been done, and says so now and then: whether that was now."""
        self._units_done += units
        for name, count in counts.items():
            self._done[name] += count
        if self._bar is not None:
            if self._totals:
                rest = ", ".join(f"{self._done[name]}/{total} {name}" for name, total in self._totals.items())
                self._bar.set_postfix_str(rest, refresh=False)
            self._bar.update(units)
        now = time.monotonic()
        if now - self._said < SECONDS_BETWEEN:
            return False
        self._said = now
        if self._log is not None and not self._on_terminal:
            print_line(self._log, self.line(now))
        return True

    def line(self, now: float) -> str:
        """`scoring: 12 of 60 submissions, 96 of 480 videos, 5310 of 66056 frames, 812 frames/s, about 1 min left`."""
        counts = [f"{self._done[name]} of {total} {name}" for name, total in self._totals.items()]
        counts.append(f"{self._units_done} of {self._units} {self._unit}")
        if (left := self.seconds_left(now)) is not None:
            rate = self._units_done / (now - self._started)
            counts.append(f"{rate:.0f} {self._unit}/s" if rate >= 10 else f"{rate:.1f} {self._unit}/s")
            counts.append(f"about {duration(left)} left")
        return f"{self._what}: {', '.join(counts)}"

    def seconds_left(self, now: float) -> float | None:
        """An estimate, None while there is nothing to base it on."""
        seconds = now - self._started
        if not self._units_done or seconds <= 0:
            return None
        return seconds * (self._units - self._units_done) / self._units_done


class ProgressObserver:
    """Watches results of pieces go by, and says so."""

    def __init__(
        self,
        frames_by_video: Mapping[str, int],
        log: TextIO | None,
        on_progress: Callable[[Progress], None] | None = None,
        deadline: Deadline | None = None,
    ) -> None:
        """`log` is where plain lines go, None for silence; `on_progress` is called every few seconds."""
        self._frames_by_video = frames_by_video
        self._log = log
        self._on_progress = on_progress
        self._deadline = deadline

    def __call__(self, what: str, total: int, results: Iterable[_Done], /) -> Iterator[_Done]:
        """Passes the results on. Raises RunStoppedError once the deadline has passed."""
        frames = videos = 0
        by_video: Counter[str] = Counter()
        with ProgressReporter(self._log, what, "frames", total, videos=len(self._frames_by_video)) as reporter:
            for result in results:
                yield result
                frames += result.frames
                before, wanted = by_video[result.video], self._frames_by_video.get(result.video, 0)
                by_video[result.video] += result.frames
                completed = int(before < wanted <= by_video[result.video])
                videos += completed
                now = time.monotonic()
                if self._deadline is not None and frames < total:
                    self._deadline.check(now, f"{what}: {frames} of {total} frames were done")
                if reporter.advance(result.frames, videos=completed) and self._on_progress is not None:
                    left = reporter.seconds_left(now)
                    self._on_progress(Progress(what, videos, len(self._frames_by_video), frames, total, left))
