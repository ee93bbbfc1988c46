"""Label maps as small PNGs: a palette, as few bits a pixel as the labels need, rows without a filter."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lvos_eval.formats.inflate import deflate
from lvos_eval.formats.png import PALETTE, Png, decode_labels, parse_png, plain_png
from lvos_eval.masks.packed import Labels

__all__ = ["encode_labels", "saved_image"]

_COLOUR_TYPES: Final = {3: 2, 4: 6}


def encode_labels(labels: Labels, palette: bytes) -> bytes:
    """A palette PNG of a (height, width) uint8 label map; `palette` has three bytes for each colour, black where it ends.

    Without colours it is one of 8-bit greys, for maps whose values are shades. What is returned has been decoded again and holds
    the same labels.
    """
    highest = int(labels.max())
    depth = next(depth for depth in (1, 2, 4, 8) if highest < 1 << depth) if palette else 8
    height, width = labels.shape
    header = Png(height, width, depth, PALETTE if palette else 0, False)
    rows = _packed(labels, depth)
    filtered = np.zeros((rows.shape[0], rows.shape[1] + 1), np.uint8)
    filtered[:, 1:] = rows
    colours = palette[: 3 * (highest + 1)].ljust(3 * (highest + 1), b"\0")
    data = plain_png(header, deflate(filtered.tobytes()), colours)
    if (decode_labels(*parse_png(data)) != labels).any():
        raise RuntimeError("a mask that was written does not decode to the same labels")
    return data


def _packed(labels: Labels, depth: int) -> NDArray[np.uint8]:
    """The rows with 8 / `depth` labels in a byte, the first one in its highest bits."""
    if depth == 8:
        return labels
    if depth == 1:
        return np.packbits(labels, axis=1)
    number = 8 // depth
    padded = np.pad(labels, ((0, 0), (0, -labels.shape[1] % number))) if labels.shape[1] % number else labels
    # the labels of one byte as one number, the first one lowest: each is moved to its place in the lowest byte
    together = np.ascontiguousarray(padded).view(f"<u{number}")
    packed = together << (8 - depth)
    for place in range(1, number):
        packed |= together >> (8 * place - (8 - depth * (place + 1)))
    return packed.astype(np.uint8)


def saved_image(image: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """A PNG of an array as any library saves it: greys of 8 or 16 bits, or RGB(A) for a third axis of 3 or 4 channels."""
    height, width = image.shape[:2]
    channels = 1 if image.ndim == 2 else image.shape[2]
    big = np.ascontiguousarray(image.reshape(height, -1).astype(image.dtype.newbyteorder(">"))).view(np.uint8)
    filtered = np.zeros((height, big.shape[1] + 1), np.uint8)
    filtered[:, 1:] = big
    header = Png(height, width, 8 * image.dtype.itemsize, _COLOUR_TYPES.get(channels, 0), False)
    return plain_png(header, deflate(filtered.tobytes()))
