"""The folder or zip of a submission, read in place."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

from lvos_eval.formats.files import read_file
from lvos_eval.formats.zip_members import ArchiveReader, Member, unpack_member
from lvos_eval.reference.settings import ArchiveLimits

__all__ = ["Entry", "File", "MadeMask", "MaskFiles", "MaskReader", "MaskSource", "Part", "files_of", "mask_digest", "unpack"]

File: TypeAlias = str | Member
"""Where one file lies: a path relative to the folder, or a member of the zip."""


class Part(NamedTuple):
    """What a mask is made of: a file, and which object it shows; None: it holds ids."""

    file: File
    object_id: int | None = None
    array: str | None = None
    """The array in a file with several."""


class MadeMask(NamedTuple):
    """A mask that is made when it is read, of an array or of the masks of single objects."""

    parts: tuple[Part, ...]


Entry: TypeAlias = File | MadeMask
"""Where a mask of the submission comes from."""


def files_of(entry: Entry) -> tuple[File, ...]:
    """The files that have to be read for it."""
    return tuple(part.file for part in entry.parts) if isinstance(entry, MadeMask) else (entry,)


MaskFiles: TypeAlias = tuple[Entry, ...]
"""The files that make the mask of a frame, in the order of their paths: one label map, or a file for each object."""


class MaskReader(Protocol):
    """Reads files of a submission; `read` raises MemberError or OSError with the reason."""

    def read(self, entry: Entry) -> bytes:
        """The content of the file."""

    def read_stored(self, entry: Entry) -> bytes:
        """The bytes as they lie in the submission; equal ones are equal files."""

    def read_ahead(self, entries: Sequence[Entry]) -> None: ...

    def close(self) -> None: ...


def unpack(entry: Entry, stored: bytes) -> bytes:
    """The content of a file from its bytes as they lie in the submission. Raises MemberError."""
    return unpack_member(entry, stored) if isinstance(entry, Member) else stored


def mask_digest(files: MaskFiles, stored: Sequence[bytes], owners: Sequence[int] = ()) -> bytes:
    """Of what a mask is made from, and how, from the bytes of its files as they lie in the submission.

    `owners` are the objects of the files, where each object has one. Equal digests mean equal masks, whatever the files are
    called and wherever they lie.
    """
    digest = hashlib.blake2b(digest_size=20)
    if owners:
        digest.update(f"objects {' '.join(map(str, owners))}\n".encode())
    for entry, data in zip(files, stored, strict=True):
        how = "file"
        if isinstance(entry, Member):
            how = f"{'deflated' if entry.deflated else 'stored'} {entry.unpacked} {entry.crc}"
        digest.update(f"{how} {len(data)}\n".encode())
        digest.update(data)
    return digest.digest()


class _FolderReader:
    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = str(folder)
        self._limit = limit

    def read(self, entry: Entry) -> bytes:
        assert isinstance(entry, str)
        return read_file(f"{self._folder}/{entry}", self._limit)

    def read_stored(self, entry: Entry) -> bytes:
        return self.read(entry)

    def read_ahead(self, entries: Sequence[Entry]) -> None:
        """Nothing to tell: the kernel reads a small file in one go."""

    def close(self) -> None:
        """Nothing is kept open."""


@dataclass(frozen=True, slots=True)
class MaskSource:
    """The folder or zip that entries refer to; small enough to be sent to worker processes."""

    path: Path
    is_archive: bool
    limits: ArchiveLimits

    def open(self) -> MaskReader:
        reader: object = ArchiveReader(self.path) if self.is_archive else _FolderReader(self.path, self.limits.member_bytes)
        return reader  # type: ignore[return-value]
