"""No code of a submission is run, whatever its folders are called, when the program is started from inside of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import commands
from lvos_eval.execution import pool
from lvos_eval.execution.import_path import SAFE_PATH
from submissions import good_files, write_folder, write_reference

SPY: Final = Path(__file__).parent / "spy"
PACKAGES: Final = (
    "joblib", "numpy", "cv2", "PIL", "yaml", "jinja2", "scipy", "lvos_eval", "tqdm", "psutil", "zlib_ng", "markupsafe",
    "multiprocessing", "typing", "contextlib", "pathlib", "usercustomize",
)  # fmt: skip
MARK: Final = "import os\nopen(os.environ['MARKS'] + '/' + __name__.partition('.')[0], 'w').close()\n"
CONSOLE_SCRIPT: Final = "import sys\nfrom lvos_eval.__main__ import run\nsys.argv[0] = 'lvos-eval'\nsys.exit(run())\n"
"""As installers write it."""


def write_hostile(folder: Path) -> Path:
    """A good submission beside packages that leave a mark when they are imported."""
    for package in PACKAGES:
        write_folder(folder / package, {"__init__.py": MARK.encode()})
    return write_folder(folder, good_files())


class Launch:
    """A run of the program with the current folder in a submission, and what was seen of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reference = write_reference(folder / "in" / "ref")
        self.submission = write_hostile(folder / "in" / "res")
        self.output = folder / "out"
        self.marks = folder / "marks"
        self.marks.mkdir()
        self.log = folder / "log"
        self.script = folder / "bin" / "lvos-eval"
        write_folder(folder / "bin", {"lvos-eval": CONSOLE_SCRIPT.encode()})

    def without(self, *packages: str) -> None:
        """Takes packages out of the submission again."""
        for package in packages:
            shutil.rmtree(self.submission / package)

    def run(self, *arguments: str | Path, path: str = f"{SPY}{os.pathsep}{commands.PROGRAM}") -> None:
        """Runs Python in the submission; fails unless the run succeeds."""
        environment = {key: value for key, value in os.environ.items() if key != SAFE_PATH}
        environment |= {"PYTHONPATH": path, "SPY_LOG": str(self.log), "MARKS": str(self.marks)}
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=self.submission,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @property
    def imported(self) -> list[str]:
        return sorted(path.name for path in self.marks.iterdir())

    def assert_never_exposed(self, *, workers: bool) -> None:
        """Nothing was imported from the submission, and it was on the path of no process, the helpers of the workers included."""
        assert self.imported == []
        lines = self.log.read_text().splitlines()
        assert [line for line in lines if line.startswith("EXPOSED")] == []
        assert any("popen_loky_posix" in line for line in lines) is workers
        assert any("resource_tracker" in line for line in lines) is workers


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    return Launch(tmp_path)


JOBS: Final = pytest.mark.parametrize("jobs", [("--jobs", "1"), ("--jobs", "2")], ids=["one process", "workers"])


@pytest.mark.slow
@JOBS
@pytest.mark.parametrize("command", ["check", "score", "rescore", "evaluate.py"])
def test_nothing_is_imported_from_the_folder_of_the_submission(command: str, jobs: tuple[str, ...], launch: Launch) -> None:
    arguments: dict[str, list[str | Path]] = {
        "check": [launch.script, "check", ".", "--reference", launch.reference],
        "score": [launch.script, "score", ".", "--reference", launch.reference, "--output", launch.output],
        # the folder that holds it, which has no packages of its own
        "rescore": [launch.script, "rescore", "..", "--reference", launch.reference, "--output", launch.output],
        "evaluate.py": [commands.PROGRAM / "evaluate.py", launch.folder / "in", launch.output],
    }
    launch.run(*arguments[command], *jobs)
    launch.assert_never_exposed(workers=jobs[1] == "2")


@pytest.mark.slow
def test_nothing_is_imported_from_a_folder_of_submissions(launch: Launch) -> None:
    write_folder(launch.submission / "team" / "run", good_files())
    for video in {name.split("/")[0] for name in good_files()}:
        (launch.submission / video).rename(launch.submission / "team" / video)
    launch.run(launch.script, "rescore", ".", "--reference", launch.reference, "--output", launch.output, "--jobs", "2")
    launch.assert_never_exposed(workers=True)


@pytest.mark.slow
@JOBS
def test_python_m_takes_the_current_folder_off_the_path_before_it_imports_anything(jobs: tuple[str, ...], launch: Launch) -> None:
    """But for the program itself and what Python needs to start it, which it looks for there first, unless told not to by -P."""
    launch.without("lvos_eval", "contextlib")
    launch.run("-m", "lvos_eval", "score", ".", "--reference", launch.reference, "--output", launch.output, *jobs)
    assert launch.imported == []


@pytest.mark.slow
def test_python_p_m_is_never_exposed(launch: Launch) -> None:
    launch.run("-P", "-m", "lvos_eval", "score", ".", "--reference", launch.reference, "--output", launch.output, "--jobs", "2")
    launch.assert_never_exposed(workers=True)


@pytest.mark.slow
@pytest.mark.parametrize("entry", ["", ".", "{submission}"])
def test_an_entry_of_pythonpath_that_is_the_current_folder_is_dropped_before_anything_is_imported(
    entry: str, launch: Launch
) -> None:
    """`PYTHONPATH=$PYTHONPATH:/folder` where nothing was set before begins with an empty entry, which is the current folder."""
    launch.without("lvos_eval", "usercustomize")
    path = os.pathsep.join([entry.format(submission=launch.submission), str(commands.PROGRAM)])
    launch.run(commands.PROGRAM / "evaluate.py", launch.folder / "in", launch.output, "--jobs", "2", path=path)
    assert launch.imported == []


def test_the_program_can_be_started_from_its_own_folder(launch: Launch) -> None:
    arguments = ["-m", "lvos_eval", "score", launch.submission, "--reference", launch.reference, "--output", launch.output]
    done = subprocess.run(
        [sys.executable, *map(str, arguments), "--jobs", "2"],
        cwd=commands.PROGRAM,
        env={key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", SAFE_PATH)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("before", [None, "", "yes"])
def test_a_host_of_the_package_keeps_its_environment(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if before is None:
        monkeypatch.delenv(SAFE_PATH, raising=False)
    else:
        monkeypatch.setenv(SAFE_PATH, before)
    assert list(pool.map_unordered(abs, [-1], 1)) == [1]
    safe = pool.map_unordered(_safe_path, [0, 1, 2], 2)
    assert set(safe) == {"1"}
    assert os.environ.get(SAFE_PATH) == before


def _safe_path(_: int) -> str | None:
    return os.environ.get(SAFE_PATH)
