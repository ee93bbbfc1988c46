"""Draw a scene in colour: what a camera would have seen where the masks of `perf.scenes` lie, for pictures in the documentation.

Every photograph is a closed-form function of the scene and the frame's index, as the masks are.
"""

import zlib
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from perf.presets import VideoPlan
from perf.scenes import GROUND_TRUTH, Actor, Scene

__all__ = ["Photographer"]

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

OBSTACLE_LABEL: Final = 255
MARGIN: Final = 0.12
"""Share of the frame's width that the backdrop is wider by on each side: the camera moves by less."""
HORIZON: Final = 0.42
LANDSCAPES: Final = (
    ((150, 186, 222), (226, 232, 235), (74, 98, 80), (96, 128, 62), (142, 150, 84)),
    ((120, 160, 214), (240, 226, 204), (122, 116, 128), (186, 164, 122), (214, 196, 156)),
    ((168, 184, 198), (222, 224, 226), (92, 100, 110), (104, 104, 106), (132, 130, 128)),
    ((110, 158, 216), (214, 230, 242), (88, 112, 136), (70, 112, 88), (112, 142, 92)),
)
"""Colours of the zenith, the sky at the horizon, the hills, and the ground nearby: dark and light."""
COATS: Final = (
    (156, 72, 58),
    (66, 88, 132),
    (198, 172, 104),
    (74, 72, 78),
    (206, 202, 194),
    (128, 90, 62),
    (78, 118, 104),
    (116, 82, 116),
)
BARK: Final = (84, 68, 54)


class Photographer:
    """Takes the photographs of one scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        rng = np.random.default_rng(zlib.crc32(f"light of {scene.plan.name}".encode()))
        self._seed = int(rng.integers(2**31))
        self._backdrop = _backdrop(rng, scene.plan)
        self._cloth = _noise(rng, (scene.plan.height, scene.plan.width), (2, 5, 11, 40))
        coats = rng.permutation(len(COATS))
        self._coats = {actor.label: COATS[coats[position % len(COATS)]] for position, actor in enumerate(scene.objects)}

    def take(self, index: int) -> Image:
        """The photograph of the frame `index`, RGB, shape (height, width, 3)."""
        plan, camera = self._scene.plan, self._scene.camera(index)
        labels = self._scene.draw(GROUND_TRUTH, index, obstacle=OBSTACLE_LABEL)
        margin = round(MARGIN * plan.width)
        shift = np.array([[1, 0, camera.real - margin], [0, 1, camera.imag - margin]], np.float32)
        whole = (plan.width, plan.height)
        shot: Floats = np.asarray(cv2.warpAffine(self._backdrop, shift, whole, borderMode=cv2.BORDER_REPLICATE), np.float32)
        present = [actor for actor in self._scene.objects if np.any(labels == actor.label)]
        for actor in present:
            _cast_shadow(shot, labels == actor.label)
        for actor in present:
            self._paint(shot, labels == actor.label, self._coats[actor.label], self._offset(actor, index, camera))
        self._paint(shot, labels == OBSTACLE_LABEL, BARK, (0, 0))
        rng = np.random.default_rng((self._seed, index))
        shot = np.asarray(cv2.GaussianBlur(shot, (0, 0), 0.6 * plan.height / 720 + 0.2), np.float32)
        shot += rng.normal(0, 3, shot.shape[:2]).astype(np.float32)[:, :, None]
        return np.asarray(np.clip(shot, 0, 255), np.uint8)

    def _offset(self, actor: Actor, index: int, camera: complex) -> tuple[int, int]:
        """How far the pattern of an object's coat has moved: rows, columns."""
        centre = actor.pose(index, camera).centre
        return round(centre.imag), round(centre.real)

    def _paint(self, shot: Floats, mask: NDArray[np.bool_], colour: tuple[int, int, int], offset: tuple[int, int]) -> None:
        """Something round in a coat, lit from the upper left."""
        if not mask.any():
            return
        depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
        reach = max(float(np.percentile(depth[mask], 90)), 1.0)
        bulge = cv2.GaussianBlur(np.sqrt(np.clip(depth / reach, 0, 1)), (0, 0), max(reach / 6, 0.8))
        down, right = np.gradient(bulge * reach)
        light = np.clip(0.86 - 0.42 * (right + 1.3 * down), 0.35, 1.5)
        moved = np.array([[1, 0, offset[1]], [0, 1, offset[0]]], np.float32)
        cloth = cv2.warpAffine(self._cloth, moved, mask.shape[::-1], borderMode=cv2.BORDER_REFLECT_101)
        coat = np.array(colour, np.float32) * (light * (1 + 0.22 * cloth))[:, :, None]
        # half a pixel of the background shines through at the edge, as in every photograph
        cover = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)[:, :, None]
        cover = np.where(mask[:, :, None], np.maximum(cover, 0.55), np.minimum(cover, 0.45))
        shot += cover * (coat - shot)


def _cast_shadow(shot: Floats, mask: NDArray[np.bool_]) -> None:
    """A soft shadow on the ground below an object."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    shade = np.zeros(mask.shape, np.float32)
    centre = (left + width // 2 + width // 10, top + height)
    cv2.ellipse(shade, centre, (max(width * 11 // 20, 1), max(height // 9, 1)), 0, 0, 360, 1.0, cv2.FILLED)
    shot *= 1 - 0.5 * cv2.GaussianBlur(shade, (0, 0), max(height / 25, 1))[:, :, None]


def _backdrop(rng: np.random.Generator, plan: VideoPlan) -> Floats:
    """Sky, hills, trees and ground, wider than the frame by the margin on every side."""
    margin = round(MARGIN * plan.width)
    height, width = plan.height + 2 * margin, plan.width + 2 * margin
    zenith, haze, hills, dark, light = (np.array(colour, np.float32) for colour in LANDSCAPES[rng.integers(len(LANDSCAPES))])
    horizon = round(HORIZON * height)
    rows = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    clouds = np.clip(_noise(rng, (height, width), (60, 130, 300)) - 0.2, 0, 1)[:, :, None]
    found = zenith + np.clip(rows / HORIZON, 0, 1) * (haze - zenith)
    found = found + 0.7 * clouds * (246 - found)
    texture = _noise(rng, (height, width), (3, 7, 17, 60))
    columns = np.arange(width)
    for step, share in enumerate((0.3, 0.75)):
        ridge = horizon - height * (0.02 + (0.1 - 0.05 * step) * _profile(rng, width, width / (3 + 4 * step)))
        below = np.arange(height)[:, None] > ridge[columns][None, :]
        tone = haze + share * (hills - haze) + 12 * texture[:, :, None]
        found = np.where(below[:, :, None], tone, found)
    # the ground is seen at a slant: its pattern is wide, and larger the nearer it is
    depth = np.clip((np.arange(height) - horizon) / (height - horizon), 1e-3, 1)
    pattern = _noise(rng, (height, width), (4, 9, 30, 110))
    far = (horizon + 1 + 0.9 * (height - horizon - 2) * (1 - (1 - depth) ** 3)).astype(np.float32)
    grid = np.tile(columns.astype(np.float32), (height, 1)), np.tile(far[:, None], (1, width))
    pattern = np.asarray(cv2.remap(pattern, *grid, cv2.INTER_LINEAR), np.float32)
    ground = dark + np.clip(0.5 + 0.5 * pattern, 0, 1)[:, :, None] * (light - dark)
    ground = ground * (0.8 + 0.25 * depth.astype(np.float32))[:, None, None]
    return np.asarray(np.where((np.arange(height) > horizon)[:, None, None], ground, found), np.float32)


def _noise(rng: np.random.Generator, shape: tuple[int, int], scales: tuple[int, ...]) -> Floats:
    """Smooth noise of about -1 to 1, from blobs of several sizes in pixels, the larger the stronger."""
    total = np.zeros(shape, np.float32)
    for scale in scales:
        coarse = rng.normal(0, 1, (shape[0] // scale + 3, shape[1] // scale + 3)).astype(np.float32)
        total += np.sqrt(scale) * cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return total / (2 * float(np.abs(total).mean()) + 1e-6)


def _profile(rng: np.random.Generator, width: int, period: float) -> Floats:
    """Heights of a ridge from 0 to 1, shape (width,)."""
    places = np.arange(width)
    waves = [np.sin(2 * np.pi * places / (period / 2**octave) + rng.uniform(0, 6.3)) / 2**octave for octave in range(5)]
    line = np.sum(waves, axis=0)
    return np.asarray((line - line.min()) / np.ptp(line), np.float32)
