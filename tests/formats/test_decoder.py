"""From the bytes of a mask to its objects, and what is no label map."""

from __future__ import annotations

import io
import pickle
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.label_map import Decoder, SalientDecoder
from lvos_eval.formats.mask_issues import LabelMapError, MaskIssue, NotIndexed, NotSalient, PngError, WrongSize
from lvos_eval.formats.mask_values import MaskValues
from lvos_eval.masks.packed import FrameSize
from submissions import png

SIZE: Final = FrameSize(6, 10)


def mask(*values: int) -> NDArray[np.uint8]:
    """A label map of shape (6, 10) with one row of pixels for each value, the rest 0."""
    labels = np.zeros((6, 10), np.uint8)
    for row, value in enumerate(values):
        labels[row] = value
    return labels


def test_declared_objects_are_found_and_other_labels_counted() -> None:
    found = Decoder([1, 3], SIZE).decode(png(mask(1, 3, 3, 9)))
    assert found.size == (6, 10)
    assert {object_id: item.area for object_id, item in found.objects.items()} == {1: 10, 3: 20}
    assert found.unknown == {9: 10}


def test_a_mask_with_the_bytes_of_the_last_one_is_not_decoded_again() -> None:
    decoder = Decoder([1], None)
    first = decoder.decode(png(mask(1)))
    assert decoder.decode(png(mask(1))) is first
    other = decoder.decode(png(mask(1, 1)))
    assert other.objects[1].area == 20
    assert decoder.decode(png(mask(1, 1))) is other


def test_a_fault_does_not_pass_for_the_last_mask() -> None:
    decoder = Decoder([1], SIZE)
    decoder.decode(png(mask(1)))
    for _ in range(2):
        with pytest.raises(LabelMapError):
            decoder.decode(png(mask(1)[:3]))
    assert decoder.decode(png(mask(1, 1))).objects[1].area == 20


@pytest.mark.parametrize(
    ("image", "issues", "text"),
    [
        (mask(1)[:3], (WrongSize(ImageKind.GREY, FrameSize(3, 10), SIZE),), "10x3 instead of 10x6"),
        (mask(1)[:, :4], (WrongSize(ImageKind.GREY, FrameSize(6, 4), SIZE),), "4x6 instead of 10x6"),
        (np.dstack([mask(1)] * 3), (NotIndexed(ImageKind.RGB),), "RGB"),
        (
            np.dstack([mask(1)[:3]] * 3),
            (NotIndexed(ImageKind.RGB), WrongSize(ImageKind.RGB, FrameSize(3, 10), SIZE)),
            "RGB, 10x3 instead of 10x6",
        ),
    ],
)
def test_what_is_no_label_map_of_the_size_is_said_at_once(image: NDArray[Any], issues: tuple[MaskIssue, ...], text: str) -> None:
    with pytest.raises(LabelMapError) as fault:
        Decoder([1], SIZE).decode(png(image))
    assert fault.value.issues == issues
    assert str(fault.value) == text


def test_an_empty_file_is_no_mask() -> None:
    with pytest.raises(PngError):
        Decoder([1], None).decode(b"")


def test_without_a_known_size_every_size_will_do() -> None:
    assert Decoder([1], None).decode(png(mask(1)[:3])).size.height == 3


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        pytest.param((1,), 1, id="0 and 1"),
        pytest.param((255, 255), 2, id="0 and 255"),
        pytest.param((), 0, id="only 0"),
        pytest.param((1,) * 6, 6, id="only 1"),
        pytest.param((255,) * 6, 6, id="only 255"),
        pytest.param((126, 127), 1, id="grey from 127 on"),
        pytest.param((1, 255), 1, id="three values are shades of grey, also with 1 among them"),
    ],
)
def test_a_salient_map_is_foreground_by_its_values(values: tuple[int, ...], rows: int) -> None:
    found = SalientDecoder([7], None).decode(png(mask(*values)))
    assert {object_id: item.area for object_id, item in found.objects.items()} == {7: 10 * rows}
    assert found.unknown == {}


def test_a_salient_map_of_another_size_is_refused() -> None:
    with pytest.raises(LabelMapError) as fault:
        SalientDecoder([7], SIZE).decode(png(mask(1)[:3]))
    assert fault.value.issues == (WrongSize(ImageKind.GREY, FrameSize(3, 10), SIZE),)


@pytest.mark.parametrize(("values", "held"), [((7,), (0, 7)), ((200,) * 6, (200,)), ((1, 1, 1, 255, 255, 255), (1, 255))])
def test_two_other_values_are_no_salient_map(values: tuple[int, ...], held: tuple[int, ...]) -> None:
    with pytest.raises(LabelMapError) as fault:
        SalientDecoder([7], None).decode(png(mask(*values)))
    assert fault.value.issues == (NotSalient(held),)
    assert pickle.loads(pickle.dumps(fault.value)).issues == fault.value.issues


def test_the_values_of_a_mask_are_its_labels_and_their_colours() -> None:
    image = Image.fromarray(mask(3))
    image.putpalette([9, 9, 9, *[1] * 6, 1, 2, 3])
    target = io.BytesIO()
    image.save(target, "PNG")
    decoder = Decoder([1], None)
    assert decoder.decode(png(mask(*[1] * 6))).values == MaskValues(ImageKind.GREY, b"\1")
    assert decoder.decode(target.getvalue()).values == MaskValues(ImageKind.PALETTE, b"\0\3", bytes([9, 9, 9, 1, 2, 3]))


def test_a_label_beyond_the_palette_is_black() -> None:
    image = Image.fromarray(mask(3))
    image.putpalette([9, 9, 9])
    target = io.BytesIO()
    image.save(target, "PNG", bits=8)
    assert Decoder([1], None).decode(target.getvalue()).values.colours == [(9, 9, 9), (0, 0, 0)]


@pytest.mark.parametrize(("labels", "listed"), [(127, True), (128, False)])
def test_the_values_of_a_mask_with_many_are_not_listed(labels: int, listed: bool) -> None:
    many = np.arange(labels + 1, dtype=np.uint8).reshape(1, -1)
    values = Decoder([1], None).decode(png(many)).values
    assert values == MaskValues(ImageKind.GREY, bytes(range(labels + 1)) if listed else b"")
