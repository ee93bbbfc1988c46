"""Decoding the masks of one video, frame after frame, into packed objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.mask_issues import LabelMapError, MaskError, MaskIssue, NotBinary, NotIndexed, NotSalient, WrongSize
from lvos_eval.formats.mask_values import MOST_VALUES, MaskValues
from lvos_eval.formats.png import Png, decode_labels, palette_colours, parse_png
from lvos_eval.masks.finder import ObjectFinder
from lvos_eval.masks.packed import EMPTY_MASK, FrameSize, Labels, PackedMask

__all__ = [
    "BinaryDecoder",
    "DecodedMask",
    "Decoder",
    "MaskData",
    "ObjectFilesDecoder",
    "SalientDecoder",
    "WhiteDecoder",
    "binary_labels",
    "salient_labels",
    "white_as_one",
]

MaskData: TypeAlias = bytes | Mapping[int, bytes]
"""What the mask of a frame is made from: a file, or a file for each object, by its id."""

_WHITE: Final = 255
SALIENT_FROM: Final = 127
"""The shade of grey from which on a pixel of a salient map is foreground."""


class DecodedMask(NamedTuple):
    """What is left of a decoded mask: its size, its objects, the number of pixels of every other label, and its values."""

    size: FrameSize
    objects: Mapping[int, PackedMask]
    unknown: Mapping[int, int]
    values: MaskValues

    @property
    def background(self) -> int:
        """Number of pixels with the label 0."""
        labelled = sum(found.area for found in self.objects.values())
        # with a file for each object, objects may overlap
        return max(self.size.pixels - labelled - sum(self.unknown.values()), 0)


class Decoder:
    """Decodes the masks of one video in order; a mask with the same bytes as the one before costs nothing."""

    def __init__(self, ids: Sequence[int], size: FrameSize | None) -> None:
        self._finder = ObjectFinder(ids)
        self._size = size
        self._data = b""
        self._mask: DecodedMask | None = None

    def decode(self, data: MaskData) -> DecodedMask:
        """Raises PngError or LabelMapError."""
        assert isinstance(data, bytes)
        if self._mask is None or data != self._data:
            header, pixels = parse_png(data)
            self._check(header)
            labels = self._labels(decode_labels(header, pixels))
            objects, unknown = self._finder.find(labels)
            self._mask = DecodedMask(header.size, objects, unknown, _values(header, data, objects, unknown))
            self._data = data
        return self._mask

    def _labels(self, samples: Labels) -> Labels:
        """The object ids in a decoded mask: its samples."""
        return samples

    def _check(self, header: Png) -> None:
        issues: list[MaskIssue] = []
        if not header.kind.is_indexed:
            issues.append(NotIndexed(header.kind))
        if self._size is not None and header.size != self._size:
            issues.append(WrongSize(header.kind, header.size, self._size))
        if issues:
            raise LabelMapError(*issues)


class WhiteDecoder(Decoder):
    """Decodes label maps in which 255 is object 1."""

    def _labels(self, samples: Labels) -> Labels:
        return white_as_one(samples)


def white_as_one(samples: Labels) -> Labels:
    """A label map with 1 in place of 255."""
    return np.where(samples == _WHITE, np.uint8(1), samples)


class SalientDecoder(Decoder):
    """Decodes salient maps of a video with one object: foreground becomes the object's id."""

    def __init__(self, ids: Sequence[int], size: FrameSize | None) -> None:
        super().__init__(ids, size)
        (self._id,) = ids

    def _labels(self, samples: Labels) -> Labels:
        return salient_labels(samples, self._id)


class BinaryDecoder(Decoder):
    """Decodes masks of a video with one object: what is not 0 becomes the object's id."""

    def __init__(self, ids: Sequence[int], size: FrameSize | None) -> None:
        super().__init__(ids, size)
        (self._id,) = ids

    def _labels(self, samples: Labels) -> Labels:
        return binary_labels(samples, self._id)


class ObjectFilesDecoder(Decoder):
    """Decodes the masks of a video with a file for each object, in which what is not 0 is that object."""

    def __init__(self, ids: Sequence[int], size: FrameSize | None) -> None:
        super().__init__(ids, size)
        self._decoders = {object_id: BinaryDecoder((1,), size) for object_id in ids}

    def decode(self, data: MaskData) -> DecodedMask:
        """Raises LabelMapError with what is wrong in any of the files; at least one file."""
        assert not isinstance(data, bytes)
        objects = dict.fromkeys(self._decoders, EMPTY_MASK)
        issues: list[MaskIssue] = []
        sizes: dict[FrameSize, ImageKind] = {}
        for object_id, content in data.items():
            try:
                mask = self._decoders[object_id].decode(content)
            except MaskError as error:
                issues += error.issues
                continue
            objects[object_id] = mask.objects[1]
            sizes[mask.size] = mask.values.kind
        if len(sizes) > 1:
            # which only where nobody has said what size the masks have
            first, other, *_ = sizes
            issues.append(WrongSize(sizes[other], other, first))
        if issues:
            raise LabelMapError(*dict.fromkeys(issues))
        ((size, kind),) = sizes.items()
        labels = sorted({0, *(object_id for object_id, mask in objects.items() if mask.area)})
        return DecodedMask(size, objects, {}, MaskValues(kind, bytes(labels)))


def binary_labels(samples: Labels, label: int) -> Labels:
    """The label map of a binary mask: what is not 0 gets the label. Raises LabelMapError for more than two values."""
    shown, highest = samples > 0, samples.max(initial=0)
    # counting every value takes ten times as long as decoding, and is seldom needed
    if highest and np.count_nonzero(samples == highest) != np.count_nonzero(shown):
        values = np.flatnonzero(np.bincount(samples.reshape(-1))).tolist()
        if len(values) > 2:
            raise LabelMapError(NotBinary(tuple(values)))
    return shown * np.uint8(label)


def salient_labels(samples: Labels, label: int) -> Labels:
    """The label map of a salient map: its foreground gets the label.

    {0, 1} and {0, 255} as they are, a single value of them likewise; shades of grey are foreground from 127 on. Raises
    LabelMapError for two other values.
    """
    values = np.flatnonzero(np.bincount(samples.reshape(-1))).tolist()
    if set(values) <= {0, 1} or set(values) <= {0, 255}:
        foreground = samples > 0
    elif len(values) > 2:
        foreground = samples >= SALIENT_FROM
    else:
        raise LabelMapError(NotSalient(tuple(values)))
    return foreground * np.uint8(label)


def _values(header: Png, data: bytes, objects: Mapping[int, PackedMask], unknown: Mapping[int, int]) -> MaskValues:
    labels = sorted([object_id for object_id, found in objects.items() if found.area] + list(unknown))
    if len(labels) >= MOST_VALUES:
        return MaskValues(header.kind, b"")
    if sum(found.area for found in objects.values()) + sum(unknown.values()) < header.size.pixels:
        labels.insert(0, 0)
    palette = palette_colours(data) if header.kind is ImageKind.PALETTE else b""
    # a palette that ends before a label is filled up with black
    colours = b"".join(palette[3 * label : 3 * label + 3].ljust(3, b"\0") for label in labels) if palette else b""
    return MaskValues(header.kind, bytes(labels), colours)
