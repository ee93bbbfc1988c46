"""`sa-v` gives the numbers of SA-V's own evaluator, `==` on doubles, and its file, byte for byte.

The masks are drawn from procedural shapes made for this project; the numbers are those of `sav_dataset` of sam2 at 2b90b9f.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
import PIL.Image
import pytest
from PIL import Image

import lvos_eval as api
from benchmarks import DAMAGES, Benchmark

FOLDER: Final = "sav_002184/000"
"""The one that is damaged, as it was for the official tool."""

EVERY: Final = [(name, zipped, jobs) for name in ("good", "poor", "edge") for zipped in (False, True) for jobs in (1, 2)]


@pytest.fixture(scope="module")
def sav(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return Benchmark.unpack(
        "goldens_sa_v.tar.xz",
        tmp_path_factory.mktemp("sav"),
        protocol="sa-v",
        data="",
        annotations="Annotations_6fps",
        statistics={},
        tables=("results.csv",),
        digits=1,
    )


def require_all(sav: Benchmark, name: str, details: dict[str, Any], output: Path) -> None:
    """Every number of the official tool, in frames, objects and means, and its file."""
    wanted = sav.expected(name, "val")
    assert details["scores"] == wanted["global"]
    assert list(details["scores"]) == list(wanted["global"])
    folders = {video: {str(int(label)): label for label in objects} for video, objects in wanted["objects"].items()}
    found: dict[str, dict[str, Any]] = {}
    for entry in details["objects"]:
        label = folders[entry["video"]][str(entry["object"])]
        found.setdefault(entry["video"], {})[label] = {"J": 100 * entry["J"], "F": 100 * entry["F"]}
    assert json.dumps(found) == json.dumps(wanted["objects"])
    assert {label.split("/")[0] for label in details["frames"]} == set(wanted["objects"])
    for label, frames in details["frames"].items():
        video, object_id = label.split("/")
        official = wanted["per_frame"][video]
        # videos of label maps are filed the other way round
        for key in "JF":
            assert frames[key] == (official[key][object_id] if key in official else official[folders[video][object_id]][key]), (
                label
            )
    sav.require_files(name, "val", output)


@pytest.mark.parametrize(
    ("name", "zipped", "jobs"),
    [pytest.param(*how, marks=() if how[1:] == (False, 1) or how == ("edge", True, 2) else pytest.mark.slow) for how in EVERY],
)
def test_all_official_numbers_and_files_are_reproduced_exactly(
    sav: Benchmark, name: str, zipped: bool, jobs: int, tmp_path: Path
) -> None:
    submission = sav.packed(name, tmp_path) if zipped else sav.submission(name)
    require_all(sav, name, sav.score(submission, tmp_path / "out", jobs=jobs), tmp_path / "out")


REFUSED: Final = {
    "one middle frame missing": ("missing-frame", "1 of 7 scored frames of 000/ has no mask"),
    "wrong size, one middle frame": ("wrong-size", "75x57 instead of 80x60"),
    "wrong size, all frames": ("wrong-size", "75x57 instead of 80x60"),
    "transposed, all frames": ("wrong-size", "width and height are swapped"),
    "one pixel, one frame": ("wrong-size", "1x1 instead of 80x60"),
    "RGB, all frames": ("not-indexed", "RGB image; a mask has one channel of at most 8 bits, and what is not 0 is the object"),
    "RGBA, one frame": ("not-indexed", "RGBA image; a mask has one channel of at most 8 bits, and what is not 0 is the object"),
    "two pixels of 255": ("not-binary", "a mask of one object holds the values 0, 1, 255; it has two at most"),
    "two pixels of id 21": ("not-binary", "a mask of one object holds the values 0, 1, 21; it has two at most"),
    "16-bit PNG, one frame": ("not-indexed", "16-bit"),
    "video folder empty": ("missing-frame", "7 of 7 scored frames of 000/ have no mask"),
    "one PNG damaged": ("unreadable-mask", "sav_002184 00016"),
    "results folder empty": ("no-videos", "masks/sav_002184/000/00000.png"),
}
"""By damage the problem and words of it."""

OFFICIAL: Final = "77.5,73.7,81.3"
SCORED: Final = {
    "one video folder missing": ("77.1,73.1,81.2", "missing-video"),
    "first frame missing": (OFFICIAL, None),
    "last frame missing": (OFFICIAL, None),
    "one extra frame at the end": (OFFICIAL, "extra-frame"),
    "one extra frame in the middle": (OFFICIAL, "extra-frame"),
    "extra video folder": (OFFICIAL, "extra-video"),
    "1-bit PNG, one frame": (OFFICIAL, None),
    "inside one more folder": (OFFICIAL, None),
    ".DS_Store and __MACOSX": (OFFICIAL, None),
    "tables already there": (OFFICIAL, "extra-file"),
}
"""By damage the official scores and the warning."""


def test_every_damage_is_refused_or_scored() -> None:
    assert sorted({**REFUSED, **SCORED}) == sorted(DAMAGES)


@pytest.mark.parametrize("damage", REFUSED)
def test_what_cannot_be_scored_has_a_code_and_no_score(sav: Benchmark, damage: str, tmp_path: Path) -> None:
    sav.require_refusal(sav.damaged(damage, FOLDER, tmp_path), *REFUSED[damage])


@pytest.mark.parametrize("damage", SCORED)
def test_what_can_be_scored_has_the_official_numbers_and_a_warning(sav: Benchmark, damage: str, tmp_path: Path) -> None:
    row, code = SCORED[damage]
    sav.require_score(sav.damaged(damage, FOLDER, tmp_path), row, {code} if code else set())


def test_folders_of_objects_may_not_be_missing_and_more_of_them_are_ignored(sav: Benchmark, tmp_path: Path) -> None:
    submission = tmp_path / "pred"
    shutil.copytree(sav.submission("good"), submission)
    shutil.copytree(submission / FOLDER, submission / "sav_002184" / "002")
    result = api.score(submission, sav.root, protocol="sa-v")
    assert dict(result.scores) == sav.expected("good", "val")["global"]
    assert any("1 folder of no object, ignored: 002" in problem.message for problem in result.problems)
    shutil.rmtree(submission / FOLDER)
    sav.require_refusal(submission, "missing-frame", "7 of 7 scored frames of 000/ have no mask.")


def test_label_maps_where_folders_belong_are_missing_frames(sav: Benchmark, tmp_path: Path) -> None:
    submission = tmp_path / "pred"
    shutil.copytree(sav.submission("good"), submission)
    for path in (submission / FOLDER).iterdir():
        shutil.move(path, submission / "sav_002184" / path.name)
    sav.require_refusal(submission, "missing-frame", "the folder of the video also holds 00000.png")


@pytest.mark.parametrize("damage", ["RGB, all frames", "RGBA, one frame", "16-bit PNG, one frame"])
def test_the_fix_of_a_mask_with_channels_is_right(sav: Benchmark, damage: str, tmp_path: Path) -> None:
    submission = sav.damaged(damage, FOLDER, tmp_path)
    (problem,) = [found for found in api.score(submission, sav.root, protocol="sa-v").problems if found.code == "not-indexed"]
    code = problem.fix[problem.fix.index("mask = ") :].removesuffix(".")
    for frame in problem.frames:
        exec(code, {"numpy": np, "PIL": PIL, "path": submission / FOLDER / f"{frame:05d}.png"})
    result = api.score(submission, sav.root, protocol="sa-v")
    assert dict(result.scores) == sav.expected("good", "val")["global"]


def test_an_object_without_a_scored_pixel_is_an_error_of_the_reference(sav: Benchmark, tmp_path: Path) -> None:
    truths = tmp_path / "Annotations_6fps"
    shutil.copytree(sav.root / "Annotations_6fps", truths)
    for path in sorted((truths / FOLDER).iterdir())[1:-1]:
        Image.fromarray(np.zeros((60, 80), np.uint8)).save(path)
    (truths / "sav_003724" / "object").mkdir()
    with pytest.raises(api.ReferenceDataError) as fault:
        api.score(sav.submission("good"), tmp_path, protocol="sa-v")
    assert [(problem.video, problem.message) for problem in fault.value.problems] == [
        ("sav_002184", "object 000 has no pixel in a scored frame, where the official tool stops"),
        ("sav_003724", "what is not a folder of an object: object"),
    ]


def test_the_other_commands_know_it(sav: Benchmark, tmp_path: Path) -> None:
    sav.require_other_commands(tmp_path)


def test_the_evaluator_says_that_label_maps_cannot_be_compared_with_folders(sav: Benchmark) -> None:
    evaluator = api.Evaluator(sav.root, protocol="sa-v")
    mask = np.zeros((60, 80), np.uint8)
    with pytest.raises(ValueError, match=r"^video 'sav_002184' has a mask for each object and no label map"):
        evaluator.add("sav_002184", 4, mask, mask)
