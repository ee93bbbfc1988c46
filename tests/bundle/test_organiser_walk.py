"""The organiser's page followed from an empty folder to both bundles, typing only what stands on it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from competition import ROOT
from competition.checks.bundle import Platform
from competition.checks.selfcheck import BUNDLES
from old_bundles import write_old_bundle
from tiny_reference import write_reference

PAGE = (ROOT / "docs" / "organiser.md").read_text(encoding="utf-8")
PYTHON = Path(sys.executable)


def commands(beginning: str, end: str) -> Iterator[str]:
    """The lines that call make between two headings, in their order."""
    part = PAGE[PAGE.index(f"## {beginning}") : PAGE.index(f"## {end}")]
    for block in re.findall(r"^```sh\n(.*?)^```", part, re.MULTILINE | re.DOTALL):
        yield from (line for line in block.splitlines() if line.startswith("make "))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project as it is cloned, in an empty folder of its own; the environment that `make` would set up is the one at hand."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("Makefile", "competition", "scoring_program", "reference_data_stub", "pyproject.toml", "docs"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def follow(project: Path, line: str) -> str:
    words = [*shlex.split(line), "-o", ".venv/development", "-o", ".venv/runtime", f"BIN={PYTHON.parent}"]
    run = subprocess.run(words, cwd=project, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, f"{line}\n{run.stdout}\n{run.stderr}"
    return run.stdout


@pytest.mark.slow
def test_an_empty_folder_becomes_both_bundles(project: Path) -> None:
    write_reference(project / "lvos_test")
    write_reference(project / "lvos_valid", shift=9)
    typed = list(commands("2. Find its errors", "6. Upload"))
    printed = "".join(follow(project, line) for line in typed)
    assert [line.split()[1] for line in typed] == [
        "check-reference",
        "check-reference",
        "new-competition",
        "bundle",
        "bundle-check",
    ]
    assert {BUNDLES[platform] for platform in Platform} < {path.name for path in (project / "dist").iterdir()}
    assert printed.count("rules and a trial run, all kept") == 2
    assert (project / "audit" / "audit.html").is_file()


@pytest.mark.slow
def test_an_old_codalab_bundle_becomes_both_bundles(project: Path, tmp_path: Path) -> None:
    valid, test = write_reference(tmp_path / "valid", shift=9), write_reference(tmp_path / "test")
    write_old_bundle(project / "old_codalab.zip", valid, test)
    typed = list(commands("Re-open a closed CodaLab server", "How much a public result tells"))
    printed = "".join(follow(project, line) for line in typed)
    assert [line.split()[1] for line in typed] == ["import-bundle", "check-reference", "bundle", "bundle-check"]
    assert printed.count("rules and a trial run, all kept") == 2
