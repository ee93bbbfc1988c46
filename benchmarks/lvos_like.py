"""Draw LVOS-like videos: ground truth and the predictions of a good and of a bad tracker, as label maps.

Every frame is a closed-form function of the video's plan and the frame's index, so frames may be drawn in any
order and by any number of workers. Positions are complex numbers x + iy in pixels.
"""

import zlib
from dataclasses import dataclass
from itertools import compress
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.motion import Sway, draw_stretches, draw_sway
from benchmarks.presets import VideoPlan
from benchmarks.silhouettes import KINDS, OBSTACLES, Pose, Silhouette, build_silhouette, fill_outlines
from benchmarks.trackers import TRACKERS, Tracker, build_tracker

__all__ = ["GROUND_TRUTH", "VERSION", "Scene", "build_scene"]

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]

VERSION: Final = 2
"""Grows whenever the same plan gives other pixels or files."""
GROUND_TRUTH: Final = "reference"

SIZE_CLASSES: Final = ((0.003, 0.03), (0.03, 0.10), (0.10, 0.30))
"""Share of the frame that an object covers: small, medium, large."""
SIZE_ODDS: Final = (0.5, 0.28, 0.22)
ABSENT_ODDS: Final = 0.45
"""Share of objects that leave the picture, or are hidden, at least once."""
ENTRANCE: Final = 4
"""Frames that an object takes to come or go."""


@dataclass(frozen=True)
class Actor:
    """Something that moves through a video; label 0 is background that hides what is behind it.

    It moves around `base`, with `scale` pixels per unit, from frame index `first` on. `away` (frames,) is 0
    where it is in place and 1 where it is gone: it leaves by `exit`, or stays behind a `cover` that comes
    from there. The channels of `motion` are x, y, log of scale, rotation, turn and depth.
    """

    label: int
    first: int
    silhouette: Silhouette
    base: complex
    scale: float
    motion: Sway
    gait_rate: float
    away: Floats
    exit: complex
    cover: Silhouette | None = None

    def pose(self, index: int, camera: complex) -> tuple[Pose, float]:
        """Pose and depth of the actor in a frame; greater is nearer.

        Whatever enters does so in front, small before large, so that it can be seen in its first frame.
        """
        x, y, growth, rotation, turn, depth = self.motion.at(index).tolist()
        centre = self.base + camera + complex(x, y)
        if self.cover is None:
            centre += self.away[index] * self.exit
        entrance = 400 / self.scale * float(np.exp((self.first - index) / 8))
        return Pose(
            centre=centre,
            scale=self.scale * float(np.exp(growth)),
            rotation=rotation,
            stretch=0.72 + 0.28 * float(np.cos(3 * turn)),
            gait=self.gait_rate * index,
            age=0.11 * index + self.label,
        ), depth + entrance


@dataclass(frozen=True)
class Scene:
    """A video ready to be drawn, frame by frame."""

    plan: VideoPlan
    camera: Sway
    objects: tuple[Actor, ...]
    obstacles: tuple[Actor, ...]
    trackers: dict[str, Tracker]

    def draw(self, source: str, index: int) -> Labels:
        """Label map (height, width) of the frame `index`, from 0: the ground truth's or a tracker's."""
        if source == GROUND_TRUTH:
            return self._ground_truth(index)
        return self._prediction(self.trackers[source], index)

    def _staged(self, index: int) -> tuple[complex, list[tuple[int, Pose]]]:
        """Camera shift, and (object position, pose) of the objects from the farthest to the nearest."""
        camera = complex(*self.camera.at(index).tolist())
        posed = [(actor.pose(index, camera), position) for position, actor in enumerate(self.objects) if index >= actor.first]
        posed.sort(key=lambda item: item[0][1])
        return camera, [(position, pose) for (pose, _), position in posed]

    def _hide(self, labels: Labels, index: int, camera: complex, staged: list[tuple[int, Pose]], slip: complex = 0j) -> None:
        """Erase what is hidden; a tracker sees the edges of what hides smooth, and off by `slip`."""
        detail = 0.0 if slip else 1.0
        for position, pose in staged:
            actor = self.objects[position]
            if actor.cover is not None and actor.away[index] > 0:
                centre = pose.centre + (1 - actor.away[index]) * actor.exit + slip
                cover = Pose(centre, pose.scale * 1.9, 0.0, 1.0, 0.0, 0.02 * index)
                fill_outlines(labels, actor.cover.outlines(cover, detail), actor.cover.solid, 0)
        for actor in self.obstacles:
            pose, _ = actor.pose(index, camera + slip)
            fill_outlines(labels, actor.silhouette.outlines(pose, detail), actor.silhouette.solid, 0)

    def _ground_truth(self, index: int) -> Labels:
        labels = np.zeros((self.plan.height, self.plan.width), np.uint8)
        camera, staged = self._staged(index)
        for position, pose in staged:
            actor = self.objects[position]
            fill_outlines(labels, actor.silhouette.outlines(pose), actor.silhouette.solid, actor.label)
        self._hide(labels, index, camera, staged)
        return labels

    def _prediction(self, tracker: Tracker, frame: int) -> Labels:
        labels = np.zeros((self.plan.height, self.plan.width), np.uint8)
        index = int(tracker.shown[frame])
        camera, staged = self._staged(index)
        for position, pose in staged:
            label = int(tracker.labels[position, index])
            if label == 0:
                continue
            silhouette = self.objects[position].silhouette
            x, y, growth = tracker.drifts[position].at(index).tolist()
            warm_up = min(1.0, (index - self.objects[position].first + 1) / 10)
            moved = Pose(
                centre=pose.centre + warm_up * complex(x, y),
                scale=pose.scale * float(np.exp(growth)),
                rotation=pose.rotation + growth / 4,
                stretch=pose.stretch,
                gait=pose.gait - 0.15,
                age=pose.age - 0.1,
            )
            outlines = silhouette.outlines(moved, detail=0.3, wobble=tracker.wobbles[position])
            kept = [part != tracker.missed_parts[position] for part in range(len(outlines))]
            fill_outlines(labels, outlines[kept], list(compress(silhouette.solid, kept)), label)
        slip = complex(*tracker.edges.at(index).tolist())
        self._hide(labels, index, camera, staged, slip)
        if tracker.speckle and tracker.labels[:, index].any():
            self._speckle(labels, np.random.default_rng((tracker.seed, index)), tracker.speckle)
        return labels

    def _speckle(self, labels: Labels, rng: np.random.Generator, mean_spots: float) -> None:
        """Spots of a few pixels and some blobs, with the ids of random objects, around random places."""
        ids = [actor.label for actor in self.objects]
        places = rng.random((3, 2)) * (self.plan.width, self.plan.height)
        spots = int(rng.poisson(mean_spots))
        centres = places[rng.integers(0, 3, spots)] + rng.normal(0, self.plan.height / 12, (spots, 2))
        radii = np.exp(rng.normal(0.7, 0.7, (spots, 2))) * self.plan.height / 720
        radii[: rng.poisson(0.7)] *= 12
        tilts = rng.uniform(0, 180, spots)
        chosen = rng.integers(0, len(ids), spots)
        for centre, radius, tilt, pick in zip(
            centres.astype(int).tolist(), np.ceil(radii).astype(int).tolist(), tilts, chosen, strict=True
        ):
            cv2.ellipse(labels, centre, radius, float(tilt), 0, 360, ids[pick], cv2.FILLED)


def _area_share(rng: np.random.Generator, crowd: int) -> float:
    """Share of the frame that an object covers; in a crowd all are small."""
    low, high = SIZE_CLASSES[rng.choice(len(SIZE_CLASSES), p=SIZE_ODDS)]
    share = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return min(share, 0.5 / crowd)


def _away(rng: np.random.Generator, frames: int, first: int) -> Floats:
    """How far an object is gone, (frames,) in 0..1; never in its first frames."""
    gone = np.zeros(frames)
    if rng.random() < ABSENT_ODDS:
        length = int(np.clip(frames * 0.08, 5, 60))
        gone[draw_stretches(rng, frames, 0.16, length, first + 3 * ENTRANCE)] = 1
    kernel = np.hanning(2 * ENTRANCE + 1)
    smooth = np.convolve(gone, kernel / kernel.sum())[ENTRANCE : ENTRANCE + frames]
    smooth[: first + ENTRANCE] = 0
    return smooth


def _object(rng: np.random.Generator, plan: VideoPlan, position: int, neighbour: complex | None) -> Actor:
    height, width, crowd = plan.height, plan.width, len(plan.objects)
    area = _area_share(rng, crowd) * height * width
    kind = KINDS[int(rng.integers(len(KINDS)))]
    pixel = height / 720
    silhouette, scale = build_silhouette(
        rng, kind(), area, roughness=rng.uniform(0.08, 0.25), detail=rng.uniform(0.7, 1.6) * pixel
    )
    base = complex(rng.uniform(0.25, 0.75) * width, rng.uniform(0.3, 0.7) * height)
    if neighbour is not None and rng.random() < 0.6:
        base = neighbour + complex(rng.normal(), rng.normal()) * np.sqrt(area)
        base = complex(np.clip(base.real, 0.2 * width, 0.8 * width), np.clip(base.imag, 0.25 * height, 0.75 * height))
    reach = rng.uniform(0.03, 0.16) * width
    motion = draw_sway(rng, (reach, reach * 0.4, 0.35, 0.25, 0.6, 1.0), slowest=300, fastest=25)
    distance = width if rng.random() < 0.5 else -width
    hidden = rng.random() < 0.5
    first = plan.objects[position].first
    cover = build_silhouette(rng, OBSTACLES[1](), area * 2, 0.2, 1.0)[0] if hidden else None
    return Actor(
        label=plan.objects[position].object_id,
        first=first,
        silhouette=silhouette,
        base=base,
        scale=scale,
        motion=motion,
        gait_rate=float(rng.uniform(0.2, 0.9)),
        away=_away(rng, plan.frames, first),
        exit=complex(distance * 1.2, rng.normal(0, 0.2) * height),
        cover=cover,
    )


def _obstacle(rng: np.random.Generator, plan: VideoPlan) -> Actor:
    pole = rng.random() < 0.7
    area = rng.uniform(0.012, 0.03) * plan.height * plan.width
    silhouette, scale = build_silhouette(rng, OBSTACLES[0 if pole else 1](), area, 0.25, 1.2)
    return Actor(
        label=0,
        first=0,
        silhouette=silhouette,
        base=complex(rng.uniform(0.1, 0.9) * plan.width, rng.uniform(0.4, 0.7) * plan.height),
        scale=scale,
        motion=draw_sway(rng, (2.0, 1.0, 0.01, 0.02, 0.0, 0.0), 200, 30),
        gait_rate=0.0,
        away=np.zeros(plan.frames),
        exit=0j,
    )


def build_scene(plan: VideoPlan) -> Scene:
    """Everything about a video that does not depend on the frame, seeded by the video's name."""
    rng = np.random.default_rng((VERSION, zlib.crc32(plan.name.encode())))
    objects: list[Actor] = []
    for position in range(len(plan.objects)):
        neighbour = objects[rng.integers(len(objects))].base if objects else None
        objects.append(_object(rng, plan, position, neighbour))
    return Scene(
        plan=plan,
        camera=draw_sway(rng, (0.03 * plan.width, 0.02 * plan.width), 150, 8),
        objects=tuple(objects),
        obstacles=tuple(_obstacle(rng, plan) for _ in range(rng.choice(4, p=(0.3, 0.4, 0.2, 0.1)))),
        trackers={
            name: build_tracker(rng, plan, [actor.silhouette for actor in objects], good=name == "good") for name in TRACKERS
        },
    )
