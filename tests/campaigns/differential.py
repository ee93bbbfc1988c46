"""J and F against the textbook, on random pairs of masks: `make differential`.

    python tests/campaigns/differential.py [--pairs N] [--seed S] [--jobs N] [--block B] [--first]

The pairs are drawn where counting with 64-pixel words can go wrong: columns near multiples of 64 and 32, the frame's edges,
boundaries about as far apart as the tolerance reaches, radii from 1 to 40 and a few larger ones, 1 to 64 pairs at once, and
batches of one pair, of a few, and of all. Every count, J and F are compared with `==`, and no two masks that are told to be too
far apart to be measured may have anything in common. The first pairs of a batch are also label maps, one after the other, in
which the objects and the other labels have to be found as they are. The same seed draws the same pairs.
"""

from __future__ import annotations

import argparse
import itertools
import math
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final, TypeAlias
from unittest.mock import patch

import cv2
import numpy as np

from lvos_eval.masks.finder import ObjectFinder
from lvos_eval.masks.packed import FrameSize, pack
from lvos_eval.metrics import batching, definition
from lvos_eval.metrics.boundary_matching import Pair
from lvos_eval.metrics.definition import Counts, Mask
from lvos_eval.metrics.measures import count, score_pairs
from lvos_eval.metrics.proximity import footprints, surroundings

BLOCK: Final = 1000
"""Pairs that are drawn from one seed, so that a campaign can be shared among processes."""
_BATCH_WORDS: Final = batching.BATCH_WORDS
_WIDE: Final = (1280, 1919, 1920, 3840, 4095, 4096, 4097)
_SHOWN: Final = 10
_SEEN_LABELS: Final = (((1,), ((1, 0), (1, 9), (1, 1), (200, 1))), ((3, 7), ((3, 7), (3, 0), (9, 7), (7, 200))))
"""Objects, and the labels of the two masks that a label map is made of: the first pairs of a batch, one after the other."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Masks of one size, some pairs of which are compared at once."""

    height: int
    width: int
    radius: int | None
    """None: the protocol's tolerance."""
    words: int
    """Words that the program may stack at once."""
    masks: tuple[Mask, ...]
    pairs: tuple[tuple[int, int], ...]
    """Ground truths and predictions: positions among the masks."""


@dataclass(slots=True)
class Found:
    """What a campaign has seen."""

    pairs: int = 0
    drawn: int = 0
    """Batches."""
    partly_matched: int = 0
    """Pairs of which some boundary pixels match and some do not: those that tell most."""
    mismatches: list[str] = field(default_factory=list)

    def add(self, other: Found) -> None:
        self.pairs += other.pairs
        self.drawn += other.drawn
        self.partly_matched += other.partly_matched
        self.mismatches += other.mismatches


def main() -> int:
    """Returns 1 if a number differs from the textbook's."""
    parser = argparse.ArgumentParser(prog="python tests/campaigns/differential.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=2_000_000, help="pairs to compare (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--block", type=int, help=f"compare only this block of {BLOCK:,} pairs")
    parser.add_argument("--first", action="store_true", help="stop after the first block that has a mismatch")
    options = parser.parse_args()
    blocks = range(-(-options.pairs // BLOCK)) if options.block is None else range(options.block, options.block + 1)
    tasks = [(options.seed, block, min(BLOCK, options.pairs - block * BLOCK)) for block in blocks]
    start, found = time.monotonic(), Found()
    with multiprocessing.get_context("spawn").Pool(min(options.jobs, len(tasks))) as pool:
        for number, part in enumerate(pool.imap_unordered(_compare_block, tasks), 1):
            found.add(part)
            if options.first and found.mismatches:
                break
            if number % 100 == 0:
                print(f"{found.pairs:,} pairs, {len(found.mismatches):,} mismatches", file=sys.stderr, flush=True)
    print("\n".join(sorted(found.mismatches)[:_SHOWN]))
    print(
        f"{found.pairs:,} pairs in {found.drawn:,} batches (seed {options.seed}), {found.partly_matched:,} partly matched: "
        f"{len(found.mismatches):,} mismatches, {time.monotonic() - start:.0f} s with {options.jobs} processes"
    )
    return 1 if found.mismatches else 0


def _compare_block(task: tuple[int, int, int]) -> Found:
    # the processes share the cores
    cv2.setNumThreads(1)
    return compare(*task)


def compare(seed: int, block: int, pairs: int = BLOCK) -> Found:
    """Draws a block of pairs and compares what the program says of them with what the textbook says."""
    total = Found()
    for batch in draw(seed, block, pairs):
        total.add(check(batch, f"seed {seed}, block {block}, batch {total.drawn}"))
    return total


def check(batch: Batch, name: str) -> Found:
    """What differs, in one line for each pair."""
    size = FrameSize(batch.height, batch.width)
    packed = [pack(mask.view(np.uint8), 1) for mask in batch.masks]
    pairs = [(packed[ground_truth], packed[prediction]) for ground_truth, prediction in batch.pairs]
    with patch.object(batching, "BATCH_WORDS", batch.words):
        found = count(pairs, size, batch.radius)
        said = [(counts.region_similarity, counts.contour_accuracy) for counts in found]
        if batch.radius is None:
            said = score_pairs(pairs, size)
            said = [(0.0, 0.0) if _are_far(pair, size) else values for pair, values in zip(pairs, said, strict=True)]
    result = Found(len(pairs), 1, mismatches=[f"{name}, {batch.width}x{batch.height}, {fault}" for fault in misfound(batch)])
    for number, (wanted, values) in enumerate(expected(batch)):
        result.partly_matched += (
            0 < wanted.matched_ground_truth < wanted.boundary_ground_truth
            or 0 < wanted.matched_prediction < wanted.boundary_prediction
        )
        if found[number] != wanted or said[number] != values:
            result.mismatches.append(
                f"{name}, pair {number} of {len(pairs)}, {batch.width}x{batch.height}, radius {batch.radius}: "
                f"{tuple(found[number])} instead of {tuple(wanted)}, J and F {said[number]} instead of {values}"
            )
    return result


def misfound(batch: Batch) -> Iterator[str]:
    """Label maps in which a finder that has seen those before does not find what is there."""
    for ids, labels in _SEEN_LABELS:
        finder = ObjectFinder(ids)
        for number, ((one, other), (label, behind)) in enumerate(zip(batch.pairs, labels, strict=False)):
            frame = np.where(batch.masks[other], np.uint8(behind), np.uint8(0))
            frame[batch.masks[one]] = label
            objects, unknown = finder.find(frame)
            there = np.bincount(frame.reshape(-1), minlength=256).tolist()
            wanted = {found: there[found] for found in range(1, 256) if there[found] and found not in ids}
            if dict(unknown) != wanted:
                yield f"label map {number} of the objects {ids}: other labels {unknown} instead of {wanted}"
            for object_id in ids:
                found, right = objects[object_id], pack(frame, object_id)
                if found._replace(bits=right.bits) != right or not np.array_equal(found.bits, right.bits):
                    yield f"label map {number} of the objects {ids}: {object_id} is not found as it is"


def expected(batch: Batch) -> Iterator[tuple[Counts, tuple[float, float]]]:
    """The textbook's counts, J and F of each pair; what it does with one mask is done once."""
    radius = definition.tolerance(batch.height, batch.width) if batch.radius is None else batch.radius
    areas = [_pixels(mask) for mask in batch.masks]
    edges = [definition.boundary(mask) for mask in batch.masks]
    lengths = [_pixels(edge) for edge in edges]
    around = [_near(edge, radius) for edge in edges]
    for one, other in batch.pairs:
        shared = _pixels(batch.masks[one] & batch.masks[other])
        matched = _pixels(edges[one] & around[other]), _pixels(edges[other] & around[one])
        counts = Counts(areas[one], areas[other], shared, lengths[one], lengths[other], *matched)
        yield counts, (definition.region_similarity(batch.masks[one], batch.masks[other]), counts.contour_accuracy)


def _pixels(mask: Mask) -> int:
    return int(np.count_nonzero(mask))


def _near(edge: Mask, radius: int) -> Mask:
    """What the textbook says is near; it is asked only for the part of the frame that can be, as the rest is empty."""
    x, y, width, height = cv2.boundingRect(edge.view(np.uint8))
    near = np.zeros_like(edge)
    if width:
        part = np.s_[max(y - radius, 0) : y + height + radius, max(x - radius, 0) : x + width + radius]
        near[part] = definition.near(edge[part], radius)
    return near


def _are_far(pair: Pair, size: FrameSize) -> bool:
    """Whether the masks need not be measured, as neither is empty and no cell of the one is in the surroundings of the other."""
    one, other = footprints(pair, size)
    return all(mask.area for mask in pair) and not (surroundings(one, size) & other).any()


def draw(seed: int, block: int, pairs: int) -> Iterator[Batch]:
    """Batches of altogether so many pairs."""
    random = Random(f"{seed} {block}")
    noise = np.random.default_rng([seed, block])
    for number in itertools.count():
        if pairs == 0:
            return
        # every radius in turn, and one in 40 that is larger
        radius = (block * 7 + number) % 41 + 1
        radius = random.randint(41, 90) if radius == 41 else radius
        at_once = min(pairs, random.choice((1, 1, 1, 1, 2, 2, 3, 4, 6, 8, 12, 20, random.randint(1, 64), 64)))
        height, width = _size(random, radius)
        pen = _Pen(random, noise, height, width, radius)
        masks, chosen = pen.masks(at_once)
        yield Batch(
            height,
            width,
            None if random.random() < 0.1 else radius,
            random.choice((1, 1, 1, 300, _BATCH_WORDS)),
            masks,
            chosen,
        )
        pairs -= at_once


def _size(random: Random, radius: int) -> tuple[int, int]:
    """Height and width of a frame, at word edges more often than not."""
    height = random.randint(1, 4) if random.random() < 0.05 else random.randint(4, 2 * radius + 40)
    kind = random.random()
    if kind < 0.1:
        return height, random.randint(1, 5)
    if kind < 0.6:
        return height, 64 * random.randint(1, 4) + random.randint(-2, 2)
    if kind < 0.85:
        return height, 32 * random.randint(1, 8) + random.randint(-1, 1)
    if kind < 0.98:
        return height, random.randint(6, 300)
    return height, random.choice(_WIDE)


_Box: TypeAlias = tuple[int, int, int, int]
"""Top, left, height and width; it may lie partly outside of the frame."""


class _Pen:
    """Draws masks of one frame size, mostly such that two boundaries are about as far apart as the radius."""

    def __init__(self, random: Random, noise: np.random.Generator, height: int, width: int, radius: int) -> None:
        self._random = random
        self._noise = noise
        self._height = height
        self._width = width
        self._radius = radius

    def masks(self, pairs: int) -> tuple[tuple[Mask, ...], tuple[tuple[int, int], ...]]:
        """Masks, and so many pairs of them: first each mask with one before it that it was drawn for, then any others."""
        boxes = [self._box()]
        masks = [self._mask(boxes[0])]
        related: list[tuple[int, int]] = []
        others: list[tuple[int, int]] = []
        while len(masks) * (len(masks) - 1) < 2 * pairs:
            nearest = self._random.randrange(len(masks))
            relation = self._random.random()
            boxes.append(self._beside(boxes[nearest]) if relation < 0.9 else self._box())
            masks.append(self._changed(masks[nearest]) if relation < 0.15 else self._mask(boxes[-1]))
            for before in range(len(masks) - 1):
                pair = (before, len(masks) - 1) if self._random.random() < 0.5 else (len(masks) - 1, before)
                (related if before == nearest else others).append(pair)
        self._random.shuffle(others)
        chosen = [*related, *others][:pairs]
        self._random.shuffle(chosen)
        return tuple(masks), tuple(chosen)

    def _box(self) -> _Box:
        height, width = self._side(), self._side()
        return self._edge(self._height, 0), self._edge(self._width, 32), height, width

    def _side(self) -> int:
        return self._random.choice((1, 1, 2, 3, self._random.randint(1, self._radius), self._random.randint(1, 40)))

    def _edge(self, size: int, step: int) -> int:
        """A row or column: near the frame's edge, near a multiple of `step`, or anywhere."""
        kind = self._random.random()
        if kind < 0.2:
            return self._random.choice((0, size - 1)) + self._random.randint(-1, 1)
        if step and kind < 0.8:
            return self._random.randrange(0, size + step, step) + self._random.randint(-3, 3)
        return self._random.randrange(size)

    def _beside(self, box: _Box) -> _Box:
        """A box whose distance to the other is about the radius, in any direction; in the frame, if it is easily found."""
        for _ in range(8):
            top, left, height, width = self._aside(box)
            if top < self._height and left < self._width and top + height > 0 and left + width > 0:
                break
        return top, left, height, width

    def _aside(self, box: _Box) -> _Box:
        top, left, height, width = box
        angle = self._random.choice((0.0, 90.0, 180.0, 270.0, self._random.random() * 360)) * math.pi / 180
        distance = self._radius + self._random.randint(-3, 1)
        down, right = round(distance * math.sin(angle)), round(distance * math.cos(angle))
        tall, wide = self._side(), self._side()
        return self._moved(top, height, tall, down), self._moved(left, width, wide, right), tall, wide

    def _moved(self, start: int, size: int, other: int, move: int) -> int:
        """Where an interval of size `other` starts that is so far after (or before) the interval."""
        if move > 0:
            return start + size - 1 + move
        if move < 0:
            return start - other + 1 + move
        return start + self._random.randint(-2, 2)

    def _mask(self, box: _Box) -> Mask:
        mask = np.zeros((self._height, self._width), np.bool_)
        kind = self._random.random()
        if kind < 0.01:
            mask[:] = True
        elif kind > 0.99:
            return mask
        top, left, height, width = box
        rows = slice(max(top, 0), max(top + height, 0))
        columns = slice(max(left, 0), max(left + width, 0))
        part = mask[rows, columns]
        if kind < 0.5:
            part[:] = True
        elif kind < 0.6:
            part[:] = True
            part[1:-1, 1:-1] = False
        elif kind < 0.8:
            part[:] = self._noise.random(part.shape) < self._random.choice((0.02, 0.2, 0.5, 0.9))
        else:
            for _ in range(self._random.randint(1, 4)):
                part[self._random.randrange(0, height) :: height, self._random.randrange(0, width) :: width] = True
        if not part.any():
            mask[min(max(top, 0), self._height - 1), min(max(left, 0), self._width - 1)] = True
        if self._random.random() < 0.15:
            # a pixel far away makes the mask larger than what is near the other one
            mask[self._random.randrange(self._height), self._random.randrange(self._width)] ^= True
        return mask

    def _changed(self, mask: Mask) -> Mask:
        """A mask shifted, with noise, or grown."""
        kind = self._random.randrange(3)
        if kind == 0:
            return np.roll(mask, self._random.randint(-self._radius, self._radius), axis=self._random.randrange(2))
        if kind == 1:
            return mask ^ (self._noise.random(mask.shape) < self._random.choice((0.001, 0.01, 0.1)))
        size = self._random.randint(1, 2 * self._radius + 1)
        return cv2.dilate(mask.view(np.uint8), np.ones((size, size), np.uint8)).view(np.bool_)


if __name__ == "__main__":
    sys.exit(main())
