"""A run lives within the memory that it may use, and says so where that is too little."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import commands
import submissions
from disturbed import PAGE, SCORES, STOPPED, Run, slowness, wait_until

pytestmark = pytest.mark.slow

GB = 1_000_000_000
OBJECTS = 50
HEIGHT, WIDTH = 2160, 3840


def draw(seed: int) -> NDArray[np.uint8]:
    """Every object in every part of the frame: what costs most memory."""
    blocks = np.random.default_rng(seed).integers(0, OBJECTS + 1, (HEIGHT // 120, WIDTH // 120), dtype=np.uint8)
    return np.kron(blocks, np.ones((120, 120), np.uint8))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two 4K videos with 50 objects, enough work for worker processes. All frames are alike, which takes less time."""
    folder = tmp_path_factory.mktemp("large") / "in"
    frame_range = {"start": 1, "end": 26, "frame_nums": 5}
    objects = {str(object_id): {"frame_range": frame_range} for object_id in range(1, OBJECTS + 1)}
    truth, prediction = (submissions.png(draw(seed), compress_level=1) for seed in (1, 2))
    for video in ("one", "two"):
        for frame in (1, 6, 11, 16, 21):
            name = f"{video}/{frame:08d}.png"
            submissions.write_folder(folder / "ref" / "Annotations", {name: truth})
            submissions.write_folder(folder / "res", {name: prediction})
    (folder / "ref" / "test_meta.json").write_text(json.dumps({"videos": {v: {"objects": objects} for v in ("one", "two")}}))
    (folder / "ref" / "unseen_videos.txt").write_text("two\n")
    return folder


MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, file=sys.stderr)
sys.exit(code)
"""


def score(input_: Path, output: Path, *before: str, jobs: str | None) -> tuple[int, str, int]:
    """Exit code, stderr and the largest resident memory of a process of the run in bytes."""
    program = [
        sys.executable,
        str(commands.PROGRAM / "evaluate.py"),
        str(input_),
        str(output),
        *(("--jobs", jobs) if jobs else ()),
    ]
    command = [sys.executable, "-c", MEASURE, *before, *program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120 * slowness())
    *lines, peak = done.stderr.splitlines()
    return done.returncode, "\n".join(lines), int(peak)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_4k_video_with_50_objects_is_scored_in_an_address_space_of_1_gb(jobs: str, large: Path, tmp_path: Path) -> None:
    code, errors, peak = score(large, tmp_path / "out", "prlimit", f"--as={GB}", jobs=jobs)
    assert code == 0, errors
    # so that two of them and their parent fit into 1 GB together
    assert peak < 0.4 * GB


@pytest.fixture
def group(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A control group for a process and its children, with as many bytes of memory as the test asks for."""
    root = Path("/sys/fs/cgroup/memory")
    name, limit = ("memory.limit_in_bytes", root) if root.is_dir() else ("memory.max", Path("/sys/fs/cgroup"))
    folder = limit / f"lvos-eval-test-{os.getpid()}"
    try:
        folder.mkdir()
        (folder / name).write_text(str(request.param))
    except OSError as error:
        pytest.skip(f"needs the right to make a control group with a limit on memory: {error}")
    yield folder
    # joblib's resource tracker ends a moment after the run
    wait_until(lambda: not (folder / "cgroup.procs").read_text(), 5)
    folder.rmdir()


def enter(group: Path) -> tuple[str, ...]:
    return ("sh", "-c", f'echo $$ >{group}/cgroup.procs; exec "$@"', "sh")


@pytest.mark.parametrize("group", [GB], indirect=True)
def test_a_4k_video_with_50_objects_is_scored_in_a_control_group_of_1_gb(group: Path, large: Path, tmp_path: Path) -> None:
    """With as many workers as the program itself thinks fit."""
    code, errors, _ = score(large, tmp_path / "out", *enter(group), jobs=None)
    assert code == 0, errors
    assert {path.name for path in (tmp_path / "out").iterdir()} > SCORES
    highest = group / "memory.max_usage_in_bytes"
    if highest.exists():
        assert int(highest.read_text()) <= GB


@pytest.mark.parametrize("group", [300_000_000], indirect=True)
def test_a_worker_that_the_kernel_kills_for_want_of_memory_is_named_with_its_frames(
    group: Path, large: Path, tmp_path: Path
) -> None:
    code, errors, _ = score(large, tmp_path / "out", *enter(group), jobs="2")
    assert code == STOPPED, errors
    assert "stopped: a worker process was killed while it worked on " in errors
    assert "00000006" in errors
    assert "most likely out of memory; give the run more memory or fewer --jobs" in errors
    assert {path.name for path in (tmp_path / "out").iterdir()} == {PAGE}
    assert "<title>Stopped" in (tmp_path / "out" / PAGE).read_text()


def test_an_address_space_that_is_too_small_stops_the_run_with_a_reason(large: Path, tmp_path: Path) -> None:
    loaded = (
        "import lvos_eval.execution.lifecycle as p; p.prepare(); "
        "import lvos_eval.cli.score; print(open('/proc/self/status').read())"
    )
    environment = {**os.environ, "PYTHONPATH": str(commands.PROGRAM)}
    status = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, env=environment).stdout
    needed = int(status.split("VmPeak:")[1].split()[0]) * 1024
    # a 4K frame alone has 8 MB, and 50 objects in it 50 MB
    code, errors, _ = score(large, tmp_path / "out", "prlimit", f"--as={needed + 30_000_000}", jobs="1")
    assert code == STOPPED, errors
    assert errors.splitlines()[-1].startswith("stopped: ")
    assert "Traceback" not in errors
    assert not SCORES & {path.name for path in (tmp_path / "out").iterdir()}


def test_an_address_space_in_which_not_even_the_packages_fit_is_told_in_one_line(tmp_path: Path) -> None:
    run = Run(tmp_path, before=("prlimit", "--as=200000000"))
    done = run.finish()
    assert done.returncode == STOPPED
    assert done.stderr.splitlines()[-1].startswith("stopped: lvos-eval cannot start: ")
    assert not run.files()
