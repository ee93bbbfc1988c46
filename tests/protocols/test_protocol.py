"""Which frames are scored, and where their values go."""

from __future__ import annotations

import pytest

from lvos_eval import protocols
from lvos_eval.metrics.definition import tolerance
from lvos_eval.protocols.contract import Task
from lvos_eval.protocols.frames import ScoredFrames
from lvos_eval.protocols.lvos import SCORE_KEYS, FrameRange, frame_name


def scored_frames(
    frame_range: FrameRange, name: str, task: Task = Task.SEMI_SUPERVISED, excluded: frozenset[int] = frozenset()
) -> ScoredFrames:
    return protocols.get(name, task).frame_rule.scored(frame_range, excluded)


def test_lvos_v2_scores_all_but_the_first_and_the_last_frame() -> None:
    scored = scored_frames(FrameRange(1, 26, 5), "lvos-v2")
    assert scored == ScoredFrames(frames=(6, 11, 16), slots=(0, 1, 2), length=3)


def test_lvos_v1_scores_every_frame() -> None:
    scored = scored_frames(FrameRange(1, 26, 5), "lvos-v1")
    assert scored == ScoredFrames(frames=(1, 6, 11, 16, 21), slots=(0, 1, 2, 3, 4), length=5)


def test_a_late_object_has_its_own_first_frame() -> None:
    assert scored_frames(FrameRange(101, 121, 4), "lvos-v2").frames == (106, 111)


def test_the_end_is_exclusive() -> None:
    assert tuple(FrameRange(1, 21, 4).frames) == (1, 6, 11, 16)
    assert tuple(FrameRange(1, 22, 5).frames) == (1, 6, 11, 16, 21)


def test_frame_nums_one_larger_than_the_range_scores_the_last_frame_too() -> None:
    assert scored_frames(FrameRange(1, 26, 6), "lvos-v2") == ScoredFrames((6, 11, 16, 21), (0, 1, 2, 3), 4)


def test_frame_nums_two_larger_than_the_range_leaves_a_zero_that_counts() -> None:
    assert scored_frames(FrameRange(1, 26, 7), "lvos-v2") == ScoredFrames((6, 11, 16, 21), (0, 1, 2, 3), 5)


def test_frame_nums_smaller_than_the_range_has_no_official_number() -> None:
    with pytest.raises(ValueError, match=r"^frame_nums is 4 but range\(1, 26, 5\) has 5 frames$"):
        scored_frames(FrameRange(1, 26, 4), "lvos-v2")


@pytest.mark.parametrize("frame_nums", [1, 2])
def test_one_or_two_frames_leave_nothing_to_score_under_lvos_v2(frame_nums: int) -> None:
    frame_range = FrameRange(1, 1 + 5 * frame_nums, frame_nums)
    assert scored_frames(frame_range, "lvos-v2") == ScoredFrames((), (), 0)


def test_the_unsupervised_tasks_score_every_frame_under_either_protocol() -> None:
    for task in (Task.UNSUPERVISED_MULTIPLE, Task.UNSUPERVISED_SINGLE):
        assert scored_frames(FrameRange(1, 26, 5), "lvos-v2", task).frames == (1, 6, 11, 16, 21)


def test_the_single_object_task_files_the_first_frame_last() -> None:
    scored = scored_frames(FrameRange(1, 16, 3), "lvos-v2", Task.UNSUPERVISED_SINGLE)
    assert scored == ScoredFrames(frames=(1, 6, 11), slots=(2, 0, 1), length=3)


def test_an_excluded_frame_gives_up_its_value() -> None:
    scored = scored_frames(FrameRange(1, 31, 6), "lvos-v2", excluded=frozenset({11, 999}))
    assert scored == ScoredFrames(frames=(6, 16, 21), slots=(0, 1, 2), length=3)


@pytest.mark.parametrize(("height", "width", "radius"), [(720, 1280, 12), (600, 800, 8), (480, 640, 7), (1080, 1920, 18)])
def test_the_tolerance_is_a_share_of_the_diagonal_rounded_up(height: int, width: int, radius: int) -> None:
    assert tolerance(height, width) == radius


def test_frame_names_have_eight_digits() -> None:
    assert frame_name(6) == "00000006"


def test_the_leaderboard_keys_never_change() -> None:
    assert SCORE_KEYS == (
        "Overall",
        "J-Mean",
        "J-seen-Mean",
        "J-unseen-Mean",
        "F-Mean",
        "F-seen-Mean",
        "F-unseen-Mean",
        "V-Mean",
        "V-seen-Mean",
        "V-unseen-Mean",
    )
