"""What the pixels of a PNG hold."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ImageKind"]


class ImageKind(StrEnum):
    """The kind of an image; as a text it is said in words."""

    PALETTE = "palette"
    GREY = "greyscale"
    GREY_1 = "1-bit greyscale"
    GREY_2 = "2-bit greyscale"
    GREY_4 = "4-bit greyscale"
    GREY_16 = "16-bit greyscale"
    GREY_ALPHA = "greyscale with alpha"
    GREY_ALPHA_16 = "16-bit greyscale with alpha"
    RGB = "RGB"
    RGB_16 = "16-bit RGB"
    RGBA = "RGBA"
    RGBA_16 = "16-bit RGBA"

    @property
    def is_packed(self) -> bool:
        """Greys of fewer than 8 bits, which most readers stretch to 0..255."""
        return self in (ImageKind.GREY_1, ImageKind.GREY_2, ImageKind.GREY_4)

    @property
    def is_indexed(self) -> bool:
        """One label a pixel: palette or greyscale of at most 8 bits."""
        return self in (ImageKind.PALETTE, ImageKind.GREY) or self.is_packed

    @property
    def has_colours(self) -> bool:
        """Three channels of colour, with or without alpha."""
        return self in (ImageKind.RGB, ImageKind.RGB_16, ImageKind.RGBA, ImageKind.RGBA_16)

    @property
    def is_grey_with_alpha(self) -> bool:
        return self in (ImageKind.GREY_ALPHA, ImageKind.GREY_ALPHA_16)
