"""Rules that turned ids into other values: which explain a whole submission, and what they leave open."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.mask_values import MaskValues
from lvos_eval.submission.encodings import ENOUGH_EVIDENCE, LabelVideo, evidence, read_scale, read_shift
from lvos_eval.submission.renumbered_labels import read_palettes

Ids = Mapping[str, Mapping[int, int] | None]


def video(ids: tuple[int, ...], *masks: tuple[int, ...]) -> LabelVideo:
    """Masks by their values; every one has background."""
    return LabelVideo(ids, frozenset(frozenset({0, *mask}) for mask in masks))


def scale(**videos: LabelVideo) -> Ids | None:
    reading = read_scale(videos)
    return None if reading is None else reading.ids


def test_a_constant_explains_all_videos_with_values_that_wrap() -> None:
    reading = read_scale({"a": video((1, 6), (50, 44), (50,)), "b": video((1,), ()), "c": video((3,), (150,))})
    assert reading is not None
    assert (reading.rule, reading.ids) == ("the ids times 50", {"a": {50: 1, 44: 6}, "b": {}, "c": {150: 3}})


def test_one_video_that_does_not_fit_refutes_a_rule() -> None:
    assert scale(a=video((1, 2), (50, 100)), b=video((1, 2), (1, 2))) is None


@pytest.mark.parametrize(
    "values", [(63, 127, 191, 255), (64, 128, 191, 255), (64, 128, 192, 255)], ids=["cut", "rounded", "matplotlib"]
)
def test_stretches_are_read_however_they_were_rounded(values: tuple[int, ...]) -> None:
    assert scale(a=video((1, 2, 3, 4), values)) == {"a": dict(zip(values, (1, 2, 3, 4), strict=True))}


def test_a_mask_without_the_largest_id_shows_that_not_every_mask_was_stretched_for_itself() -> None:
    assert scale(a=video((1, 2), (127, 255), (127,), (255,))) == {"a": {127: 1, 255: 2}}
    assert scale(a=video((1, 2), (127, 255), (255,))) == {"a": None}


def test_in_a_video_without_its_largest_object_255_may_be_either() -> None:
    assert scale(a=video((1, 2), (255,)), b=video((1, 2), (127,), (127, 255))) == {"a": None, "b": {127: 1, 255: 2}}


def test_where_a_rule_makes_background_of_an_object_its_mapping_is_not_trusted() -> None:
    assert scale(a=video((1, 2, 4), (64, 128)), b=video((1,), (64,))) == {"a": None, "b": {64: 1}}


def test_two_values_are_no_evidence_but_a_submission_is() -> None:
    one = video((1, 2), (50, 100))
    assert evidence([one]) < ENOUGH_EVIDENCE < evidence([one, one])


def shifted(background: int, *masks: tuple[int, ...]) -> Mapping[str, LabelVideo]:
    return {"a": LabelVideo((1, 2), frozenset(frozenset({background, *mask}) for mask in masks))}


def test_ids_may_start_above_a_background_of_1() -> None:
    reading = read_shift(shifted(1, (2, 3), (2,)), 0.0)
    assert reading is not None
    assert reading.ids == {"a": {2: 1, 3: 2}}
    # an object that is everywhere, and nothing beyond the ids
    assert read_shift(shifted(1, (2,)), 0.0) is None
    assert read_shift(shifted(0, (2, 3)), 0.0) is None


def test_ids_may_start_at_0_beside_a_background_of_255_that_is_most_of_the_picture() -> None:
    masks = shifted(255, (0, 1), (1,))
    reading = read_shift(masks, 0.9)
    assert reading is not None
    assert reading.ids == {"a": {0: 1, 1: 2}}
    assert read_shift(masks, 0.4) is None
    assert read_shift(shifted(255, (1, 2)), 0.9) is None


BLACK, RED, GREEN, YELLOW = (0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0)


def mask(*pairs: tuple[int, tuple[int, int, int]]) -> MaskValues:
    return MaskValues(ImageKind.PALETTE, bytes(label for label, _ in pairs), b"".join(bytes(colour) for _, colour in pairs))


WHOLE = mask((0, BLACK), (1, RED), (2, GREEN))
SECOND = mask((0, BLACK), (1, GREEN))


def test_a_label_with_two_colours_of_a_palette_is_renumbered() -> None:
    reading = read_palettes({"a": ((1, 2), {WHOLE, SECOND})})
    assert reading is not None
    assert (reading.palette, reading.ids, reading.example) == ("DAVIS", {RED: 1, GREEN: 2}, (1, RED, GREEN))


@pytest.mark.parametrize(
    "masks",
    [
        {WHOLE},
        {SECOND},
        {WHOLE, mask((0, BLACK), (2, RED))},
        {WHOLE, SECOND, MaskValues(ImageKind.GREY, b"\0\1")},
        {WHOLE, SECOND, mask((0, BLACK), (1, BLACK))},
        {WHOLE, SECOND, mask((0, BLACK), (1, YELLOW))},
        {WHOLE, mask((0, BLACK), (1, (9, 9, 9)))},
    ],
    ids=["as they are", "one colour throughout", "by rank", "grey beside", "no colours", "no declared id", "no palette"],
)
def test_other_palettes_prove_nothing(masks: set[MaskValues]) -> None:
    assert read_palettes({"a": ((1, 2), masks)}) is None


def test_masks_that_kept_all_colours_may_lie_beside_renumbered_ones() -> None:
    kept = mask((0, BLACK), (1, RED), (3, YELLOW))
    assert read_palettes({"a": ((1, 2, 3), {WHOLE, SECOND, kept, MaskValues(ImageKind.GREY, b"\0")})}) is not None
