"""Ways in which people save masks wrongly, each as a function of the good predictions of a whole submission."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faulty_submissions import palette_image, png_of
from lvos_eval.submission.palettes import PALETTES
from raw_pngs import ihdr, raw_png
from submissions import Files, Labels, png

Masks: TypeAlias = Mapping[str, Mapping[int, Labels]]
"""Label maps by video and frame."""

Encode: TypeAlias = Callable[[Masks], Files]


def each(draw: Callable[[Labels], bytes]) -> Encode:
    """Every mask by itself."""
    return lambda masks: {
        f"{video}/{frame:08d}.png": draw(array) for video, frames in masks.items() for frame, array in frames.items()
    }


def by_video(draw: Callable[[Labels, int], bytes]) -> Encode:
    """Every mask, with the largest label of its video."""

    def encode(masks: Masks) -> Files:
        largest = {video: max(int(array.max()) for array in frames.values()) for video, frames in masks.items()}
        return {
            f"{video}/{frame:08d}.png": draw(array, max(largest[video], 1))
            for video, frames in masks.items()
            for frame, array in frames.items()
        }

    return encode


def indexed(labels: Labels, colours: list[tuple[int, int, int]]) -> bytes:
    """A palette image of 8 bits with exactly these colours."""
    height, width = labels.shape
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in labels))
    palette = b"".join(map(bytes, colours))
    return raw_png([ihdr(width, height, colour_type=3), (b"PLTE", palette), (b"IDAT", rows)])


def packed(labels: Labels, colour_type: int = 0) -> bytes:
    """A greyscale or palette image of as few bits as the labels need."""
    depth = next(depth for depth in (1, 2, 4, 8) if labels.max() < 1 << depth)
    height, width = labels.shape
    bits = np.unpackbits(labels[..., None], axis=2)[..., 8 - depth :].reshape(height, width * depth)
    return png_of_bits(bits, width, depth, colour_type)


def png_of_bits(bits: NDArray[np.uint8], width: int, depth: int, colour_type: int) -> bytes:
    """A PNG of rows of bits."""
    palette = [(b"PLTE", b"".join(map(bytes, DAVIS[: 1 << depth])))] if colour_type == 3 else []
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in np.packbits(bits, axis=1)))
    return raw_png([ihdr(width, len(bits), depth, colour_type), *palette, (b"IDAT", rows)])


DAVIS: Final = [(0, 0, 0), *(PALETTES[0].colours[object_id] for object_id in range(1, 64))]


def optimised(array: Labels) -> bytes:
    """Unused colours are left out, so that the labels are other numbers."""
    used = np.unique(np.append(array, 0))
    return indexed(np.searchsorted(used, array).astype(np.uint8), [DAVIS[object_id] for object_id in used])


def coloured_by_rank(array: Labels) -> bytes:
    """The ids as they are, in colours by their rank in the mask."""
    colours = [(0, 0, 0)] * 64
    for rank, object_id in enumerate(np.unique(np.append(array, 0)).tolist()):
        colours[object_id] = DAVIS[rank]
    return indexed(array, colours)


def as_rgb(palette: int = 0, mode: str = "RGB") -> Callable[[Labels], bytes]:
    return lambda array: png_of(palette_image(array, palette).convert(mode))


def smoothed(array: Labels) -> bytes:
    """Colours after a smooth resize."""
    small = palette_image(array).convert("RGB").resize((array.shape[1] // 2, array.shape[0] // 2), Image.Resampling.BILINEAR)
    return png_of(small.resize((array.shape[1], array.shape[0]), Image.Resampling.BILINEAR))


def probabilities(array: Labels) -> bytes:
    return png(np.asarray(cv2.GaussianBlur((array > 0).astype(np.uint8) * np.uint8(255), (9, 9), 3)))


def stretched(array: Labels, largest: int) -> NDArray[Any]:
    return (array / largest * 255).astype(np.uint8)


def three(array: NDArray[Any]) -> bytes:
    """Three equal channels."""
    return png(np.dstack([array] * 3))


def by_matplotlib(array: Labels) -> bytes:
    """As `plt.imsave(cmap="gray")`: each mask stretched by itself, four channels."""
    grey = np.minimum(array.astype(int) * 256 // max(int(array.max()), 1), 255).astype(np.uint8)
    return png(np.dstack([grey, grey, grey, np.full_like(grey, 255)]))


def read_as_grey(array: Labels) -> bytes:
    data = np.frombuffer(png_of(palette_image(array)), np.uint8)
    return png(np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)))


UNDONE: Final[dict[str, tuple[str, Encode]]] = {
    "colours": ("not-indexed", each(as_rgb())),
    "colours of YouTube-VOS": ("not-indexed", each(as_rgb(2))),
    "colours of matplotlib": ("not-indexed", each(as_rgb(3))),
    "colours with red and blue swapped": (
        "not-indexed",
        each(lambda array: png(np.ascontiguousarray(np.asarray(palette_image(array).convert("RGB"))[..., ::-1]))),
    ),
    "colours and alpha": ("not-indexed", each(as_rgb(0, "RGBA"))),
    "three channels of ids": ("not-indexed", each(three)),
    "ids and alpha": ("not-indexed", each(lambda array: png_of(Image.fromarray(np.dstack([array, array * 0 + np.uint8(255)]))))),
    "sixteen bits": ("not-indexed", each(lambda array: png(array.astype(np.uint16)))),
    "three channels of ids times 40": ("not-indexed", each(lambda array: three(array * np.uint8(40)))),
    "three channels of greys of a palette": (
        "not-indexed",
        each(lambda array: three(np.asarray(palette_image(array).convert("L")))),
    ),
    "greys by Pillow": ("palette-lost", each(lambda array: png_of(palette_image(array).convert("L")))),
    "greys by OpenCV": ("palette-lost", each(read_as_grey)),
    "greys of YouTube-VOS": ("palette-lost", each(lambda array: png_of(palette_image(array, 2).convert("L")))),
    "ids times 50": ("ids-encoded", each(lambda array: png(array * np.uint8(50)))),
    "ids times 60, which wraps": ("ids-encoded", each(lambda array: png(array * np.uint8(60)))),
    "ids times 85 beyond 255": ("ids-encoded", each(lambda array: png(array * np.uint8(85)))),
    "ids of a palette image times 30": ("ids-encoded", each(lambda array: png_of(palette_image(array * np.uint8(30))))),
    "ids stretched so that 10 is 255": ("ids-encoded", each(lambda array: png(stretched(array, 10).astype(np.uint8)))),
    "palettes without unused colours": ("ids-encoded", each(optimised)),
    "a background of 1": ("ids-encoded", each(lambda array: png(array + np.uint8(1)))),
    "ids from 2 on": ("ids-encoded", each(lambda array: png(array + (array > 0).astype(np.uint8)))),
    "ids from 0 beside a background of 255": ("ids-encoded", each(lambda array: png(array - np.uint8(1)))),
    "greys of few bits, ids times 2": ("ids-encoded", each(lambda array: packed(array * np.uint8(2)))),
    "greys of few bits, a background of 1": ("ids-encoded", each(lambda array: packed(array + np.uint8(1)))),
    "greys of few bits, twice as large": ("wrong-size", each(lambda array: packed(array.repeat(2, 0).repeat(2, 1)))),
    "greys of few bits, transposed": (
        "wrong-size",
        each(lambda array: packed(array if array.shape[0] == array.shape[1] else array.T)),
    ),
    "palettes of few bits, ids times 2": ("ids-encoded", each(lambda array: packed(array * np.uint8(2), 3))),
    "palettes of few bits, twice as large": ("wrong-size", each(lambda array: packed(array.repeat(2, 0).repeat(2, 1), 3))),
    "transposed": (
        "wrong-size",
        each(lambda array: png(array if array.shape[0] == array.shape[1] else np.ascontiguousarray(array.T))),
    ),
    "colours, and twice as large": (
        "not-indexed wrong-size",
        each(lambda array: png(np.asarray(palette_image(array.repeat(2, 0).repeat(2, 1)).convert("RGB")))),
    ),
    "twice as large": ("wrong-size", each(lambda array: png(array.repeat(2, 0).repeat(2, 1)))),
}
"""The code that masks earn, and how they are made: what is printed makes the ids of all of them again."""

LOST: Final[dict[str, tuple[str, Encode]]] = {
    "smoothed colours": ("not-indexed", each(smoothed)),
    "unknown colours": ("not-indexed", each(lambda array: png(np.dstack([array * 60, array * 7, array + 1]).astype(np.uint8)))),
    "probabilities": ("ids-encoded", each(probabilities)),
    "three channels of probabilities": (
        "not-indexed",
        each(lambda array: png_of(Image.open(io.BytesIO(probabilities(array))).convert("RGB"))),
    ),
}
"""Masks whose ids cannot be determined by anybody."""

HARMLESS: Final[dict[str, Encode]] = {
    "colours of a palette": each(lambda array: png_of(palette_image(array))),
    "colours in the order of OpenCV": each(lambda array: indexed(array, [colour[::-1] for colour in DAVIS])),
    "colours of another order": each(lambda array: indexed(array, [DAVIS[0], *DAVIS[2:7], DAVIS[1]])),
    "a palette of zeros": each(lambda array: indexed(array, [(0, 0, 0)] * 64)),
    "colours by rank": each(coloured_by_rank),
    "colours of the video's objects alone": by_video(lambda array, largest: indexed(array, DAVIS[: largest + 1])),
    "other colours for every video": by_video(
        lambda array, largest: indexed(array, [(0, 0, 0), *DAVIS[largest : 2 * largest + 20]])
    ),
    "palette and greyscale in turn": by_video(
        lambda array, largest: png_of(palette_image(array)) if array.sum() % 2 else png(array)
    ),
    "greys of few bits": each(packed),
    "void around": each(lambda array: png(np.where(np.arange(array.shape[0])[:, None] < 2, np.uint8(255), array))),
}
"""Masks with the right ids that look odd in a viewer."""
