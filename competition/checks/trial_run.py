"""The scoring program as it lies in a bundle, run as the platform runs it, against the source tree."""

from __future__ import annotations

import json
import math
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import yaml

from competition.checks.bundle import Bundle, Platform
from lvos_eval import protocols
from lvos_eval.protocols.contract import EvaluationProtocol

__all__ = ["OUTPUTS", "run_from_bundle", "run_from_source", "trial_faults"]

OUTPUTS: Final = ("scores.json", "scores.txt", "scoring_details.json", "detailed_results.html")
_TIMEOUT: Final = 600


def run_from_bundle(bundle: Bundle, reference: Path, submission: Path, folder: Path) -> Path:
    """Unpacks the program into a folder like the platform's and carries out its run file; returns the output folder."""
    program = folder / "program"
    with bundle.inner(bundle.phases[-1].program) as inner:
        inner.extractall(program)
    _lay_out(folder, reference, submission)
    if bundle.platform is Platform.CODABENCH:
        # the platform writes this file next to the submission
        (folder / "input" / "res" / "metadata").write_text("description: submission\n")
        command = yaml.safe_load((program / "metadata.yaml").read_text())["command"]
        words = [word.replace("/app/", f"{folder}/") for word in shlex.split(command)]
        return _run(words, program, folder)
    command = yaml.safe_load((program / "metadata").read_text())["command"]
    values = {"$program": program, "$input": folder / "input", "$output": folder / "output"}
    words = [re.sub(r"\$(program|input|output)", lambda name: str(values[name[0]]), word) for word in command.split(" ")]
    return _run(words, folder, folder)


def run_from_source(program: Path, reference: Path, submission: Path, folder: Path) -> Path:
    """The same run with the program of the source tree."""
    _lay_out(folder, reference, submission)
    return _run(["python3", str(program / "evaluate.py"), str(folder / "input"), str(folder / "output")], folder, folder)


def _lay_out(folder: Path, reference: Path, submission: Path) -> None:
    shutil.copytree(reference, folder / "input" / "ref")
    with zipfile.ZipFile(submission) as archive:
        archive.extractall(folder / "input" / "res")
    (folder / "output").mkdir()


def _run(words: Sequence[str], working_directory: Path, folder: Path) -> Path:
    """Raises ValueError with the end of stderr if the program does not score."""
    command = [sys.executable if word in ("python", "python3") else word for word in words]
    # no PYTHONPATH and no user packages: the program has to bring itself along
    run = subprocess.run(  # noqa: S603 - the command of our own bundle
        command,
        cwd=working_directory,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    if run.returncode:
        raise ValueError(f"exit code {run.returncode}: {run.stderr.strip()[-500:]}")
    return folder / "output"


def trial_faults(output: Path, expected: Path) -> Iterator[str]:
    """What a platform would stumble over in the output of a run, and every file that differs from the expected one."""
    for name in OUTPUTS:
        if not (output / name).is_file():
            yield f"{name} was not written"
        elif (output / name).read_bytes() != (expected / name).read_bytes():
            yield f"{name} differs from the source tree's"
    pages = sorted(path.name for path in output.glob("*.html"))
    if pages != ["detailed_results.html"]:
        yield f"the pages are {', '.join(pages) or 'none'}; exactly one detailed_results.html is needed"
    if (output / "metadata").exists():
        yield "a file named metadata fails the run on Codabench"
    if all((output / name).is_file() for name in OUTPUTS):
        yield from _score_faults(output, expected)
        page = (output / "detailed_results.html").read_text(encoding="utf-8")
        if re.search(r"\b(src|href)\s*=\s*[\"']?(?!#|data:|[\"'#])|@import|url\(\s*[\"']?(?!data:|#|[\"'])", page):
            yield "the page asks for something from elsewhere"


def _protocol(output: Path) -> EvaluationProtocol:
    """That of the run, by its signature."""
    signature = json.loads((output / "scoring_details.json").read_text())["signature"]
    fields = dict(field.split(":", 1) for field in signature.split("|"))
    return protocols.get(fields["protocol"], fields["task"])


def _score_faults(output: Path, expected: Path) -> Iterator[str]:
    scores = json.loads((output / "scores.json").read_text())
    if tuple(scores) != _protocol(expected).summary.keys:
        yield f"scores.json has the keys {', '.join(scores)}"
    if not all(type(value) is float and math.isfinite(value) and abs(value) < 1e10 for value in scores.values()):
        yield "scores.json has a value that is not a finite number"
    lines = (output / "scores.txt").read_text().splitlines()
    if not all(re.fullmatch(r"[\w&-]+: -?\d+\.\d{10}", line) for line in lines) or len(lines) != len(scores):
        yield "scores.txt has a line that CodaLab's reader does not survive"
