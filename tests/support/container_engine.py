"""Talking to the container engine from the live tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
STUB: Final = ROOT / "reference_data_stub"
SAMPLE: Final = STUB / "sample_submission.zip"
REFERENCE: Final = STUB / "reference"

IMAGE: Final = "lvos-eval"
"""What people run: an unprivileged user."""
PLATFORM_IMAGE: Final = "lvos-eval:platform"
"""What competitions name: the same layers, user 0."""

SCORE_FILES: Final = ("scores.json", "scores.txt")

HARDENED: Final = (
    "--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
    "--pids-limit", "1024", "--tmpfs", "/tmp",
)  # fmt: skip

Run = subprocess.CompletedProcess[str]


def docker(*arguments: str | Path) -> Run:
    """`docker ARGUMENTS`."""
    return subprocess.run(["docker", *map(str, arguments)], capture_output=True, text=True, timeout=300)


def mounts(readable: Sequence[tuple[Path, str]], output: Path | None = None, inside: str = "/data/results") -> list[str]:
    """The options that mount (path, path in the container) for reading, and the output folder for writing."""
    options = [option for path, target in readable for option in ("--volume", f"{path}:{target}:ro")]
    return [*options, "--volume", f"{output}:{inside}"] if output else options


def score(submission: Path, reference: Path, output: Path, *options: str, arguments: Sequence[str] = ()) -> Run:
    """A hardened `lvos-eval score` of a zip as the caller, with further options of `docker run` and of the program."""
    output.mkdir(parents=True)
    mounted = mounts([(submission, "/data/submission.zip"), (reference, "/data/reference")], output)
    user = f"{os.getuid()}:{os.getgid()}"
    command = ("score", "submission.zip", "--reference", "reference", "--output", "results", *arguments)
    return docker("run", "--rm", *HARDENED, "--user", user, *options, *mounted, IMAGE, *command)


def written(output: Path) -> dict[str, bytes]:
    """The score files of an output folder by name."""
    return {name: (output / name).read_bytes() for name in SCORE_FILES if (output / name).exists()}
