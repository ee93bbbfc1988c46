"""What must hold for any bytes that are read as a PNG or as a zip; `fuzz.py` looks for bytes for which it does not."""

from __future__ import annotations

import io
import struct
import tempfile
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.formats.mask_issues import MemberError, PngError
from lvos_eval.formats.png import decode_labels, parse_png
from lvos_eval.formats.zip_members import ArchiveReader, Member
from lvos_eval.protocols.lvos import LAYOUT
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.submission.listing import open_submission
from raw_pngs import ihdr, raw_png

_PNG, _BUILT_PNG, _ZIP, _BUILT_ZIP = range(4)
_LIMITS: Final = ArchiveLimits(members=200, total_bytes=1 << 24, member_bytes=1 << 20)
_VIDEOS: Final = frozenset({"aPlain01", "bLate002"})


def check_input(data: bytes) -> None:
    """The first byte says what the rest is: a PNG, what to build a PNG from, a zip, or what to build a zip from."""
    kind, content = data[:1], data[1:]
    if not kind:
        return
    match kind[0] % 4:
        case 0:
            check_png(content)
        case 1:
            check_png(built_png(content))
        case 2:
            check_zip(content)
        case 3:
            check_zip(built_zip(content))


def check_png(data: bytes) -> None:
    """A PNG is refused with PngError, or decoded to what Pillow decodes if Pillow does not refuse it."""
    try:
        header, pixels = parse_png(data)
        if not header.kind.is_indexed or header.height * header.width > 1 << 22:
            return
        labels = decode_labels(header, pixels)
    except PngError:
        return
    assert labels.shape == (header.height, header.width)
    assert labels.dtype == np.uint8
    assert labels.max(initial=0) < 1 << header.depth
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            expected = np.asarray(image).astype(np.uint8)
    except (OSError, SyntaxError, ValueError, struct.error, IndexError):
        return
    if header.colour_type == 0 and header.depth in (2, 4):
        expected //= 255 // ((1 << header.depth) - 1)
    assert expected.shape != labels.shape or (expected == labels).all()


def built_png(data: bytes) -> bytes:
    """A PNG with a right header and right checksums, whose rows are whatever the rest of `data` holds."""
    choice, width, height, level, *_ = data[:4].ljust(4, b"\1")
    width, height = width % 70 + 1, height % 12 + 1
    depth = 1 << (choice & 3)
    row = (width * depth + 7) // 8 + 1
    filters = 2 if choice & 32 else 6
    rows = bytearray(data[4 : 4 + row * height].ljust(row * height, b"\0"))
    for start in range(0, len(rows), row):
        rows[start] %= filters
    compressed = zlib.compress(bytes(rows), level % 10)
    cut = 1 + level % max(len(compressed), 1)
    header = ihdr(width, height, depth, 3 * bool(choice & 4), interlaced=choice & 24 == 24)
    return raw_png([header, (b"PLTE", bytes(3 << depth)), (b"IDAT", compressed[:cut]), (b"IDAT", compressed[cut:])])


def built_zip(data: bytes) -> bytes:
    """A good zip with some bytes changed: `data` holds triples of two bytes position and one byte value."""
    content = bytearray(good_zip())
    for high, low, value in zip(data[::3], data[1::3], data[2::3], strict=False):
        content[(high << 8 | low) % len(content)] ^= value
    return bytes(content)


def good_zip() -> bytes:
    """A small submission with stored and deflated members and a folder."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(zipfile.ZipInfo("masks/"), b"")
        for number, video in enumerate(sorted(_VIDEOS)):
            for frame in (1, 6, 11):
                info = zipfile.ZipInfo(f"masks/{video}/{frame:08d}.png")
                info.compress_type = zipfile.ZIP_DEFLATED if number else zipfile.ZIP_STORED
                archive.writestr(info, built_png(bytes([6, 9, 5, frame])))
    return target.getvalue()


def check_zip(data: bytes) -> None:
    """A zip is refused with problems, or each of its members is refused or equal to what the standard library reads."""
    with tempfile.NamedTemporaryFile(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as file:
        file.write(data)
        file.flush()
        path = Path(file.name)
        collector = ProblemCollector()
        submission = open_submission(path, _VIDEOS, LAYOUT, _LIMITS, collector)
        for problem in collector.problems:
            assert problem.message.isprintable()
            assert problem.fix.isprintable()
        if not submission.readable:
            assert collector.has_errors
            return
        reader = ArchiveReader(path)
        for frames in submission.masks.values():
            for (member,) in frames.values():
                assert isinstance(member, Member)
                try:
                    content = reader.read(member)
                except MemberError:
                    continue
                assert len(content) <= _LIMITS.member_bytes
                assert zlib.crc32(content) == member.crc
                _compare(data, member, content)
        reader.close()


def _compare(data: bytes, member: Member, content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.read(member.raw_name.decode()) == content
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        zlib.error,
        struct.error,
    ):
        pass


def seeds() -> list[bytes]:
    """Inputs to start from."""
    pngs = [bytes([choice, 17, 7, 6]) + bytes(range(256)) for choice in range(64)]
    zips = [bytes([_ZIP]) + good_zip(), bytes([_BUILT_ZIP]) + bytes(12)]
    return [bytes([_BUILT_PNG]) + png for png in pngs] + [bytes([_PNG]) + built_png(png) for png in pngs] + zips
