"""Finding objects: the crop is tight, the search proves itself, nothing is missed."""

from __future__ import annotations

from typing import Any

import cv2
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from differential import draw
from lvos_eval.formats.png import MAX_PIXELS
from lvos_eval.masks import finder as masks
from lvos_eval.masks import packed
from lvos_eval.masks.finder import ObjectFinder
from lvos_eval.masks.packed import EMPTY_MASK, PackedMask, pack, without

OLD_PLACE = np.s_[400:420, 640:660]


def unpack(mask: PackedMask, height: int, width: int) -> NDArray[np.bool_]:
    """The packed mask as a (height, width) array."""
    full = np.zeros((height, -(-width // 64)), np.uint64)
    full[mask.top : mask.bottom, mask.left : mask.right] = mask.bits
    return np.unpackbits(full.view(np.uint8), axis=1, bitorder="little")[:, :width].astype(np.bool_)


def label_map(seed: int, height: int, width: int, labels: list[int]) -> NDArray[np.uint8]:
    """Random rectangles of random labels."""
    random = np.random.default_rng(seed)
    frame = np.zeros((height, width), np.uint8)
    for label in labels:
        top, left = random.integers(height), random.integers(width)
        frame[top : top + random.integers(1, height + 1), left : left + random.integers(1, width + 1)] = label
    return frame


@given(st.integers(0, 10**6), st.integers(1, 90), st.integers(1, 300))
def test_packing_loses_nothing(seed: int, height: int, width: int) -> None:
    frame = label_map(seed, height, width, [1, 2, 3])
    for label in (1, 2, 3, 4):
        mask = pack(frame, label)
        assert np.array_equal(unpack(mask, height, width), frame == label)
        assert mask.area == np.count_nonzero(frame == label)


@given(st.integers(0, 10**6), st.integers(1, 90), st.integers(1, 300))
def test_the_crop_has_no_empty_edge(seed: int, height: int, width: int) -> None:
    mask = pack(label_map(seed, height, width, [1, 2]), 1)
    if mask.area:
        assert all(edge.any() for edge in (mask.bits[0], mask.bits[-1], mask.bits[:, 0], mask.bits[:, -1]))
    else:
        assert mask is EMPTY_MASK


@given(
    st.sampled_from([(1,), (2,), (1, 2), (2, 5, 7)]),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=4),
    st.lists(st.sampled_from([1, 2, 3, 5, 255]), max_size=6),
    st.sampled_from([(120, 310), (250, 640)]),
)
def test_a_finder_that_has_seen_other_frames_finds_the_same_as_a_fresh_one(
    ids: tuple[int, ...], seeds: list[int], labels: list[int], size: tuple[int, int]
) -> None:
    finder = ObjectFinder(ids)
    for seed in seeds:
        # small objects near each other, so that some frames are searched around the last place only
        frame = np.zeros(size, np.uint8)
        frame[40:100, 60:200] = label_map(seed, 60, 140, labels)
        frame[seed % size[0], seed % size[1]] = seed % 4
        objects, unknown = finder.find(frame)
        for object_id in ids:
            assert np.array_equal(unpack(objects[object_id], *size), frame == object_id)
        values, numbers = np.unique(frame, return_counts=True)
        assert unknown == {int(v): int(n) for v, n in zip(values, numbers, strict=True) if v not in (0, *ids)}


@pytest.mark.parametrize("block", range(2))
def test_objects_at_the_edges_of_words_and_frames_are_found_as_they_are(block: int) -> None:
    for batch in draw(seed=5, block=block, pairs=400):
        finder = ObjectFinder([1, 2])
        for one, other in batch.pairs:
            frame = batch.masks[one].astype(np.uint8)
            frame[batch.masks[other] & ~batch.masks[one]] = 2
            objects, unknown = finder.find(frame)
            for object_id in (1, 2):
                assert np.array_equal(unpack(objects[object_id], *frame.shape), frame == object_id)
                assert objects[object_id].area == np.count_nonzero(frame == object_id)
                columns = np.flatnonzero((frame == object_id).any(axis=0)).tolist()
                assert objects[object_id].columns == ((columns[0], columns[-1] + 1) if columns else (0, 0))
            assert not unknown


def test_an_object_that_jumps_across_the_frame_is_found() -> None:
    finder = ObjectFinder([1])
    for left in (0, 1000, 300):
        frame = np.zeros((200, 1280), np.uint8)
        frame[20:40, left : left + 30] = 1
        objects, unknown = finder.find(frame)
        assert objects[1].area == 600
        assert not unknown


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The labels that were looked for, one after the other."""
    labels_looked_for: list[int] = []
    search = packed.where_equal

    def watched(labels: packed.Labels, label: int, window: packed.Window) -> tuple[packed.Words, packed.Window]:
        labels_looked_for.append(label)
        return search(labels, label, window)

    monkeypatch.setattr(masks, "where_equal", watched)
    return labels_looked_for


@pytest.mark.parametrize(
    ("changes", "labels"),
    [
        pytest.param([], [3, 5], id="nothing moves"),
        pytest.param([(OLD_PLACE, 0), (np.s_[352:372, 640:660], 3)], [3, 5], id="up by the margin"),
        pytest.param([(OLD_PLACE, 0), (np.s_[448:468, 640:660], 3)], [3, 5], id="down by the margin"),
        pytest.param([(OLD_PLACE, 0), (np.s_[400:420, 592:612], 3)], [3, 5], id="left by the margin"),
        pytest.param([(OLD_PLACE, 0), (np.s_[400:420, 688:708], 3)], [3, 5], id="right by the margin"),
        pytest.param([(np.s_[0:20, 0:20], 5)], [3, 5], id="into the first corner"),
        pytest.param([(np.s_[340:420, 640:660], 3)], [3, 5, 3], id="up beyond it"),
        pytest.param([(np.s_[400:480, 640:660], 3)], [3, 5, 3], id="down beyond it"),
        pytest.param([(np.s_[400:420, 570:660], 3)], [3, 5, 3], id="left beyond it"),
        pytest.param([(np.s_[400:420, 640:800], 3)], [3, 5, 3], id="right beyond it"),
        pytest.param([(OLD_PLACE, 0), (np.s_[400:420, 1200:1220], 3)], [3, 5, 3], id="elsewhere"),
        pytest.param([(OLD_PLACE, 0), (np.s_[719, 1279], 77)], [3, 5], id="gone, and an unknown label appears"),
        pytest.param([(np.s_[500:520, 500:520], 77)], [3, 5], id="an unknown label appears"),
        pytest.param([(np.s_[500:520, 500:520], 77), (np.s_[0, 0], 3)], [3, 5, 3], id="an unknown label, and a pixel elsewhere"),
    ],
)
def test_objects_are_looked_for_around_their_last_place_and_only_those_that_have_left_it_elsewhere(
    changes: list[tuple[tuple[slice, slice], int]], labels: list[int], searched: list[int]
) -> None:
    frame = np.zeros((720, 1280), np.uint8)
    frame[OLD_PLACE] = 3
    frame[20:40, 20:40] = 5
    finder = ObjectFinder([3, 5])
    finder.find(frame)
    searched.clear()
    for place, label in changes:
        frame[place] = label
    objects, _ = finder.find(frame)
    assert all(np.array_equal(unpack(objects[object_id], 720, 1280), frame == object_id) for object_id in (3, 5))
    assert searched == labels


def test_an_object_that_fills_most_of_the_frame_is_looked_for_everywhere(searched: list[int]) -> None:
    frame = np.zeros((720, 1280), np.uint8)
    frame[:400] = 3
    finder = ObjectFinder([3])
    finder.find(frame)
    searched.clear()
    frame[700:710] = 3
    assert finder.find(frame)[0][3].area == 410 * 1280
    assert searched == [3]


def test_masks_of_several_sizes_are_searched_each_within_its_own_bounds() -> None:
    finder = ObjectFinder([1])
    for height, width in ((60, 48), (36, 200), (90, 30)):
        frame = np.zeros((height, width), np.uint8)
        frame[-5:, -5:] = 1
        assert np.array_equal(unpack(finder.find(frame)[0][1], height, width), frame)


def test_labels_that_add_up_to_those_of_an_object_are_not_taken_for_it() -> None:
    frame = np.zeros((200, 1280), np.uint8)
    frame[20:40, 100:130] = 2
    finder = ObjectFinder([2])
    finder.find(frame)
    frame[20:40, 100:115] = 1
    frame[20:40, 115:130] = 3
    objects, unknown = finder.find(frame)
    assert objects[2].area == 0
    assert unknown == {1: 300, 3: 300}


def test_one_stray_pixel_of_an_unknown_label_is_reported() -> None:
    frame = np.zeros((200, 1280), np.uint8)
    frame[20:40, 100:130] = 1
    finder = ObjectFinder([1])
    finder.find(frame)
    frame[199, 1279] = 77
    assert finder.find(frame)[1] == {77: 1}


@given(st.integers(0, 10**6), st.integers(1, 90), st.integers(1, 300))
def test_a_mask_without_another_has_the_rest_of_its_pixels(seed: int, height: int, width: int) -> None:
    one, other = label_map(seed, height, width, [1, 0]) == 1, label_map(seed + 1, height, width, [1]) == 1
    assert_same(without(pack(one, 1), pack(other, 1)), pack(one & ~other, 1))


def assert_same(one: PackedMask, other: PackedMask) -> None:
    assert one._replace(bits=other.bits) == other
    assert (one.bits == other.bits).all()


def test_an_unknown_label_costs_one_look_around_each_object_and_one_at_what_is_left(
    searched: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    count = cv2.calcHist

    def watched(images: list[NDArray[np.uint8]], *rest: Any) -> Any:
        counted.extend(image.size for image in images)
        return count(images, *rest)

    monkeypatch.setattr(cv2, "calcHist", watched)
    frame = np.zeros((720, 1280), np.uint8)
    frame[OLD_PLACE] = 3
    frame[100:110, 900:940] = 8
    finder = ObjectFinder([3])
    for _ in range(3):
        objects, unknown = finder.find(frame)
        assert (objects[3].area, unknown) == (400, {8: 400})
    # the first time nothing is known of the object, which is left over too
    assert searched == [3, 3, 3]
    assert counted == [800, 400, 400]


@pytest.mark.parametrize("ids", [(1,), (1, 2)])
def test_a_frame_of_the_largest_size_is_counted_exactly(ids: tuple[int, ...]) -> None:
    frame = np.full((4096, 4096), 9, np.uint8)
    frame[0, 0] = 1
    assert frame.size == MAX_PIXELS
    objects, unknown = ObjectFinder(ids).find(frame)
    assert objects[1].area == 1
    assert unknown == {9: MAX_PIXELS - 1}
