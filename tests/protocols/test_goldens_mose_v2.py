"""`mose-v2` gives the numbers of MOSE v2's own script, `==` on doubles, and its files, byte for byte but for the time it took.

The masks are drawn from procedural shapes made for this project; the numbers are those of MOSE-api at 241977a.
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
VIDEO: Final = "0025b348"
RUNS: Final = [(False, 1), (True, 1), (True, 2), (False, 2)]
STATISTICS: Final = ("J", "Fdot", "F", "disappear_J", "disappear_Fdot", "reappear_J", "reappear_Fdot")
LACKING: Final = "0034cdfb"
"""The video that some submissions do not have."""


@pytest.fixture(scope="module")
def goldens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack("goldens_mose_v2.tar.xz", tmp_path_factory.mktemp("mose"))


def check(goldens: Path, name: str, details: dict[str, Any], output: Path) -> None:
    """Every number of the official script, in frames, objects and means, and its files."""
    wanted = json.loads((goldens / "expected" / f"{name}.json").read_text())
    assert details["scores"] == wanted["global_unrounded"]
    assert list(details["scores"]) == list(wanted["global_unrounded"])
    found = {f"{entry['video']}_{entry['object']}": entry for entry in details["objects"]}
    assert list(found) == list(wanted["objects"])
    for label, official in wanted["objects"].items():
        assert {key: found[label].get(key) for key in STATISTICS} == {key: official[key] for key in STATISTICS}, label
    for label, frames in details["frames"].items():
        video, object_id = label.split("/")
        official = wanted["per_frame"][video][object_id]
        for key in ("J", "Fdot", "F"):
            assert frames[key] == official[key], label
        assert frames["visible"] == [not empty for empty in official["gt_empty"]]
    assert (LACKING in {label.split("/")[0] for label in details["frames"]}) is (name == "good")
    for file in ("scores.txt", "metrics.json"):
        official_text = (goldens / "expected" / f"{name}.{file}").read_text()
        official_text = official_text.replace(',\n    "total_time": "<SECONDS>"\n}', "\n}")
        assert (output / "official" / file).read_text() == official_text


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("zipped", "jobs"), [pytest.param(*how, marks=() if how == RUNS[0] else pytest.mark.slow) for how in RUNS]
)
def test_all_official_numbers_and_files_are_reproduced_exactly(
    goldens: Path, name: str, zipped: bool, jobs: int, tmp_path: Path
) -> None:
    submission = packed(goldens / f"pred_{name}", tmp_path) if zipped else goldens / f"pred_{name}"
    check(goldens, name, scored(submission, goldens, "mose-v2", tmp_path / "out", jobs=jobs), tmp_path / "out")


def test_a_zip_and_two_workers_give_the_same_numbers(goldens: Path, tmp_path: Path) -> None:
    details = scored(packed(goldens / "pred_edge", tmp_path), goldens, "mose-v2", tmp_path / "out", jobs=2)
    check(goldens, "edge", details, tmp_path / "out")


def test_what_the_script_scores_in_silence_is_refused(goldens: Path, tmp_path: Path) -> None:
    code, said = run(goldens / "pred_quirk", goldens, "mose-v2", tmp_path / "out")
    assert code == 1
    assert "error missing-frame 00335ac7 00005: 1 of 12 scored frames has no mask" in said
    assert "error not-indexed 0032fdfa" in said
    assert "The colours are those of the DAVIS palette: (128, 0, 0) is object 1" in said
    assert "warning extra-frame 0032fdfa 00999" in said
    assert not (tmp_path / "out" / "scores.json").exists()


@pytest.mark.parametrize(
    ("kind", "printed", "words"),
    [
        ("unchanged", "65.9,72.1,59.7,72.2,71.4,61.5,66.8", ""),
        ("video missing", "61.8,66.6,57.0,72.2,71.4,58.7,62.7", "7 scored frames; counted as 0, as the official tool does"),
        ("last frame missing", "65.9,72.1,59.7,72.2,71.4,61.5,66.8", ""),
        ("first frame missing", "65.9,72.1,59.7,72.2,71.4,61.5,66.8", ""),
        ("extra frame", "65.9,72.1,59.7,72.2,71.4,61.5,66.8", "warning extra-frame 0025b348 00999"),
        ("extra video", "65.9,72.1,59.7,72.2,71.4,61.5,66.8", "warning extra-video zz_not_there"),
        ("255", "65.9,72.1,59.7,72.2,71.4,61.5,66.8", ""),
        ("id 21", "65.9,72.1,59.7,72.2,71.4,61.5,66.8", "label 21 in 2 pixels; the objects are 1, 3"),
        ("one more folder", "65.9,72.1,59.7,72.2,71.4,61.5,66.8", ""),
        ("litter", "65.9,72.1,59.7,72.2,71.4,61.5,66.8", ""),
    ],
)
def test_what_the_script_scores_has_its_numbers(goldens: Path, kind: str, printed: str, words: str, tmp_path: Path) -> None:
    submission = damage(goldens / "pred_good", kind, VIDEO, tmp_path / "pred")
    code, said = run(submission, goldens, "mose-v2", tmp_path / "out")
    assert code == 0, said
    assert (tmp_path / "out" / "official" / "scores.txt").read_text().splitlines()[-1] == f"Copy-Paste: {printed}"
    assert words in said


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("middle frame missing", "missing-frame", "0025b348 00004"),
        ("one of another size", "wrong-size", "79x61 instead of 84x64"),
        ("all of another size", "wrong-size", "79x61 instead of 84x64"),
        ("transposed", "wrong-size", "width and height are swapped"),
        ("one pixel", "wrong-size", "1x1 instead of 84x64"),
        ("RGB", "not-indexed", "RGB"),
        ("RGBA", "not-indexed", "RGBA"),
        ("sixteen bits", "not-indexed", "16-bit"),
        ("folder empty", "missing-frame", "7 of 7 scored frames have no mask"),
        ("damaged", "unreadable-mask", "0025b348 00004"),
        ("nothing", "no-videos", "it is empty"),
    ],
)
def test_what_it_dies_of_or_takes_for_other_ids_has_a_code(
    goldens: Path, kind: str, code: str, words: str, tmp_path: Path
) -> None:
    submission = damage(goldens / "pred_good", kind, VIDEO, tmp_path / "pred")
    exit_code, said = run(submission, goldens, "mose-v2", tmp_path / "out")
    assert exit_code == 1, said
    assert f"error {code}" in said
    assert words in said
    assert not (tmp_path / "out" / "scores.json").exists()


def test_a_missing_video_is_an_error_if_strict(goldens: Path, tmp_path: Path) -> None:
    code, said = run(goldens / "pred_poor", goldens, "mose-v2", tmp_path / "out", "--strict")
    assert (code, f"error missing-video {LACKING}" in said) == (1, True)


def test_the_metadata_alone_is_enough_to_check(goldens: Path, tmp_path: Path) -> None:
    shutil.copy(goldens / "meta.json", tmp_path)
    for reference in (tmp_path, tmp_path / "meta.json"):
        result = api.check(goldens / "pred_good", reference, protocol="mose-v2")
        assert result.valid
        assert any("mask sizes of 1 of 13 videos were not checked" in note for note in result.notes)
    damaged = damage(goldens / "pred_good", "middle frame missing", VIDEO, tmp_path / "pred")
    assert api.check(damaged, tmp_path, protocol="mose-v2").problems[0].code == "missing-frame"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"length": 8}, "the metadata gives 8 frames, but the folder holds 9 masks"),
        ({"length": 0}, "`length` is no number from 1 on"),
        ({"length": None}, "`length` is no number from 1 on"),
        ({"objects": ["1", "1"]}, "holds what is no id from 1 to 254, or one twice: 1"),
        ({"objects": ["cat"]}, "'cat' is not a frame number"),
        ({"objects": {}}, "`objects` is no list of ids"),
        ({"height": 70}, "the masks are 84x64 but image_size in the metadata is 84x70"),
    ],
)
def test_metadata_that_does_not_fit_is_an_error_of_the_reference(
    goldens: Path, change: dict[str, Any], words: str, tmp_path: Path
) -> None:
    content = json.loads((goldens / "meta.json").read_text())
    content["videos"][VIDEO] |= change
    (tmp_path / "meta.json").write_text(json.dumps(content))
    (tmp_path / "Annotations").symlink_to(goldens / "Annotations")
    code, said = run(goldens / "pred_good", tmp_path, "mose-v2", tmp_path / "out")
    assert code == 3
    assert f"{VIDEO}: " in said
    assert words in said


def test_a_score_that_nobody_has_is_left_out_and_said(goldens: Path, tmp_path: Path) -> None:
    content = json.loads((goldens / "meta.json").read_text())
    content["videos"] = {"004048ac": content["videos"]["004048ac"]}
    (tmp_path / "meta.json").write_text(json.dumps(content))
    (tmp_path / "Annotations").symlink_to(goldens / "Annotations")
    details = scored(goldens / "pred_good", tmp_path, "mose-v2", tmp_path / "out")
    assert list(details["scores"]) == ["J&F_new", "J", "F_new", "F", "J&F"]
    assert any(note.endswith("left out: disappear_J&F_new, reappear_J&F_new") for note in details["notes"])
    assert "disappear_J&F_new: nan\n" in (tmp_path / "out" / "official" / "scores.txt").read_text()


def test_the_other_commands_know_it(goldens: Path, tmp_path: Path) -> None:
    done = lvos_eval("check-reference", goldens, "--protocol", "mose-v2")
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    (tmp_path / "in").mkdir()
    for name in NAMES:
        shutil.make_archive(str(tmp_path / "in" / name), "zip", goldens / f"pred_{name}")
    options = ("--reference", goldens, "--protocol", "mose-v2", "--output", tmp_path / "out", "--jobs", "1")
    for _ in range(2):
        done = lvos_eval("rescore", tmp_path / "in", *options)
        assert done.returncode == 0, done.stderr
        board = json.loads((tmp_path / "out" / "leaderboard.json").read_text())
        assert [place["name"] for place in board["submissions"]] == ["good", "edge", "poor"]
        for place in board["submissions"]:
            wanted = json.loads((goldens / "expected" / f"{place['name']}.json").read_text())
            assert place["scores"] == {key: round(value, 4) for key, value in wanted["global_unrounded"].items()}


def test_the_evaluator_gives_the_same(goldens: Path) -> None:
    evaluator = api.Evaluator(goldens, protocol="mose-v2")
    for video in load_manifest(goldens, ScoringRules("mose-v2")).videos:
        for frame in video.scored:
            name = f"{video.name}/{frame:05d}.png"
            masks = [np.array(Image.open(goldens / folder / name)) for folder in ("Annotations", "pred_good")]
            evaluator.add(video.name, frame, *masks)
    wanted = json.loads((goldens / "expected" / "good.json").read_text())
    assert dict(evaluator.result().scores) == wanted["global_unrounded"]
