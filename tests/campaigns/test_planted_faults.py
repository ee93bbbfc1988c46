"""The campaign against the textbook notices errors of the kind that it is for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

import commands

PLANTED: Final = tomllib.loads((Path(__file__).parents[1] / "data" / "planted_faults.toml").read_text())["planted"]
CAMPAIGN: Final = Path(__file__).parent / "differential.py"


def campaign(program: Path) -> subprocess.CompletedProcess[str]:
    """The default tests' part of the campaign on the program in a folder, up to the first mismatches."""
    command = [sys.executable, str(CAMPAIGN), "--pairs", "20000", "--seed", "1", "--jobs", "1", "--first"]
    path = os.pathsep.join([str(program), str(Path(commands.__file__).parent)])
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONPATH": path})


@pytest.mark.slow
@pytest.mark.parametrize("planted", PLANTED, ids=[f"{entry['module']}-{entry['why']}" for entry in PLANTED])
def test_a_planted_error_is_noticed(planted: dict[str, str], tmp_path: Path) -> None:
    shutil.copytree(commands.PROGRAM / "lvos_eval", tmp_path / "lvos_eval", ignore=shutil.ignore_patterns("__pycache__"))
    module = tmp_path / "lvos_eval" / f"{planted['module'].replace('.', '/')}.py"
    source = module.read_text()
    assert source.count(planted["from"]) == 1
    module.write_text(source.replace(planted["from"], planted["to"]))
    run = campaign(tmp_path)
    assert run.returncode == 1, run.stderr
    assert " instead of " in run.stdout
