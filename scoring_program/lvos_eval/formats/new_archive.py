"""A zip of files that are small already: stored as they are, each with the same date, so that equal masks make equal bytes."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from lvos_eval.diagnostics.errors import RunStoppedError

__all__ = ["NewArchive"]

_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o100644


class NewArchive:
    """A zip in a new file, which is on the disk when the block ends. Raises RunStoppedError where it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        try:
            self._file = self._path.open("xb")
        except OSError as error:
            raise self._unwritten(error) from error
        self._archive = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED)
        return self

    def add(self, name: str, content: bytes) -> None:
        """A file under a path that the zip does not have yet."""
        info = zipfile.ZipInfo(name, _EARLIEST)
        info.create_system = 3
        info.external_attr = _MODE << 16
        try:
            self._archive.writestr(info, content)
        except OSError as error:
            raise self._unwritten(error) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._archive.close()
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as fault:
            if kind is None:
                raise self._unwritten(fault) from fault
        finally:
            self._file.close()

    def _unwritten(self, error: OSError) -> RunStoppedError:
        return RunStoppedError(f"the zip cannot be written: {error.strerror}")
