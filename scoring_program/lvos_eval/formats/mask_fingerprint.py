"""Recognising a mask by the shapes of its objects, however it was saved, named or labelled."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np

from lvos_eval.formats.mask_issues import LabelMapError, NotIndexed
from lvos_eval.formats.png import decode_labels, parse_png
from lvos_eval.masks.packed import FrameSize, PackedMask, pack

__all__ = ["shape_digest", "shapes_of"]

_LEAST_PIXELS: Final = 64
"""Smaller shapes are no evidence: two of them may be equal by chance."""


def shape_digest(found: PackedMask, size: FrameSize) -> bytes | None:
    """16 bytes for a shape at its place in a frame of this size; None if it is tiny or the whole frame."""
    if not _LEAST_PIXELS <= found.area < size.pixels:
        return None
    digest = hashlib.sha256(repr((*size, found.top, found.left, found.bits.shape)).encode())
    digest.update(found.bits.astype("<u8", copy=False).data)
    return digest.digest()[:16]


def shapes_of(data: bytes) -> frozenset[bytes]:
    """The shapes of all labels of an indexed PNG. Raises MaskError for anything else."""
    header, pixels = parse_png(data)
    if not header.kind.is_indexed:
        raise LabelMapError(NotIndexed(header.kind))
    labels = decode_labels(header, pixels)
    present = np.flatnonzero(np.bincount(labels.reshape(-1), minlength=256)).tolist()
    digests = (shape_digest(pack(labels, label), header.size) for label in present if label)
    return frozenset(digest for digest in digests if digest is not None)
