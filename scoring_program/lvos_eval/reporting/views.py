"""The part of a frame that a picture shows, and the photograph behind it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from lvos_eval.formats.files import read_regular
from lvos_eval.masks.packed import FrameSize

__all__ = ["Box", "crop", "photograph"]


class Box(NamedTuple):
    """Rows `top` to `bottom` and columns `left` to `right` of a frame, ends excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)


def crop(mask: NDArray[np.bool_]) -> Box:
    """The part of the frame to show: what is in the mask with a margin, at least a quarter of the frame, of the frame's shape."""
    height, width = mask.shape
    x, y, columns, rows = cv2.boundingRect(mask.view(np.uint8))
    share = max(1.4 * columns / width, 1.4 * rows / height, 0.25)
    if share >= 1 or not columns:
        return Box(0, 0, width, height)
    shown_columns, shown_rows = max(round(share * width), 1), max(round(share * height), 1)
    left = min(max((2 * x + columns - shown_columns) // 2, 0), width - shown_columns)
    top = min(max((2 * y + rows - shown_rows) // 2, 0), height - shown_rows)
    return Box(left, top, left + shown_columns, top + shown_rows)


def photograph(path: Path, box: Box, frame: FrameSize, size: tuple[int, int]) -> NDArray[np.float32] | None:
    """The box of a JPEG frame, half faded to grey, shape (height, width, 3); None where there is no usable frame.

    `box` is in pixels of a frame of size `frame`, which the JPEG may be larger or smaller than.
    """
    try:
        content = read_regular(path)
    except OSError:
        return None
    # not loaded where there are no photographs
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            # a JPEG can be decoded at a half, a quarter or an eighth of its size for less
            image.draft(
                "RGB", (size[0] * frame.width // (box.right - box.left), size[1] * frame.height // (box.bottom - box.top))
            )
            scale_x, scale_y = image.width / frame.width, image.height / frame.height
            part = (box.left * scale_x, box.top * scale_y, box.right * scale_x, box.bottom * scale_y)
            shown = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BILINEAR, part, reducing_gap=2), np.float32)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    grey = shown.mean(axis=2, keepdims=True)
    return np.asarray(0.5 * shown + 0.5 * grey, np.float32)
