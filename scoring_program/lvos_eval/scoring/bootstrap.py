"""How far J&F, or a difference in it, could be from what it is by the choice of videos alone: bootstrap intervals.

Overall of LVOS is the mean of two splits, and which categories are unseen is part of the benchmark's design, not of chance. So
videos are drawn *within* each group, as many as it has; drawing from all videos would mix the groups' weights and now and then
leave one empty. Whole videos are drawn because the objects of a video share its difficulty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvos_eval.scoring.results import Interval

__all__ = ["LEVEL", "RESAMPLES", "SEED", "PairedDifference", "overall_difference", "overall_interval"]

LEVEL: Final = 0.95
RESAMPLES: Final = 10_000
SEED: Final = 20240501
"""The month of the official toolkit's second version; any number would do, as long as it stays."""


class Scored(Protocol):
    """An object with its J&F."""

    @property
    def video(self) -> str: ...
    @property
    def object_id(self) -> int: ...
    @property
    def group(self) -> str: ...
    @property
    def jf(self) -> float: ...


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """The percentile interval `low` to `high` of the difference in Overall, and the share of draws in which the new one is
    `better` (equal ones count half)."""

    low: float
    high: float
    better: float
    level: float
    resamples: int
    seed: int


def overall_interval(objects: Sequence[Scored], *, resamples: int = RESAMPLES, seed: int = SEED) -> Interval | None:
    """The percentile bootstrap interval of Overall (Efron, 1979) over videos, resampled within each split.

    None if a split has a single video: its draws would all be the same and the interval too narrow. Equal objects give equal
    bits on every machine and numpy version, because only the generator's raw output is used.
    """
    splits = _splits(objects)
    if splits is None:
        return None
    overall = _draws(splits, resamples, seed)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(overall, [tail, 1 - tail])
    return Interval(float(low), float(high), LEVEL, resamples, seed)


def overall_difference(
    old: Sequence[Scored], new: Sequence[Scored], *, resamples: int = RESAMPLES, seed: int = SEED
) -> PairedDifference | None:
    """The paired bootstrap of the difference in Overall, `new` less `old`, over videos, resampled within each split.

    Both results are taken on the same drawn videos, so that the difficulty of a video, which both share, drops out: two
    intervals that overlap widely may belong to a difference that is certain. None if the two do not score the same objects in
    the same splits, or if a split has a single video.
    """
    before = {(score.video, score.object_id, score.group): score.jf for score in old}
    if before.keys() != {(score.video, score.object_id, score.group) for score in new}:
        return None
    splits = _splits(new, before)
    if splits is None:
        return None
    difference = _draws(splits, resamples, seed)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(difference, [tail, 1 - tail])
    better = float(np.mean(difference > 0) + np.mean(difference == 0) / 2)
    return PairedDifference(float(low), float(high), better, LEVEL, resamples, seed)


_Split: TypeAlias = Sequence[tuple[float, int]]
"""Of each video, the sum of the values of its objects and their number."""


def _splits(objects: Sequence[Scored], before: Mapping[tuple[str, int, str], float] | None = None) -> list[_Split] | None:
    """The splits that have objects, by J&F less what it was before; None if there is none, or one of a single video."""
    groups = sorted({score.group for score in objects})
    splits: list[_Split] = [_by_video((o for o in objects if o.group == group), before or {}) for group in groups]
    return None if not splits or any(len(split) < 2 for split in splits) else splits


def _draws(splits: Sequence[_Split], resamples: int, seed: int) -> NDArray[np.float64]:
    """The mean of the splits' means over objects, for `resamples` draws of videos; shape (resamples,)."""
    generator = np.random.PCG64(seed)
    total = np.zeros(resamples)
    for split in splits:
        sums, counts = (np.array(column, np.float64) for column in zip(*split, strict=True))
        drawn = _draw(generator, resamples, len(split))
        total += sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return total / len(splits)


def _by_video(objects: Iterable[Scored], before: Mapping[tuple[str, int, str], float]) -> list[tuple[float, int]]:
    """Of each video, the sum of J&F over its objects and their number; videos in the order of the objects."""
    videos: dict[str, tuple[float, int]] = {}
    for score in objects:
        total, count = videos.get(score.video, (0.0, 0))
        videos[score.video] = total + (score.jf - before.get((score.video, score.object_id, score.group), 0.0)), count + 1
    return list(videos.values())


def _draw(generator: np.random.PCG64, rows: int, videos: int) -> NDArray[np.intp]:
    """Indices below `videos`, shape (rows, videos): the upper 32 bits of each raw number, scaled."""
    raw: NDArray[np.uint64] = generator.random_raw(rows * videos)
    return ((raw >> np.uint64(32)) * np.uint64(videos) >> np.uint64(32)).astype(np.intp).reshape(rows, videos)
