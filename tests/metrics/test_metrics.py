"""J and F: closed-form values, and the same integers as the textbook on everything that can be thrown at them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import cv2
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from lvos_eval.masks.packed import FrameSize, pack
from lvos_eval.metrics import batching, definition
from lvos_eval.metrics.boundary import boundaries
from lvos_eval.metrics.boundary_matching import Pair
from lvos_eval.metrics.definition import Counts, Mask, tolerance
from lvos_eval.metrics.measures import count, score_pairs
from lvos_eval.metrics.proximity import footprints, surroundings


def counts(ground_truth: Mask, prediction: Mask, radius: int | None = None) -> Counts:
    """The counts of two binary masks through the packed path."""
    (found,) = count([packed(ground_truth, prediction)], size_of(ground_truth), radius)
    return found


def size_of(mask: Mask) -> FrameSize:
    return FrameSize(*mask.shape)


def packed(ground_truth: Mask, prediction: Mask) -> Pair:
    return pack(ground_truth.astype(np.uint8), 1), pack(prediction.astype(np.uint8), 1)


def rectangle(height: int, width: int, top: int, left: int, bottom: int, right: int) -> Mask:
    mask = np.zeros((height, width), np.bool_)
    mask[top:bottom, left:right] = True
    return mask


EMPTY = np.zeros((90, 160), np.bool_)
FULL = np.ones((90, 160), np.bool_)
SQUARE = rectangle(90, 160, 30, 40, 50, 60)


@pytest.mark.parametrize(
    ("ground_truth", "prediction", "j", "f"),
    [
        pytest.param(EMPTY, EMPTY, 1.0, 1.0, id="both empty"),
        pytest.param(SQUARE, EMPTY, 0.0, 0.0, id="nothing predicted"),
        pytest.param(EMPTY, SQUARE, 0.0, 0.0, id="nothing to predict"),
        pytest.param(SQUARE, SQUARE, 1.0, 1.0, id="equal"),
        pytest.param(FULL, FULL, 1.0, 1.0, id="a full frame has no boundary, and neither has the prediction"),
        pytest.param(FULL, EMPTY, 0.0, 1.0, id="full against empty: no boundary on either side"),
        pytest.param(FULL, SQUARE, 400 / (90 * 160), 0.0, id="full against a square: boundary on one side only"),
        # 20 x 20 pixels shifted right by 10: half of each is shared
        pytest.param(SQUARE, np.roll(SQUARE, 10, axis=1), 200 / 600, None, id="half shared"),
        pytest.param(SQUARE, np.roll(SQUARE, 90, axis=1), 0.0, 0.0, id="too far apart to match"),
    ],
)
def test_closed_form_values(ground_truth: Mask, prediction: Mask, j: float, f: float | None) -> None:
    integers = counts(ground_truth, prediction)
    assert integers.region_similarity == j
    if f is not None:
        assert integers.contour_accuracy == f


def test_a_square_of_side_n_has_4n_boundary_pixels() -> None:
    # one ring outside at the top and left, one inside at the bottom and right, and the corner up left
    assert counts(SQUARE, SQUARE).boundary_ground_truth == 4 * 20


def test_boundary_pixels_match_up_to_the_tolerance_and_no_farther() -> None:
    for distance in (4, 5, 6):
        one, other = (rectangle(90, 160, 0, column, 90, 160) for column in (80, 80 + distance))
        integers = counts(one, other, radius=5)
        expected = 90 if distance <= 5 else 0
        assert (integers.matched_ground_truth, integers.matched_prediction) == (expected, expected)


@pytest.mark.parametrize(
    ("offset", "matched"),
    [
        # the boundary of a single pixel is a block of 2 x 2: two blocks are a pixel nearer than the pixels are
        pytest.param((6, 0), 2, id="two of each block's pixels are 5 rows from the other block"),
        pytest.param((4, 5), 1, id="the nearest corners are 3 rows and 4 columns apart, that is 5"),
        pytest.param((5, 5), 0, id="the nearest corners are 4 rows and 4 columns apart: inside a square, outside the disk"),
    ],
)
def test_the_tolerance_is_a_disk_not_a_square(offset: tuple[int, int], matched: int) -> None:
    one, other = np.zeros((2, 60, 60), np.bool_)
    one[20, 20] = True
    other[20 + offset[0], 20 + offset[1]] = True
    assert counts(one, other, radius=5) == Counts(1, 1, 0, 4, 4, matched, matched)


@pytest.mark.parametrize(
    ("size", "radius"), [((720, 1280), 12), ((1080, 1920), 18), ((480, 854), 8), ((2160, 4096), 38), ((1, 1), 1)]
)
def test_the_tolerance_grows_with_the_frame(size: tuple[int, int], radius: int) -> None:
    assert tolerance(*size) == radius


@st.composite
def masks(draw: st.DrawFn, height: int, width: int) -> Mask:
    """Masks with structure: noise, single pixels, strips on every border, blobs, lines, holes, full and empty frames."""
    kind = draw(st.sampled_from(["empty", "full", "noise", "pixels", "strip", "blobs", "lines"]))
    canvas = np.zeros((height, width), np.uint8)
    seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if kind == "full":
        canvas[:] = 1
    elif kind == "noise":
        canvas[:] = seed.random((height, width)) < seed.choice([0.001, 0.02, 0.5, 0.98])
    elif kind == "pixels":
        for _ in range(seed.integers(1, 6)):
            row, column = (int(seed.choice([0, size - 1, int(seed.integers(size))])) for size in (height, width))
            canvas[row, column] = 1
    elif kind == "strip":
        thickness = int(seed.integers(1, 4))
        band = np.s_[:thickness] if seed.integers(2) else np.s_[-thickness:]
        canvas[band if seed.integers(2) else np.s_[:, band]] = 1
    elif kind in ("blobs", "lines"):
        for _ in range(seed.integers(1, 5)):
            a, b = ((int(seed.integers(-8, width + 8)), int(seed.integers(-8, height + 8))) for _ in range(2))
            if kind == "lines":
                cv2.line(canvas, a, b, 1, int(seed.integers(1, 4)))
            else:
                axes = (int(seed.integers(0, width // 2 + 2)), int(seed.integers(0, height // 2 + 2)))
                cv2.ellipse(canvas, a, axes, float(seed.random() * 180), 0, 360, int(seed.choice([0, 1, 1, 1])), -1)
    return canvas.astype(np.bool_)


@st.composite
def mask_pairs(draw: st.DrawFn, largest: int = 200) -> tuple[Mask, Mask]:
    """A ground truth and a prediction: unrelated, the same with a few pixels changed, shifted, or grown."""
    height, width = draw(st.integers(1, largest)), draw(st.integers(1, largest + 100))
    ground_truth = draw(masks(height, width))
    relation = draw(st.sampled_from(["unrelated", "noisy", "shifted", "grown"]))
    if relation == "unrelated":
        return ground_truth, draw(masks(height, width))
    if relation == "noisy":
        seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        return ground_truth, ground_truth ^ (seed.random((height, width)) < 0.01)
    if relation == "shifted":
        return ground_truth, np.roll(ground_truth, draw(st.integers(-30, 30)), axis=draw(st.sampled_from([0, 1])))
    size = draw(st.integers(1, 15))
    return ground_truth, cv2.dilate(ground_truth.astype(np.uint8), np.ones((size, size), np.uint8)).astype(np.bool_)


def assert_boundaries(masks: Sequence[Mask], height: int, width: int) -> None:
    """The boundaries of masks of one size are where the textbook has them, and what is said of them is true."""
    found = boundaries([pack(mask.astype(np.uint8), 1) for mask in masks], FrameSize(height, width))
    for mask, boundary in zip(masks, found, strict=True):
        # an empty row and word more on each side, because a boundary may start before the first pixel of the frame
        full = np.zeros((height + 2, -(-width // 64) + 2), np.uint64)
        full[1 + boundary.top : 1 + boundary.bottom, 1 + boundary.left : 1 + boundary.right] = boundary.bits
        pixels = np.unpackbits(full.view(np.uint8), axis=1, bitorder="little").astype(np.bool_)
        assert np.array_equal(pixels[1:-1, 64 : 64 + width], definition.boundary(mask))
        assert np.count_nonzero(pixels) == boundary.area
        columns = np.flatnonzero(pixels.any(axis=0)) - 64
        assert all(boundary.columns[0] <= column < boundary.columns[1] for column in columns)


@given(mask_pairs(100))
def test_a_boundary_lies_where_the_textbook_has_it(pair: tuple[Mask, Mask]) -> None:
    assert_boundaries(pair, *pair[0].shape)


@pytest.mark.parametrize("height", [1, 2, 3])
@pytest.mark.parametrize("width", [1, 2, 63, 64, 65, 127, 128])
def test_every_single_pixel_and_every_single_hole_has_the_textbooks_boundary(height: int, width: int) -> None:
    pixels = np.eye(height * width, dtype=np.bool_).reshape(-1, height, width)
    # all in one batch, so that each plane has others before and after it
    assert_boundaries([*pixels, *~pixels], height, width)


@given(mask_pairs(), st.integers(1, 40))
def test_every_integer_equals_the_textbooks(pair: tuple[Mask, Mask], radius: int) -> None:
    assert counts(*pair, radius=radius) == definition.count(*pair, radius=radius)


@st.composite
def frames_of_pairs(draw: st.DrawFn) -> list[tuple[Mask, Mask]]:
    """Ground truths and predictions of one size, near each other and far apart."""
    height, width = draw(st.integers(1, 120)), draw(st.integers(1, 260))
    return draw(st.lists(st.tuples(masks(height, width), masks(height, width)), max_size=4))


def test_rectangles_of_about_one_size_are_stacked_up_to_the_words_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "BATCH_WORDS", 60)
    # rows and words: six low ones, three tall ones, two wide ones, and one that is too large for any batch
    sizes = [(2, 2), (15, 2), (2, 10), (2, 2), (80, 2), (15, 2), (2, 2), (2, 10), (2, 2), (14, 2), (2, 2), (2, 2)]
    stacked: list[tuple[list[int], int, int]] = []

    def work(items: Sequence[int], rows: int, words: int) -> list[int]:
        stacked.append((list(items), rows, words))
        return [10 * item for item in items]

    assert batching.in_batches(work, range(12), sizes) == [10 * item for item in range(12)]
    assert stacked == [([0, 3, 6, 8, 10, 11], 2, 2), ([9, 1], 15, 2), ([5], 15, 2), ([4], 80, 2), ([2, 7], 2, 10)]


@pytest.mark.slow
@given(frames_of_pairs(), st.integers(1, 40), st.sampled_from([1, 500, 1 << 15]))
def test_many_pairs_at_once_give_the_same_integers(pairs: list[tuple[Mask, Mask]], radius: int, batch: int) -> None:
    height, width = pairs[0][0].shape if pairs else (1, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batching, "BATCH_WORDS", batch)
        found = count([packed(*pair) for pair in pairs], FrameSize(height, width), radius)
    assert found == [definition.count(*pair, radius) for pair in pairs]


@pytest.mark.slow
@given(frames_of_pairs())
def test_many_pairs_at_once_give_the_same_j_and_f(pairs: list[tuple[Mask, Mask]]) -> None:
    size = pairs[0][0].shape if pairs else (1, 1)
    found = score_pairs([packed(*pair) for pair in pairs], FrameSize(*size))
    assert found == [(definition.region_similarity(*pair), definition.contour_accuracy(*pair)) for pair in pairs]


@given(st.lists(masks(60, 90), min_size=1, max_size=3), masks(60, 90), st.integers(1, 40))
def test_a_mask_may_be_part_of_many_pairs(predictions: list[Mask], ground_truth: Mask, radius: int) -> None:
    truth = pack(ground_truth.astype(np.uint8), 1)
    pairs = [(truth, pack(prediction.astype(np.uint8), 1)) for prediction in predictions]
    assert count(pairs, FrameSize(60, 90), radius) == [definition.count(ground_truth, other, radius) for other in predictions]


@given(mask_pairs())
def test_j_and_f_equal_the_textbooks_to_the_last_bit(pair: tuple[Mask, Mask]) -> None:
    integers = counts(*pair)
    assert integers.region_similarity == definition.region_similarity(*pair)
    assert integers.contour_accuracy == definition.contour_accuracy(*pair)


@given(mask_pairs(), st.integers(1, 40))
def test_exchanging_the_masks_exchanges_the_counts(pair: tuple[Mask, Mask], radius: int) -> None:
    here, there = counts(*pair, radius=radius), counts(*pair[::-1], radius=radius)
    assert there == Counts(here[1], here[0], here[2], here[4], here[3], here[6], here[5])


@given(st.integers(1, 40), st.integers(1, 120), st.integers(1, 260), st.booleans(), st.randoms(use_true_random=False))
def test_stripes_with_every_pixel_in_doubt_match_the_textbook(
    radius: int, height: int, width: int, across: bool, random: Random
) -> None:
    # each stripe is about as far from those of the other mask as the tolerance reaches
    ground_truth, prediction = np.zeros((2, height, width), np.bool_)
    for mask, offset in ((ground_truth, 0), (prediction, radius)):
        stripes = np.arange(offset, width if across else height, max(2 * radius + random.choice([-1, 0, 1]), 1))
        mask[np.s_[:, stripes] if across else stripes] = True
        mask &= np.random.default_rng(random.getrandbits(32)).random(mask.shape) < random.choice([0.3, 1.0])
    assert counts(ground_truth, prediction, radius) == definition.count(ground_truth, prediction, radius)


@pytest.mark.parametrize("radius", range(1, 41))
def test_every_tolerance_from_1_to_40_matches_the_textbook(radius: int) -> None:
    seed = np.random.default_rng(radius)
    for density in (0.0005, 0.004):
        ground_truth, prediction = seed.random((2, 150, 250)) < density
        assert counts(ground_truth, prediction, radius) == definition.count(ground_truth, prediction, radius)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(720, 1280), (1080, 1920), (2160, 4096), (719, 1281), (4096, 33)])
def test_real_frame_sizes_match_the_textbook(size: tuple[int, int]) -> None:
    height, width = size
    ground_truth, prediction = np.zeros((2, height, width), np.uint8)
    cv2.ellipse(ground_truth, (width // 3, height // 2), (width // 5, height // 4), 20, 0, 360, 1, -1)
    cv2.ellipse(prediction, (width // 3 + width // 50, height // 2), (width // 5, height // 4 + 9), 25, 0, 360, 1, -1)
    cv2.circle(prediction, (width - 1, height - 1), height // 9, 1, -1)
    pair = ground_truth.astype(np.bool_), prediction.astype(np.bool_)
    assert counts(*pair) == definition.count(*pair)


@pytest.mark.parametrize("width", [1, 2, 63, 64, 65, 127, 128, 129])
def test_widths_around_a_word_match_the_textbook(width: int) -> None:
    for offset in range(0, width, max(width // 8, 1)):
        ground_truth, prediction = np.zeros((2, 40, width), np.bool_)
        ground_truth[5:30, offset:] = True
        prediction[0:25, : offset + 1] = True
        assert counts(ground_truth, prediction, 3) == definition.count(ground_truth, prediction, 3)


@given(mask_pairs())
def test_measuring_gives_the_textbooks_j_and_f(pair: tuple[Mask, Mask]) -> None:
    found = score_pairs([packed(*pair)], size_of(pair[0]))
    assert found == [(definition.region_similarity(*pair), definition.contour_accuracy(*pair))]


@pytest.mark.parametrize(
    ("size", "rows", "columns"),
    [
        # boundaries match within 12 pixels, and start one pixel before their mask: 13 pixels are 1 cell of 16 and 2 of 8
        ((720, 1280), 1, 2),
        # 16 pixels are 1 cell of 16 and 2 of 8
        ((912, 1600), 1, 2),
        # 17 pixels are 2 cells of 16 and 3 of 8
        ((1200, 1600), 2, 3),
    ],
)
def test_the_surroundings_are_the_cells_within_the_tolerance(size: tuple[int, int], rows: int, columns: int) -> None:
    pixel = np.zeros(size, np.bool_)
    pixel[165, 407] = True
    (cells,) = footprints([pack(pixel.astype(np.uint8), 1)], FrameSize(*size))
    assert np.argwhere(cells).tolist() == [[10, 50]]
    expected = np.zeros((size[0] // 16, size[1] // 8), np.uint8)
    expected[10 - rows : 11 + rows, 50 - columns : 51 + columns] = 1
    assert np.array_equal(surroundings(cells, FrameSize(*size)), expected)


@given(mask_pairs())
def test_masks_without_a_cell_in_the_others_surroundings_have_j_and_f_of_zero(pair: tuple[Mask, Mask]) -> None:
    one, other = footprints(packed(*pair), size_of(pair[0]))
    if all(mask.any() for mask in pair) and not (surroundings(one, size_of(pair[0])) & other).any():
        assert (definition.region_similarity(*pair), definition.contour_accuracy(*pair)) == (0.0, 0.0)
