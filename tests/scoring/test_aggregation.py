"""Means over frames, objects and splits."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pytest

from lvos_eval import protocols
from lvos_eval.metrics.definition import temporal_stability
from lvos_eval.protocols.frames import ScoredFrames
from lvos_eval.protocols.lvos import SCORE_KEYS, FrameRange
from lvos_eval.reference.manifest import Video, VideoObject
from lvos_eval.scoring.aggregation import aggregate, score_objects
from lvos_eval.scoring.results import ObjectFrame, ObjectScore

SUMMARY: Final = protocols.get("lvos-v2").summary


def score(video: str, *, unseen: bool, j: float, f: float, v: float = 0.0) -> ObjectScore:
    return ObjectScore(video, 1, "unseen" if unseen else "seen", (), 3, {"J": j, "F": f, "V": v})


def test_a_split_weighs_the_same_whatever_its_number_of_objects() -> None:
    scores = aggregate(
        [score("a", unseen=False, j=0.2, f=0.4), score("b", unseen=False, j=0.4, f=0.6), score("c", unseen=True, j=0.9, f=1.0)],
        SUMMARY,
    )
    assert scores.values["J-seen-Mean"] == pytest.approx(0.3)
    assert scores.values["J-Mean"] == pytest.approx(0.6)
    assert scores.values["F-Mean"] == pytest.approx(0.75)
    assert scores.values["Overall"] == pytest.approx((0.3 + 0.5 + 0.9 + 1.0) / 4)
    assert scores.object_mean == pytest.approx((0.3 + 0.5 + 0.95) / 3)


def test_the_keys_come_in_the_leaderboards_order() -> None:
    scores = aggregate([score("a", unseen=False, j=1, f=1), score("b", unseen=True, j=1, f=1)], SUMMARY)
    assert tuple(scores.values) == SCORE_KEYS


@pytest.mark.parametrize(("unseen", "missing"), [(False, "unseen"), (True, "-seen")])
def test_a_split_without_objects_has_no_keys_and_does_not_weigh(unseen: bool, missing: str) -> None:
    scores = aggregate([score("a", unseen=unseen, j=0.2, f=0.4, v=0.1)], SUMMARY)
    assert [key for key in SCORE_KEYS if key not in scores.values] == [key for key in SCORE_KEYS if missing in key]
    assert (scores.values["J-Mean"], scores.values["F-Mean"], scores.values["V-Mean"]) == (0.2, 0.4, 0.1)
    assert scores.values["Overall"] == pytest.approx(0.3)


def test_nothing_to_score_is_said() -> None:
    with pytest.raises(ValueError, match=r"^no object has a scored frame$"):
        aggregate([], SUMMARY)


def test_the_variance_under_v_is_rounded_to_four_decimals() -> None:
    # deviations of 0.1234 have a variance of 0.01522756, rounded 0.0152
    values = np.array([[0.5 - 0.1234, 0.5 + 0.1234]])
    assert temporal_stability(values, values) == math.sqrt(0.0152)


def test_a_slot_that_no_frame_fills_counts_as_zero() -> None:
    item = VideoObject(1, FrameRange(1, 11, 5), ScoredFrames((6, 11), (0, 1), 4))
    video = Video("video", (item,), group="seen")
    values = [ObjectFrame(1, 11, 1.0, 0.5, visible=True), ObjectFrame(1, 6, 1.0, 0.5, visible=True)]
    (result,) = score_objects(video, values, protocols.get("lvos-v2"))
    assert (result.values["J"], result.values["F"], result.frames) == (0.5, 0.25, 4)


@pytest.mark.parametrize(
    ("method", "jf", "j_seen", "f_seen", "j_unseen", "f_unseen"),
    [
        ("LWL", 60.6, 58.0, 64.3, 57.2, 62.9),
        ("RDE", 62.2, 56.7, 64.1, 60.8, 67.2),
        ("STCN", 60.6, 57.2, 64.0, 57.5, 63.8),
        ("XMem", 64.5, 62.6, 69.1, 60.6, 65.6),
        ("SAM 2", 79.8, 80.0, 86.6, 71.6, 81.1),
        ("SAM 2.1", 84.1, 80.7, 87.4, 80.6, 87.7),
        ("SAM2.1Long", 85.9, 81.7, 88.6, 83.0, 90.5),
    ],
)
def test_published_lvos_v2_rows_follow_the_rule(
    method: str, jf: float, j_seen: float, f_seen: float, j_unseen: float, f_unseen: float
) -> None:
    scores = aggregate([score("a", unseen=False, j=j_seen, f=f_seen), score("b", unseen=True, j=j_unseen, f=f_unseen)], SUMMARY)
    assert scores.values["Overall"] == pytest.approx(jf, abs=0.1), method
