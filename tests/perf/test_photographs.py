"""Photographs of scenes: the same every time, and of what the masks say is there."""

import numpy as np
import pytest

from perf.photographs import Photographer
from perf.presets import VideoPlan, plan_videos
from perf.scenes import GROUND_TRUTH, Scene


def test_a_photograph_does_not_depend_on_those_before_it() -> None:
    (plan, *_) = plan_videos("tiny")
    one = Photographer(Scene(plan))
    one.take(0)
    assert np.array_equal(one.take(5), Photographer(Scene(plan)).take(5))


@pytest.mark.parametrize("plan", plan_videos("tiny"), ids=lambda plan: plan.name)
def test_objects_are_seen_where_their_masks_are(plan: VideoPlan) -> None:
    scene = Scene(plan)
    labels, shot = scene.draw(GROUND_TRUTH, 5), Photographer(scene).take(5).astype(int)
    assert shot.shape == (*labels.shape, 3)
    for actor in scene.objects:
        mask = labels == actor.label
        ring = np.zeros_like(mask)
        ring[2:-2, 2:-2] = mask[:-4, 2:-2] | mask[4:, 2:-2] | mask[2:-2, :-4] | mask[2:-2, 4:]
        around = ring & (labels == 0)
        if mask.sum() > 50 and around.any():
            assert np.abs(shot[mask].mean(axis=0) - shot[around].mean(axis=0)).max() > 8, "it stands out from what is around it"


def test_a_scene_is_drawn_as_before_where_nobody_asks_for_obstacles() -> None:
    for plan in plan_videos("tiny"):
        scene = Scene(plan)
        with_obstacles = scene.draw(GROUND_TRUTH, 3, obstacle=255)
        assert np.array_equal(np.where(with_obstacles == 255, 0, with_obstacles), scene.draw(GROUND_TRUTH, 3))
