"""Whether every Python with every allowed set of packages writes the same bytes: `make matrix`.

    python tests/campaigns/matrix.py WORK [--sets lowest locked newest] [--save FILE] [--against FILE]

Each environment is a virtual environment of its own in WORK, made by uv. All score the same submissions through `evaluate.py`,
in other time zones and locales and with other hash seeds, and every output is compared with the first environment's, byte for
byte. With `--against` the outputs are also compared with those that `--save` has noted down on another machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import commands
import goldens
from faulty_submissions import redrawn
from lvos_eval.protocols.contract import Task
from lvos_eval.protocols.lvos import SCORE_KEYS
from submissions import good_files, png, write_folder, write_reference

ROOT: Final = commands.PROGRAM.parent
STUB: Final = ROOT / "reference_data_stub"
MINORS: Final = range(11, 15)
"""Minor versions of Python 3 that are supported."""

PACKAGES: Final = {
    "numpy": "numpy",
    "OpenCV": "opencv-python-headless",
    "Pillow": "pillow",
    "scipy": "scipy",
    "zlib-ng": "zlib-ng",
}

_LIBRARIES: Final = ("-r", "pyproject.toml", "--extra", "fast", "--extra", "unsupervised", "--only-binary", ":all:")
SETS: Final[Mapping[str, Sequence[str]]] = {
    "lowest": ("--resolution", "lowest-direct", *_LIBRARIES),
    "locked": ("--require-hashes", "-r", "requirements.lock"),
    "newest": ("--upgrade", *_LIBRARIES),
}
"""What uv is told to install; `lowest` is the oldest that pyproject.toml allows and that there is a wheel of."""

PLAIN: Final = "plain"
"""The locked set on a machine that can do little: no vector instructions, and zlib-ng missing."""

_VERSIONS: Final = """
import importlib.metadata, json, platform, sys
found = {}
for name, package in json.loads(sys.argv[1]).items():
    try:
        found[name] = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        found[name] = "-"
print(json.dumps({"Python": platform.python_version(), **found}))
"""

_VECTOR_FEATURES: Final = """
import re, cv2
import numpy._core._multiarray_umath as core
print(" ".join(name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name)))
print(",".join(name for name in cv2.getCPUFeaturesLine().split() if name[0] == "*" and "?" not in name).replace("*", ""))
"""

Outputs: TypeAlias = dict[str, bytes]
"""What the runs have left, by `case/file`; `exit code`, `stdout` and `stderr` are files too."""


@dataclass(frozen=True, slots=True)
class Case:
    """One submission to score."""

    name: str
    reference: Path
    submission: Path
    options: tuple[str, ...] = ("--detail", "full")
    official: str | None = None
    """The golden whose official scores it has to reproduce."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An interpreter with packages, and the variables that it runs under."""

    name: str
    python: Path
    versions: Mapping[str, str]
    variables: Mapping[str, str]


def main() -> int:
    """Returns 1 if any output of any environment differs, and 2 if there is no environment."""
    options = _parse()
    work: Path = options.work.absolute()
    cases = write_cases(work / "inputs")
    first: Outputs = {}
    wrong: list[str] = []
    rows = []
    for number, environment in enumerate(_environments(work, options.sets)):
        outputs = _score_all(environment, cases, work, number)
        first = first or outputs
        wrong += [f"{environment.name}: {name} differs from the first" for name in _differing(first, outputs)]
        wrong += [f"{environment.name}: {name}" for name in _unofficial(cases, outputs)]
        rows.append(_row(environment, first, outputs))
        print(rows[-1], flush=True)
        _keep_differing(work / "differing" / environment.name, first, outputs)
    if not first:
        print("no interpreter was found", file=sys.stderr)
        return 2
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in first.items()}
    if options.save is not None:
        options.save.write_text(json.dumps(digests, indent=1) + "\n")
    if options.against is not None:
        noted = json.loads(options.against.read_text())
        elsewhere = sorted(name for name in noted.keys() | digests.keys() if noted.get(name) != digests.get(name))
        wrong += [f"{name} differs from that of {options.against}" for name in elsewhere]
        print(f"\n{len(noted) - len(elsewhere)} of {len(noted)} outputs are those of {options.against}")
    print(f"\n{_heading()}\n" + "\n".join(rows))
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tests/campaigns/matrix.py", description=__doc__.partition("\n")[0])
    parser.add_argument("work", type=Path, metavar="WORK", help="folder for environments, inputs and what differs")
    parser.add_argument("--sets", nargs="+", choices=[*SETS, PLAIN], default=["lowest", "locked", PLAIN])
    parser.add_argument("--save", type=Path, metavar="FILE", help="where to note the digests of the outputs")
    parser.add_argument("--against", type=Path, metavar="FILE", help="digests that another machine has noted")
    return parser.parse_args()


def interpreters() -> dict[int, Path]:
    """The interpreters of this machine by minor version: on the path, or installed by pyenv."""
    found = {}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in MINORS:
        name = f"python3.{minor}"
        on_path = (Path(folder) / name for folder in os.environ["PATH"].split(os.pathsep))
        for candidate in (*on_path, *sorted(pyenv.glob(f"3.{minor}.*/bin/{name}"))):
            # pyenv puts programs on the path that only say which versions could be chosen
            if candidate.exists() and subprocess.run([candidate, "-c", ""], capture_output=True).returncode == 0:
                found[minor] = candidate
                break
        else:
            print(f"NOT TESTED: there is no {name}", file=sys.stderr)
    return found


def _environments(work: Path, sets: Sequence[str]) -> Iterator[Environment]:
    available = interpreters()
    for minor, base in available.items():
        for name in sets:
            if name == PLAIN and minor != max(available):
                continue
            python = _install(base, work / f"3.{minor}-{name}", SETS["locked" if name == PLAIN else name])
            text = _output_of([python, "-c", _VERSIONS, json.dumps(PACKAGES)])
            variables = _plain(python, work / "without-zlib-ng") if name == PLAIN else {}
            yield Environment(f"3.{minor} {name}", python, json.loads(text), variables)


def _install(base: Path, folder: Path, what: Sequence[str]) -> Path:
    """The interpreter of a virtual environment with the packages."""
    _output_of([sys.executable, "-m", "uv", "venv", "--quiet", "--allow-existing", "--python", base, folder])
    python = folder / "bin" / "python"
    _output_of([sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python, *what])
    return python


def _plain(python: Path, shadow: Path) -> dict[str, str]:
    """Variables that turn off what makes the locked packages fast."""
    shadow.mkdir(exist_ok=True)
    (shadow / "zlib_ng.py").write_text("raise ImportError\n")
    by_numpy, by_opencv = _output_of([python, "-c", _VECTOR_FEATURES]).splitlines()
    return {
        "NPY_DISABLE_CPU_FEATURES": by_numpy,
        "OPENCV_CPU_DISABLE": by_opencv,
        "PYTHONPATH": str(shadow),
    }


def _output_of(command: Sequence[str | Path]) -> str:
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if run.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{run.stderr}")
    return run.stdout


def write_cases(folder: Path) -> list[Case]:
    """What every environment scores: the goldens in every task, the sample, and submissions and references with faults."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    zipped = commands.zip_folder(goldens.prediction("good"), folder / "good.zip", shuffle=5)
    small = write_reference(folder / "small")
    faulty = write_folder(folder / "faulty", _faulty_files())
    damaged = Path(shutil.copytree(small, folder / "damaged"))
    (damaged / "Annotations" / "aVideo01" / "00000016.png").write_bytes(b"damaged")
    full = ("--detail", "full")
    return [
        Case("good", goldens.REFERENCE, zipped, (*full, "--jobs", "2"), "good"),
        Case("poor", goldens.REFERENCE, goldens.prediction("poor"), official="poor"),
        Case("edge", goldens.REFERENCE, goldens.prediction("edge"), official="edge"),
        Case("v1", goldens.REFERENCE, zipped, (*full, "--protocol", "lvos-v1")),
        Case("proposals", goldens.REFERENCE, goldens.prediction("prop"), (*full, "--task", Task.UNSUPERVISED_MULTIPLE)),
        Case("salient", goldens.REFERENCE, goldens.prediction("salient"), (*full, "--task", Task.UNSUPERVISED_SINGLE)),
        Case("sample", STUB / "reference", Path(shutil.copy(STUB / "sample_submission.zip", folder)), ()),
        Case("faulty", small, faulty, ()),
        Case("damaged", damaged, write_folder(folder / "whole", good_files()), ()),
    ]


def _faulty_files() -> dict[str, bytes]:
    files = redrawn("aVideo01", lambda array: png(array[::2, ::2]))
    files = redrawn("bVideo02", lambda array: png(array * 60), files)
    files["cVideo03/00000011.png"] = files["cVideo03/00000011.png"][:-20]
    del files["cVideo03/00000016.png"]
    return files | {"other/00000001.png": b"", "cVideo03/notes.txt": b""}


def _score_all(environment: Environment, cases: Sequence[Case], work: Path, number: int) -> Outputs:
    variables = {
        "PATH": os.environ["PATH"],
        "TZ": ("UTC", "Asia/Kathmandu", "America/St_Johns")[number % 3],
        "LC_ALL": ("C", "C.UTF-8", "POSIX")[number % 3],
        "PYTHONHASHSEED": str(number),
        **environment.variables,
    }
    outputs: Outputs = {}
    for case in cases:
        input_, output = work / "input", work / "output"
        for folder in (input_, output):
            shutil.rmtree(folder, ignore_errors=True)
        input_.mkdir()
        (input_ / "ref").symlink_to(case.reference)
        if case.submission.is_dir():
            (input_ / "res").symlink_to(case.submission)
        else:
            (input_ / "res").mkdir()
            # a link would be refused
            os.link(case.submission, input_ / "res" / case.submission.name)
        command: list[str | Path] = [
            environment.python,
            "-W",
            "error",
            commands.PROGRAM / "evaluate.py",
            input_,
            output,
            "--quiet",
            *case.options,
        ]
        run = subprocess.run(command, capture_output=True, env=variables, cwd=work)
        files = {path.name: path.read_bytes() for path in output.glob("*")}
        files |= {"exit code": str(run.returncode).encode(), "stdout": run.stdout, "stderr": run.stderr}
        # the page is named by its absolute path
        outputs |= {f"{case.name}/{name}": content.replace(str(work).encode(), b"") for name, content in files.items()}
    return outputs


def _differing(first: Outputs, outputs: Outputs) -> list[str]:
    return sorted(name for name in first.keys() | outputs.keys() if first.get(name) != outputs.get(name))


def _unofficial(cases: Sequence[Case], outputs: Outputs) -> Iterator[str]:
    """Golden cases whose scores are not the official toolkit's, to the last bit."""
    for case in cases:
        if case.official is not None:
            totals: dict[str, Any] = goldens.expected("semi-supervised", case.official)["global"]
            scores = json.loads(outputs.get(f"{case.name}/scores.json", b"{}"))
            if scores != {key: totals["J&F-Mean" if key == "Overall" else key] for key in SCORE_KEYS}:
                yield f"{case.name} has not the official scores"


def _keep_differing(folder: Path, first: Outputs, outputs: Outputs) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name in _differing(first, outputs):
        for side, content in (("first", first.get(name)), ("here", outputs.get(name))):
            if content is not None:
                path = folder / side / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)


def _heading() -> str:
    names = ("environment", "Python", *PACKAGES, "outputs", "differing")
    machine = f"{platform.machine()}, {' '.join(platform.libc_ver())}"
    return f"{machine}\n\n| {' | '.join(names)} |\n|{'---|' * len(names)}"


def _row(environment: Environment, first: Outputs, outputs: Outputs) -> str:
    counts = f"{len(outputs)} | {len(_differing(first, outputs))}"
    return f"| {environment.name} | {' | '.join(environment.versions.values())} | {counts} |"


if __name__ == "__main__":
    sys.exit(main())
