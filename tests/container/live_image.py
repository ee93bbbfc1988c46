"""The image as a participant runs it. Needs an engine and the built image: `make docker-test`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

import commands
import container_engine as engine
from container_engine import HARDENED, IMAGE, PLATFORM_IMAGE, REFERENCE, ROOT, SAMPLE, docker, mounts, written


def inspect(image: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(docker("image", "inspect", image).stdout)
    return found[0]


def run_script(*arguments: str | Path) -> engine.Run:
    """`container/run.sh`, as the Makefile calls it."""
    script = ROOT / "container" / "run.sh"
    return subprocess.run([script, *arguments], capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample submission without its last video."""
    path = tmp_path_factory.mktemp("faulty") / "faulty.zip"
    with zipfile.ZipFile(SAMPLE) as source, zipfile.ZipFile(path, "w") as target:
        masks = [name for name in source.namelist() if name.endswith(".png")]
        video = Path(max(masks)).parent.name
        for name in masks:
            if Path(name).parent.name != video:
                target.writestr(name, source.read(name))
    return path


def test_the_image_runs_as_an_unprivileged_user() -> None:
    assert inspect(IMAGE)["Config"]["User"] == "10001:10001"


def test_the_platforms_image_differs_in_nothing_but_its_user() -> None:
    people, platform = inspect(IMAGE), inspect(PLATFORM_IMAGE)
    assert platform["Config"]["User"] == ""
    assert platform["RootFS"]["Layers"] == people["RootFS"]["Layers"]
    assert platform["Config"]["Entrypoint"] == people["Config"]["Entrypoint"] == ["lvos-eval"]


def test_the_image_is_labelled_with_the_version_of_the_program() -> None:
    version = commands.lvos_eval("--version").stdout.split()[-1]
    assert inspect(IMAGE)["Config"]["Labels"]["org.opencontainers.image.version"] == version
    assert docker("run", "--rm", *HARDENED, IMAGE, "--version").stdout == f"lvos-eval {version}\n"


def test_the_image_has_no_compiler_and_our_environment_no_pip() -> None:
    script = "! command -v cc gcc g++ make && ! python3 -c 'import pip' 2>/dev/null"
    assert docker("run", "--rm", *HARDENED, IMAGE, "sh", "-c", script).returncode == 0


def test_a_good_zip_is_valid() -> None:
    run = run_script("check", SAMPLE, REFERENCE)
    assert (run.returncode, run.stdout.splitlines()[-1].split(": ")[-1][:5]) == (0, "valid"), run.stderr


def test_a_faulty_zip_is_told_what_is_missing(faulty: Path) -> None:
    run = run_script("check", faulty, REFERENCE)
    assert run.returncode == 1
    assert "error missing-video" in run.stderr


def test_the_scores_are_those_of_the_host_byte_for_byte(tmp_path: Path, host_scores: dict[str, bytes]) -> None:
    run = run_script("score", SAMPLE, REFERENCE, tmp_path / "results")
    assert run.returncode == 0, run.stderr
    assert written(tmp_path / "results") == host_scores
    assert f"Page: {tmp_path / 'results' / 'detailed_results.html'}" in run.stdout


def test_the_commands_of_the_documentation_run_as_printed(tmp_path: Path, host_scores: dict[str, bytes]) -> None:
    (block,) = re.findall(
        r"<!-- docker-run -->\n```sh\n(.*?)```\n<!-- /docker-run -->", (ROOT / "docs" / "commands.md").read_text(), re.DOTALL
    )
    (tmp_path / "reference_data_stub").symlink_to(engine.STUB)
    run = subprocess.run(["bash", "-euc", block], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert written(tmp_path / "results") == host_scores


def test_any_user_can_score_without_a_home_and_owns_the_results(tmp_path: Path, host_scores: dict[str, bytes]) -> None:
    output = tmp_path / "results"
    output.mkdir()
    user = os.getuid() or 54321
    shutil.chown(output, user)
    mounted = mounts([(SAMPLE, "/data/submission.zip"), (REFERENCE, "/data/reference")], output)
    command = ("score", "submission.zip", "--reference", "reference", "--output", "results")
    run = docker("run", "--rm", *HARDENED, "--user", f"{user}:{user}", "--env", "HOME=", *mounted, IMAGE, *command)
    assert run.returncode == 0, run.stderr
    assert written(output) == host_scores
    assert {path.stat().st_uid for path in output.iterdir()} == {user}


@pytest.mark.parametrize("name", ["joblib", "numpy", "lvos_eval"])
def test_a_submission_that_is_mounted_under_the_name_of_a_package_is_not_imported(
    name: str, tmp_path: Path, host_scores: dict[str, bytes]
) -> None:
    with zipfile.ZipFile(SAMPLE) as archive:
        archive.extractall(tmp_path / name)
    (tmp_path / name / "__init__.py").write_text("raise SystemExit('imported from the submission')\n")
    output = tmp_path / "results"
    output.mkdir()
    mounted = mounts([(tmp_path / name, f"/data/{name}"), (REFERENCE, "/data/reference")], output)
    command = ("score", name, "--reference", "reference", "--output", "results", "--jobs", "2")
    run = docker("run", "--rm", *HARDENED, "--user", f"{os.getuid()}:{os.getgid()}", *mounted, IMAGE, *command)
    assert run.returncode == 0, run.stderr
    assert "imported from the submission" not in run.stdout + run.stderr
    assert written(output) == host_scores


@pytest.mark.parametrize("image", [IMAGE, PLATFORM_IMAGE])
def test_no_python_of_the_image_looks_for_modules_in_the_current_folder(image: str) -> None:
    script = "import os, sys; print({'', os.getcwd()} & set(sys.path))"
    assert docker("run", "--rm", *HARDENED, image, "python3", "-c", script).stdout == "set()\n"


@pytest.fixture(scope="module")
def long_scores(long_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The score files of the long submission with 512 MB and two cores."""
    output = tmp_path_factory.mktemp("long-scores") / "out"
    limits = ("--memory", "512m", "--memory-swap", "512m", "--cpus", "2")
    run = engine.score(long_data / "good.zip", long_data / "reference", output, *limits, arguments=("--jobs", "2"))
    assert run.returncode == 0, run.stderr
    return written(output)


def test_a_long_submission_is_scored_with_512_megabytes_and_two_cores(long_scores: dict[str, bytes]) -> None:
    assert set(long_scores) == {"scores.json", "scores.txt"}


def test_with_150_megabytes_one_process_gets_the_same_scores(
    long_data: Path, long_scores: dict[str, bytes], tmp_path: Path
) -> None:
    limits = ("--memory", "150m", "--memory-swap", "150m", "--cpus", "2")
    run = engine.score(long_data / "good.zip", long_data / "reference", tmp_path / "out", *limits)
    assert run.returncode == 0, run.stderr
    assert written(tmp_path / "out") == long_scores


@pytest.mark.parametrize(("memory", "jobs"), [("150m", "4"), ("30m", "1")], ids=["a-worker-is-killed", "the-program-is-killed"])
def test_too_little_memory_ends_in_exit_4_with_a_reason_and_without_scores(
    memory: str, jobs: str, long_data: Path, tmp_path: Path
) -> None:
    limits = ("--memory", memory, "--memory-swap", memory)
    run = engine.score(long_data / "good.zip", long_data / "reference", tmp_path / "out", *limits, arguments=("--jobs", jobs))
    assert run.returncode == 4, run.stderr
    assert "most likely out of memory" in run.stderr
    assert "Traceback" not in run.stderr
    assert written(tmp_path / "out") == {}


def test_docker_stop_ends_a_run_at_once(long_data: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    output.chmod(0o777)
    mounted = mounts([(long_data / "good.zip", "/data/submission.zip"), (long_data / "reference", "/data/reference")], output)
    command = ("score", "submission.zip", "--reference", "reference", "--output", "results")
    name = docker("run", "--detach", *HARDENED, *mounted, IMAGE, *command).stdout.strip()
    assert docker("stop", "--time", "60", name).returncode == 0
    code = docker("inspect", "--format", "{{.State.ExitCode}}", name).stdout.strip()
    docker("rm", "--force", name)
    assert code not in {"0", "137"}


def refused(*options: str, command: tuple[str, ...] = ("check", "submission.zip", "--reference", "reference")) -> str:
    """The first line of what an unsuitable `docker run` is answered."""
    run = docker("run", "--rm", *HARDENED, *options, IMAGE, *command)
    assert run.returncode == 2, run.stdout + run.stderr
    return run.stderr.splitlines()[0]


def test_a_zip_that_only_its_owner_may_read_is_named(tmp_path: Path) -> None:
    private = tmp_path / "submission.zip"
    shutil.copyfile(SAMPLE, private)
    private.chmod(0o600)
    message = refused(*mounts([(private, "/data/submission.zip"), (REFERENCE, "/data/reference")]))
    assert message == "lvos-eval: submission.zip cannot be read by user 10001 of the container"


def test_the_empty_folder_that_docker_makes_for_a_wrong_path_is_named(tmp_path: Path) -> None:
    message = refused(*mounts([(tmp_path / "tpyo.zip", "/data/submission.zip"), (REFERENCE, "/data/reference")]))
    assert message == "lvos-eval: submission.zip is an empty folder"


def test_results_that_would_vanish_with_the_container_are_refused() -> None:
    command = ("score", "submission.zip", "--reference", "reference", "--output", "results")
    message = refused(*mounts([(SAMPLE, "/data/submission.zip"), (REFERENCE, "/data/reference")]), command=command)
    assert message == "lvos-eval: no folder is mounted at results, so the results would vanish with the container"


def test_an_output_folder_of_somebody_else_is_named(tmp_path: Path) -> None:
    output = tmp_path / "results"
    output.mkdir(mode=0o755)
    command = ("score", "submission.zip", "--reference", "reference", "--output=results")
    message = refused(*mounts([(SAMPLE, "/data/submission.zip"), (REFERENCE, "/data/reference")], output), command=command)
    assert message == "lvos-eval: the output folder results cannot be written by user 10001 of the container"
