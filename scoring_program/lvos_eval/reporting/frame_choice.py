"""Which frames of each object have a picture: the worst ones, and some between them where there is room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from statistics import fmean
from typing import Final

from lvos_eval.scoring.results import ObjectFrame

__all__ = ["frames_to_draw"]

PICTURES_EACH: Final = 2
GOOD_ENOUGH: Final = 0.9
"""J&F of a frame from which on there is nothing to show."""
_SHARES: Final = (0.0, 1.0, 0.5, 0.25, 0.75, 0.125, 0.375, 0.625, 0.875)
"""Where in the time of an object further frames are, in the order in which they are chosen."""


def frames_to_draw(
    values: Mapping[tuple[str, int], Sequence[ObjectFrame]], between: int = 0
) -> Iterator[tuple[tuple[str, int], ObjectFrame]]:
    """The worst frame of each object, then the next worst at some distance in time; lowest objects first in each round.

    Then at most `between` others of the objects that have one, spread over their time.
    """
    lowest_first = sorted(
        (key for key, found in values.items() if found), key=lambda key: fmean(value.quality for value in values[key])
    )
    chosen: dict[tuple[str, int], list[ObjectFrame]] = {key: [] for key in lowest_first}
    for _ in range(PICTURES_EACH):
        for key in lowest_first:
            found = values[key]
            apart = (found[-1].frame - found[0].frame) // 8
            free = [
                value
                for value in found
                if value.quality < GOOD_ENOUGH and all(abs(value.frame - other.frame) > apart for other in chosen[key])
            ]
            if free:
                worst = min(free, key=lambda value: (value.quality, value.frame))
                chosen[key].append(worst)
                yield key, worst
    yield from islice(_spread(values, chosen), between)


def _spread(
    values: Mapping[tuple[str, int], Sequence[ObjectFrame]], chosen: Mapping[tuple[str, int], Sequence[ObjectFrame]]
) -> Iterator[tuple[tuple[str, int], ObjectFrame]]:
    """The first frame of each object that has one already, its last, then those between."""
    for share in _SHARES:
        for key, others in chosen.items():
            value = values[key][round(share * (len(values[key]) - 1))]
            if others and value not in others:
                yield key, value
