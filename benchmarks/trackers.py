"""What trackers do wrong: the errors that turn a video's ground truth into a prediction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.motion import Sway, draw_stretches, draw_sway
from benchmarks.presets import VideoPlan
from benchmarks.silhouettes import Silhouette, wander

__all__ = ["TRACKERS", "Tracker", "build_tracker"]

Complexes = npt.NDArray[np.complex128]
Indices = npt.NDArray[np.int64]

TRACKERS: Final = ("good", "bad")
HELD_SHARE: Final = 0.01
"""Share of frames in which a tracker repeats its last mask, as real ones do when nothing moves."""


@dataclass(frozen=True)
class Tracker:
    """What a tracker does wrong.

    `shown` (frames,) is the index to draw: the frame's own, or the one before it where a mask is repeated.
    `labels` (objects, frames) is the label that an object gets, 0 where it is lost. Per object, `wobbles` are
    outline tables (2, parts, points) in pixels, `drifts` move it (x, y in pixels, log of scale) and
    `missed_parts` is a part that is never found; `edges` move what hides objects (x, y in pixels). `speckle`
    is the mean number of spots per frame, drawn with `seed`; a frame in which every object is lost stays
    empty.
    """

    shown: Indices
    labels: Indices
    wobbles: tuple[Complexes, ...]
    drifts: tuple[Sway, ...]
    edges: Sway
    missed_parts: tuple[int | None, ...]
    speckle: float
    seed: int


def _labels(rng: np.random.Generator, plan: VideoPlan, good: bool) -> Indices:
    """The label (objects, frames) that objects get: now and then another's, or 0 where they are lost."""
    frames, count = plan.frames, len(plan.objects)
    labels = np.repeat([[item.object_id] for item in plan.objects], frames, axis=1)
    confused = draw_stretches(rng, frames, 0.015 if good else 0.3, max(4, frames // 12), first=5)
    order = np.roll(np.arange(count), 1)
    if good and count > 1:
        pair = rng.choice(count, 2, replace=False)
        order = np.arange(count)
        order[pair] = pair[::-1]
    labels[:, confused] = labels[order][:, confused]
    share, length = (0.025, max(3, frames // 25)) if good else (0.2, max(4, frames // 10))
    for item, row in zip(plan.objects, labels, strict=True):
        row[draw_stretches(rng, frames, share, length, first=item.first + 3)] = 0
    return labels


def build_tracker(rng: np.random.Generator, plan: VideoPlan, silhouettes: Sequence[Silhouette], good: bool) -> Tracker:
    """The errors of a tracker, scaled to the video's size; `silhouettes` are the objects', in order."""
    pixel = plan.height / 720
    shown = np.arange(plan.frames)
    shown[1:] -= rng.random(plan.frames - 1) < HELD_SHARE
    wobbles, drifts, missed = [], [], []
    for silhouette in silhouettes:
        perimeters = silhouette.perimeters
        points = silhouette.reach.shape[1]
        longest = float(perimeters.max()) / pixel
        strength = np.clip(0.003 * longest, 0.4, 3.0) * (1 if good else 2.5)
        wobbles.append(wander(rng, perimeters, points, 14 * pixel, np.inf) * strength * pixel)
        slip = np.clip(0.004 * longest, 0.4, 2.5) if good else rng.uniform(20, 110)
        drifts.append(draw_sway(rng, (slip * pixel, slip * pixel * 0.7, 0.015 if good else 0.35), 160, 12))
        misses = rng.random() < (0.3 if good else 0.8)
        missed.append(int(rng.integers(1, len(perimeters))) if misses and len(perimeters) > 1 else None)
    return Tracker(
        shown=shown,
        labels=_labels(rng, plan, good),
        wobbles=tuple(wobbles),
        drifts=tuple(drifts),
        edges=draw_sway(rng, (2.5 * pixel, 1.5 * pixel), 100, 12),
        missed_parts=tuple(missed),
        speckle=0.0 if good else float(rng.uniform(10, 80)),
        seed=int(rng.integers(2**31)),
    )
