"""The directory at the end of a zip, read with bounds and taken for a claim, not for a fact.

The standard library's reader is not used: it holds whatever the directory claims in memory before anything can be refused,
and gives up at directories that common tools write.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from lvos_eval.formats.inflate import crc32

__all__ = ["IN_EXTRA", "Directory", "DirectoryEntry", "ZipDirectoryError", "read_directory", "unicode_names"]

_END: Final = struct.Struct("<4s4H2IH")
_END_SIGNATURE: Final = b"PK\x05\x06"
_LOCATOR_64: Final = struct.Struct("<4sIQI")
_LOCATOR_64_SIGNATURE: Final = b"PK\x06\x07"
_END_64: Final = struct.Struct("<4sQ2H2I4Q")
_END_64_SIGNATURE: Final = b"PK\x06\x06"
_ENTRY: Final = struct.Struct("<4s6H3I5H2I")
_ENTRY_SIGNATURE: Final = b"PK\x01\x02"

_COMMENT: Final = 0xFFFF
"""Bytes that the comment at the end of a zip may have."""
_BYTES_PER_MEMBER: Final = 256
"""Room for an entry with a long name; common tools need a hundred."""
_SLACK: Final = 1 << 16

_EXTRA_64: Final = 1
_EXTRA_PATH: Final = 0x7075
IN_EXTRA: Final = 0xFFFFFFFF
"""A size or offset that stands in the extra field as 64 bits."""

_UTF8: Final = 0x800


class ZipDirectoryError(ValueError):
    """The directory cannot be used: `code` is that of the problem, `str()` says why, `fix` what to do."""

    def __init__(self, code: str, reason: str, fix: str, *, is_zip: bool = False) -> None:
        """`is_zip` where the file is a zip beyond doubt, whatever it begins with."""
        super().__init__(reason)
        self.code = code
        self.fix = fix
        self.is_zip = is_zip


def _damaged(reason: str) -> ZipDirectoryError:
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


def _too_large(reason: str) -> ZipDirectoryError:
    return ZipDirectoryError("archive-too-large", reason, "zip the masks only, one for each scored frame")


class DirectoryEntry(NamedTuple):
    """What the directory claims of one member; `offset` counts from the start of the file."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    unpacked: int
    offset: int
    mode: int
    """File type and permissions as in `os.stat`, 0 where the zip has none."""
    other_names: tuple[str, ...] = ()
    """What other programs read for the name, where that is not the same."""

    @property
    def is_folder(self) -> bool:
        """Old Windows tools end the name of a folder in a backslash."""
        return self.name.endswith(("/", "\\"))


class Directory(NamedTuple):
    """All entries in their order, and where the directory starts in the file: no member may reach beyond."""

    entries: list[DirectoryEntry]
    start: int


class _End(NamedTuple):
    """The record that ends a zip; `position` is where the directory has to end."""

    position: int
    members: int
    size: int
    offset: int
    exact: bool
    """Whether `members` is 64 bits wide; else it may have wrapped at 65,536, as with macOS's Finder."""


def read_directory(descriptor: int, max_members: int) -> Directory:
    """The directory of the zip that is open as `descriptor`.

    Reads no more bytes and makes no more entries than `max_members` members need. Raises ZipDirectoryError.
    """
    length = os.fstat(descriptor).st_size
    end = _find_end(descriptor, length)
    if end.members > max_members:
        raise _too_large(f"the zip has {end.members:,} members; at most {max_members:,} are allowed")
    if end.size > max_members * _BYTES_PER_MEMBER + _SLACK:
        raise _too_large(f"the zip's directory has {end.size:,} bytes, far more than {max_members:,} members need")
    # whatever precedes the zip proper, such as the program of a self-extracting archive, shifts all offsets
    shift = end.position - end.size - end.offset
    if shift < 0:
        raise _damaged("the zip's directory does not lie where its end says; the zip is cut short or damaged")
    start = end.position - end.size
    entries = _parse(os.pread(descriptor, end.size, start), shift, max_members)
    if len(entries) != end.members and (end.exact or (len(entries) - end.members) % 0x10000):
        raise _damaged(f"the zip's directory holds {len(entries):,} members, but its end says {end.members:,}")
    return Directory(entries, start)


def _find_end(descriptor: int, length: int) -> _End:
    first = max(length - _END.size - _COMMENT, 0)
    tail = os.pread(descriptor, length - first, first)
    position = tail.rfind(_END_SIGNATURE, 0, max(len(tail) - _END.size + len(_END_SIGNATURE), 0))
    if position < 0:
        raise _damaged("the zip's directory is missing: the file is cut short")
    _require_one_end(descriptor, first, tail, position)
    _, disk, directory_disk, _, count, size, offset, _ = _END.unpack_from(tail, position)
    end = _End(first + position, count, size, offset, False)
    locator = os.pread(descriptor, _LOCATOR_64.size, max(end.position - _LOCATOR_64.size, 0))
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
            size in (0, IN_EXTRA) or (directory >= 0 and os.pread(descriptor, 4, directory) == _ENTRY_SIGNATURE)
        ):
            raise _ambiguous("the zip has a second end record in its comment")
        earlier = tail.rfind(_END_SIGNATURE, 0, earlier)


def _find_end_64(descriptor: int, end: _End, locator: bytes) -> _End:
    """The 64-bit end record, where its locator says, or right before it if something was put before the zip.

    Some programs look in the first place only, others in the second, and some go by the fields of 32 bits.
    """
    locator_position = end.position - _LOCATOR_64.size
    _, _, claimed, disks = _LOCATOR_64.unpack(locator)
    if disks > 1:
        raise _split()
    found: dict[int, _End] = {}
    for position in (claimed, locator_position - _END_64.size):
        if not 0 <= position <= locator_position - _END_64.size:
            continue
        record = os.pread(descriptor, _END_64.size, position)
        if record.startswith(_END_64_SIGNATURE) and len(record) == _END_64.size:
            *_, count, size, offset = _END_64.unpack(record)
            found[position] = _End(position, count, size, offset, True)
    if not found:
        raise _damaged("the zip's 64-bit directory record is missing")
    wide, *others = found.values()
    short = ((end.members, wide.members, 0xFFFF), (end.size, wide.size, IN_EXTRA), (end.offset, wide.offset, IN_EXTRA))
    if others or any(value not in (limit, full & limit) for value, full, limit in short):
        raise _ambiguous("the zip has end records that contradict each other")
    return wide


def _parse(data: bytes, shift: int, max_members: int) -> list[DirectoryEntry]:
    entries: list[DirectoryEntry] = []
    position = 0
    while position < len(data):
        if len(data) - position < _ENTRY.size or not data.startswith(_ENTRY_SIGNATURE, position):
            raise _damaged(f"entry {len(entries) + 1:,} of the zip's directory is damaged")
        if len(entries) == max_members:
            raise _too_large(f"the zip has more than {max_members:,} members")
        fields = _ENTRY.unpack_from(data, position)
        _, _, _, flags, method, _, _, crc, packed, unpacked, name_length, extra_length, comment_length, _, _, mode, offset = (
            fields
        )
        name_end = position + _ENTRY.size + name_length
        raw_name = data[position + _ENTRY.size : name_end]
        extra = data[name_end : name_end + extra_length]
        position = name_end + extra_length + comment_length
        if position > len(data) or not raw_name:
            raise _damaged(f"entry {len(entries) + 1:,} of the zip's directory is damaged")
        if IN_EXTRA in (unpacked, packed, offset):
            unpacked, packed, offset = _widen(extra, (unpacked, packed, offset))
        name = _decode(raw_name, flags)
        others = () if raw_name.isascii() and not extra else _other_names(name, raw_name, flags, extra)
        entries.append(DirectoryEntry(name, raw_name, flags, method, crc, packed, unpacked, offset + shift, mode >> 16, others))
    return entries


def _widen(extra: bytes, values: tuple[int, int, int]) -> list[int]:
    """The values, with each that does not fit into 32 bits taken from the 64-bit extra field."""
    for content in _extra_fields(extra, _EXTRA_64):
        wide = [int.from_bytes(content[start : start + 8], "little") for start in range(0, len(content) - 7, 8)]
        return [wide.pop(0) if value == IN_EXTRA and wide else value for value in values]
    return list(values)


def _extra_fields(extra: bytes, wanted: int) -> Iterator[bytes]:
    """The contents of the extra fields of a kind."""
    position = 0
    while position + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, position)
        position += 4
        if kind == wanted:
            yield extra[position : position + size]
        position += size


def unicode_names(raw_name: bytes, extra: bytes) -> list[str]:
    """The names in the Unicode path fields of a header, as programs believe them that know such fields."""
    # each has its version, a checksum of the name that it stands for, and the name
    return [
        content[5:].decode("utf-8", errors="replace")
        for content in _extra_fields(extra, _EXTRA_PATH)
        if len(content) > 5 and content[0] == 1 and int.from_bytes(content[1:5], "little") == crc32(raw_name)
    ]


def _other_names(name: str, raw_name: bytes, flags: int, extra: bytes) -> tuple[str, ...]:
    plain = raw_name.decode("utf-8", errors="replace") if flags & _UTF8 else raw_name.decode("cp437")
    return tuple(other for other in dict.fromkeys([plain, *unicode_names(raw_name, extra)]) if other != name)


def _decode(raw_name: bytes, flags: int) -> str:
    """UTF-8, which many tools write without the flag that says so, else the code page of old zips."""
    try:
        return raw_name.decode("utf-8")
    except UnicodeDecodeError:
        if flags & _UTF8:
            raise ZipDirectoryError(
                "archive-damaged",
                f"a member's name is said to be UTF-8 and is not: {raw_name.decode('latin-1')}",
                "give the file a name of plain letters and digits, or leave it out, and zip again",
            ) from None
        return raw_name.decode("cp437")
