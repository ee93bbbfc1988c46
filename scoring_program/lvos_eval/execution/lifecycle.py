"""The process around a command: standard streams that may be closed, signals that ask it to end, packages that may lack."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Final, TextIO

from lvos_eval import system
from lvos_eval.diagnostics.errors import ExitCode, RunInterruptedError
from lvos_eval.execution.import_path import leave_out_current_folder

__all__ = ["ignore_ending_signals", "prepare", "print_line", "signals_ignored"]

_SECONDS_TO_CLEAR_UP: Final = 5.0
"""A container that is stopped has ten seconds, then it is killed."""


def prepare() -> None:
    """Makes the process fit for a run: call it once, before anything is opened."""
    # no BLAS is used, but its threads would be started for every core of the host, each with memory of its own
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    leave_out_current_folder()
    system.keep_freed_memory()
    _mend_streams()
    for number in system.ENDING_SIGNALS:
        # what `nohup` or a shell has set to be ignored stays ignored
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _mend_streams() -> None:
    """Opens closed standard streams on nothing, lest a result file gets their number, and lets any text be printed."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # gets the lowest free number, which is this one; worker processes want it too
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", closefd=False))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_line(stream: TextIO, text: str) -> str | None:
    """Prints a line. Where it cannot be printed the reason is returned, and everything later goes to nowhere.

    Who reads our output may be gone, or the disk that it goes to full: no reason to lose a run.
    """
    try:
        print(text, file=stream, flush=True)
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
        return error.strerror or str(error) if isinstance(error, OSError) else str(error)
    return None


def _interrupt(number: int, _: FrameType | None) -> None:
    # once: a second signal must not disturb the clearing up that the first one began
    ignore_ending_signals()
    # but whatever that waits for, as a reader of our output that does not read, does not get to keep this process
    last_resort = threading.Timer(_SECONDS_TO_CLEAR_UP, os._exit, (ExitCode.STOPPED,))
    last_resort.daemon = True
    last_resort.start()
    raise RunInterruptedError(f"interrupted by {signal.Signals(number).name}")


def _nothing(number: int, _: FrameType | None) -> None:
    """Unlike SIG_IGN, this is not inherited by child processes, and a signal that is already under way is dropped in silence."""


def ignore_ending_signals() -> None:
    """From here on, signals that ask the process to end do nothing."""
    _handle_with(_nothing, system.ENDING_SIGNALS)


def _handle_with(handler: Callable[[int, FrameType | None], object], signals: Sequence[int]) -> None:
    for number in signals:
        with contextlib.suppress(ValueError):  # in a thread, which gets no signals
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)


@contextlib.contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], object], signals: Sequence[int]) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in signals}
    _handle_with(handler, signals)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            for number, former in before.items():
                if former is not None:  # one that was not set from Python cannot be
                    signal.signal(number, former)


@contextlib.contextmanager
def signals_ignored() -> Iterator[None]:
    """A block that signals which ask the process to end do not interrupt: for the last, short writes of a run."""
    with _handled_by(_nothing, system.ENDING_SIGNALS):
        yield
