"""The record that ends a zip and says where its directory is, accepted only where every program would take the same one."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from lvos_eval import system

__all__ = ["ENTRY_SIGNATURE", "IN_EXTRA", "ZipDirectoryError", "ZipEnd", "damaged", "find_end", "too_large"]

_END: Final = struct.Struct("<4s4H2IH")
_END_SIGNATURE: Final = b"PK\x05\x06"
_LOCATOR_64: Final = struct.Struct("<4sIQI")
_LOCATOR_64_SIGNATURE: Final = b"PK\x06\x07"
_END_64: Final = struct.Struct("<4sQ2H2I4Q")
_END_64_SIGNATURE: Final = b"PK\x06\x06"
ENTRY_SIGNATURE: Final = b"PK\x01\x02"
"""Begins each entry of a directory."""

_COMMENT: Final = 0xFFFF
"""Bytes that the comment at the end of a zip may have."""
IN_EXTRA: Final = 0xFFFFFFFF
"""A size or offset that stands in the extra field as 64 bits."""


class ZipDirectoryError(ValueError):
    """The directory cannot be used: `code` is that of the problem, `str()` says why, `fix` what to do."""

    def __init__(self, code: str, reason: str, fix: str, *, is_zip: bool = False) -> None:
        """`is_zip` where the file is a zip beyond doubt, whatever it begins with."""
        super().__init__(reason)
        self.code = code
        self.fix = fix
        self.is_zip = is_zip


def damaged(reason: str) -> ZipDirectoryError:
    """The error of a zip that is cut short or not whole."""
    return ZipDirectoryError(
        "archive-damaged", reason, "zip again and upload again; an upload or a copy that broke off looks like this"
    )


def _ambiguous(reason: str) -> ZipDirectoryError:
    return ZipDirectoryError(
        "archive-damaged",
        f"{reason}, so that two programs may read different files from it",
        "unzip it, look at what is there, and zip that again without a comment",
        is_zip=True,
    )


def _split() -> ZipDirectoryError:
    return ZipDirectoryError(
        "archive-unsupported", "the file is one part of a split zip", "make one zip of all masks, without splitting"
    )


def too_large(reason: str) -> ZipDirectoryError:
    """The error of a zip that claims more than a submission has."""
    return ZipDirectoryError("archive-too-large", reason, "zip the masks only, one for each scored frame")


class ZipEnd(NamedTuple):
    """The record that ends a zip; `position` is where the directory has to end."""

    position: int
    members: int
    size: int
    offset: int
    exact: bool
    """Whether `members` is 64 bits wide; else it may have wrapped at 65,536, as with macOS's Finder."""


def find_end(descriptor: int, length: int) -> ZipEnd:
    """The end of the zip of `length` bytes that is open as `descriptor`. Raises ZipDirectoryError."""
    first = max(length - _END.size - _COMMENT, 0)
    tail = system.read_at(descriptor, length - first, first)
    position = tail.rfind(_END_SIGNATURE, 0, max(len(tail) - _END.size + len(_END_SIGNATURE), 0))
    if position < 0:
        raise damaged("the zip's directory is missing: the file is cut short")
    _require_one_end(descriptor, first, tail, position)
    _, disk, directory_disk, _, count, size, offset, _ = _END.unpack_from(tail, position)
    end = ZipEnd(first + position, count, size, offset, False)
    locator = system.read_at(descriptor, _LOCATOR_64.size, max(end.position - _LOCATOR_64.size, 0))
    if end.position >= _LOCATOR_64.size and locator.startswith(_LOCATOR_64_SIGNATURE):
        return _find_end_64(descriptor, end, locator)
    if disk or directory_disk:
        raise _split()
    return end


def _require_one_end(descriptor: int, first: int, tail: bytes, position: int) -> None:
    """Refuses a zip in which a program could take another record for the end than the last one, at `position` in the `tail`.

    Some take the last signature, others the last record whose comment reaches the end of the file.
    """
    if position + _END.size < len(tail) and tail.find(_END_SIGNATURE, position + len(_END_SIGNATURE)) >= 0:
        raise _ambiguous("the zip has the signature of an end record in its comment or behind its end")
    earlier = tail.rfind(_END_SIGNATURE, 0, position)
    while earlier >= 0:
        *_, size, _, comment = _END.unpack_from(tail, earlier)
        directory = first + earlier - size
        if earlier + comment >= position and (
            size in (0, IN_EXTRA) or (directory >= 0 and system.read_at(descriptor, 4, directory) == ENTRY_SIGNATURE)
        ):
            raise _ambiguous("the zip has a second end record in its comment")
        earlier = tail.rfind(_END_SIGNATURE, 0, earlier)


def _find_end_64(descriptor: int, end: ZipEnd, locator: bytes) -> ZipEnd:
    """The 64-bit end record, where its locator says, or right before it if something was put before the zip.

    Some programs look in the first place only, others in the second, and some go by the fields of 32 bits.
    """
    locator_position = end.position - _LOCATOR_64.size
    _, _, claimed, disks = _LOCATOR_64.unpack(locator)
    if disks > 1:
        raise _split()
    found: dict[int, ZipEnd] = {}
    for position in (claimed, locator_position - _END_64.size):
        if not 0 <= position <= locator_position - _END_64.size:
            continue
        record = system.read_at(descriptor, _END_64.size, position)
        if record.startswith(_END_64_SIGNATURE) and len(record) == _END_64.size:
            *_, count, size, offset = _END_64.unpack(record)
            found[position] = ZipEnd(position, count, size, offset, True)
    if not found:
        raise damaged("the zip's 64-bit directory record is missing")
    wide, *others = found.values()
    short = ((end.members, wide.members, 0xFFFF), (end.size, wide.size, IN_EXTRA), (end.offset, wide.offset, IN_EXTRA))
    if others or any(value not in (limit, full & limit) for value, full, limit in short):
        raise _ambiguous("the zip has end records that contradict each other")
    return wide
