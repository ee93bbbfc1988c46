"""What Codabench looks for at the top of an upload is refused there, and nowhere else."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from submissions import check, good_files, score, write_folder, write_reference, write_zip


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reference(tmp_path_factory.mktemp("reference") / "ref")


@pytest.mark.parametrize(
    "names",
    [
        ["metadata"],
        ["metadata.yaml"],
        ["metadata", "metadata.yaml"],
        ["./metadata"],
        ["metadata/"],
        ["metadata/notes.txt"],
    ],
    ids=str,
)
def test_the_fix_is_a_command_that_ends_with_the_unharmed_scores(names: Sequence[str], reference: Path, tmp_path: Path) -> None:
    whole = score(write_zip(tmp_path / "whole.zip", good_files()), reference).report.scores
    archive = write_zip(tmp_path / "my submission.zip", good_files() | dict.fromkeys(names, b""))
    (problem,) = [found for found in check(archive, reference).problems if found.code == "platform-file"]
    command = problem.fix.partition(": ")[2]
    assert command.startswith('zip -d "my submission.zip" ')
    if shutil.which("zip") is None:
        pytest.skip("zip is not there")
    assert subprocess.run(shlex.split(command), cwd=tmp_path, capture_output=True, timeout=60).returncode == 0
    assert check(archive, reference).problems == ()
    assert score(archive, reference).report.scores == whole


def test_nothing_is_said_of_what_the_platform_itself_puts_beside_the_unpacked_masks(reference: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "res", good_files() | {"metadata": b"exitCode: 0\n"})
    assert check(folder, reference).problems == ()


def test_nothing_is_said_of_a_zip_that_the_platform_has_unpacked(reference: Path, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "res", {"metadata": b"exitCode: 0\n"})
    write_zip(folder / "inner.zip", good_files() | {"metadata": b"x"})
    assert check(folder, reference).problems == ()


def test_nothing_is_said_below_the_top(reference: Path, tmp_path: Path) -> None:
    files = {f"masks/{name}": content for name, content in good_files().items()}
    problems = check(write_zip(tmp_path / "a.zip", files | {"masks/metadata": b"x"}), reference).problems
    assert [problem.code for problem in problems] == ["extra-file"]
