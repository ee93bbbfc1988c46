"""A run needs little of its surroundings: few descriptors, one core, no shared memory, no home, nowhere else to write."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from disturbed import PAGE, SCORES, STOPPED, Run, needs_mounts

pytestmark = pytest.mark.slow

OUTPUTS = {PAGE, "scoring_details.json", *SCORES}


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The scores of a run that lacks nothing."""
    run = Run(tmp_path_factory.mktemp("undisturbed"))
    assert run.finish().returncode == 0
    return (run.output / "scores.json").read_bytes()


def assert_scored(run: Run, done: subprocess.CompletedProcess[str], scores: bytes) -> None:
    assert done.returncode == 0, done.stderr
    assert run.files() == OUTPUTS
    assert (run.output / "scores.json").read_bytes() == scores
    assert run.processes() == []


def test_twelve_file_descriptors_are_enough(tmp_path: Path, scores: bytes) -> None:
    run = Run(tmp_path, options=("--jobs", "8"), before=("prlimit", "--nofile=12"))
    assert_scored(run, run.finish(), scores)


def test_descriptors_that_run_out_while_a_mask_is_opened_stop_the_run_and_blame_nobody(tmp_path: Path) -> None:
    error = "OSError(24, 'Too many open files')"
    run = Run(tmp_path, f'at("open", "res/bVideo02/00000011.png", lambda: fail({error}))')
    run.assert_stopped(run.finish(), "the submitted mask bVideo02/00000011.png cannot be read: Too many open files")
    run = Run(tmp_path, f'at("open", "Annotations/bVideo02/00000011.png", lambda: fail({error}))')
    run.assert_stopped(run.finish(), "the ground-truth mask bVideo02/00000011.png cannot be read: Too many open files")


@pytest.mark.parametrize("error", ["OSError(11, 'Resource temporarily unavailable')", "OSError(12, 'Cannot allocate memory')"])
def test_without_room_for_a_process_the_work_is_done_in_the_one_there_is(error: str, tmp_path: Path, scores: bytes) -> None:
    run = Run(tmp_path, f'at("subprocess.Popen", "", lambda: fail({error}))')
    assert_scored(run, run.finish(), scores)


def test_one_core_is_enough(tmp_path: Path, scores: bytes) -> None:
    run = Run(tmp_path, options=(), before=("taskset", "--cpu-list", str(min(os.sched_getaffinity(0)))))
    assert_scored(run, run.finish(), scores)


@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": ""},
        {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent", "TMPDIR": "/nonexistent", "TEMP": "/nonexistent"},
        {"HOME": "/dev/null", "TMPDIR": "/dev/null", "USER": "", "LOGNAME": ""},
        {"TZ": "nonsense", "LC_ALL": "nonsense", "TERM": "nonsense", "COLUMNS": "-1"},
        {"OPENBLAS_NUM_THREADS": "0", "OMP_NUM_THREADS": "x"},
    ],
    ids=["no-home", "homeless", "devices", "nonsense", "threads"],
)
def test_no_environment_variable_is_needed(environment: dict[str, str], tmp_path: Path, scores: bytes) -> None:
    run = Run(tmp_path, environment=environment)
    assert_scored(run, run.finish(), scores)


def test_nothing_is_written_outside_of_the_output_folder(tmp_path: Path, scores: bytes) -> None:
    """Every file that any process of the run opens for writing, makes, renames or removes is audited.

    Pipes are opened by number, and joblib makes an empty folder for arrays, of which there are none.
    """
    writes = "any(isinstance(a, int) and a & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) for a in args[2:])"
    fault = f"""
def audit(event, args):
    changes = event in ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "os.rmdir", "os.truncate")
    if changes or (event == "open" and {writes}):
        place = str(args[0])
        ours = place.startswith(({str(tmp_path / "out")!r}, "/proc/self/")) or place == os.devnull
        if not ours and not place.isdigit() and "/joblib_memmapping_folder_" not in place:
            os.write(2, f"WROTE {{event}} {{place}}\\n".encode())
sys.addaudithook(audit)
"""
    run = Run(tmp_path, fault)
    done = run.finish()
    assert_scored(run, done, scores)
    assert done.stderr == ""


@needs_mounts
@pytest.mark.parametrize("options", ["size=64m", "size=4k", "size=4k,ro"], ids=["64-MB", "4-KB", "read-only"])
def test_shared_memory_is_not_needed(options: str, tmp_path: Path, scores: bytes) -> None:
    script = f'mount -t tmpfs -o {options} none /dev/shm; exec "$@"'
    run = Run(tmp_path, before=("unshare", "--mount", "sh", "-euc", script, "sh"))
    assert_scored(run, run.finish(), scores)


@needs_mounts
def test_nothing_but_the_output_folder_has_to_be_writable(tmp_path: Path, scores: bytes) -> None:
    """Temporary folders, homes, the program and the inputs are all read-only."""
    run = Run(tmp_path)
    run.output.mkdir()
    script = f"""
        for folder in / /tmp /var/tmp /root /dev/shm; do
            mount --bind $folder $folder
            mount -o remount,ro,bind $folder
        done
        ! touch /tmp/x /root/x /dev/shm/x {tmp_path}/x 2>/dev/null
        mount --bind {run.output} {run.output}
        mount -o remount,rw,bind {run.output}
        exec "$@"
    """
    run.before = ("unshare", "--mount", "sh", "-euc", script, "sh")
    assert_scored(run, run.finish(), scores)


@pytest.mark.parametrize("jump", ["86_400", "-86_400 * 365"], ids=["forwards", "backwards"])
def test_a_clock_that_jumps_changes_nothing(jump: str, tmp_path: Path, scores: bytes) -> None:
    """Each look at the wall clock is a jump further away, and a time limit counts real seconds all the same."""
    fault = f"""
class Clock:
    now, true = time.time(), time.time
def jumping(*_):
    Clock.now += {jump}
    return Clock.now
time.time = jumping
time.time_ns = lambda: int(jumping() * 1e9)
time.localtime = time.gmtime = lambda *_, true=time.gmtime: true(max(jumping(), 0))
"""
    run = Run(tmp_path, fault)
    (run.reference / "scoring.yaml").write_text("time_limit: 50\n")
    assert_scored(run, run.finish(), scores)


@pytest.mark.parametrize("package", ["numpy", "cv2", "yaml"])
def test_a_package_that_is_missing_is_told_in_one_line_and_not_blamed_on_the_submission(package: str, tmp_path: Path) -> None:
    run = Run(tmp_path, f'sys.modules["{package}"] = None')
    done = run.finish()
    assert done.returncode == STOPPED
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("stopped: lvos-eval cannot start: ")
    assert package in done.stderr
    assert not run.files()
