"""`.github/workflows/tests.yml`: what the service accepts, and every line that it runs."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml

import built_package
from built_package import ROOT

FILE: Final = ROOT / ".github" / "workflows" / "tests.yml"
# `on` is a truth value in YAML 1.1, which the service does not read it as
WORKFLOW: Final[dict[str, Any]] = {"on" if key is True else key: value for key, value in yaml.safe_load(FILE.read_text()).items()}
STEPS: Final = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
LINES: Final = [step["run"] for step in STEPS if "run" in step]


def test_the_workflow_is_valid() -> None:
    with zipfile.ZipFile(ROOT / "tests" / "data" / "schemas.zip") as archive:
        jsonschema.validate(WORKFLOW, json.loads(archive.read("github-workflows.json")))


def test_the_matrix_has_three_systems_and_every_supported_python() -> None:
    matrix = WORKFLOW["jobs"]["systems"]["strategy"]["matrix"]
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    supported = [match[1] for name in classifiers if (match := re.fullmatch(r".* :: (3\.\d+)", name))]
    assert matrix["python"] == supported
    assert [system.partition("-")[0] for system in matrix["system"]] == ["ubuntu", "macos", "windows"]


def test_actions_are_pinned_by_commit_and_the_workflow_may_only_read() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) for action in used), used
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_no_line_of_the_matrix_needs_a_shell_that_windows_lacks() -> None:
    for step in WORKFLOW["jobs"]["systems"]["steps"]:
        line = step.get("run", "")
        assert not re.search(r"[|&;<>$`'\\*]", line), line
        assert shlex.split(line)[:1] in ([], ["python"], ["lvos-eval"]), line


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like a checkout, with `lvos-eval` and `python` on the path; what is written stays in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for path in ROOT.iterdir():
        if path.name not in {".git", "results", "workers", "dist", "build", "site"}:
            (folder / path.name).symlink_to(path)
    (folder / "bin").mkdir()
    (folder / "bin" / "lvos-eval").write_text(f'#!/bin/sh\nexec {sys.executable} -P -m lvos_eval "$@"\n')
    (folder / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    for command in (folder / "bin").iterdir():
        command.chmod(0o755)
    return folder


def test_the_lines_run_one_after_the_other(here: Path) -> None:
    """The commands as they stand; pytest only collects, make only says what it would do, and pip is looked at below."""
    path = f"{here / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "scoring_program")}
    for line in LINES:
        command = line
        if " pip " in line:
            continue
        if " pytest " in line:
            command = line.replace("-n auto", "--collect-only -p no:cacheprovider -p no:xdist")
        elif line.startswith("make "):
            command = f"{line} -n"
        done = subprocess.run(["bash", "-c", command], cwd=here, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def test_what_pip_installs_has_hashes_or_is_this_project() -> None:
    installs = [line for line in LINES if " pip " in line]
    assert installs == [
        "python -m pip install --require-hashes -r requirements-dev.lock",
        "python -m pip install --no-deps --no-build-isolation .",
    ]
    locked = (ROOT / "requirements-dev.lock").read_text()
    # what builds the project without isolation is in that lock
    assert re.search(r"^setuptools==(\d+)", locked, re.MULTILINE)


@pytest.mark.skipif(
    int(importlib.metadata.version("setuptools").partition(".")[0]) < 77,
    reason="setuptools is older than pyproject.toml asks for",
)
def test_the_project_installs_without_isolation_and_network(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    tree = built_package.copy_of_the_tree(tmp_path / "tree")
    done = subprocess.run([*command, "--target", str(tmp_path / "site"), str(tree)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "bin" / "lvos-eval").is_file()
