"""When an object can be seen: the stretches of its ground truth, and its means over each kind of frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean
from typing import Final

from lvos_eval.scoring.results import ObjectFrame

__all__ = ["FRAME_KINDS", "FrameMeans", "frame_means", "pooled_means", "reappeared"]

FRAME_KINDS: Final = ("visible", "before absence", "absent", "after re-appearance")
"""`before absence` is every frame of an object that comes earlier than its first absent one, if it has any; `after re-appearance`
is every visible frame that comes later than an absent one. The frames of both are `visible` too."""


@dataclass(frozen=True, slots=True)
class FrameMeans:
    """Plain means of J and F over `frames` frames of one kind."""

    kind: str
    frames: int
    j: float
    f: float


def reappeared(values: Sequence[ObjectFrame]) -> list[bool]:
    """For each value, in the order of frames, whether its object is back from an absence."""
    back: list[bool] = []
    been_absent = False
    for value in values:
        been_absent = been_absent or not value.visible
        back.append(value.visible and been_absent)
    return back


def frame_means(values: Sequence[ObjectFrame]) -> tuple[FrameMeans, ...]:
    """Means over the values of one object by kind of frame; kinds without a frame are left out."""
    back = reappeared(values)
    leaves = any(not value.visible for value in values)
    members = (
        [value for value in values if value.visible],
        [value for value, again in zip(values, back, strict=True) if leaves and value.visible and not again],
        [value for value in values if not value.visible],
        [value for value, again in zip(values, back, strict=True) if again],
    )
    return tuple(
        FrameMeans(
            kind,
            len(found),
            fmean(value.region_similarity for value in found),
            fmean(value.contour_accuracy for value in found),
        )
        for kind, found in zip(FRAME_KINDS, members, strict=True)
        if found
    )


def pooled_means(objects: Iterable[Sequence[FrameMeans]]) -> tuple[tuple[FrameMeans, int], ...]:
    """For each kind, the means over the objects that have such frames (each object counts once), and how many those are."""
    found = sorted((m for means in objects for m in means), key=lambda m: FRAME_KINDS.index(m.kind))
    pooled = []
    for kind, group in groupby(found, key=lambda m: m.kind):
        members = list(group)
        count = len(members)
        frames = sum(m.frames for m in members)
        pooled.append((FrameMeans(kind, frames, fmean(m.j for m in members), fmean(m.f for m in members)), count))
    return tuple(pooled)
