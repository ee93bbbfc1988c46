"""What befalls a process that scores: signals, lost workers, want of room, a submission that goes away."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.reporting.output_folder import PAGE_FILE
from soak.plans import Plan
from soak.traces import descendants

__all__ = ["TROUBLES", "Trouble"]

Meddling: TypeAlias = Callable[[Random, "subprocess.Popen[str]", Plan], None]
"""Does something to a running process."""


def _wait(random: Random, process: subprocess.Popen[str], plan: Plan) -> None:
    """Waits for a moment in the run: one time in four while its modules are read, else after it has written its first page."""
    early = random.random() < 0.25
    until = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < until:
        if _reads_modules(process.pid) if early else (plan.output / PAGE_FILE).exists():
            break
        time.sleep(0.01)
    time.sleep(random.uniform(0.0, 0.8))


def _reads_modules(process: int) -> bool:
    """Whether the start of the interpreter, which is not ours, is over."""
    with contextlib.suppress(OSError):
        return "numpy" in Path(f"/proc/{process}/maps").read_text()
    return False


def _kill_with(number: signal.Signals) -> Meddling:
    def meddle(random: Random, process: subprocess.Popen[str], plan: Plan) -> None:
        _wait(random, process, plan)
        process.send_signal(number)

    return meddle


def _command_line(process: int) -> bytes:
    """Nothing if it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def _kill_a_worker(random: Random, process: subprocess.Popen[str], plan: Plan) -> None:
    until = time.monotonic() + 5
    while process.poll() is None and time.monotonic() < until:
        # joblib's resource tracker is a child too, but no worker
        workers = [child for child in descendants(process.pid) if b"popen_loky" in _command_line(child)]
        if workers:
            time.sleep(random.uniform(0.0, 0.5))
            try:
                os.kill(random.choice(workers), signal.SIGKILL)
            except ProcessLookupError:
                continue
            return
        time.sleep(0.02)


def _take_the_submission_away(random: Random, process: subprocess.Popen[str], plan: Plan) -> None:
    _wait(random, process, plan)
    shutil.rmtree(plan.submission)


def _nothing(random: Random, process: subprocess.Popen[str], plan: Plan) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that befalls a process of its own, and the codes that it may end with besides those of its submission."""

    meddle: Meddling = _nothing
    codes: frozenset[int] = frozenset()
    limits: Callable[[Random], dict[int, int]] = lambda _: {}
    options: tuple[str, ...] = ()
    large: bool = True
    """Whether the run is long enough to be hit in the middle."""


_STOPPED: Final = frozenset({ExitCode.STOPPED})
_TWO: Final = ("--jobs", "2")

TROUBLES: Final[Mapping[str, Trouble]] = {
    "its own process": Trouble(large=False),
    "SIGKILL": Trouble(_kill_with(signal.SIGKILL), frozenset({-signal.SIGKILL}), options=_TWO),
    "SIGTERM": Trouble(_kill_with(signal.SIGTERM), _STOPPED | {-signal.SIGTERM}, options=_TWO),
    "SIGINT": Trouble(_kill_with(signal.SIGINT), _STOPPED | {-signal.SIGINT}, options=_TWO),
    "a worker killed": Trouble(_kill_a_worker, _STOPPED, options=_TWO),
    "the submission vanishes": Trouble(_take_the_submission_away, _STOPPED | {ExitCode.INVALID_SUBMISSION, ExitCode.USAGE}),
    "disk full": Trouble(codes=_STOPPED, limits=lambda random: {resource.RLIMIT_FSIZE: random.randrange(40_000)}, large=False),
    "few descriptors": Trouble(
        codes=_STOPPED, limits=lambda random: {resource.RLIMIT_NOFILE: random.randint(16, 40)}, large=False
    ),
}
