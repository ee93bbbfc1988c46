"""What is kept of every scored video of every submission, so that no mask is scored twice.

An entry is found by a key of everything that its values depend on (see `cache_keys`), so a stale one is never found. It is
written atomically, and a torn or damaged one is noticed and computed anew (see `stored_video`). Entries tell J and F of each
frame: the store is as secret as the ground truth.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lvos_eval import system
from lvos_eval.diagnostics.errors import RunStoppedError, UsageError
from lvos_eval.diagnostics.text import printable
from lvos_eval.formats.files import read_regular, remove_unfinished, replace_bytes
from lvos_eval.protocols.contract import EvaluationProtocol
from lvos_eval.reference.manifest import Video
from lvos_eval.rescoring.stored_video import StoredVideo, decode, encode, fits

__all__ = ["Store", "open_store"]

_LOCK: Final = "lock"
_LARGEST: Final = 1 << 28
"""Bytes; an entry has 25 for each object and frame, and some for each mask with a fault."""


class Store:
    """A folder of entries, one file for each video of each submission, found by its key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.damaged = 0
        """Number of entries that were there and could not be used."""

    def get(self, key: str, video: Video, protocol: EvaluationProtocol, *, scored: bool) -> StoredVideo | None:
        """The entry of a key; None where there is none, or none that can be that of the video, `scored` or checked only."""
        try:
            data = read_regular(self._path(key), _LARGEST)
        except FileNotFoundError:
            return None
        except OSError:
            data = b""
        entry = decode(key, data)
        if entry is None or not fits(entry, video, protocol, scored):
            self.damaged += 1
            return None
        return entry

    def put(self, key: str, video: StoredVideo) -> None:
        """Keeps an entry: whole and on the disk, or not at all. Raises RunStoppedError if it cannot be written."""
        path = self._path(key)
        try:
            _clear(path)
            # all that is unfinished lies in one folder, where it is found again
            replace_bytes(path, encode(key, video), folder=self._folder, mode=0o600)
        except OSError as error:
            raise RunStoppedError(f"the store {printable(str(self._folder))} cannot be written: {error.strerror}") from error

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key[2:]


@contextmanager
def open_store(folder: Path) -> Iterator[Store]:
    """The store in a folder, made where there is none; nobody else may use it meanwhile.

    Raises UsageError if another run does, and RunStoppedError if the folder cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / _LOCK, system.OPEN_OWN, 0o600)
    except OSError as error:
        raise RunStoppedError(f"the store {printable(str(folder))} cannot be used: {error.strerror}") from error
    try:
        try:
            system.lock(descriptor)
        except BlockingIOError:
            raise UsageError(
                f"another run uses the store {printable(str(folder))}: wait for it, or give this one its own with --store"
            ) from None
        with contextlib.suppress(OSError):
            remove_unfinished(folder)
        yield Store(folder)
    finally:
        # the system gives the lock back, also after a kill
        os.close(descriptor)


def _clear(path: Path) -> None:
    """Makes room for an entry where something lies that is none. Raises OSError."""
    if path.parent.exists() and not path.parent.is_dir():
        path.parent.unlink()
    path.parent.mkdir(exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
