"""Links from a submission to the ground truth: refused where the submission is a stranger's, noted where it may be a check."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import commands
from lvos_eval.diagnostics.errors import ExitCode
from rescores import board, rescore
from submissions import FRAMES, OBJECTS, good_files, write_folder, write_reference, write_zip


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return write_reference(tmp_path / "in" / "ref")


def linked(reference: Path, folder: Path, *, frames: int = len(FRAMES)) -> Path:
    """A submission of which the first masks of each video are hard links to the ground truth."""
    write_folder(folder, good_files())
    for video in OBJECTS:
        for frame in FRAMES[:frames]:
            mask = folder / video / f"{frame:08d}.png"
            mask.unlink()
            os.link(reference / "Annotations" / video / mask.name, mask)
    return folder


def as_link(reference: Path, target: str) -> Path:
    submission = reference.parent / "res"
    submission.symlink_to(reference / target)
    return submission


@pytest.mark.parametrize("target", ["Annotations", ".", "../ref/Annotations"])
def test_a_link_to_the_ground_truth_is_refused_by_the_platforms_program(target: str, reference: Path, tmp_path: Path) -> None:
    as_link(reference, target)
    done = commands.evaluate(tmp_path / "in", tmp_path / "out")
    assert done.returncode == ExitCode.INVALID_SUBMISSION
    assert "error archive-unsafe-path: 33 masks are files of the ground truth, by a link: " in done.stderr
    assert not (tmp_path / "out" / "scores.json").exists()


def test_one_hard_link_is_enough(reference: Path, tmp_path: Path) -> None:
    submission = linked(reference, tmp_path / "in" / "res", frames=0)
    mask = submission / "aVideo01" / "00000006.png"
    mask.unlink()
    # another frame's, and one whose numbers are not scored, would tell as much
    os.link(reference / "Annotations" / "bVideo02" / "00000001.png", mask)
    done = commands.evaluate(tmp_path / "in", tmp_path / "out")
    assert done.returncode == ExitCode.INVALID_SUBMISSION
    assert "1 mask is a file of the ground truth, by a link: aVideo01/00000006.png." in done.stderr


def test_hard_links_are_refused_in_a_rescoring_and_the_others_are_scored(reference: Path, tmp_path: Path) -> None:
    linked(reference, tmp_path / "stored" / "cheat")
    write_folder(tmp_path / "stored" / "honest", good_files())
    write_zip(tmp_path / "stored" / "zip.zip", good_files())
    assert rescore(tmp_path / "stored", reference, tmp_path / "out") == ExitCode.SUCCESS
    result = board(tmp_path / "out")
    assert [item["submission"] for item in result["invalid"]] == ["cheat"]
    assert "archive-unsafe-path" in (tmp_path / "out" / "results" / "cheat" / "detailed_results.html").read_text()


@pytest.mark.slow
def test_the_fix_makes_masks_of_their_own_with_the_same_scores(reference: Path, tmp_path: Path) -> None:
    submission = linked(reference, tmp_path / "in" / "res", frames=3)
    own = commands.lvos_eval("score", submission, "--reference", reference, "--output", tmp_path / "own")
    assert own.returncode == 0
    refused = commands.evaluate(tmp_path / "in", tmp_path / "out")
    (fix,) = {line.partition("Fix: ")[2] for line in refused.stderr.splitlines() if "Fix: " in line}
    submission.rename(tmp_path / "masks")
    subprocess.run(shlex.split(fix.partition(": ")[2]), cwd=tmp_path, check=True)
    shutil.move(tmp_path / "submission", submission)
    assert commands.evaluate(tmp_path / "in", tmp_path / "out", "--detail", "full").returncode == 0
    assert (tmp_path / "out" / "scores.json").read_bytes() == (tmp_path / "own" / "scores.json").read_bytes()


def test_scoring_the_ground_truth_against_itself_is_a_check_of_ones_own_and_noted(reference: Path, tmp_path: Path) -> None:
    done = commands.lvos_eval("score", reference / "Annotations", "--reference", reference, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    note = "33 masks of the submission are files of the ground truth itself"
    assert f"note: {note}" in done.stdout.splitlines()
    assert note in (tmp_path / "out" / "detailed_results.html").read_text()


def test_copies_and_zips_are_nobodys_concern(reference: Path, tmp_path: Path) -> None:
    shutil.copytree(reference / "Annotations", tmp_path / "in" / "res")
    done = commands.evaluate(tmp_path / "in", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "note:" not in done.stdout
