"""The code that is printed to mend masks, run as it stands on whole submissions."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image

from encoded import Masks
from goldens import REFERENCE, prediction
from lvos_eval.diagnostics.problems import Problem, Severity
from lvos_eval.formats.png import parse_header
from submissions import check

CANNOT = "this cannot be undone: save the ids"


@cache
def masks_of(name: str) -> Masks:
    return {
        folder.name: {int(path.stem): np.asarray(PIL.Image.open(path)) for path in sorted(folder.iterdir())}
        for folder in sorted(prediction(name).iterdir())
    }


def errors(submission: Path) -> list[Problem]:
    return [problem for problem in check(submission, REFERENCE).problems if problem.severity is Severity.ERROR]


def videos_of(problem: Problem) -> list[str]:
    """The videos that a problem names; every one if it is about all that its fix may be run for."""
    if problem.video:
        return [problem.video]
    (names,) = re.findall(r" \d+ videos \(([^)]*)\)", f" {problem.message}")[:1] or [""]
    assert "in these videos" not in problem.fix or " more" not in names
    return names.split(", ") if names and " more" not in names else sorted(masks_of("good"))


def follow(masks: Path, problem: Problem, alternative: int = 0) -> None:
    """Runs the printed lines as they stand on the masks that they are printed for."""
    which, code = re.findall(r"run for (every [^(]*mask[^(]*) \(path\): (.*?\.save\(path\))", problem.fix)[alternative]
    match = re.fullmatch(r"every (?:(.+) )?mask( of this size| of these sizes)?( of the video| in these videos)?", which)
    assert match
    kind, of_size, restricted = match.groups()
    assert (restricted == " of the video") <= (problem.video is not None)
    videos = videos_of(problem) if restricted or problem.video else [path.name for path in masks.iterdir()]
    for path in sorted(path for video in videos for path in (masks / video).iterdir()):
        with PIL.Image.open(path) as image:
            found, size = parse_header(path.read_bytes()).kind, f"{image.width}x{image.height}"
        if kind in (None, found) and (not of_size or f" {size} instead of" in problem.message):
            names: dict[str, Any] = {"path": path, "PIL": PIL, "numpy": np, "cv2": cv2}
            exec(code, names)
