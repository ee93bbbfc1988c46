"""Means over visible and absent frames and after re-appearance."""

from __future__ import annotations

from lvos_eval.scoring.frame_kinds import FrameMeans, frame_means, pooled_means, reappeared
from lvos_eval.scoring.results import ObjectFrame


def values(text: str) -> list[ObjectFrame]:
    """One frame a character: `.` absent with J = F = 1, a digit n visible with J = n / 10 and F = J / 2."""
    return [
        ObjectFrame(1, 6 + 5 * n, 1.0, 1.0, False) if c == "." else ObjectFrame(1, 6 + 5 * n, int(c) / 10, int(c) / 20, True)
        for n, c in enumerate(text)
    ]


def test_an_object_is_back_in_every_visible_frame_after_an_absent_one() -> None:
    assert reappeared(values("55..5.55")) == [False, False, False, False, True, False, True, True]


def test_an_object_that_never_leaves_does_not_re_appear() -> None:
    assert reappeared(values("555")) == [False, False, False]


def test_an_object_that_is_absent_at_first_re_appears() -> None:
    assert reappeared(values(".5")) == [False, True]


def test_means_are_over_the_frames_of_each_kind() -> None:
    assert frame_means(values("8..42")) == (
        FrameMeans("visible", 3, (0.8 + 0.4 + 0.2) / 3, (0.4 + 0.2 + 0.1) / 3),
        FrameMeans("before absence", 1, 0.8, 0.4),
        FrameMeans("absent", 2, 1.0, 1.0),
        FrameMeans("after re-appearance", 2, (0.4 + 0.2) / 2, (0.2 + 0.1) / 2),
    )


def test_means_have_the_same_bits_in_any_order_and_on_every_python() -> None:
    # added up one after the other, ten times 0.1 is not 1
    assert frame_means(values("1" * 10))[0].j == 0.1


def test_kinds_without_a_frame_are_left_out() -> None:
    assert [means.kind for means in frame_means(values("5"))] == ["visible"]
    assert frame_means([]) == ()


def test_pooled_means_count_every_object_once_however_long_it_is() -> None:
    pooled = pooled_means([frame_means(values("8888")), frame_means(values("4.")), ()])
    assert [(means.kind, means.frames, objects) for means, objects in pooled] == [
        ("visible", 5, 2), ("before absence", 1, 1), ("absent", 1, 1),
    ]  # fmt: skip
    assert pooled[0][0].j == (0.8 + 0.4) / 2
