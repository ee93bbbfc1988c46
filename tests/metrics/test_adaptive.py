"""The fast measures of MOSE v2 against their definition, and the disk that lies aside."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lvos_eval.masks.packed import FrameSize, pack
from lvos_eval.metrics.adaptive import count_matched_aside, score_pairs_adaptively
from lvos_eval.metrics.boundary import boundaries
from lvos_eval.metrics.definition import contour_accuracy, count, disk, near, object_tolerance, padded_similarity

SIZE = FrameSize(240, 320)
SIZES = [(48, 64), (240, 320), (225, 300), (480, 854), (76, 100), (37, 131), (20, 30), (3, 5)]


def ellipses(random: np.random.Generator, size: tuple[int, int], share: int) -> NDArray[np.uint8]:
    """Up to four ellipses, some of them over the edge of the frame."""
    height, width = size
    mask = np.zeros(size, np.uint8)
    for _ in range(int(random.integers(0, 5))):
        centre = int(random.integers(-5, width + 5)), int(random.integers(-5, height + 5))
        axes = int(random.integers(1, max(2, width // share))), int(random.integers(1, max(2, height // share)))
        cv2.ellipse(mask, centre, axes, float(random.integers(0, 180)), 0, 360, 1, -1)
    return mask


def by_definition(truth: NDArray[Any], guess: NDArray[Any]) -> tuple[float, float, float]:
    masks = truth.astype(np.bool_), guess.astype(np.bool_)
    radii = object_tolerance(int(truth.sum()), *truth.shape)
    return padded_similarity(*masks), contour_accuracy(*masks, radii[0]), contour_accuracy(*masks, radii[1])


@pytest.mark.parametrize("size", SIZES)
def test_it_is_what_the_definition_says(size: tuple[int, int]) -> None:
    random = np.random.default_rng(sum(size))
    masks = [(ellipses(random, size, share), ellipses(random, size, share)) for share in (2, 3, 8) for _ in range(4)]
    full, empty = np.ones(size, np.uint8), np.zeros(size, np.uint8)
    masks += [
        (full, masks[0][0]),
        (masks[0][0], full),
        (empty, full),
        (full, empty),
        (full, full),
        (empty, empty),
        (empty, masks[1][0]),
    ]
    found = score_pairs_adaptively([(pack(truth, 1), pack(guess, 1)) for truth, guess in masks], FrameSize(*size))
    assert found == [by_definition(*pair) for pair in masks]


@pytest.mark.parametrize(
    ("size", "cells", "members"),
    [
        ((480, 854), 17, 191),
        ((720, 1280), 25, 429),
        ((1080, 1920), 37, 971),
        ((1440, 1080), 30, 646),
        ((240, 320), 8, 31),
        ((48, 64), 3, 1),
    ],
)
def test_a_disk_of_a_radius_that_is_no_whole_number(size: tuple[int, int], cells: int, members: int) -> None:
    (radius, same) = object_tolerance(size[0] * size[1], *size)
    assert radius == same
    assert disk(radius).shape == (cells, cells)
    assert disk(radius).sum() == members


def test_small_objects_have_a_tolerance_of_their_own() -> None:
    assert object_tolerance(900, 240, 320) == (4, 3.0)
    assert object_tolerance(901, 240, 320) == (3.2, 3.2)
    assert object_tolerance(1, 1080, 1920) == (18, 1.0)
    assert object_tolerance(0, 240, 320) == (4, 0.0)
    assert object_tolerance(100_000, 225, 300) == (3.0, 3.0)


def test_the_disk_aside_looks_in_one_direction() -> None:
    """What is matched of a boundary depends on which side the other one is."""
    mask = np.zeros((240, 320), np.uint8)
    mask[60:180, 80:200] = 1
    seen = near(mask.astype(np.bool_), 3.2)
    assert (np.flatnonzero(seen.any(axis=0))[[0, -1]] - [80, 199]).tolist() == [-2, 3]
    for move in (3, -3):
        moved = np.roll(mask, (4, move), axis=(0, 1))
        one, other = boundaries([pack(mask, 1), pack(moved, 1)], SIZE)
        wanted = count(mask.astype(np.bool_), moved.astype(np.bool_), 3.2)
        assert count_matched_aside([(one, other)], 3.2) == [(wanted.matched_ground_truth, wanted.matched_prediction)]
        assert wanted.matched_ground_truth != wanted.matched_prediction


def test_one_pixel_added() -> None:
    one = np.zeros((4, 4), np.bool_)
    one[0, :2] = True
    assert padded_similarity(one, one) == 1
    assert padded_similarity(one, ~one) == 1 / 17
    assert padded_similarity(one, np.zeros_like(one)) == 1 / 3
    assert padded_similarity(one & False, one & False) == 1
