"""`davis-2017` gives the numbers of the official tool, `==` on doubles, and its files, byte for byte.

The masks are drawn from procedural shapes made for this project; the numbers are those of davis2017-evaluation at ac7c43f.
"""

from __future__ import annotations

import json
import math
import shutil
import tarfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image

import lvos_eval as api
from benchmarks import DAMAGES, J_AND_F, Benchmark
from commands import lvos_eval
from lvos_eval import protocols
from unpacking import unpack

ARCHIVE: Final = Path(__file__).parents[1] / "data" / "goldens_davis_2017.tar.xz"
SETS: Final = [("good", "val"), ("poor", "val"), ("edge", "val"), ("long", "train"), ("long", "test-dev")]
STATISTICS: Final = {"J": "J-Mean", "J-Recall": "J-Recall", "J-Decay": "J-Decay",
                     "F": "F-Mean", "F-Recall": "F-Recall", "F-Decay": "F-Decay"}  # fmt: skip
"""The keys of an object in the details, and in the official tool's table."""


@pytest.fixture(scope="module")
def goldens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("davis")
    with tarfile.open(ARCHIVE) as archive:
        unpack(archive, folder)
    return folder


def options(goldens: Path, image_set: str = "val") -> tuple[Any, ...]:
    return "--reference", goldens / "DAVIS", "--protocol", "davis-2017", "--set", image_set


def score(goldens: Path, submission: Path, image_set: str, output: Path, jobs: int = 1) -> dict[str, Any]:
    run = lvos_eval("score", submission, *options(goldens, image_set), "--output", output, "--jobs", str(jobs))
    assert run.returncode == 0, run.stderr
    details: dict[str, Any] = json.loads((output / "scoring_details.json").read_text())
    return details


def numbers(values: dict[str, float]) -> dict[str, float]:
    return {key: value for key, value in values.items() if not math.isnan(value)}


def check(goldens: Path, name: str, image_set: str, details: dict[str, Any]) -> None:
    """Every number of the official tool, in frames, objects and means."""
    file = f"{name}.json" if image_set == "val" else f"{name}.{image_set}.json"
    wanted = json.loads((goldens / "expected" / file).read_text())
    assert details["scores"] == numbers(wanted["global"])
    assert list(details["scores"]) == [key for key in wanted["global"] if key in details["scores"]]
    by_label = {f"{entry['video']}_{entry['object']}": entry for entry in details["objects"]}
    assert list(by_label) == list(wanted["objects"])
    for label, official in wanted["objects"].items():
        entry = by_label[label]
        assert {STATISTICS[key]: entry[key] for key in STATISTICS if key in entry} == numbers(official), label
        frames, per_frame = details["frames"][f"{entry['video']}/{entry['object']}"], wanted["per_frame"][entry["video"]]
        assert [f"{frame:05d}" for frame in frames["frame"]] == per_frame["frames"]
        for key in "JF":
            assert frames[key] == per_frame[key][str(entry["object"])], label


@pytest.mark.parametrize(("name", "image_set"), SETS)
def test_all_official_numbers_and_files_are_reproduced_exactly(goldens: Path, name: str, image_set: str, tmp_path: Path) -> None:
    details = score(goldens, goldens / f"pred_{name}", image_set, tmp_path)
    check(goldens, name, image_set, details)
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores == details["scores"]
    assert (tmp_path / "scores.txt").read_text() == "".join(f"{key}: {value:.10f}\n" for key, value in scores.items())
    prefix = name if image_set == "val" else f"{name}.{image_set}"
    for file in (f"global_results-{image_set}.csv", f"per-sequence_results-{image_set}.csv"):
        assert (tmp_path / "official" / file).read_bytes() == (goldens / "expected" / f"{prefix}.{file}").read_bytes()
    codalab = (goldens / "expected" / f"{prefix}.codalab_scores.txt").read_bytes()
    assert (tmp_path / "official" / "scores.txt").read_bytes() == codalab


@pytest.mark.parametrize(
    ("name", "image_set", "zipped", "jobs"),
    [
        pytest.param(*of, zipped, jobs, marks=() if (of, zipped, jobs) == (("edge", "val"), True, 2) else pytest.mark.slow)
        for of in SETS
        for zipped, jobs in ((True, 1), (True, 2), (False, 2))
    ],
)
def test_a_zip_and_several_workers_give_the_same_numbers(
    goldens: Path, name: str, image_set: str, zipped: bool, jobs: int, tmp_path: Path
) -> None:
    submission = goldens / f"pred_{name}"
    if zipped:
        submission = Path(shutil.make_archive(str(tmp_path / name), "zip", submission))
    check(goldens, name, image_set, score(goldens, submission, image_set, tmp_path / "out", jobs))


def test_what_the_official_tool_gives_as_nan_is_left_out_and_said(goldens: Path, tmp_path: Path) -> None:
    details = score(goldens, goldens / "pred_long", "test-dev", tmp_path)
    assert list(details["scores"]) == ["J&F-Mean", "J-Mean", "J-Recall", "F-Mean", "F-Recall"]
    assert "the official tool gives nan for long270-a_1; left out: J-Decay, F-Decay" in details["notes"]
    assert "nan" not in (tmp_path / "scores.txt").read_text().lower()


def test_the_page_has_no_splits_and_no_v(goldens: Path, tmp_path: Path) -> None:
    details = score(goldens, goldens / "pred_good", "val", tmp_path)
    assert not {"split", "V"} & details["objects"][0].keys()
    assert details["signature"].startswith("protocol:davis-2017|task:semi-supervised|set:val|videos:9|objects:19|frames:62|")
    assert "unseen" not in details["signature"]
    page = (tmp_path / "detailed_results.html").read_text()
    body = page[page.index("<body") :]
    for words in ("a video&#39;s first and last frame do not count", "75.82", "J-Recall", "00001"):
        assert words in body, words
    for words in ("nseen", "Overall", "Temporal", ">V<", "00000001"):
        assert words not in body, words


def test_check_needs_no_scores(goldens: Path) -> None:
    run = lvos_eval("check", goldens / "pred_edge", *options(goldens))
    assert run.returncode == 0, run.stderr
    assert "extra-video" in run.stderr
    assert "gone-a 00017" in run.stderr


def test_the_usual_set_is_val_and_an_unknown_one_names_those_that_there_are(goldens: Path) -> None:
    run = lvos_eval("check", goldens / "pred_good", "--reference", goldens / "DAVIS", "--protocol", "davis-2017")
    assert run.returncode == 0, run.stderr
    run = lvos_eval("check", goldens / "pred_good", *options(goldens, "vall"))
    assert run.returncode == 3
    assert "use --set with one of: test-dev, train, val" in run.stderr


def test_the_other_commands_know_it(goldens: Path, tmp_path: Path) -> None:
    run = lvos_eval("check-reference", goldens / "DAVIS", "--protocol", "davis-2017")
    assert run.returncode == 0, run.stdout + run.stderr
    for name in ("good", "poor"):
        score(goldens, goldens / f"pred_{name}", "val", tmp_path / name)
    run = lvos_eval("compare", tmp_path / "good", tmp_path / "poor")
    assert run.returncode == 1, run.stderr
    assert "F-Decay" in run.stdout


def test_a_public_run_rounds_and_writes_no_official_file(goldens: Path, tmp_path: Path) -> None:
    options_ = (*options(goldens), "--output", tmp_path, "--detail", "public")
    assert lvos_eval("score", goldens / "pred_good", *options_).returncode == 0
    assert json.loads((tmp_path / "scores.json").read_text())["J&F-Mean"] == 0.758178
    assert not (tmp_path / "official").exists()


def test_it_has_one_task(goldens: Path) -> None:
    run = lvos_eval("check", goldens / "pred_good", *options(goldens), "--task", "unsupervised_multiple")
    assert run.returncode == 3
    assert "davis-2017 has no task 'unsupervised_multiple'; it has: semi-supervised" in run.stderr


@pytest.mark.parametrize(
    ("name", "image_set"), [pytest.param(*of, marks=() if of == ("edge", "val") else pytest.mark.slow) for of in SETS]
)
def test_it_is_the_same_from_python(goldens: Path, name: str, image_set: str, tmp_path: Path) -> None:
    details = score(goldens, goldens / f"pred_{name}", image_set, tmp_path)
    asked: dict[str, Any] = {"protocol": "davis-2017", "image_set": image_set}
    result = api.score(goldens / f"pred_{name}", goldens / "DAVIS", **asked)
    assert (dict(result.scores), result.signature) == (details["scores"], details["signature"])
    assert [dict(item.values) for item in result.objects] == [
        {key: entry[key] for key in STATISTICS if key in entry} for entry in details["objects"]
    ]
    evaluator = api.Evaluator(goldens / "DAVIS", **asked)
    for key in dict.fromkeys(entry["video"] for entry in details["objects"]):
        for path in sorted((goldens / "DAVIS" / "Annotations" / "480p" / key).iterdir())[1:-1]:
            prediction = goldens / f"pred_{name}" / key / path.name
            evaluator.add(key, int(path.stem), np.array(Image.open(path)), np.array(Image.open(prediction)))
    added = evaluator.result()
    assert (added.scores, added.objects, added.signature) == (result.scores, result.objects, result.signature)


def test_the_evaluator_refuses_a_label_that_the_official_tool_stops_at(goldens: Path) -> None:
    evaluator = api.Evaluator(goldens / "DAVIS", protocol="davis-2017")
    truth = np.array(Image.open(goldens / "DAVIS" / "Annotations" / "480p" / VIDEO / "00004.png"))
    with pytest.raises(ValueError, match=r"^prediction has the label 21, which is not an object of video 'border-a'$"):
        evaluator.add(VIDEO, 4, truth, with_pixels(truth.copy(), 21))


def test_many_submissions_are_ranked_by_its_first_score(goldens: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("poor", "good"):
        shutil.make_archive(str(tmp_path / "in" / name), "zip", goldens / f"pred_{name}")
    run = lvos_eval("rescore", tmp_path / "in", *options(goldens), "--output", tmp_path / "out", "--jobs", "1")
    assert run.returncode == 0, run.stderr
    board = json.loads((tmp_path / "out" / "leaderboard.json").read_text())
    assert [(place["rank"], place["name"]) for place in board["submissions"]] == [(1, "good"), (2, "poor")]
    assert next(iter(board["submissions"][0]["scores"])) == "J&F-Mean"


VIDEO: Final = "border-a"


def with_pixels(labels: np.ndarray[Any, Any], label: int) -> np.ndarray[Any, Any]:
    labels[0, :2] = label
    return labels


@pytest.fixture(scope="module")
def davis(goldens: Path) -> Benchmark:
    return Benchmark("davis-2017", goldens, "DAVIS", "Annotations/480p", J_AND_F)


REFUSED: Final = {
    "one video folder missing": ("missing-video", f"there is no folder {VIDEO}; it has 8 scored frames"),
    "one middle frame missing": ("missing-frame", "named by its five digits and .png"),
    "wrong size, one middle frame": ("wrong-size", "123x93 instead of 128x96"),
    "wrong size, all frames": ("wrong-size", "123x93 instead of 128x96"),
    "transposed, all frames": ("wrong-size", "width and height are swapped"),
    "one pixel, one frame": ("wrong-size", "1x1 instead of 128x96"),
    "RGB, all frames": ("not-indexed", "RGB"),
    "RGBA, one frame": ("not-indexed", "RGBA"),
    "two pixels of 255": ("unknown-object", "label 255 in 2 pixels; the objects are 1, 2"),
    "two pixels of id 21": ("unknown-object", "label 21 in 2 pixels; the objects are 1, 2"),
    "16-bit PNG, one frame": ("not-indexed", "16-bit"),
    "video folder empty": ("missing-video", f"there is no folder {VIDEO}"),
    "one PNG damaged": ("unreadable-mask", f"{VIDEO} 00004"),
    "results folder empty": ("no-videos", "it is empty"),
}
"""By damage the problem and words of it. The official tool takes 16 bits, and scores one pixel as if it filled the frame."""

OFFICIAL: Final = "0.758,0.728,0.858,0.039,0.789,0.835,-0.005"
SCORED: Final = {
    "first frame missing": (OFFICIAL, set[str]()),
    "last frame missing": (OFFICIAL, set[str]()),
    "one extra frame at the end": (OFFICIAL, {"extra-frame"}),
    "one extra frame in the middle": (OFFICIAL, {"extra-file"}),
    "extra video folder": (OFFICIAL, {"extra-video"}),
    "1-bit PNG, one frame": ("0.756,0.728,0.858,0.039,0.784,0.828,-0.005", set[str]()),
    "inside one more folder": (OFFICIAL, set[str]()),
    ".DS_Store and __MACOSX": (OFFICIAL, set[str]()),
    "tables already there": (OFFICIAL, {"extra-file"}),
}
"""By damage the official scores and the warnings. The official tool stops at one more folder, and believes the tables."""


def test_every_damage_is_refused_or_scored() -> None:
    assert sorted({**REFUSED, **SCORED}) == sorted(DAMAGES)


@pytest.mark.parametrize("damage", REFUSED)
def test_what_cannot_be_scored_has_a_code_and_no_score(davis: Benchmark, damage: str, tmp_path: Path) -> None:
    davis.require_refusal(davis.damaged(damage, VIDEO, tmp_path), *REFUSED[damage])


@pytest.mark.parametrize("damage", SCORED)
def test_what_can_be_scored_has_the_official_numbers_and_a_warning(davis: Benchmark, damage: str, tmp_path: Path) -> None:
    row, warnings = SCORED[damage]
    davis.require_score(davis.damaged(damage, VIDEO, tmp_path), row, set(warnings))


def test_a_refusal_leaves_neither_scores_nor_files_nor_a_traceback(davis: Benchmark, tmp_path: Path) -> None:
    submission = davis.damaged("two pixels of 255", VIDEO, tmp_path)
    run = davis.run("score", submission, "--output", tmp_path / "out", "--jobs", "1")
    assert run.returncode == 1, run.stderr
    assert "error unknown-object" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "out" / "scores.json").exists()
    assert not (tmp_path / "out" / "official").exists()


def test_names_of_eight_digits_are_explained(davis: Benchmark, tmp_path: Path) -> None:
    submission = tmp_path / "pred"
    shutil.copytree(davis.submission("good"), submission)
    for path in sorted((submission / VIDEO).iterdir()):
        path.rename(path.with_stem(f"{int(path.stem):08d}"))
    davis.require_refusal(submission, "misnamed-frames", "8 digits instead of 5 (00000000.png -> 00000.png")


def test_frames_that_are_not_scored_need_no_mask(goldens: Path, tmp_path: Path) -> None:
    submission = tmp_path / "pred"
    shutil.copytree(goldens / "pred_good", submission)
    for video in submission.iterdir():
        frames = sorted(video.iterdir())
        frames[0].unlink()
        frames[-1].write_bytes(b"never read")
    check(goldens, "good", "val", score(goldens, submission, "val", tmp_path / "out"))


def test_damaged_lists_and_annotations_are_errors_of_the_reference(goldens: Path, tmp_path: Path) -> None:
    data = tmp_path / "DAVIS"
    shutil.copytree(goldens / "DAVIS", data)
    (data / "ImageSets" / "2017" / "val.txt").write_text("plain-a\nnot-there\nlate-a\n\nborder-a\n")
    Image.new("RGB", (120, 90)).save(data / "Annotations" / "480p" / "late-a" / "00000.png")
    run = lvos_eval("score", goldens / "pred_good", *options(tmp_path), "--output", tmp_path / "out")
    assert run.returncode == 3
    assert "not-there: no folder Annotations/480p/not-there" in run.stderr
    assert "late-a: the first mask, 00000.png, cannot be used" in run.stderr


def test_the_file_says_whose_numbers_they_are() -> None:
    found = protocols.get("davis-2017")
    assert found.source == "github.com/davisvideochallenge/davis2017-evaluation at ac7c43f"
    assert "first and last frame" in found.description
