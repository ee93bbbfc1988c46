"""Reading and writing single files: bounded reads, atomic writes, and the names that systems leave behind."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.errors import RunStoppedError
from lvos_eval.diagnostics.text import sized

__all__ = ["UNFINISHED", "MemberError", "read_file", "replace_file"]

UNFINISHED: Final = ".part"
_LONGEST_PART: Final = 60


class MemberError(ValueError):
    """A file of the submission cannot be read: `code` is that of the problem, `str()` says why."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def replace_file(path: Path, text: str) -> None:
    """Replaces a file atomically: a temporary one in the same folder, flushed, then renamed. Raises RunStoppedError."""
    # a long name has to stay one that the file system takes
    temporary = path.with_name(f".{path.name[:_LONGEST_PART]}.{secrets.token_hex(4)}{UNFINISHED}")
    try:
        try:
            # with these bits the umask decides who may read it, as for any file
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                rest = memoryview(text.encode("utf-8", errors="backslashreplace"))
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise RunStoppedError(f"{path.name} cannot be written: {error.strerror}") from error


def read_file(path: str, limit: int) -> bytes:
    """The content of a file of at most `limit` bytes. Raises MemberError for a larger one, and OSError."""
    # a pipe in the place of the file must not make the run wait for a writer
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        size = os.fstat(descriptor).st_size
        if size > limit:
            raise MemberError("unreadable-mask", f"the file has {sized(size)}; at most {sized(limit)} are allowed")
        return os.read(descriptor, size)
    finally:
        os.close(descriptor)
