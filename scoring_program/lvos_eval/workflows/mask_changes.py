"""What is done to one mask so that it is a label map of ids: by the values and sizes that the check has explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from lvos_eval.formats.image_channels import first_channel, image_colours
from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.mask_issues import LabelMapError, NotIndexed, WrongSize
from lvos_eval.formats.png import palette_colours, parse_header
from lvos_eval.masks.packed import FrameSize, Labels
from lvos_eval.submission.restoration import FromColours, FromValues, Resized, Transposed, Way

__all__ = ["ChangedMask", "change_mask"]


class ChangedMask(NamedTuple):
    """A label map, the colours in which it was saved as long as they still mean the same, and what was done."""

    labels: Labels
    palette: bytes
    steps: tuple[str, ...]


def change_mask(data: bytes, ways: Sequence[Way], size: FrameSize | None) -> ChangedMask:
    """The label map of the PNG of a mask in a video of this size. Raises MaskError where the ways do not lead to one."""
    header = parse_header(data)
    steps: list[str] = []
    palette = palette_colours(data) if header.kind is ImageKind.PALETTE else b""
    relabel = next((values for way in ways if (values := _relabelling(way, header.kind)) is not None), None)
    if relabel is not None:
        labels = _by_values(data, relabel) if isinstance(relabel, FromValues) else _by_colours(data, relabel)
        steps.append(relabel.title)
        palette = b""
    elif header.kind.is_indexed:
        labels = first_channel(data)
    else:
        raise LabelMapError(NotIndexed(header.kind))
    reshape = next((shape for way in ways if (shape := _reshaping(way, header.size, size)) is not None), None)
    if reshape is not None and size is not None:
        labels = _reshaped(labels, reshape, size)
        steps.append(reshape.title)
    found = FrameSize(*labels.shape)
    if size is not None and found != size:
        raise LabelMapError(WrongSize(header.kind, found, size))
    return ChangedMask(labels, palette, tuple(steps))


def _relabelling(way: Way, kind: ImageKind) -> FromValues | FromColours | None:
    """What a way makes of the values of such an image, where it is for them."""
    is_for = way.kind is kind or (way.kind is None and kind.is_indexed)
    return way.change if is_for and isinstance(way.change, FromValues | FromColours) else None


def _by_values(data: bytes, change: FromValues) -> Labels:
    values: NDArray[Any] = first_channel(data)
    table = np.zeros(1 << 16, np.uint8)
    if change.ids is None:
        table[:256] = np.arange(256)
    else:
        table[list(change.ids)] = list(change.ids.values())
    labels: Labels = table[values]
    return labels


def _by_colours(data: bytes, change: FromColours) -> Labels:
    colours = image_colours(data).astype(np.uint32)
    numbers = (colours[..., 0] << 16) | (colours[..., 1] << 8) | colours[..., 2]
    labels = np.zeros(numbers.shape, np.uint8)
    for colour, object_id in change.ids.items():
        labels[numbers == _number(colour)] = object_id
    return labels


def _number(colour: tuple[int, int, int]) -> int:
    red, green, blue = colour
    return red << 16 | green << 8 | blue


def _reshaping(way: Way, found: FrameSize, size: FrameSize | None) -> Resized | Transposed | None:
    """What a way makes of a mask of the size `found`, where it is for such masks."""
    if isinstance(way.change, Transposed) and size is not None and found == FrameSize(height=size.width, width=size.height):
        return way.change
    return way.change if isinstance(way.change, Resized) and way.change.found == found else None


def _reshaped(labels: Labels, change: Resized | Transposed, size: FrameSize) -> Labels:
    if isinstance(change, Transposed):
        return np.ascontiguousarray(labels.T)
    # the one that rounds by the middle of a pixel gives back what was enlarged by either
    resized = cv2.resize(labels, (size.width, size.height), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(resized, np.uint8)
