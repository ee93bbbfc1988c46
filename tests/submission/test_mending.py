"""Masks with wrong values or sizes: what the message says, done to the letter, mends the submission."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest

from faulty_submissions import BUILDERS
from lvos_eval.diagnostics.problems import Problem
from submissions import check, good_files, labels, write_folder, write_reference


def rewrite(masks: Path, problem: Problem) -> None:
    """Runs the Python of the fix on each mask of the video."""
    expression = re.search(r"ids = (.*), and PIL", problem.fix)
    resize = re.search(r"cv2\.resize\(.*\)(?=\.$)", problem.fix)
    code = expression[1] if expression else resize[0] if resize else "labels"
    (save,) = re.findall(r"PIL\.Image\.fromarray\(.*\)\.save\(path\)", problem.fix) or [
        "PIL.Image.fromarray(ids.astype(numpy.uint8)).save(path)"
    ]
    for path in sorted((masks / str(problem.video)).iterdir()):
        with PIL.Image.open(io.BytesIO(path.read_bytes())) as image:
            array: Any = np.asarray(image)
        values = {
            "rgb": array,
            "grey": array,
            "mask": array,
            "ids": array,
            "labels": labels(str(problem.video), int(path.stem)),
            "cv2": cv2,
        }
        ids = eval(code, values)
        eval(save, {"ids": ids, "path": path, "numpy": np, "PIL": PIL})


@pytest.mark.parametrize(
    ("case", "code", "mend"),
    [
        ("greys-by-pillow", "palette-lost", rewrite),
        ("two-thirds", "wrong-size", rewrite),
        ("rgb-of-a-palette", "not-indexed", rewrite),
        ("rgb-of-ids", "not-indexed", rewrite),
        ("white-for-the-only-object", "palette-lost", rewrite),
        ("greys-by-opencv", "palette-lost", rewrite),
        ("sixteen-bits", "not-indexed", rewrite),
    ],
)
def test_doing_what_the_fix_says_makes_the_submission_valid(
    case: str, code: str, mend: Callable[[Path, Problem], None], tmp_path: Path
) -> None:
    reference = write_reference(tmp_path / "ref", masks="none")
    (tmp_path / "submission").mkdir()
    archive = BUILDERS[case](tmp_path / "submission")
    (problem,) = check(archive, reference).problems
    assert problem.code == code
    masks = tmp_path / "masks"
    shutil.unpack_archive(archive, masks)
    mend(masks, problem)
    assert check(masks, reference).problems == ()


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (
            "three-folders-too-many",
            ["home/me/results/", "more than two folders down", "python -m zipfile -c submission.zip home/me/results"],
        ),
        ("an-object-dropped", ["object 2 has no pixel", "write it with the label 2"]),
        ("interpolated", ["label 3", "edges of an interpolated resize", "interpolation=cv2.INTER_NEAREST"]),
        ("missing-frames", ["4 of 9 scored frames have no mask", "all 0 where no object is visible"]),
    ],
)
def test_faults_that_only_the_method_can_mend_are_explained(case: str, words: list[str], tmp_path: Path) -> None:
    (tmp_path / "submission").mkdir()
    report = check(BUILDERS[case](tmp_path / "submission"), write_reference(tmp_path / "ref", masks="none"))
    text = " ".join(f"{problem.message} {problem.fix}" for problem in report.problems)
    assert all(word in text for word in words), text


def test_one_folder_too_many_needs_no_mending(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref", masks="none")
    wrapped = {f"results/run7/Annotations/{name}": content for name, content in good_files().items()}
    report = check(write_folder(tmp_path / "submission", wrapped), reference)
    assert report.problems == ()
    assert report.submission == "33 masks of 3 videos in results/run7/Annotations/ of the folder submission"
