"""What `container/run.sh` says before any container runs, and how it calls the engine; the engine is a stand-in."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from container_engine import HARDENED, ROOT, Run

SCRIPT = ROOT / "container" / "run.sh"

ENGINE = """#!/bin/sh
case "$1" in
version) [ -z "$ENGINE_FAULT" ] || { echo "$ENGINE_FAULT" >&2; exit 1; } ;;
image) [ -z "$NO_IMAGE" ] ;;
run) shift; for argument; do echo "$argument"; done ;;
esac
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a zip, a reference folder and an engine that prints what it is told to run."""
    (tmp_path / "submission.zip").write_bytes(b"zip")
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "valid_meta.json").write_text("{}")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(ENGINE)
    (tmp_path / "bin" / "docker").chmod(0o755)
    return tmp_path


def run(here: Path, *arguments: str, **environment: str) -> Run:
    path = f"{here / 'bin'}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if name not in {"IMAGE", "MEMORY", "DOCKER"}}
    return subprocess.run(
        [SCRIPT, *arguments], cwd=here, env={**kept, "PATH": path, **environment}, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no command is given"),
        (("scroe",), 'there is no command "scroe"'),
        (("check",), "SUBMISSION= is missing"),
        (("check", "submission.zip"), "REFERENCE= is missing"),
        (("score", "submission.zip", "reference"), "OUTPUT= is missing"),
        (("check", "sumbission.zip", "reference"), "SUBMISSION: there is no file or folder sumbission.zip"),
        (("check", "submission.zip", "refrence"), "REFERENCE: there is no file or folder refrence"),
        (("check", "bin/empty", "reference"), "SUBMISSION: the folder bin/empty is empty"),
        (("check", "a:b.zip", "reference"), "SUBMISSION: the engine cannot mount a path with a colon: a:b.zip"),
    ],
)
def test_a_wrong_call_is_answered_with_what_is_wrong(here: Path, arguments: tuple[str, ...], message: str) -> None:
    (here / "bin" / "empty").mkdir()
    (here / "a:b.zip").touch()
    answer = run(here, *arguments)
    assert (answer.returncode, answer.stdout, answer.stderr.splitlines()[0]) == (2, "", message)


def test_without_an_engine_the_way_without_a_container_is_told(here: Path) -> None:
    answer = run(here, "check", "submission.zip", "reference", DOCKER="no-such-engine")
    assert answer.returncode == 2
    assert answer.stderr == (
        'no container engine: there is no "no-such-engine" on the PATH\n'
        "install Docker Engine or Docker Desktop; or run without a container: make check, make score\n"
    )


@pytest.mark.parametrize(
    ("fault", "first"),
    [
        (
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.",
            "the container engine does not answer: Cannot connect",
        ),
        (
            "permission denied while trying to connect",
            "you are not allowed to use the container engine (permission denied on its socket)",
        ),
    ],
)
def test_an_engine_that_does_not_answer_is_told_apart_from_one_that_may_not_be_asked(here: Path, fault: str, first: str) -> None:
    answer = run(here, "check", "submission.zip", "reference", ENGINE_FAULT=fault)
    assert answer.returncode == 2
    assert answer.stderr.startswith(first)


def test_an_image_that_is_not_built_yet_is_told_with_the_command_that_builds_it(here: Path) -> None:
    answer = run(here, "check", "submission.zip", "reference", NO_IMAGE="1")
    assert (answer.returncode, answer.stderr) == (2, 'there is no image "lvos-eval" yet\nbuild it: make image\n')


def test_a_check_is_hardened_and_mounts_absolute_paths_for_reading_only(here: Path) -> None:
    told = run(here, "check", "submission.zip", "reference", "--strict").stdout.split("\n")
    assert told[: 1 + len(HARDENED)] == ["--rm", *HARDENED]
    assert told[1 + len(HARDENED) :] == [
        "--memory", "4g", "--user", f"{os.getuid()}:{os.getgid()}",
        "--volume", f"{here}/submission.zip:/data/submission.zip:ro", "--volume", f"{here}/reference:/reference:ro",
        "lvos-eval", "check", "submission.zip", "--reference", "/reference", "--strict", "",
    ]  # fmt: skip


def test_a_metadata_file_is_mounted_with_its_folder_because_its_neighbours_matter(here: Path) -> None:
    told = run(here, "check", "submission.zip", "reference/valid_meta.json").stdout
    assert f"{here}/reference:/reference:ro\n" in told
    assert "--reference\n/reference/valid_meta.json\n" in told


def test_the_output_folder_is_made_by_the_caller_and_has_the_same_path_inside(here: Path) -> None:
    told = run(here, "score", "submission.zip", "reference", "new folder/results").stdout
    assert (here / "new folder" / "results").is_dir()
    assert f"--volume\n{here}/new folder/results:{here}/new folder/results\n" in told
    assert f"--output\n{here}/new folder/results\n" in told


def test_the_documentation_prints_the_same_hardening() -> None:
    text = (ROOT / "docs" / "commands.md").read_text().replace("\\\n", " ")
    commands = [" ".join(line.split()) for line in re.findall(r"^docker run .*", text, re.MULTILINE)]
    assert len(commands) == 2
    assert all(command.startswith(" ".join(("docker run --rm", *HARDENED))) for command in commands)


def test_where_no_engine_can_be_had_the_last_line_says_skipped_and_nothing_passes(here: Path) -> None:
    (here / "bin" / "docker").write_text("#!/bin/sh\nexit 1\n")
    (here / "bin" / "id").write_text("#!/bin/sh\necho 1000\n")
    (here / "bin" / "id").chmod(0o755)
    environment = {**os.environ, "PATH": f"{here / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    script = ROOT / "tests" / "container" / "engine.sh"
    answer = subprocess.run([script, "echo", "passed"], env=environment, capture_output=True, text=True)
    assert answer.returncode == 0
    assert answer.stdout.splitlines()[-2:] == [
        "SKIPPED, nothing was built or run: no container engine answers, and only root could start one",
        "SKIPPED: echo passed",
    ]
