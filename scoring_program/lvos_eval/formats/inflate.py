"""Inflating, deflating and checksumming, by zlib-ng where it is installed (extra `fast`) and by the standard library otherwise.

Both unpack the same bytes, and what one has packed the other unpacks; zlib-ng is several times faster.
"""

from __future__ import annotations

import zlib
from types import ModuleType
from typing import Final

__all__ = ["ACCELERATED", "InflateError", "crc32", "deflate", "inflate"]

_engine: ModuleType
try:
    from zlib_ng import zlib_ng as _engine
except ImportError:
    _engine = zlib

ACCELERATED: Final = _engine is not zlib

ZLIB: Final = zlib.MAX_WBITS
"""Window bits of a zlib stream with header and Adler-32 checksum, as inside a PNG."""

RAW: Final = -zlib.MAX_WBITS
"""Window bits of a bare deflate stream, as inside a zip."""

crc32 = _engine.crc32


_LEVEL: Final = 6
"""The highest level that is quick: 9 takes five times as long, for a tenth less."""


def deflate(data: bytes) -> bytes:
    """`data` as a zlib stream, as inside a PNG."""
    packed: bytes = _engine.compress(data, _LEVEL)
    return packed


class InflateError(ValueError):
    """The compressed data is damaged, cut short, or does not have the length it should."""


def inflate(data: bytes | memoryview, length: int, window_bits: int = ZLIB) -> bytes:
    """`data` inflated to exactly `length` bytes.

    Never unpacks more than one byte beyond `length`, whatever the stream claims. (Being told the length, the engine also
    allocates once, which is why this is faster than an unbounded `decompress`.) Raises InflateError.
    """
    engine = _engine.decompressobj(window_bits)
    try:
        unpacked: bytes = engine.decompress(data, length + 1)
    except _engine.error as error:
        raise InflateError(f"damaged compressed data ({error})") from None
    if len(unpacked) > length:
        raise InflateError(f"more than the expected {length} bytes of data")
    if len(unpacked) < length:
        raise InflateError(f"cut short: {len(unpacked)} of {length} bytes of data")
    if not engine.eof:
        raise InflateError("cut short: the checksum is missing")
    return unpacked
