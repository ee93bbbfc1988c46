"""J, F and V of arrays as Python callers have them: the numbers of the definition, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

import commands
from lvos_eval import metrics
from lvos_eval.metrics import definition

Array = NDArray[Any]

SQUARE = np.zeros((30, 40), np.bool_)
SQUARE[5:15, 5:15] = True


def negative(array: Array) -> Array:
    return array[::-1, ::-1].copy()[::-1, ::-1]


def part(array: Array) -> Array:
    larger = np.zeros((array.shape[0] * 2, array.shape[1] + 3), array.dtype)
    larger[::2, 1:-2] = array
    return larger[::2, 1:-2]


def read_only(array: Array) -> Array:
    array = array.copy()
    array.setflags(write=False)
    return array


LAYOUTS: Sequence[Callable[[Array], Array]] = (np.ascontiguousarray, np.asfortranarray, negative, part, read_only)
"""Ways in which equal arrays lie in memory."""


@st.composite
def label_maps(draw: st.DrawFn) -> tuple[Array, Array]:
    """Two label maps of one size, from 1x1 on, in which blocks of pixels have a label."""
    height, width = draw(st.integers(1, 60)), draw(st.integers(1, 140))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = np.dtype(draw(st.sampled_from(["u1", "i1", "u2", "i4", "i8", "u8", ">i4"])))
    maps = []
    for _ in range(2):
        labels = np.zeros((height, width), dtype)
        for label in rng.choice([1, 2, 3, 120], 4):
            top, left = rng.integers(0, height), rng.integers(0, width)
            labels[top : top + rng.integers(1, 40), left : left + rng.integers(1, 90)] = label
        maps.append(draw(st.sampled_from(LAYOUTS))(labels))
    return maps[0], maps[1]


@given(label_maps(), st.one_of(st.none(), st.integers(0, 30)))
def test_every_object_has_the_definitions_j_and_f(maps: tuple[Array, Array], radius: int | None) -> None:
    ids = [1, 2, 3, 120]
    scores = metrics.score_label_maps(*maps, object_ids=ids, radius=radius)
    assert list(scores) == ids
    for object_id, score in scores.items():
        pair = maps[0] == object_id, maps[1] == object_id
        wanted = definition.region_similarity(*pair), definition.contour_accuracy(*pair, radius)
        assert score == wanted
        assert (metrics.region_similarity(*pair), metrics.contour_accuracy(*pair, radius=radius)) == wanted


@given(label_maps())
def test_the_objects_are_the_labels_of_the_ground_truth(maps: tuple[Array, Array]) -> None:
    assert list(metrics.score_label_maps(*maps)) == sorted(set(maps[0].reshape(-1).tolist()) - {0})


@given(label_maps(), st.sampled_from(LAYOUTS), st.sampled_from(LAYOUTS))
def test_how_masks_lie_in_memory_does_not_matter_and_they_stay_as_they_are(
    maps: tuple[Array, Array], one: Callable[[Array], Array], other: Callable[[Array], Array]
) -> None:
    plain = np.ascontiguousarray(maps[0] > 0), np.ascontiguousarray(maps[1] > 0)
    ground_truth, prediction = one(plain[0]), other(plain[1])
    assert metrics.region_similarity(ground_truth, prediction) == definition.region_similarity(*plain)
    assert metrics.contour_accuracy(ground_truth, prediction) == definition.contour_accuracy(*plain)
    assert np.array_equal(ground_truth, plain[0])
    assert np.array_equal(prediction, plain[1])


@pytest.mark.parametrize("here", [False, True])
@pytest.mark.parametrize("there", [False, True])
def test_a_frame_of_one_pixel(here: bool, there: bool) -> None:
    pair = np.array([[here]]), np.array([[there]])
    assert metrics.region_similarity(*pair) == float(here == there)
    # it has no neighbour to differ from
    assert metrics.contour_accuracy(*pair) == 1.0


def test_background_and_void_are_objects_only_where_they_are_named() -> None:
    labels = np.array([[0, -3, 1, 255, 900]], np.int64)
    assert list(metrics.score_label_maps(labels, labels)) == [1, 900]
    assert metrics.score_label_maps(labels, labels, [255, 255]) == {255: (1.0, 1.0)}


def test_an_id_that_no_pixel_can_have_is_an_object_without_pixels() -> None:
    labels = np.array([[0, 1]], np.uint8)
    assert metrics.score_label_maps(labels, labels.astype(np.int64) + 299, [300, 2**70]) == {300: (0.0, 0.0), 2**70: (1.0, 1.0)}


def test_a_radius_beyond_the_frame_reaches_all_of_it() -> None:
    far = np.roll(SQUARE, (10, 20), (0, 1))
    assert metrics.contour_accuracy(SQUARE, far, radius=10**30) == 1.0
    assert metrics.score_label_maps(SQUARE.astype(int), far.astype(int), radius=60)[1].contour_accuracy == 1.0


def test_v_is_that_of_the_definition_for_any_series() -> None:
    rng = np.random.default_rng(5)
    for frames in (1, 2, 7, 8, 129, 1411):
        j, f = rng.random((2, frames))
        wanted = definition.temporal_stability(j[None], f[None])
        assert metrics.temporal_stability(j, f) == metrics.temporal_stability(j.tolist(), f.tolist()) == wanted


REFUSED: Sequence[tuple[type[Exception], str, Callable[[], object]]] = (
    (
        TypeError,
        "prediction has to be a boolean array, not uint8: write labels == object_id",
        lambda: metrics.region_similarity(SQUARE, SQUARE.astype(np.uint8)),
    ),
    (
        TypeError,
        "ground_truth has to be a boolean array, not float64: write labels == object_id",
        lambda: metrics.contour_accuracy([[0.5]], SQUARE),
    ),
    (
        ValueError,
        "ground_truth has the shape (30, 40) but prediction (40, 30)",
        lambda: metrics.contour_accuracy(SQUARE, SQUARE.T),
    ),
    (
        ValueError,
        "ground_truth has to have the shape (height, width), not (1, 30, 40)",
        lambda: metrics.region_similarity(SQUARE[None], SQUARE),
    ),
    (
        ValueError,
        "prediction has no pixel: its shape is (0, 40)",
        lambda: metrics.region_similarity(SQUARE, SQUARE[:0]),
    ),
    (
        ValueError,
        "radius has to be at least 0 pixels, not -1",
        lambda: metrics.contour_accuracy(SQUARE, SQUARE, radius=-1),
    ),
    (
        TypeError,
        "radius has to be an integer, not 1.5",
        lambda: metrics.contour_accuracy(SQUARE, SQUARE, radius=1.5),  # type: ignore[arg-type]
    ),
    (
        TypeError,
        "ground_truth has to be an array of integers, the ids of objects, not bool",
        lambda: metrics.score_label_maps(SQUARE, SQUARE),
    ),
    (
        ValueError,
        "ground_truth has the shape (1, 2) but prediction (2, 1)",
        lambda: metrics.score_label_maps([[1, 2]], [[1], [2]]),
    ),
    (
        ValueError,
        "an object id has to be at least 1, not 0: 0 is the background",
        lambda: metrics.score_label_maps([[1]], [[1]], [1, 0]),
    ),
    (
        TypeError,
        "an object id has to be an integer, not '1'",
        lambda: metrics.score_label_maps([[1]], [[1]], "1"),  # type: ignore[arg-type]
    ),
    (
        TypeError,
        "an object id has to be an integer, not True",
        lambda: metrics.score_label_maps([[1]], [[1]], [True]),
    ),
    (
        ValueError,
        "region_similarities has to have the shape (frames,) with at least one frame, not (0,)",
        lambda: metrics.temporal_stability([], []),
    ),
    (
        ValueError,
        "region_similarities has 2 frames but contour_accuracies 1",
        lambda: metrics.temporal_stability([1, 1], [1]),
    ),
    (
        ValueError,
        "contour_accuracies has a value that is not from 0 to 1",
        lambda: metrics.temporal_stability([1], [float("nan")]),
    ),
    (ValueError, "a frame has at least one pixel, not 0 x 5", lambda: metrics.tolerance(0, 5)),
    (TypeError, "height has to be an integer, not 720.0", lambda: metrics.tolerance(720.0, 1280)),  # type: ignore[arg-type]
)


@pytest.mark.parametrize(("kind", "message", "call"), REFUSED, ids=[message for _, message, _ in REFUSED])
def test_what_cannot_be_scored_is_refused(kind: type[Exception], message: str, call: Callable[[], object]) -> None:
    with pytest.raises(kind) as refusal:
        call()
    assert str(refusal.value) == message


def test_an_unknown_name_is_no_attribute() -> None:
    assert set(metrics.__all__) <= set(dir(metrics))
    with pytest.raises(AttributeError, match="no attribute 'dice'"):
        getattr(metrics, "dice")  # noqa: B009


def test_the_package_loads_numpy_and_opencv_when_a_name_is_asked_for() -> None:
    program = (
        "import sys, lvos_eval.metrics as metrics; assert not {'numpy', 'cv2'} & set(sys.modules); "
        "metrics.tolerance; assert {'numpy', 'cv2'} <= set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": str(commands.PROGRAM)})
