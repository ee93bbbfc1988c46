"""The outputs of a run are old, new or not there, never a part, whatever becomes of the disk below them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import commands
import submissions
from disturbed import IN_SCORING, PAGE, SCORES, STOPPED, Run, finish, needs_mounts, slowness

pytestmark = pytest.mark.slow

CRASHES = Path(__file__).with_name("crash_at_every_write.py")


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run to which nothing happens, with two earlier outputs: `old`, of another submission, and its own."""
    folder = tmp_path_factory.mktemp("scored")
    first = Run(folder, options=("--jobs", "1"))
    shutil.rmtree(first.submission)
    submissions.write_folder(
        first.submission,
        {
            f"{v}/{f:08d}.png": submissions.png(submissions.labels(v, f, 3))
            for v in submissions.OBJECTS
            for f in submissions.FRAMES
        },
    )
    assert first.finish().returncode == 0
    (folder / "out").rename(folder / "old")
    shutil.rmtree(first.submission)
    run = Run(folder, options=("--jobs", "1"))
    assert run.finish().returncode == 0
    assert (folder / "old" / "scores.txt").read_text() != (folder / "out" / "scores.txt").read_text()
    return run


@pytest.mark.parametrize("kind", ["raise-once", "raise-from-then-on", "kill"])
def test_a_crash_at_any_operation_on_a_file_leaves_the_old_one_or_none_or_the_new_one(kind: str, scored: Run) -> None:
    environment = {**os.environ, "PYTHONPATH": str(commands.PROGRAM), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, str(CRASHES), str(scored.folder / "in"), str(scored.folder), kind]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120 * slowness(), env=environment)
    assert done.returncode == 0, done.stderr
    outcomes: list[dict[str, Any]] = json.loads(done.stdout)
    # five operations for each of five files, and the removal of four old ones
    assert len(outcomes) >= 29
    old, new = ({path.name: path.read_text() for path in folder.iterdir()} for folder in (scored.folder / "old", scored.output))
    for outcome in outcomes:
        files, code = outcome["files"], outcome["code"]
        for name in {*SCORES, "scoring_details.json"} & set(files):
            assert files[name] in (old[name], new[name]), (outcome["number"], name)
        if PAGE in files:
            assert files[PAGE].startswith("<!doctype html>"), outcome["number"]
            assert files[PAGE].endswith("</html>"), outcome["number"]
        if kind == "kill":
            assert code == -signal.SIGKILL
            continue
        if code == 0:
            # no harm was done: the folder that could not be made was there
            assert files == new
            continue
        assert code == STOPPED, outcome["number"]
        assert not [name for name in files if name.endswith(".part")], outcome["number"]
        # scores of this run never stay without a run that is through; old ones only where they cannot be removed
        assert all(files[name] != new[name] for name in SCORES & set(files)), outcome["number"]
        if files.get(PAGE) != old[PAGE]:
            assert not SCORES & set(files)
            assert "<title>Stopped" in files.get(PAGE, "<title>Stopped"), outcome["number"]


def test_what_a_killed_run_left_is_gone_after_the_next_one(tmp_path: Path) -> None:
    run = Run(tmp_path, 'at("os.rename", ".scores.json.", die)', ("--jobs", "1"))
    assert run.finish().returncode == -signal.SIGKILL
    assert {name for name in run.files() if not name.startswith(".")} == {PAGE, "scoring_details.json", "scores.txt"}
    assert [name for name in run.files() if name.startswith(".scores.json.")]
    again = Run(tmp_path, options=("--jobs", "1"))
    assert again.finish().returncode == 0
    assert again.files() == {PAGE, "scoring_details.json", *SCORES}


@pytest.mark.parametrize(
    ("fault", "options", "code"),
    [
        ('at("open", "test_meta.json", lambda: die(signal.SIGTERM))', (), STOPPED),
        ('at("open", "test_meta.json", die)', (), -signal.SIGKILL),
        (f'at("open", "{IN_SCORING}", lambda: die(signal.SIGTERM))', ("--jobs", "1"), STOPPED),
        ("", ("--task", "unsupervised_single"), 3),
    ],
    ids=["stopped-early", "killed-early", "stopped-late", "reference-fault"],
)
def test_no_scores_of_an_earlier_run_outlive_one_without(fault: str, options: tuple[str, ...], code: int, tmp_path: Path) -> None:
    assert Run(tmp_path).finish().returncode == 0
    run = Run(tmp_path, fault, options)
    assert run.finish().returncode == code
    assert run.files() == {PAGE}
    assert "Overall" not in run.page()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KB at `out`."""
    (tmp_path / "out").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(tmp_path / "out")], check=True)
    yield tmp_path
    subprocess.run(["umount", str(tmp_path / "out")], check=True)


def fill(folder: Path, left: int) -> None:
    """Fills the disk but for so many bytes."""
    free = os.statvfs(folder)
    (folder / "filling").write_bytes(bytes(free.f_bavail * free.f_frsize - left))


@needs_mounts
def test_a_full_disk_at_the_start_is_told_on_stderr(small_disk: Path) -> None:
    run = Run(small_disk)
    fill(run.output, 8192)
    done = run.finish()
    assert (done.returncode, done.stdout) == (STOPPED, "")
    assert done.stderr == f"stopped: {PAGE} cannot be written: No space left on device\n"
    assert run.files() == {"filling"}


@needs_mounts
@pytest.mark.parametrize("name", ["scoring_details.json", "scores.txt", "scores.json"])
def test_a_disk_that_is_full_when_the_results_are_written_leaves_a_page_that_says_so(name: str, small_disk: Path) -> None:
    """The disk fills up just before the file: for the page that says so, the page that is there has to go."""
    run = Run(small_disk, f'at("open", ".{name}.", lambda: fill({str(small_disk / "out")!r}))')
    done = run.finish()
    assert done.returncode == STOPPED
    assert done.stderr == f"stopped: {name} cannot be written: No space left on device\n"
    assert run.files() == {"filling", PAGE}
    assert "<title>Stopped" in run.page()


@pytest.mark.parametrize(("limit", "files"), [(1000, set[str]()), (30_000, {PAGE})])
def test_a_limit_on_the_size_of_files_is_like_a_full_disk(limit: int, files: set[str], tmp_path: Path) -> None:
    run = Run(tmp_path, options=("--detail", "full", "--jobs", "1"), before=("prlimit", f"--fsize={limit}"))
    done = run.finish()
    assert (done.returncode, done.stderr.splitlines()[-1]) == (STOPPED, f"stopped: {PAGE} cannot be written: File too large")
    assert run.files() == files


@needs_mounts
def test_a_read_only_output_folder_is_told_and_what_an_earlier_run_left_in_it_too(small_disk: Path) -> None:
    run = Run(small_disk)
    assert run.finish().returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", str(run.output)], check=True)
    done = run.finish()
    assert done.returncode == STOPPED
    old = "the scores in it are those of an earlier run"
    assert done.stderr == f"stopped: the output folder {run.output} cannot be used: Read-only file system; {old}\n"


@pytest.mark.parametrize(("below", "reason"), [("", "is a file; name a folder"), ("/deeper", "cannot be used: Not a directory")])
def test_an_output_path_that_is_a_file_is_told(below: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    Run(tmp_path)
    done = commands.evaluate(tmp_path / "in", Path(f"{tmp_path}/file{below}"))
    assert done.returncode == 2
    assert done.stderr.endswith(f"{tmp_path}/file{below} {reason}\n")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("where", ["in/res", "in/res/results", "in/ref", "in/ref/Annotations/aVideo01"])
def test_outputs_do_not_go_among_the_inputs(where: str, tmp_path: Path) -> None:
    run = Run(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    done = commands.evaluate(tmp_path / "in", tmp_path / where)
    assert done.returncode == 2
    assert done.stderr.startswith(f"the output folder {tmp_path / where} is the ")
    assert sorted(tmp_path.rglob("*")) == before
    assert not run.files()


def test_the_output_may_lie_around_a_submission(tmp_path: Path) -> None:
    run = Run(tmp_path)
    archive = commands.zip_folder(run.submission, tmp_path / "submission.zip")
    done = commands.lvos_eval("score", archive, "--reference", run.reference, "--output", tmp_path)
    assert done.returncode == 0, done.stderr


def test_outputs_can_be_read_by_others_as_the_umask_says(tmp_path: Path) -> None:
    run = Run(tmp_path, options=("--jobs", "1"))
    assert finish(run.start(umask=0o027)).returncode == 0
    assert {path.stat().st_mode & 0o777 for path in run.output.iterdir()} == {0o640}
