"""Palettes are recognised by their colours and by the greys that libraries make of them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from faulty_submissions import palette_image, png_of
from lvos_eval.submission.palettes import PALETTES, ColourReading, GreyReading, Palette, palette_of_colours, palette_of_greys

each_palette = pytest.mark.parametrize("index", range(len(PALETTES)), ids=[palette.name for palette in PALETTES])


def ids_of(palette: Palette, most: int = 6) -> list[int]:
    return sorted(palette.colours)[:most]


def test_the_davis_palette_has_the_greys_that_the_contract_names() -> None:
    found = palette_of_greys([38, 75, 113, 15, 53, 90, 128, 19], range(1, 9))
    assert found == GreyReading("DAVIS", {38: 1, 75: 2, 113: 3, 15: 4, 53: 5, 90: 6, 128: 7, 19: 8}, frozenset())


def test_the_davis_toolkit_has_191_where_the_voc_colour_map_has_192() -> None:
    davis, toolkit = PALETTES[:2]
    assert (davis.colours[9], toolkit.colours[9]) == ((192, 0, 0), (191, 0, 0))
    found = palette_of_colours([(128, 0, 0), (191, 0, 0)], [1, 9])
    assert found == ColourReading("DAVIS toolkit", {(128, 0, 0): 1, (191, 0, 0): 9}, {})


@each_palette
def test_greys_are_those_that_pillow_and_opencv_make(index: int) -> None:
    ids = ids_of(PALETTES[index])
    image = palette_image(np.array([ids], np.uint8), index)
    rgb = np.asarray(image.convert("RGB"))
    greys = [
        np.asarray(image.convert("L")),
        cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY),
        cv2.imdecode(np.frombuffer(png_of(image), np.uint8), cv2.IMREAD_GRAYSCALE),
    ]
    for row in greys:
        values = np.asarray(row)[0].tolist()
        found = palette_of_greys(values, ids)
        assert found is not None
        assert len({*values}) < len(ids) or [found.ids[value] for value in values] == ids


@each_palette
def test_colours_are_recognised_and_black_is_background(index: int) -> None:
    palette = PALETTES[index]
    # with red, green and blue alone, the order of the channels cannot be determined
    ids = [1, 2, 3] if palette.name.startswith("DAVIS") else [1, 2, 4]
    found = palette_of_colours([(0, 0, 0), *(palette.colours[object_id] for object_id in ids)], ids)
    assert found is not None
    assert sorted(found.ids.values()) == ids


def test_values_of_no_palette_or_of_undeclared_ids_are_not_explained() -> None:
    assert palette_of_greys([38, 39], [1, 2]) is None
    assert palette_of_greys([75], [1]) is None
    assert palette_of_greys([], [1]) is None
    assert palette_of_colours([(128, 0, 0), (1, 2, 3)], [1, 2]) is None
    assert palette_of_colours([(0, 0, 0)], [1]) is None


def test_other_videos_tell_whether_red_and_blue_were_swapped() -> None:
    red, blue, yellow, cyan = (128, 0, 0), (0, 0, 128), (128, 128, 0), (0, 128, 128)
    assert palette_of_colours([red], [1, 4]) is None
    kept = palette_of_colours([red], [1, 4], [([yellow], [3])])
    assert kept == ColourReading("DAVIS", {red: 1, blue: 4}, {})
    swapped = palette_of_colours([red], [1, 4], [([cyan], [3])])
    assert swapped == ColourReading("DAVIS (red and blue swapped)", {blue: 1, red: 4}, {})


def test_a_colour_of_an_object_that_the_video_does_not_have_is_said() -> None:
    reading = palette_of_colours([(128, 0, 0), (128, 128, 0)], [1])
    assert reading == ColourReading("DAVIS", {(128, 0, 0): 1}, {(128, 128, 0): 3})
