"""Loaded by every Python process of a run under test: runs the code in FAULT, which makes something go wrong at its place."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path


def at(event: str, where: str, action: Callable[[], object]) -> None:
    """Does something once in each process: before its first audited event of this name with `where` in its first argument."""
    waiting = True

    def hook(name: str, arguments: tuple[object, ...]) -> None:
        nonlocal waiting
        if waiting and name == event and where in str(arguments[0]):
            waiting = False
            action()

    sys.addaudithook(hook)


def pause() -> None:
    """Lets the test know, and waits for what it does."""
    Path(os.environ["REACHED"]).touch()
    time.sleep(60)


def fail(error: BaseException) -> None:
    """For lambdas."""
    raise error


def die(number: int = signal.SIGKILL) -> None:
    """Ends this process by a signal."""
    os.kill(os.getpid(), number)


def fill(folder: str) -> None:
    """Leaves no room on the disk of a folder."""
    disk = os.statvfs(folder)
    Path(folder, "filling").write_bytes(bytes(disk.f_bavail * disk.f_frsize))


exec(os.environ.get("FAULT", ""))
