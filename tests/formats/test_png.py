"""Every kind of label PNG is decoded as Pillow decodes it; every damage is a PngError."""

from __future__ import annotations

import io
import itertools
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from faulty_submissions import claimed
from lvos_eval.formats.mask_issues import PngError
from lvos_eval.formats.png import MAX_PIXELS, Png, decode_labels, parse_header, parse_png, plain_png
from raw_pngs import chunk, ihdr, raw_png

GREY, PALETTE = 0, 3
NONE, SUB, UP, AVERAGE, PAETH = range(5)


def packed_rows(samples: NDArray[np.uint8], depth: int) -> list[bytes]:
    """Rows of samples as PNG packs them, the first sample in the highest bits."""
    bits = np.unpackbits(samples[:, :, None], axis=2)[:, :, 8 - depth :]
    return [np.packbits(row.reshape(-1)).tobytes() for row in bits]


def filtered(rows: list[bytes], filters: list[int]) -> bytes:
    """PNG's row filters, written from the definition, for pixels of at most one byte."""
    result = bytearray()
    above = bytes(len(rows[0])) if rows else b""
    for row, kind in zip(rows, filters, strict=True):
        result.append(kind)
        for x, value in enumerate(row):
            a, b, c = row[x - 1] if x else 0, above[x], above[x - 1] if x else 0
            p = a + b - c
            nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            result.append((value - (0, a, b, (a + b) // 2, nearest)[kind]) & 0xFF)
        above = row
    return bytes(result)


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png_bytes(
    samples: NDArray[np.uint8], depth: int, colour_type: int, kinds: list[int], *, interlaced: bool = False, parts: int = 1
) -> bytes:
    """A PNG of the samples whose rows have the filters `kinds` in turn, in several IDAT chunks."""
    height, width = samples.shape
    passes = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [samples]
    turn = itertools.cycle(kinds)
    data = b"".join(filtered(packed_rows(part, depth), [next(turn) for _ in part]) for part in passes if part.size)
    compressed = zlib.compress(data)
    step = -(-len(compressed) // parts)
    chunks = [ihdr(width, height, depth, colour_type, interlaced=interlaced)]
    if colour_type == PALETTE:
        chunks.append((b"PLTE", bytes(range(3)) * (1 << depth)))
    chunks += [(b"IDAT", compressed[start : start + step]) for start in range(0, len(compressed), step)]
    return raw_png(chunks)


def decoded(data: bytes) -> NDArray[np.uint8]:
    header, pixels = parse_png(data)
    return decode_labels(header, pixels)


def by_pillow(data: bytes, depth: int, colour_type: int) -> NDArray[np.uint8]:
    """What Pillow decodes, with its stretching of low-depth grey samples undone."""
    with Image.open(io.BytesIO(data)) as image:
        array = np.asarray(image).astype(np.uint8)
    return array // (255 // ((1 << depth) - 1)) if colour_type == GREY and depth in (2, 4) else array


@pytest.mark.parametrize("interlaced", [False, True], ids=["plain", "interlaced"])
@pytest.mark.parametrize(
    "kinds", [[NONE], [SUB], [UP], [AVERAGE], [PAETH], [SUB, NONE], [NONE, SUB, UP, AVERAGE, PAETH]], ids=str
)
@pytest.mark.parametrize("colour_type", [GREY, PALETTE], ids=["grey", "palette"])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_every_kind_of_mask_is_decoded_as_pillow_does(depth: int, colour_type: int, kinds: list[int], interlaced: bool) -> None:
    random = np.random.default_rng(depth)
    for height, width in ((1, 1), (5, 7), (9, 16), (12, 33)):
        samples = random.integers(0, 1 << depth, (height, width), np.uint8)
        data = png_bytes(samples, depth, colour_type, kinds, interlaced=interlaced, parts=3)
        assert (by_pillow(data, depth, colour_type) == samples).all()
        labels = decoded(data)
        assert labels.dtype == np.uint8
        assert (labels == samples).all()


@settings(max_examples=100)
@given(st.data())
def test_any_size_and_filters_are_decoded(data: st.DataObject) -> None:
    depth = data.draw(st.sampled_from([1, 2, 4, 8]))
    height, width = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 40))
    kinds = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=5))
    samples = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 1 << depth, (height, width), np.uint8)
    content = png_bytes(samples, depth, data.draw(st.sampled_from([GREY, PALETTE])), kinds, interlaced=data.draw(st.booleans()))
    assert (decoded(content) == samples).all()


def test_masks_written_by_opencv_and_pillow_are_decoded() -> None:
    labels = np.zeros((90, 123), np.uint8)
    labels[20:50, 30:80] = 3
    for strategy in (cv2.IMWRITE_PNG_STRATEGY_DEFAULT, cv2.IMWRITE_PNG_STRATEGY_FILTERED, cv2.IMWRITE_PNG_STRATEGY_RLE):
        content = cv2.imencode(".png", labels, [cv2.IMWRITE_PNG_STRATEGY, strategy])[1].tobytes()
        assert (decoded(content) == labels).all()
    for mode in ("L", "P"):
        target = io.BytesIO()
        image = Image.fromarray(labels)
        if mode == "P":
            image.putpalette([0] * 768)
        image.save(target, "PNG", optimize=True)
        assert (decoded(target.getvalue()) == labels).all()


def test_low_depth_grey_is_taken_as_it_is() -> None:
    assert decoded(png_bytes(np.ones((2, 2), np.uint8), 1, GREY, [NONE])).max() == 1


GOOD = png_bytes(np.ones((4, 6), np.uint8), 8, GREY, [NONE])
HEADER = struct.pack(">2I5B", 6, 4, 8, 0, 0, 0, 0)


def with_header(**fields: int) -> bytes:
    values = {"width": 6, "height": 4, "depth": 8, "colour": 0, "compression": 0, "filter": 0, "interlace": 0} | fields
    return GOOD[:8] + chunk(b"IHDR", struct.pack(">2I5B", *values.values())) + GOOD[33:]


def with_pixels(pixels: bytes) -> bytes:
    return GOOD[:33] + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


ROWS = (b"\0" + b"\1" * 6) * 4


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"hello", "not a PNG"),
        (b"\xff\xd8\xff\xe0", "not a PNG but a JPEG"),
        (b"GIF89a", "not a PNG but a GIF"),
        (b"BM1234", "not a PNG but a BMP"),
        (b"II*\0", "not a PNG but a TIFF"),
        (b"\x93NUMPY", "not a PNG but a NumPy array"),
        (b"RIFF1234WEBP", "not a PNG but a WebP"),
        (GOOD[:30], "cut short inside the header"),
        (GOOD[:20] + b"\xff" + GOOD[21:], "the header's checksum is wrong"),
        (with_header(width=0), "the header has values that no PNG has"),
        (with_header(depth=3), "the header has values that no PNG has"),
        (with_header(colour=1), "the header has values that no PNG has"),
        (with_header(compression=1), "the header has values that no PNG has"),
        (with_header(filter=1), "the header has values that no PNG has"),
        (with_header(interlace=2), "the header has values that no PNG has"),
        (claimed(100_000, 100_000), "the header claims 100000x100000 pixels, more than any video has"),
        (GOOD[:-12], f"cut short after {len(GOOD) - 12} bytes"),
        (GOOD[:45], "cut short after 45 bytes"),
        (GOOD[:41] + b"\xff" + GOOD[42:], "the checksum of chunk 'IDAT' is wrong"),
        (GOOD[:33] + chunk(b"IEND", b""), "no pixel data"),
        (GOOD[:33] + chunk(b"tEXt", b"") * 10_000 + GOOD[33:], "more than 10,000 chunks"),
        (with_pixels(b"no zlib"), "damaged compressed data (Error -3 while decompressing data: incorrect header check)"),
        (with_pixels(zlib.compress(ROWS)[:-1]), "cut short: the checksum is missing"),
        (with_pixels(zlib.compress(ROWS[:-1])), "cut short: 27 of 28 bytes of data"),
        (with_pixels(zlib.compress(ROWS + b"\0")), "more than the expected 28 bytes of data"),
        (with_pixels(zlib.compress(b"\5" + ROWS[1:])), "row filter 5, which PNG does not have"),
    ],
    ids=range(27),
)
def test_damage_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(PngError) as fault:
        decoded(data)
    assert str(fault.value) == reason


def test_an_interlaced_image_that_is_cut_short_is_damage() -> None:
    data = png_bytes(np.ones((9, 9), np.uint8), 8, GREY, [NONE], interlaced=True)
    header, pixels = parse_png(data)
    with pytest.raises(PngError, match=r"^cut short: 20 of 100 bytes of data$"):
        decode_labels(header, zlib.compress(zlib.decompress(pixels)[:20]))


@pytest.mark.parametrize(
    ("depth", "colour_type", "indexed", "kind"),
    [
        (8, 0, True, "greyscale"),
        (1, 3, True, "palette"),
        (1, 0, True, "1-bit greyscale"),
        (16, 0, False, "16-bit greyscale"),
        (8, 2, False, "RGB"),
        (16, 2, False, "16-bit RGB"),
        (8, 4, False, "greyscale with alpha"),
        (8, 6, False, "RGBA"),
    ],
)
def test_the_kind_of_image_is_said_in_words(depth: int, colour_type: int, indexed: bool, kind: str) -> None:
    header = parse_header(with_header(depth=depth, colour=colour_type))
    assert (header.kind.is_indexed, header.kind) == (indexed, kind)


def test_the_largest_believed_size_holds_4k_video() -> None:
    assert MAX_PIXELS >= 4096 * 2304


def test_a_plain_png_has_the_same_pixels_and_nothing_else() -> None:
    data = GOOD[:33] + chunk(b"tEXt", b"Comment\0x") + GOOD[33:]
    header, pixels = parse_png(data)
    assert plain_png(header, pixels) == GOOD
    assert header == Png(4, 6, 8, 0, False)
