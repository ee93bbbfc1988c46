"""`mose-v2` gives the numbers of MOSE v2's own script, `==` on doubles, and its files, byte for byte but for the time it took.

The masks are drawn from procedural shapes made for this project; the numbers are those of MOSE-api at 241977a.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

import lvos_eval as api
from benchmarks import DAMAGES, Benchmark

VIDEO: Final = "0025b348"
"""The one that is damaged, as it was for the official script."""

EVERY: Final = [(name, zipped, jobs) for name in ("good", "poor", "edge") for zipped in (False, True) for jobs in (1, 2)]
STATISTICS: Final = ("J", "Fdot", "F", "disappear_J", "disappear_Fdot", "reappear_J", "reappear_Fdot")
LACKING: Final = "0034cdfb"
"""The video that some submissions do not have."""


@pytest.fixture(scope="module")
def mose(tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    return Benchmark.unpack(
        "goldens_mose_v2.tar.xz",
        tmp_path_factory.mktemp("mose"),
        protocol="mose-v2",
        data="",
        annotations="Annotations",
        statistics={},
        scores="global_unrounded",
        digits=1,
    )


def require_all(mose: Benchmark, name: str, details: dict[str, Any], output: Path) -> None:
    """Every number of the official script, in frames, objects and means, and its files."""
    wanted = mose.expected(name, "val")
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
        official_text = (mose.folder / "expected" / f"{name}.{file}").read_text()
        official_text = official_text.replace(',\n    "total_time": "<SECONDS>"\n}', "\n}")
        assert (output / "official" / file).read_text() == official_text


@pytest.mark.parametrize(
    ("name", "zipped", "jobs"),
    [pytest.param(*how, marks=() if how[1:] == (False, 1) or how == ("edge", True, 2) else pytest.mark.slow) for how in EVERY],
)
def test_all_official_numbers_and_files_are_reproduced_exactly(
    mose: Benchmark, name: str, zipped: bool, jobs: int, tmp_path: Path
) -> None:
    submission = mose.packed(name, tmp_path) if zipped else mose.submission(name)
    require_all(mose, name, mose.score(submission, tmp_path / "out", jobs=jobs), tmp_path / "out")


def test_what_the_script_scores_in_silence_is_refused(mose: Benchmark, tmp_path: Path) -> None:
    done = mose.run("score", mose.submission("quirk"), "--output", tmp_path)
    assert done.returncode == 1
    assert "error missing-frame 00335ac7 00005: 1 of 12 scored frames has no mask" in done.stderr
    assert "error not-indexed 0032fdfa" in done.stderr
    assert "The colours are those of the DAVIS palette: (128, 0, 0) is object 1" in done.stderr
    assert "0032fdfa 00999: no object is annotated in this frame" in done.stderr
    assert not (tmp_path / "scores.json").exists()


REFUSED: Final = {
    "one middle frame missing": ("missing-frame", f"{VIDEO} 00004"),
    "wrong size, one middle frame": ("wrong-size", "79x61 instead of 84x64"),
    "wrong size, all frames": ("wrong-size", "79x61 instead of 84x64"),
    "transposed, all frames": ("wrong-size", "width and height are swapped"),
    "one pixel, one frame": ("wrong-size", "1x1 instead of 84x64"),
    "RGB, all frames": ("not-indexed", "RGB"),
    "RGBA, one frame": ("not-indexed", "RGBA"),
    "16-bit PNG, one frame": ("not-indexed", "16-bit"),
    "video folder empty": ("missing-frame", "7 of 7 scored frames have no mask"),
    "one PNG damaged": ("unreadable-mask", f"{VIDEO} 00004"),
    "results folder empty": ("no-videos", "it is empty"),
}
"""By damage the problem and words of it. Of one missing frame the official script takes no notice; RGB it takes for other ids."""

OFFICIAL: Final = "65.9,72.1,59.7,72.2,71.4,61.5,66.8"
SCORED: Final = {
    "one video folder missing": ("61.8,66.6,57.0,72.2,71.4,58.7,62.7", "missing-video"),
    "first frame missing": (OFFICIAL, None),
    "last frame missing": (OFFICIAL, None),
    "one extra frame at the end": (OFFICIAL, "extra-frame"),
    "one extra frame in the middle": (OFFICIAL, "extra-file"),
    "extra video folder": (OFFICIAL, "extra-video"),
    "two pixels of 255": (OFFICIAL, None),
    "two pixels of id 21": (OFFICIAL, "unknown-object"),
    "1-bit PNG, one frame": ("65.6,71.7,59.5,72.2,71.4,61.2,66.4", None),
    "inside one more folder": (OFFICIAL, None),
    ".DS_Store and __MACOSX": (OFFICIAL, None),
    "tables already there": (OFFICIAL, "extra-file"),
}
"""By damage the official scores and the warning; of one bit the script makes 0 and 255, where the object is 1."""


def test_every_damage_is_refused_or_scored() -> None:
    assert sorted({**REFUSED, **SCORED}) == sorted(DAMAGES)


@pytest.mark.parametrize("damage", REFUSED)
def test_what_cannot_be_scored_has_a_code_and_no_score(mose: Benchmark, damage: str, tmp_path: Path) -> None:
    mose.require_refusal(mose.damaged(damage, VIDEO, tmp_path), *REFUSED[damage])


@pytest.mark.parametrize("damage", SCORED)
def test_what_can_be_scored_has_the_official_numbers_and_a_warning(mose: Benchmark, damage: str, tmp_path: Path) -> None:
    row, code = SCORED[damage]
    mose.require_score(mose.damaged(damage, VIDEO, tmp_path), row, {code} if code else set())


def test_a_missing_video_is_an_error_if_strict(mose: Benchmark, tmp_path: Path) -> None:
    done = mose.run("score", mose.submission("poor"), "--output", tmp_path, "--strict")
    assert (done.returncode, f"error missing-video {LACKING}" in done.stderr) == (1, True)


def test_the_metadata_alone_is_enough_to_check(mose: Benchmark, tmp_path: Path) -> None:
    shutil.copy(mose.root / "meta.json", tmp_path)
    for reference in (tmp_path, tmp_path / "meta.json"):
        result = api.check(mose.submission("good"), reference, protocol="mose-v2")
        assert result.valid
        assert any("mask sizes of 1 of 13 videos were not checked" in note for note in result.notes)
    damaged = mose.damaged("one middle frame missing", VIDEO, tmp_path)
    assert api.check(damaged, tmp_path, protocol="mose-v2").problems[0].code == "missing-frame"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"length": 8}, "the metadata gives 8 frames, but the folder holds 9 masks"),
        ({"length": 0}, "`length` is not a number from 1 on"),
        ({"length": None}, "`length` is not a number from 1 on"),
        ({"objects": ["1", "1"]}, "holds what is not an id from 1 to 254, or one twice: 1"),
        ({"objects": ["cat"]}, "'cat' is not a frame number"),
        ({"objects": {}}, "`objects` is not a list of ids"),
        ({"height": 70}, "the masks are 84x64 but image_size in the metadata is 84x70"),
    ],
)
def test_metadata_that_does_not_fit_is_an_error_of_the_reference(
    mose: Benchmark, change: dict[str, Any], words: str, tmp_path: Path
) -> None:
    content = json.loads((mose.root / "meta.json").read_text())
    content["videos"][VIDEO] |= change
    (tmp_path / "meta.json").write_text(json.dumps(content))
    (tmp_path / "Annotations").symlink_to(mose.root / "Annotations")
    with pytest.raises(api.ReferenceDataError) as fault:
        api.score(mose.submission("good"), tmp_path, protocol="mose-v2")
    (problem,) = fault.value.problems
    assert problem.video == VIDEO
    assert words in problem.message


def test_a_score_that_nobody_has_is_left_out_and_said(mose: Benchmark, tmp_path: Path) -> None:
    content = json.loads((mose.root / "meta.json").read_text())
    content["videos"] = {"004048ac": content["videos"]["004048ac"]}
    (tmp_path / "meta.json").write_text(json.dumps(content))
    (tmp_path / "Annotations").symlink_to(mose.root / "Annotations")
    details = replace(mose, folder=tmp_path).score(mose.submission("good"), tmp_path / "out")
    assert list(details["scores"]) == ["J&F_new", "J", "F_new", "F", "J&F"]
    assert any(note.endswith("left out: disappear_J&F_new, reappear_J&F_new") for note in details["notes"])
    assert "disappear_J&F_new: nan\n" in (tmp_path / "out" / "official" / "scores.txt").read_text()


def test_the_other_commands_know_it(mose: Benchmark, tmp_path: Path) -> None:
    mose.require_other_commands(tmp_path)


def test_it_is_the_same_from_python(mose: Benchmark, tmp_path: Path) -> None:
    mose.require_same_from_python("good", None, mose.score(mose.submission("good"), tmp_path))
