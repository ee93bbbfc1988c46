"""The worst object-frames of a whole data set: ground truth, prediction and error side by side, what is wrong ringed."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from statistics import fmean
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lvos_eval.masks.packed import FrameSize
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reporting.overlays import (
    DIM_ALARM,
    FALSE_ALARM,
    FOUND,
    MISSED,
    PAPER,
    Picture,
    ScoredPair,
    crop,
    encode_codes,
    photograph,
    scored_masks,
)
from lvos_eval.scoring.results import ObjectFrame
from lvos_eval.submission.listing import Submission

__all__ = ["GalleryPicture", "draw_gallery"]

GALLERY_SIZE: Final = 12
GALLERY_BUDGET: Final = 2_000_000
"""Characters that the pictures of the gallery may take together."""

_OF_A_VIDEO: Final = 2
PANEL: Final = 480
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


@dataclass(frozen=True, slots=True)
class GalleryPicture:
    """One object in one frame, in three panels; `words` say what is wrong with it."""

    video: str
    object_id: int
    picture: Picture
    words: str


def draw_gallery(
    manifest: Manifest,
    submission: Submission,
    values: Mapping[tuple[str, int], Sequence[ObjectFrame]],
    budget: int = GALLERY_BUDGET,
) -> tuple[GalleryPicture, ...]:
    """The worst frame of each of the objects whose worst frames are the worst of all, the worst first, within the budget.

    A video has a third one only where there are too few others: ten objects that are lost in one frame tell no more than two.
    Raises RunStoppedError where masks have changed since they were scored. Only the semi-supervised task has labels that say
    which object is meant; the others get no pictures.
    """
    if not manifest.protocol.names_objects:
        return ()
    drawn: list[GalleryPicture] = []
    with closing(scored_masks(manifest, submission, _chosen(values))) as pairs:
        for pair in pairs:
            picture = _draw(pair)
            budget -= len(picture.uri)
            if budget < 0:
                break
            drawn.append(GalleryPicture(pair.video, pair.value.object_id, picture, _words(pair)))
    return tuple(drawn)


def _chosen(values: Mapping[tuple[str, int], Sequence[ObjectFrame]]) -> list[tuple[tuple[str, int], ObjectFrame]]:
    """The frames to draw, the worst first; of equal ones that of the worst object first."""
    worst = {key: min(found, key=lambda value: (value.quality, value.frame)) for key, found in values.items() if found}
    means = {key: fmean(value.quality for value in values[key]) for key, value in worst.items() if value.quality < 1}
    ordered = sorted(means, key=lambda key: (worst[key].quality, means[key], key))
    taken: Counter[str] = Counter()
    first: list[tuple[str, int]] = []
    for key in ordered:
        taken[key[0]] += 1
        if taken[key[0]] <= _OF_A_VIDEO:
            first.append(key)
    others = [key for key in ordered if key not in first]
    chosen = set(first[:GALLERY_SIZE] + others[: max(GALLERY_SIZE - len(first), 0)])
    return [(key, worst[key]) for key in ordered if key in chosen]


def _words(pair: ScoredPair) -> str:
    """What is wrong."""
    truth, prediction = pair.truth, pair.prediction
    if not truth.any():
        return "false positive: the object is absent"
    if not prediction.any():
        return "lost: nothing is predicted"
    if not (truth & prediction).any():
        return "elsewhere: prediction and object do not meet"
    missed = np.count_nonzero(truth & ~prediction) / np.count_nonzero(truth)
    extra = np.count_nonzero(prediction & ~truth) / np.count_nonzero(prediction)
    return f"{100 * missed:.0f} % of the object missed, {100 * extra:.0f} % of the prediction false"


def _draw(pair: ScoredPair) -> Picture:
    value = pair.value
    height, width = pair.truth.shape
    box = crop(pair.truth | pair.prediction)
    size = (PANEL, max(round(PANEL * (box.bottom - box.top) / (box.right - box.left)), 1))
    truth, prediction = pair.truth[box.slices], pair.prediction[box.slices]
    codes = [_panel(size, [(truth, _FOUND)]), _panel(size, [(prediction, _FOUND)]), _errors(size, truth, prediction)]
    gap = np.full((size[1], _GAP), _WHITE, np.uint8)
    joined = np.concatenate([codes[0], gap, codes[1], gap, codes[2]], axis=1)
    photo = photograph(pair.photo, box, FrameSize(height, width), size)
    uri = encode_codes(joined, _PALETTE) if photo is None else _encode_photo(joined, photo)
    zoom = width / (box.right - box.left)
    return Picture(
        value.frame, value.region_similarity, value.contour_accuracy, value.quality, joined.shape[1], size[1], zoom, uri
    )


def _errors(size: tuple[int, int], truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> Codes:
    """The panel of what is right and wrong, small wrong spots ringed."""
    missed, extra = truth & ~prediction, prediction & ~truth
    panel = _panel(size, [(truth & prediction, _FOUND), (missed, _MISSED), (extra, _ALARM)])
    stripes = np.add.outer(np.arange(size[1]), np.arange(size[0])) % 8 < 4
    panel[(panel == _ALARM) & stripes] = _DIM
    _ring(panel, missed | extra)
    return panel


def _panel(size: tuple[int, int], layers: Sequence[tuple[NDArray[np.bool_], int]]) -> Codes:
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


def _encode_photo(codes: Codes, photo: NDArray[np.float32]) -> str:
    """A WebP of the three panels over a photograph."""
    gap = np.zeros((photo.shape[0], _GAP, 3), np.float32)
    background = np.concatenate([photo, gap, photo, gap, photo], axis=1)
    weight = np.array(_STRENGTHS, np.float32)[codes][:, :, None]
    image = background + weight * (np.array(_PALETTE, np.float32)[codes] - background)
    data = io.BytesIO()
    Image.fromarray(image.round().astype(np.uint8)).save(data, "WEBP", quality=62, method=4)
    return f"data:image/webp;base64,{base64.b64encode(data.getvalue()).decode()}"
