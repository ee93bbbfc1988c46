"""What CONTRIBUTING.md tells a newcomer to do works as it stands."""

from __future__ import annotations

import re
import subprocess
import tomllib
from typing import Final

import pytest

from built_package import ROOT

PAGE: Final = (ROOT / "CONTRIBUTING.md").read_text()
COMMANDS: Final = [
    *(
        line.partition(" #")[0].strip()
        for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
        for line in block.splitlines()
    ),
    *re.findall(r"`(make [^`]+)`", PAGE),
]


@pytest.mark.parametrize("command", [command for command in COMMANDS if "FILE=" in command])
def test_the_files_that_are_named_hold_tests(command: str) -> None:
    told = subprocess.run(f"{command} -n -o .venv/development", shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    (line,) = (line for line in told.stdout.splitlines() if "pytest" in line)
    collected = subprocess.run(f"{line} --collect-only -p no:cacheprovider", shell=True, cwd=ROOT, capture_output=True, text=True)
    assert re.search(r"[1-9]\d*(/\d+)? tests? collected", collected.stdout), collected.stdout


@pytest.mark.parametrize("command", [command for command in COMMANDS if "FILE=" not in command])
def test_the_targets_that_are_named_are_there(command: str) -> None:
    options = "--no-print-directory -n -o .venv/development -o .venv/docs"
    told = subprocess.run(f"{command} {options}", shell=True, cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    for program in re.findall(r"(?:python|python -P) ((?:tests|docs)/\S+\.py)", told.stdout):
        assert (ROOT / program).is_file()


def test_make_test_without_a_file_runs_all_and_with_one_only_that() -> None:
    def told(*arguments: str) -> str:
        command = ("make", "--no-print-directory", "-n", "-o", ".venv/development", "test", *arguments)
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "-n auto -m" in told()
    assert told("FILE=tests/docs -k links").rstrip().endswith("pytest -q tests/docs -k links")


def test_the_lowest_python_that_it_names_is_the_one_of_the_metadata() -> None:
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    (named,) = re.findall(r"You need CPython (3\.\d+) or newer", PAGE)
    assert required == f">={named}"
