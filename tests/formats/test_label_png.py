"""Label maps are written in as few bits as they need, and read back by every reader as they were."""

from __future__ import annotations

import io
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from lvos_eval.formats.image_channels import first_channel
from lvos_eval.formats.inflate import deflate
from lvos_eval.formats.label_png import encode_labels, saved_image
from lvos_eval.formats.png import parse_header, parse_png
from submissions import Labels

PALETTE = bytes(range(1, 256)) * 3


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 7), st.integers(1, 19)), elements=st.integers(0, 255)),
    st.sampled_from([1, 3, 15, 255]),
)
def test_labels_are_read_back_by_us_and_by_pillow(array: Labels, highest: int) -> None:
    labels = np.minimum(array, highest).astype(np.uint8)
    data = encode_labels(labels, PALETTE)
    assert np.array_equal(first_channel(data), labels)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image), labels)


@pytest.mark.parametrize(("highest", "depth"), [(0, 1), (1, 1), (2, 2), (3, 2), (4, 4), (15, 4), (16, 8), (255, 8)])
def test_the_bits_are_as_few_as_the_highest_label_needs(highest: int, depth: int) -> None:
    labels = np.zeros((5, 9), np.uint8)
    labels[2, 3] = highest
    header, pixels = parse_png(encode_labels(labels, PALETTE))
    assert header.depth == depth
    rows = np.frombuffer(zlib.decompress(pixels), np.uint8).reshape(5, -1)
    assert not rows[:, 0].any(), "no row has a filter"


def test_shades_are_eight_bit_greys() -> None:
    labels = np.full((4, 4), 3, np.uint8)
    data = encode_labels(labels, b"")
    assert parse_header(data).colour_type == 0
    assert np.array_equal(np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)), labels)


def test_labels_without_a_colour_are_black() -> None:
    data = encode_labels(np.full((2, 2), 7, np.uint8), b"\1\2\3\4\5\6")
    with Image.open(io.BytesIO(data)) as image:
        assert (image.getpalette() or [])[:24] == [1, 2, 3, 4, 5, 6] + [0] * 18


def test_labels_that_lie_apart_in_memory_are_written_too() -> None:
    labels = np.arange(64, dtype=np.uint8).reshape(8, 8)[::2, ::2] % 4
    assert np.array_equal(first_channel(encode_labels(labels, PALETTE)), labels)


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 3), (3, 5, 4)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_an_array_is_saved_as_libraries_save_it(shape: tuple[int, ...], kind: type) -> None:
    array: NDArray[Any] = (np.arange(np.prod(shape)).reshape(shape) * 400 % np.iinfo(kind).max).astype(kind)
    data = saved_image(array)
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if len(shape) == 3:
        read = np.asarray(read)[..., [2, 1, 0, 3][: shape[2]]]
    assert np.array_equal(np.asarray(read), array)


def test_what_is_deflated_is_a_stream_that_zlib_reads() -> None:
    assert zlib.decompress(deflate(b"abc" * 1000)) == b"abc" * 1000
