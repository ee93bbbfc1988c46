"""`vos-benchmark` and `davis-2016` give the numbers of vos-benchmark, `==` on doubles, and its file, byte for byte.

The masks are drawn from procedural shapes made for this project; the numbers are those of vos-benchmark at acb4733.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image

import lvos_eval as api
from benchmarks import DAMAGES, Benchmark
from commands import lvos_eval
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import ScoringRules

VIDEO: Final = "border_a"
"""The one that is damaged, as it was for the official tool."""

EVERY: Final = [(name, zipped, jobs) for name in ("good", "poor", "edge") for zipped in (False, True) for jobs in (1, 2)]


@pytest.fixture(scope="module")
def vos(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return Benchmark.unpack(
        "goldens_vos_benchmark.tar.xz",
        tmp_path_factory.mktemp("vos"),
        protocol="vos-benchmark",
        data="",
        annotations="Annotations",
        statistics={},
        tables=("results.csv",),
        digits=1,
    )


@pytest.fixture(scope="module")
def davis(vos: Benchmark) -> Benchmark:
    """DAVIS 2016 beside it."""
    return replace(
        vos,
        protocol="davis-2016",
        data="davis2016",
        annotations="Annotations/480p",
        predictions="davis2016/pred_{name}",
        case="davis2016",
    )


def require_all(vos: Benchmark, name: str, details: dict[str, Any], output: Path) -> None:
    """Every number of the official tool, in frames, objects and means, and its file."""
    wanted = vos.expected(name, "val")
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
    vos.require_files(name, "val", output)


@pytest.mark.parametrize("benchmark", ["vos", "davis"])
@pytest.mark.parametrize(
    ("name", "zipped", "jobs"),
    [pytest.param(*how, marks=() if how[1:] == (False, 1) or how == ("edge", True, 2) else pytest.mark.slow) for how in EVERY],
)
def test_all_official_numbers_and_files_are_reproduced_exactly(
    request: pytest.FixtureRequest, benchmark: str, name: str, zipped: bool, jobs: int, tmp_path: Path
) -> None:
    found: Benchmark = request.getfixturevalue(benchmark)
    submission = found.packed(name, tmp_path) if zipped else found.submission(name)
    require_all(found, name, found.score(submission, tmp_path / "out", jobs=jobs), tmp_path / "out")


REFUSED: Final = {
    "one middle frame missing": ("missing-frame", f"{VIDEO} 00004"),
    "wrong size, one middle frame": ("wrong-size", "123x93 instead of 128x96"),
    "wrong size, all frames": ("wrong-size", "123x93 instead of 128x96"),
    "transposed, all frames": ("wrong-size", "width and height are swapped"),
    "one pixel, one frame": ("wrong-size", "1x1 instead of 128x96"),
    "RGB, all frames": ("not-indexed", "RGB"),
    "RGBA, one frame": ("not-indexed", "RGBA"),
    "16-bit PNG, one frame": ("not-indexed", "16-bit"),
    "video folder empty": ("missing-frame", "8 of 8 scored frames have no mask"),
    "one PNG damaged": ("unreadable-mask", f"{VIDEO} 00004"),
    "results folder empty": ("no-videos", "it is empty"),
}
"""By damage the problem and words of it. The official tool hangs on missing frames."""

OFFICIAL: Final = "68.1,64.6,71.6"
SCORED: Final = {
    "one video folder missing": ("69.5,66.7,72.3", "missing-video"),
    "first frame missing": (OFFICIAL, None),
    "last frame missing": (OFFICIAL, None),
    "one extra frame at the end": (OFFICIAL, "extra-frame"),
    "one extra frame in the middle": (OFFICIAL, "extra-file"),
    "extra video folder": (OFFICIAL, "extra-video"),
    "two pixels of 255": (OFFICIAL, "unknown-object"),
    "two pixels of id 21": (OFFICIAL, "unknown-object"),
    "1-bit PNG, one frame": ("67.9,64.6,71.1", None),
    "inside one more folder": (OFFICIAL, None),
    ".DS_Store and __MACOSX": (OFFICIAL, None),
    "tables already there": (OFFICIAL, "extra-file"),
}
"""By damage the official scores and the warning."""


def test_every_damage_is_refused_or_scored() -> None:
    assert sorted({**REFUSED, **SCORED}) == sorted(DAMAGES)


@pytest.mark.parametrize("damage", REFUSED)
def test_what_cannot_be_scored_has_a_code_and_no_score(vos: Benchmark, damage: str, tmp_path: Path) -> None:
    vos.require_refusal(vos.damaged(damage, VIDEO, tmp_path), *REFUSED[damage])


@pytest.mark.parametrize("damage", SCORED)
def test_what_can_be_scored_has_the_official_numbers_and_a_warning(vos: Benchmark, damage: str, tmp_path: Path) -> None:
    row, code = SCORED[damage]
    vos.require_score(vos.damaged(damage, VIDEO, tmp_path), row, {code} if code else set())


def test_a_missing_video_is_said_once_and_is_an_error_if_strict(vos: Benchmark, tmp_path: Path) -> None:
    whole = vos.score(vos.submission("good"), tmp_path / "whole")
    details = vos.score(vos.submission("poor"), tmp_path / "out")
    (problem,) = [found for found in details["problems"] if found["code"] == "missing-video"]
    assert problem["message"] == (
        "there is no folder many_a; it has 139 scored frames; left out of the means, as the official tool does."
    )
    assert "absent" not in whole["signature"]
    assert "|absent:1-" in details["signature"]
    done = vos.run("score", vos.submission("poor"), "--output", tmp_path / "strict", "--strict")
    assert (done.returncode, "error missing-video many_a" in done.stderr) == (1, True)


def test_a_binary_mask_may_have_any_value_but_one_only(davis: Benchmark, tmp_path: Path) -> None:
    for value in (1, 100):
        submission, output = tmp_path / str(value), tmp_path / f"{value}-out"
        shutil.copytree(davis.submission("good"), submission)
        for path in submission.rglob("*.png"):
            labels = np.array(Image.open(path))
            labels[labels == 255] = value
            Image.fromarray(labels.astype(np.uint8)).save(path)
        require_all(davis, "good", davis.score(submission, output), output)
    damaged = davis.damaged("two pixels of id 21", "late-16a", tmp_path)
    davis.require_refusal(damaged, "not-binary", "a mask of one object holds the values 0, 21, 255")


def test_two_labels_in_binary_ground_truth_are_an_error_of_the_reference(vos: Benchmark, tmp_path: Path) -> None:
    with pytest.raises(api.ReferenceDataError, match="there is no folder of a video in"):
        api.score(vos.submission("good"), tmp_path, protocol="davis-2016")
    shutil.copytree(vos.root / "Annotations", tmp_path / "Annotations" / "480p")
    with pytest.raises(api.ReferenceDataError) as fault:
        api.score(vos.submission("good"), tmp_path, protocol="davis-2016")
    found = {problem.video: problem.message for problem in fault.value.problems}
    assert found[VIDEO] == "the masks hold the labels 1, 2, but a binary mask has one"


def test_damaged_ground_truth_is_told_frame_by_frame(vos: Benchmark, tmp_path: Path) -> None:
    shutil.copytree(vos.root / "Annotations", tmp_path / "Annotations")
    (tmp_path / "Annotations" / VIDEO / "00003.png").write_bytes(b"nothing")
    (tmp_path / "Annotations" / "late_a" / "notes.txt").write_text("x")
    with pytest.raises(api.ReferenceDataError) as fault:
        api.score(vos.submission("good"), tmp_path, protocol="vos-benchmark")
    assert [(problem.video, problem.frames, problem.message) for problem in fault.value.problems] == [
        (VIDEO, (3,), "the mask cannot be used (not a PNG)"),
        ("late_a", (), "what is not a mask of a frame: notes.txt"),
    ]


def test_the_order_of_objects_is_that_of_a_set_of_their_labels(vos: Benchmark) -> None:
    manifest = load_manifest(vos.root, ScoringRules("vos-benchmark"))
    (video,) = [video for video in manifest.videos if video.name == "ids_a"]
    assert video.ids == (1, 33, 8, 9, 16, 17)
    assert manifest.warnings == ("two_a: none of its 2 annotated frames is scored; the video is left out",)


@pytest.mark.parametrize("benchmark", ["vos", "davis"])
def test_the_other_commands_know_it(request: pytest.FixtureRequest, benchmark: str, tmp_path: Path) -> None:
    request.getfixturevalue(benchmark).require_other_commands(tmp_path)


def test_check_and_compare_say_what_is_missing(vos: Benchmark, tmp_path: Path) -> None:
    assert vos.run("check", vos.submission("poor")).returncode == 0
    assert vos.run("check", vos.submission("poor"), "--strict").returncode == 1
    for name in ("good", "poor"):
        vos.score(vos.submission(name), tmp_path / name)
    done = lvos_eval("compare", tmp_path / "good", tmp_path / "poor")
    assert done.returncode == 1
    assert "68.10" in done.stdout
    assert "the videos that a submission lacks differ" in done.stdout + done.stderr


@pytest.mark.parametrize("benchmark", ["vos", "davis"])
def test_it_is_the_same_from_python(request: pytest.FixtureRequest, benchmark: str, tmp_path: Path) -> None:
    found: Benchmark = request.getfixturevalue(benchmark)
    found.require_same_from_python("good", None, found.score(found.submission("good"), tmp_path))


def test_a_public_run_shows_as_many_digits_as_elsewhere(vos: Benchmark, tmp_path: Path) -> None:
    details = vos.score(vos.submission("good"), tmp_path, None, 1, "--detail", "public")
    assert details["scores"] == {"J&F": 68.0981, "J": 64.6222, "F": 71.5739}
    page = (tmp_path / "detailed_results.html").read_text()
    assert '<span class="overall">68.10</span>' in page
