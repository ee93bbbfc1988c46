"""From the values of objects and frames to the ten scores.

The order of every sum is fixed: videos sorted, objects in metadata order, values in slot order. That, and numpy's own mean over a
(1, n) array, gives the official toolkit's numbers to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from lvos_eval.metrics.definition import temporal_stability
from lvos_eval.protocols.lvos import SCORE_KEYS
from lvos_eval.reference.dataset import Video, VideoObject
from lvos_eval.scoring.results import ObjectFrame, ObjectScore, Scores

__all__ = ["aggregate", "score_objects"]


def score_objects(video: Video, values: Iterable[ObjectFrame]) -> list[ObjectScore]:
    """The scores of the objects of one video, from the values of its frames in any order."""
    by_object: dict[int, dict[int, ObjectFrame]] = {item.object_id: {} for item in video.objects}
    for value in values:
        by_object[value.object_id][value.frame] = value
    return [_score_object(video, item, by_object[item.object_id]) for item in video.objects if item.scored.length]


def _score_object(video: Video, item: VideoObject, values: Mapping[int, ObjectFrame]) -> ObjectScore:
    j = np.zeros((1, item.scored.length))
    f = np.zeros((1, item.scored.length))
    for frame, slot in zip(item.scored.frames, item.scored.slots, strict=True):
        j[0, slot] = values[frame].region_similarity
        f[0, slot] = values[frame].contour_accuracy
    proposal = next((value.proposal for value in values.values()), None)
    stability = temporal_stability(j, f)
    return ObjectScore(
        video.name, item.object_id, video.unseen, video.attributes, item.scored.length, _mean(j), _mean(f), stability, proposal
    )


def _mean(values: NDArray[np.float64]) -> float:
    """numpy's mean of an array of shape (1, n)."""
    return float(np.mean(values))


def aggregate(objects: Iterable[ObjectScore]) -> Scores:
    """The ten scores of objects in manifest order: plain means over each split, then means of the two splits.

    Where a split has no object, its keys are left out and the means are those of the other split. Raises ValueError
    if there is no object at all.
    """
    # sums run as in the official toolkit: over videos, then over objects or, where they are matched, over proposals
    objects = sorted(objects, key=lambda score: (score.video, score.proposal or 0))
    if not objects:
        raise ValueError("no object has a scored frame")
    splits = {"seen": [o for o in objects if not o.unseen], "unseen": [o for o in objects if o.unseen]}
    found: dict[str, float] = {}
    for measure in "JFV":
        means = {}
        for split, members in splits.items():
            if members:
                means[split] = float(np.mean([getattr(member, measure.lower()) for member in members]))
                found[f"{measure}-{split}-Mean"] = means[split]
        found[f"{measure}-Mean"] = sum(means.values()) / len(means)
    # the official order: J&F of each split, then the mean of the two
    both = [(found[f"J-{split}-Mean"] + found[f"F-{split}-Mean"]) / 2 for split, members in splits.items() if members]
    found["Overall"] = sum(both) / len(both)
    values: dict[str, float] = {key: found[key] for key in SCORE_KEYS if key in found}
    assert all(math.isfinite(value) for value in values.values())
    plain = (float(np.mean([o.j for o in objects])) + float(np.mean([o.f for o in objects]))) / 2
    return Scores(values, plain)
