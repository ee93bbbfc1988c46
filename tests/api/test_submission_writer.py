"""`SubmissionWriter` writes what the server takes from the loop of a tracker, and says at once what is wrong with a mask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lvos_eval
from goldens import REFERENCE
from lvos_eval import SubmissionWriter, UsageError
from packing import good_scores, labels_in, scores
from printed_fixes import masks_of
from submissions import FRAMES, OBJECTS, check, labels, write_reference


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return write_reference(tmp_path / "ref", masks="none")


def write_all(writer: SubmissionWriter) -> None:
    for video in OBJECTS:
        for frame in FRAMES:
            writer.add(video, frame, labels(video, frame))


@pytest.mark.parametrize("threads", [1, 3])
def test_what_a_loop_adds_has_the_scores_of_the_masks(threads: int, tmp_path: Path) -> None:
    with SubmissionWriter(tmp_path / "submission.zip", REFERENCE, threads=threads) as writer:
        for video, frames in masks_of("good").items():
            for frame, ids in frames.items():
                writer.add(video, frame, ids.astype(np.int64))
    assert scores(tmp_path / "submission.zip") == good_scores()
    assert [path.name for path in tmp_path.iterdir()] == ["submission.zip"]


def test_the_writer_says_which_frames_and_sizes_are_wanted(reference: Path, tmp_path: Path) -> None:
    with SubmissionWriter(tmp_path / "s.zip", reference) as writer:
        for video, frames in writer.frames.items():
            for frame in frames:
                mask = np.zeros(writer.size(video), bool)
                mask[:4] = True
                writer.add(video, frame, mask)
    assert not any(problem.severity == "error" for problem in check(tmp_path / "s.zip", reference).problems)


@pytest.mark.parametrize(
    ("video", "frame", "ids", "words"),
    [
        ("aVideo1", 6, labels("aVideo01", 6), "'aVideo1' is not a video of the reference"),
        ("aVideo01", 6, labels("aVideo01", 6)[:40], r"aVideo01, frame 00000006: the mask has the shape \(40, 64\)"),
        ("aVideo01", 6, labels("aVideo01", 6) * 7, "7, 14 is not an object; the objects are 1, 2"),
        ("aVideo01", 6, labels("aVideo01", 6)[None], r"ids has the shape \(1, 48, 64\)"),
        ("aVideo01", 6, labels("aVideo01", 6) * 0.5, "ids has the dtype float64"),
        ("aVideo01", 6, np.full((48, 64), -1), "ids has the label -1"),
        ("aVideo01", -1, labels("aVideo01", 6), "frame is -1"),
        ("aVideo01", 11, labels("aVideo01", 11), "00000011: it has a mask already"),
    ],
)
def test_a_wrong_mask_is_told_when_it_is_added(
    video: str, frame: int, ids: Any, words: str, reference: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=words), SubmissionWriter(tmp_path / "s.zip", reference) as writer:
        writer.add("aVideo01", 11, labels("aVideo01", 11))
        writer.add(video, frame, ids)
    assert not (tmp_path / "s.zip").exists()


def test_what_is_missing_is_told_and_nothing_that_was_added_is_lost(reference: Path, tmp_path: Path) -> None:
    (tmp_path / "s.zip").write_bytes(b"old")
    with (
        pytest.raises(UsageError, match=r"1 scored frame has no mask: bVideo02 00000026\. What was added is in s.incomplete.zip"),
        SubmissionWriter(tmp_path / "s.zip", reference) as writer,
    ):
        for video in OBJECTS:
            for frame in FRAMES:
                if (video, frame) != ("bVideo02", 26):
                    writer.add(video, frame, labels(video, frame))
    assert (tmp_path / "s.zip").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ref", "s.incomplete.zip", "s.zip"]
    result = lvos_eval.pack(tmp_path / "s.incomplete.zip", reference, tmp_path / "s.zip", fill_missing=True)
    assert result.valid
    assert np.array_equal(labels_in(tmp_path / "s.zip")["aVideo01/00000006.png"], labels("aVideo01", 6))


def test_missing_masks_are_empty_where_that_is_asked_for(reference: Path, tmp_path: Path) -> None:
    with SubmissionWriter(tmp_path / "s.zip", reference, fill_missing=True) as writer:
        writer.add("aVideo01", 6, labels("aVideo01", 6))
    packed = labels_in(tmp_path / "s.zip")
    assert packed["aVideo01/00000006.png"].any()
    assert not packed["cVideo03/00000006.png"].any()


def test_frames_that_nobody_asks_for_are_left_out(reference: Path, tmp_path: Path) -> None:
    with SubmissionWriter(tmp_path / "s.zip", reference) as writer:
        write_all(writer)
        writer.add("aVideo01", 7, labels("aVideo01", 6))
    assert "aVideo01/00000007.png" not in labels_in(tmp_path / "s.zip")


def test_an_array_may_be_used_again_after_it_was_added(reference: Path, tmp_path: Path) -> None:
    buffer = np.zeros((48, 64), np.uint8)
    with SubmissionWriter(tmp_path / "s.zip", reference, threads=2) as writer:
        for video in OBJECTS:
            for frame in FRAMES:
                buffer[:] = labels(video, frame)
                writer.add(video, frame, buffer)
                buffer[:] = 255
    for name, found in labels_in(tmp_path / "s.zip").items():
        assert np.array_equal(found, labels(name[:8], int(name[9:17])))


def test_the_call_packs_as_the_command_does(reference: Path, tmp_path: Path) -> None:
    with SubmissionWriter(tmp_path / "s.zip", reference) as writer:
        write_all(writer)
    result = lvos_eval.pack(tmp_path / "s.zip", reference, tmp_path / "again.zip")
    assert result.valid
    assert (result.masks, result.output) == (33, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (tmp_path / "s.zip").read_bytes()


@pytest.mark.parametrize("argument", [{"overlap": "both"}, {"white": "x"}, {"transpose": "no"}, {"resize": 1}, {"dry_run": "no"}])
def test_a_wrong_argument_is_refused_by_name(argument: dict[str, Any], reference: Path, tmp_path: Path) -> None:
    (name,) = argument
    with pytest.raises((ValueError, TypeError), match=name):
        lvos_eval.pack(tmp_path, reference, tmp_path / "s.zip", **argument)
    assert not (tmp_path / "s.zip").exists()
