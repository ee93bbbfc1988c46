"""Real clusters on the loopback interface, and a task that their workers may not survive."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest


def require_engine(request: pytest.FixtureRequest, module: str, name: str) -> None:
    """Skips the test, loudly, where an engine is not installed."""
    if importlib.util.find_spec(module) is None:
        reason = f"NOT TESTED ON A CLUSTER: no Python package {module} (pip install '.[{name}]'); make test-cluster does it"
        if name in request.config.getoption("--require-cluster", []):
            pytest.fail(reason)
        pytest.skip(reason)


@dataclass
class DaskCluster:
    """A scheduler with worker processes that the test may kill."""

    address: str
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def kill(self, number: int) -> None:
        os.kill(self.workers[number].pid, signal.SIGKILL)
        self.workers[number].wait(timeout=30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Fails if the condition does not come true in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def survive(task: tuple[int, str]) -> int:
    """Returns the number; the first process that gets a task with a path to a file that is not there yet is killed.

    A task with the path `always` kills every process.
    """
    number, path = task
    time.sleep(0.05)
    if path == "always":
        os.kill(os.getpid(), signal.SIGKILL)
    if path and not Path(path).exists():
        Path(path).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number
