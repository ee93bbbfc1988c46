"""`lvos-eval rescore`: the same numbers as `score`, in one go, and only what is not known yet."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import goldens
import rescores
import submissions
from lvos_eval.cli.main import main
from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.rescoring.store import open_store
from rescores import board, newly_scored, published, rescore
from systems import needs

VIDEOS = len(submissions.OBJECTS)
SCORE_OPTIONS = ("--detail", "public", "--jobs", "1", "--quiet")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return submissions.write_reference(tmp_path_factory.mktemp("rescore") / "reference")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rescores.write_submissions(tmp_path_factory.mktemp("rescore") / "submissions")


@pytest.fixture(scope="module")
def done(reference: Path, stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a run that nothing came in the way of."""
    output = tmp_path_factory.mktemp("rescore") / "output"
    assert rescore(stored, reference, output) == ExitCode.SUCCESS
    return output


def shared(output: Path, name: str) -> dict[str, bytes]:
    """What both commands write: no tables, and the page without the name that it gives the submission."""
    files = {path: content for path, content in published(output).items() if not path.endswith((".csv", ".tex"))}
    page = files["detailed_results.html"]
    heading = f"<bdi>{name}</bdi> ".encode()
    assert (heading in page) == ("scores.txt" in files)
    return files | {"detailed_results.html": page.replace(heading, b"", 1)}


def test_each_submission_gets_the_files_that_score_writes(reference: Path, stored: Path, done: Path, tmp_path: Path) -> None:
    for item in [*board(done)["submissions"], *board(done)["invalid"]]:
        single = tmp_path / "single" / item["submission"]
        code = main(
            ["score", str(stored / item["submission"]), "--reference", str(reference), "--output", str(single), *SCORE_OPTIONS]
        )
        assert code == (ExitCode.SUCCESS if "scores" in item else ExitCode.INVALID_SUBMISSION)
        if "scores" in item:
            assert shared(done / item["results"], item["name"]) == shared(single, Path(item["submission"]).stem)
        else:
            assert without_fixes(done / item["results"]) == without_fixes(single)


def without_fixes(output: Path) -> dict[str, Any]:
    """The details of a result; `score` names the command that packs the very masks that it was given, where there is one."""
    details: dict[str, Any] = json.loads((output / "scoring_details.json").read_text())
    return details | {"problems": [{**problem, "fix": ""} for problem in details["problems"]]}


@pytest.mark.parametrize("task", ["unsupervised_multiple", "unsupervised_single"])
def test_unsupervised_tasks_get_the_files_that_score_writes(task: str, tmp_path: Path) -> None:
    name = {"unsupervised_multiple": "pred_prop", "unsupervised_single": "pred_salient"}[task]
    source = goldens.GOLDENS / name
    shutil.copytree(source, tmp_path / "submissions" / "one")
    for _ in ("new", "from the store"):
        shutil.rmtree(tmp_path / "out" / "results", ignore_errors=True)
        assert rescore(tmp_path / "submissions", goldens.REFERENCE, tmp_path / "out", "--task", task) == ExitCode.SUCCESS
    options = ["--reference", str(goldens.REFERENCE), "--output", str(tmp_path / "single"), "--task", task]
    main(["score", str(tmp_path / "submissions" / "one"), *options, *SCORE_OPTIONS])
    assert shared(tmp_path / "out" / "results" / "one", "one") == shared(tmp_path / "single", "one")


def test_full_detail_gives_the_frames_and_pictures_that_score_gives(reference: Path, tmp_path: Path) -> None:
    submissions.write_folder(tmp_path / "submissions" / "one", submissions.good_files())
    assert rescore(tmp_path / "submissions", reference, tmp_path / "out", "--detail", "full") == ExitCode.SUCCESS
    options = ["--reference", str(reference), "--output", str(tmp_path / "single"), "--jobs", "1", "--quiet"]
    main(["score", str(tmp_path / "submissions" / "one"), *options])
    assert shared(tmp_path / "out" / "results" / "one", "one") == shared(tmp_path / "single", "one")


def test_invalid_submissions_are_listed_with_their_problems_and_stop_nothing(done: Path) -> None:
    assert [(item["submission"], item["problems"][0]["code"]) for item in board(done)["invalid"]] == [
        ("empty", "no-videos"),
        ("lacking.zip", "missing-video"),
        ("text.zip", "not-an-archive"),
        ("torn.zip", "archive-damaged"),
    ]
    assert len(board(done)["submissions"]) == 4


def test_a_second_run_scores_nothing_that_can_be_stored_and_writes_the_same_bytes(
    reference: Path, stored: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Path(shutil.copytree(done, tmp_path / "output"))
    assert rescore(stored, reference, output) == ExitCode.SUCCESS
    # a mask that cannot be read is looked at every time
    assert newly_scored(capsys.readouterr().out)[0] == 1
    assert published(output) == published(done)


def test_the_bytes_do_not_depend_on_the_number_of_workers(reference: Path, stored: Path, done: Path, tmp_path: Path) -> None:
    assert rescore(stored, reference, tmp_path, "--jobs", "2") == ExitCode.SUCCESS
    assert published(tmp_path) == published(done)


def test_a_corrected_mask_costs_its_video_only(
    reference: Path, stored: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corrected = Path(shutil.copytree(reference, tmp_path / "reference"))
    mask = corrected / "Annotations" / "aVideo01" / "00000016.png"
    mask.write_bytes(submissions.png(submissions.labels("aVideo01", 16, 3)))
    store = Path(shutil.copytree(done / ".store", tmp_path / "store"))
    assert rescore(stored, corrected, tmp_path / "after", "--store", store) == ExitCode.SUCCESS
    # of the five submissions with the right names; what lacks a video is only checked, and that needs no ground truth
    assert newly_scored(capsys.readouterr().out) == (5, 6 * VIDEOS - 1)
    fresh = tmp_path / "fresh"
    rescore(stored, corrected, fresh)
    assert published(tmp_path / "after") == published(fresh)
    assert board(fresh)["signature"] != board(done)["signature"]


def test_a_mask_that_is_saved_anew_with_the_same_pixels_costs_nothing(
    reference: Path, stored: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = Path(shutil.copytree(reference, tmp_path / "reference"))
    mask = same / "Annotations" / "aVideo01" / "00000016.png"
    before = mask.read_bytes()
    mask.write_bytes(submissions.png(submissions.labels("aVideo01", 16, 1), compress_level=1))
    assert mask.read_bytes() != before
    store = Path(shutil.copytree(done / ".store", tmp_path / "store"))
    rescore(stored, same, tmp_path / "after", "--store", store)
    assert newly_scored(capsys.readouterr().out)[0] == 1


def test_a_video_that_is_moved_to_the_other_split_costs_nothing(
    reference: Path, stored: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = Path(shutil.copytree(reference, tmp_path / "reference"))
    (moved / "unseen_videos.txt").write_text("aVideo01\n")
    store = Path(shutil.copytree(done / ".store", tmp_path / "store"))
    rescore(stored, moved, tmp_path / "after", "--store", store)
    assert newly_scored(capsys.readouterr().out)[0] == 1
    rescore(stored, moved, tmp_path / "fresh")
    assert published(tmp_path / "after") == published(tmp_path / "fresh")


def test_an_excluded_frame_costs_its_video_only(
    reference: Path, stored: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    excluding = Path(shutil.copytree(reference, tmp_path / "reference"))
    (excluding / "scoring.yaml").write_text("exclude: {cVideo03: [16]}\n")
    store = Path(shutil.copytree(done / ".store", tmp_path / "store"))
    rescore(stored, excluding, tmp_path / "after", "--store", store)
    # here the masks that are checked are others too
    assert newly_scored(capsys.readouterr().out)[0] == 1 + 6
    rescore(stored, excluding, tmp_path / "fresh")
    assert published(tmp_path / "after") == published(tmp_path / "fresh")


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda data: data[:-1],
    "emptied": lambda data: b"",
    "one bit changed": lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:],
    "something else": lambda data: b"not an entry" * 9,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_of_the_store_is_noticed_and_never_used(
    damage: Callable[[bytes], bytes],
    reference: Path,
    stored: Path,
    done: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = Path(shutil.copytree(done, tmp_path / "output"))
    entry = max(path for path in (output / ".store").rglob("*") if path.is_file() and path.name != "lock")
    entry.write_bytes(damage(entry.read_bytes()))
    assert rescore(stored, reference, output) == ExitCode.SUCCESS
    text = capsys.readouterr().out
    assert "1 entry of the store could not be used" in text
    assert newly_scored(text)[0] >= 2
    assert published(output) == published(done)


def test_an_entry_in_the_place_of_another_is_noticed(
    reference: Path, stored: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Path(shutil.copytree(done, tmp_path / "output"))
    one, other, *_ = sorted(path for path in (output / ".store").rglob("*") if path.is_file() and path.name != "lock")
    shutil.copy(one, other)
    assert rescore(stored, reference, output) == ExitCode.SUCCESS
    assert "1 entry of the store could not be used" in capsys.readouterr().out
    assert published(output) == published(done)


def test_a_damaged_zip_with_the_directory_of_a_good_one_is_not_taken_for_it(reference: Path, tmp_path: Path) -> None:
    folder = rescores.folder_of(tmp_path / "submissions")
    archive = submissions.write_zip(folder / "one.zip", submissions.good_files(), 0)
    assert rescore(folder, reference, tmp_path / "out") == ExitCode.SUCCESS
    assert [item["submission"] for item in board(tmp_path / "out")["submissions"]] == ["one.zip"]
    rescores.damage_member(archive, "aVideo01/00000011.png")
    assert rescore(folder, reference, tmp_path / "out") == ExitCode.SUCCESS
    assert [item["submission"] for item in board(tmp_path / "out")["invalid"]] == ["one.zip"]
    assert not (tmp_path / "out" / "results" / "one" / "scores.json").exists()


def test_the_store_is_readable_for_its_owner_only(done: Path) -> None:
    assert (done / ".store").stat().st_mode & 0o077 == 0


@needs("locks as POSIX has them")
def test_a_store_in_use_is_left_alone(reference: Path, stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_store(tmp_path / ".store"):
        assert rescore(stored, reference, tmp_path) == ExitCode.USAGE
    assert "another run uses the store" in capsys.readouterr().err


def test_ground_truth_that_changes_meanwhile_ends_the_run_and_leaves_no_leaderboard(
    reference: Path, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    changing = Path(shutil.copytree(reference, tmp_path / "reference"))
    from lvos_eval.rescoring import engine

    def change(*arguments: object) -> dict[str, object]:
        mask = changing / "Annotations" / "aVideo01" / "00000016.png"
        mask.write_bytes(submissions.png(submissions.labels("aVideo01", 16, 3)))
        return original(*arguments)  # type: ignore[arg-type, return-value]

    original = engine.Rescoring._look_up
    monkeypatch.setattr(engine.Rescoring, "_look_up", change)
    assert rescore(stored, changing, tmp_path / "out") == ExitCode.REFERENCE
    assert "the masks have changed while they were scored on" in capsys.readouterr().err
    assert not (tmp_path / "out" / "leaderboard.json").exists()


def test_a_broken_seal_ends_the_run_before_anything_is_scored(
    reference: Path, stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sealed = Path(shutil.copytree(reference, tmp_path / "reference"))
    (sealed / "scoring.yaml").write_text('ground_truth: "0123456789abcdef"\n')
    assert rescore(stored, sealed, tmp_path / "out") == ExitCode.REFERENCE
    assert "scoring.yaml pins the ground truth to 0123456789abcdef" in capsys.readouterr().err


def test_the_previous_leaderboard_may_not_be_the_one_that_is_replaced(
    reference: Path, stored: Path, done: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rescore(stored, reference, done, "--previous", done / "leaderboard.json") == ExitCode.USAGE
    assert "is about to be replaced" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--output", "--store"])
def test_nothing_is_written_among_the_submissions(
    option: str, reference: Path, stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rescore(stored, reference, tmp_path, option, stored / "new") == ExitCode.USAGE
    assert f"{option} is inside {stored}" in capsys.readouterr().err


def test_names_and_changes_of_rank_reach_every_file(reference: Path, stored: Path, done: Path, tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text("submission,name\nfar,=Team <b>F</b>\n")
    options = ("--names", names, "--previous", done / "leaderboard.json", "--store", done / ".store")
    assert rescore(stored, reference, tmp_path / "out", *options) == ExitCode.SUCCESS
    ranked = board(tmp_path / "out")["submissions"]
    assert [(item["submission"], item["name"], item["rank"], item["previous_rank"]) for item in ranked] == [
        ("good.zip", "good", 1, 1),
        ("bob/run1", "bob", 2, 2),
        ("near.zip", "near", 2, 2),
        ("far", "=Team <b>F</b>", 4, 4),
    ]
    assert "\n4,0,'=Team <b>F</b>," in (tmp_path / "out" / "leaderboard.csv").read_text()
    assert "=Team &lt;b&gt;F&lt;/b&gt;" in (tmp_path / "out" / "leaderboard.html").read_text()


def test_json_prints_the_leaderboard_and_nothing_else(
    reference: Path, stored: Path, done: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Path(shutil.copytree(done, tmp_path / "output"))
    rescore(stored, reference, output, "--json")
    assert capsys.readouterr().out == (done / "leaderboard.json").read_text()
