"""The generator of LVOS-like data: what it promises to those who measure with it."""

import json
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from lvos_eval.metrics.definition import region_similarity
from perf.data import COLOURS, Request, generate, main, mask_folder
from perf.presets import FRAME_STEP, PRESETS, metadata, plan_videos
from perf.scenes import GROUND_TRUTH, TRACKERS, Scene

TINY = Request(preset="tiny", zipped=True)


def label_maps(out: Path) -> dict[str, npt.NDArray[np.uint8]]:
    """Every label map below a folder, by its relative path."""
    return {str(path.relative_to(out)): np.asarray(Image.open(path)) for path in sorted(out.rglob("*.png"))}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tiny")
    assert generate(out, TINY, jobs=1)
    return out


@pytest.mark.slow
def test_labels_do_not_depend_on_the_number_of_workers(tiny: Path, tmp_path: Path) -> None:
    generate(tmp_path, TINY, jobs=2)
    one, two = label_maps(tiny), label_maps(tmp_path)
    assert one.keys() == two.keys()
    assert all(one[name].tobytes() == two[name].tobytes() for name in one)


def test_labels_do_not_depend_on_the_order_of_frames() -> None:
    plan = plan_videos("tiny")[0]
    scene = Scene(plan)
    forward = [scene.draw("bad", index) for index in range(plan.frames)]
    backward = [Scene(plan).draw("bad", index) for index in reversed(range(plan.frames))]
    assert np.array_equal(forward, backward[::-1])


def test_files_are_those_of_the_metadata(tiny: Path) -> None:
    videos = json.loads((tiny / GROUND_TRUTH / "valid_meta.json").read_text())["videos"]
    for source in (GROUND_TRUTH, *TRACKERS):
        assert {folder.name for folder in mask_folder(tiny, source).iterdir()} == set(videos)
        for video, description in videos.items():
            ranges = [item["frame_range"] for item in description["objects"].values()]
            frames = range(1, max(item["end"] for item in ranges), FRAME_STEP)
            names = sorted(path.name for path in (mask_folder(tiny, source) / video).iterdir())
            assert names == [f"{frame:08d}.png" for frame in frames]
            assert all(item["start"] in frames for item in ranges)


def test_unseen_videos_are_some_of_the_videos(tiny: Path) -> None:
    unseen = (tiny / GROUND_TRUTH / "unseen_videos.txt").read_text().split()
    assert 0 < len(unseen) < len(PRESETS["tiny"])
    assert set(unseen) < {plan.name for plan in TINY.plans()}


def test_labels_are_declared_objects_and_none_comes_before_its_start(tiny: Path) -> None:
    for plan in TINY.plans():
        for index, frame in enumerate(plan.frame_numbers):
            declared = {0} | {label for label, first in enumerate(plan.firsts, 1) if first <= index}
            truth = np.asarray(Image.open(mask_folder(tiny, GROUND_TRUTH) / plan.name / f"{frame:08d}.png"))
            assert truth.shape == (plan.height, plan.width)
            assert set(np.unique(truth).tolist()) <= declared


def test_every_object_is_visible_in_its_first_frame() -> None:
    for plan in TINY.plans():
        scene = Scene(plan)
        for label, first in enumerate(plan.firsts, 1):
            assert np.count_nonzero(scene.draw(GROUND_TRUTH, first) == label) > 20


def test_masks_are_palette_images_with_the_voc_colours(tiny: Path) -> None:
    with Image.open(next((tiny / "good").rglob("*.png"))) as mask:
        assert mask.mode == "P"
        assert mask.getpalette() == list(COLOURS)
    assert COLOURS[:12] == bytes([0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0])


def test_the_good_tracker_is_good_and_the_bad_one_bad(tiny: Path) -> None:
    truths, good, bad = (label_maps(mask_folder(tiny, source)) for source in (GROUND_TRUTH, *TRACKERS))
    objects = [(name, label) for name in truths for label in np.unique(truths[name]) if label]
    means = [
        np.mean([region_similarity(truths[name] == label, found[name] == label) for name, label in objects])
        for found in (good, bad)
    ]
    assert 0.75 < means[0] < 0.92
    assert 0.02 < means[1] < 0.5


def test_an_archive_holds_every_mask_of_its_tracker(tiny: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tiny / "good.zip") as archive:
        archive.extractall(tmp_path)
    assert label_maps(tmp_path).keys() == label_maps(tiny / "good").keys()


def test_the_same_request_is_not_carried_out_twice(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tiny), "--preset", "tiny", "--zip"]) == 0
    assert "already there" in capsys.readouterr().out


def test_other_data_is_not_overwritten(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tiny), "--preset", "tiny", "--frames", "3"]) == 1
    assert "holds other data" in capsys.readouterr().err


def test_v2_val_has_the_totals_of_lvos_v2_validation() -> None:
    plans = plan_videos("v2-val")
    assert len({plan.name for plan in plans}) == 140
    assert sum(plan.frames for plan in plans) == 66_056
    assert sum(len(plan.firsts) for plan in plans) == 239
    assert max(plan.frames for plan in plans) == 2_280
    assert max(len(plan.firsts) for plan in plans) == 10


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_frame_nums_counts_every_fifth_frame_up_to_an_exclusive_end(preset: str) -> None:
    for description in metadata(plan_videos(preset))["videos"].values():
        for item in description["objects"].values():
            frame_range = item["frame_range"]
            frames = range(frame_range["start"], frame_range["end"], FRAME_STEP)
            assert frame_range["frame_nums"] == len(frames)


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_some_objects_start_late(preset: str) -> None:
    assert any(first > 0 for plan in plan_videos(preset) for first in plan.firsts)


def test_overrides_replace_videos_frames_and_size() -> None:
    plans = plan_videos("mixed-720p", videos=2, frames=7, size=(90, 160))
    assert [(plan.frames, plan.height, plan.width) for plan in plans] == [(7, 90, 160)] * 2
