"""Statistics of one object's values, against what the official tool does, written out."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from lvos_eval.protocols.statistics import decay, mean, recall


def blocks(values: list[float]) -> float:
    """numpy's sum of a vector: eight running sums in blocks of up to 128, halves above."""
    n = len(values)
    if n < 8:
        return sum(values, 0.0) if n else 0.0
    if n <= 128:
        sums = values[:8]
        for start in range(8, n - n % 8, 8):
            sums = [one + other for one, other in zip(sums, values[start : start + 8], strict=True)]
        total = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
        for value in values[n - n % 8 :]:
            total += value
        return total
    half = n // 2 - n // 2 % 8
    return blocks(values[:half]) + blocks(values[half:])


def drawn(n: int) -> list[float]:
    chance = random.Random(n)
    return [chance.random() for _ in range(n)]


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 63, 64, 128, 129, 137, 256, 257, 345, 700])
def test_means_are_summed_in_the_order_of_numpy(n: int) -> None:
    values = drawn(n)
    assert mean(np.array(values)) == blocks(values) / n
    # the official LVOS toolkit has an array of shape (1, n)
    assert mean(np.array(values)) == float(np.mean(np.array([values])))


def test_the_mean_of_nothing_is_no_number() -> None:
    assert math.isnan(mean(np.array([])))


def test_recall_counts_what_is_above_one_half() -> None:
    assert recall(np.array([0.5, 0.5000001, 1.0, 0.0])) == 0.5


@pytest.mark.parametrize("n", range(1, 257))
def test_decay_is_the_first_quarter_less_the_last(n: int) -> None:
    values = drawn(n)
    borders = [(i * (n - 1) + 2) // 4 for i in range(4)] + [n - 1]
    first, last = values[borders[0] : borders[1] + 1], values[borders[3] : borders[4] + 1]
    assert decay(np.array(values)) == blocks(first) / len(first) - blocks(last) / len(last)


def test_the_decay_of_one_value_is_0() -> None:
    assert decay(np.array([0.7])) == 0.0


@pytest.mark.parametrize("n", [257, 300, 341, 513, 682, 769, 1023])
def test_the_decay_of_a_long_video_is_no_number_where_its_borders_wrap_around(n: int) -> None:
    assert math.isnan(decay(np.array(drawn(n))))


def test_a_longer_video_has_a_decay_of_other_frames() -> None:
    values = drawn(345)
    first, last = values[:87], values[2:89]
    assert decay(np.array(values)) == blocks(first) / 87 - blocks(last) / 87
