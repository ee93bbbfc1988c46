"""Encodings beside void, a few odd pixels or right videos: what is printed makes ids of the labels that are explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from encoded import each
from printed_fixes import CANNOT, errors, follow, masks_of, videos_of
from submissions import Files, Labels, png, write_folder

BORDER = 255


def with_border(array: Labels) -> Labels:
    return np.where(np.arange(array.shape[0])[:, None] < 2, np.uint8(BORDER), array)


def same(masks: Path, hidden: int) -> bool:
    """Whether all pixels below the first rows are the good ones."""
    return all(
        np.array_equal(np.asarray(PIL.Image.open(masks / video / f"{frame:08d}.png"))[hidden:], array[hidden:])
        for video, frames in masks_of("good").items()
        for frame, array in frames.items()
    )


@pytest.mark.parametrize("factor", [2, 50])
def test_void_does_not_hide_a_scale(factor: int, tmp_path: Path) -> None:
    check_scale(each(lambda array: png(with_border(array * np.uint8(factor))))(masks_of("good")), factor, tmp_path)


@pytest.mark.parametrize("factor", [2, 50])
def test_a_stray_pixel_does_not_hide_a_scale(factor: int, tmp_path: Path) -> None:
    files = each(lambda array: png(array * np.uint8(factor)))(masks_of("good"))
    frame, array = next(iter(masks_of("good")["bLate002"].items()))
    changed = array * np.uint8(factor)
    changed[0, 0] = 3
    check_scale(files | {f"bLate002/{frame:08d}.png": png(changed)}, factor, tmp_path)


def check_scale(files: Files, factor: int, folder: Path) -> None:
    masks = write_folder(folder / "masks", files)
    (problem,) = errors(masks)
    assert (problem.code, problem.video) == ("ids-encoded", None)
    assert f"are the ids times {factor}" in problem.message
    follow(masks, problem)
    assert same(masks, 2)


def test_right_videos_do_not_hide_the_scale_of_others(tmp_path: Path) -> None:
    good = masks_of("good")
    wrong = {name: good[name] for name in ("bLate002", "cGone003", "hFour008")}
    masks = write_folder(tmp_path / "masks", each(png)(good) | each(lambda array: png(array * np.uint8(50)))(wrong))
    (problem,) = errors(masks)
    assert (problem.code, videos_of(problem)) == ("ids-encoded", [*wrong])
    follow(masks, problem)
    assert same(masks, 0)


def test_right_videos_do_not_hide_that_others_are_white(tmp_path: Path) -> None:
    good = masks_of("good")
    wrong = {name: good[name] for name in ("cGone003", "hFour008")}
    masks = write_folder(tmp_path / "masks", each(png)(good) | each(lambda array: png((array > 0) * np.uint8(255)))(wrong))
    (problem,) = errors(masks)
    assert (problem.code, videos_of(problem)) == ("ids-encoded", [*wrong])
    assert CANNOT in problem.fix


def test_void_alone_beside_void_around_objects_is_no_encoding(tmp_path: Path) -> None:
    good = masks_of("good")
    lost = {"cGone003": good["cGone003"]}
    masks = write_folder(
        tmp_path / "masks",
        each(lambda array: png(with_border(array)))(good) | each(lambda array: png(with_border(array * np.uint8(0))))(lost),
    )
    assert errors(masks) == []
