"""Wheel and sdist of this tree, built without network from a copy of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
LEFT_OUT: Final = (".git", *(line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()))


def copy_of_the_tree(folder: Path) -> Path:
    """The project as a clone has it: without what builds, tests and tools leave in it."""
    return Path(shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT)))


def build(tree: Path, kind: str, folder: Path) -> Path:
    """The `sdist` or `wheel` of a tree, in a folder; the packages that build it are those of this environment."""
    command = (sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", folder, tree)
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (built,) = folder.iterdir()
    return built
