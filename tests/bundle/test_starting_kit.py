"""What the starting kit promises holds: its writer and its sample pass the check, with what is in the kit alone."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from built import Built
from tiny_reference import FRAMES, OBJECTS, SIZE, draw


@pytest.fixture(scope="module")
def kit(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kit")
    with zipfile.ZipFile(built.folder / "starting_kit.zip") as archive:
        archive.extractall(folder)
    return folder


def check(kit: Path, submission: Path, reference: str) -> subprocess.CompletedProcess[str]:
    """The command of the kit's README, with the program in the kit."""
    command = [sys.executable, "-P", "-m", "lvos_eval", "check", str(submission), "--reference", reference]
    environment = {**os.environ, "PYTHONPATH": "scoring_program", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=kit, env=environment, capture_output=True, text=True, timeout=120)


def test_the_sample_submission_is_valid(kit: Path) -> None:
    run = check(kit, Path("sample/sample_submission.zip"), "sample")
    assert run.returncode == 0, run.stderr
    assert "valid (0 errors, 0 warnings)" in run.stdout


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["development", "final"])
def test_masks_from_the_writer_pass_the_check_without_any_warning(kit: Path, tmp_path: Path, phase: str) -> None:
    write_masks = runpy.run_path(str(kit / "write_masks.py"))["write_masks"]
    for video, ids in OBJECTS.items():
        write_masks(tmp_path, video, {frame: draw(ids, position) for position, frame in enumerate(FRAMES)})
    run = check(kit, tmp_path, phase)
    assert run.returncode == 0, run.stderr
    assert "valid (0 errors, 0 warnings)" in run.stdout


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.bool_])
def test_the_writer_saves_ids_whatever_the_array_holds(kit: Path, tmp_path: Path, kind: type) -> None:
    from PIL import Image

    ids: NDArray[Any] = draw([1], 0).astype(kind)
    runpy.run_path(str(kit / "write_masks.py"))["write_masks"](tmp_path, "video", {6: ids})
    with Image.open(tmp_path / "video" / "00000006.png") as image:
        assert image.mode == "P"
        assert (np.asarray(image) == ids).all()


def test_the_writer_is_ten_lines_long(kit: Path) -> None:
    lines = (kit / "write_masks.py").read_text().split("def write_masks", 1)[1].splitlines()
    assert len(lines) <= 10


def run_python(kit: Path, code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": "scoring_program", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, "-c", code], cwd=kit, env=environment, capture_output=True, text=True, timeout=120)


def test_the_loop_of_the_readme_writes_a_submission(kit: Path) -> None:
    (loop,) = re.findall(r"```python\n(import lvos_eval\n.*?)```", (kit / "README.md").read_text(), re.DOTALL)
    (phase,) = re.findall(r'"submission\.zip", "(\w+)"', loop)
    masks = "class Masks(dict):\n    def __missing__(self, key):\n        return square if isinstance(key, int) else self\n"
    height, width = SIZE
    setup = f"import numpy\nsquare = numpy.zeros(({height}, {width}), int)\nsquare[:9, :9] = 1\n{masks}predictions = Masks()\n"
    run = run_python(kit, setup + loop)
    assert run.returncode == 0, run.stderr
    submission = kit / "submission.zip"
    checked = check(kit, submission, phase)
    submission.unlink()
    assert checked.returncode == 0, checked.stderr


def test_the_pack_command_of_the_readme_makes_a_submission_of_masks(kit: Path, tmp_path: Path) -> None:
    write_masks = runpy.run_path(str(kit / "write_masks.py"))["write_masks"]
    for video, ids in OBJECTS.items():
        write_masks(kit / "masks", video, {frame - 1: draw(ids, position) for position, frame in enumerate(FRAMES)})
    (command,) = re.findall(r"python -P -m lvos_eval (pack .*)", (kit / "README.md").read_text())
    run = subprocess.run(
        [sys.executable, "-P", "-m", "lvos_eval", *command.split()],
        cwd=kit,
        env={**os.environ, "PYTHONPATH": "scoring_program", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    shutil.rmtree(kit / "masks")
    (kit / "submission.zip").unlink(missing_ok=True)
    assert run.returncode == 0, run.stderr
    assert "masks renamed after their frames" in run.stdout


def test_wrong_sizes_are_found_without_ground_truth(kit: Path, tmp_path: Path) -> None:
    write_masks = runpy.run_path(str(kit / "write_masks.py"))["write_masks"]
    for video, ids in OBJECTS.items():
        masks = {frame: draw(ids, position, (SIZE[0] * 2, SIZE[1] * 2)) for position, frame in enumerate(FRAMES)}
        write_masks(tmp_path, video, masks)
    run = check(kit, tmp_path, "final")
    assert run.returncode == 1
    assert "wrong-size" in run.stderr


def test_the_kit_holds_no_mask_but_the_sample(kit: Path) -> None:
    assert not list(kit.rglob("*.png"))
    assert [path.name for path in kit.rglob("*.zip")] == ["sample_submission.zip"]


def test_the_kit_names_the_requirements_of_the_program(kit: Path) -> None:
    lines = (kit / "scoring_program" / "requirements.txt").read_text().splitlines()
    assert [line.split(">")[0] for line in lines][:2] == ["numpy", "pillow"]
