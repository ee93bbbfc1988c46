"""What is printed about the values of masks, followed to the letter on whole submissions: the scores are the unharmed ones."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest

from encoded import HARMLESS, LOST, UNDONE, Encode, Masks, as_rgb, by_matplotlib, by_video, each, stretched, three
from faulty_submissions import redrawn
from goldens import REFERENCE, prediction
from lvos_eval.diagnostics.problems import Severity
from printed_fixes import CANNOT, errors, follow, masks_of, videos_of
from submissions import Labels, check, png, score, write_folder, write_reference

ALIKE = {
    "colours of YouTube-VOS",
    "colours of matplotlib",
    "colours, and twice as large",
    "greys of YouTube-VOS",
    "ids times 60, which wraps",
    "ids of a palette image times 30",
    "three channels of greys of a palette",
}
"""Cases that differ from others in little more than their numbers, or take long."""


@cache
def values_of(name: str) -> dict[str, float]:
    return scores(prediction(name))


def scores(submission: Path) -> dict[str, float]:
    found = score(submission, REFERENCE).report.scores
    assert found is not None
    return dict(found.values)


def written(folder: Path, encode: Encode, name: str = "good") -> Path:
    return write_folder(folder / "masks", encode(masks_of(name)))


@pytest.mark.parametrize("case", [pytest.param(case, marks=pytest.mark.slow) if case in ALIKE else case for case in UNDONE])
def test_following_every_printed_fix_gives_the_unharmed_scores(case: str, tmp_path: Path) -> None:
    code, encode = UNDONE[case]
    masks = written(tmp_path, encode)
    problems = errors(masks)
    assert {problem.code for problem in problems} == {*code.split()}
    for problem in problems:
        follow(masks, problem)
    assert scores(masks) == values_of("good")


ONE_CAUSE = {
    **{case: UNDONE[case] for case in UNDONE if case != "colours, and twice as large" and "twice" not in case},
    **{case: LOST[case] for case in LOST if "smoothed" not in case and "three" not in case},
}


@pytest.mark.parametrize("case", [pytest.param(case, marks=pytest.mark.slow) if case in ALIKE else case for case in ONE_CAUSE])
def test_one_cause_in_the_whole_submission_is_one_problem(case: str, tmp_path: Path) -> None:
    code, encode = ONE_CAUSE[case]
    masks = written(tmp_path, encode)
    problems = check(masks, REFERENCE).problems
    assert [(problem.code, problem.video) for problem in problems] == [(code, None), ("extra-frame", "gIds2x5z")]


def test_a_wrong_size_is_one_problem_for_each_size_that_is_wanted(tmp_path: Path) -> None:
    """All at one size, as from a model that works at 96x96 pixels; two videos are made to have the same size."""

    def small(array: Labels) -> bytes:
        return png(np.asarray(cv2.resize(array, (96, 96), interpolation=cv2.INTER_NEAREST)))

    reference = write_reference(tmp_path / "ref")
    masks = write_folder(tmp_path / "masks", redrawn("aVideo01", small, redrawn("cVideo03", small)))
    (problem,) = check(masks, reference).problems
    assert (problem.code, videos_of(problem)) == ("wrong-size", ["aVideo01", "cVideo03"])
    assert "run for every mask of this size in these videos (path)" in problem.fix
    follow(masks, problem)
    assert check(masks, reference).problems == ()


def test_colours_of_objects_that_only_some_videos_have_stay_what_they_are(tmp_path: Path) -> None:
    """Object 2 was predicted in a video that has only object 1; that it is not declared is said once it is an id."""

    def stray(masks: Masks) -> dict[str, bytes]:
        def draw(array: Labels) -> bytes:
            changed = array.copy()
            changed[:3, :3] = 2
            return as_rgb()(changed)

        return each(as_rgb())(masks) | each(draw)({"aPlain01": masks["aPlain01"]})

    masks = written(tmp_path, stray)
    (problem,) = errors(masks)
    assert problem.video is None
    follow(masks, problem)
    found = check(masks, REFERENCE).problems
    assert [(problem.code, problem.video) for problem in found] == [
        ("unknown-object", "aPlain01"),
        ("absent-object", "eNever05"),
        ("extra-frame", "gIds2x5z"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("case", LOST)
def test_where_nothing_can_be_undone_it_is_said(case: str, tmp_path: Path) -> None:
    code, encode = LOST[case]
    problems = errors(written(tmp_path, encode))
    assert {problem.code for problem in problems} == {code}
    for problem in problems:
        assert CANNOT in problem.fix
        assert "run for" not in problem.fix


@pytest.mark.slow
@pytest.mark.parametrize("case", HARMLESS)
def test_right_ids_in_odd_colours_are_valid(case: str, tmp_path: Path) -> None:
    masks = written(tmp_path, HARMLESS[case])
    assert errors(masks) == []
    if "void" not in case:
        assert scores(masks) == values_of("good")


@pytest.mark.parametrize("name", ["good", "poor", "edge"])
def test_predictions_as_they_are_have_no_error(name: str) -> None:
    assert errors(prediction(name)) == []


@pytest.mark.parametrize(("draw", "code"), [(three, "not-indexed"), (png, "ids-encoded")], ids=["three channels", "one channel"])
def test_a_stretch_by_video_is_undone_where_it_can_be(draw: Any, code: str, tmp_path: Path) -> None:
    """In one video only the first of two objects was predicted: 255 may be either."""
    masks = written(tmp_path, by_video(lambda array, largest: draw(stretched(array, largest))))
    problems = errors(masks)
    assert {problem.code for problem in problems} == {code}
    (lost,) = [problem for problem in problems if CANNOT in problem.fix]
    assert lost.video == "eNever05"
    for problem in problems:
        if problem is not lost:
            follow(masks, problem)
    shutil.rmtree(masks / "eNever05")
    shutil.copytree(prediction("good") / "eNever05", masks / "eNever05")
    assert scores(masks) == values_of("good")


def test_a_stretch_by_mask_is_undone_only_where_there_is_one_object(tmp_path: Path) -> None:
    masks = written(tmp_path, each(by_matplotlib))
    found = [problem for problem in errors(masks) if CANNOT not in problem.fix]
    undone = {video for problem in found for video in videos_of(problem)}
    # in the last ones every mask shows which objects it has
    assert {"aPlain01", "fEmpty06"} <= undone
    for problem in found:
        follow(masks, problem)
    for video in masks.iterdir():
        if video.name not in undone:
            shutil.rmtree(video)
            shutil.copytree(prediction("good") / video.name, video)
    assert scores(masks) == values_of("good")


def test_black_masks_everywhere_are_one_error(tmp_path: Path) -> None:
    masks = written(tmp_path, each(lambda array: png(array * np.uint8(0))))
    problems = check(masks, REFERENCE).problems
    assert [(problem.code, problem.video) for problem in problems] == [("nothing-predicted", None), ("extra-frame", "gIds2x5z")]


def test_white_masks_are_undone_for_single_objects_and_not_for_several(tmp_path: Path) -> None:
    masks = written(tmp_path, each(lambda array: png(np.where(array > 0, np.uint8(255), np.uint8(0)))))
    single, encoded = errors(masks)
    assert (encoded.code, encoded.video) == ("ids-encoded", None)
    assert CANNOT in encoded.fix
    assert (single.code, videos_of(single)) == ("palette-lost", ["aPlain01", "fEmpty06"])
    follow(masks, single, alternative=0)
    for video in masks.iterdir():
        if video.name not in ("aPlain01", "fEmpty06"):
            shutil.rmtree(video)
            shutil.copytree(prediction("good") / video.name, video)
    assert scores(masks) == values_of("good")


def test_masks_of_a_white_background_have_two_readings_each_with_its_fix(tmp_path: Path) -> None:
    def inverted(array: Labels) -> bytes:
        return png(np.where(array > 0, np.uint8(0), np.uint8(255)))

    masks = written(tmp_path, each(inverted))
    (single,) = [problem for problem in errors(masks) if problem.code == "palette-lost"]
    assert videos_of(single) == ["aPlain01", "fEmpty06"]
    assert "either the only object is written as 255 or the background is" in single.message
    follow(masks, single, alternative=1)
    for name in ("aPlain01", "fEmpty06"):
        for path in (masks / name).iterdir():
            assert np.array_equal(np.asarray(PIL.Image.open(path)), masks_of("good")[name][int(path.stem)])


def test_masks_that_are_smaller_become_valid_and_it_is_said_that_they_lost_details(tmp_path: Path) -> None:
    masks = written(tmp_path, each(lambda array: png(np.ascontiguousarray(array[::2, ::2]))))
    for problem in errors(masks):
        assert problem.code == "wrong-size"
        assert "What a resize has lost does not come back" in problem.fix
        follow(masks, problem)
    assert errors(masks) == []


def test_maps_of_0_and_128_become_those_of_0_and_1(tmp_path: Path) -> None:
    shutil.copytree(REFERENCE, tmp_path / "ref")
    (tmp_path / "ref" / "scoring.yaml").write_text("task: unsupervised_single\n")
    good = {video: masks_of("good")[video] for video in ("aPlain01", "fEmpty06")}
    masks = write_folder(tmp_path / "masks", each(lambda array: png((array > 0) * np.uint8(128)))(good))
    problems = [problem for problem in check(masks, tmp_path / "ref").problems if problem.code != "missing-frame"]
    (problem,) = problems
    assert (problem.code, videos_of(problem)) == ("not-salient", ["aPlain01", "fEmpty06"])
    follow(masks, problem)
    for video, frames in good.items():
        for frame, array in frames.items():
            assert np.array_equal(np.asarray(PIL.Image.open(masks / video / f"{frame:08d}.png")), array > 0)


def one_video(video: str, draw: Any) -> Encode:
    return lambda masks: each(png)(masks) | each(draw)({video: masks[video]})


@pytest.mark.parametrize(
    ("video", "draw"),
    [
        ("bLate002", lambda array: png(array * np.uint8(50))),
        ("aPlain01", lambda array: png(array * np.uint8(7))),
        ("bLate002", lambda array: png(array + np.uint8(1))),
        ("hFour008", lambda array: png(array + np.uint8(100) * (array > 0))),
        ("cGone003", lambda array: png(array * np.uint8(0))),
    ],
    ids=["scaled", "another label", "shifted", "high labels", "black"],
)
def test_odd_labels_in_one_video_stay_warnings(video: str, draw: Any, tmp_path: Path) -> None:
    problems = check(written(tmp_path, one_video(video, draw)), REFERENCE).problems
    assert {problem.severity for problem in problems} == {Severity.WARNING}
    absent = [problem for problem in problems if problem.code == "absent-object" and problem.video == video]
    assert len(absent) <= 1


def test_a_tracker_with_labels_of_its_own_gets_warnings(tmp_path: Path) -> None:
    """New numbers from video to video, as a tracker has that counts every object it ever saw."""
    numbers = {video: 20 * position for position, video in enumerate(sorted(masks_of("good")))}

    def encode(masks: Masks) -> dict[str, bytes]:
        return {
            f"{video}/{frame:08d}.png": png(array + np.uint8(numbers[video]) * (array > 0))
            for video, frames in masks.items()
            for frame, array in frames.items()
        }

    assert errors(written(tmp_path, encode)) == []
