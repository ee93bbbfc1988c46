"""Reading and writing single files: bounded reads, atomic writes.

A pipe or a device in the place of a file must not be waited for, nor read for ever.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lvos_eval import system
from lvos_eval.diagnostics.errors import RunStoppedError
from lvos_eval.diagnostics.text import sized
from lvos_eval.formats.mask_issues import MemberError, TooLarge

__all__ = [
    "MOST_BYTES",
    "read_beginning",
    "read_file",
    "read_regular",
    "remove_unfinished",
    "replace_bytes",
    "replace_file",
    "replacing",
]

_UNFINISHED: Final = ".part"
_LONGEST_PART: Final = 60

MOST_BYTES: Final = 256 << 20
"""Of a document; a larger one is no metadata and no result."""


@contextlib.contextmanager
def replacing(path: Path, *, folder: Path | None = None) -> Iterator[Path]:
    """The path of a new file that takes the place of `path` when the block ends, or of which nothing is left if the block raises.

    It is made in `folder`, the folder of `path` unless given, which has to be on the same file system. Raises OSError.
    """
    # a long name has to stay one that the file system takes
    name = f".{path.name[:_LONGEST_PART]}.{secrets.token_hex(4)}{_UNFINISHED}"
    unfinished = (folder or path.parent) / name
    try:
        yield unfinished
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise


def replace_bytes(path: Path, data: bytes, *, folder: Path | None = None, mode: int = 0o666) -> None:
    """Replaces a file atomically, once the new content is on the disk; `folder` as for `replacing`. Raises OSError.

    The umask takes its part of `mode`, as for any file.
    """
    with replacing(path, folder=folder) as unfinished:
        descriptor = os.open(unfinished, system.OPEN_NEW, mode)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def replace_file(path: Path, text: str) -> None:
    """Replaces a text file atomically. Raises RunStoppedError if it cannot be."""
    try:
        replace_bytes(path, text.encode("utf-8", errors="backslashreplace"))
    except OSError as error:
        raise RunStoppedError(f"{path.name} cannot be written: {error.strerror}") from error


def remove_unfinished(folder: Path, name: str = "*") -> None:
    """Removes what a process left in a folder that was killed while it replaced the file of this name, or any. Raises OSError."""
    for unfinished in folder.glob(f".{name[:_LONGEST_PART]}.{'[0-9a-f]' * 8}{_UNFINISHED}"):
        if not unfinished.is_dir():
            unfinished.unlink(missing_ok=True)


def read_file(path: str, limit: int) -> bytes:
    """The content of a file of at most `limit` bytes. Raises MemberError for a larger one, and OSError."""
    # a pipe in the place of the file must not make the run wait for a writer
    descriptor = os.open(path, system.OPEN_REGULAR)
    try:
        size = os.fstat(descriptor).st_size
        if size > limit:
            raise MemberError(TooLarge(f"the file has {sized(size)}; at most {sized(limit)} are allowed"))
        return os.read(descriptor, size)
    finally:
        os.close(descriptor)


def read_regular(path: Path, limit: int = MOST_BYTES) -> bytes:
    """The content of a file of at most `limit` bytes. Raises OSError, also for a larger one and for what is no file."""
    data = read_beginning(path, limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {sized(limit) if limit >= 1e6 else f'{limit:,} bytes'}")
    return data


def read_beginning(path: Path, number: int) -> bytes:
    """The first `number` bytes of a file, or all that it has. Raises OSError, also for what is no file."""
    # without O_NONBLOCK a pipe waits for a writer before anybody can see that it is one
    descriptor = os.open(path, system.OPEN_REGULAR)
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
