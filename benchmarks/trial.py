"""One measurement, made in a fresh process: `python -m benchmarks.trial` reads a trial from stdin and writes its outcome.

The clock runs around the work alone, not around the start of the interpreter and its imports. OpenCV is kept to one thread.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

__all__ = ["Kind", "Outcome", "Trial", "run"]

ROOT: Final = Path(__file__).resolve().parent.parent


class Kind(StrEnum):
    """What is measured."""

    SCORE = "score"
    """Our program: manifest, seal, submission, masks, means."""
    USUAL = "usual"
    """The textbook program on a sample of the frames."""
    FLOOR = "floor"
    """Reading and inflating every needed mask once."""
    STEPS = "steps"
    """Our program with a stopwatch around each of its steps."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What to measure, on which data."""

    kind: Kind
    data: str
    """Folder of the data set."""
    tracker: str = "good"
    zipped: bool = False
    digest: str | None = None
    """What the ground truth is sealed with; None: sealing it is part of the work."""
    jobs: int = 1
    runs: int = 1
    """How often to do the work in the same process: worker processes of the first run are there for the second."""
    frames: int | None = None
    """Only so many annotated frames of every video."""
    accelerated: bool = True
    """Whether zlib-ng may be used."""
    every: int = 1
    """USUAL: only every n-th scored frame of each video ..."""
    offset: int = 0
    """... beginning with this one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial has measured."""

    seconds: tuple[float, ...]
    """Wall-clock time of every run."""
    cpu_seconds: tuple[float, ...]
    """Processor time of this process in every run; it excludes worker processes."""
    object_frames: int
    masks: int
    """Masks needed, ground truth and predictions."""
    accelerated: bool
    """Whether zlib-ng did the inflating."""
    peak_mb: float = 0.0
    """Largest resident memory of the process in 10^6 bytes."""
    worker_peak_mb: float | None = None
    """The same of the hungriest worker process."""
    steps: dict[str, float] = field(default_factory=dict)
    """Seconds by step, where the kind of trial tells."""
    scores: dict[str, float] = field(default_factory=dict)
    values: dict[str, tuple[float, float]] = field(default_factory=dict)
    """J and F by `video/object/frame`."""

    @classmethod
    def parse(cls, content: dict[str, Any]) -> "Outcome":
        """The outcome from its JSON."""
        values = {key: (j, f) for key, (j, f) in content["values"].items()}
        runs = {key: tuple(content[key]) for key in ("seconds", "cpu_seconds")}
        return cls(**{**content, **runs, "values": values})

    def without_values(self) -> "Outcome":
        """The outcome as it is stored."""
        return replace(self, values={})


def run(trial: Trial) -> Outcome:
    """The outcome of a trial in a process of its own. Raises CalledProcessError if it fails."""
    paths = [str(ROOT / "scoring_program"), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.trial"],
        input=json.dumps(asdict(trial)),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        cwd=ROOT,
        text=True,
        check=True,
    )
    return Outcome.parse(json.loads(child.stdout))


def _main() -> None:
    content = json.load(sys.stdin)
    trial = Trial(**{**content, "kind": Kind(content["kind"])})
    if not trial.accelerated:
        sys.modules["zlib_ng"] = None  # type: ignore[assignment]  # makes its import fail, as where it is not installed
    # only now, because importing the program chooses the engine
    import cv2

    from benchmarks.measurements import carry_out

    cv2.setNumThreads(1)
    json.dump(asdict(carry_out(trial)), sys.stdout)


if __name__ == "__main__":
    _main()
