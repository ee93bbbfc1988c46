"""A phase that is scored as another benchmark: from its data set to bundles, a starting kit and the official numbers."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image

from built import settings_of, shipped_settings, write_settings
from commands import lvos_eval
from competition.bundles.build import main
from competition.bundles.kit import PROGRAM
from competition.checks.bundle import Bundle, Platform
from competition.checks.selfcheck import BUNDLES, check_bundle
from competition.checks.trial_run import run_from_bundle, run_from_source, trial_faults
from tiny_reference import write_reference
from unpacking import unpack

ARCHIVE: Final = Path(__file__).parents[1] / "data" / "goldens_davis_2017.tar.xz"


@pytest.fixture(scope="module")
def goldens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("davis")
    with tarfile.open(ARCHIVE) as archive:
        unpack(archive, folder)
    return folder


def settings(**phase: Any) -> dict[str, Any]:
    content = shipped_settings()
    content["phases"] = {"final": content["phases"]["final"] | {"protocol": "davis-2017"} | phase}
    return content


def build(goldens: Path, folder: Path, content: dict[str, Any], *options: str | Path) -> int:
    competition = write_settings(folder / "mine", content)
    words = [goldens / "DAVIS", "--competition", competition, "--output", folder / "dist", "--jobs", 1, *options]
    return main([str(word) for word in words])


@pytest.fixture(scope="module")
def davis(goldens: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the bundles of a competition on DAVIS."""
    folder = tmp_path_factory.mktemp("competition")
    assert build(goldens, folder, settings()) == 0
    return folder / "dist"


def zipped(masks: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for mask in sorted(masks.rglob("*.png")):
            archive.write(mask, mask.relative_to(masks))
    return path


@pytest.mark.parametrize("platform", Platform)
def test_its_bundles_keep_every_rule_and_have_the_columns_of_the_protocol(davis: Path, platform: Platform) -> None:
    assert check_bundle(davis / BUNDLES[platform], platform) == []
    bundle = Bundle(davis / BUNDLES[platform], platform)
    with bundle.archive:
        assert list(bundle.columns) == ["J&F-Mean", "J-Mean", "J-Recall", "J-Decay", "F-Mean", "F-Recall", "F-Decay"]
        sorting = "sorting" if platform is Platform.CODABENCH else "sort"
        assert {key for key, column in bundle.columns.items() if column[sorting] == "asc"} == {"J-Decay", "F-Decay"}


@pytest.mark.parametrize("platform", Platform)
def test_a_run_of_its_program_gives_the_numbers_of_the_official_tool(
    goldens: Path, davis: Path, tmp_path: Path, platform: Platform
) -> None:
    submission = zipped(goldens / "pred_good", tmp_path / "submission.zip")
    bundle = Bundle(davis / BUNDLES[platform], platform)
    with bundle.archive, zipfile.ZipFile(davis / "reference_final.zip") as packed:
        packed.extractall(tmp_path / "ref")
        output = run_from_bundle(bundle, tmp_path / "ref", submission, tmp_path / "bundle")
    official = json.loads((goldens / "expected" / "good.json").read_text())["global"]
    assert json.loads((output / "scores.json").read_text()) == {key: round(value, 6) for key, value in official.items()}
    expected = run_from_source(PROGRAM, tmp_path / "ref", submission, tmp_path / "source")
    assert list(trial_faults(output, expected)) == []


def test_its_settings_and_lists_go_with_the_data(davis: Path) -> None:
    found = settings_of(davis / "lvos-codabench.zip", "final")
    assert (found["protocol"], found["task"], found["detail"]) == ("davis-2017", "semi-supervised", "public")
    with zipfile.ZipFile(davis / "reference_final.zip") as packed:
        lists = [name for name in packed.namelist() if name.endswith(".txt")]
    assert lists == ["ImageSets/2017/val.txt"]


def test_its_starting_kit_checks_a_submission_and_shows_no_mask(goldens: Path, davis: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(davis / "starting_kit.zip") as packed:
        packed.extractall(tmp_path)
    reference = tmp_path / "final"
    run = lvos_eval("check", goldens / "pred_good", "--reference", reference)
    assert (run.returncode, "80 masks of 9 videos" in run.stdout) == (0, True), run.stderr
    lacking = tmp_path / "lacking"
    for mask in (goldens / "pred_good").rglob("*.png"):
        target = lacking / mask.relative_to(goldens / "pred_good")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(mask.read_bytes())
    (lacking / "plain-a" / "00003.png").unlink()
    run = lvos_eval("check", lacking, "--reference", reference)
    assert run.returncode == 1
    assert "error missing-frame plain-a 00003" in run.stderr
    # of the masks it tells what is public: sizes, and how many objects there are
    for path in reference.rglob("*.png"):
        labels = np.asarray(Image.open(path))
        truth = np.asarray(Image.open(goldens / "DAVIS" / path.relative_to(reference)))
        assert labels.shape == truth.shape
        assert np.count_nonzero(labels) == len(np.unique(labels)) - 1


OTHERS: Final = [
    # one of each kind of data in every run of the tests, the rest in the long ones
    ("sa-v", "goldens_sa_v", ".", "."),
    ("mose-v2", "goldens_mose_v2", ".", "."),
    ("davis-2016", "goldens_vos_benchmark", "davis2016", "davis2016"),
    pytest.param("vos-benchmark", "goldens_vos_benchmark", ".", ".", marks=pytest.mark.slow),
    pytest.param("davis-2017-unsupervised", "goldens_davis_2017_unsupervised", "DAVIS", ".", marks=pytest.mark.slow),
    pytest.param("vost", "goldens_vost", "VOST", ".", marks=pytest.mark.slow),
    pytest.param("visor", "goldens_visor", "VISOR_2022", ".", marks=pytest.mark.slow),
    pytest.param("long-videos", "goldens_long_videos", "longvideo", ".", marks=pytest.mark.slow),
]
"""Protocol, archive, and where in it are the data set and the submission `pred_good`."""


@pytest.mark.parametrize(("protocol", "archive", "root", "beside"), OTHERS)
def test_data_of_every_kind_scores_from_the_bundle_as_it_does_at_home(
    tmp_path: Path, protocol: str, archive: str, root: str, beside: str
) -> None:
    with tarfile.open(ARCHIVE.with_name(f"{archive}.tar.xz")) as packed:
        unpack(packed, tmp_path / "goldens")
    data, submission = tmp_path / "goldens" / root, tmp_path / "goldens" / beside / "pred_good"
    competition = write_settings(tmp_path / "mine", settings(protocol=protocol))
    words = [data, "--competition", competition, "--output", tmp_path / "dist", "--jobs", 1]
    assert main([str(word) for word in words]) == 0
    assert [check_bundle(tmp_path / "dist" / BUNDLES[platform], platform) for platform in Platform] == [[], []]
    for name, folder in (("starting_kit.zip", "kit"), ("reference_final.zip", "ref")):
        with zipfile.ZipFile(tmp_path / "dist" / name) as zipped_part:
            zipped_part.extractall(tmp_path / folder)
    run = lvos_eval("check", submission, "--reference", tmp_path / "kit" / "final")
    assert run.returncode == 0, run.stderr
    for output, reference in (("bundle", (tmp_path / "ref",)), ("home", (data, "--protocol", protocol, "--detail", "public"))):
        run = lvos_eval("score", submission, "--reference", *reference, "--output", tmp_path / output)
        assert run.returncode == 0, run.stderr
    assert (tmp_path / "bundle" / "scores.json").read_bytes() == (tmp_path / "home" / "scores.json").read_bytes()


def test_its_pages_say_nothing_of_lvos_videos(davis: Path) -> None:
    with zipfile.ZipFile(davis / "lvos-codabench.zip") as archive:
        pages = {name: archive.read(name).decode() for name in archive.namelist() if name.startswith("pages/")}
    text = "".join(pages.values())
    for words in ("unseen", "toolkit of LVOS", "The LVOS annotations", "eight digits", "00000001"):
        assert words not in text, words
    assert "github.com/davisvideochallenge/davis2017-evaluation at ac7c43f" in pages["pages/evaluation.md"]
    assert "a video's first and last frame do not count" in pages["pages/evaluation.md"]
    assert "| J Decay | `J-Decay` | lower is better |" in pages["pages/evaluation.md"]
    assert "five digits" in pages["pages/submission.md"]


def test_a_score_that_long_videos_cannot_have_is_no_column(
    goldens: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(goldens, tmp_path, settings(set="test-dev")) == 3
    told = capsys.readouterr().err
    assert "the final data cannot give J-Decay, F-Decay: its videos are too short or too long for it" in told
    assert "in competition.yaml: [J&F-Mean, J-Mean, J-Recall, F-Mean, F-Recall]" in told
    content = settings(set="test-dev") | {"leaderboard": ["J&F-Mean", "J-Mean", "J-Recall", "F-Mean", "F-Recall"]}
    assert build(goldens, tmp_path, content) == 0
    assert check_bundle(tmp_path / "dist" / "lvos-codalab.zip", Platform.CODALAB) == []


def test_columns_of_another_protocol_are_refused(goldens: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(goldens, tmp_path, settings() | {"leaderboard": ["Overall", "J-Mean"]}) == 3
    told = capsys.readouterr().err
    assert "`leaderboard` has keys that davis-2017 does not have: Overall, J-Mean" in told
    assert "or `leaderboard: all`" in told


def test_phases_with_different_scores_are_refused(goldens: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = settings()
    content["phases"] = {"development": shipped_settings()["phases"]["development"] | {"protocol": "lvos-v2"}} | content["phases"]
    assert build(goldens, tmp_path, content, "--validation", write_reference(tmp_path / "validation")) == 3
    assert "one leaderboard cannot show both phases: development has the scores Overall, " in capsys.readouterr().err


def test_masks_that_say_what_the_videos_are_cannot_be_left_out(
    goldens: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = {"vhost": "1b2f7c0e-5d7c-4f6e-9a44-0c5a2a1f6d11", "time_limit": 7200}
    assert build(goldens, tmp_path, settings(masks="/app/data/DAVIS") | {"queue": queue}) == 3
    assert "phases.final.masks: the videos of davis-2017 are what the masks say they are" in capsys.readouterr().err
