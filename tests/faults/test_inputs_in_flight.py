"""Inputs that vanish or change under a run stop it: nobody is blamed, and no score is half of this, half of that."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import commands
from disturbed import IN_SCORING, IN_WORKER, PAGE, Run

pytestmark = pytest.mark.slow

CHANGED = "the submission changed while it was read; run it again when nothing writes to it"
MASK = "bVideo02/00000011.png"


def stopped(run: Run, change: str, trigger: str = IN_SCORING) -> None:
    """Carries out Python code when a mask is about to be opened for scoring; the run has to stop."""
    run.fault = f'at("open", {trigger!r}, lambda: {change})'
    run.assert_stopped(run.finish(), CHANGED)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_folder_that_vanishes_stops_the_run(jobs: str, tmp_path: Path) -> None:
    run = Run(tmp_path, options=("--jobs", jobs))
    stopped(run, f"__import__('shutil').rmtree({str(run.submission)!r}, True)")


@pytest.mark.parametrize(
    "change",
    [
        "os.unlink(MASK)",
        "os.truncate(MASK, 40)",
        "os.replace(OTHER, MASK)",
        "(os.unlink(MASK), os.mkfifo(MASK))",
        "(os.unlink(MASK), os.symlink(OTHER, MASK))",
        "(os.unlink(MASK), os.mkdir(MASK))",
        "os.chmod(MASK, 0)",
    ],
    ids=["vanishes", "is-truncated", "is-replaced", "becomes-a-pipe", "becomes-a-link", "becomes-a-folder", "is-locked"],
)
def test_a_mask_in_a_folder_that_changes_stops_the_run(change: str, tmp_path: Path) -> None:
    run = Run(tmp_path, options=("--jobs", "1"))
    other = tmp_path / "other.png"
    shutil.copy(run.submission / "bVideo02" / "00000046.png", other)
    stopped(run, change.replace("MASK", repr(str(run.submission / MASK))).replace("OTHER", repr(str(other))))


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(
    "change",
    ["os.truncate(ZIP, 3000)", "os.replace(OTHER, ZIP)", "open(ZIP, 'r+b').write(bytes(9000))"],
    ids=["is-truncated", "is-replaced", "is-overwritten"],
)
def test_a_zip_that_changes_stops_the_run(change: str, jobs: str, tmp_path: Path) -> None:
    run = Run(tmp_path, options=("--jobs", jobs))
    folder = run.submission.rename(tmp_path / "masks")
    run.submission.mkdir()
    archive = commands.zip_folder(folder, run.submission / "masks.zip")
    (folder / MASK).write_bytes((folder / "bVideo02" / "00000046.png").read_bytes())
    other = commands.zip_folder(folder, tmp_path / "other.zip")
    # the ground truth is read after the zip is opened for the chunk
    code = change.replace("ZIP", repr(str(archive))).replace("OTHER", repr(str(other)))
    (run.reference / "scoring.yaml").write_text(f'ground_truth: "{digest(run)}"\n')
    stopped(run, code, "Annotations/bVideo02/00000011.png")


def test_a_zip_that_vanishes_stops_the_run(tmp_path: Path) -> None:
    run = Run(tmp_path)
    folder = run.submission.rename(tmp_path / "masks")
    run.submission.mkdir()
    archive = commands.zip_folder(folder, run.submission / "masks.zip")
    run.fault = f'at("open", "masks.zip", lambda: {IN_WORKER} and os.unlink({str(archive)!r}))'
    run.assert_stopped(run.finish(), "the submission cannot be opened again: No such file or directory")


def digest(run: Run) -> str:
    """What seals the ground truth."""
    done = commands.lvos_eval("check-reference", run.reference)
    return done.stdout.rsplit('ground_truth: "', 1)[1].split('"')[0]


@pytest.mark.parametrize("change", ["os.unlink(MASK)", "os.truncate(MASK, 40)"], ids=["vanishes", "is-truncated"])
def test_a_ground_truth_that_changes_is_the_organisers_fault_and_nothing_is_scored(change: str, tmp_path: Path) -> None:
    run = Run(tmp_path, options=("--jobs", "1"))
    mask = repr(str(run.reference / "Annotations" / "cVideo03" / "00000021.png"))
    run.fault = f'at("open", "res/cVideo03/00000011.png", lambda: {change.replace("MASK", mask)})'
    done = run.finish()
    assert done.returncode == 3
    assert done.stderr.startswith("error ground-truth cVideo03 00000021: the ground")
    assert run.files() == {PAGE}


def test_a_ground_truth_that_is_replaced_is_noticed_by_its_digest(tmp_path: Path) -> None:
    run = Run(tmp_path, options=("--jobs", "1"))
    masks = run.reference / "Annotations" / "cVideo03"
    change = f"os.replace({str(masks / '00000046.png')!r}, {str(masks / '00000021.png')!r})"
    run.fault = f'at("open", "res/cVideo03/00000011.png", lambda: {change})'
    done = run.finish()
    assert done.returncode == 3
    assert run.files() == {PAGE}


def test_pipes_and_links_in_a_folder_are_refused_and_never_opened(tmp_path: Path) -> None:
    run = Run(tmp_path)
    pipe, link, secret = (run.submission / "bVideo02" / f"{frame:08d}.png" for frame in (11, 16, 21))
    for path in (pipe, link, secret):
        path.unlink()
    os.mkfifo(pipe)
    link.symlink_to(run.reference / "Annotations" / "bVideo02" / link.name)
    secret.symlink_to("/etc/passwd")
    done = run.finish()
    assert done.returncode == 1
    assert "error archive-unsafe-path: the folder holds links or devices: " in done.stderr
    assert run.files() == {PAGE, "scoring_details.json"}
