"""Outlines of articulated, deforming things: people, animals, vehicles, and what stands in front of them.

A silhouette is a set of parts. A part is a quadratic Bezier spine with a radius along it, closed to a superellipse: an ellipse,
a limb or a box, depending on its numbers. Points are complex numbers x + iy, y down.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["KINDS", "OBSTACLE", "Pose", "Silhouette"]

Complexes = NDArray[np.complex128]
Labels = NDArray[np.uint8]

SUBPIXEL_BITS: Final = 3
FINEST: Final = 4.5
"""Shortest wavelength of a contour's detail, in pixels."""
COARSEST_DETAIL: Final = 24.0
"""Wavelength, in pixels, that separates what a contour does from how an annotator drew it."""


class Part(NamedTuple):
    """Spine from `a` over `b` to `c` with a radius at each, in object units.

    `power` shapes the ends (2: ellipse, 6: box), `swing` is the amplitude in radians of a rotation about `a` at the gait's
    `phase`, a part that is not `solid` is a hole.
    """

    a: complex
    b: complex
    c: complex
    radii: tuple[float, float, float]
    power: float = 2.0
    swing: float = 0.0
    phase: float = 0.0
    solid: bool = True


KINDS: Final[Mapping[str, tuple[Part, ...]]] = {
    "person": (
        Part(-0.62j, -0.15j, 0.33j, (0.2, 0.21, 0.17), 3.2),
        Part(-0.86j, -0.7j, -0.5j, (0.12, 0.13, 0.08)),
        Part(-0.09 + 0.2j, -0.13 + 0.65j, -0.1 + 1.1j, (0.13, 0.09, 0.05), 3, 0.3),
        Part(0.09 + 0.2j, 0.13 + 0.65j, 0.1 + 1.1j, (0.13, 0.09, 0.05), 3, 0.3, np.pi),
        Part(-0.17 - 0.42j, -0.33 - 0.1j, -0.25 + 0.25j, (0.08, 0.06, 0.05), 3, 0.45),
        Part(0.17 - 0.42j, 0.33 - 0.1j, 0.25 + 0.25j, (0.08, 0.06, 0.05), 3, 0.45, -np.pi),
    ),
    "animal": (
        Part(-0.75, -0.05j, 0.65 - 0.03j, (0.26, 0.27, 0.25), 2.6),
        Part(0.4 - 0.02j, 0.7 - 0.25j, 0.82 - 0.6j, (0.18, 0.13, 0.1), 3, 0.08),
        Part(0.68 - 0.62j, 0.9 - 0.55j, 1.14 - 0.42j, (0.13, 0.12, 0.06), 2.4, 0.08),
        Part(-0.68 - 0.1j, -1 - 0.2j, -1.1 + 0.25j, (0.06, 0.045, 0.03), 3, 0.5, 1.0),
        *(
            Part(x + 0.05j, x + 0.06 + 0.4j, x - 0.02 + 0.86j, (0.14, 0.065, 0.035), 3, 0.3, phase)
            for x, phase in ((-0.58, 0.0), (-0.45, np.pi), (0.4, np.pi / 2), (0.52, 1.5 * np.pi))
        ),
    ),
    "vehicle": (
        Part(-1.05 + 0.1j, 0.1j, 1.05 + 0.12j, (0.3, 0.3, 0.22), 5),
        Part(-0.65 - 0.25j, -0.1 - 0.28j, 0.5 - 0.2j, (0.24, 0.26, 0.2), 3.6),
        Part(-0.3 - 0.3j, -0.1 - 0.31j, 0.12 - 0.29j, (0.08, 0.09, 0.06), 4, solid=False),
        Part(-0.82 + 0.38j, -0.62 + 0.38j, -0.42 + 0.38j, (0.2, 0.2, 0.2)),
        Part(0.42 + 0.38j, 0.62 + 0.38j, 0.82 + 0.38j, (0.2, 0.2, 0.2)),
    ),
}
"""What objects can be."""
OBSTACLE: Final = (
    Part(-1.6j, 0.02, 1.6j, (0.09, 0.06, 0.1), 6),
    Part(-0.4j, 0.2 - 0.8j, 0.3 - 1.4j, (0.06, 0.04, 0.02), 3),
)
"""What stands in front of objects: a pole with a branch."""


class Pose(NamedTuple):
    """Where and how a silhouette stands: centre in pixels, scale in pixels per unit, angles in radians.

    `stretch` narrows it as a turn away from the camera does, `gait` swings the limbs, `age` changes the outline.
    """

    centre: complex
    scale: float
    rotation: float = 0.0
    stretch: float = 1.0
    gait: float = 0.0
    age: float = 0.0


class Silhouette:
    """Parts made ready for drawing, with `scale` pixels per unit so that they cover about `area` pixels.

    `outlines` (parts, points) are those of the parts at rest, in units. They wander by `roughness` units as the thing deforms,
    and by `tremor` pixels as an annotator's hand does.
    """

    def __init__(self, rng: np.random.Generator, parts: Sequence[Part], area: float, roughness: float, tremor: float) -> None:
        self._parts, self.outlines = parts, _outlines(parts, 48)
        self._coarse = self._fine = np.zeros((2, *self.outlines.shape), np.complex128)
        sketch = np.zeros((400, 400), np.uint8)
        self.draw(sketch, 1, Pose(200 + 200j, 100.0))
        self.scale = 100 * float(np.sqrt(area / np.count_nonzero(sketch)))
        longest = float(np.abs(np.diff(self.outlines)).sum(axis=1).max()) * self.scale
        self.outlines = _outlines(parts, int(np.clip(longest / 2.5, 48, 640)))
        self._coarse = roughness * self.wander(rng, COARSEST_DETAIL, np.inf)
        self._fine = tremor * self.wander(rng, FINEST, COARSEST_DETAIL)

    def draw(self, labels: Labels, label: int, pose: Pose, detail: float = 1.0, wobble: Complexes | float = 0.0) -> None:
        """Draws the parts, holes as background, into `labels` (height, width).

        `detail` scales the annotator's fine detail; `wobble` (2, parts, points), in pixels, is added to the outlines.
        """
        joints = np.array([[part.a] for part in self._parts])
        turns = np.exp([[1j * part.swing * np.sin(pose.gait + part.phase)] for part in self._parts])
        local = joints + (self.outlines - joints) * turns + _mix(self._coarse, pose.age)
        local = local.real * pose.stretch + 1j * local.imag
        found = (
            pose.centre
            + pose.scale * np.exp(1j * pose.rotation) * local
            + _mix(np.asarray(detail * self._fine + wobble), 5 * pose.age)
        )
        points = np.rint(np.stack([found.real, found.imag], axis=-1) * 2**SUBPIXEL_BITS).astype(np.int32)
        for part, outline in zip(self._parts, points, strict=True):
            cv2.fillPoly(labels, [outline], label if part.solid else 0, shift=SUBPIXEL_BITS)

    def wander(self, rng: np.random.Generator, low: float, high: float) -> Complexes:
        """Two periodic displacement tables (2, parts, points), of root mean square 1, with a 1/f amplitude spectrum.

        Only wavelengths of `low` to `high` pixels take part; a part too short for all of them gets zeros.
        """
        perimeters = self.scale * np.abs(self.outlines - np.roll(self.outlines, 1, axis=1)).sum(axis=1, keepdims=True)
        points = self.outlines.shape[1]
        wavelengths = perimeters / np.maximum(np.abs(np.fft.fftfreq(points, 1 / points)), 1e-9)
        gains = np.where((wavelengths >= low) & (wavelengths <= high) & (wavelengths <= perimeters), wavelengths, 0.0)
        shape = (2, *self.outlines.shape)
        tables = np.fft.ifft(gains * (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)))
        size = np.sqrt(np.mean(np.abs(tables) ** 2, axis=2, keepdims=True))
        return np.asarray(tables / np.where(size > 0, size, 1.0))


def _mix(tables: Complexes, age: float) -> Complexes:
    """A table that turns from one of the two into the other and back as `age` (radians) grows."""
    return np.asarray(np.cos(age) * tables[0] + np.sin(age) * tables[1])


def _outlines(parts: Sequence[Part], points: int) -> Complexes:
    """The outlines (parts, points) at rest, in units."""
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False) + np.pi / points
    exponents = np.array([[2 / part.power] for part in parts])
    along, across = (np.sign(wave) * np.abs(wave) ** exponents for wave in (np.cos(angles), np.sin(angles)))
    s = (1 - along) / 2
    blend = np.stack([(1 - s) ** 2, 2 * s * (1 - s), s**2])
    spines, radii = (np.array(values).T[..., None] for values in ([part[:3] for part in parts], [part.radii for part in parts]))
    tangents = (np.stack([-2 * (1 - s), 2 - 4 * s, 2 * s]) * spines).sum(axis=0)
    return np.asarray((blend * spines).sum(axis=0) + 1j * tangents / np.abs(tangents) * across * (blend * radii).sum(axis=0))
