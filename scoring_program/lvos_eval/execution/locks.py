"""Folders that one run at a time may use. The system takes a lock back when its process ends, however that happens."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from lvos_eval import system
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.text import printable

__all__ = ["reserved"]


@contextlib.contextmanager
def reserved(folder: Path) -> Iterator[int | None]:
    """A block in which no other run writes to an output folder that is there. The lock is on the folder, no file is put in it.

    Gives a descriptor of the folder, which child processes do not get; None where it cannot be opened to be locked. Raises
    UsageError where another run has it.
    """
    try:
        descriptor = os.open(folder, system.OPEN_FOLDER)
    except OSError:
        # whoever writes to it is told why that fails, if it does
        yield None
        return
    try:
        try:
            system.lock(descriptor)
        except BlockingIOError:
            name = printable(str(folder))
            raise UsageError(
                f"another run writes to the output folder {name}: wait for its end, or name another folder"
            ) from None
        yield descriptor
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)
