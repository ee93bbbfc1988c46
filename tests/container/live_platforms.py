"""The bundle's run files in the image, the way the platforms run them. Needs an engine and the image: `make platform-test`."""

from __future__ import annotations

import shlex
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
import yaml

import commands
from container_engine import PLATFORM_IMAGE, REFERENCE, SAMPLE, Run, docker, written

LIMITS: Final = (
    "--network", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--shm-size", "64m",
    "--env", "PYTHONUNBUFFERED=1",
)  # fmt: skip
"""What the stricter platform takes away from a scoring run, and no more: neither names a user nor an entry point."""


def lay_out(folder: Path, submission: Path) -> Path:
    """`program`, `input/ref`, `input/res` and `output` as a platform leaves them: unpacked, written by root, for root."""
    shutil.copytree(commands.PROGRAM, folder / "program", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(REFERENCE, folder / "input" / "ref")
    with zipfile.ZipFile(submission) as archive:
        archive.extractall(folder / "input" / "res")
    (folder / "input" / "res" / "metadata").write_text("exitCode: 0\nelapsedTime: 0.1\n")
    (folder / "output").mkdir(mode=0o755)
    return folder


def on_codabench(folder: Path) -> Run:
    """`metadata.yaml`: split like a shell does, in the program's folder, below /app."""
    command = yaml.safe_load((folder / "program" / "metadata.yaml").read_text())["command"]
    mounts = [option for name in ("program", "input", "output") for option in ("--volume", f"{folder / name}:/app/{name}")]
    return docker("run", "--rm", *LIMITS, *mounts, "--workdir", "/app/program", PLATFORM_IMAGE, *shlex.split(command))


def on_codalab(folder: Path) -> Run:
    """`metadata`: split on spaces, in the run's folder, which has the same path inside; the page is there before the run."""
    (folder / "output" / "detailed_results.html").touch(mode=0o777)
    command = yaml.safe_load((folder / "program" / "metadata").read_text())["command"]
    for name in ("program", "input", "output"):
        command = command.replace(f"${name}", str(folder / name))
    mount = ("--volume", f"{folder}:{folder}", "--workdir", str(folder))
    return docker("run", "--rm", *LIMITS, *mount, PLATFORM_IMAGE, *command.split(" "))


Platform = Callable[[Path], Run]
both_platforms = pytest.mark.parametrize("run", [on_codabench, on_codalab])


@pytest.fixture(scope="module", params=[on_codabench, on_codalab])
def sample_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """The finished run of the sample submission, and its output folder."""
    folder = lay_out(tmp_path_factory.mktemp("sample") / "run", SAMPLE)
    return request.param(folder), folder / "output"


def test_the_sample_gets_the_scores_of_the_host(sample_run: tuple[Run, Path], host_scores: dict[str, bytes]) -> None:
    run, output = sample_run
    assert run.returncode == 0, run.stdout + run.stderr
    assert written(output) == host_scores


def test_the_output_has_one_page_and_no_file_that_the_platform_keeps_for_itself(sample_run: tuple[Run, Path]) -> None:
    _, output = sample_run
    assert [path.name for path in output.glob("*.html")] == ["detailed_results.html"]
    assert not (output / "metadata").exists()


def test_the_platforms_own_file_among_the_masks_is_no_problem(sample_run: tuple[Run, Path]) -> None:
    run, _ = sample_run
    assert "extra-file" not in run.stdout + run.stderr


@both_platforms
def test_an_invalid_submission_fails_with_reasons_and_a_page_but_no_scores(run: Platform, tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "run", SAMPLE)
    video = next(path for path in sorted((folder / "input" / "res").rglob("*")) if path.is_dir() and list(path.glob("*.png")))
    shutil.rmtree(video)
    done = run(folder)
    assert done.returncode == 1
    assert "error missing-video" in done.stderr
    assert written(folder / "output") == {}
    assert "missing-video" in (folder / "output" / "detailed_results.html").read_text()


@both_platforms
def test_the_uploaded_program_runs_and_not_the_images_in_every_process(run: Platform, tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "run", SAMPLE)
    module = folder / "program" / "lvos_eval" / "scoring" / "evaluate.py"
    spy = "\nimport os, sys\nprint('evaluated by', os.getpid(), __file__, file=sys.stderr, flush=True)\n"
    module.write_text(module.read_text() + spy)
    for name in ("metadata", "metadata.yaml"):
        metadata = folder / "program" / name
        metadata.write_text(metadata.read_text().replace("evaluate.py", "evaluate.py --jobs 2"))
    done = run(folder)
    assert done.returncode == 0, done.stderr
    lines = {tuple(line.split()[2:]) for line in done.stderr.splitlines() if line.startswith("evaluated by")}
    assert len({pid for pid, _ in lines}) >= 3
    inside = "/app/program" if run is on_codabench else str(folder / "program")
    assert {file for _, file in lines} == {f"{inside}/lvos_eval/scoring/evaluate.py"}
