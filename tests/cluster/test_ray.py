"""Rescoring on Ray: the same bytes, and a lost worker's work is done again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from clusters import require_engine
from rescores import published

pytestmark = pytest.mark.cluster

LOST = """
import sys
from pathlib import Path
from clusters import survive
from lvos_eval.execution.cluster import open_backend
from lvos_eval.diagnostics.errors import RunStoppedError
tasks = [(number, sys.argv[1] if number == 5 else "") for number in range(20)]
try:
    with open_backend("ray", None, None, []) as backend:
        print("done", sorted(backend.run(survive, tasks)))
except RunStoppedError as fault:
    print("stopped", fault)
"""


LOOK = """
import os, sys
from lvos_eval.execution.cluster import open_backend
from clusters import search_path
with open_backend("ray", None, None, []) as backend:
    paths = set(sum(backend.run(search_path, [0, 1]), []))
print("exposed" if {"", os.getcwd()} & paths else "safe")
"""


@pytest.fixture(autouse=True)
def ray_is_there(request: pytest.FixtureRequest) -> None:
    require_engine(request, "ray", "ray")


def test_the_bytes_are_those_of_a_local_run(
    stored: Path, reference: Path, local: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    options = ["--reference", str(reference), "--output", str(tmp_path / "output"), "--backend", "ray"]
    run = subprocess.run(
        [sys.executable, "-m", "lvos_eval", "rescore", str(stored), *options],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert "Ray with" in run.stdout
    assert published(tmp_path / "output") == published(local)


def test_what_a_lost_worker_had_in_hand_is_done_again(environment: dict[str, str], tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", LOST, str(tmp_path / "killed")], env=environment, capture_output=True, text=True, timeout=300
    )
    assert f"done {list(range(20))}" in run.stdout, run.stderr


def test_work_that_is_lost_twice_ends_the_run_with_the_reason(environment: dict[str, str]) -> None:
    run = subprocess.run([sys.executable, "-c", LOST, "always"], env=environment, capture_output=True, text=True, timeout=300)
    assert "stopped work was lost more than once" in run.stdout, run.stderr


def test_workers_do_not_look_for_modules_in_the_folder_that_the_command_is_started_in(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Ray itself would see to it that they do."""
    (tmp_path / "look.py").write_text(LOOK)
    (tmp_path / "submission").mkdir()
    run = subprocess.run(
        [sys.executable, str(tmp_path / "look.py")],
        cwd=tmp_path / "submission",
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.stdout.splitlines()[-1:] == ["safe"], run.stderr
