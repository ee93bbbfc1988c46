"""What a mask holds besides labels: the values and colours that tell how it was saved."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["MOST_VALUES", "MaskValues"]

MOST_VALUES: Final = 128
"""More different values than this in one mask are shades, not ids, and are not listed."""

_PACKED: Final = ("1-bit greyscale", "2-bit greyscale", "4-bit greyscale")
_INDEXED: Final = frozenset(("palette", "greyscale", *_PACKED))


class MaskValues(NamedTuple):
    """The different values of one mask, those of the background too; masks with the same ones are kept once."""

    kind: str
    """As `Png.kind` says it; `4-bit greyscale of another size` where nothing else is known."""
    samples: bytes
    """Sorted: a byte for each label, three for each colour of an RGB(A) image; empty if more than MOST_VALUES, or not counted."""
    palette: bytes = b""
    """The colours of the samples of a palette image, three bytes each."""

    @property
    def is_indexed(self) -> bool:
        """Whether these are the labels of a mask that could be used."""
        return self.kind in _INDEXED

    @property
    def is_packed(self) -> bool:
        """Whether these are greys of fewer than 8 bits, which most readers stretch to 0..255."""
        return self.kind.startswith(_PACKED)

    @property
    def labels(self) -> frozenset[int]:
        """The values of a mask with one channel."""
        return frozenset(self.samples)

    @property
    def colours(self) -> list[tuple[int, int, int]]:
        """The colours of an RGB(A) image, or those of the samples of a palette image in their order."""
        content = self.palette or self.samples
        return [(content[at], content[at + 1], content[at + 2]) for at in range(0, len(content), 3)]
