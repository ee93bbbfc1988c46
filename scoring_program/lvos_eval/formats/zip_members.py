"""Reading the members of a zip in place.

A member is read by its position, bounded by what the directory claimed, and checked against its checksum. Nothing is ever
written to disk.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from lvos_eval import system
from lvos_eval.formats.inflate import RAW, InflateError, crc32, inflate
from lvos_eval.formats.mask_issues import DamagedMember, MemberError
from lvos_eval.formats.zip_directory import unicode_names
from lvos_eval.formats.zip_end import IN_EXTRA

__all__ = ["DEFLATED", "ENCRYPTED", "LOCAL_HEADER", "STORED", "ArchiveReader", "Member", "alike", "plain_path", "unpack_member"]

STORED: Final = 0
DEFLATED: Final = 8
ENCRYPTED: Final = 0x2041
"""Flags of an encrypted member: encryption, strong encryption, hidden local headers."""

LOCAL_HEADER: Final = struct.Struct("<4s5H3I2H")
_LOCAL_SIGNATURE: Final = b"PK\x03\x04"
_CONTRADICTION: Final = "the zip member's header does not match the zip's directory"


class Member(NamedTuple):
    """Where a file lies in the zip; small, because worker processes are sent one for each frame."""

    raw_name: bytes
    offset: int
    packed: int
    unpacked: int
    deflated: bool
    crc: int


def unpack_member(member: Member, stored: bytes) -> bytes:
    """The content of a member from its bytes as they lie in the zip, length and checksum checked. Raises MemberError."""
    content = stored
    if member.deflated:
        try:
            content = inflate(stored, member.unpacked, RAW)
        except InflateError as fault:
            raise _damaged(f"the zip member does not unpack ({fault})") from None
    if len(content) != member.unpacked or crc32(content) != member.crc:
        raise _damaged("the zip member's checksum is wrong")
    return content


class ArchiveReader:
    """Reads members of one zip by position; keeps one file descriptor open."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, system.OPEN_REGULAR)

    def close(self) -> None:
        os.close(self._descriptor)

    def read_ahead(self, members: Sequence[Member]) -> None:
        """Tells the kernel which stretch of the file is read next."""
        if members:
            first = min(member.offset for member in members)
            last = max(member.offset + member.packed for member in members)
            system.read_ahead(self._descriptor, first, last - first)

    def read(self, member: Member) -> bytes:
        """The member's unpacked bytes, length and checksum checked. Raises MemberError."""
        return unpack_member(member, self.read_stored(member))

    def read_stored(self, member: Member) -> bytes:
        """The member's bytes as they lie in the zip, packed or not; only its header is checked. Raises MemberError."""
        # extra fields of the local header may differ from the directory's; 64 bytes hold those of common tools
        guess = LOCAL_HEADER.size + len(member.raw_name) + 64 + member.packed
        data = system.read_at(self._descriptor, guess, member.offset)
        if len(data) < LOCAL_HEADER.size:
            raise _damaged("the zip ends before the member")
        signature, _, flags, method, _, _, crc, size, unpacked, name_length, extra_length = LOCAL_HEADER.unpack_from(data)
        start = LOCAL_HEADER.size + name_length + extra_length
        name = data[LOCAL_HEADER.size : LOCAL_HEADER.size + name_length]
        kind = DEFLATED if member.deflated else STORED
        if signature != _LOCAL_SIGNATURE or method != kind or flags & ENCRYPTED or name != member.raw_name:
            raise _damaged(_CONTRADICTION)
        extra = data[LOCAL_HEADER.size + name_length : start]
        if any(not alike(name.decode("cp437"), other) for other in unicode_names(name, extra)):
            raise _damaged(_CONTRADICTION)
        if start + member.packed > len(data):
            data = system.read_at(self._descriptor, member.packed, member.offset + start)
            start = 0
        packed = data[start : start + member.packed]
        if len(packed) < member.packed:
            raise _damaged("the zip ends inside the member")
        # some programs go by these, which may be 0 where the header was written before the content
        claims = ((crc, member.crc), (size, member.packed), (unpacked, member.unpacked))
        if any(claim not in (0, IN_EXTRA, known) for claim, known in claims):
            raise _damaged(_CONTRADICTION)
        return packed


def _damaged(reason: str) -> MemberError:
    return MemberError(DamagedMember(reason))


def plain_path(name: str) -> str:
    """The path without the detours that some tools write: `./a//b` is `a/b`."""
    return "/".join(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))


def alike(name: str, other: str) -> bool:
    """Whether two readings of a name differ in accented and foreign letters only, folder by folder."""
    ours, theirs = plain_path(name).split("/"), plain_path(other).split("/")
    if len(ours) != len(theirs):
        return False
    return all(one == two or not (one.isascii() or two.isascii()) for one, two in zip(ours, theirs, strict=True))
