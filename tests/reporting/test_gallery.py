"""The gallery: which frames, what is said of them, and that three wrong pixels can be seen."""

from __future__ import annotations

import base64
import io
from collections import Counter
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from goldens import REFERENCE, prediction
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reporting.gallery import GALLERY_SIZE, PANEL, GalleryPicture, _chosen, _draw, _words, draw_gallery
from lvos_eval.reporting.overlays import FALSE_ALARM, FOUND, MISSED, ScoredPair
from lvos_eval.scoring.results import ObjectFrame
from submissions import score

Mask = NDArray[np.bool_]


def masks(height: int = 270, width: int = 480) -> tuple[Mask, Mask]:
    truth = np.zeros((height, width), bool)
    truth[100:200, 100:300] = True
    return truth, truth.copy()


def drawn(truth: Mask, predicted: Mask) -> NDArray[np.uint8]:
    """The pixels of the three panels."""
    picture = _draw(ScoredPair("v", ObjectFrame(1, 6, 0.5, 0.5, True), truth, predicted, Path("none.jpg")))
    data = base64.b64decode(picture.uri.partition(",")[2])
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def has(panel: NDArray[np.uint8], colour: tuple[int, ...]) -> int:
    return int((panel == np.array(colour, np.uint8)).all(axis=2).sum())


def test_three_panels_show_truth_prediction_and_error() -> None:
    truth, predicted = masks()
    predicted[100:200, 200:300] = False
    predicted[20:60, 20:60] = True
    image = drawn(truth, predicted)
    first, second, third = image[:, :PANEL], image[:, PANEL + 6 : 2 * PANEL + 6], image[:, -PANEL:]
    assert has(first, FOUND) > has(second, FOUND) > 0
    assert has(first, MISSED) == has(second, MISSED) == 0
    assert has(third, MISSED) > 0
    assert has(third, FALSE_ALARM) > 0


def test_three_wrong_pixels_of_a_large_frame_are_ringed() -> None:
    truth, predicted = masks(1080, 1920)
    truth[5:1075, 5:1915] = predicted[5:1075, 5:1915] = True
    predicted[500, 700:703] = False
    third = drawn(truth, predicted)[:, -PANEL:]
    assert has(third, MISSED) > 0
    assert has(third, (255, 255, 255)) > 40


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("nothing", "lost: nothing is predicted"),
        ("absent", "false positive: the object is absent"),
        ("elsewhere", "elsewhere: prediction and object do not meet"),
        ("half", "50 % of the object missed, 0 % of the prediction false"),
    ],
)
def test_what_is_wrong_is_said(change: str, words: str) -> None:
    truth, predicted = masks()
    if change == "nothing":
        predicted[:] = False
    elif change == "absent":
        truth[:] = False
    elif change == "elsewhere":
        predicted = np.roll(predicted, 150, axis=0) & ~truth
        predicted[:20, :20] = True
    else:
        predicted[100:150] = False
    assert _words(ScoredPair("v", ObjectFrame(1, 6, 0.5, 0.5, True), truth, predicted, Path("none.jpg"))) == words


def of_goldens(budget: int = 2_000_000) -> tuple[tuple[GalleryPicture, ...], dict[tuple[str, int], tuple[float, float]]]:
    """The gallery, and J&F of each object: that of its worst frame, and its mean."""
    manifest = load_manifest(REFERENCE)
    result = score(prediction("good"), REFERENCE)
    assert result.frames is not None
    values = result.frames.values
    qualities = {key: [(v.region_similarity + v.contour_accuracy) / 2 for v in found] for key, found in values.items()}
    worst = {key: (min(found), fmean(found)) for key, found in qualities.items()}
    return draw_gallery(manifest, result.submission, values, budget), worst


def test_the_worst_frame_of_the_worst_objects_is_shown_worst_first_and_within_the_budget() -> None:
    shown, worst = of_goldens()
    videos = Counter(item.video for item in shown)
    order = sorted(((item.video, item.object_id) for item in shown), key=lambda key: (worst[key], key))
    assert [(item.video, item.object_id) for item in shown] == order
    assert len(shown) == GALLERY_SIZE
    left_out = min(worst[key] for key in worst if key not in order and videos[key[0]] < 2)
    assert worst[order[-1]] <= left_out
    assert [pytest.approx(worst[key][0]) for key in order] == [(item.picture.j + item.picture.f) / 2 for item in shown]
    size = len(shown[0].picture.uri)
    assert len(of_goldens(size)[0]) == 1


def test_a_video_has_two_pictures_where_there_are_others() -> None:
    def values(*qualities: float) -> list[ObjectFrame]:
        return [ObjectFrame(1, 6 + 5 * index, value, value, True) for index, value in enumerate(qualities)]

    crowd = {("crowd", number): values(0.9, 0.0, 0.5 + number / 100) for number in range(1, 11)}
    alone = {(f"alone{number:02d}", 1): values(0.8, 0.6) for number in range(12)}
    chosen = [key for key, _ in _chosen({**crowd, **alone, ("right", 1): values(1.0)})]
    assert chosen == [("crowd", 1), ("crowd", 2), *sorted(alone)[: GALLERY_SIZE - 2]], "equal frames: the worse object first"
    assert [key for key, _ in _chosen(crowd)] == sorted(crowd), "as there is nothing else to show"
    assert [value.frame for _, value in _chosen(crowd)] == [11] * 10
