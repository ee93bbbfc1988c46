"""All counts, J and F against the textbook where counting by words can go wrong: a part of the campaign `make differential`."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest

from differential import BLOCK, Batch, check, compare, draw, expected
from lvos_eval.masks.packed import FrameSize, pack
from lvos_eval.metrics import batching, boundary_matching, definition
from lvos_eval.metrics.boundary_matching import Pair
from lvos_eval.metrics.definition import Mask
from lvos_eval.metrics.measures import count, score_pairs


def packed(*masks: Mask) -> Pair:
    ground_truth, prediction = (pack(mask.astype(np.uint8), 1) for mask in masks)
    return ground_truth, prediction


def bars(height: int, width: int, column: int, *rows: tuple[int, int]) -> list[Mask]:
    """A mask for each of `rows`, first and last: two columns wide from `column` on."""
    masks = []
    for first, last in rows:
        mask = np.zeros((height, width), np.bool_)
        mask[first : last + 1, column : column + 2] = True
        masks.append(mask)
    return masks


@pytest.mark.parametrize("block", range(20))
def test_20_000_pairs_have_the_textbooks_numbers(block: int) -> None:
    found = compare(seed=1, block=block)
    assert found.mismatches == []
    assert found.pairs == BLOCK


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 200, 10))
def test_200_000_pairs_have_the_textbooks_numbers(first: int) -> None:
    for block in range(first, first + 10):
        assert compare(seed=2, block=block).mismatches == []


def test_the_top_row_of_a_region_matches_near_the_left_edge_of_a_word() -> None:
    pair = ground_truth, prediction = bars(720, 1280, 65, (20, 100), (113, 139))
    assert definition.contour_accuracy(ground_truth, prediction) == 0.026785714285714284
    assert score_pairs([packed(*pair)], FrameSize(720, 1280)) == [(0.0, 0.026785714285714284)]


@pytest.mark.parametrize("radius", [1, 12, 18, 38, 64])
def test_a_match_is_found_in_whatever_column_of_a_word_it_is(radius: int) -> None:
    # the boundaries, which begin one row higher, are exactly as far apart as the tolerance reaches
    size, columns = (radius + 9, 132), [column for column in range(131) if column % 32 in (0, 1, 2, 16, 29, 30, 31)]
    masks = tuple(mask for column in columns for mask in bars(*size, column, (3, 4), (5 + radius, 6 + radius)))
    pairs = tuple((number, number ^ 1) for number in range(len(masks)))
    assert check(Batch(*size, radius, 1, masks, pairs), "each alone").mismatches == []
    assert check(Batch(*size, radius, batching.BATCH_WORDS, masks, pairs), "together").mismatches == []


@pytest.mark.parametrize("pairs", [1, 2, 3, 63, 64])
def test_a_pair_counts_the_same_in_whatever_place_of_a_batch_it_is(pairs: int) -> None:
    ground_truth, prediction = bars(40, 132, 65, (3, 4), (17, 18))
    wanted = definition.count(ground_truth, prediction, 12)
    assert wanted.matched_ground_truth
    assert count([packed(ground_truth, prediction)] * pairs, FrameSize(40, 132), 12) == [wanted] * pairs


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (2, 2), (1, 5), (5, 1), (2, 3), (3, 2)])
def test_every_pair_of_masks_of_a_tiny_frame_has_the_textbooks_numbers(size: tuple[int, int]) -> None:
    every = itertools.product([False, True], repeat=size[0] * size[1])
    masks = tuple(np.array(values).reshape(size) for values in every)
    pairs = tuple((one, other) for one in range(len(masks)) for other in range(len(masks)))
    for radius in (None, 2) if len(masks) < 32 else (None,):
        assert check(Batch(*size, radius, batching.BATCH_WORDS, masks, pairs), f"{size}").mismatches == []


def test_the_textbook_says_the_same_of_part_of_a_frame_as_of_all_of_it() -> None:
    for batch in draw(seed=4, block=0, pairs=100):
        radius = definition.tolerance(batch.height, batch.width) if batch.radius is None else batch.radius
        for (one, other), (counts, _) in zip(batch.pairs, expected(batch), strict=True):
            assert counts == definition.count(batch.masks[one], batch.masks[other], radius)


def test_pairs_are_drawn_for_every_radius_and_both_ways_of_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[str] = Counter()

    def watch(name: str) -> None:
        original = getattr(boundary_matching, name)

        def watched(*arguments: Any) -> Any:
            calls[name] += 1
            return original(*arguments)

        monkeypatch.setattr(boundary_matching, name, watched)

    watch("_count_near")
    watch("_count_widened")
    drawn = list(draw(seed=1, block=0, pairs=BLOCK))
    for batch in drawn:
        check(batch, "")
    assert {batch.radius for batch in drawn} > set(range(1, 41))
    assert {len(batch.pairs) for batch in drawn} > {1, 2, 3, 64}
    assert calls["_count_widened"] > 100
    assert calls["_count_near"] - calls["_count_widened"] > 100


def test_the_same_seed_draws_the_same_pairs() -> None:
    for one, again in zip(draw(1, 7, 100), draw(1, 7, 100), strict=True):
        assert one.pairs == again.pairs
        assert all(map(np.array_equal, one.masks, again.masks))
