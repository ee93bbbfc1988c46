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
from commands import lvos_eval
from other_goldens import damage, packed, run, scored, unpack

NAMES: Final = ("good", "poor", "edge")
FOLDER: Final = "sav_002184/000"
RUNS: Final = [(False, 1), (True, 1), (True, 2), (False, 2)]


@pytest.fixture(scope="module")
def goldens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack("goldens_sa_v.tar.xz", tmp_path_factory.mktemp("sav"))


def check(goldens: Path, name: str, details: dict[str, Any], output: Path) -> None:
    """Every number of the official tool, in frames, objects and means, and its file."""
    wanted = json.loads((goldens / "expected" / f"{name}.json").read_text())
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
        for key in "JF":
            assert (
                frames[key]
                == wanted["per_frame"][video][key if key in wanted["per_frame"][video] else folders[video][object_id]][
                    object_id if key in wanted["per_frame"][video] else key
                ]
            ), label
    assert (output / "official" / "results.csv").read_bytes() == (goldens / "expected" / f"{name}.results.csv").read_bytes()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("zipped", "jobs"), [pytest.param(*how, marks=() if how == RUNS[0] else pytest.mark.slow) for how in RUNS]
)
def test_all_official_numbers_and_files_are_reproduced_exactly(
    goldens: Path, name: str, zipped: bool, jobs: int, tmp_path: Path
) -> None:
    submission = packed(goldens / f"pred_{name}", tmp_path) if zipped else goldens / f"pred_{name}"
    check(goldens, name, scored(submission, goldens, "sa-v", tmp_path / "out", jobs=jobs), tmp_path / "out")


def test_a_zip_and_two_workers_give_the_same_numbers(goldens: Path, tmp_path: Path) -> None:
    details = scored(packed(goldens / "pred_edge", tmp_path), goldens, "sa-v", tmp_path / "out", jobs=2)
    check(goldens, "edge", details, tmp_path / "out")


@pytest.mark.parametrize(
    ("kind", "printed", "words"),
    [
        ("unchanged", "77.5 73.7 81.3", ""),
        ("video missing", "77.1 73.1 81.2", "warning missing-video sav_002184"),
        ("first frame missing", "77.5 73.7 81.3", ""),
        ("last frame missing", "77.5 73.7 81.3", ""),
        ("extra frame", "77.5 73.7 81.3", "000/ has 1 mask of frames in which the object is not annotated; ignored"),
        ("extra video", "77.5 73.7 81.3", "warning extra-video zz_not_there"),
        ("one bit", "77.5 73.7 81.3", ""),
        ("litter", "77.5 73.7 81.3", ""),
        ("one more folder", "77.5 73.7 81.3", ""),
    ],
)
def test_what_the_official_tool_scores_has_its_numbers(
    goldens: Path, kind: str, printed: str, words: str, tmp_path: Path
) -> None:
    submission = damage(goldens / "pred_good", kind, FOLDER, tmp_path / "pred")
    code, said = run(submission, goldens, "sa-v", tmp_path / "out")
    assert code == 0, said
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert " ".join(f"{value:.1f}" for value in scores.values()) == printed
    assert words in said


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("middle frame missing", "missing-frame", "1 of 7 scored frames of 000/ has no mask"),
        ("one of another size", "wrong-size", "75x57 instead of 80x60"),
        ("all of another size", "wrong-size", "75x57 instead of 80x60"),
        ("transposed", "wrong-size", "width and height are swapped"),
        ("one pixel", "wrong-size", "1x1 instead of 80x60"),
        ("RGB", "not-indexed", "RGB image; a mask has one channel of at most 8 bits, and what is not 0 is the object"),
        ("RGBA", "not-indexed", "RGBA image; a mask has one channel of at most 8 bits, and what is not 0 is the object"),
        ("255", "not-binary", "a mask of one object holds the values 0, 1, 255; it has two at most"),
        ("id 21", "not-binary", "a mask of one object holds the values 0, 1, 21; it has two at most"),
        ("sixteen bits", "not-indexed", "16-bit"),
        ("folder empty", "missing-frame", "7 of 7 scored frames of 000/ have no mask"),
        ("damaged", "unreadable-mask", "sav_002184 00016"),
        ("nothing", "no-videos", "masks/sav_002184/000/00000.png"),
    ],
)
def test_what_it_stops_at_has_a_code(goldens: Path, kind: str, code: str, words: str, tmp_path: Path) -> None:
    submission = damage(goldens / "pred_good", kind, FOLDER, tmp_path / "pred")
    exit_code, said = run(submission, goldens, "sa-v", tmp_path / "out")
    assert exit_code == 1, said
    assert f"error {code}" in said
    assert words in said
    assert not (tmp_path / "out" / "scores.json").exists()


def test_folders_of_objects_may_not_be_missing_and_more_of_them_are_ignored(goldens: Path, tmp_path: Path) -> None:
    submission = tmp_path / "pred"
    shutil.copytree(goldens / "pred_good", submission)
    shutil.copytree(submission / FOLDER, submission / "sav_002184" / "002")
    result = api.score(submission, goldens, protocol="sa-v")
    assert dict(result.scores) == json.loads((goldens / "expected" / "good.json").read_text())["global"]
    assert any("1 folder of no object, ignored: 002" in problem.message for problem in result.problems)
    shutil.rmtree(submission / FOLDER)
    result = api.score(submission, goldens, protocol="sa-v")
    (problem,) = [problem for problem in result.problems if problem.severity == "error"]
    assert (problem.code, problem.message) == ("missing-frame", "7 of 7 scored frames of 000/ have no mask.")


def test_label_maps_where_folders_belong_are_missing_frames(goldens: Path, tmp_path: Path) -> None:
    submission = tmp_path / "pred"
    shutil.copytree(goldens / "pred_good", submission)
    for path in (submission / FOLDER).iterdir():
        shutil.move(path, submission / "sav_002184" / path.name)
    result = api.score(submission, goldens, protocol="sa-v")
    found = [problem for problem in result.problems if problem.code == "missing-frame"]
    assert ["the folder of the video also holds 00000.png" in problem.message for problem in found] == [True]


@pytest.mark.parametrize("kind", ["RGB", "RGBA", "sixteen bits"])
def test_the_fix_of_a_mask_with_channels_is_right(goldens: Path, kind: str, tmp_path: Path) -> None:
    submission = damage(goldens / "pred_good", kind, FOLDER, tmp_path / "pred")
    (problem,) = [found for found in api.score(submission, goldens, protocol="sa-v").problems if found.code == "not-indexed"]
    code = problem.fix[problem.fix.index("mask = ") :].removesuffix(".")
    for frame in problem.frames:
        exec(code, {"numpy": np, "PIL": PIL, "path": submission / FOLDER / f"{frame:05d}.png"})
    result = api.score(submission, goldens, protocol="sa-v")
    assert dict(result.scores) == json.loads((goldens / "expected" / "good.json").read_text())["global"]


def test_an_object_without_a_scored_pixel_is_an_error_of_the_reference(goldens: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(goldens / "Annotations_6fps", data / "Annotations_6fps")
    for path in sorted((data / "Annotations_6fps" / FOLDER).iterdir())[1:-1]:
        Image.fromarray(np.zeros((60, 80), np.uint8)).save(path)
    (data / "Annotations_6fps" / "sav_003724" / "object").mkdir()
    code, said = run(goldens / "pred_good", data, "sa-v", tmp_path / "out")
    assert code == 3
    assert "sav_002184: object 000 has no pixel in a scored frame, where the official tool stops" in said
    assert "sav_003724: what is no folder of an object: object" in said


def test_the_other_commands_know_it(goldens: Path, tmp_path: Path) -> None:
    done = lvos_eval("check-reference", goldens, "--protocol", "sa-v")
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "in").mkdir()
    for name in NAMES:
        shutil.make_archive(str(tmp_path / "in" / name), "zip", goldens / f"pred_{name}")
    options = ("--reference", goldens, "--protocol", "sa-v", "--output", tmp_path / "out", "--jobs", "1")
    for _ in range(2):
        done = lvos_eval("rescore", tmp_path / "in", *options)
        assert done.returncode == 0, done.stderr
        board = json.loads((tmp_path / "out" / "leaderboard.json").read_text())
        assert [place["name"] for place in board["submissions"]] == ["good", "edge", "poor"]
        for place in board["submissions"]:
            wanted = json.loads((goldens / "expected" / f"{place['name']}.json").read_text())
            assert place["scores"] == {key: round(value, 4) for key, value in wanted["global"].items()}


def test_the_evaluator_says_that_label_maps_cannot_be_compared_with_folders(goldens: Path) -> None:
    evaluator = api.Evaluator(goldens, protocol="sa-v")
    mask = np.zeros((60, 80), np.uint8)
    with pytest.raises(ValueError, match=r"^video 'sav_002184' has a mask for each object and no label map"):
        evaluator.add("sav_002184", 4, mask, mask)
