"""Runs of the scoring program in which something goes wrong at a chosen place, each bounded in time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

import commands
import submissions

INJECT: Final = Path(__file__).parent / "inject"
SECONDS: Final = 60.0
"""No run of these tests may take longer, whatever happens to it, on a machine that has nothing else to do."""

STOPPED: Final = 4
SCORES: Final = frozenset({"scores.json", "scores.txt"})
PAGE: Final = "detailed_results.html"

IN_SCORING: Final = "res/bVideo02/00000011.png"
"""A submitted mask, which is opened while the submission is scored."""
IN_WORKER: Final = '"loky" in str(sys.orig_argv)'
"""Whether this process is a worker, as code for a fault."""
IN_PRE_PASS: Final = "Annotations/bVideo02/00000011.png"
"""A ground-truth mask, which is opened first when the reference is read before anything else."""


@dataclass
class Run:
    """`evaluate.py` on a small submission in a folder of its own, with two workers unless told otherwise."""

    folder: Path
    fault: str = ""
    """Code for `inject/sitecustomize.py`."""
    options: tuple[str, ...] = ("--jobs", "2")
    environment: Mapping[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    """A command that runs the program, such as `prlimit`."""

    def __post_init__(self) -> None:
        self.id = uuid.uuid4().hex
        self.reached = self.folder / "reached"
        self.output = self.folder / "out"
        self.reference = self.folder / "in" / "ref"
        self.submission = self.folder / "in" / "res"
        if not self.reference.exists():
            submissions.write_reference(self.reference)
        if not self.submission.exists():
            submissions.write_folder(self.submission, submissions.good_files())

    def start(self, command: Sequence[str] | None = None, **options: Any) -> subprocess.Popen[str]:
        """Starts the run, or another command of the program; `options` are those of Popen."""
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(INJECT), str(commands.PROGRAM)]),
            "FAULT": self.fault,
            "REACHED": str(self.reached),
            "RUN": self.id,
            **self.environment,
        }
        evaluate = [str(commands.PROGRAM / "evaluate.py"), str(self.folder / "in"), str(self.output), "--quiet", *self.options]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen([*self.before, sys.executable, *(command or evaluate)], text=True, env=environment, **options)

    def finish(self, **options: Any) -> subprocess.CompletedProcess[str]:
        """Starts the run and waits for its end. Raises TimeoutExpired where that takes too long."""
        return finish(self.start(**options))

    def start_and_reach(self, **options: Any) -> subprocess.Popen[str]:
        """Starts the run and waits until it has come to the `pause()` of its fault."""
        process = self.start(**options)
        wait_until(lambda: self.reached.exists() or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        return process

    def processes(self) -> list[int]:
        """Every process of this run that is alive."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                if f"RUN={self.id}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except (OSError, ValueError):
                continue
        return found

    def files(self) -> set[str]:
        """What lies in the output folder."""
        return {path.name for path in self.output.iterdir()} if self.output.is_dir() else set()

    def page(self) -> str:
        return (self.output / PAGE).read_text()

    def assert_stopped(self, done: subprocess.CompletedProcess[str], reason: str) -> None:
        """The run says on stderr and on the page why it stopped, and leaves nothing else."""
        assert done.returncode == STOPPED, done.stderr
        assert done.stderr.splitlines()[-1] == f"stopped: {reason}"
        assert "Traceback" not in done.stderr
        assert self.files() == {PAGE}
        assert "<title>Stopped" in self.page()
        assert reason.split(";")[0] in self.page()
        assert self.processes() == []


def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    try:
        stdout, stderr = process.communicate(timeout=SECONDS * slowness())
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def slowness() -> float:
    """How much longer everything takes because others use the machine too: processes that want to run, for each core."""
    return max(os.getloadavg()[0] / (os.cpu_count() or 1), 1.0)


def wait_until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Waits for a condition. Raises TimeoutError after so many seconds, or as much more as the machine is slow."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds * slowness():
            raise TimeoutError
        time.sleep(0.01)


def _can_mount() -> bool:
    try:
        return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0
    except OSError:
        return False


needs_mounts = pytest.mark.skipif(not _can_mount(), reason="needs the right to mount")
