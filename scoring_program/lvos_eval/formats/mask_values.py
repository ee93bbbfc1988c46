"""What a mask holds besides labels: the values and colours that tell how it was saved."""

from __future__ import annotations

from io import BytesIO
from typing import Final, NamedTuple

import numpy as np

from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.mask_issues import PngError, Unreadable
from lvos_eval.formats.png import parse_png, plain_png

__all__ = ["MOST_VALUES", "MaskValues", "read_values"]

MOST_VALUES: Final = 128
"""More different values than this in one mask are shades, not ids, and are not listed."""

_MAX_COUNTED_PIXELS: Final = 4096 * 2304


class MaskValues(NamedTuple):
    """The different values of one mask, those of the background too; masks with the same ones are kept once."""

    kind: ImageKind
    samples: bytes
    """Sorted: a byte for each label, three for each colour of an RGB(A) image; empty if more than MOST_VALUES, or not counted."""
    palette: bytes = b""
    """The colours of the samples of a palette image, three bytes each."""

    @property
    def labels(self) -> frozenset[int]:
        """The values of a mask with one channel."""
        return frozenset(self.samples)

    @property
    def colours(self) -> list[tuple[int, int, int]]:
        """The colours of an RGB(A) image, or those of the samples of a palette image in their order."""
        content = self.palette or self.samples
        return [(content[at], content[at + 1], content[at + 2]) for at in range(0, len(content), 3)]


def read_values(data: bytes) -> MaskValues:
    """The values of an image that should have been a label map: its colours, or the samples of its first channel.

    Raises PngError.
    """
    header, pixels = parse_png(data)
    if header.size.pixels > _MAX_COUNTED_PIXELS:
        return MaskValues(header.kind, b"")
    # not loaded for masks as they should be
    from PIL import Image

    try:
        with Image.open(BytesIO(plain_png(header, pixels)), formats=["PNG"]) as image:
            if header.kind.has_colours:
                colours = image.convert("RGB").getcolors(MOST_VALUES) or []
                listed = sorted(bytes(colour) for _, colour in colours if isinstance(colour, tuple))
                return MaskValues(header.kind, b"".join(listed))
            channels = np.asarray(image)
    except (OSError, SyntaxError, ValueError) as error:
        raise PngError(Unreadable(f"damaged pixel data ({error})")) from None
    first = channels if channels.ndim == 2 else channels[..., 0]
    samples = np.flatnonzero(np.bincount(first.reshape(-1))).tolist()
    return MaskValues(header.kind, bytes(samples) if len(samples) <= MOST_VALUES and samples[-1] <= 0xFF else b"")
