"""The bootstrap interval of Overall."""

from __future__ import annotations

import random

import pytest

from lvos_eval import protocols
from lvos_eval.scoring.aggregation import aggregate
from lvos_eval.scoring.bootstrap import LEVEL, RESAMPLES, SEED, overall_interval
from lvos_eval.scoring.results import ObjectScore


def score(video: str, value: float, *, unseen: bool = False, object_id: int = 1) -> ObjectScore:
    return ObjectScore(video, object_id, "unseen" if unseen else "seen", (), 10, {"J": value, "F": value, "V": 0.0})


def sample(videos: int, seed: int = 3) -> list[ObjectScore]:
    chance = random.Random(seed)
    return [
        score(f"v{video}", chance.random(), unseen=video % 3 == 0, object_id=object_id)
        for video in range(videos)
        for object_id in range(1, 2 + video % 3)
    ]


def test_equal_videos_leave_no_uncertainty() -> None:
    interval = overall_interval([score(f"v{n}", 0.5, unseen=n < 3) for n in range(8)])
    assert interval is not None
    assert (interval.low, interval.high) == (0.5, 0.5)


def test_two_videos_in_one_split_give_the_quantiles_of_four_equal_draws() -> None:
    interval = overall_interval([score("a", 0.0), score("b", 1.0)])
    assert interval is not None
    # 0, 1/2, 1/2, 1 with a quarter each: both tails of 2.5 % lie in the outer values
    assert (interval.low, interval.high) == (0.0, 1.0)


def test_videos_are_drawn_within_their_split() -> None:
    objects = [*(score(f"s{n}", 1.0) for n in range(9)), *(score(f"u{n}", 0.0, unseen=True) for n in range(2))]
    interval = overall_interval(objects)
    assert interval is not None
    # a draw over all videos would change the mix of the splits; within a split all are equal here
    assert (interval.low, interval.high) == (0.5, 0.5)


def test_the_objects_of_a_video_are_drawn_together() -> None:
    together = overall_interval(
        [score(video, value, object_id=object_id) for video, value in (("a", 0.2), ("b", 0.8)) for object_id in range(50)]
    )
    assert together is not None
    assert (together.low, together.high) == pytest.approx((0.2, 0.8))


def test_the_interval_holds_overall_and_is_repeatable() -> None:
    objects = sample(60)
    interval = overall_interval(objects)
    assert interval is not None
    assert interval.low < aggregate(objects, protocols.get("lvos-v2").summary).values["Overall"] < interval.high
    assert interval == overall_interval(objects)
    assert (interval.level, interval.resamples, interval.seed) == (LEVEL, RESAMPLES, SEED)


def test_another_seed_gives_nearly_the_same_interval() -> None:
    objects = sample(60)
    one, other = overall_interval(objects), overall_interval(objects, seed=1)
    assert one is not None
    assert other is not None
    assert one != other
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.005)


def test_the_interval_of_a_mean_has_the_width_that_theory_says() -> None:
    # 100 videos at 0 or 1: the standard error of their mean is 1/20, the interval about 1.96 of it to either side
    interval = overall_interval([score(f"v{n}", float(n % 2)) for n in range(100)])
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((0.5 - 0.098, 0.5 + 0.098), abs=0.006)


def test_the_draws_are_the_same_on_every_machine() -> None:
    interval = overall_interval(sample(30))
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((0.46650633487675064, 0.6437388634992358), abs=1e-12)


@pytest.mark.parametrize("objects", [[], [score("a", 1.0)], [score("a", 1.0), score("b", 0.5), score("u", 0.5, unseen=True)]])
def test_a_split_of_one_video_has_no_interval(objects: list[ObjectScore]) -> None:
    assert overall_interval(objects) is None
