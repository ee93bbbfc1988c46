"""`davis-2017-unsupervised` gives the numbers of the official tool, `==` on doubles, and its files, byte for byte.

The masks are drawn from procedural shapes made for this project; the numbers are those of davis2017-evaluation at ac7c43f.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from PIL import Image

import lvos_eval as api
from benchmarks import DAMAGES, J_AND_F, Benchmark, slow_but, ways

SETS: Final = [("good", "val"), ("poor", "val"), ("edge", "val"), ("good", "test-dev"), ("long", "train")]
VIDEO: Final = "border-a"
"""The one that is damaged, as it was for the official tool."""


@pytest.fixture(scope="module")
def davis(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return Benchmark.unpack(
        "goldens_davis_2017_unsupervised.tar.xz",
        tmp_path_factory.mktemp("davis-2017-unsupervised"),
        protocol="davis-2017-unsupervised",
        data="DAVIS",
        annotations="Annotations_unsupervised/480p",
        statistics=J_AND_F,
    )


@pytest.mark.parametrize(("name", "image_set"), SETS)
def test_all_official_numbers_and_files_are_reproduced_exactly(
    davis: Benchmark, name: str, image_set: str, tmp_path: Path
) -> None:
    details = davis.score(davis.submission(name), tmp_path, image_set)
    davis.require_numbers(name, image_set, details)
    davis.require_files(name, image_set, tmp_path)


@pytest.mark.parametrize(("name", "image_set", "zipped", "jobs"), ways(SETS))
def test_a_zip_and_several_workers_give_the_same_numbers(
    davis: Benchmark, name: str, image_set: str, zipped: bool, jobs: int, tmp_path: Path
) -> None:
    submission = davis.packed(name, tmp_path) if zipped else davis.submission(name)
    details = davis.score(submission, tmp_path / "out", image_set, jobs)
    davis.require_numbers(name, image_set, details)
    davis.require_files(name, image_set, tmp_path / "out")


REFUSED: Final = {
    "one video folder missing": ("missing-video", f"there is no folder {VIDEO}; it has 10 scored frames"),
    "one middle frame missing": ("missing-frame", "named by its five digits and .png"),
    "first frame missing": ("missing-frame", f"{VIDEO} 00000: 1 of 10 scored frames has no mask"),
    "last frame missing": ("missing-frame", f"{VIDEO} 00009: 1 of 10 scored frames has no mask"),
    "wrong size, one middle frame": ("wrong-size", "123x93 instead of 128x96"),
    "wrong size, all frames": ("wrong-size", "123x93 instead of 128x96"),
    "transposed, all frames": ("wrong-size", "width and height are swapped"),
    "one pixel, one frame": ("wrong-size", "1x1 instead of 128x96"),
    "RGB, all frames": ("not-indexed", "RGB"),
    "RGBA, one frame": ("not-indexed", "RGBA"),
    "two pixels of 255": ("too-many-proposals", "label 255 is above 20, the last of a proposal"),
    "two pixels of id 21": ("too-many-proposals", "label 21 is above 20, the last of a proposal"),
    "16-bit PNG, one frame": ("not-indexed", "16-bit"),
    "video folder empty": ("missing-video", f"there is no folder {VIDEO}"),
    "one PNG damaged": ("unreadable-mask", f"{VIDEO} 00004"),
    "results folder empty": ("no-videos", "it is empty"),
}
"""By damage the problem and words of it."""

OFFICIAL: Final = "0.779,0.742,0.835,0.047,0.816,0.867,-0.001"
SCORED: Final = {
    "one extra frame at the end": (OFFICIAL, "extra-frame"),
    "one extra frame in the middle": (OFFICIAL, "extra-file"),
    "extra video folder": (OFFICIAL, "extra-video"),
    "1-bit PNG, one frame": ("0.771,0.738,0.830,0.047,0.805,0.856,-0.001", None),
    "inside one more folder": (OFFICIAL, None),
    ".DS_Store and __MACOSX": (OFFICIAL, None),
    "tables already there": (OFFICIAL, "extra-file"),
}
"""By damage the official scores and the warning. The official tool stops at one more folder, and ends with status 0 at labels
above 20."""


def test_every_damage_is_refused_or_scored() -> None:
    assert sorted({**REFUSED, **SCORED}) == sorted(DAMAGES)


@pytest.mark.parametrize("damage", REFUSED)
def test_what_cannot_be_scored_has_a_code_and_no_score(davis: Benchmark, damage: str, tmp_path: Path) -> None:
    davis.require_refusal(davis.damaged(damage, VIDEO, tmp_path), *REFUSED[damage])


@pytest.mark.parametrize("damage", SCORED)
def test_what_can_be_scored_has_the_official_numbers_and_a_warning(davis: Benchmark, damage: str, tmp_path: Path) -> None:
    row, code = SCORED[damage]
    davis.require_score(davis.damaged(damage, VIDEO, tmp_path), row, {code} if code else set())


def test_the_other_commands_know_it(davis: Benchmark, tmp_path: Path) -> None:
    davis.require_other_commands(tmp_path)


@pytest.mark.parametrize(("name", "image_set"), slow_but(("edge", "val"), SETS))
def test_it_is_the_same_from_python(davis: Benchmark, name: str, image_set: str, tmp_path: Path) -> None:
    davis.require_same_from_python(name, image_set, davis.score(davis.submission(name), tmp_path, image_set))


@pytest.mark.parametrize("name", ["good", "poor", "edge"])
def test_proposals_are_assigned_as_the_tool_does(davis: Benchmark, name: str, tmp_path: Path) -> None:
    details = davis.score(davis.submission(name), tmp_path)
    wanted = davis.expected(name, "val")["per_frame"]
    for video in dict.fromkeys(entry["video"] for entry in details["objects"]):
        matching = wanted[video]["matching"]
        pairs = {(entry["proposal"] - 1, entry["object"] - 1) for entry in details["objects"] if entry["video"] == video}
        assert pairs == set(zip(matching["proposal_rows"], matching["object_columns"], strict=True)), video


def test_its_only_task_need_not_be_named(davis: Benchmark, tmp_path: Path) -> None:
    run = davis.run("check", davis.submission("good"), "--task", "unsupervised_multiple")
    assert run.returncode == 0, run.stderr
    run = davis.run("check", davis.submission("good"), "--task", "semi-supervised")
    assert run.returncode == 3
    assert "davis-2017-unsupervised has no task 'semi-supervised'; it has: unsupervised_multiple" in run.stderr
    data = tmp_path / "DAVIS"
    shutil.copytree(davis.root, data)
    (data / "scoring.yaml").write_text("protocol: davis-2017-unsupervised\n")
    assert api.check(davis.submission("good"), data).valid


def test_a_list_of_2019_takes_the_place_of_one_of_2017(davis: Benchmark, tmp_path: Path) -> None:
    data = tmp_path / "DAVIS"
    shutil.copytree(davis.root, data)
    shutil.copy(data / "ImageSets" / "2017" / "val.txt", data / "ImageSets" / "2017" / "test-dev.txt")
    result = api.score(davis.submission("good"), data, protocol="davis-2017-unsupervised", image_set="test-dev")
    assert dict(result.scores) == davis.expected("good", "test-dev")["global"]


def test_void_counts_in_neither_mask(davis: Benchmark, tmp_path: Path) -> None:
    """A proposal that lies in void alone is one that has no pixel, but takes part."""
    submission = tmp_path / "pred"
    shutil.copytree(davis.submission("good"), submission)
    changed = 0
    for path in sorted(submission.rglob("*.png")):
        labels = np.array(Image.open(path))
        void = np.array(Image.open(davis.truth(path.parent.name) / path.name)) == 255
        changed += int(void.sum())
        Image.fromarray(np.where(void, 20, labels).astype(np.uint8)).save(path)
    assert changed > 100
    result = api.score(submission, davis.root, protocol="davis-2017-unsupervised")
    assert dict(result.scores) == davis.expected("good", "val")["global"]
