"""`vost` gives the numbers of the official tool, `==` on doubles, and its files, byte for byte.

The masks are drawn from procedural shapes made for this project; the numbers are those of github.com/TRI-ML/VOST at fe27457.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

from benchmarks import DAMAGES, J_ONLY, Benchmark, slow_but, ways
from commands import lvos_eval

SETS: Final = [("good", "val"), ("poor", "val"), ("edge", "val"), ("long", "train")]
LAST: Final = {"J_last-Mean": "J_last", "J_last-Recall": "J_last-Recall", "J_last-Decay": "J_last-Decay"}
VIDEO: Final = "307_gap_a"
"""The one that is damaged, as it was for the official tool."""


@pytest.fixture(scope="module")
def vost(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return Benchmark.unpack(
        "goldens_vost.tar.xz",
        tmp_path_factory.mktemp("vost"),
        protocol="vost",
        data="VOST",
        annotations="Annotations",
        statistics={**J_ONLY, **LAST},
    )


@pytest.mark.parametrize(("name", "image_set"), SETS)
def test_all_official_numbers_and_files_are_reproduced_exactly(
    vost: Benchmark, name: str, image_set: str, tmp_path: Path
) -> None:
    details = vost.score(vost.submission(name), tmp_path, image_set)
    vost.require_numbers(name, image_set, details)
    vost.require_files(name, image_set, tmp_path)


@pytest.mark.parametrize(("name", "image_set", "zipped", "jobs"), ways(SETS))
def test_a_zip_and_several_workers_give_the_same_numbers(
    vost: Benchmark, name: str, image_set: str, zipped: bool, jobs: int, tmp_path: Path
) -> None:
    submission = vost.packed(name, tmp_path) if zipped else vost.submission(name)
    details = vost.score(submission, tmp_path / "out", image_set, jobs)
    vost.require_numbers(name, image_set, details)
    vost.require_files(name, image_set, tmp_path / "out")


REFUSED: Final = {
    "one video folder missing": ("missing-video", f"there is no folder {VIDEO}; it has 7 scored frames"),
    "one middle frame missing": ("missing-frame", "named by frame and its five digits and .png"),
    "wrong size, one middle frame": ("wrong-size", "75x57 instead of 80x60"),
    "wrong size, all frames": ("wrong-size", "75x57 instead of 80x60"),
    "transposed, all frames": ("wrong-size", "width and height are swapped"),
    "one pixel, one frame": ("wrong-size", "1x1 instead of 80x60"),
    "RGB, all frames": ("not-indexed", "RGB"),
    "RGBA, one frame": ("not-indexed", "RGBA"),
    "16-bit PNG, one frame": ("not-indexed", "16-bit"),
    "video folder empty": ("missing-video", f"there is no folder {VIDEO}"),
    "one PNG damaged": ("unreadable-mask", f"{VIDEO} 00047"),
    "results folder empty": ("no-videos", "it is empty"),
}
"""By damage the problem and words of it."""

SCORED: Final = {
    "first frame missing": ("0.697,0.795,-0.043,0.708,0.825,-0.116", None),
    "last frame missing": ("0.697,0.795,-0.043,0.708,0.825,-0.116", None),
    "one extra frame at the end": ("0.697,0.795,-0.043,0.708,0.825,-0.116", "extra-frame"),
    "one extra frame in the middle": ("0.697,0.795,-0.043,0.708,0.825,-0.116", "extra-frame"),
    "extra video folder": ("0.697,0.795,-0.043,0.708,0.825,-0.116", "extra-video"),
    "two pixels of 255": ("0.697,0.795,-0.043,0.708,0.825,-0.116", "unknown-object"),
    "two pixels of id 21": ("0.697,0.795,-0.043,0.708,0.825,-0.116", "unknown-object"),
    "1-bit PNG, one frame": ("0.691,0.787,-0.043,0.708,0.825,-0.116", None),
    "inside one more folder": ("0.697,0.795,-0.043,0.708,0.825,-0.116", None),
    ".DS_Store and __MACOSX": ("0.697,0.795,-0.043,0.708,0.825,-0.116", None),
    "tables already there": ("0.697,0.795,-0.043,0.708,0.825,-0.116", "extra-file"),
}
"""By damage the official scores and the warning. The official tool stops at one more folder, and believes the tables."""


def test_every_damage_is_refused_or_scored() -> None:
    assert sorted({**REFUSED, **SCORED}) == sorted(DAMAGES)


@pytest.mark.parametrize("damage", REFUSED)
def test_what_cannot_be_scored_has_a_code_and_no_score(vost: Benchmark, damage: str, tmp_path: Path) -> None:
    vost.require_refusal(vost.damaged(damage, VIDEO, tmp_path), *REFUSED[damage])


@pytest.mark.parametrize("damage", SCORED)
def test_what_can_be_scored_has_the_official_numbers_and_a_warning(vost: Benchmark, damage: str, tmp_path: Path) -> None:
    row, code = SCORED[damage]
    vost.require_score(vost.damaged(damage, VIDEO, tmp_path), row, {code} if code else set())


def test_names_without_their_prefix_are_explained(vost: Benchmark, tmp_path: Path) -> None:
    submission = tmp_path / "pred"
    shutil.copytree(vost.submission("good"), submission)
    for path in sorted((submission / VIDEO).iterdir()):
        path.rename(path.with_name(path.name.removeprefix("frame")))
    run = vost.run("check", submission)
    assert run.returncode == 1, run.stderr
    assert "error misnamed-frames" in run.stderr
    assert "other text around the frame number than frame (00007.png -> frame00007.png" in run.stderr
    assert """its right name is f"frame{n:05d}.png".""" in run.stderr


def test_results_have_j_and_neither_f_nor_their_mean(vost: Benchmark, tmp_path: Path) -> None:
    details = vost.score(vost.submission("good"), tmp_path / "good")
    assert details["J&F-objects"] is None
    assert not {"F", "J&F"} & (details["objects"][0].keys() | details["videos"][0].keys())
    assert details["interval"]["low"] < details["scores"]["J-Mean"] < details["interval"]["high"]
    page = (tmp_path / "good" / "detailed_results.html").read_text()
    body = page[page.index("<body") :]
    for words in ("Distribution of J over objects", "last quarter", "70.84", "frame00017"):
        assert words in body, words
    for words in ("J&amp;F", "J against F", "nseen"):
        assert words not in body, words
    vost.score(vost.submission("poor"), tmp_path / "poor")
    run = lvos_eval("compare", tmp_path / "good", tmp_path / "poor")
    assert run.returncode == 1, run.stderr
    assert "A J  " in run.stdout
    assert "J&F" not in run.stdout


def test_folders_of_objects_are_recognised_and_merged(vost: Benchmark, tmp_path: Path) -> None:
    vost.require_merged(tmp_path)


def test_the_other_commands_know_it(vost: Benchmark, tmp_path: Path) -> None:
    vost.require_other_commands(tmp_path)


@pytest.mark.parametrize(("name", "image_set"), slow_but(("edge", "val"), SETS))
def test_it_is_the_same_from_python(vost: Benchmark, name: str, image_set: str, tmp_path: Path) -> None:
    vost.require_same_from_python(name, image_set, vost.score(vost.submission(name), tmp_path, image_set))
