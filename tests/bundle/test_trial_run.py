"""The scoring program out of the bundle is the one of the source tree."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from breaking import Broken
from built import Built
from commands import PROGRAM
from competition.checks.bundle import Bundle, Platform
from competition.checks.selfcheck import STUB, check_programs
from competition.checks.trial_run import OUTPUTS, run_from_bundle, run_from_source, trial_faults
from lvos_eval.protocols.lvos import SCORE_KEYS
from lvos_eval.reporting.output_folder import scores_text

REFERENCE, SUBMISSION = STUB / "reference", STUB / "sample_submission.zip"


@pytest.mark.slow
def test_the_program_out_of_each_bundle_scores_the_sample_to_the_same_bytes(built: Built) -> None:
    assert check_programs({platform: built.path(platform) for platform in Platform}, REFERENCE, SUBMISSION) == []


def test_a_program_that_does_not_run_is_noticed_with_its_message(built: Built, tmp_path: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        del members["lvos_eval/protocols/contract.py"]

    path = Broken(built.path(Platform.CODABENCH)).inner("scoring_program.zip", change).write(tmp_path / "broken.zip")
    bundle = Bundle(path, Platform.CODABENCH)
    with bundle.archive, pytest.raises(ValueError, match=r"^exit code 4: (?s:.*)No module named 'lvos_eval.protocols.contract'"):
        run_from_bundle(bundle, REFERENCE, SUBMISSION, tmp_path / "run")


@pytest.mark.slow
def test_the_sealed_data_of_a_bundle_scores_as_the_folder_that_it_was_packed_from(built: Built, tmp_path: Path) -> None:
    submission = tmp_path / "submission.zip"
    with zipfile.ZipFile(submission, "w") as archive:
        for path in sorted((built.hidden / "Annotations").rglob("*.png")):
            archive.write(path, path.relative_to(built.hidden / "Annotations"))
    bundle = Bundle(built.path(Platform.CODABENCH), Platform.CODABENCH)
    with bundle.archive, zipfile.ZipFile(built.folder / "reference_final.zip") as inner:
        inner.extractall(tmp_path / "ref")
        sealed = run_from_bundle(bundle, tmp_path / "ref", submission, tmp_path / "sealed")
    plain = run_from_source(PROGRAM, built.hidden, submission, tmp_path / "plain")
    assert (sealed / "scores.json").read_bytes() == (plain / "scores.json").read_bytes()
    assert '"Overall": 1.0' in (sealed / "scores.json").read_text()


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """What a good run leaves behind, in its smallest form."""
    folder = tmp_path / "expected"
    folder.mkdir()
    scores = dict.fromkeys(SCORE_KEYS, 0.5)
    (folder / "scores.json").write_text(json.dumps(scores))
    (folder / "scores.txt").write_text(scores_text(scores))
    (folder / "scoring_details.json").write_text('{"signature": "protocol:lvos-v2|task:semi-supervised"}')
    (folder / "detailed_results.html").write_text('<p><a href="#top">results</a></p>')
    return folder


def test_output_that_is_as_expected_has_no_fault(output: Path) -> None:
    assert list(trial_faults(output, output)) == []


def test_output_of_another_program_is_noticed(output: Path, tmp_path: Path) -> None:
    other = shutil.copytree(output, tmp_path / "other")
    (other / "scoring_details.json").write_text('{"version": 2}')
    assert list(trial_faults(other, output)) == ["scoring_details.json differs from the source tree's"]


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_that_was_not_written_is_noticed(output: Path, tmp_path: Path, name: str) -> None:
    other = shutil.copytree(output, tmp_path / "other")
    (other / name).unlink()
    assert f"{name} was not written" in list(trial_faults(other, output))


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("scores.txt", "Overall: nan\n", "scores.txt has a line that CodaLab's reader does not survive"),
        ("scores.txt", "# scores\n", "scores.txt has a line that CodaLab's reader does not survive"),
        ("scores.json", '{"Overall": 0.5}', "scores.json has the keys Overall"),
        ("scores.json", '{"Overall": NaN}', "scores.json has a value that is not a finite number"),
        ("metadata", "", "a file named metadata fails the run on Codabench"),
        ("second.html", "", "the pages are detailed_results.html, second.html; exactly one detailed_results.html is needed"),
        ("detailed_results.html", '<img src="x.png">', "the page asks for something from elsewhere"),
    ],
)
def test_output_that_a_platform_stumbles_over_is_named(output: Path, tmp_path: Path, name: str, content: str, fault: str) -> None:
    other = shutil.copytree(output, tmp_path / "other")
    (other / name).write_text(content)
    assert fault in list(trial_faults(other, output))
