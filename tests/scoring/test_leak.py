"""What is public tells nothing about hidden masks but the rounded means of objects."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import evaluate

FRAMES = (1, 6, 11, 16, 21, 26)
"""The first and the last are not scored."""
SIZE = (40, 60)


def square(left: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    labels = np.zeros(SIZE, np.uint8)
    labels[10:20, left : left + 10] = 1
    return labels


def write_masks(folder: Path, lefts: tuple[int, ...]) -> None:
    """One video whose object is a square at `lefts`, one a frame, or nowhere where that is negative."""
    folder.mkdir(parents=True)
    for frame, left in zip(FRAMES, lefts, strict=True):
        labels = square(left) if left >= 0 else np.zeros(SIZE, np.uint8)
        Image.fromarray(labels).save(folder / f"{frame:08d}.png")


def outputs(folder: Path, truth: tuple[int, ...], *options: str) -> dict[str, str]:
    """Every output of a run against a ground truth, by name, with what the command printed; the digest taken out."""
    reference = folder / "in" / "ref"
    for video, seen in (("aaa", True), ("bbb", True), ("uuu", False), ("vvv", False)):
        write_masks(reference / "Annotations" / video, truth if video != "bbb" else (2,) * 6)
        write_masks(folder / "in" / "res" / video, (2,) * 6)
        if not seen:
            with (reference / "unseen_videos.txt").open("a") as file:
                file.write(f"{video}\n")
    span = {"start": 1, "end": 31, "frame_nums": 6}
    videos = {video: {"objects": {"1": {"frame_range": span}}} for video in ("aaa", "bbb", "uuu", "vvv")}
    (reference / "test_meta.json").write_text(json.dumps({"videos": videos}))
    out = folder / "out"
    done = evaluate(folder / "in", out, *options)
    assert done.returncode == 0, done.stderr
    texts = {path.name: path.read_text() for path in out.rglob("*") if path.is_file()}
    texts |= {"stdout": done.stdout, "stderr": done.stderr}
    return {name: re.sub(r"gt:(<wbr>)?[0-9a-f]{16}", "gt:DIGEST", text).replace(str(folder), "") for name, text in texts.items()}


HIT_FIRST = (2, 2, 2, 40, 40, 2)
HIT_LAST = (2, 40, 40, 2, 2, 2)
ABSENT_LAST = (2, 2, 2, -1, -1, 2)
ELSEWHERE = (2, 2, 2, 30, 45, 2)


@pytest.mark.parametrize("other", [HIT_LAST, ABSENT_LAST, ELSEWHERE])
def test_references_with_equal_means_of_objects_make_identical_public_outputs(tmp_path: Path, other: tuple[int, ...]) -> None:
    one, two = outputs(tmp_path / "one", HIT_FIRST), outputs(tmp_path / "two", other)
    assert one == two
    assert set(one) == {"detailed_results.html", "scoring_details.json", "scores.json", "scores.txt", "stdout", "stderr"}
    assert json.loads(one["scoring_details.json"])["objects"][0]["J"] == 0.5


@pytest.mark.slow
@pytest.mark.parametrize("other", [HIT_LAST, ABSENT_LAST, ELSEWHERE])
def test_the_same_references_can_be_told_apart_with_full_detail(tmp_path: Path, other: tuple[int, ...]) -> None:
    """The test above would see a difference if there were one."""
    one, two = outputs(tmp_path / "one", HIT_FIRST, "--detail", "full"), outputs(tmp_path / "two", other, "--detail", "full")
    assert one["detailed_results.html"] != two["detailed_results.html"]
