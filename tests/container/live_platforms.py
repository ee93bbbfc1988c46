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
from container.engine import PLATFORM_IMAGE, REFERENCE, SAMPLE, Run, docker, written

LIMITS: Final = (
    "--network", "none", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--shm-size", "64m",
    "--env", "PYTHONUNBUFFERED=1",
)  # fmt: skip
"""What the stricter platform takes away from a scoring run, and no more: neither names a user nor an entry point."""


def lay_out(folder: Path, submission: Path, reference: Path = REFERENCE) -> Path:
    """`program`, `input/ref`, `input/res` and `output` as a platform leaves them: unpacked, written by root, for root."""
    shutil.copytree(commands.PROGRAM, folder / "program", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(reference, folder / "input" / "ref")
    if submission.is_dir():
        shutil.copytree(submission, folder / "input" / "res")
    else:
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


@both_platforms
def test_the_sample_gets_the_scores_of_the_host(run: Platform, tmp_path: Path, host_scores: dict[str, bytes]) -> None:
    folder = lay_out(tmp_path / "run", SAMPLE)
    done = run(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert written(folder / "output") == host_scores
    assert [path.name for path in (folder / "output").glob("*.html")] == ["detailed_results.html"]
    assert not (folder / "output" / "metadata").exists()


@both_platforms
def test_the_platforms_own_file_among_the_masks_is_no_problem(run: Platform, tmp_path: Path) -> None:
    done = run(lay_out(tmp_path / "run", SAMPLE))
    assert "extra-file" not in done.stdout + done.stderr


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
def test_the_uploaded_program_runs_and_not_the_images_in_every_process(run: Platform, long_data: Path, tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "run", long_data / "good", long_data / "reference")
    module = folder / "program" / "lvos_eval" / "evaluation.py"
    spy = "\nimport os, sys\nprint('evaluated by', os.getpid(), __file__, file=sys.stderr, flush=True)\n"
    module.write_text(module.read_text() + spy)
    for name in ("metadata", "metadata.yaml"):
        metadata = folder / "program" / name
        metadata.write_text(metadata.read_text().replace("/evaluate.py", "/evaluate.py --jobs 2"))
    done = run(folder)
    assert done.returncode == 0, done.stderr
    lines = {tuple(line.split()[2:]) for line in done.stderr.splitlines() if line.startswith("evaluated by")}
    assert len({pid for pid, _ in lines}) >= 3
    inside = "/app/program" if run is on_codabench else str(folder / "program")
    assert {file for _, file in lines} == {f"{inside}/lvos_eval/evaluation.py"}
