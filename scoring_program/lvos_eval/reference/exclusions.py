"""Frames that are left out of scoring because their ground truth is faulty: as they are written, and which frames that means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from lvos_eval.protocols.contract import MaskLayout

__all__ = ["FrameRun", "excluded_frames", "parse_run", "write_runs"]

_RUN: Final = re.compile(r"([0-9]{1,10})(?:\s*-\s*([0-9]{1,10}))?")


class FrameRun(NamedTuple):
    """All annotated frames from `first` to `last`, both included; a single frame is a run of one."""

    first: int
    last: int

    def name(self, layout: MaskLayout) -> str:
        """By the names of its frames: `00000206-00000306`."""
        first, last = layout.name(self.first), layout.name(self.last)
        return first if first == last else f"{first}-{last}"


def parse_run(text: str) -> FrameRun | None:
    """`206`, `00000206`, `206-306`: decimal always, whatever the leading zeros. None for anything else."""
    match = _RUN.fullmatch(text.strip())
    return FrameRun(int(match[1]), int(match[2] or match[1])) if match else None


def excluded_frames(runs: Iterable[FrameRun], annotated: frozenset[int]) -> tuple[frozenset[int], list[FrameRun]]:
    """The annotated frames that the runs name, and the runs that name none."""
    found = {run: frozenset(frame for frame in annotated if run.first <= frame <= run.last) for run in runs}
    return frozenset().union(*found.values()), [run for run, frames in found.items() if not frames]


def write_runs(excluded: frozenset[int], annotated: Iterable[int]) -> list[str]:
    """Frames as `exclude` takes them, as few runs as there can be: what lies between the ends of a run is excluded too."""
    runs: list[FrameRun] = []
    previous: int | None = None
    for frame in sorted(annotated):
        if frame in excluded:
            together = bool(runs) and runs[-1].last == previous
            runs[-1:] = [FrameRun(runs[-1].first, frame)] if together else [*runs[-1:], FrameRun(frame, frame)]
        previous = frame
    return [_short(run) for run in runs]


def _short(run: Sequence[int]) -> str:
    first, last = run
    return str(first) if first == last else f"{first}-{last}"
