"""The objects of a stretch of frames against what a submission has for them, measured many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from lvos_eval.formats.label_map import DecodedMask
from lvos_eval.masks.packed import EMPTY_MASK, FrameSize, PackedMask, without
from lvos_eval.metrics.adaptive import score_pairs_adaptively
from lvos_eval.metrics.boundary_matching import Pair
from lvos_eval.metrics.measures import score_pairs
from lvos_eval.metrics.proximity import footprints, surroundings
from lvos_eval.protocols.contract import Measures, Pairing
from lvos_eval.scoring.results import ABSENT_PROPOSAL, ObjectFrame

__all__ = ["ObjectPairs"]

_HELD_BYTES: Final = 1 << 20
"""Bytes of packed masks that wait to be measured; one that fills a frame of 4K video has an eighth of it."""


class _Comparison(NamedTuple):
    """An object and what it is compared with."""

    object_id: int
    visible: bool
    proposal: int | None
    pair: Pair | None
    """None if the masks are too far apart to have anything in common."""


class _Compared(NamedTuple):
    """What a submission's last frame was, and what came of it."""

    truth: DecodedMask
    prediction: DecodedMask
    ids: Sequence[int]
    comparisons: Sequence[_Comparison]


class ObjectPairs:
    """Takes frames one by one and measures their objects when there are many.

    Frames of several submissions may be measured together, each in turn, numbered from 0: what is done with the ground truth of
    a frame is then done once.
    """

    def __init__(
        self, pairing: Pairing, ignored: int | None = None, measures: Measures = Measures.STANDARD, submissions: int = 1
    ) -> None:
        """`ignored` is the label in the ground truth whose pixels are taken out of both masks."""
        self._ignored = ignored
        self._measures = measures
        self._compare = _with_proposals if pairing is Pairing.ASSIGNMENT else _with_namesakes
        self._last: list[_Compared | None] = [None] * submissions
        self._size = FrameSize(0, 0)
        self._waiting: list[tuple[int, int, _Comparison]] = []
        self._held = 0
        self._values: list[list[ObjectFrame]] = [[] for _ in range(submissions)]

    def add(self, frame: int, ids: Sequence[int], truth: DecodedMask, prediction: DecodedMask, submission: int = 0) -> None:
        """A frame in which the objects `ids` are scored. What is the same as in the frame before costs nothing."""
        if truth.size != self._size or self._held > _HELD_BYTES:
            self._measure()
            self._size = truth.size
        last = self._last[submission]
        if last is None or last.truth is not truth or last.prediction is not prediction or last.ids != ids:
            counted: Mapping[int, PackedMask] = prediction.objects
            if self._ignored is not None:
                ignored = truth.objects[self._ignored]
                counted = {label: without(mask, ignored) for label, mask in prediction.objects.items()}
            comparisons = list(self._compare(ids, truth, prediction.objects, counted))
            last = self._last[submission] = _Compared(truth, prediction, ids, comparisons)
            self._held += sum(mask.bits.nbytes for comparison in comparisons for mask in comparison.pair or ())
        self._waiting += [(submission, frame, comparison) for comparison in last.comparisons]

    def values(self, submission: int = 0) -> list[ObjectFrame]:
        """J and F of all objects in all frames of a submission, in the order in which they were added."""
        self._measure()
        return self._values[submission]

    def _measure(self) -> None:
        pairs = {id(pair): pair for _, _, (_, _, _, pair) in self._waiting if pair is not None}
        found: list[tuple[float, float]] | list[tuple[float, float, float]]
        if self._measures is Measures.ADAPTIVE:
            found = score_pairs_adaptively(list(pairs.values()), self._size)
        else:
            found = score_pairs(list(pairs.values()), self._size)
        measures = dict(zip(pairs, found, strict=True))
        for submission, frame, (label, visible, proposal, pair) in self._waiting:
            j, f, *adapted = measures.get(id(pair), (0.0, 0.0))
            self._values[submission].append(ObjectFrame(label, frame, j, f, visible, proposal, *adapted))
        self._waiting, self._held = [], 0


def _with_namesakes(
    ids: Sequence[int], truth: DecodedMask, _: Mapping[int, PackedMask], counted: Mapping[int, PackedMask]
) -> Iterator[_Comparison]:
    """Each object with what counts of the one of the same id."""
    for object_id in ids:
        mask = truth.objects[object_id]
        yield _Comparison(object_id, mask.area > 0, None, (mask, counted[object_id]))


def _with_proposals(
    ids: Sequence[int], truth: DecodedMask, submitted: Mapping[int, PackedMask], counted: Mapping[int, PackedMask]
) -> Iterator[_Comparison]:
    """Each object with what counts of every submitted proposal, the absent one first."""
    proposals = {proposal: counted[proposal] for proposal, mask in submitted.items() if mask.area}
    cells = footprints(list(proposals.values()), truth.size)
    for object_id in ids:
        mask = truth.objects[object_id]
        visible = mask.area > 0
        yield _Comparison(object_id, visible, ABSENT_PROPOSAL, (mask, EMPTY_MASK))
        (footprint,) = footprints([mask], truth.size)
        shared = cells & surroundings(footprint, truth.size)
        for (proposal, other), near in zip(proposals.items(), np.logical_or.reduce(shared, axis=(1, 2)), strict=True):
            yield _Comparison(object_id, visible, proposal, (mask, other) if near or not visible or not other.area else None)
