"""Collecting the objects of many frames before they are measured: what comes out does not show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.label_map import DecodedMask
from lvos_eval.formats.mask_values import MaskValues
from lvos_eval.masks.finder import ObjectFinder
from lvos_eval.masks.packed import FrameSize
from lvos_eval.metrics import definition
from lvos_eval.metrics.boundary_matching import Pair
from lvos_eval.metrics.measures import score_pairs
from lvos_eval.protocols.contract import PROPOSALS, Pairing
from lvos_eval.scoring import pairing
from lvos_eval.scoring.pairing import ObjectPairs
from lvos_eval.scoring.results import ABSENT_PROPOSAL, ObjectFrame

Labels: TypeAlias = NDArray[np.uint8]

IDS = (1, 2)


def decoded(labels: Labels, ids: Sequence[int] = IDS) -> DecodedMask:
    height, width = labels.shape
    objects, unknown = ObjectFinder(ids).find(labels)
    return DecodedMask(FrameSize(height, width), objects, unknown, MaskValues(ImageKind.GREY, b""))


def label_map(seed: int, height: int = 90, width: int = 150) -> Labels:
    """Two rectangles that may overlap, the second in front."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((height, width), np.uint8)
    for object_id in IDS:
        top, left = (int(rng.integers(0, size - 20)) for size in (height, width))
        labels[top : top + 35, left : left + 60] = object_id
    return labels


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pairs were measured each time that any were."""
    numbers: list[int] = []

    def watched(pairs: Sequence[Pair], size: FrameSize) -> list[tuple[float, float]]:
        numbers.append(len(pairs))
        return score_pairs(pairs, size)

    monkeypatch.setattr(pairing, "score_pairs", watched)
    return numbers


def expected(object_id: int, frame: int, truth: Labels, prediction: Labels, label: int, proposal: int | None) -> ObjectFrame:
    one, other = truth == object_id, prediction == label
    j, f = definition.region_similarity(one, other), definition.contour_accuracy(one, other)
    return ObjectFrame(object_id, frame, j, f, bool(one.any()), proposal)


@pytest.mark.parametrize("held", [0, 1000, 1 << 20])
def test_every_frame_gets_its_values_in_order_however_many_wait(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing, "_HELD_BYTES", held)
    found = ObjectPairs(Pairing.BY_ID)
    wanted = []
    for frame in range(12):
        truth, prediction = label_map(frame), label_map(frame + 100)
        ids = IDS if frame % 3 else IDS[1:]
        found.add(frame, ids, decoded(truth), decoded(prediction))
        wanted += [expected(object_id, frame, truth, prediction, object_id, None) for object_id in ids]
    assert found.values() == wanted


def test_masks_wait_only_until_there_are_enough(monkeypatch: pytest.MonkeyPatch, measured: list[int]) -> None:
    masks = [decoded(label_map(frame)) for frame in range(5)]
    bytes_of_a_frame = sum(2 * mask.bits.nbytes for mask in masks[0].objects.values())
    monkeypatch.setattr(pairing, "_HELD_BYTES", bytes_of_a_frame)
    found = ObjectPairs(Pairing.BY_ID)
    for frame in (0, 1):
        # the bytes of one frame are not too many; with those of another they are, as the next frame finds
        found.add(frame, IDS, masks[frame], masks[frame])
    assert sum(measured) == 0
    found.add(2, IDS, masks[2], masks[2])
    assert sum(measured) == 4
    assert len(found.values()) == 6
    assert sum(measured) == 6


def test_the_same_masks_again_are_measured_once(measured: list[int]) -> None:
    truth, prediction = label_map(1), label_map(2)
    masks = decoded(truth), decoded(prediction)
    found = ObjectPairs(Pairing.BY_ID)
    for frame in range(4):
        found.add(frame, IDS, *masks)
    assert found.values() == [
        expected(object_id, frame, truth, prediction, object_id, None) for frame in range(4) for object_id in IDS
    ]
    assert sum(measured) == 2


@pytest.mark.parametrize("pairing_", [Pairing.BY_ID, Pairing.ASSIGNMENT])
def test_an_object_is_visible_from_its_first_pixel_on(pairing_: Pairing) -> None:
    truth, nothing = np.zeros((2, 90, 150), np.uint8)
    truth[40, 70] = 1
    found = ObjectPairs(pairing_)
    found.add(0, IDS, decoded(truth), decoded(nothing))
    assert [(value.object_id, value.visible) for value in found.values()] == [(1, True), (2, False)]


def test_an_object_that_joins_the_same_masks_gets_its_values() -> None:
    truth, prediction = label_map(3), label_map(4)
    masks = decoded(truth), decoded(prediction)
    found = ObjectPairs(Pairing.BY_ID)
    found.add(1, (1,), *masks)
    found.add(6, IDS, *masks)
    wanted = [(1, 1), (6, 1), (6, 2)]
    assert found.values() == [expected(object_id, frame, truth, prediction, object_id, None) for frame, object_id in wanted]


def test_only_one_mask_being_another_is_a_new_frame() -> None:
    truths, predictions = [label_map(seed) for seed in (5, 5, 6)], [label_map(seed) for seed in (7, 8, 8)]
    first, second = decoded(truths[0]), decoded(predictions[1])
    found = ObjectPairs(Pairing.BY_ID)
    found.add(0, IDS, first, decoded(predictions[0]))
    found.add(1, IDS, first, second)
    found.add(2, IDS, decoded(truths[2]), second)
    frames = enumerate(zip(truths, predictions, strict=True))
    assert found.values() == [
        expected(object_id, frame, truth, other, object_id, None) for frame, (truth, other) in frames for object_id in IDS
    ]


def test_frames_of_another_size_are_measured_by_their_own() -> None:
    # the tolerance grows with the frame, and the frame's edge is no boundary
    sizes = [(90, 150), (300, 400), (300, 410), (90, 150)]
    maps = [(label_map(frame, *size), label_map(frame + 50, *size)) for frame, size in enumerate(sizes)]
    found = ObjectPairs(Pairing.BY_ID)
    for frame, (truth, prediction) in enumerate(maps):
        found.add(frame, IDS, decoded(truth), decoded(prediction))
    assert found.values() == [
        expected(object_id, frame, *pair, object_id, None) for frame, pair in enumerate(maps) for object_id in IDS
    ]


@pytest.mark.parametrize("size", [(90, 150), (500, 900)])
def test_each_object_is_compared_with_every_proposal_the_absent_one_first(size: tuple[int, int]) -> None:
    truth, prediction = label_map(9, *size), label_map(12, *size)
    prediction[prediction == 2] = 17
    found = ObjectPairs(Pairing.ASSIGNMENT)
    found.add(4, IDS, decoded(truth), decoded(prediction, PROPOSALS))
    proposals = (ABSENT_PROPOSAL, 1, 17)
    # no pixel has the label 255
    labels = {ABSENT_PROPOSAL: 255, 1: 1, 17: 17}
    wanted = [
        expected(object_id, 4, truth, prediction, labels[proposal], proposal) for object_id in IDS for proposal in proposals
    ]
    assert found.values() == wanted


@pytest.mark.parametrize("way", [Pairing.BY_ID, Pairing.ASSIGNMENT])
def test_ignored_pixels_count_in_neither_mask(way: Pairing) -> None:
    truth, prediction = label_map(9), label_map(12)
    truth[30:60, 40:90] = 255
    left = np.where(truth == 255, 0, prediction).astype(np.uint8)
    found = ObjectPairs(way, 255)
    found.add(4, IDS, decoded(truth, (*IDS, 255)), decoded(prediction, PROPOSALS))
    assert (left != prediction).any()
    labels = {None: None, ABSENT_PROPOSAL: 254, 1: 1, 2: 2}
    wanted = [
        expected(object_id, 4, truth, left, labels[proposal] or object_id, proposal)
        for object_id in IDS
        for proposal in ((None,) if way is Pairing.BY_ID else (ABSENT_PROPOSAL, 1, 2))
    ]
    assert found.values() == wanted


def test_a_proposal_of_ignored_pixels_alone_is_empty_and_still_one() -> None:
    truth, prediction = np.ones((90, 150), np.uint8), np.zeros((90, 150), np.uint8)
    truth[:9, :9], prediction[:9, :9] = 255, 3
    found = ObjectPairs(Pairing.ASSIGNMENT, 255)
    found.add(0, (1,), decoded(truth, (1, 255)), decoded(prediction, PROPOSALS))
    assert [(value.proposal, value.region_similarity) for value in found.values()] == [(ABSENT_PROPOSAL, 0.0), (3, 0.0)]


def test_a_proposal_far_from_an_object_has_nothing_of_it_without_being_measured(measured: list[int]) -> None:
    truth, prediction = np.zeros((2, 400, 600), np.uint8)
    truth[20:60, 20:60] = 1
    prediction[30:60, 30:70] = 1
    prediction[300:350, 500:560] = 2
    found = ObjectPairs(Pairing.ASSIGNMENT)
    found.add(0, (1,), decoded(truth), decoded(prediction, PROPOSALS))
    # the object against the absent proposal and the near one
    assert [value == expected(1, 0, truth, prediction, value.proposal or 255, value.proposal) for value in found.values()] == [
        True
    ] * 3
    assert sum(measured) == 2


def test_a_hidden_object_is_compared_with_proposals_wherever_they_are() -> None:
    truth, prediction = np.zeros((90, 150), np.uint8), np.ones((90, 150), np.uint8)
    found = ObjectPairs(Pairing.ASSIGNMENT)
    found.add(0, (1,), decoded(truth), decoded(prediction, PROPOSALS))
    # a proposal that is the whole frame has no boundary, as the hidden object has none
    assert found.values() == [ObjectFrame(1, 0, 1.0, 1.0, False, ABSENT_PROPOSAL), ObjectFrame(1, 0, 0.0, 1.0, False, 1)]
