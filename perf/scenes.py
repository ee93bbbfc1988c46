"""Draw LVOS-like videos: ground truth and the predictions of a good and of a bad tracker, as label maps.

Every frame is a closed-form function of the video's plan and the frame's index, so frames may be drawn in any order and by any
number of workers. Positions are complex numbers x + iy in pixels.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from perf.presets import VideoPlan
from perf.silhouettes import KINDS, OBSTACLE, Pose, Silhouette

__all__ = ["GROUND_TRUTH", "TRACKERS", "Actor", "Scene"]

Floats = NDArray[np.float64]
Labels = NDArray[np.uint8]

GROUND_TRUTH: Final = "reference"
TRACKERS: Final = ("good", "bad")
SMALLEST, LARGEST = 0.003, 0.2  # share of the frame that an object covers
ENTRANCE: Final = 4
"""Frames that an object takes to come or go."""


class Sway:
    """Smooth motion of several channels, each a sum of sinusoids with periods, in frames, from `fastest` to `slowest`."""

    def __init__(self, rng: np.random.Generator, amplitudes: Sequence[float], slowest: float, fastest: float) -> None:
        shape = (len(amplitudes), 3)
        self._rates = 2 * np.pi / np.exp(np.sort(rng.uniform(np.log(fastest), np.log(slowest), shape))[:, ::-1])
        self._phases = rng.uniform(0, 2 * np.pi, shape)
        self._amplitudes = np.outer(amplitudes, (0.7, 0.3, 0.12))

    def at(self, index: int) -> list[float]:
        """The value of every channel at a frame's index."""
        values: list[float] = (self._amplitudes * np.sin(self._rates * index + self._phases)).sum(axis=1).tolist()
        return values


def _stretches(rng: np.random.Generator, frames: int, share: float, length: int, first: int) -> NDArray[np.bool_]:
    """Flags (frames,): runs of about `length` frames that cover about `share` of those from `first` on."""
    flags = np.zeros(frames, np.bool_)
    for _ in range(rng.poisson(share * max(0, frames - first) / length)):
        start = int(rng.integers(first, frames))
        flags[start : start + int(rng.integers(length // 2 + 1, length * 3 // 2 + 1))] = True
    return flags


@dataclass(frozen=True)
class Actor:
    """Something that moves through a video around `base` from frame index `first` on.

    The channels of `motion` are x, y, log of scale, rotation and turn. `away` (frames,) is 0 where it is in place and 1 where it
    has left by `exit`. Label 0 is background that hides what is behind it.
    """

    label: int
    first: int
    silhouette: Silhouette
    base: complex
    motion: Sway
    away: Floats
    exit: complex = 0j

    def pose(self, index: int, camera: complex) -> Pose:
        x, y, growth, rotation, turn = self.motion.at(index)
        return Pose(
            centre=self.base + camera + complex(x, y) + self.away[index] * self.exit,
            scale=self.silhouette.scale * float(np.exp(growth)),
            rotation=rotation,
            stretch=0.72 + 0.28 * float(np.cos(3 * turn)),
            gait=0.5 * index,
            age=0.11 * index + self.label,
        )


class Tracker:
    """What a tracker does wrong: a good one a little, a bad one much."""

    def __init__(self, rng: np.random.Generator, plan: VideoPlan, objects: Sequence[Actor], good: bool) -> None:
        pixel, frames = plan.height / 720, plan.frames
        # the label that an object gets: now and then another's, or 0 where it is lost
        self.labels = np.repeat([[actor.label] for actor in objects], frames, axis=1)
        confused = _stretches(rng, frames, 0.015 if good else 0.3, max(4, frames // 12), first=5)
        self.labels[:, confused] = np.roll(self.labels[:, confused], 1, axis=0)
        share, length = (0.025, max(3, frames // 25)) if good else (0.2, max(4, frames // 10))
        self.wobbles, self.drifts = [], []
        for actor, row in zip(objects, self.labels, strict=True):
            row[_stretches(rng, frames, share, length, first=actor.first + 3)] = 0
            size = actor.silhouette.scale / pixel
            strength = np.clip(0.008 * size, 0.6, 3.5) * (1 if good else 2.5) * pixel
            self.wobbles.append(strength * actor.silhouette.wander(rng, 14 * pixel, np.inf))
            slip = pixel * (np.clip(0.012 * size, 0.6, 3.0) if good else rng.uniform(20, 110))
            self.drifts.append(Sway(rng, (slip, slip * 0.7, 0.015 if good else 0.35), 160, 12))
        self.spots = 0.0 if good else float(rng.uniform(10, 80))
        self.seed = int(rng.integers(2**31))

    def speckle(self, labels: Labels, index: int) -> None:
        """Spots of a few pixels and some blobs, with the ids of random objects."""
        rng = np.random.default_rng((self.seed, index))
        count, height, width = int(rng.poisson(self.spots)), *labels.shape
        centres = (rng.random((count, 2)) * (width, height)).astype(int)
        radii = np.exp(rng.normal(0.7, 0.7, (count, 2))) * height / 720
        radii[: rng.poisson(0.7)] *= 12
        ids = rng.integers(1, len(self.labels) + 1, count)
        for centre, radius, label in zip(centres.tolist(), np.ceil(radii).astype(int).tolist(), ids.tolist(), strict=True):
            cv2.ellipse(labels, centre, radius, 0, 0, 360, label, cv2.FILLED)


class Scene:
    """A video ready to be drawn, frame by frame: all that does not depend on the frame, seeded by the video's name."""

    def __init__(self, plan: VideoPlan) -> None:
        rng = np.random.default_rng(zlib.crc32(plan.name.encode()))
        self.plan = plan
        # whatever comes later is in front, small before large, so that it can be seen in its first frame
        objects = [_object(rng, plan, position) for position in range(len(plan.firsts))]
        self.objects = sorted(objects, key=lambda actor: (actor.first, -actor.silhouette.scale))
        self._camera = Sway(rng, (0.03 * plan.width, 0.02 * plan.width), 150, 8)
        self._obstacles = [_obstacle(rng, plan) for _ in range(rng.choice(4, p=(0.3, 0.4, 0.2, 0.1)))]
        self._trackers = {name: Tracker(rng, plan, self.objects, good=name == "good") for name in TRACKERS}

    def camera(self, index: int) -> complex:
        """How far the camera has moved everything in the frame `index`, in pixels."""
        return complex(*self._camera.at(index))

    def draw(self, source: str, index: int, obstacle: int = 0) -> Labels:
        """Label map (height, width) of the frame `index`, from 0: the ground truth's or a tracker's.

        `obstacle` is the label of what stands in front of objects.
        """
        tracker, camera = self._trackers.get(source), self.camera(index)
        labels = np.zeros((self.plan.height, self.plan.width), np.uint8)
        for position, actor in enumerate(self.objects):
            if index < actor.first:
                continue
            pose = actor.pose(index, camera)
            if tracker is None:
                actor.silhouette.draw(labels, actor.label, pose)
            elif label := int(tracker.labels[position, index]):
                x, y, growth = tracker.drifts[position].at(index)
                pose = pose._replace(
                    centre=pose.centre + min(1.0, (index - actor.first + 1) / 10) * complex(x, y),
                    scale=pose.scale * float(np.exp(growth)),
                    gait=pose.gait - 0.15,
                    age=pose.age - 0.1,
                )
                actor.silhouette.draw(labels, label, pose, 0.3, tracker.wobbles[position])
        for actor in self._obstacles:
            actor.silhouette.draw(labels, obstacle, actor.pose(index, camera), detail=0.0 if tracker else 1.0)
        if tracker and tracker.spots and tracker.labels[:, index].any():
            tracker.speckle(labels, index)
        return labels


def _object(rng: np.random.Generator, plan: VideoPlan, position: int) -> Actor:
    height, width, frames, first = plan.height, plan.width, plan.frames, plan.firsts[position]
    # in a crowd all are small
    share = min(float(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST)))), 0.5 / len(plan.firsts))
    kind = list(KINDS.values())[rng.integers(len(KINDS))]
    silhouette = Silhouette(rng, kind, share * height * width, rng.uniform(0.01, 0.03), rng.uniform(0.7, 1.6) * height / 720)
    gone = np.zeros(frames)
    if rng.random() < 0.45:
        gone[_stretches(rng, frames, 0.16, int(np.clip(frames * 0.08, 5, 60)), first + 3 * ENTRANCE)] = 1
    kernel = np.hanning(2 * ENTRANCE + 1)
    away = np.convolve(gone, kernel / kernel.sum())[ENTRANCE : ENTRANCE + frames]
    away[: first + ENTRANCE] = 0
    base = complex(rng.uniform(0.25, 0.75) * width, rng.uniform(0.3, 0.7) * height)
    reach = rng.uniform(0.03, 0.16) * width
    motion = Sway(rng, (reach, reach * 0.4, 0.35, 0.25, 0.6), slowest=300, fastest=25)
    leaving = complex(1.2 * width * rng.choice((-1, 1)), rng.normal(0, 0.2) * height)
    return Actor(position + 1, first, silhouette, base, motion, away, leaving)


def _obstacle(rng: np.random.Generator, plan: VideoPlan) -> Actor:
    area = rng.uniform(0.012, 0.03) * plan.height * plan.width
    silhouette = Silhouette(rng, OBSTACLE, area, 0.03, 1.2)
    base = complex(rng.uniform(0.1, 0.9) * plan.width, rng.uniform(0.4, 0.7) * plan.height)
    return Actor(0, 0, silhouette, base, Sway(rng, (2, 1, 0.01, 0.02, 0), 200, 30), np.zeros(plan.frames))
