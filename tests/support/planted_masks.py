"""Ground truth of moving objects with faults planted in it, and which frames they are in."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from perf.presets import VideoPlan, metadata
from perf.scenes import GROUND_TRUTH, Scene

KINDS = ("speck", "jump-size", "jump-place", "jump-gone", "hole", "swap", "copy", "stretch")
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Planted:
    kind: str
    video: str
    frames: tuple[int, ...]
    objects: tuple[int, ...]


def write_planted(
    folder: Path, *, videos: int, frames: int, size: tuple[int, int], seed: int, clean: bool = False
) -> list[Planted]:
    """A reference folder of `videos` videos, most of them with one fault of each kind that fits; none if `clean`."""
    plans = [
        VideoPlan(f"v{seed:02d}{number:05d}", *size, frames, (0,) * (1 + number % 3), number % 3 == 1) for number in range(videos)
    ]
    planted: list[Planted] = []
    for plan in plans:
        scene = Scene(plan)
        masks = [scene.draw(GROUND_TRUTH, index) for index in range(frames)]
        if not clean:
            planted += list(_plant(plan, masks, np.random.default_rng(zlib.crc32(plan.name.encode()))))
        for number, labels in zip(plan.frame_numbers, masks, strict=True):
            path = folder / "Annotations" / plan.name / f"{number:08d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(labels).save(path, compress_level=1)
    (folder / "test_meta.json").write_text(json.dumps(metadata(plans)))
    (folder / "unseen_videos.txt").write_text("".join(f"{plan.name}\n" for plan in plans if plan.unseen))
    return planted


def _plant(plan: VideoPlan, masks: list[Labels], rng: np.random.Generator) -> Iterator[Planted]:
    """Changes masks in place, far from each other in time."""
    places = rng.permutation(np.arange(4, plan.frames - 8, 9)).tolist()
    for kind in rng.permutation(KINDS).tolist():
        for index in list(places):
            found = _spoil(kind, masks, index, rng)
            if found is not None:
                places.remove(index)
                objects, length = found
                yield Planted(kind, plan.name, tuple(plan.frame_numbers[index + step] for step in range(length)), objects)
                break


def _spoil(kind: str, masks: list[Labels], index: int, rng: np.random.Generator) -> tuple[tuple[int, ...], int] | None:
    """Plants one fault at a frame; None where it would not be one, because there is too little to see."""
    labels, before, after = masks[index], masks[index - 1], masks[index + 1]
    seen = [label for label in range(1, 4) if all((side == label).sum() > 400 for side in (before, labels, after))]
    if not seen:
        return None
    label = int(rng.choice(seen))
    mask = labels == label
    height, width = labels.shape
    if kind == "speck":
        away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
        rows, columns = np.nonzero((away > 0.08 * np.hypot(height, width)) & (labels == 0))
        if not len(rows):
            return None
        chosen = int(rng.integers(len(rows)))
        cv2.circle(labels, (int(columns[chosen]), int(rows[chosen])), int(rng.integers(1, 5)), label, cv2.FILLED)
        return (label,), 1
    if kind == "hole":
        inner = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
        if inner.max() < 8:
            return None
        _, _, _, spot = cv2.minMaxLoc(inner)
        cv2.circle(labels, spot, int(inner.max() * 0.6), 0, cv2.FILLED)
        return (label,), 1
    if kind.startswith("jump"):
        labels[mask] = 0
        if kind == "jump-gone":
            return (label,), 1
        centre = np.argwhere(mask).mean(axis=0)[::-1]
        scale = float(rng.choice((0.6, 1.6))) if kind == "jump-size" else 1.0
        turn = rng.uniform(0, 2 * np.pi)
        offset = np.array((np.cos(turn), np.sin(turn))) * 0.9 * np.sqrt(mask.sum()) if kind == "jump-place" else np.zeros(2)
        matrix = np.array([[scale, 0, 0], [0, scale, 0]], np.float64)
        matrix[:, 2] = centre * (1 - scale) + offset
        moved = cv2.warpAffine(mask.astype(np.uint8), matrix, (width, height), flags=cv2.INTER_NEAREST)
        labels[(moved > 0) & (labels == 0)] = label
        return (label,), 1
    if kind == "swap":
        if len(seen) < 2:
            return None
        one, other = seen[:2]
        length = int(rng.integers(1, 4))
        for step in range(length):
            part = masks[index + step]
            first, second = part == one, part == other
            part[first], part[second] = other, one
        return (one, other), length
    length = 1 if kind == "copy" else int(rng.integers(3, 6))
    changes = [
        float(((one != other) & ((one > 0) | (other > 0))).sum() / max((one > 0).sum(), 1))
        for one, other in ((before, labels), (labels, after))
    ]
    if min(changes) < 0.04:
        return None
    for step in range(length):
        masks[index + step][:] = before
    return tuple(int(item) for item in np.unique(before) if item), length
