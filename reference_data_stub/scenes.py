"""The stub's videos: shapes that move, drawn with whole numbers only, and trackers that make honest mistakes on them.

No floating point: the last bits of a sine or of a drawing library's edges differ between machines and versions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAME_STEP", "VIDEOS", "Labels", "Video"]

Labels: TypeAlias = NDArray[np.uint8]
"""A label map of shape (height, width)."""
Mask: TypeAlias = NDArray[np.bool_]
"""The pixels of a shape, of shape (height, width)."""

FRAME_STEP: Final = 5
"""LVOS annotates every fifth frame, starting at 1."""
UNIT: Final = 1024
"""The fixed-point 1 of sines."""
_QUARTER: Final = (0, 100, 200, 297, 392, 483, 569, 650, 724, 792, 851, 903, 946, 980, 1004, 1019, 1024)


def sine(angle: int) -> int:
    """Sine of `angle` 64ths of a turn, times UNIT; a table, because the last bit of `math.sin` is the platform's."""
    half, rest = divmod(angle % 64, 32)
    return (1 - 2 * half) * _QUARTER[min(rest, 32 - rest)]


def swing(angle: int, size: int) -> int:
    """A whole number that swings between -size and size."""
    return sine(angle) * size // UNIT


class Canvas:
    """Shapes in a frame of `width` x `height` pixels; angles are 64ths of a turn, clockwise."""

    def __init__(self, width: int, height: int) -> None:
        self.x = np.arange(width, dtype=np.int64)[None, :]
        self.y = np.arange(height, dtype=np.int64)[:, None]
        self.labels: Labels = np.zeros((height, width), np.uint8)

    def ellipse(self, x: int, y: int, rx: int, ry: int, angle: int = 0) -> Mask:
        """The ellipse with half axes `rx` and `ry` around (x, y)."""
        cos, sin = sine(angle + 16), sine(angle)
        along = ((self.x - x) * cos + (self.y - y) * sin) * ry
        across = ((self.y - y) * cos - (self.x - x) * sin) * rx
        inside: Mask = along**2 + across**2 <= (rx * ry * UNIT) ** 2
        return inside

    def polygon(self, x: int, y: int, points: Sequence[tuple[int, int]], angle: int = 0) -> Mask:
        """The polygon with corners `points`, turned by `angle` and moved to (x, y), by the even-odd rule."""
        cos, sin = sine(angle + 16), sine(angle)
        corners = [(x + (u * cos - v * sin) // UNIT, y + (u * sin + v * cos) // UNIT) for u, v in points]
        inside: Mask = np.zeros_like(self.labels, np.bool_)
        for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
            side = (self.x - x1) * (y2 - y1) - (self.y - y1) * (x2 - x1)
            inside ^= ((y1 > self.y) != (y2 > self.y)) & ((side < 0) if y2 > y1 else (side > 0))
        return inside

    def fish(self, x: int, y: int, size: int, angle: int, wag: int) -> Mask:
        """A fish that swims along `angle`."""
        tail = [(-size * 3 // 4, 0), (-size * 7 // 5, wag - size // 2), (-size * 7 // 5, wag + size // 2)]
        return self.ellipse(x, y, size, size * 2 // 5, angle) | self.polygon(x, y, tail, angle)

    def bird(self, x: int, y: int, size: int, angle: int, lift: int) -> Mask:
        """A bird whose wing tips are `lift` pixels above its back."""
        wings = [(-size, -lift), (0, -size // 4), (size, -lift), (size // 3, size // 4), (-size // 3, size // 4)]
        return self.polygon(x, y, wings, angle) | self.ellipse(x, y, size // 4, size // 2, angle)


def draw_ring(canvas: Canvas, k: int) -> None:
    """A steering wheel that rolls by."""
    x, y, turn = 44 + 12 * k, 68 + swing(5 * k, 14), 3 * k
    rim = canvas.ellipse(x, y, 36 - k, 36) & ~canvas.ellipse(x, y, 24 - k, 25)
    spoke = canvas.polygon(x, y, [(-26 + k, -4), (26 - k, -4), (26 - k, 4), (-26 + k, 4)], turn)
    canvas.labels[rim | spoke] = 1


def draw_fish(canvas: Canvas, k: int) -> None:
    """Two fish that pass each other, and a third that swims behind a rock and comes out again."""
    canvas.labels[canvas.fish(46 + 20 * k, 64 + swing(6 * k, 6), 34, 1, swing(20 * k, 8))] = 1
    canvas.labels[canvas.fish(276 - 21 * k, 88 - swing(7 * k, 5), 30, 33, swing(24 * k, 8))] = 2
    canvas.labels[canvas.fish(50 + 18 * k, 148, 20, 0, swing(18 * k, 5))] = 3
    rock = canvas.polygon(160, 150, [(-58, 40), (-54, -26), (-20, -36), (30, -34), (56, -18), (60, 40)])
    canvas.labels[rock & (canvas.labels == 3)] = 0


def draw_kite(canvas: Canvas, k: int) -> None:
    """A kite with a tail that the wind carries over the right border."""
    x, y, tilt = 24 + 12 * k, 38 + swing(7 * k, 8), swing(9 * k, 5) + 3
    mask = canvas.polygon(x, y, [(0, -24), (15, -6), (0, 24), (-15, -6)], tilt)
    for knot in range(1, 5):
        mask |= canvas.ellipse(x - 3 * knot - swing(tilt, 24), y + 20 + 5 * knot, 4, 3, tilt)
    canvas.labels[mask] = 1


def draw_boat(canvas: Canvas, k: int) -> None:
    """A sailing boat and the sailor who stands in it, with the ids 1 and 4."""
    x, y, roll = 44 + 9 * k, 80 + swing(8 * k, 4), swing(11 * k, 2)
    hull = canvas.polygon(x, y, [(-36, -6), (38, -6), (26, 12), (-28, 12)], roll)
    sail = canvas.polygon(x, y, [(2, -8), (2, -64), (30, -12)], roll)
    sailor = canvas.polygon(x, y, [(-22, -6), (-20, -28), (-10, -28), (-8, -6)], roll)
    canvas.labels[hull | sail] = 1
    canvas.labels[sailor | canvas.ellipse(x - 15 + roll, y - 33, 6, 7)] = 4


def draw_hawk(canvas: Canvas, k: int) -> None:
    """A bird that crosses the frame, and from the sixth annotated frame on a second one that comes in from the right."""
    canvas.labels[canvas.bird(36 + 8 * k, 86 - 3 * k, 34, -2, swing(10 * k, 18))] = 1
    if k >= 5:
        canvas.labels[canvas.bird(246 - 10 * k, 22 + 4 * k, 30, 3, swing(13 * k, 16))] = 2


def grown(mask: Mask, steps: int) -> Mask:
    """The mask with `steps` pixels more all round, or -`steps` fewer."""
    if steps < 0:
        return ~grown(~mask, -steps)
    for _ in range(steps):
        wider = mask.copy()
        wider[1:] |= mask[:-1]
        wider[:-1] |= mask[1:]
        wider[:, 1:] |= mask[:, :-1]
        wider[:, :-1] |= mask[:, 1:]
        mask = wider
    return mask


def coarse(labels: Labels, block: int, dx: int = 0, dy: int = 0) -> Labels:
    """What a network that predicts square blocks of pixels, moved by a few pixels, makes of a label map."""
    height, width = labels.shape
    margin = 16
    y = np.arange(height) // block * block + block // 2 + margin - dy
    x = np.arange(width) // block * block + block // 2 + margin - dx
    return np.pad(labels, margin)[np.ix_(y, x)]


def track_ring(truth: Labels, k: int) -> Labels:
    """Boundaries off by a pixel; the openings filled for some frames; a frame that came out empty."""
    mask = grown(coarse(truth, 2) == 1, 1)
    if 4 <= k <= 6:
        mask = grown(grown(mask, 8), -8)
    return (mask & (k != 9)).astype(np.uint8)


def track_fish(truth: Labels, k: int) -> Labels:
    """Two fish swapped after they met; the third not found again when it re-appears."""
    found = coarse(truth, 4, dx=k % 3 - 1)
    if 6 <= k <= 7:
        found = np.array([0, 2, 1, 3], np.uint8)[found]
    found[(found == 3) & (k >= 7)] = 0
    return found


def track_kite(truth: Labels, k: int) -> Labels:
    """Lags behind more and more; the thin tail is missed; lost for two frames."""
    mask = coarse(truth, 2, dx=-(k // 4), dy=1) == 1
    body = grown(grown(mask, -4), 4)
    return (body & (k not in (6, 7))).astype(np.uint8)


def track_boat(truth: Labels, k: int) -> Labels:
    """The boat too fat and the sailor too thin; for some frames the sailor's legs are taken for the boat."""
    boat, sailor = grown(truth == 1, 1), grown(truth == 4, -1)
    if 5 <= k <= 7:
        rows = np.flatnonzero(sailor.any(axis=1))
        sailor[rows[len(rows) * 2 // 5] :] = False
        boat |= (truth == 4) & ~sailor
    return np.where(sailor, 4, boat).astype(np.uint8)


def track_hawk(truth: Labels, k: int) -> Labels:
    """The second bird found three frames late; the first one lost for two."""
    found = coarse(truth, 2, dy=k % 2)
    found[(found == 2) & (k < 8)] = 0
    found[(found == 1) & (k in (12, 13))] = 0
    return found


@dataclass(frozen=True, slots=True)
class Video:
    """One video of the stub; `starts[id]` is the position among the annotated frames at which an object begins."""

    name: str
    width: int
    height: int
    depth: int
    """Bits a pixel in the PNG files."""
    length: int
    """Number of annotated frames."""
    unseen: bool
    starts: Mapping[int, int]
    draw: Callable[[Canvas, int], None]
    track: Callable[[Labels, int], Labels]

    @property
    def frames(self) -> list[int]:
        return [1 + FRAME_STEP * k for k in range(self.length)]

    def truth(self, k: int) -> Labels:
        """The ground truth of annotated frame number `k`, counted from 0."""
        canvas = Canvas(self.width, self.height)
        self.draw(canvas, k)
        return canvas.labels

    def prediction(self, k: int) -> Labels:
        """The sample submission's mask: the ground truth in the first frame, which is given, and mistakes from then on."""
        return self.track(self.truth(k), k) if k else self.truth(k)

    def metadata(self) -> dict[str, object]:
        def frame_range(start: int) -> dict[str, int]:
            frames = self.frames[start:]
            return {"start": frames[0], "end": frames[-1] + FRAME_STEP, "frame_nums": len(frames)}

        return {"objects": {str(object_id): {"frame_range": frame_range(start)} for object_id, start in self.starts.items()}}


VIDEOS: Final = (
    Video("stubBoat", 192, 108, 4, 12, True, {1: 0, 4: 0}, draw_boat, track_boat),
    Video("stubFish", 320, 180, 2, 12, False, {1: 0, 2: 0, 3: 0}, draw_fish, track_fish),
    Video("stubHawk", 208, 117, 2, 17, False, {1: 0, 2: 5}, draw_hawk, track_hawk),
    Video("stubKite", 160, 90, 8, 12, True, {1: 0}, draw_kite, track_kite),
    Video("stubRing", 240, 136, 2, 13, False, {1: 0}, draw_ring, track_ring),
)
