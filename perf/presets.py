"""What to generate: named sets of videos, their lengths, objects and sizes, before any pixel is drawn."""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

__all__ = ["FRAME_STEP", "PRESETS", "VideoPlan", "metadata", "plan_videos"]

FRAME_STEP: Final = 5
"""Every fifth frame is annotated (6 frames per second)."""

HD_READY: Final = (720, 1280)
FULL_HD: Final = (1080, 1920)


class Shape(NamedTuple):
    """A video of a preset: its annotated frames, its objects, its (height, width)."""

    frames: int
    objects: int
    size: tuple[int, int]


@dataclass(frozen=True)
class VideoPlan:
    """One video; `firsts` has the index, not the number, of the first annotated frame of each object, whose ids count from 1."""

    name: str
    height: int
    width: int
    frames: int
    firsts: tuple[int, ...]
    unseen: bool

    @property
    def frame_numbers(self) -> range:
        """Numbers of the annotated frames: 1, 6, 11, ..."""
        return range(1, 1 + FRAME_STEP * self.frames, FRAME_STEP)


def _v2_val() -> list[Shape]:
    """140 videos, 239 objects and 66,056 frames, as LVOS V2 validation has; the longest and the lengths are like its own."""
    rng = np.random.default_rng(2_024)
    lengths = np.clip(rng.lognormal(6.0, 0.5, 139), 120, 1_500)
    lengths = np.floor(lengths * (66_056 - 2_280) / lengths.sum()).astype(int)
    lengths[0] += 66_056 - 2_280 - lengths.sum()
    objects = rng.permutation(np.repeat((1, 2, 3, 4, 5, 6, 7, 10), (86, 33, 11, 4, 3, 1, 1, 1)))
    sizes = [FULL_HD if large else HD_READY for large in rng.random(140) < 0.15]
    return [Shape(*shape) for shape in zip([2_280, *lengths.tolist()], objects.tolist(), sizes, strict=True)]


PRESETS: Final[Mapping[str, Sequence[Shape]]] = {
    # 44 objects in 24 videos, 1.8 a video, as V2 validation has 1.7
    "mixed-720p": [Shape(40, n, HD_READY) for n in (1, 2, 1, 1, 3, 1, 2, 1, 10, 1, 2, 1, 1, 2, 1, 4, 1, 2, 1, 1, 2, 1, 1, 1)],
    "hd-1080p": [Shape(34, objects, FULL_HD) for objects in (1, 2, 1, 4, 1, 1)],
    "long": [Shape(2_000, 5, HD_READY)],
    "tiny": [Shape(12, objects, (180, 320)) for objects in (1, 2, 4)],
    "v2-val": _v2_val(),
}


def _plan_video(preset: str, number: int, shape: Shape) -> VideoPlan:
    rng = np.random.default_rng([*preset.encode(), number])
    name = "".join(rng.choice(list(string.ascii_letters + string.digits), size=8))
    late = rng.random(shape.objects) < 0.12
    late[0], late[-1] = False, shape.objects > 1 and late[-1] | (shape.objects > 3)
    firsts = np.where(late, rng.integers(1, max(2, shape.frames // 3), shape.objects), 0)
    return VideoPlan(name, *shape.size, shape.frames, tuple(np.minimum(firsts, shape.frames - 1).tolist()), number % 3 == 1)


def plan_videos(
    preset: str, *, videos: int | None = None, frames: int | None = None, size: tuple[int, int] | None = None
) -> tuple[VideoPlan, ...]:
    """A preset's videos, in the order of their names.

    `videos` keeps only so many of them, `frames` replaces every length and `size`, (height, width) in pixels, every size.
    """
    shapes = [Shape(frames or shape.frames, shape.objects, size or shape.size) for shape in PRESETS[preset][:videos]]
    plans = (_plan_video(preset, number, shape) for number, shape in enumerate(shapes))
    return tuple(sorted(plans, key=lambda plan: plan.name))


def metadata(plans: Sequence[VideoPlan]) -> dict[str, Any]:
    """The LVOS metadata of the videos: `end` is exclusive, `frame_nums` counts range(start, end, 5)."""
    videos = {}
    for plan in plans:
        numbers = plan.frame_numbers
        ranges = [{"start": numbers[first], "end": numbers.stop, "frame_nums": plan.frames - first} for first in plan.firsts]
        videos[plan.name] = {"objects": {str(label): {"frame_range": found} for label, found in enumerate(ranges, 1)}}
    return {"videos": videos}
