"""What to generate: named sets of videos, their lengths, objects and metadata, before any pixel is drawn."""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

__all__ = ["FRAME_STEP", "PRESETS", "ObjectPlan", "Preset", "VideoPlan", "metadata", "plan_videos"]

Metadata = dict[str, dict[str, dict[str, dict[str, dict[str, dict[str, int]]]]]]
"""videos -> video -> objects -> id -> frame_range -> start, end, frame_nums"""

FRAME_STEP: Final = 5
"""Every fifth frame is annotated (6 frames per second)."""

HD_READY: Final = (720, 1280)
FULL_HD: Final = (1080, 1920)

EXCERPT_LENGTHS: Final = (
    179, 223, 234, 234, 234, 233, 238, 243, 248, 262, 298, 300, 326, 334, 404,
    406, 421, 425, 460, 473, 488, 529, 540, 579, 592, 594, 596, 784, 1411,
)  # fmt: skip
"""Annotated frames of 29 real LVOS V2 validation videos."""

V2_VAL_FRAMES: Final = 66_056
V2_VAL_LONGEST: Final = 2_280
V2_VAL_OBJECT_COUNTS: Final[Mapping[int, int]] = {1: 86, 2: 33, 3: 11, 4: 4, 5: 3, 6: 1, 7: 1, 10: 1}
"""Objects per video -> videos; 140 videos and 239 objects, as in LVOS V2 validation."""

MIXED_OBJECT_COUNTS: Final = (1, 2, 1, 1, 3, 1, 2, 1, 10, 1, 2, 1, 1, 2, 1, 4, 1, 2, 1, 1, 2, 1, 1, 1)
"""Objects of the videos of the benchmark set: 44 in 24 videos, 1.8 a video, as V2 validation has 1.7."""

FULL_HD_SHARE: Final = 0.15
UNSEEN_SHARE: Final = 0.3
LATE_SHARE: Final = 0.12
SPARSE_SHARE: Final = 0.05


@dataclass(frozen=True)
class ObjectPlan:
    """One object: its label in the masks and the index (not the number) of its first annotated frame."""

    object_id: int
    first: int


@dataclass(frozen=True)
class VideoPlan:
    """One video: `frames` annotated frames of `height` x `width` pixels, its objects in metadata order."""

    name: str
    height: int
    width: int
    frames: int
    objects: tuple[ObjectPlan, ...]
    unseen: bool

    @property
    def frame_numbers(self) -> range:
        """Numbers of the annotated frames: 1, 6, 11, ..."""
        return range(1, 1 + FRAME_STEP * self.frames, FRAME_STEP)


@dataclass(frozen=True)
class Preset:
    """A named set: per video its number of frames, its number of objects and its (height, width)."""

    name: str
    lengths: tuple[int, ...]
    object_counts: tuple[int, ...]
    sizes: tuple[tuple[int, int], ...]


def _v2_val_lengths(rng: np.random.Generator) -> list[int]:
    """Lengths like those of the excerpt, scaled so that they and the longest video give the exact total."""
    videos = sum(V2_VAL_OBJECT_COUNTS.values()) - 1
    drawn = rng.choice(EXCERPT_LENGTHS, size=videos) * rng.lognormal(0.0, 0.2, size=videos)
    drawn = np.clip(drawn, 120, 1_500)
    exact = drawn * (V2_VAL_FRAMES - V2_VAL_LONGEST) / drawn.sum()
    lengths = np.floor(exact).astype(int)
    largest_remainders = np.argsort(lengths - exact, kind="stable")
    lengths[largest_remainders[: V2_VAL_FRAMES - V2_VAL_LONGEST - int(lengths.sum())]] += 1
    return [V2_VAL_LONGEST, *lengths.tolist()]


def _v2_val() -> Preset:
    rng = np.random.default_rng(2_024)
    lengths = _v2_val_lengths(rng)
    counts = np.repeat(list(V2_VAL_OBJECT_COUNTS), list(V2_VAL_OBJECT_COUNTS.values()))
    full_hd = rng.random(len(lengths)) < FULL_HD_SHARE
    return Preset(
        name="v2-val",
        lengths=tuple(lengths),
        object_counts=tuple(rng.permutation(counts).tolist()),
        sizes=tuple(FULL_HD if large else HD_READY for large in full_hd),
    )


def _uniform(name: str, frames: int, object_counts: Sequence[int], size: tuple[int, int]) -> Preset:
    videos = len(object_counts)
    return Preset(name, (frames,) * videos, tuple(object_counts), (size,) * videos)


PRESETS: Final[Mapping[str, Preset]] = {
    preset.name: preset
    for preset in (
        _uniform("mixed-720p", 40, MIXED_OBJECT_COUNTS, HD_READY),
        _uniform("hd-1080p", 34, (1, 2, 1, 4, 1, 1), FULL_HD),
        _uniform("crowd", 300, (10,), HD_READY),
        _uniform("long", 2_000, (5,), HD_READY),
        _uniform("tiny", 12, (1, 2, 4), (180, 320)),
        _v2_val(),
    )
}


def _first_index(rng: np.random.Generator, frames: int, late: bool) -> int:
    """Index of an object's first frame; late is in the first third, or now and then near the end."""
    first = min(int(rng.integers(1, max(2, frames // 3))), frames - 1)
    at_the_end = frames - 16
    if rng.random() < 0.1 and at_the_end > first:
        first = at_the_end
    return first if late else 0


def _plan_video(preset: Preset, index: int) -> VideoPlan:
    rng = np.random.default_rng([*preset.name.encode(), index])
    name = "".join(rng.choice(list(string.ascii_letters + string.digits), size=8))
    unseen = rng.random() < UNSEEN_SHARE
    lowest_id = 4 if rng.random() < SPARSE_SHARE else 1
    frames, count = preset.lengths[index], preset.object_counts[index]
    late = rng.random(count) < LATE_SHARE
    late[0] &= count == 1
    late[-1] |= count == max(preset.object_counts) > 1
    return VideoPlan(
        name=name,
        height=preset.sizes[index][0],
        width=preset.sizes[index][1],
        frames=frames,
        objects=tuple(
            ObjectPlan(object_id=lowest_id + position, first=_first_index(rng, frames, is_late))
            for position, is_late in enumerate(late.tolist())
        ),
        unseen=bool(unseen),
    )


def plan_videos(
    preset: Preset,
    *,
    videos: int | None = None,
    frames: int | None = None,
    size: tuple[int, int] | None = None,
) -> tuple[VideoPlan, ...]:
    """Plan a preset's videos, in the order of their names.

    `videos` keeps only so many of them, `frames` replaces every length and `size`, (height, width) in pixels,
    every size.
    """
    count = len(preset.lengths) if videos is None else min(videos, len(preset.lengths))
    overridden = Preset(
        name=preset.name,
        lengths=preset.lengths[:count] if frames is None else (frames,) * count,
        object_counts=preset.object_counts[:count],
        sizes=preset.sizes[:count] if size is None else (size,) * count,
    )
    plans = sorted((_plan_video(overridden, index) for index in range(count)), key=lambda plan: plan.name)
    if not any(plan.unseen for plan in plans) or all(plan.unseen for plan in plans):
        plans = [replace(plan, unseen=position % 3 == 1) for position, plan in enumerate(plans)]
    return tuple(plans)


def metadata(plans: Sequence[VideoPlan]) -> Metadata:
    """The LVOS metadata of the videos: `end` is exclusive, `frame_nums` counts range(start, end, 5)."""
    return {
        "videos": {
            plan.name: {
                "objects": {
                    str(item.object_id): {
                        "frame_range": {
                            "start": plan.frame_numbers[item.first],
                            "end": plan.frame_numbers.stop,
                            "frame_nums": plan.frames - item.first,
                        }
                    }
                    for item in plan.objects
                }
            }
            for plan in plans
        }
    }
