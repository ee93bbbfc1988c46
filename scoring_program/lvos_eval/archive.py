"""Reading a zip in place, trusting nothing that it says.

The directory is checked before any member is touched; a member is read by its position, bounded by what the directory
claimed, and checked against its checksum. Nothing is ever written to disk.
"""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from lvos_eval.inflate import RAW, InflateFault, crc32, inflate
from lvos_eval.problems import ProblemCollector
from lvos_eval.settings import Limits

__all__ = ["ArchiveReader", "Member", "MemberFault", "list_members"]

SIZE_LIMIT: Final = 1_000_000_000
"""Bytes above which platforms have been seen to lose an upload without a word."""

_DIRECTORY_BYTES_PER_MEMBER: Final = 160
_RATIO_MATTERS_FROM: Final = 16 << 20
"""Below this size an uncompressed PNG of an empty mask may shrink a thousandfold in a zip, and that is no attack."""

_LOCAL_HEADER: Final = struct.Struct("<4s5H3I2H")
_LOCAL_SIGNATURE: Final = b"PK\x03\x04"
_DRIVE: Final = re.compile(r"[A-Za-z]:")


class MemberFault(ValueError):
    """A member cannot be read as its directory entry promises; `str()` says why."""


class Member(NamedTuple):
    """Where a file lies in the zip; small, because worker processes are sent one for each frame."""

    name: str
    offset: int
    packed: int
    unpacked: int
    deflated: bool
    crc: int


class _DirectoryTooLarge(Exception):
    """The directory is larger than any that fits the limits."""


class _BoundedFile(io.FileIO):
    """A file that refuses to read more than `limit` bytes at once: a zip's directory is read in one go."""

    def __init__(self, path: Path, limit: int) -> None:
        super().__init__(path, "rb")
        self._limit = limit

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self._limit:
            raise _DirectoryTooLarge
        return super().read(size) or b""


def list_members(path: Path, limits: Limits, collector: ProblemCollector) -> list[tuple[str, Member]]:
    """Every file in the zip as (path inside it, member), folders left out.

    What is wrong with the archive goes to `collector`; the list is empty where the archive must not be read.
    """
    try:
        with (
            _BoundedFile(path, max(limits.members * _DIRECTORY_BYTES_PER_MEMBER, 1 << 17)) as file,
            zipfile.ZipFile(file) as archive,
        ):
            entries = archive.infolist()
            directory = archive.start_dir
    except _DirectoryTooLarge:
        collector.add(
            "archive-too-large", f"the zip's directory has room for far more than {limits.members} files.", "zip the masks only."
        )
        return []
    except (zipfile.BadZipFile, UnicodeDecodeError, struct.error, NotImplementedError, ValueError, OverflowError) as error:
        _report_unreadable(path, str(error), collector)
        return []
    problems_before = len(collector.problems)
    _check_entries(entries, limits, collector)
    _check_overlaps(entries, directory, collector)
    if path.stat().st_size > SIZE_LIMIT:
        collector.add(
            "size-limit",
            f"the zip has {path.stat().st_size / 1e9:.2f} GB; platforms have lost uploads over 1 GB without a word.",
            "save the masks as palette PNG with compression, and leave out frames that are not asked for.",
        )
    errors = collector.problems[: len(collector.problems) - problems_before]
    if any(problem.code.startswith("archive-") for problem in errors):
        return []
    return [
        (
            entry.filename,
            Member(
                entry.filename,
                entry.header_offset,
                entry.compress_size,
                entry.file_size,
                entry.compress_type == zipfile.ZIP_DEFLATED,
                entry.CRC,
            ),
        )
        for entry in entries
        if not entry.is_dir()
    ]


def _report_unreadable(path: Path, reason: str, collector: ProblemCollector) -> None:
    with path.open("rb") as file:
        start = file.read(4)
    if start[:2] == b"PK":
        collector.add(
            "archive-damaged",
            f"the zip's directory cannot be read ({reason}).",
            "zip again and upload again; an upload that broke off looks like this.",
        )
        return
    kinds = {b"\x1f\x8b": "gzip or tar.gz", b"7z": "7z", b"Ra": "rar", b"BZ": "bzip2", b"\xfd7": "xz", b"\x89P": "a single PNG"}
    kind = kinds.get(start[:2])
    looks = f"; it looks like {kind}" if kind else ""
    collector.add("not-an-archive", f"{path.name} is no zip{looks}.", "make a zip: cd masks && zip -r ../submission.zip .")


def _examples(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(name if len(name) <= 80 else name[:77] + "..." for name in names[:3]) + more


def _check_entries(entries: Sequence[zipfile.ZipInfo], limits: Limits, collector: ProblemCollector) -> None:
    if len(entries) > limits.members:
        collector.add(
            "archive-too-large",
            f"the zip has {len(entries)} members; at most {limits.members} are allowed.",
            "zip the masks only.",
        )
        return
    encrypted = [entry.filename for entry in entries if entry.flag_bits & 0x1]
    if encrypted:
        collector.add("archive-encrypted", f"members are encrypted: {_examples(encrypted)}.", "zip again without a password.")
    unknown = [
        entry.filename
        for entry in entries
        if not entry.is_dir() and entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    ]
    if unknown:
        collector.add(
            "archive-unsupported",
            f"members use a compression other than stored or deflated: {_examples(unknown)}.",
            "zip again with the default method: zip -r ../submission.zip .",
        )
    unsafe = [entry.orig_filename for entry in entries if _is_unsafe(entry)]
    if unsafe:
        collector.add(
            "archive-unsafe-path",
            f"members have absolute paths, '..', backslashes, drives, or are links or devices: {_examples(unsafe)}.",
            "zip plain files with relative paths: cd masks && zip -r ../submission.zip .",
        )
    _check_sizes(entries, limits, collector)


def _is_unsafe(entry: zipfile.ZipInfo) -> bool:
    name = entry.orig_filename
    mode = entry.external_attr >> 16
    kind = stat.S_IFMT(mode)
    return (
        name.startswith("/")
        or "\\" in name
        or "\0" in name
        or _DRIVE.match(name) is not None
        or ".." in name.split("/")
        or (entry.create_system == 3 and kind not in (0, stat.S_IFREG, stat.S_IFDIR))
    )


def _check_sizes(entries: Sequence[zipfile.ZipInfo], limits: Limits, collector: ProblemCollector) -> None:
    total = sum(entry.file_size for entry in entries)
    if total > limits.total_bytes:
        collector.add(
            "archive-too-large",
            f"the members unpack to {total / 1e9:.1f} GB; at most {limits.total_bytes / 1e9:.1f} GB are allowed.",
            "save the masks as palette PNG with compression.",
        )
    large = [entry.filename for entry in entries if entry.file_size > limits.member_bytes]
    if large:
        collector.add(
            "archive-too-large",
            f"members unpack to more than {limits.member_bytes / 1e6:.0f} MB each: {_examples(large)}.",
            "a mask is a few kilobytes as a palette PNG; leave everything else out.",
        )
    dense = [
        entry.filename
        for entry in entries
        if _RATIO_MATTERS_FROM < entry.file_size <= limits.member_bytes
        and entry.file_size > limits.ratio * max(entry.compress_size, 1)
    ]
    if dense:
        collector.add(
            "archive-too-large",
            f"members unpack to more than {limits.ratio:.0f} times their packed size: {_examples(dense)}.",
            "save the masks as palette PNG with compression.",
        )


def _check_overlaps(entries: Iterable[zipfile.ZipInfo], directory: int, collector: ProblemCollector) -> None:
    """No two members may share bytes, nor reach into the directory: that is how small zips unpack to petabytes."""
    spans = sorted((entry.header_offset, entry.compress_size + len(entry.orig_filename), entry.filename) for entry in entries)
    ends = [*(start for start, _, _ in spans[1:]), directory]
    overlapping = [
        name for (start, length, name), end in zip(spans, ends, strict=False) if start + _LOCAL_HEADER.size + length > end
    ]
    if overlapping:
        collector.add(
            "archive-damaged",
            f"members overlap each other or the directory: {_examples(overlapping)}.",
            "zip again with a common tool: zip -r ../submission.zip .",
        )


class ArchiveReader:
    """Reads members of one zip by position; keeps one file descriptor open."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def close(self) -> None:
        os.close(self._descriptor)

    def read_ahead(self, members: Sequence[Member]) -> None:
        """Tells the kernel which stretch of the file is read next."""
        if members and hasattr(os, "posix_fadvise"):
            first = min(member.offset for member in members)
            last = max(member.offset + member.packed for member in members)
            os.posix_fadvise(self._descriptor, first, last - first, os.POSIX_FADV_WILLNEED)

    def read(self, member: Member) -> bytes:
        """The member's unpacked bytes, length and checksum checked. Raises MemberFault."""
        # extra fields of the local header may differ from the directory's; 64 bytes hold those of common tools
        guess = _LOCAL_HEADER.size + 2 * len(member.name) + 64 + member.packed
        data = os.pread(self._descriptor, guess, member.offset)
        if len(data) < _LOCAL_HEADER.size:
            raise MemberFault("the zip ends before the member")
        signature, _, _, method, _, _, _, _, _, name_length, extra_length = _LOCAL_HEADER.unpack_from(data)
        if signature != _LOCAL_SIGNATURE or (method == zipfile.ZIP_DEFLATED) != member.deflated:
            raise MemberFault("the member's header does not match the zip's directory")
        start = _LOCAL_HEADER.size + name_length + extra_length
        if start + member.packed > len(data):
            data = os.pread(self._descriptor, member.packed, member.offset + start)
            start = 0
        packed = data[start : start + member.packed]
        if len(packed) < member.packed:
            raise MemberFault("the zip ends inside the member")
        if member.deflated:
            try:
                content = inflate(packed, member.unpacked, RAW)
            except InflateFault as fault:
                raise MemberFault(f"zip member: {fault}") from None
        else:
            content = packed
        if len(content) != member.unpacked or crc32(content) != member.crc:
            raise MemberFault("the zip member's checksum is wrong")
        return content
