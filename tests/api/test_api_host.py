"""A call leaves the process that makes it as it was, wherever it is made."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import cv2  # noqa: F401 - writes LD_LIBRARY_PATH when it is loaded, whoever loads it
import pytest

import commands
import goldens
import lvos_eval

GOOD: Final = goldens.prediction("good")


def overall(jobs: int) -> float:
    """The score of the good masks, as a host would ask for it."""
    return lvos_eval.score(GOOD, goldens.REFERENCE, jobs=jobs).scores["Overall"]


def state() -> dict[str, Any]:
    """What a host can see of itself."""
    return {
        "handlers": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "timer": signal.getitimer(signal.ITIMER_REAL),
        "hooks": (sys.excepthook, threading.excepthook, sys.unraisablehook),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "path": list(sys.path),
        "filters": list(warnings.filters),
        "limits": Path("/proc/self/oom_score_adj").read_text() if Path("/proc/self/oom_score_adj").exists() else "",
    }


@pytest.mark.parametrize("jobs", [1, 2])
def test_nothing_of_the_host_is_changed(jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.chdir(tmp_path)
    before = state()
    child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
    child.start()
    try:
        overall(jobs)
        assert child.is_alive()
    finally:
        child.kill()
        child.join()
    assert state() == before
    assert [path.name for path in tmp_path.iterdir()] == ["temporary"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_nothing_is_printed(jobs: int, capfd: pytest.CaptureFixture[str]) -> None:
    overall(jobs)
    lvos_eval.check(GOOD, goldens.REFERENCE, jobs=jobs)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_call_in_a_thread_gives_the_same(jobs: int) -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(overall, jobs).result() == overall(1)


def test_calls_in_several_threads_do_not_disturb_each_other() -> None:
    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(overall, [1, 1, 1, 1]))) == 1


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_a_call_in_a_process_of_the_host_gives_the_same(method: str, jobs: int) -> None:
    with warnings.catch_warnings():
        # that this process has threads; a host that forks one knows
        warnings.simplefilter("ignore", DeprecationWarning)
        with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool:
            assert pool.submit(overall, jobs).result() == overall(1)


def test_an_interrupted_call_ends_and_the_next_one_is_none_the_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    expected, before = overall(1), state()

    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("lvos_eval.scoring.run.evaluate_chunk", interrupt)
        with pytest.raises(KeyboardInterrupt):
            overall(1)
    assert state() == before
    assert overall(1) == expected


def in_a_new_process(code: str, folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(commands.PROGRAM)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_loads_nothing_but_its_version(tmp_path: Path) -> None:
    code = "import sys; before = set(sys.modules); import lvos_eval; print(sorted(set(sys.modules) - before))"
    assert in_a_new_process(code, tmp_path) == "['lvos_eval', 'lvos_eval.version']\n"


def test_every_public_name_is_there_when_it_is_asked_for(tmp_path: Path) -> None:
    code = "import lvos_eval; print([name for name in lvos_eval.__all__ if not hasattr(lvos_eval, name)], len(dir(lvos_eval)))"
    missing, count = in_a_new_process(code, tmp_path).rsplit(" ", 1)
    assert missing == "[]"
    assert int(count) >= len(lvos_eval.__all__)
    assert set(lvos_eval.__all__) <= set(dir(lvos_eval))
    with pytest.raises(AttributeError, match="module 'lvos_eval' has no attribute 'evaluate'"):
        lvos_eval.evaluate  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    "statement",
    [
        "from lvos_eval import metrics; metrics.__name__", "import lvos_eval; lvos_eval.metrics.__name__",
        "from lvos_eval import score, metrics, protocols", "from lvos_eval import *; Evaluator()",
        "import lvos_eval.protocols, lvos_eval.diagnostics.errors", "from lvos_eval import api; api.score",
    ],
)  # fmt: skip
def test_public_names_can_be_imported_in_every_way(statement: str, tmp_path: Path) -> None:
    assert in_a_new_process(statement, tmp_path) == ""


def test_a_call_does_not_start_what_only_the_command_line_needs(tmp_path: Path) -> None:
    code = (
        "import sys, lvos_eval\n"
        f"lvos_eval.score({str(GOOD)!r}, {str(goldens.REFERENCE)!r})\n"
        "print([name for name in ('argparse', 'joblib', 'lvos_eval.cli', 'lvos_eval.cli.main') if name in sys.modules])"
    )
    assert in_a_new_process(code, tmp_path) == "[]\n"


def test_many_calls_keep_no_thread_and_no_descriptor() -> None:
    def kept(call: Callable[[], object]) -> tuple[int, int]:
        for _ in range(5):
            call()
        threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            call()
        return threading.active_count() - threads, len(os.listdir("/proc/self/fd")) - descriptors

    assert kept(lambda: overall(1)) == (0, 0)
