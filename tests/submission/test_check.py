"""`check` and the checks of a scoring run: one pass, the same findings, nothing from hidden masks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import commands
from faulty_submissions import BUILDERS, claimed, names, palette_image, redrawn, renamed, with_edges
from lvos_eval.diagnostics.problems import SUBMISSION_CODES, Problem, Severity
from lvos_eval.scoring.results import State
from submissions import (
    FRAMES,
    META,
    OBJECTS,
    Files,
    check,
    good_files,
    labels,
    png,
    score,
    write_folder,
    write_reference,
    write_zip,
)

OTHER_CODES = {code for code in SUBMISSION_CODES if "archive" in code} | {
    *("no-videos", "two-sets", "ids-encoded", "size-limit", "not-salient", "not-binary", "too-many-proposals"),
    *("platform-file", "nothing-predicted"),
}
"""Codes of archives, of submissions without any video or wrong as a whole, and of the unsupervised tasks."""

MIXED_VIDEOS = {f"video{number:02d}": (1, 2, 4) for number in range(8)}


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return write_reference(tmp_path / "ref")


def problems(found: tuple[Problem, ...]) -> set[tuple[str, str | None]]:
    return {(problem.code, problem.video) for problem in found}


def faulty(tmp_path: Path) -> Path:
    """A missing frame, a missing video, an RGB, a truncated and a wrong-sized mask at once."""
    files = {name: content for name, content in good_files().items() if not name.startswith("bVideo02")}
    del files["aVideo01/00000016.png"]
    files["aVideo01/00000021.png"] = png(np.dstack([labels("aVideo01", 21)] * 3))
    files["aVideo01/00000026.png"] = files["aVideo01/00000026.png"][:-30]
    files["cVideo03/00000006.png"] = png(labels("cVideo03", 6)[::2, ::2])
    return write_folder(tmp_path / "submission", files)


FIVE_FAULTS = {
    ("missing-frame", "aVideo01"),
    ("missing-video", "bVideo02"),
    ("not-indexed", "aVideo01"),
    ("unreadable-mask", "aVideo01"),
    ("wrong-size", "cVideo03"),
}


def test_a_good_submission_is_valid_and_has_no_problem(tmp_path: Path, reference: Path) -> None:
    report = check(write_folder(tmp_path / "submission", good_files()), reference)
    assert (report.state, report.problems) == (State.CHECKED, ())
    assert report.submission == "33 masks of 3 videos of the folder submission"


def test_one_run_finds_every_fault_that_is_not_the_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("submissions.OBJECTS", MIXED_VIDEOS)
    reference = write_reference(tmp_path / "ref", masks="none")
    files = {name: content for name, content in good_files().items() if not name.startswith("video00")}
    del files["video01/00000006.png"]
    files["video01/00000011.png"] = claimed(100_000, 100_000)
    files = renamed("video02", lambda position, _: f"{position:08d}.png", files)
    files = redrawn("video03", lambda array: png(np.dstack([array] * 3)), files)
    files = redrawn("video04", lambda array: png(np.asarray(palette_image(array).convert("L"))), files)
    files = redrawn("video05", lambda array: png(array[::2, ::2]), files)
    files = redrawn("video06", lambda array: png(with_edges(np.where(array == 2, np.uint8(0), array), 3)), files)
    files |= {"other/00000001.png": b"", "video07/00000002.png": b"", "video07/notes.txt": b""}
    report = check(write_folder(tmp_path / "submission", files), reference)
    assert problems(report.problems) == {
        ("missing-video", "video00"),
        ("missing-frame", "video01"),
        ("unreadable-mask", "video01"),
        ("misnamed-frames", "video02"),
        ("not-indexed", "video03"),
        ("palette-lost", "video04"),
        ("wrong-size", "video05"),
        ("unknown-object", "video06"),
        ("absent-object", "video06"),
        ("extra-video", "other"),
        ("extra-frame", "video07"),
        ("extra-file", "video07"),
    }
    assert {problem.code for problem in report.problems} == set(SUBMISSION_CODES) - OTHER_CODES


def test_misnamed_masks_are_looked_at_too(tmp_path: Path, reference: Path) -> None:
    files = renamed("aVideo01", lambda position, _: f"{position:05d}.png")
    files = {
        name: png(np.dstack([labels("aVideo01", 1)] * 3)) if "aVideo01" in name else content for name, content in files.items()
    }
    report = check(write_folder(tmp_path / "submission", files), reference)
    assert problems(report.problems) == {("misnamed-frames", "aVideo01"), ("not-indexed", "aVideo01")}


def test_misnamed_frames_are_not_scored(tmp_path: Path, reference: Path) -> None:
    files = renamed("aVideo01", lambda _, frame: f"{frame:05d}.png")
    result = score(write_folder(tmp_path / "submission", files), reference)
    assert result.report.state is State.INVALID
    assert result.report.scores is None


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in BUILDERS if not case.startswith("zeros-in-many")])
def test_a_scoring_run_reports_the_same_problems_as_check(case: str, tmp_path: Path, reference: Path) -> None:
    (tmp_path / "submission").mkdir()
    submission = BUILDERS[case](tmp_path / "submission")
    assert score(submission, reference).report.problems == check(submission, reference).problems


def test_a_faulty_submission_ends_in_exit_code_1_a_page_and_no_scores(tmp_path: Path, reference: Path) -> None:
    input_ = commands.platform_input(tmp_path / "input", faulty(tmp_path), reference)
    run = commands.evaluate(input_, tmp_path / "output")
    assert run.returncode == 1
    assert {path.name for path in (tmp_path / "output").iterdir()} == {"detailed_results.html", "scoring_details.json"}
    details = json.loads((tmp_path / "output" / "scoring_details.json").read_text())
    assert {(problem["code"], problem["video"]) for problem in details["problems"]} == FIVE_FAULTS
    page = (tmp_path / "output" / "detailed_results.html").read_text()
    for code, video in FIVE_FAULTS:
        assert code in run.stderr
        assert code in page
        assert str(video) in page


def test_strict_turns_unknown_objects_into_errors(tmp_path: Path, reference: Path) -> None:
    submission = write_folder(tmp_path / "submission", redrawn("aVideo01", lambda array: png(with_edges(array, 9))))
    assert check(submission, reference).state is State.CHECKED
    report = check(submission, reference, strict=True)
    assert report.state is State.INVALID
    assert [(problem.code, problem.severity) for problem in report.problems] == [("unknown-object", Severity.ERROR)]


# public data only


@pytest.mark.slow
@pytest.mark.parametrize(("masks", "image_size", "says"), [("none", True, False), ("first", False, False), ("none", False, True)])
def test_sizes_come_from_the_metadata_or_from_first_masks_or_are_said_to_be_unknown(
    masks: str, image_size: bool, says: bool, tmp_path: Path
) -> None:
    reference = write_reference(tmp_path / "ref", masks=masks, image_size=image_size)
    submission = write_folder(tmp_path / "submission", redrawn("aVideo01", lambda array: png(array[::2, ::2])))
    run = commands.lvos_eval("check", submission, "--reference", reference)
    assert ("wrong-size" in run.stderr) is not says
    lack = "the reference has neither first-frame masks nor image_size for them"
    note = f"note: the mask sizes of 3 of 3 videos were not checked: {lack}"
    assert (note in run.stdout.splitlines()) is says
    assert run.returncode == (0 if says else 1)


def test_a_metadata_file_alone_is_enough(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref", masks="none")
    submission = write_zip(tmp_path / "submission.zip", good_files())
    run = commands.lvos_eval("check", submission, "--reference", reference / META)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines()[-1] == "33 masks of 3 videos of the zip submission.zip: valid (0 errors, 0 warnings)"


@pytest.mark.slow
def test_nothing_that_is_said_of_a_faulty_submission_depends_on_the_ground_truth(tmp_path: Path, reference: Path) -> None:
    swapped = write_reference(tmp_path / "swapped")
    content: Files = {
        f"{video}/{frame:08d}.png": png(np.ascontiguousarray(labels(video, frame)[::-1, ::-1]))
        for video in OBJECTS
        for frame in FRAMES
    }
    shutil.rmtree(swapped / "Annotations")
    write_folder(swapped / "Annotations", content)
    submission = faulty(tmp_path)
    runs = [commands.lvos_eval("check", submission, "--reference", ref, "--json") for ref in (reference, swapped)]
    assert runs[0].stdout == runs[1].stdout
    assert runs[0].stderr == runs[1].stderr
    assert runs[0].returncode == runs[1].returncode == 1
    failed = [
        commands.lvos_eval("score", submission, "--reference", ref, "--output", tmp_path / ref.name / "out")
        for ref in (reference, swapped)
    ]
    assert [run.returncode for run in failed] == [1, 1]
    assert failed[0].stderr == failed[1].stderr
    details = [json.loads((tmp_path / ref.name / "out" / "scoring_details.json").read_text()) for ref in (reference, swapped)]
    assert details[0] == details[1]
    # nothing was scored, and the ground truth has not been read
    assert details[0]["signature"] is None


# false alarms


def test_255_is_void_where_another_video_shows_that_ids_are_known(
    tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("submissions.OBJECTS", {"aVideo01": (1,), "bVideo02": (1,)})
    reference = write_reference(tmp_path / "other")
    files = redrawn("aVideo01", lambda array: png(np.where(array > 0, np.uint8(255), array)))
    report = check(write_folder(tmp_path / "submission", files), reference)
    assert problems(report.problems) == {("absent-object", "aVideo01")}


def test_void_beside_the_object_is_no_problem(tmp_path: Path, reference: Path) -> None:
    files = redrawn("bVideo02", lambda array: png(with_edges(array, 255, 255)))
    assert check(write_folder(tmp_path / "submission", files), reference).problems == ()


def test_an_id_that_is_also_a_palette_grey_is_an_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("submissions.OBJECTS", {"aVideo01": (1, 38)})
    reference = write_reference(tmp_path / "other")
    assert check(write_folder(tmp_path / "submission", good_files()), reference).problems == ()
    files = redrawn("aVideo01", lambda array: png(with_edges(array, 75)))
    assert problems(check(write_folder(tmp_path / "stray", files), reference).problems) == {("unknown-object", "aVideo01")}


def test_only_empty_masks_in_one_of_several_videos_are_valid(tmp_path: Path, reference: Path) -> None:
    report = check(write_folder(tmp_path / "submission", redrawn("aVideo01", lambda array: png(array * np.uint8(0)))), reference)
    assert [(problem.code, problem.severity) for problem in report.problems] == [("absent-object", Severity.WARNING)]


def test_the_masks_of_unscored_frames_are_not_needed(tmp_path: Path, reference: Path) -> None:
    unscored = [name for video in OBJECTS for name in (names(video)[0], names(video)[-1])]
    files = {name: content for name, content in good_files().items() if name not in unscored}
    assert check(write_folder(tmp_path / "submission", files), reference).problems == ()
