"""What people are told to install: from this project's folder or address, because no index has a package of this name."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from built_package import LEFT_OUT, ROOT

TEXTS: Final = (".cff", ".html", ".j2", ".lock", ".md", ".py", ".sh", ".toml", ".yaml", ".yml")
HERE: Final = Path(__file__)


def texts() -> list[Path]:
    """Every file that a person may read a command in."""
    found = [path for path in ROOT.rglob("*") if path.suffix in TEXTS or path.name in {"Makefile", "Dockerfile"}]
    inside = [path for path in found if not {*path.relative_to(ROOT).parts} & {*LEFT_OUT}]
    return [path for path in inside if path.is_file() and path != HERE]


def test_nobody_is_told_to_install_this_project_by_name_from_an_index() -> None:
    by_name = re.compile(r"(?:install|--with|add) (?:-\S+ )*['\"]?lvos[-_]eval\b(?!-)|lvos[-_]eval\[")
    assert [f"{path.relative_to(ROOT)}: {hit}" for path in texts() for hit in by_name.findall(path.read_text())] == []


def test_extras_are_in_quotes_because_zsh_takes_brackets_for_a_pattern() -> None:
    bare = re.compile(r"install (?:-\S+ )*[^\s'\"`]*\[[a-z]+\]")
    assert [f"{path.relative_to(ROOT)}: {hit}" for path in texts() for hit in bare.findall(path.read_text())] == []


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_quoted_extra_reaches_pip_as_it_is(shell: str) -> None:
    (command,) = set(re.findall(r'^uv tool install (".\[\w+\]")', (ROOT / "README.md").read_text(), re.MULTILINE))
    try:
        done = subprocess.run([shell, "-c", f"echo {command}"], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip(f"there is no {shell}")
    assert done.stdout == ".[fast]\n"
