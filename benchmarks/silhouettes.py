"""Outlines of articulated, deforming things: people, animals, vehicles, and what stands in front of them.

A silhouette is a set of parts. A part is a quadratic Bezier spine with a radius along it, closed to a
superellipse: an ellipse, a limb or a box, depending on its numbers. Points are complex numbers x + iy, y
down.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["KINDS", "OBSTACLES", "Part", "Pose", "Silhouette", "build_silhouette", "fill_outlines", "wander"]

Complexes = npt.NDArray[np.complex128]
Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.uint8]

SUBPIXEL_BITS: Final = 3
FINEST: Final = 4.5
"""Shortest wavelength of a contour's detail, in pixels."""
COARSEST_DETAIL: Final = 24.0
"""Wavelength, in pixels, that separates what a contour does from how an annotator drew it."""


@dataclass(frozen=True)
class Part:
    """Spine from `a` over `b` to `c` with a radius at each, in object units.

    `power` shapes the ends (2: ellipse, 6: box), `swing` is the amplitude in radians of a rotation about `a`
    at the gait's `phase`, a part that is not `solid` is a hole.
    """

    a: complex
    b: complex
    c: complex
    radii: tuple[float, float, float]
    power: float = 2.0
    swing: float = 0.0
    phase: float = 0.0
    solid: bool = True


@dataclass(frozen=True)
class Pose:
    """Where and how a silhouette stands: centre in pixels, scale in pixels per unit, angles in radians.

    `stretch` narrows it as a turn away from the camera does, `gait` swings the limbs, `age` changes the
    outline.
    """

    centre: complex
    scale: float
    rotation: float
    stretch: float
    gait: float
    age: float


def _disc(centre: complex, radius: float, *, solid: bool = True) -> Part:
    return Part(centre - radius, centre, centre + radius, (radius,) * 3, solid=solid)


def _limb(a: complex, b: complex, c: complex, radii: tuple[float, float, float], swing: float, phase: float = 0.0) -> Part:
    return Part(a, b, c, radii, power=3.0, swing=swing, phase=phase)


def _person() -> list[Part]:
    parts = [
        Part(-0.62j, -0.15j, 0.33j, (0.2, 0.21, 0.17), power=3.2),
        Part(-0.86j, -0.7j, -0.5j, (0.12, 0.13, 0.08)),
    ]
    for side, phase in ((-1, 0.0), (1, np.pi)):
        parts += [
            _limb(side * 0.09 + 0.2j, side * 0.13 + 0.65j, side * 0.1 + 1.1j, (0.13, 0.09, 0.05), 0.3, phase),
            _limb(side * 0.17 - 0.42j, side * 0.33 - 0.1j, side * 0.25 + 0.25j, (0.08, 0.06, 0.05), 0.45, -phase),
        ]
    return parts


def _quadruped() -> list[Part]:
    parts = [
        Part(-0.75, -0.05j, 0.65 - 0.03j, (0.26, 0.27, 0.25), power=2.6),
        _limb(0.4 - 0.02j, 0.7 - 0.25j, 0.82 - 0.6j, (0.18, 0.13, 0.1), 0.08),
        Part(0.68 - 0.62j, 0.9 - 0.55j, 1.14 - 0.42j, (0.13, 0.12, 0.06), 2.4, 0.08),
        Part(0.74 - 0.6j, 0.7 - 0.75j, 0.66 - 0.88j, (0.05, 0.05, 0.02), 2.2, 0.2),
        _limb(-0.68 - 0.1j, -1.0 - 0.2j, -1.1 + 0.25j, (0.06, 0.045, 0.03), 0.5, 1.0),
    ]
    for x, phase in ((-0.58, 0.0), (-0.45, np.pi), (0.4, np.pi / 2), (0.52, 1.5 * np.pi)):
        parts.append(_limb(x + 0.05j, x + 0.06 + 0.4j, x - 0.02 + 0.86j, (0.14, 0.065, 0.035), 0.3, phase))
    return parts


def _vehicle() -> list[Part]:
    return [
        Part(-1.05 + 0.1j, 0.1j, 1.05 + 0.12j, (0.3, 0.3, 0.22), power=5),
        Part(-0.65 - 0.25j, -0.1 - 0.28j, 0.5 - 0.2j, (0.24, 0.26, 0.2), power=3.6),
        Part(-0.3 - 0.3j, -0.1 - 0.31j, 0.12 - 0.29j, (0.08, 0.09, 0.06), power=4, solid=False),
        _disc(-0.62 + 0.38j, 0.2),
        _disc(0.62 + 0.38j, 0.2),
    ]


def _cyclist() -> list[Part]:
    wheels = [_disc(x + 0.75j, radius, solid=radius > 0.35) for x in (-0.58, 0.58) for radius in (0.4, 0.32)]
    return [
        *wheels,
        Part(-0.58 + 0.75j, -0.2 + 0.4j, 0.5 + 0.25j, (0.05, 0.05, 0.05), power=4),
        Part(0.45 + 0.1j, 0.52 + 0.4j, 0.58 + 0.75j, (0.05, 0.04, 0.04), power=4),
        Part(-0.3 + 0.2j, -0.2 - 0.3j, 0.15 - 0.6j, (0.17, 0.2, 0.15), power=3),
        Part(0.1 - 0.95j, 0.2 - 0.85j, 0.25 - 0.65j, (0.12, 0.14, 0.09)),
        _limb(0.1 - 0.5j, 0.35 - 0.15j, 0.52 + 0.1j, (0.08, 0.06, 0.05), 0.05),
        _limb(-0.25 + 0.2j, 0.2 + 0.35j, 0.0 + 0.85j, (0.13, 0.09, 0.06), 0.25),
        _limb(-0.25 + 0.2j, 0.15 + 0.4j, -0.1 + 0.85j, (0.13, 0.09, 0.06), 0.25, np.pi),
    ]


def _bird() -> list[Part]:
    return [
        Part(-0.55 + 0.1j, 0.1j, 0.5 - 0.1j, (0.12, 0.26, 0.16), power=2.3),
        Part(0.32 - 0.12j, 0.55 - 0.25j, 0.75 - 0.3j, (0.12, 0.14, 0.05), 2.2, 0.1),
        Part(0.1, -0.25 - 0.45j, -0.45 - 0.95j, (0.22, 0.2, 0.05), 2.5, 0.7),
        Part(0.2, 0.3 - 0.4j, 0.15 - 0.9j, (0.18, 0.15, 0.04), 2.5, 0.6, 0.4),
        Part(-0.4 + 0.08j, -0.75 + 0.15j, -1.05 + 0.25j, (0.06, 0.1, 0.13), 3.5, 0.15),
        _limb(0.0 + 0.2j, -0.03 + 0.45j, 0.05 + 0.6j, (0.04, 0.025, 0.025), 0.2),
    ]


def _fish() -> list[Part]:
    return [
        Part(-0.9, 0.05j, 0.95 - 0.03j, (0.1, 0.4, 0.2), 2.2),
        Part(-0.75 + 0j, -0.95 - 0.25j, -1.15 - 0.42j, (0.09, 0.12, 0.04), 2.4, 0.3),
        Part(-0.75 + 0j, -0.95 + 0.22j, -1.12 + 0.4j, (0.09, 0.12, 0.04), 2.4, 0.3),
        Part(-0.3 - 0.2j, -0.1 - 0.42j, -0.35 - 0.55j, (0.15, 0.12, 0.03), 2.4, 0.15),
        Part(0.1 + 0.15j, -0.05 + 0.35j, -0.2 + 0.5j, (0.1, 0.09, 0.03), 2.4, 0.4, 1.0),
    ]


def _tool() -> list[Part]:
    return [
        Part(-0.75j, -0.35j, 0.05j, (0.3, 0.36, 0.26), 2.2),
        Part(-0.55j, -0.36j, -0.16j, (0.12, 0.15, 0.1), 2.4, solid=False),
        Part(0.0j, 0.05 + 0.5j, 0.02 + 1.0j, (0.09, 0.06, 0.07), 5),
    ]


def _pole() -> list[Part]:
    return [
        Part(-1.6j, 0.02 + 0j, 1.6j, (0.09, 0.06, 0.1), power=6),
        Part(-0.4j, 0.2 - 0.8j, 0.3 - 1.4j, (0.06, 0.04, 0.02), power=3),
    ]


def _bush() -> list[Part]:
    return [_disc(0j, 0.8), _disc(-0.6 + 0.3j, 0.6), _disc(0.6 + 0.25j, 0.6), _disc(0.1 - 0.5j, 0.55)]


KINDS: Final[Sequence[Callable[[], list[Part]]]] = (
    _person, _quadruped, _vehicle, _cyclist, _bird, _fish, _tool, _quadruped, _person
)  # fmt: skip
"""What objects can be; animals and people are the most frequent."""
OBSTACLES: Final[Sequence[Callable[[], list[Part]]]] = (_pole, _bush)
"""Background that stands in front of objects."""


def wander(rng: np.random.Generator, perimeters: Floats, points: int, low: float, high: float) -> Complexes:
    """Two periodic displacement tables per part, each of root mean square 1, with a 1/f amplitude spectrum.

    perimeters: (parts,) in pixels; only wavelengths of `low` to `high` pixels take part. Returns
    (2, parts, points); a part too short for every wavelength gets zeros.
    """
    harmonics = np.abs(np.fft.fftfreq(points, 1 / points))
    wavelengths = perimeters[:, None] / np.maximum(harmonics, 0.5)
    wavelengths[:, 0] = 0
    gains = np.where((wavelengths >= low) & (wavelengths <= high), wavelengths, 0.0)
    shape = (2, len(perimeters), points)
    spectrum = gains * (rng.standard_normal(shape) + 1j * rng.standard_normal(shape))
    tables = np.fft.ifft(spectrum)
    size = np.sqrt(np.mean(np.abs(tables) ** 2, axis=2, keepdims=True))
    return np.asarray(tables / np.where(size > 0, size, 1.0))


@dataclass(frozen=True)
class Silhouette:
    """A part list made ready for drawing; `swing`, `phase`, `solid` are those of the parts.

    `controls` (parts, 3) holds the spines; `blend` and `slope`, three tables (parts, points) each, their
    Bernstein weights and derivatives along the outline; `reach` (parts, points) the signed distance from the
    spine, in units; `coarse` and `fine` (2, parts, points) the outline's own wandering, in units and in
    pixels; `perimeters` (parts,) the lengths of the outlines, in pixels.
    """

    controls: Complexes
    swing: Floats
    phase: Floats
    solid: tuple[bool, ...]
    blend: tuple[Floats, Floats, Floats]
    slope: tuple[Floats, Floats, Floats]
    reach: Floats
    coarse: Complexes
    fine: Complexes
    perimeters: Floats

    def outlines(self, pose: Pose, detail: float = 1.0, wobble: Complexes | None = None) -> Complexes:
        """Closed outlines (parts, points), in pixels.

        `detail` scales the annotator's fine detail; `wobble` (2, parts, points), in pixels, is added.
        """
        angles = self.swing * np.sin(pose.gait + self.phase)
        a, b, c = self.controls.T[:, :, None]
        turn = np.exp(1j * angles)[:, None]
        b = a + (b - a) * turn
        c = b + (c - self.controls[:, 1:2]) * turn * np.sqrt(turn)
        spine = self.blend[0] * a + self.blend[1] * b + self.blend[2] * c
        tangent = self.slope[0] * a + self.slope[1] * b + self.slope[2] * c
        local = spine + 1j * tangent / np.abs(tangent) * self.reach + _mix(self.coarse, pose.age)
        local = local.real * pose.stretch + 1j * local.imag
        outline = pose.centre + pose.scale * np.exp(1j * pose.rotation) * local
        if detail:
            outline += detail * _mix(self.fine, 5 * pose.age)
        if wobble is not None:
            outline += _mix(wobble, 2 * pose.age)
        return np.asarray(outline)


def _mix(tables: Complexes, age: float) -> Complexes:
    """A table that turns from one of the two into the other and back as `age` (radians) grows."""
    return np.asarray(np.cos(age) * tables[0] + np.sin(age) * tables[1])


def _assemble(parts: Sequence[Part], points: int) -> Silhouette:
    """The silhouette without wandering; perimeters are in units."""
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False) + np.pi / points
    exponents = np.array([[2 / part.power] for part in parts])
    along = np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** exponents
    across = np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** exponents
    s = (1 - along) / 2
    blend = ((1 - s) ** 2, 2 * s * (1 - s), s**2)
    radii = np.array([part.radii for part in parts])
    nothing = np.zeros((2, len(parts), points), np.complex128)
    controls = np.array([(part.a, part.b, part.c) for part in parts], np.complex128)
    lengths = np.abs(np.diff(controls)).sum(axis=1) + np.pi * radii.mean(axis=1) / 2
    return Silhouette(
        controls=controls,
        swing=np.array([part.swing for part in parts]),
        phase=np.array([part.phase for part in parts]),
        solid=tuple(part.solid for part in parts),
        blend=blend,
        slope=(-2 * (1 - s), 2 - 4 * s, 2 * s),
        reach=across * sum(radii[:, i, None] * blend[i] for i in range(3)),
        coarse=nothing,
        fine=nothing,
        perimeters=2 * lengths,
    )


def fill_outlines(labels: Labels, outlines: Complexes, solid: Sequence[bool], label: int) -> None:
    """Draw the parts, holes as background, into `labels` (height, width)."""
    points = np.stack([outlines.real, outlines.imag], axis=-1)
    fixed_point = np.rint(points * 2**SUBPIXEL_BITS).astype(np.int32)
    for outline, is_solid in zip(fixed_point, solid, strict=True):
        cv2.fillPoly(labels, [outline], label if is_solid else 0, shift=SUBPIXEL_BITS)


def _unit_area(silhouette: Silhouette) -> float:
    """Area in square units, with the limbs at rest."""
    canvas = np.zeros((400, 400), np.uint8)
    pose = Pose(centre=200 + 200j, scale=100.0, rotation=0.0, stretch=1.0, gait=0.0, age=0.0)
    fill_outlines(canvas, silhouette.outlines(pose), silhouette.solid, 1)
    return float(np.count_nonzero(canvas)) / 100.0**2


def build_silhouette(
    rng: np.random.Generator, parts: Sequence[Part], area: float, roughness: float, detail: float
) -> tuple[Silhouette, float]:
    """A ready silhouette that covers about `area` pixels, and its scale in pixels per unit.

    `roughness` is the wandering of the outline as a share of a part's radius, `detail` that of the
    annotator's hand in pixels.
    """
    sketch = _assemble(parts, 48)
    scale = float(np.sqrt(area / _unit_area(sketch)))
    points = int(np.clip(sketch.perimeters.max() * scale / 2.5, 48, 640))
    shape = _assemble(parts, points)
    jitter = rng.standard_normal((2, len(parts), 3)) * 0.025
    perimeters = shape.perimeters * scale
    thickness = np.abs(shape.reach).mean(axis=1, keepdims=True)
    coarse = wander(rng, perimeters, points, COARSEST_DETAIL, np.inf) * roughness * thickness
    fine = wander(rng, perimeters, points, FINEST, COARSEST_DETAIL) * detail
    controls = shape.controls + jitter[0] + 1j * jitter[1]
    return replace(shape, controls=controls, coarse=coarse, fine=fine, perimeters=perimeters), scale
