"""The results of a benchmark run, as they are stored and compared between commits."""

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.trial import ROOT, Outcome
from lvos_eval.execution.resources import available_cores

__all__ = ["SAME", "Agreement", "Run", "agreements", "commit", "environment"]

SAME: Final[Mapping[str, str]] = {
    "good usual": "good",
    "bad usual": "bad",
    "1080p usual": "1080p",
    "good zip": "good",
    "good unsealed": "good",
    "good stdlib": "good",
    "long, 2 workers": "long, 1 process",
}
"""Trials whose values have to be those of another, to the last bit."""

_PACKAGES: Final = {"numpy": "numpy", "OpenCV": "opencv-python-headless", "Pillow": "pillow"}


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many values of J and F one trial has in common with another, over all rounds, and how many of them differ."""

    trial: str
    other: str
    compared: int
    different: int

    @property
    def exact(self) -> bool:
        return self.compared > 0 and not self.different


@dataclass(frozen=True, slots=True)
class Run:
    """Rounds of outcomes by trial, with what they were made on."""

    commit: str
    environment: Mapping[str, str]
    rounds: Sequence[Mapping[str, Outcome]]
    agreements: Sequence[Agreement]

    def of(self, trial: str) -> Iterator[Outcome]:
        """The outcomes of a trial, round after round."""
        return (outcomes[trial] for outcomes in self.rounds if trial in outcomes)

    def save(self, path: Path, figures: Mapping[str, object]) -> None:
        """Writes the run; `figures` are written too, for those who read the file without this program."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"figures": figures, **asdict(self)}, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Run":
        content = json.loads(path.read_text())
        return cls(
            content["commit"],
            content["environment"],
            [{trial: Outcome.parse(outcome) for trial, outcome in outcomes.items()} for outcomes in content["rounds"]],
            [Agreement(**agreement) for agreement in content["agreements"]],
        )


def agreements(rounds: Sequence[Mapping[str, Outcome]]) -> list[Agreement]:
    """Every trial of SAME against its model: all values that it has, and all scores if it has them."""
    found = []
    for trial, other in SAME.items():
        pairs = [(outcomes[trial], outcomes[other]) for outcomes in rounds]
        compared = sum(len(one.values) for one, _ in pairs)
        different = sum(one.values[key] != model.values.get(key) for one, model in pairs for key in one.values)
        different += sum(one.scores[key] != model.scores.get(key) for one, model in pairs for key in one.scores)
        found.append(Agreement(trial, other, compared, different))
    return found


def environment(stamps: Sequence[Path], accelerated: bool) -> dict[str, str]:
    """The versions, the number of cores and the data (by the stamps of its sets) that the figures depend on."""
    packages = {name: version(package) for name, package in _PACKAGES.items()}
    inflate = f"zlib-ng {version('zlib-ng')}" if accelerated else "zlib of the standard library"
    cores = {"cores": str(available_cores()), "architecture": platform.machine()}
    data = hashlib.sha256(b"".join(stamp.read_bytes() for stamp in stamps)).hexdigest()[:8]
    return {"Python": platform.python_version(), **packages, "inflate": inflate, **cores, "data": data}


def commit() -> str:
    """The commit that is checked out, with `-changed` if files differ from it; `unknown` outside a repository."""
    git = ["git", "-C", str(ROOT)]
    try:
        name = subprocess.run([*git, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=True)
        changes = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name.stdout.strip() + ("-changed" if changes.stdout.strip() else "")
