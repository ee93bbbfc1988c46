"""Running the program as its users do: in a process of its own."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PROGRAM: Final = Path(__file__).parents[2] / "scoring_program"


def evaluate(input_: Path, output: Path, *options: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`python evaluate.py INPUT OUTPUT`, as a platform calls it."""
    return _run([str(PROGRAM / "evaluate.py"), str(input_), str(output), *options], env)


def lvos_eval(*arguments: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """`python -m lvos_eval ...`."""
    return _run(["-m", "lvos_eval", *map(str, arguments)], env)


def _run(arguments: list[str], env: Mapping[str, str] | None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(PROGRAM), **(env or {})}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120, env=environment)


def platform_input(folder: Path, submission: Path, reference: Path) -> Path:
    """The folder that a platform passes as INPUT, made of links."""
    folder.mkdir(parents=True)
    (folder / "ref").symlink_to(reference)
    (folder / "res").symlink_to(submission)
    return folder


def zip_folder(folder: Path, archive: Path, *, prefix: str = "", shuffle: int | None = None) -> Path:
    """A zip of all files below `folder`, sorted, or shuffled with a seed."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if shuffle is not None:
        random.Random(shuffle).shuffle(files)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for path in files:
            target.write(path, prefix + path.relative_to(folder).as_posix())
    return archive
