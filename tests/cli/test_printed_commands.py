"""Commands that are printed, run by a shell as they stand, and what is said of masks that may be one annotated frame late."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from lvos_eval.cli.console import Console
from lvos_eval.diagnostics.problems import Problem, Severity, needed_imports
from lvos_eval.diagnostics.text import quoted, zip_of
from submissions import check, good_files, png, score, write_folder, write_reference, write_zip

NAMES = ["-e", "-x y", "a b", "a'b", 'a"b', "$(touch x)", "`touch x`", "a&b;c", "a\\b", "a!b", "50%", "*", "a#b", "--help"]


def shell(command: str, folder: Path) -> None:
    command = command.replace("python ", f"{sys.executable} ", 1)
    subprocess.run(["sh", "-c", command], cwd=folder, check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize("name", NAMES)
def test_a_quoted_name_is_itself_in_a_shell(name: str, tmp_path: Path) -> None:
    done = subprocess.run(["sh", "-c", f"printf %s {quoted(name)}"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout in {name, f"./{name}"}
    assert not done.stdout.startswith("-")


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_any_name_is_zipped(name: str, tmp_path: Path) -> None:
    (tmp_path / name / "v").mkdir(parents=True)
    (tmp_path / name / "v" / "m.png").write_bytes(b"")
    shell(zip_of(name), tmp_path)
    with zipfile.ZipFile(tmp_path / "submission.zip") as archive:
        assert f"{name}/v/m.png" in archive.namelist()
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", ["a b", "plain", "-e", "a&b"])
def test_a_name_is_in_double_quotes_where_it_allows_them(name: str) -> None:
    assert "'" not in quoted(name)


def test_a_buried_folder_that_begins_with_a_dash_is_zipped(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    archive = write_zip(tmp_path / "s.zip", {f"-e/x/y/{name}": content for name, content in good_files().items()})
    (problem,) = check(archive, reference).problems
    shutil.unpack_archive(archive, tmp_path)
    (command,) = re.findall(r"python -m zipfile.*", problem.fix)
    shell(command, tmp_path)
    assert score(tmp_path / "submission.zip", reference).report.scores is not None


def encoded(mode: str) -> Callable[[np.ndarray], bytes]:
    def encode(mask: np.ndarray) -> bytes:
        grey = PIL.Image.fromarray(mask.astype(np.uint8) * np.uint8(255))
        # opaque everywhere, so that transparency says nothing
        buffer = io.BytesIO()
        grey.convert(mode).save(buffer, "PNG")
        return buffer.getvalue()

    return encode


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize(("ending", "background"), [("png", False), ("PNG", True)])
def test_folders_of_objects_are_merged_whatever_their_files_are(mode: str, ending: str, background: bool, tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    good = good_files()
    labels = {name: np.asarray(PIL.Image.open(io.BytesIO(content))) for name, content in good.items()}
    files = {}
    for name, mask in labels.items():
        video, _, file = name.partition("/")
        ids = {
            object_id
            for other, array in labels.items()
            if other.startswith(f"{video}/")
            for object_id in np.unique(array).tolist()
        } - {0}
        for object_id in {0, *ids} if background else ids:
            files[f"{video}/{object_id:03d}/{Path(file).stem}.{ending}"] = encoded(mode)(mask == object_id)
    archive = write_zip(tmp_path / "s.zip", files)
    (problem,) = check(archive, reference).problems
    assert problem.code == "ids-encoded"
    assert ("0 is the background" in problem.message) is background
    with zipfile.ZipFile(archive) as source:
        source.extractall(tmp_path / "masks")
    for command in re.findall(r"python -c \"[^\"]*\"|python -m zipfile -c submission\.zip \S+", problem.fix):
        shell(command.rstrip("."), tmp_path)
    wanted = score(write_folder(tmp_path / "good", good), reference).report.scores
    found = score(tmp_path / "submission.zip", reference).report.scores
    assert wanted is not None
    assert found is not None
    assert found.values == wanted.values


def later(files: dict[str, bytes], frames: int) -> dict[str, bytes]:
    moved = {}
    for name, content in files.items():
        video, _, file = name.partition("/")
        moved[f"{video}/{int(Path(file).stem) + frames:08d}.png"] = content
    return moved


def test_masks_that_are_one_annotated_frame_late_are_told(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    late = write_folder(tmp_path / "late", later(good_files(), 5))
    (problem,) = [found for found in check(late, reference).problems if found.code == "extra-frame"]
    assert "each mask is one annotated frame late" in problem.message
    (formula,) = re.findall(r'as (f"[^"]*");', problem.fix)
    right = {}
    for path in late.rglob("*.png"):
        name = eval(formula, {"n": int(path.stem)})
        right[f"{path.parent.name}/{name}"] = path.read_bytes()
    assert right == good_files()


def test_a_frame_after_the_last_alone_is_not_taken_for_a_delay(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    good = good_files()
    last = max(name for name in good if name.startswith("aVideo01/"))
    more = later({last: png(np.zeros((4, 4), np.uint8))}, 5)
    problems = check(write_folder(tmp_path / "s", good | more), reference).problems
    (problem,) = [found for found in problems if found.code == "extra-frame"]
    assert "late" not in problem.message


@pytest.mark.parametrize(
    ("fix", "imports"),
    [
        ("ids = numpy.array(PIL.Image.open(path))", "import numpy, PIL.Image"),
        ("resize: cv2.resize(ids, size)", "import cv2"),
        ('python -c "import numpy, PIL.Image; numpy.asarray(PIL.Image.open(p))"', None),
        ("leave them out.", None),
    ],
)
def test_what_python_in_a_fix_needs_is_said_once(fix: str, imports: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    problem = Problem("ids-encoded", Severity.ERROR, None, (), "message", fix)
    assert needed_imports([problem, problem]) == imports
    Console(sys.stdout, json=False, quiet=True).problems([problem, problem])
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Before the Python")]
    assert lines == ([f"Before the Python in a fix, run: {imports}"] if imports else [])
