"""The worst object-frames of a whole data set: ground truth, prediction and error side by side, what is wrong ringed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import numpy as np

from lvos_eval.reference.manifest import Manifest
from lvos_eval.reporting.overlays import Picture, ScoredPair, scored_masks
from lvos_eval.reporting.panels import error_panel, mask_panel, panel_size, side_by_side
from lvos_eval.reporting.views import crop
from lvos_eval.scoring.results import ObjectFrame
from lvos_eval.submission.listing import Submission

__all__ = ["GalleryPicture", "draw_gallery"]

GALLERY_SIZE: Final = 12
GALLERY_BUDGET: Final = 2_000_000
"""Characters that the pictures of the gallery may take together."""

_OF_A_VIDEO: Final = 2
PANEL: Final = 480


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
    box = crop(pair.truth | pair.prediction)
    truth, prediction = pair.truth[box.slices], pair.prediction[box.slices]
    size = panel_size(box, PANEL)
    shown = [mask_panel(size, truth), mask_panel(size, prediction), error_panel(size, truth, prediction)]
    return side_by_side(pair, box, shown)
