"""A PNG's header and its label image, checked before anything large is unpacked.

The usual mask (palette or grey, no row filter) is a view of the inflated bytes, and the horizontal filter that OpenCV
writes is a running sum; everything else is decoded by Pillow, from a PNG that holds nothing but the pixel data.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lvos_eval.diagnostics.text import counted
from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.inflate import InflateError, crc32, inflate
from lvos_eval.formats.mask_issues import NotPng, PngError, TooLarge, Unreadable
from lvos_eval.masks.packed import FrameSize

__all__ = [
    "HEADER_BYTES",
    "MAX_PIXELS",
    "PALETTE",
    "Png",
    "decode_labels",
    "palette_colours",
    "parse_header",
    "parse_png",
    "plain_png",
]

HEADER_BYTES: Final = 33
"""Signature and IHDR chunk: all that a mask's size needs."""

MAX_PIXELS: Final = 1 << 24
"""Almost two frames of 4K video; a header that claims more is not believed, so that a mask costs bounded memory."""

_MAX_CHUNKS: Final = 10_000
"""More chunks than any tool writes; a file of empty ones would take seconds to walk through."""

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_IHDR: Final = struct.Struct(">2I5B")
PALETTE: Final = 3
"""The colour type of an image whose samples are indices."""
_NO_FILTER: Final = 0
_SUB_FILTER: Final = 1
_LAST_FILTER: Final = 4
_ADAM7: Final = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column, first row, and their steps, of the passes of an interlaced image."""
_KINDS: Final = {
    (0, 1): ImageKind.GREY_1,
    (0, 2): ImageKind.GREY_2,
    (0, 4): ImageKind.GREY_4,
    (0, 8): ImageKind.GREY,
    (0, 16): ImageKind.GREY_16,
    (2, 8): ImageKind.RGB,
    (2, 16): ImageKind.RGB_16,
    **dict.fromkeys(((PALETTE, depth) for depth in (1, 2, 4, 8)), ImageKind.PALETTE),
    (4, 8): ImageKind.GREY_ALPHA,
    (4, 16): ImageKind.GREY_ALPHA_16,
    (6, 8): ImageKind.RGBA,
    (6, 16): ImageKind.RGBA_16,
}
"""Every pair of colour type and depth that PNG has."""
_OTHER_FORMATS: Final = {
    b"\xff\xd8": "a JPEG",
    b"BM": "a BMP",
    b"GI": "a GIF",
    b"II": "a TIFF",
    b"MM": "a TIFF",
    b"\x93N": "a NumPy array",
    b"RI": "a WebP",
    b"P5": "a PGM",
    b"P6": "a PPM",
}
"""By the first two bytes."""


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
    def size(self) -> FrameSize:
        return FrameSize(self.height, self.width)

    @property
    def kind(self) -> ImageKind:
        return _KINDS[self.colour_type, self.depth]


def parse_header(data: bytes) -> Png:
    """The header from the first HEADER_BYTES of a file. Raises PngError."""
    if not data:
        raise PngError(Unreadable("the file is empty"))
    if data[:8] != _SIGNATURE:
        raise PngError(NotPng(_OTHER_FORMATS.get(data[:2])))
    if len(data) < HEADER_BYTES:
        raise PngError(Unreadable("cut short inside the header"))
    if data[8:16] != b"\0\0\0\x0dIHDR" or crc32(data[12:29]) != int.from_bytes(data[29:33], "big"):
        raise PngError(Unreadable("the header's checksum is wrong"))
    width, height, depth, colour_type, compression, filtering, interlace = _IHDR.unpack_from(data, 16)
    if not width or not height or (colour_type, depth) not in _KINDS or compression or filtering or interlace > 1:
        raise PngError(Unreadable("the header has values that no PNG has"))
    if height * width > MAX_PIXELS:
        raise PngError(TooLarge(f"the header claims {width}x{height} pixels, more than any video has"))
    return Png(height, width, depth, colour_type, bool(interlace))


def parse_png(data: bytes) -> tuple[Png, bytes | memoryview]:
    """The header and the compressed pixel data, with the checksum of every chunk checked. Raises PngError."""
    header = parse_header(data)
    view = memoryview(data)
    parts = []
    position = HEADER_BYTES
    kind, end = b"", 0
    for _ in range(_MAX_CHUNKS):
        if position + 12 > len(data):
            break
        length = int.from_bytes(view[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        end = position + 12 + length
        if end > len(data):
            break
        if crc32(view[position + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise PngError(Unreadable(f"the checksum of chunk {kind.decode('latin-1')!r} is wrong"))
        if kind == b"IDAT":
            parts.append(view[position + 8 : end - 4])
        elif kind == b"IEND":
            break
        position = end
    else:
        raise PngError(Unreadable(f"more than {_MAX_CHUNKS:,} chunks"))
    if kind != b"IEND" or end > len(data):
        raise PngError(Unreadable(f"cut short after {counted(len(data), 'byte')}"))
    if not parts:
        raise PngError(Unreadable("no pixel data"))
    return header, parts[0] if len(parts) == 1 else b"".join(parts)


def palette_colours(data: bytes) -> bytes:
    """The palette of a PNG that `parse_png` has accepted, three bytes for each colour; empty if it has none."""
    position = HEADER_BYTES
    while (kind := data[position + 4 : position + 8]) not in (b"IDAT", b"IEND"):
        end = position + 8 + int.from_bytes(data[position : position + 4], "big")
        if kind == b"PLTE":
            return data[position + 8 : end]
        position = end + 4
    return b""


def decode_labels(header: Png, pixels: bytes | memoryview) -> NDArray[np.uint8]:
    """The (height, width) uint8 sample values of an indexed PNG, equal to `np.asarray(PIL.Image.open(...))` for 8-bit images.

    Samples of 1, 2 and 4 bits are taken as they are (Pillow scales grey ones to 0..255). `header` and `pixels` come from
    `parse_png`, and the caller has accepted the header's size. Raises PngError.
    """
    try:
        unpacked = inflate(pixels, sum(height * (row_bytes + 1) for height, row_bytes in _passes(header)))
    except InflateError as fault:
        raise PngError(Unreadable(str(fault))) from None
    if header.interlaced:
        return _decode_with_pillow(header, pixels)
    rows = np.frombuffer(unpacked, np.uint8).reshape(header.height, -1)
    highest = max(unpacked[:: rows.shape[1]].strip(b"\0"), default=_NO_FILTER)
    if highest == _NO_FILTER:
        return _samples(rows[:, 1:], header)
    if highest == _SUB_FILTER:
        samples = rows[:, 1:].copy()
        filtered = rows[:, 0] == _SUB_FILTER
        samples[filtered] = np.cumsum(samples[filtered], axis=1, dtype=np.uint8)
        return _samples(samples, header)
    if highest > _LAST_FILTER:
        raise PngError(Unreadable(f"row filter {highest}, which PNG does not have"))
    return _decode_with_pillow(header, pixels)


def _passes(header: Png) -> list[tuple[int, int]]:
    """(rows, bytes of a row) of each pass over the image that the pixel data is made of: one, or the seven of Adam7."""
    grids = _ADAM7 if header.interlaced else ((0, 0, 1, 1),)
    sizes = [(-(-(header.width - x) // dx), -(-(header.height - y) // dy)) for x, y, dx, dy in grids]
    return [(height, (width * header.depth + 7) // 8) for width, height in sizes if width > 0 and height > 0]


def _samples(rows: NDArray[np.uint8], header: Png) -> NDArray[np.uint8]:
    """Unfiltered rows of packed samples as one byte a sample."""
    if header.depth == 8:
        return rows
    if header.depth == 1:
        return np.unpackbits(rows, axis=1, count=header.width)
    samples = _unpacked_bytes(header.depth)[rows].view(np.uint8)
    return samples.reshape(header.height, -1)[:, : header.width]


@cache
def _unpacked_bytes(depth: int) -> NDArray[np.unsignedinteger[Any]]:
    """By byte its samples of 2 or 4 bits, as one number that holds a byte for each: a look-up is faster than to shift."""
    shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
    samples = (np.arange(256, dtype=np.uint8)[:, None] >> shifts) & np.uint8((1 << depth) - 1)
    return samples.view(f"u{8 // depth}").reshape(-1)


def _decode_with_pillow(header: Png, pixels: bytes | memoryview) -> NDArray[np.uint8]:
    # as a palette image, whose samples Pillow does not scale
    plain = plain_png(replace(header, colour_type=PALETTE), pixels)
    # not loaded for masks as most tools write them
    from PIL import Image

    try:
        with Image.open(io.BytesIO(plain), formats=["PNG"]) as image:
            labels = np.asarray(image, np.uint8)
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        raise PngError(Unreadable(f"damaged pixel data ({error})")) from None
    if labels.shape != (header.height, header.width):
        raise PngError(Unreadable("the pixel data does not have the header's size"))
    return labels


def plain_png(header: Png, pixels: bytes | memoryview, palette: bytes = b"") -> bytes:
    """A PNG of compressed pixels without the other chunks of a file, whose readers need not be trusted.

    Of a palette image the colours, three bytes each, are all black unless given.
    """
    fields = _IHDR.pack(header.width, header.height, header.depth, header.colour_type, 0, 0, header.interlaced)
    chunks = [(b"IHDR", fields), (b"IDAT", bytes(pixels)), (b"IEND", b"")]
    if header.colour_type == PALETTE:
        chunks.insert(1, (b"PLTE", palette or bytes(3 << header.depth)))
    return _SIGNATURE + b"".join(
        len(content).to_bytes(4, "big") + kind + content + crc32(kind + content).to_bytes(4, "big") for kind, content in chunks
    )
