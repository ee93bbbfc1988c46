"""Zips put together byte by byte, which may say one thing here and another there."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["UTF8", "RawMember", "end", "end_64", "raw_zip", "unicode_path"]

UTF8: Final = 0x800


@dataclass(frozen=True)
class RawMember:
    """A member; what is None in the header of its own is as in the directory."""

    name: bytes
    content: bytes = b""
    flags: int = 0
    extra: bytes = b""
    local_name: bytes | None = None
    local_extra: bytes | None = None
    local_sizes: tuple[int, int] | None = None
    stored: bool = False


def unicode_path(raw_name: bytes, name: str) -> bytes:
    """The extra field by which a name stands for another one."""
    content = struct.pack("<BI", 1, zlib.crc32(raw_name)) + name.encode()
    return struct.pack("<2H", 0x7075, len(content)) + content


def raw_zip(
    members: Sequence[RawMember], *, comment: bytes = b"", before: bytes = b"", after: bytes = b"", at_end: bytes | None = None
) -> bytes:
    """A zip behind and before other bytes; `at_end` takes the place of its end record."""
    body, directory = b"", b""
    for member in members:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = member.content if member.stored else packer.compress(member.content) + packer.flush()
        crc, method = zlib.crc32(member.content), 0 if member.stored else 8
        sizes = (len(packed), len(member.content))
        local_name = member.name if member.local_name is None else member.local_name
        local_extra = member.extra if member.local_extra is None else member.local_extra
        fixed = (20, 20, member.flags, method, 0, 33, crc, *sizes, len(member.name), len(member.extra), 0, 0, 0, 0o100644 << 16)
        directory += struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 3 << 8 | 20, *fixed[1:], len(body)) + member.name + member.extra
        local = (20, member.flags, method, 0, 33, crc, *(member.local_sizes or sizes), len(local_name), len(local_extra))
        body += struct.pack("<4s5H3I2H", b"PK\x03\x04", *local) + local_name + local_extra + packed
    last = end(len(members), len(directory), len(body), comment) if at_end is None else at_end
    return before + body + directory + last + after


def end(members: int, size: int, offset: int, comment: bytes = b"") -> bytes:
    """The record that ends a zip."""
    return struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, members, members, size, offset, len(comment)) + comment


def end_64(members: int, size: int, offset: int) -> bytes:
    """The record of 64 bits before it."""
    return struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, members, members, size, offset)


def locator_64(position: int) -> bytes:
    """The record that says where the one of 64 bits is."""
    return struct.pack("<4sIQI", b"PK\x06\x07", 0, position, 1)
