"""How far Overall could be from what it is by the choice of videos alone: a bootstrap interval.

Overall is the mean of two splits, and which categories are unseen is part of the benchmark's design, not of chance. So
videos are drawn *within* each split, as many as it has; drawing from all videos would mix the splits' weights and now and then
leave one empty. Whole videos are drawn because the objects of a video share its difficulty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvos_eval.aggregation import ObjectScore

__all__ = ["LEVEL", "RESAMPLES", "SEED", "Interval", "overall_interval"]

LEVEL: Final = 0.95
RESAMPLES: Final = 10_000
SEED: Final = 20240501
"""The month of the official toolkit's second version; any number would do, as long as it stays."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The percentile interval `low` to `high` of Overall at `level`, and what it takes to compute it again."""

    low: float
    high: float
    level: float
    resamples: int
    seed: int


def overall_interval(objects: Sequence[ObjectScore], *, resamples: int = RESAMPLES, seed: int = SEED) -> Interval | None:
    """The percentile bootstrap interval of Overall (Efron, 1979) over videos, drawn anew within each split.

    None if a split has a single video: its draws would all be the same and the interval too narrow. Equal objects give equal
    bits on every machine and numpy version, because only the generator's raw output is used.
    """
    splits = [split for unseen in (False, True) if (split := _by_video(o for o in objects if o.unseen is unseen))]
    if not splits or any(len(split) < 2 for split in splits):
        return None
    generator = np.random.PCG64(seed)
    overall = np.zeros(resamples)
    for split in splits:
        sums, counts = (np.array(column, np.float64) for column in zip(*split, strict=True))
        drawn = _draw(generator, resamples, len(split))
        overall += sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(overall / len(splits), [tail, 1 - tail])
    return Interval(float(low), float(high), LEVEL, resamples, seed)


def _by_video(objects: Iterable[ObjectScore]) -> list[tuple[float, int]]:
    """Of each video, the sum of J&F over its objects and their number; videos in the order of the objects."""
    videos: dict[str, tuple[float, int]] = {}
    for score in objects:
        total, count = videos.get(score.video, (0.0, 0))
        videos[score.video] = total + score.jf, count + 1
    return list(videos.values())


def _draw(generator: np.random.PCG64, rows: int, videos: int) -> NDArray[np.intp]:
    """Indices below `videos`, shape (rows, videos): the upper 32 bits of each raw number, scaled."""
    raw: NDArray[np.uint64] = generator.random_raw(rows * videos)
    return ((raw >> np.uint64(32)) * np.uint64(videos) >> np.uint64(32)).astype(np.intp).reshape(rows, videos)
