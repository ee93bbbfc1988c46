"""A pool of workers comes and goes without a trace in the process that uses it, however it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import commands
import host

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks at processes the way Linux shows them")

QUICK = ("lose_a_worker", "be_interrupted")
"""Situations that every change is tested in: the two ends that go through most of the code."""


@pytest.mark.parametrize(
    "situation", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in host.SITUATIONS]
)
def test_the_host_is_what_it_was(situation: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(commands.PROGRAM), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, host.__file__, situation],
        env={**environment, "JOBLIB_TEMP_FOLDER": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}
    assert done.stderr == ""
