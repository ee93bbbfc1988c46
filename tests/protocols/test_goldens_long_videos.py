"""`long-videos` gives the numbers of the official tool, `==` on doubles, and its files, byte for byte.

The masks are drawn from procedural shapes made for this project; the numbers are those of github.com/xmlyqing00/AFB-URR
at bbd4339.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from PIL import Image

from benchmarks import DAMAGES, J_AND_F, Benchmark, slow_but, ways

SETS: Final = [("good", "val"), ("poor", "val"), ("edge", "val"), ("long", "long")]
VIDEO: Final = "border_a"
"""The one that is damaged, as it was for the official tool."""


@pytest.fixture(scope="module")
def long_videos(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return Benchmark.unpack(
        "goldens_long_videos.tar.xz",
        tmp_path_factory.mktemp("long-videos"),
        protocol="long-videos",
        data="longvideo",
        annotations="Annotations",
        statistics={key.replace("F-", "NF-"): name for key, name in J_AND_F.items()},
        tables=("global_results.csv", "per-sequence_results.csv"),
    )


@pytest.mark.parametrize(("name", "image_set"), SETS)
def test_all_official_numbers_and_files_are_reproduced_exactly(
    long_videos: Benchmark, name: str, image_set: str, tmp_path: Path
) -> None:
    details = long_videos.score(long_videos.submission(name), tmp_path, image_set)
    long_videos.require_numbers(name, image_set, details)
    long_videos.require_files(name, image_set, tmp_path)


@pytest.mark.parametrize(("name", "image_set", "zipped", "jobs"), ways(SETS))
def test_a_zip_and_several_workers_give_the_same_numbers(
    long_videos: Benchmark, name: str, image_set: str, zipped: bool, jobs: int, tmp_path: Path
) -> None:
    submission = long_videos.packed(name, tmp_path) if zipped else long_videos.submission(name)
    details = long_videos.score(submission, tmp_path / "out", image_set, jobs)
    long_videos.require_numbers(name, image_set, details)
    long_videos.require_files(name, image_set, tmp_path / "out")


REFUSED: Final = {
    "one video folder missing": ("missing-video", f"there is no folder {VIDEO}; it has 9 scored frames"),
    "one middle frame missing": ("missing-frame", "named by its five digits and .png"),
    "last frame missing": ("missing-frame", f"{VIDEO} 00338: 1 of 9 scored frames has no mask"),
    "wrong size, one middle frame": ("wrong-size", "123x93 instead of 128x96"),
    "wrong size, all frames": ("wrong-size", "123x93 instead of 128x96"),
    "transposed, all frames": ("wrong-size", "width and height are swapped"),
    "one pixel, one frame": ("wrong-size", "1x1 instead of 128x96"),
    "RGB, all frames": ("not-indexed", "RGB"),
    "RGBA, one frame": ("not-indexed", "RGBA"),
    "two pixels of id 21": ("unknown-object", "label 21 in 2 pixels; the objects are 1, 2"),
    "16-bit PNG, one frame": ("not-indexed", "16-bit"),
    "video folder empty": ("missing-video", f"there is no folder {VIDEO}"),
    "one PNG damaged": ("unreadable-mask", f"{VIDEO} 00153"),
    "results folder empty": ("no-videos", "it is empty"),
}
"""By damage the problem and words of it."""

OFFICIAL: Final = "0.776,0.738,0.854,-0.049,0.814,0.862,-0.129"
SCORED: Final = {
    "first frame missing": (OFFICIAL, None),
    "one extra frame at the end": (OFFICIAL, "extra-frame"),
    "one extra frame in the middle": (OFFICIAL, "extra-frame"),
    "extra video folder": (OFFICIAL, "extra-video"),
    "two pixels of 255": ("0.776,0.738,0.854,-0.049,0.813,0.862,-0.129", None),
    "1-bit PNG, one frame": ("0.774,0.738,0.854,-0.049,0.810,0.856,-0.129", None),
    "inside one more folder": (OFFICIAL, None),
    ".DS_Store and __MACOSX": (OFFICIAL, None),
    "tables already there": (OFFICIAL, "extra-file"),
}
"""By damage the official scores and the warning. The official tool stops at one more folder, and at ids like 21 with status 0."""


def test_every_damage_is_refused_or_scored() -> None:
    assert sorted({**REFUSED, **SCORED}) == sorted(DAMAGES)


@pytest.mark.parametrize("damage", REFUSED)
def test_what_cannot_be_scored_has_a_code_and_no_score(long_videos: Benchmark, damage: str, tmp_path: Path) -> None:
    long_videos.require_refusal(long_videos.damaged(damage, VIDEO, tmp_path), *REFUSED[damage])


@pytest.mark.parametrize("damage", SCORED)
def test_what_can_be_scored_has_the_official_numbers_and_a_warning(long_videos: Benchmark, damage: str, tmp_path: Path) -> None:
    row, code = SCORED[damage]
    long_videos.require_score(long_videos.damaged(damage, VIDEO, tmp_path), row, {code} if code else set())


def test_the_other_commands_know_it(long_videos: Benchmark, tmp_path: Path) -> None:
    long_videos.require_other_commands(tmp_path)


@pytest.mark.parametrize(("name", "image_set"), slow_but(("edge", "val"), SETS))
def test_it_is_the_same_from_python(long_videos: Benchmark, name: str, image_set: str, tmp_path: Path) -> None:
    long_videos.require_same_from_python(name, image_set, long_videos.score(long_videos.submission(name), tmp_path, image_set))


def test_white_is_object_1_in_a_video_of_several_too(long_videos: Benchmark, tmp_path: Path) -> None:
    submission = tmp_path / "pred"
    shutil.copytree(long_videos.submission("good"), submission)
    for path in (submission / VIDEO).iterdir():
        labels = np.array(Image.open(path))
        Image.fromarray(np.where(labels == 1, 255, labels).astype(np.uint8)).save(path)
    long_videos.require_numbers("good", "val", long_videos.score(submission, tmp_path / "out"))
