"""The evaluator gives for masks in memory what `score` gives for their files, or the plain means without a reference."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import goldens
import lvos_eval
from lvos_eval.metrics import definition
from lvos_eval.protocols import Task
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import ScoringRules

Labels = NDArray[np.uint8]
RUNS = [
    ("semi-supervised", "good"), ("semi-supervised", "poor"), ("semi-supervised", "edge"), ("unsupervised_multiple", "poor"),
    ("unsupervised_multiple", "prop"), ("unsupervised_single", "salient"),
]  # fmt: skip


def read(folder: Path, video: str, frame: int) -> Labels:
    with Image.open(folder / video / f"{frame:08d}.png") as image:
        return np.asarray(image)


def scored_frames(task: str, protocol: str = "lvos-v2") -> list[tuple[str, int]]:
    manifest = load_manifest(goldens.REFERENCE, ScoringRules(protocol, Task(task)))
    return [(video.name, frame) for video in manifest.videos for frame in video.scored]


def filled(evaluator: lvos_eval.Evaluator, name: str, frames: list[tuple[str, int]]) -> lvos_eval.Evaluator:
    for video, frame in frames:
        truth = read(goldens.REFERENCE / "Annotations", video, frame)
        evaluator.add(video, frame, truth, read(goldens.prediction(name), video, frame))
    return evaluator


@pytest.mark.parametrize("protocol", ["lvos-v1", "lvos-v2"])
@pytest.mark.parametrize(("task", "name"), RUNS)
def test_with_a_reference_it_gives_the_numbers_of_score_in_any_order(task: str, name: str, protocol: str) -> None:
    frames = scored_frames(task, protocol)
    random.Random(7).shuffle(frames)
    result = filled(lvos_eval.Evaluator(goldens.REFERENCE, task=task, protocol=protocol), name, frames).result()
    wanted = lvos_eval.score(goldens.prediction(name), goldens.REFERENCE, task=task, protocol=protocol)
    assert result.scores == wanted.scores
    assert list(result.scores) == list(wanted.scores)
    assert result.objects == wanted.objects
    assert result.videos == wanted.videos
    assert result.signature == wanted.signature
    assert result.notes[: len(wanted.notes)] == wanted.notes


def test_metadata_is_enough_of_a_reference(tmp_path: Path) -> None:
    for name in ("valid_meta.json", "unseen_videos.txt"):
        shutil.copy(goldens.REFERENCE / name, tmp_path)
    result = filled(lvos_eval.Evaluator(tmp_path / "valid_meta.json"), "good", scored_frames("semi-supervised")).result()
    wanted = lvos_eval.score(goldens.prediction("good"), goldens.REFERENCE)
    assert (result.scores, result.signature) == (wanted.scores, wanted.signature)


def test_another_ground_truth_is_another_signature() -> None:
    (video, frame), *others = scored_frames("semi-supervised")
    evaluator = filled(lvos_eval.Evaluator(goldens.REFERENCE), "good", others)
    truth = read(goldens.REFERENCE / "Annotations", video, frame)
    evaluator.add(video, frame, np.roll(truth, 1, axis=1), read(goldens.prediction("good"), video, frame))
    assert evaluator.result().signature != lvos_eval.score(goldens.prediction("good"), goldens.REFERENCE).signature


def test_frames_that_the_protocol_does_not_score_are_taken_and_left_out() -> None:
    frames = scored_frames("semi-supervised")
    everything = scored_frames("semi-supervised", "lvos-v1")
    assert len(everything) > len(frames)
    results = [filled(lvos_eval.Evaluator(goldens.REFERENCE), "poor", given).result() for given in (frames, everything)]
    assert results[0] == results[1]


class TestWhatTheReferenceDoesNotHave:
    """A frame that cannot count is refused by name, and nothing is added."""

    mask = np.ones((90, 160), np.uint8)

    def test_a_video(self) -> None:
        with pytest.raises(ValueError, match=r"valid_meta\.json has no video 'other' that is scored"):
            lvos_eval.Evaluator(goldens.REFERENCE).add("other", 6, self.mask, self.mask)

    def test_a_frame(self) -> None:
        with pytest.raises(ValueError, match=r"no object of video 'aPlain01' is annotated in frame 7; annotated are 00000001-"):
            lvos_eval.Evaluator(goldens.REFERENCE).add("aPlain01", 7, self.mask, self.mask)

    def test_a_frame_that_is_missing(self) -> None:
        frames = scored_frames("semi-supervised")
        with pytest.raises(ValueError, match=r"^1 scored frame not added yet: aPlain01 00000006$"):
            filled(lvos_eval.Evaluator(goldens.REFERENCE), "good", frames[1:]).result()
        with pytest.raises(ValueError, match=r"scored frames not added yet: aPlain01 00000011-.*; and 5 more videos$"):
            filled(lvos_eval.Evaluator(goldens.REFERENCE), "good", frames[:1]).result()

    def test_a_size(self, tmp_path: Path) -> None:
        shutil.copy(goldens.REFERENCE / "unseen_videos.txt", tmp_path)
        text = (goldens.REFERENCE / "valid_meta.json").read_text()
        (tmp_path / "valid_meta.json").write_text(text.replace('"aPlain01": {', '"aPlain01": {"image_size": [90, 161],', 1))
        with pytest.raises(ValueError, match=r"the shape \(90, 160\), but the frames of video 'aPlain01' \(90, 161\)"):
            lvos_eval.Evaluator(tmp_path).add("aPlain01", 6, self.mask, self.mask)

    def test_more_calls_bring_it_to_a_result(self) -> None:
        frames = scored_frames("semi-supervised")
        evaluator = filled(lvos_eval.Evaluator(goldens.REFERENCE), "good", frames[:5])
        with pytest.raises(ValueError, match="not added yet"):
            evaluator.result()
        assert filled(evaluator, "good", frames[5:]).result().scores["Overall"] > 0


def test_a_frame_counts_once() -> None:
    mask = np.ones((4, 5), np.uint8)
    for evaluator, video, frame in ((lvos_eval.Evaluator(), "v", 3), (lvos_eval.Evaluator(goldens.REFERENCE), "aPlain01", 6)):
        evaluator.add(video, frame, mask, mask)
        with pytest.raises(ValueError, match=f"frame {frame} of video '{video}' was added before"):
            evaluator.add(video, frame, mask, mask)


def test_frames_of_one_video_have_one_size() -> None:
    evaluator = lvos_eval.Evaluator()
    evaluator.add("v", 0, np.ones((4, 5), bool), np.ones((4, 5), bool))
    with pytest.raises(ValueError, match=r"the masks have the shape \(5, 4\), but the frames of video 'v' \(4, 5\)"):
        evaluator.add("v", 1, np.ones((5, 4), bool), np.ones((5, 4), bool))
    evaluator.add("w", 1, np.ones((5, 4), bool), np.ones((5, 4), bool))


@pytest.mark.parametrize("reference", [None, goldens.REFERENCE])
def test_nothing_has_no_scores(reference: Path | None) -> None:
    with pytest.raises(ValueError, match="nothing was added"):
        lvos_eval.Evaluator(reference).result()


def test_a_protocol_needs_a_reference() -> None:
    with pytest.raises(ValueError, match="protocol, task and image_set go with a reference"):
        lvos_eval.Evaluator(protocol="lvos-v1")


def test_a_faulty_reference_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(lvos_eval.ReferenceDataError, match="no metadata in"):
        lvos_eval.Evaluator(tmp_path)


def plain_means(frames: list[tuple[str, int, Labels, Labels]]) -> dict[str, float]:
    """The textbook's scores: every frame, every label of the ground truth of a video, the mean over objects."""
    videos = sorted({video for video, *_ in frames})
    measures: dict[str, list[float]] = {"J": [], "F": [], "V": []}
    for video in videos:
        members = sorted(((frame, truth, guess) for name, frame, truth, guess in frames if name == video), key=lambda m: m[0])
        labels = sorted({int(label) for _, truth, _ in members for label in np.unique(truth)} - {0, 255})
        for label in labels:
            j = np.array([[definition.region_similarity(truth == label, guess == label) for _, truth, guess in members]])
            f = np.array([[definition.contour_accuracy(truth == label, guess == label) for _, truth, guess in members]])
            measures["J"].append(float(np.mean(j)))
            measures["F"].append(float(np.mean(f)))
            measures["V"].append(definition.temporal_stability(j, f))
    means = {f"{name}-Mean": float(np.mean(values)) for name, values in measures.items()}
    return {"Overall": (means["J-Mean"] + means["F-Mean"]) / 2, **means}


def golden_frames(name: str) -> list[tuple[str, int, Labels, Labels]]:
    return [
        (video, frame, read(goldens.REFERENCE / "Annotations", video, frame), read(goldens.prediction(name), video, frame))
        for video, frame in scored_frames("semi-supervised", "lvos-v1")
    ]


@pytest.mark.parametrize("name", ["poor", "edge"])
def test_without_a_reference_it_gives_plain_means_in_any_order(name: str) -> None:
    frames = golden_frames(name)
    results = []
    for seed in (1, 2):
        random.Random(seed).shuffle(frames)
        evaluator = lvos_eval.Evaluator()
        for video, frame, truth, guess in frames:
            evaluator.add(video, frame, truth, guess)
        results.append(evaluator.result())
    assert results[0] == results[1]
    assert results[0].scores == plain_means(frames)
    assert results[0].signature is None


def test_without_a_reference_random_masks_give_the_plain_means_too() -> None:
    chance, labels = np.random.default_rng(5), np.array([0, 0, 0, 1, 3, 255], np.uint8)
    frames = [
        (video, frame, chance.choice(labels, (9, 11)), chance.choice(labels, (9, 11))) for video in "ab" for frame in range(4)
    ]
    # an object that comes late, one that is only predicted, and masks of nothing and of the whole frame
    frames += [("c", 0, np.zeros((9, 11), np.uint8), np.full((9, 11), 2, np.uint8))]
    frames += [("c", 1, np.full((9, 11), 2, np.uint8), np.full((9, 11), 7, np.uint8))]
    evaluator = lvos_eval.Evaluator()
    for added in frames:
        evaluator.add(*added)
    result = evaluator.result()
    assert result.scores == plain_means(frames)
    assert result.notes == ("c: no object has the label 7 of the predictions",)


def test_ground_truth_without_an_object_has_no_scores() -> None:
    evaluator = lvos_eval.Evaluator()
    evaluator.add("v", 0, np.zeros((4, 5), np.uint8), np.ones((4, 5), np.uint8))
    with pytest.raises(ValueError, match="no object was added: every ground truth is empty"):
        evaluator.result()


class OnItsOwn:
    """An array of another library, such as a tensor on the CPU."""

    def __init__(self, content: NDArray[Any]) -> None:
        self._content = content

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self._content if dtype is None else self._content.astype(dtype)


@pytest.mark.parametrize(
    "convert",
    [
        OnItsOwn, np.ndarray.tolist, np.asfortranarray, lambda a: a.astype(np.int64), lambda a: a.astype(">u2"),
        lambda a: np.repeat(a, 2, axis=1)[:, ::2], lambda a: a.astype(bool),
    ],
    ids=["__array__", "list", "fortran", "int64", "big-endian", "strided", "bool"],
)  # fmt: skip
def test_label_maps_come_in_many_kinds(convert: Any) -> None:
    truth, guess = np.zeros((2, 30, 40), np.uint8)
    truth[3:20, 5:25] = 1
    guess[5:22, 5:25] = 1
    plain, other = lvos_eval.Evaluator(), lvos_eval.Evaluator()
    plain.add("v", 0, truth, guess)
    other.add("v", 0, convert(truth), convert(guess))
    assert plain.result() == other.result()


def test_what_cannot_be_read_by_numpy_is_said() -> None:
    class OnAnotherDevice:
        def __array__(self, *_: object, **__: object) -> None:
            raise TypeError("can't convert cuda:0 device type tensor to numpy")

    prediction: Any = OnAnotherDevice()
    with pytest.raises(TypeError, match="prediction cannot be made an array: can't convert cuda:0"):
        lvos_eval.Evaluator().add("v", 0, np.ones((4, 5), bool), prediction)


def test_masks_are_neither_kept_nor_changed() -> None:
    truth = np.ones((4, 5), np.uint8)
    truth.setflags(write=False)
    guess = truth.copy()
    evaluator = lvos_eval.Evaluator()
    evaluator.add("v", 0, truth, guess)
    guess[:] = 0
    evaluator.add("v", 1, truth, guess)
    assert evaluator.result().scores["J-Mean"] == 0.5


def test_a_prediction_that_is_no_salient_map_is_refused() -> None:
    evaluator = lvos_eval.Evaluator(goldens.REFERENCE, task="unsupervised_single")
    truth = read(goldens.REFERENCE / "Annotations", "aPlain01", 6)
    with pytest.raises(ValueError, match="prediction is not a salient map: two other values"):
        evaluator.add("aPlain01", 6, truth, np.where(truth > 0, 3, 7))
