"""Values that are not the ids but explain themselves: which scale or shift turned ids into them.

A rule counts only if it explains every mask that it is asked about, and a value stands for an object only where all rules that
do so agree. Nothing here looks at a ground truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

from lvos_eval.protocols.contract import VOID_LABEL

__all__ = [
    "ENOUGH_EVIDENCE",
    "LabelVideo",
    "ScaleReading",
    "evidence",
    "read_scale",
    "read_shift",
    "scaled_alike",
]

ENOUGH_EVIDENCE: Final = 20.0
"""Bits: some thousand rules are tried, so ten bits would be chance."""

_ENOUGH_DIFFERENT: Final = 18.0
"""Bits of different values: the third multiple of a constant, among three objects."""


class LabelVideo(NamedTuple):
    """The declared ids of a video and the different sets of values that its masks hold, 0 among them."""

    ids: tuple[int, ...]
    masks: frozenset[frozenset[int]]
    strays: frozenset[int] = frozenset()
    """Values that a rule need not explain: of few pixels, or void."""

    @property
    def values(self) -> frozenset[int]:
        """Every value but 0."""
        return frozenset().union(*self.masks) - {0}

    @property
    def odd(self) -> frozenset[int]:
        """The values that are neither ids nor strays."""
        return self.values.difference(self.ids, self.strays)


class ScaleReading(NamedTuple):
    """A rule that explains the values of all videos, and by video the id of each value; None where it cannot be known."""

    rule: str
    ids: Mapping[str, Mapping[int, int] | None]


def evidence(videos: Collection[LabelVideo]) -> float:
    """How improbable it is, in bits, that values fit a rule by chance; those that are ids of their video are no evidence."""
    return sum(len(video.odd) * math.log2(255 / min(len(video.ids), 255)) for video in videos)


_Scale = Callable[[int], int]


def _largest_becomes_255(largest: int) -> tuple[_Scale, ...]:
    """The ways to stretch 0..`largest` to 0..255: cut off, rounded half up and half to even, and as matplotlib does."""
    return (
        lambda label: min(int(label / largest * 255), 255),
        lambda label: min(label * 255 // largest, 255),
        lambda label: min((2 * label * 255 + largest) // (2 * largest), 255),
        lambda label: min(round(label * 255 / largest), 255),
        lambda label: min(label * 256 // largest, 255),
    )


@cache
def _fixed_scales() -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The name of each rule that is the same for all masks, and what it makes of every id from 0 to 255."""
    scales: dict[tuple[int, ...], str] = {}
    for factor in range(2, 256):
        scales.setdefault(tuple(object_id * factor & 0xFF for object_id in range(256)), f"the ids times {factor}")
        scales.setdefault(tuple(min(object_id * factor, 255) for object_id in range(256)), f"the ids times {factor}")
    # what is stretched by less than 2 looks like ids with a gap
    for largest in range(2, 128):
        for scale in _largest_becomes_255(largest):
            scales.setdefault(tuple(map(scale, range(256))), f"the ids, stretched so that {largest} becomes 255")
    return tuple((name, table) for table, name in scales.items())


def _inverse(ids: Collection[int], scale: _Scale) -> dict[int, set[int]]:
    """What each value may be; nothing for a scale that leaves half of the ids or more as they are."""
    if 2 * sum(scale(object_id) == object_id for object_id in ids) >= len(ids):
        return {}
    inverse: dict[int, set[int]] = {}
    for object_id in ids:
        inverse.setdefault(scale(object_id), set()).add(object_id)
    return inverse


def _stretches(ids: Sequence[int]) -> list[dict[int, set[int]]]:
    """What the values may be if the largest id that is there became 255, by the possible ids."""
    return [
        _inverse([object_id for object_id in ids if object_id <= largest], scale)
        for largest in sorted(ids)
        for scale in _largest_becomes_255(largest)
    ]


_Options = Mapping[int, set[int]]
"""The ids that each value may stand for."""


def _fixed(table: Sequence[int]) -> Callable[[LabelVideo], _Options | None]:
    def explain(video: LabelVideo) -> _Options | None:
        inverse = _inverse(video.ids, table.__getitem__)
        if not video.values <= inverse.keys() | video.strays:
            return None
        # an object that became background is lost, whatever the others became
        return {value: set() if 0 in inverse else inverse.get(value, {0}) for value in video.values}

    return explain


def _by_video(video: LabelVideo) -> _Options | None:
    if not video.values:
        return {}
    if VOID_LABEL not in video.values:
        return None
    return _united(options for options in _stretches(video.ids) if video.values <= options.keys())


def _by_mask(video: LabelVideo) -> _Options | None:
    explained = []
    stretches = _stretches(video.ids)
    for values in {mask - {0} for mask in video.masks} - {frozenset[int]()}:
        fits = [{value: options[value] for value in values} for options in stretches if values <= options.keys()]
        if VOID_LABEL not in values or not fits:
            return None
        explained += fits
    return _united(explained) or {}


def _united(readings: Iterator[_Options] | Sequence[_Options]) -> _Options | None:
    united: dict[int, set[int]] = {}
    found = False
    for options in readings:
        found = True
        for value, ids in options.items():
            united[value] = united.get(value, set()) | ids
    return united if found else None


def _rules() -> Iterator[tuple[str, Callable[[LabelVideo], _Options | None]]]:
    yield "the ids, stretched so that the largest one of a video becomes 255", _by_video
    yield "the ids, stretched so that the largest one of a mask becomes 255", _by_mask
    for name, table in _fixed_scales():
        yield name, _fixed(table)


def read_scale(videos: Mapping[str, LabelVideo]) -> ScaleReading | None:
    """The rule by which every value of every mask is an id times something; None if there is none."""
    # the video with the most values rules out the most
    order = sorted(videos, key=lambda name: -len(videos[name].values))
    first = ""
    possible: dict[str, dict[int, set[int]]] = {name: {} for name in order}
    vague = set()
    for rule, explain in _rules():
        found: dict[str, _Options] = {}
        for name in order:
            options = explain(videos[name])
            if options is None:
                break
            found[name] = options
        else:
            first = first or rule
            for name, options in found.items():
                for value in videos[name].values:
                    possible[name][value] = possible[name].get(value, set()) | options[value]
                    if not options[value]:
                        vague.add(name)
    if not first:
        return None
    ids = {
        name: None
        if name in vague or any(len(ids) != 1 for ids in options.values())
        else {value: min(ids) for value, ids in sorted(options.items(), key=lambda pair: min(pair[1])) if ids != {0}}
        for name, options in possible.items()
    }
    return ScaleReading(first, ids)


def scaled_alike(videos: Mapping[str, LabelVideo]) -> list[str]:
    """The videos with odd values that one rule explains, the same for all masks; none if chance would explain them as well.

    The others may be right, so only different odd values are evidence.
    """
    odd = {name: video for name, video in videos.items() if video.odd}
    if not odd:  # nearly always, and the table of rules takes longer than a small submission
        return []
    best, most = list[str](), _ENOUGH_DIFFERENT
    for _, table in _fixed_scales():
        explain = _fixed(table)
        names = [name for name, video in odd.items() if explain(video) is not None]
        found = frozenset().union(*(odd[name].odd for name in names))
        bits = len(found) * math.log2(255 / max([min(len(odd[name].ids), 255) for name in names], default=1))
        if bits > most:
            best, most = names, bits
    return best


def read_shift(videos: Mapping[str, LabelVideo], white_share: float) -> ScaleReading | None:
    """The ids from 2 on above a background of 1 or 0, or from 0 on beside one of 255; `white_share` of the pixels are 255."""
    masks = [(video, mask) for video in videos.values() for mask in video.masks]
    above = all(0 not in mask and mask <= {1, *(object_id + 1 for object_id in video.ids)} for video, mask in masks)
    if above and any(mask - {1, *video.ids} for video, mask in masks):
        return ScaleReading(
            "one more than the ids, and the background is 1",
            {name: {object_id + 1: object_id for object_id in video.ids} for name, video in videos.items()},
        )
    over = all(mask <= {0, *(object_id + 1 for object_id in video.ids)} for video, mask in masks)
    if over and evidence(videos.values()) >= ENOUGH_EVIDENCE:
        return ScaleReading(
            "one more than the ids",
            {name: {object_id + 1: object_id for object_id in video.ids} for name, video in videos.items()},
        )
    below = all(mask <= {VOID_LABEL, *(object_id - 1 for object_id in video.ids)} for video, mask in masks)
    if below and white_share > 0.5 and any(0 in mask and mask - {0, VOID_LABEL} for _, mask in masks):
        return ScaleReading(
            "one less than the ids, and the background is 255",
            {name: {object_id - 1: object_id for object_id in video.ids} for name, video in videos.items()},
        )
    return None
