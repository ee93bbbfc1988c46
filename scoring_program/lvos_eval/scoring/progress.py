"""Telling people how far a run is: a bar on a terminal, a plain line every few seconds in a log, and the page."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TextIO, TypeVar

from tqdm import tqdm

from lvos_eval.execution.deadline import Deadline
from lvos_eval.execution.lifecycle import print_line
from lvos_eval.reference.workload import PieceResult
from lvos_eval.scoring.results import Progress

__all__ = ["ProgressObserver"]

SECONDS_BETWEEN: Final = 5.0
"""Between two lines in a log, and between two refreshes of the page."""


_Done = TypeVar("_Done", bound=PieceResult)


class ProgressObserver:
    """Watches chunk results go by and says so."""

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
        started = said = time.monotonic()
        frames = 0
        by_video: Counter[str] = Counter()
        # a bar and plain lines would say the same thing twice
        on_terminal = self._log is not None and sys.stderr.isatty()
        with tqdm(total=total, desc=what, unit=" frames", disable=not on_terminal, file=sys.stderr, leave=False) as bar:
            for result in results:
                yield result
                bar.update(result.frames)
                frames += result.frames
                by_video[result.video] += result.frames
                now = time.monotonic()
                if self._deadline is not None and frames < total:
                    self._deadline.check(now, f"{what}: {frames} of {total} frames were done")
                if now - said < SECONDS_BETWEEN:
                    continue
                said = now
                done = sum(count >= self._frames_by_video.get(video, 0) for video, count in by_video.items())
                progress = Progress(
                    what, done, len(self._frames_by_video), frames, total, (now - started) * (total - frames) / frames
                )
                if self._log is not None and not on_terminal:
                    print_line(self._log, progress_line(progress))
                if self._on_progress is not None:
                    self._on_progress(progress)


def progress_line(progress: Progress) -> str:
    """One plain line: `scoring: 12 of 140 videos, 5310 of 66056 frames, about 41 s left`."""
    left = f", about {progress.seconds_left:.0f} s left" if progress.seconds_left is not None else ""
    videos = f"{progress.videos_done} of {progress.videos} videos"
    return f"{progress.what}: {videos}, {progress.frames_done} of {progress.frames} frames{left}"
