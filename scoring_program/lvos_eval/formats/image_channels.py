"""The pixels of a PNG of any kind, as values of one channel or as colours."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.mask_issues import PngError, Unreadable
from lvos_eval.formats.png import decode_labels, palette_colours, parse_png, plain_png

__all__ = ["first_channel", "image_colours"]


def first_channel(data: bytes) -> NDArray[Any]:
    """The samples of a PNG, or those of the first of its channels, of shape (height, width); uint8, or uint16 for 16-bit greys.

    Raises PngError.
    """
    header, pixels = parse_png(data)
    if header.kind.is_indexed:
        return decode_labels(header, pixels)
    values = _by_pillow(plain_png(header, pixels), None)
    return values if values.ndim == 2 else values[..., 0]


def image_colours(data: bytes) -> NDArray[np.uint8]:
    """The RGB colours of a PNG, of shape (height, width, 3). Raises PngError."""
    header, pixels = parse_png(data)
    if header.kind is ImageKind.PALETTE:
        table = np.zeros((256, 3), np.uint8)
        palette = np.frombuffer(palette_colours(data)[:768], np.uint8)
        table[: len(palette) // 3] = palette[: len(palette) // 3 * 3].reshape(-1, 3)
        return table[decode_labels(header, pixels)]
    return _by_pillow(plain_png(header, pixels), "RGB")


def _by_pillow(plain: bytes, mode: str | None) -> NDArray[Any]:
    # not loaded for masks as they should be
    from PIL import Image

    try:
        with Image.open(BytesIO(plain), formats=["PNG"]) as image:
            return np.asarray(image if mode is None else image.convert(mode))
    except (OSError, SyntaxError, ValueError) as error:
        raise PngError(Unreadable(f"damaged pixel data ({error})")) from None
