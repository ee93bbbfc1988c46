"""The directory at the end of a zip, read with bounds and taken for a claim, not for a fact.

The standard library's reader is not used: it holds whatever the directory claims in memory before anything can be refused,
and gives up at directories that common tools write.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from lvos_eval import system
from lvos_eval.formats.inflate import crc32
from lvos_eval.formats.zip_end import ENTRY_SIGNATURE, IN_EXTRA, ZipDirectoryError, damaged, find_end, too_large

__all__ = ["Directory", "DirectoryEntry", "read_directory", "unicode_names"]

_ENTRY: Final = struct.Struct("<4s6H3I5H2I")

_BYTES_PER_MEMBER: Final = 256
"""Room for an entry with a long name; common tools need a hundred."""
_SLACK: Final = 1 << 16

_EXTRA_64: Final = 1
_EXTRA_PATH: Final = 0x7075
_UTF8: Final = 0x800


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


def read_directory(descriptor: int, max_members: int) -> Directory:
    """The directory of the zip that is open as `descriptor`.

    Reads no more bytes and makes no more entries than `max_members` members need. Raises ZipDirectoryError.
    """
    length = os.fstat(descriptor).st_size
    end = find_end(descriptor, length)
    if end.members > max_members:
        raise too_large(f"the zip has {end.members:,} members; at most {max_members:,} are allowed")
    if end.size > max_members * _BYTES_PER_MEMBER + _SLACK:
        raise too_large(f"the zip's directory has {end.size:,} bytes, far more than {max_members:,} members need")
    # whatever precedes the zip proper, such as the program of a self-extracting archive, shifts all offsets
    shift = end.position - end.size - end.offset
    if shift < 0:
        raise damaged("the zip's directory is not where its end says; the zip is cut short or damaged")
    start = end.position - end.size
    entries = _parse(system.read_at(descriptor, end.size, start), shift, max_members)
    if len(entries) != end.members and (end.exact or (len(entries) - end.members) % 0x10000):
        raise damaged(f"the zip's directory holds {len(entries):,} members, but its end says {end.members:,}")
    return Directory(entries, start)


def _parse(data: bytes, shift: int, max_members: int) -> list[DirectoryEntry]:
    entries: list[DirectoryEntry] = []
    position = 0
    while position < len(data):
        if len(data) - position < _ENTRY.size or not data.startswith(ENTRY_SIGNATURE, position):
            raise damaged(f"entry {len(entries) + 1:,} of the zip's directory is damaged")
        if len(entries) == max_members:
            raise too_large(f"the zip has more than {max_members:,} members")
        fields = _ENTRY.unpack_from(data, position)
        _, _, _, flags, method, _, _, crc, packed, unpacked, name_length, extra_length, comment_length, _, _, mode, offset = (
            fields
        )
        name_end = position + _ENTRY.size + name_length
        raw_name = data[position + _ENTRY.size : name_end]
        extra = data[name_end : name_end + extra_length]
        position = name_end + extra_length + comment_length
        if position > len(data) or not raw_name:
            raise damaged(f"entry {len(entries) + 1:,} of the zip's directory is damaged")
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
