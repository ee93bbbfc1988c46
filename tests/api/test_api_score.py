"""`score`, `check` and `compare` give what the commands give, and nothing else."""

from __future__ import annotations

import json
import pickle
import shutil
import sys
import types
import zipfile
from pathlib import Path
from typing import Any

import pytest

import commands
import goldens
import lvos_eval
from lvos_eval.cli.main import main
from lvos_eval.protocols.lvos import SCORE_KEYS

RUNS = [
    ("semi-supervised", "good"), ("semi-supervised", "poor"), ("semi-supervised", "edge"), ("unsupervised_multiple", "poor"),
    ("unsupervised_multiple", "prop"), ("unsupervised_single", "salient"),
]  # fmt: skip


def by_command(output: Path, submission: Path, *options: str) -> tuple[dict[str, float], dict[str, Any]]:
    """Scores and details as `lvos-eval score` writes them."""
    given = ["score", str(submission), "--reference", str(goldens.REFERENCE), "--output", str(output), "--jobs", "1", "--quiet"]
    assert main([*given, *options]) == 0
    scores: dict[str, float] = json.loads((output / "scores.json").read_text())
    return scores, json.loads((output / "scoring_details.json").read_text())


@pytest.mark.parametrize("detail", ["full", "public"])
@pytest.mark.parametrize("protocol", ["lvos-v1", "lvos-v2"])
@pytest.mark.parametrize(("task", "name"), RUNS)
def test_the_numbers_are_those_of_the_command(task: str, name: str, protocol: str, detail: str, tmp_path: Path) -> None:
    submission = goldens.prediction(name)
    options = ("--task", task, "--protocol", protocol, "--detail", detail)
    scores, details = by_command(tmp_path / "out", submission, *options)
    result = lvos_eval.score(submission, goldens.REFERENCE, task=task, protocol=protocol, detail=detail)
    assert result.valid
    assert dict(result.scores) == scores
    assert list(result.scores) == [key for key in SCORE_KEYS if key in scores]
    assert result.signature == details["signature"]
    assert result.detail == detail
    assert list(result.notes) == details["notes"]
    assert [(o.video, o.object_id, *o.values.values(), o.jf) for o in result.objects] == [
        (o["video"], o["object"], o["J"], o["F"], o["V"], o["J&F"]) for o in details["objects"]
    ]
    assert [(problem.code, problem.message) for problem in result.problems] == [
        (problem["code"], problem["message"]) for problem in details["problems"]
    ]


@pytest.mark.parametrize("kind", ["folder", "zip"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_the_numbers_are_the_same_from_a_folder_or_a_zip_with_one_or_two_workers(kind: str, jobs: int, tmp_path: Path) -> None:
    submission = goldens.prediction("poor")
    given = submission if kind == "folder" else commands.zip_folder(submission, tmp_path / "s.zip", shuffle=3)
    result = lvos_eval.score(given, goldens.REFERENCE, jobs=jobs)
    assert result == lvos_eval.score(str(submission), str(goldens.REFERENCE))


def test_scores_are_exact_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    reference = tmp_path / "reference"
    shutil.copytree(goldens.REFERENCE, reference)
    exact = lvos_eval.score(goldens.prediction("good"), reference)
    assert exact.detail == "full"
    (reference / "scoring.yaml").write_text("detail: public\n")
    public = lvos_eval.score(goldens.prediction("good"), reference)
    assert public.detail == "public"
    assert public.scores == {key: round(value, 6) for key, value in exact.scores.items()}
    assert lvos_eval.score(goldens.prediction("good"), reference, detail="full").scores == exact.scores


def test_an_invalid_submission_is_a_result(tmp_path: Path) -> None:
    shutil.copytree(goldens.prediction("good"), tmp_path / "res")
    shutil.rmtree(tmp_path / "res" / "aPlain01")
    result = lvos_eval.score(tmp_path / "res", goldens.REFERENCE)
    assert not result.valid
    assert result.scores == {} and result.objects == ()
    errors = [(problem.code, problem.video) for problem in result.problems if problem.severity == "error"]
    assert errors == [("missing-video", "aPlain01")]
    checked = lvos_eval.check(tmp_path / "res", goldens.REFERENCE)
    assert not checked.valid
    assert checked.problems == result.problems


def test_with_strict_a_label_that_is_no_object_is_an_error() -> None:
    lenient = lvos_eval.check(goldens.prediction("prop"), goldens.REFERENCE)
    strict = lvos_eval.check(goldens.prediction("prop"), goldens.REFERENCE, strict=True)
    assert lenient.valid and not strict.valid
    assert not lvos_eval.score(goldens.prediction("prop"), goldens.REFERENCE, strict=True).valid


def test_metadata_alone_is_enough_for_a_check(tmp_path: Path) -> None:
    shutil.copy(goldens.REFERENCE / "valid_meta.json", tmp_path)
    result = lvos_eval.check(goldens.prediction("good"), tmp_path / "valid_meta.json")
    assert result.valid
    assert "mask sizes" in " ".join(result.notes)


def test_a_reference_without_ground_truth_is_an_error_of_the_reference(tmp_path: Path) -> None:
    shutil.copy(goldens.REFERENCE / "valid_meta.json", tmp_path)
    shutil.copy(goldens.REFERENCE / "unseen_videos.txt", tmp_path)
    with pytest.raises(lvos_eval.ReferenceDataError, match="Annotations/aPlain01") as caught:
        lvos_eval.score(goldens.prediction("good"), tmp_path)
    assert {problem.code for problem in caught.value.problems} == {"ground-truth"}
    with pytest.raises(lvos_eval.ReferenceDataError, match="no reference folder at"):
        lvos_eval.check(goldens.prediction("good"), tmp_path / "nowhere")


def test_a_submission_that_is_not_there_is_an_error_of_usage(tmp_path: Path) -> None:
    with pytest.raises(lvos_eval.UsageError, match="no submission at"):
        lvos_eval.score(tmp_path / "nothing.zip", goldens.REFERENCE)


def test_a_worker_that_is_lost_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("lvos_eval.scoring.run.evaluate_chunk", lose)
    with pytest.raises(lvos_eval.RunStoppedError, match="out of memory"):
        lvos_eval.score(goldens.prediction("good"), goldens.REFERENCE)


def test_results_can_be_pickled_and_are_short_to_look_at() -> None:
    result = lvos_eval.score(goldens.prediction("good"), goldens.REFERENCE)
    assert pickle.loads(pickle.dumps(result)) == result
    assert len(repr(result)) < 1200
    assert "Overall" in repr(result)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The output folders of two scored submissions."""
    folder = tmp_path_factory.mktemp("compared")
    for name in ("good", "poor"):
        by_command(folder / name, goldens.prediction(name))
    return {name: folder / name for name in ("good", "poor")}


class TestCompare:
    """`compare` takes results and whatever the command takes."""

    def test_results_and_their_files_have_the_same_differences(self, outputs: dict[str, Path]) -> None:
        results = {name: lvos_eval.score(goldens.prediction(name), goldens.REFERENCE) for name in outputs}
        of_files = lvos_eval.compare(outputs["good"], outputs["poor"])
        assert not of_files.same
        assert lvos_eval.compare(results["good"], results["poor"]).content() == of_files.content()
        assert lvos_eval.compare(results["good"], outputs["poor"]).content() == of_files.content()
        assert lvos_eval.compare(str(outputs["good"] / "scoring_details.json"), outputs["poor"]).content() == of_files.content()
        assert lvos_eval.compare(results["good"], outputs["good"]).same

    def test_what_has_no_scores_cannot_be_compared(self, outputs: dict[str, Path], tmp_path: Path) -> None:
        (tmp_path / "res").mkdir()
        invalid = lvos_eval.score(tmp_path / "res", goldens.REFERENCE)
        with pytest.raises(ValueError, match="new has no scores: the submission is not valid"):
            lvos_eval.compare(outputs["good"], invalid)
        with pytest.raises(lvos_eval.UsageError, match="holds neither"):
            lvos_eval.compare(tmp_path, outputs["good"])


class TestToFrame:
    """A table with one object a row, where pandas is installed."""

    def test_it_has_a_row_for_each_object(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pandas = types.ModuleType("pandas")
        pandas.DataFrame = list  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "pandas", pandas)
        result = lvos_eval.score(goldens.prediction("good"), goldens.REFERENCE)
        rows = result.to_frame()
        assert [(row["video"], row["object_id"], row["J"]) for row in rows] == [
            (item.video, item.object_id, item.values["J"]) for item in result.objects
        ]

    def test_without_pandas_it_says_how_to_get_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pandas", None)
        result = lvos_eval.score(goldens.prediction("good"), goldens.REFERENCE)
        with pytest.raises(ImportError, match="pip install pandas"):
            result.to_frame()


def test_an_archive_limit_of_the_settings_holds(tmp_path: Path) -> None:
    reference = tmp_path / "reference"
    shutil.copytree(goldens.REFERENCE, reference)
    (reference / "scoring.yaml").write_text("limits:\n  members: 3\ntime_limit: 0.000001\n")
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for number in range(4):
            archive.writestr(f"aPlain01/{number:08d}.png", b"")
    result = lvos_eval.score(tmp_path / "s.zip", reference)
    assert "archive-too-large" in {problem.code for problem in result.problems}
