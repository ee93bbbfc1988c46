"""Hidden masks that never reach the platform: they lie on workers of the organiser's, and the bundle says where and which."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from built import settings_of, shipped_settings, unpack, write_settings
from competition.bundles.build import main
from competition.checks.bundle import Platform
from competition.checks.selfcheck import BUNDLES, check_bundle
from tiny_reference import draw, mask, save, write_reference

QUEUE = {"vhost": "1b2f7c0e-5d7c-4f6e-9a44-0c5a2a1f6d11", "time_limit": 7200}


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    """The folder that a worker of the organiser's has, as `/app/data` shows it inside."""
    return tmp_path / "app" / "data" / "lvos_test" / "Annotations"


@pytest.fixture
def dist(tmp_path: Path, masks: Path) -> Path:
    hidden = write_reference(tmp_path / "hidden")
    settings = shipped_settings() | {"queue": QUEUE}
    settings["phases"]["final"]["masks"] = str(masks)
    folder = write_settings(tmp_path / "mine", settings)
    public = write_reference(tmp_path / "public", shift=9)
    given = [str(hidden), "--validation", str(public), "--competition", str(folder), "--output", str(tmp_path / "dist")]
    assert main([*given, "--jobs", "1"]) == 0
    shutil.copytree(hidden / "Annotations", masks)
    return tmp_path / "dist"


def run(dist: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """The final phase on a submission that is right, as the platform runs it."""
    program = unpack(dist / BUNDLES[Platform.CODABENCH], "scoring_program_final.zip", tmp_path / "program")
    unpack(dist / BUNDLES[Platform.CODABENCH], "reference_final.zip", tmp_path / "input" / "ref")
    shutil.copytree(tmp_path / "hidden" / "Annotations", tmp_path / "input" / "res")
    command = [sys.executable, "evaluate.py", str(tmp_path / "input"), str(tmp_path / "output")]
    return subprocess.run(command, cwd=program, capture_output=True, text=True, check=False, timeout=60)


def test_nothing_is_said_of_sites_that_give_masks_away(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "HIDDEN MASKS" not in capsys.readouterr().out


def test_no_part_of_the_bundles_holds_a_hidden_mask_and_they_keep_every_rule(dist: Path, masks: Path) -> None:
    for platform, name in BUNDLES.items():
        assert check_bundle(dist / name, platform) == []
        settings = settings_of(dist / name, "final")
        assert (settings["masks"], settings["detail"], len(settings["ground_truth"])) == (str(masks), "public", 16)
    with zipfile.ZipFile(dist / "reference_final.zip") as archive:
        assert sorted(archive.namelist()) == ["scoring.yaml", "test_meta.json", "unseen_videos.txt"]
    with zipfile.ZipFile(dist / "reference_development.zip") as archive:
        assert sum(name.endswith(".png") for name in archive.namelist()) == 12


def test_a_run_reads_them_where_they_lie(dist: Path, tmp_path: Path) -> None:
    done = run(dist, tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "output" / "scores.json").read_text())["Overall"] == 1.0


def test_a_worker_without_them_says_so_and_scores_nothing(dist: Path, tmp_path: Path, masks: Path) -> None:
    shutil.rmtree(masks)
    done = run(dist, tmp_path)
    assert done.returncode == 3
    assert f"the masks are to be in {masks}, and there is no such folder on this machine" in done.stderr
    assert not (tmp_path / "output" / "scores.json").exists()


def test_a_worker_with_other_masks_is_noticed(dist: Path, tmp_path: Path, masks: Path) -> None:
    save(mask(masks.parent, "seenOne1", 6), draw([1, 2], 9))
    done = run(dist, tmp_path)
    assert done.returncode == 3
    assert "it has changed since it was pinned" in done.stderr
    assert not (tmp_path / "output" / "scores.json").exists()
