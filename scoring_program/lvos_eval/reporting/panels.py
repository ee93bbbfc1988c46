"""Panels side by side that show one object in one frame: a mask, or what is right and wrong with it."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from lvos_eval.masks.packed import FrameSize
from lvos_eval.reporting.overlays import DIM_ALARM, FALSE_ALARM, FOUND, MISSED, PAPER, Picture, ScoredPair, encode_codes
from lvos_eval.reporting.views import Box, photograph

__all__ = ["error_panel", "mask_panel", "panel_size", "side_by_side"]

_GAP: Final = 6
_SMALL: Final = 120
"""Pixels of a panel: a wrong spot that covers less of it gets a ring."""
_RINGS: Final = 8
_ENOUGH: Final = 0.3
"""Share of a pixel from which on a panel shows what is right; what is wrong is shown always."""
_FOUND, _MISSED, _ALARM, _DIM, _WHITE, _BLACK = range(1, 7)
_PALETTE: Final = (PAPER, FOUND, MISSED, FALSE_ALARM, DIM_ALARM, (255, 255, 255), (0, 0, 0))
_STRENGTHS: Final = (0.0, 0.6, 0.85, 0.9, 0.4, 1.0, 1.0)
"""How much of a colour covers a photograph."""

Codes: TypeAlias = NDArray[np.uint8]
"""Indices of colours, shape (height, width)."""


def panel_size(box: Box, width: int) -> tuple[int, int]:
    """Width and height of a panel that shows a part of a frame."""
    return width, max(round(width * (box.bottom - box.top) / (box.right - box.left)), 1)


def side_by_side(pair: ScoredPair, box: Box, panels: Sequence[Codes]) -> Picture:
    """Panels of a part of the frame of `pair`, over its photograph where there is one; the total width is even."""
    value, (height, width) = pair.value, pair.truth.shape
    size = (panels[0].shape[1], panels[0].shape[0])
    gap = np.full((size[1], _GAP), _WHITE, np.uint8)
    joined = np.concatenate([part for shown in panels for part in (gap, shown)][1:], axis=1)
    photo = photograph(pair.photo, box, FrameSize(height, width), size)
    uri = encode_codes(joined, _PALETTE) if photo is None else _encode_photo(joined, photo, len(panels))
    zoom = width / (box.right - box.left)
    return Picture(
        value.frame, value.region_similarity, value.contour_accuracy, value.quality, joined.shape[1], size[1], zoom, uri
    )


def mask_panel(size: tuple[int, int], mask: NDArray[np.bool_]) -> Codes:
    """The panel of one mask, ground truth or prediction."""
    return _layered(size, [(mask, _FOUND)])


def error_panel(size: tuple[int, int], truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> Codes:
    """The panel of what is right and wrong, small wrong spots ringed."""
    missed, extra = truth & ~prediction, prediction & ~truth
    panel = _layered(size, [(truth & prediction, _FOUND), (missed, _MISSED), (extra, _ALARM)])
    stripes = np.add.outer(np.arange(size[1]), np.arange(size[0])) % 8 < 4
    panel[(panel == _ALARM) & stripes] = _DIM
    _ring(panel, missed | extra)
    return panel


def _layered(size: tuple[int, int], layers: Sequence[tuple[NDArray[np.bool_], int]]) -> Codes:
    """A panel of size (width, height) with each mask in its code, the last one on top; the thinnest part of it stays."""
    panel = np.zeros((size[1], size[0]), np.uint8)
    for mask, code in layers:
        shrinks = mask.shape[1] > size[0]
        share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST)
        panel[share > (_ENOUGH if code == _FOUND else 0)] = code
    return panel


def _ring(panel: Codes, wrong: NDArray[np.bool_]) -> None:
    """Draws a ring around each wrong spot that is easily overlooked, the largest ones first."""
    scale = panel.shape[1] / wrong.shape[1]
    _, _, stats, centres = cv2.connectedComponentsWithStats(wrong.astype(np.uint8), connectivity=8)
    spots = sorted(zip(stats[1:], centres[1:], strict=True), key=lambda spot: -int(spot[0][cv2.CC_STAT_AREA]))
    small = [spot for spot in spots if spot[0][cv2.CC_STAT_AREA] * scale**2 < _SMALL]
    for stat, (x, y) in small[:_RINGS]:
        extent = max(int(stat[cv2.CC_STAT_WIDTH]), int(stat[cv2.CC_STAT_HEIGHT]))
        radius = round(max(0.6 * extent * scale + 4, 9))
        centre = (round((float(x) + 0.5) * scale), round((float(y) + 0.5) * scale))
        cv2.circle(panel, centre, radius + 2, _BLACK, 2)
        cv2.circle(panel, centre, radius, _WHITE, 2)


def _encode_photo(codes: Codes, photo: NDArray[np.float32], panels: int) -> str:
    """A WebP of panels over a photograph."""
    gap = np.zeros((photo.shape[0], _GAP, 3), np.float32)
    background = np.concatenate([part for _ in range(panels) for part in (gap, photo)][1:], axis=1)
    weight = np.array(_STRENGTHS, np.float32)[codes][:, :, None]
    image = background + weight * (np.array(_PALETTE, np.float32)[codes] - background)
    # not loaded where there are no photographs
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(image.round().astype(np.uint8)).save(data, "WEBP", quality=62, method=4)
    return f"data:image/webp;base64,{base64.b64encode(data.getvalue()).decode()}"
