"""What a person may type for a path or a duration: anything else is refused before a command begins."""

from __future__ import annotations

import argparse
import errno
import math
import os
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.text import printable

__all__ = ["file_path", "path", "seconds"]

_LONGEST_NAME: Final = 255
"""Bytes of one name in a path, on every usual file system."""
_LONGEST_WAIT: Final = 3600
_SHOWN: Final = 200
_OF_THE_PATH: Final = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EACCES, errno.EINVAL})
"""Errors that say that nothing can be at a path, and not that the storage is broken."""


def path(text: str) -> Path:
    """A path at which something is or could be. Raises ArgumentTypeError."""
    if not text.strip():
        raise argparse.ArgumentTypeError("the path is empty; for the current folder write .")
    try:
        if any(len(os.fsencode(part)) > _LONGEST_NAME for part in Path(text).parts):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        os.stat(text)
    except FileNotFoundError:
        # whoever needs what is not there says so; an output is about to be made
        pass
    except OSError as error:
        if error.errno in _OF_THE_PATH:
            raise _impossible(text, error.strerror or str(error)) from None
    except ValueError as error:
        raise _impossible(text, str(error)) from None
    return Path(text)


def file_path(text: str) -> Path:
    """A path that is not one of a folder. Raises ArgumentTypeError."""
    found = path(text)
    if found.is_dir():
        raise _impossible(text, "it is a folder; name a file")
    return found


def _impossible(text: str, reason: str) -> argparse.ArgumentTypeError:
    shown = printable(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...")
    return argparse.ArgumentTypeError(f"the path {shown} cannot be used: {reason}")


def seconds(text: str) -> float:
    """A time to wait, from 0 to 3,600 seconds. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    # which NaN is not
    if not 0 <= value <= _LONGEST_WAIT:
        raise argparse.ArgumentTypeError(
            f"{printable(text[:_SHOWN])!r} is not a number of seconds; use 0 to {_LONGEST_WAIT} seconds"
        )
    return value
