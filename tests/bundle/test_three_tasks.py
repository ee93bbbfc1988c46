"""One bundle with a phase for each of the three tasks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from breaking import Broken
from built import unpack
from commands import lvos_eval
from competition import ROOT
from competition.bundles.build import main
from competition.checks.bundle import Platform
from competition.checks.selfcheck import BUNDLES, check_bundle
from lvos_eval.protocols.contract import Task
from tiny_reference import write_reference

STUB = ROOT / "reference_data_stub" / "reference"
TASKS = {
    "semi-supervised": Task.SEMI_SUPERVISED,
    "several-objects": Task.UNSUPERVISED_MULTIPLE,
    "one-object": Task.UNSUPERVISED_SINGLE,
}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles of the shipped phases, the stub as hidden data, and public data without a mask in common."""
    folder = tmp_path_factory.mktemp("three")
    validation = write_reference(folder / "validation")
    phases = str(ROOT / "competition" / "three_tasks.yaml")
    arguments = [str(STUB), "--validation", str(validation), "--phases", phases, "--output", str(folder / "dist"), "--jobs", "1"]
    assert main(arguments) == 0
    return folder / "dist"


def test_the_bundles_keep_every_rule_of_both_platforms(dist: Path) -> None:
    assert [check_bundle(dist / name, platform) for platform, name in BUNDLES.items()] == [[], []]


def test_every_phase_is_sealed_with_its_task_and_shows_hidden_masks_to_nobody(dist: Path, tmp_path: Path) -> None:
    found = {}
    for key in ("development", *TASKS):
        folder = unpack(dist / BUNDLES[Platform.CODALAB], f"reference_{key}.zip", tmp_path / key)
        settings = yaml.safe_load((folder / "scoring.yaml").read_text())
        found[key] = settings["task"], settings["detail"]
    assert found == {"development": ("semi-supervised", "full")} | {key: (str(task), "public") for key, task in TASKS.items()}


def test_a_phase_that_shows_masks_of_another_task_is_found(dist: Path, tmp_path: Path) -> None:
    def show(members: dict[str, bytes]) -> None:
        members["scoring.yaml"] = members["scoring.yaml"].replace(b"detail: public", b"detail: full")

    broken = Broken(dist / BUNDLES[Platform.CODABENCH]).inner("reference_semi-supervised.zip", show)
    (fault,) = check_bundle(broken.write(tmp_path / "broken.zip"), Platform.CODABENCH)
    assert fault.startswith("codabench hidden-detail: Semi-supervised: detail is 'full'")


@pytest.mark.slow
@pytest.mark.parametrize(("key", "task"), TASKS.items())
def test_a_phase_scores_its_task_as_the_command_line_does(dist: Path, tmp_path: Path, key: str, task: Task) -> None:
    submission = tmp_path / "input" / "res"
    if task is Task.UNSUPERVISED_SINGLE:
        for video in (STUB / "unsupervised_videos.txt").read_text().split():
            # the maps of the video's other half are those of another frame: neither all right nor all wrong
            masks = sorted((STUB / "Annotations" / video).iterdir())
            for position, mask in enumerate(masks):
                (submission / video).mkdir(parents=True, exist_ok=True)
                shutil.copy(masks[position // 2], submission / video / mask.name)
    else:
        with zipfile.ZipFile(ROOT / "reference_data_stub" / "sample_submission.zip") as archive:
            archive.extractall(submission)
    expected = lvos_eval(
        "score", submission, "--reference", STUB, "--output", tmp_path / "expected", "--task", task, "--detail", "public"
    )
    assert expected.returncode == 0, expected.stderr
    program = unpack(dist / BUNDLES[Platform.CODABENCH], "scoring_program.zip", tmp_path / "program")
    unpack(dist / BUNDLES[Platform.CODABENCH], f"reference_{key}.zip", tmp_path / "input" / "ref")
    run = subprocess.run(
        [sys.executable, program / "evaluate.py", tmp_path / "input", tmp_path / "output"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    scores = json.loads((tmp_path / "output" / "scores.json").read_text())
    assert scores == json.loads((tmp_path / "expected" / "scores.json").read_text())
    assert 0 < scores["Overall"] < 1
    assert f"task:{task}" in run.stdout.splitlines()[0]


@pytest.mark.slow
@pytest.mark.parametrize("key", TASKS)
def test_the_starting_kit_checks_submissions_for_every_phase(dist: Path, tmp_path: Path, key: str) -> None:
    with zipfile.ZipFile(dist / "starting_kit.zip") as kit:
        kit.extractall(tmp_path / "kit")
    if key == "one-object":
        submission = tmp_path / "maps"
        for video in (STUB / "unsupervised_videos.txt").read_text().split():
            shutil.copytree(STUB / "Annotations" / video, submission / video)
    else:
        submission = ROOT / "reference_data_stub" / "sample_submission.zip"
    run = lvos_eval("check", submission, "--reference", tmp_path / "kit" / key)
    assert run.returncode == 0, run.stderr


def test_the_pages_explain_every_task(dist: Path) -> None:
    with zipfile.ZipFile(dist / BUNDLES[Platform.CODABENCH]) as archive:
        overview, submission, evaluation = (
            archive.read(f"pages/{name}.md").decode() for name in ("overview", "submission", "evaluation")
        )
    assert overview.count("**The ") == 3
    assert "## 4 phases" in overview
    assert submission.count("**Pixel value") == 3
    assert "- Unsupervised, one object (unsupervised, one object): all frames in the range of an object." in evaluation


def test_a_phases_file_holds_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "phases.yaml"
    file.write_text("title: mine\n")
    assert main([str(STUB), "--phases", str(file), "--output", str(tmp_path / "dist")]) == 2
    assert "it has to hold `phases:` and nothing else" in capsys.readouterr().err
