"""A PNG's header and its label image, checked before anything large is unpacked.

The usual mask (8 bits a pixel, palette or grey, no row filter) is a view of the inflated bytes; everything else is
decoded by Pillow.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lvos_eval.inflate import InflateFault, crc32, inflate

__all__ = ["HEADER_BYTES", "Png", "PngFault", "decode_labels", "parse_header", "parse_png"]

HEADER_BYTES: Final = 33
"""Signature and IHDR chunk: all that a mask's size needs."""

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_IHDR: Final = struct.Struct(">2I5B")
_GREY: Final = 0
_PALETTE: Final = 3
_COLOUR_TYPES: Final = {0: "greyscale", 2: "RGB", 3: "palette", 4: "greyscale with alpha", 6: "RGBA"}
_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


class PngFault(ValueError):
    """The bytes are no PNG, or a damaged one; `str()` says how."""


@dataclass(frozen=True, slots=True)
class Png:
    """What the header of a PNG says."""

    height: int
    width: int
    depth: int
    """Bits a sample."""
    colour_type: int
    interlaced: bool

    @property
    def is_indexed(self) -> bool:
        """One label a pixel: palette or greyscale of at most 8 bits."""
        return self.colour_type in (_GREY, _PALETTE) and self.depth <= 8

    @property
    def kind(self) -> str:
        """The kind of image in words, as `RGB` or `16-bit greyscale`."""
        name = _COLOUR_TYPES[self.colour_type]
        return name if self.depth <= 8 else f"{self.depth}-bit {name}"


def parse_header(data: bytes) -> Png:
    """The header from the first HEADER_BYTES of a file. Raises PngFault."""
    if not data:
        raise PngFault("empty file")
    if data[:8] != _SIGNATURE:
        kinds = {
            b"\xff\xd8": "a JPEG",
            b"BM": "a BMP",
            b"GI": "a GIF",
            b"II": "a TIFF",
            b"MM": "a TIFF",
            b"\x93N": "a NumPy array",
        }
        kind = kinds.get(data[:2])
        raise PngFault(f"not a PNG but {kind}" if kind else "not a PNG")
    if len(data) < HEADER_BYTES:
        raise PngFault("cut short inside the header")
    if data[8:16] != b"\0\0\0\x0dIHDR" or crc32(data[12:29]) != int.from_bytes(data[29:33], "big"):
        raise PngFault("the header's checksum is wrong")
    width, height, depth, colour_type, compression, filtering, interlace = _IHDR.unpack_from(data, 16)
    if not width or not height or depth not in _DEPTHS.get(colour_type, ()) or compression or filtering or interlace > 1:
        raise PngFault("the header has values that no PNG has")
    return Png(height, width, depth, colour_type, bool(interlace))


def parse_png(data: bytes) -> tuple[Png, bytes | memoryview]:
    """The header and the compressed pixel data, with the checksum of every chunk checked. Raises PngFault."""
    header = parse_header(data)
    view = memoryview(data)
    parts = []
    position = HEADER_BYTES
    while position + 12 <= len(data):
        length = int.from_bytes(view[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        end = position + 12 + length
        if end > len(data):
            break
        if crc32(view[position + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise PngFault(f"the checksum of chunk {kind.decode('latin-1')!r} is wrong")
        if kind == b"IDAT":
            parts.append(view[position + 8 : end - 4])
        elif kind == b"IEND":
            break
        position = end
    else:
        kind = b""
    if kind != b"IEND":
        raise PngFault(f"cut short after {len(data)} bytes")
    if not parts:
        raise PngFault("no pixel data")
    return header, parts[0] if len(parts) == 1 else b"".join(parts)


def decode_labels(data: bytes, header: Png, pixels: bytes | memoryview) -> NDArray[np.uint8]:
    """The (height, width) uint8 sample values of an indexed PNG, equal to `np.asarray(PIL.Image.open(...))` for 8-bit images.

    Samples of 1, 2 and 4 bits are taken as they are (Pillow scales grey ones to 0..255). `header` and `pixels` come from
    `parse_png(data)`, and the caller has accepted the header's size. Raises PngFault.
    """
    row_bytes = (header.width * header.depth + 7) // 8
    if not header.interlaced:
        try:
            rows = np.frombuffer(inflate(pixels, header.height * (row_bytes + 1)), np.uint8).reshape(header.height, row_bytes + 1)
        except InflateFault as fault:
            raise PngFault(str(fault)) from None
        if not rows[:, 0].any():
            return _samples(rows[:, 1:], header)
    return _decode_with_pillow(data, header)


def _samples(rows: NDArray[np.uint8], header: Png) -> NDArray[np.uint8]:
    """Unfiltered rows of packed samples as one byte a sample."""
    if header.depth == 8:
        return rows
    if header.depth == 1:
        return np.unpackbits(rows, axis=1, count=header.width)
    shifts = np.arange(8 - header.depth, -1, -header.depth, dtype=np.uint8)
    samples = (rows[:, :, None] >> shifts) & np.uint8((1 << header.depth) - 1)
    return samples.reshape(header.height, -1)[:, : header.width]


def _decode_with_pillow(data: bytes, header: Png) -> NDArray[np.uint8]:
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            labels = np.asarray(image).astype(np.uint8)
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        raise PngFault(f"damaged pixel data ({error})") from None
    if labels.shape != (header.height, header.width):
        raise PngFault("the pixel data does not have the header's size")
    if header.colour_type == _GREY and header.depth in (2, 4):
        labels //= 255 // ((1 << header.depth) - 1)
    return labels
