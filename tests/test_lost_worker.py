"""A worker that the kernel kills ends the run at once, also where loky cannot clean up after it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import commands
from lvos_eval import workers
from lvos_eval.evaluation import Chunk, FrameTask
from lvos_eval.protocol import Task

SCRIPT = """
import sys
sys.modules["psutil"] = None
from lvos_eval.faults import Stopped
from lvos_eval.workers import run_chunks
from test_lost_worker import chunks
try:
    list(run_chunks(chunks(), 2))
except Stopped as fault:
    print(fault)
"""


class Killer:
    """A source of masks whose reader is killed."""

    def open(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Sleeper:
    """A source of masks whose reader never comes to an end."""

    def open(self) -> None:
        signal.pause()


def chunks() -> list[Chunk]:
    frames = (FrameTask(1, None, (1,)),)
    return [
        Chunk("video", Task.SEMI_SUPERVISED, (1,), None, None, source(), frames)  # type: ignore[arg-type]
        for source in (Sleeper, Killer)
    ]


def test_a_killed_worker_ends_the_run_and_the_other_workers_without_psutil_and_pgrep(tmp_path: Path) -> None:
    search = os.pathsep.join([str(commands.PROGRAM), str(Path(__file__).parent)])
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": search}
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, env=environment)
    assert run.stdout == "a worker process was killed, most likely for want of memory; give the run more memory or fewer --jobs\n"


@pytest.mark.parametrize(
    ("limit", "cores"),
    [("max", 64), ("9223372036854771712", 64), ("4000000000", 39), ("512000000", 4), ("150000000", 1), ("1", 1)],
)
def test_the_number_of_workers_fits_into_the_memory_of_the_container(
    limit: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "limit").write_text(f"{limit}\n")
    monkeypatch.setattr(workers, "_MEMORY_LIMITS", (tmp_path / "not-there", tmp_path / "limit"))
    monkeypatch.setattr("joblib.cpu_count", lambda: 64)
    assert workers.available_cores() == cores
