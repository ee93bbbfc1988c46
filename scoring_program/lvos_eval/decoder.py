"""Decoding the masks of one video, frame after frame, into packed objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from lvos_eval.masks import Labels, ObjectFinder, PackedMask
from lvos_eval.png import Png, decode_labels, parse_png

__all__ = ["DecodedMask", "Decoder", "IndexedFault", "SalientDecoder"]

SALIENT_FROM: Final = 127
"""The shade of grey from which on a pixel of a salient map is foreground."""


class DecodedMask(NamedTuple):
    """What is left of a decoded mask: its size, its objects, and the number of pixels of every other label."""

    height: int
    width: int
    objects: Mapping[int, PackedMask]
    unknown: Mapping[int, int]


class IndexedFault(ValueError):
    """The bytes are a good PNG, but not a label map of the right size."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        """`faults` are the details by the code of the problem."""
        super().__init__(", ".join(faults.values()))
        self.faults = faults


class Decoder:
    """Decodes the masks of one video in order; a mask with the same bytes as the one before costs nothing."""

    def __init__(self, ids: Sequence[int], size: tuple[int, int] | None) -> None:
        self._finder = ObjectFinder(ids)
        self._size = size
        self._data = b""
        self._mask: DecodedMask | None = None

    def decode(self, data: bytes) -> DecodedMask:
        """Raises PngFault or IndexedFault."""
        if self._mask is None or data != self._data:
            header, pixels = parse_png(data)
            self._check(header)
            labels = self._labels(decode_labels(header, pixels))
            self._mask = DecodedMask(header.height, header.width, *self._finder.find(labels))
            self._data = data
        return self._mask

    def _labels(self, samples: Labels) -> Labels:
        """The object ids in a decoded mask: its samples."""
        return samples

    def _check(self, header: Png) -> None:
        faults = {}
        if not header.is_indexed:
            faults["not-indexed"] = header.kind
        if self._size is not None and (header.height, header.width) != self._size:
            height, width = self._size
            faults["wrong-size"] = f"{header.width}x{header.height} instead of {width}x{height}"
        if faults:
            raise IndexedFault(faults)


class SalientDecoder(Decoder):
    """Decodes salient maps of a video with one object: foreground becomes the object's id."""

    def __init__(self, ids: Sequence[int], size: tuple[int, int] | None) -> None:
        super().__init__(ids, size)
        (self._id,) = ids

    def _labels(self, samples: Labels) -> Labels:
        """{0, 1} and {0, 255} as they are, a single value of them likewise; shades of grey are foreground from 127 on."""
        values = np.flatnonzero(np.bincount(samples.reshape(-1))).tolist()
        if set(values) <= {0, 1} or set(values) <= {0, 255}:
            foreground = samples > 0
        elif len(values) > 2:
            foreground = samples >= SALIENT_FROM
        else:
            raise IndexedFault({"not-salient": " and ".join(map(str, values))})
        return foreground * np.uint8(self._id)
