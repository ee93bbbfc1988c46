"""Reading files that a person named: a pipe or a device in their place must not be waited for, nor read for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.text import sized

__all__ = ["MOST_BYTES", "read_beginning", "read_regular"]

MOST_BYTES: Final = 256 << 20
"""Of a document; a larger one is no metadata and no result."""


def read_regular(path: Path, limit: int = MOST_BYTES) -> bytes:
    """The content of a file of at most `limit` bytes. Raises OSError, also for a larger one and for what is no file."""
    data = read_beginning(path, limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {sized(limit) if limit >= 1e6 else f'{limit:,} bytes'}")
    return data


def read_beginning(path: Path, number: int) -> bytes:
    """The first `number` bytes of a file, or all that it has. Raises OSError, also for what is no file."""
    # without O_NONBLOCK a pipe waits for a writer before anybody can see that it is one
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(min(number, found.st_size + 1))
    finally:
        os.close(descriptor)
