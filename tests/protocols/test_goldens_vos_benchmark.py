"""`vos-benchmark` and `davis-2016` give the numbers of vos-benchmark, `==` on doubles, and its file, byte for byte.

The masks are drawn from procedural shapes made for this project; the numbers are those of vos-benchmark at acb4733.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image

import lvos_eval as api
from commands import lvos_eval
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import ScoringRules
from other_goldens import damage, packed, run, scored, unpack

NAMES: Final = ("good", "poor", "edge")
VIDEO: Final = "border_a"
RUNS: Final = [(False, 1), (True, 1), (True, 2), (False, 2)]


@pytest.fixture(scope="module")
def goldens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack("goldens_vos_benchmark.tar.xz", tmp_path_factory.mktemp("vos"))


def reference(goldens: Path, protocol: str) -> Path:
    return goldens / "davis2016" if protocol == "davis-2016" else goldens


def check(goldens: Path, protocol: str, name: str, details: dict[str, Any], output: Path) -> None:
    """Every number of the official tool, in frames, objects and means, and its file."""
    stem = f"{name}.davis2016" if protocol == "davis-2016" else name
    wanted = json.loads((goldens / "expected" / f"{stem}.json").read_text())
    assert details["scores"] == wanted["global"]
    assert list(details["scores"]) == list(wanted["global"])
    found: dict[str, dict[str, Any]] = {}
    for entry in details["objects"]:
        found.setdefault(entry["video"], {})[str(entry["object"])] = {"J": 100 * entry["J"], "F": 100 * entry["F"]}
    assert json.dumps(found) == json.dumps({video: objects for video, objects in wanted["objects"].items() if objects})
    for label, frames in details["frames"].items():
        video, object_id = label.split("/")
        for key in "JF":
            assert frames[key] == wanted["per_frame"][video][key][object_id], label
    assert (output / "official" / "results.csv").read_bytes() == (goldens / "expected" / f"{stem}.results.csv").read_bytes()


@pytest.mark.parametrize("protocol", ["vos-benchmark", "davis-2016"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("zipped", "jobs"), [pytest.param(*how, marks=() if how == RUNS[0] else pytest.mark.slow) for how in RUNS]
)
def test_all_official_numbers_and_files_are_reproduced_exactly(
    goldens: Path, protocol: str, name: str, zipped: bool, jobs: int, tmp_path: Path
) -> None:
    data = reference(goldens, protocol)
    submission = packed(data / f"pred_{name}", tmp_path) if zipped else data / f"pred_{name}"
    details = scored(submission, data, protocol, tmp_path / "out", jobs=jobs)
    check(goldens, protocol, name, details, tmp_path / "out")


def test_a_zip_and_two_workers_give_the_same_numbers(goldens: Path, tmp_path: Path) -> None:
    details = scored(packed(goldens / "pred_edge", tmp_path), goldens, "vos-benchmark", tmp_path / "out", jobs=2)
    check(goldens, "vos-benchmark", "edge", details, tmp_path / "out")


@pytest.mark.parametrize(
    ("kind", "printed", "words"),
    [
        ("unchanged", "68.1 64.6 71.6", ""),
        ("video missing", "69.5 66.7 72.3", "warning missing-video border_a"),
        ("first frame missing", "68.1 64.6 71.6", ""),
        ("last frame missing", "68.1 64.6 71.6", ""),
        ("extra frame", "68.1 64.6 71.6", "annotated, ignored: border_a 00999"),
        ("extra video", "68.1 64.6 71.6", "warning extra-video zz_not_there"),
        ("255", "68.1 64.6 71.6", "label 255 in 2 pixels; the objects are 1, 2. It counts as background"),
        ("id 21", "68.1 64.6 71.6", "label 21 in 2 pixels; the objects are 1, 2. It counts as background"),
        ("one bit", "67.9 64.6 71.1", ""),
        ("litter", "68.1 64.6 71.6", ""),
        ("one more folder", "68.1 64.6 71.6", ""),
    ],
)
def test_what_the_official_tool_scores_has_its_numbers(
    goldens: Path, kind: str, printed: str, words: str, tmp_path: Path
) -> None:
    submission = damage(goldens / "pred_good", kind, VIDEO, tmp_path / "pred")
    code, said = run(submission, goldens, "vos-benchmark", tmp_path / "out")
    assert code == 0, said
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert " ".join(f"{value:.1f}" for value in scores.values()) == printed
    assert words in said


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("middle frame missing", "missing-frame", "border_a 00004"),
        ("one of another size", "wrong-size", "123x93 instead of 128x96"),
        ("all of another size", "wrong-size", "123x93 instead of 128x96"),
        ("transposed", "wrong-size", "width and height are swapped"),
        ("one pixel", "wrong-size", "1x1 instead of 128x96"),
        ("RGB", "not-indexed", "RGB"),
        ("RGBA", "not-indexed", "RGBA"),
        ("sixteen bits", "not-indexed", "16-bit"),
        ("folder empty", "missing-frame", "8 of 8 scored frames have no mask"),
        ("damaged", "unreadable-mask", "border_a 00004"),
        ("nothing", "no-videos", "it is empty"),
    ],
)
def test_what_it_hangs_on_or_dies_of_has_a_code(goldens: Path, kind: str, code: str, words: str, tmp_path: Path) -> None:
    submission = damage(goldens / "pred_good", kind, VIDEO, tmp_path / "pred")
    exit_code, said = run(submission, goldens, "vos-benchmark", tmp_path / "out")
    assert exit_code == 1, said
    assert f"error {code}" in said
    assert words in said
    assert not (tmp_path / "out" / "scores.json").exists()
    assert not (tmp_path / "out" / "official").exists()


def test_a_missing_video_is_said_once_and_is_an_error_if_strict(goldens: Path, tmp_path: Path) -> None:
    whole = scored(goldens / "pred_good", goldens, "vos-benchmark", tmp_path / "whole")
    details = scored(goldens / "pred_poor", goldens, "vos-benchmark", tmp_path / "out")
    (problem,) = [found for found in details["problems"] if found["code"] == "missing-video"]
    assert problem["message"] == (
        "there is no folder many_a; it has 139 scored frames; left out of the means, as the official tool does."
    )
    assert "absent" not in whole["signature"]
    assert "|absent:1-" in details["signature"]
    code, said = run(goldens / "pred_poor", goldens, "vos-benchmark", tmp_path / "strict", "--strict")
    assert (code, "error missing-video many_a" in said) == (1, True)


def test_a_binary_mask_may_have_any_value_but_one_only(goldens: Path, tmp_path: Path) -> None:
    data = goldens / "davis2016"
    for name, values in (("ones", {255: 1}), ("greys", {255: 100})):
        submission = tmp_path / name
        shutil.copytree(data / "pred_good", submission)
        for path in submission.rglob("*.png"):
            labels = np.array(Image.open(path))
            for old, new in values.items():
                labels[labels == old] = new
            Image.fromarray(labels.astype(np.uint8)).save(path)
        check(
            goldens,
            "davis-2016",
            "good",
            scored(submission, data, "davis-2016", tmp_path / f"{name}-out"),
            tmp_path / f"{name}-out",
        )
    submission = damage(data / "pred_good", "id 21", "late-16a", tmp_path / "pred")
    code, said = run(submission, data, "davis-2016", tmp_path / "out")
    assert code == 1
    assert "error not-binary late-16a" in said
    assert "a mask of one object holds the values 0, 21, 255" in said


def test_two_labels_in_binary_ground_truth_are_an_error_of_the_reference(goldens: Path, tmp_path: Path) -> None:
    code, said = run(goldens / "pred_good", tmp_path, "davis-2016", tmp_path / "out")
    assert (code, "there is no folder of a video in" in said) == (3, True)
    data = tmp_path / "data" / "Annotations" / "480p"
    shutil.copytree(goldens / "Annotations", data)
    code, said = run(goldens / "pred_good", tmp_path / "data", "davis-2016", tmp_path / "out")
    assert code == 3
    assert "border_a: the masks hold the labels 1, 2, but a binary mask has one" in said


def test_damaged_ground_truth_is_told_frame_by_frame(goldens: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(goldens / "Annotations", data / "Annotations")
    (data / "Annotations" / VIDEO / "00003.png").write_bytes(b"nothing")
    (data / "Annotations" / "late_a" / "notes.txt").write_text("x")
    code, said = run(goldens / "pred_good", data, "vos-benchmark", tmp_path / "out")
    assert code == 3
    assert "border_a 00003: the mask cannot be used (not a PNG)" in said
    assert "late_a: what is no mask of a frame: notes.txt" in said


def test_the_order_of_objects_is_that_of_a_set_of_their_labels(goldens: Path) -> None:
    manifest = load_manifest(goldens, ScoringRules("vos-benchmark"))
    (video,) = [video for video in manifest.videos if video.name == "ids_a"]
    assert video.ids == (1, 33, 8, 9, 16, 17)
    assert manifest.warnings == ("two_a: none of its 2 annotated frames is scored; the video is left out",)


def test_the_other_commands_know_it(goldens: Path, tmp_path: Path) -> None:
    options = ("--reference", goldens, "--protocol", "vos-benchmark")
    done = lvos_eval("check-reference", goldens, "--protocol", "vos-benchmark")
    assert done.returncode == 0, done.stdout + done.stderr
    assert lvos_eval("check", goldens / "pred_poor", *options).returncode == 0
    assert lvos_eval("check", goldens / "pred_poor", *options, "--strict").returncode == 1
    for name in ("good", "poor"):
        scored(goldens / f"pred_{name}", goldens, "vos-benchmark", tmp_path / name)
    done = lvos_eval("compare", tmp_path / "good", tmp_path / "poor")
    assert done.returncode == 1
    assert "68.10" in done.stdout
    assert "a submission lacks other videos" in done.stdout + done.stderr


def test_rescore_and_the_api_give_the_same(goldens: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in NAMES:
        shutil.make_archive(str(tmp_path / "in" / name), "zip", goldens / f"pred_{name}")
    options = ("--reference", goldens, "--protocol", "vos-benchmark", "--output", tmp_path / "out", "--jobs", "1")
    for _ in range(2):
        done = lvos_eval("rescore", tmp_path / "in", *options)
        assert done.returncode == 0, done.stderr
        board = json.loads((tmp_path / "out" / "leaderboard.json").read_text())
        assert [place["name"] for place in board["submissions"]] == ["good", "edge", "poor"]
        for place in board["submissions"]:
            wanted = json.loads((goldens / "expected" / f"{place['name']}.json").read_text())
            assert place["scores"] == {key: round(value, 4) for key, value in wanted["global"].items()}
    result = api.score(goldens / "pred_edge", goldens, protocol="vos-benchmark")
    assert dict(result.scores) == json.loads((goldens / "expected" / "edge.json").read_text())["global"]


def test_the_evaluator_starts_objects_where_they_are_first_seen(goldens: Path) -> None:
    evaluator = api.Evaluator(goldens, protocol="vos-benchmark")
    for video in load_manifest(goldens, ScoringRules("vos-benchmark")).videos:
        for frame in video.scored:
            masks = [
                np.array(Image.open(goldens / folder / video.name / f"{frame:05d}.png"))
                for folder in ("Annotations", "pred_good")
            ]
            evaluator.add(video.name, frame, *masks)
    result = evaluator.result()
    assert dict(result.scores) == json.loads((goldens / "expected" / "good.json").read_text())["global"]


def test_a_public_run_shows_as_many_digits_as_elsewhere(goldens: Path, tmp_path: Path) -> None:
    details = scored(goldens / "pred_good", goldens, "vos-benchmark", tmp_path / "out", "--detail", "public")
    assert details["scores"] == {"J&F": 68.0981, "J": 64.6222, "F": 71.5739}
    page = (tmp_path / "out" / "detailed_results.html").read_text()
    assert '<span class="overall">68.10</span>' in page
