"""PNGs put together from their parts, right or wrong."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import Final

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk with its length and its checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def ihdr(width: int, height: int, depth: int = 8, colour_type: int = 0, *, interlaced: bool = False) -> tuple[bytes, bytes]:
    """The header, by kind and content."""
    return b"IHDR", struct.pack(">2I5B", width, height, depth, colour_type, 0, 0, interlaced)


def raw_png(chunks: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A file of chunks by kind and content; the last one is added."""
    return SIGNATURE + b"".join(chunk(*part) for part in (*chunks, (b"IEND", b"")))
