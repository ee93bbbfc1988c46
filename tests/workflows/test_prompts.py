"""`lvos-eval prepare`: the first mask of each object, and no other pixel of the ground truth."""

from __future__ import annotations

import json
import os
import re
import tarfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import commands
from goldens import GOLDENS, REFERENCE
from lvos_eval.cli.main import main
from lvos_eval.reference.choice import ReferenceChoice
from lvos_eval.reference.loading import load_manifest
from submissions import Labels, png
from unpacking import unpack

DOCS: Final = commands.PROGRAM.parent / "docs"
SIZE: Final = (30, 40)
FRAMES: Final = range(1, 27, 5)
STARTS: Final = {"early": {1: 1, 2: 1, 7: 11}, "late": {3: 6}}
"""The frame in which each object of a video starts."""
GONE: Final = ("early", 7)
"""The object that has no pixel where it starts."""


def ground_truth(seed: int = 0, first: dict[tuple[str, int], Labels] | None = None) -> dict[tuple[str, int], Labels]:
    """Random masks of the declared objects, of others and of void; the pixels of objects that start are those of `first`."""
    random = np.random.default_rng(seed)
    found = {}
    for video, starts in STARTS.items():
        for frame in FRAMES:
            labels = random.choice(np.array([0, 0, 1, 2, 3, 7, 9, 255], np.uint8), SIZE)
            labels[np.isin(labels, [n for n, start in starts.items() if start == frame])] = 0
            wanted = np.zeros(SIZE, np.uint8) if first is None else starting(first, video, frame)
            if first is None:
                for row, object_id in enumerate(n for n, start in starts.items() if start == frame and (video, n) != GONE):
                    wanted[3 + 12 * row : 12 + 12 * row, 5:20] = object_id
                    wanted[2 + 12 * row, 7] = object_id
            found[video, frame] = np.where(wanted > 0, wanted, labels)
    return found


def starting(masks: dict[tuple[str, int], Labels], video: str, frame: int) -> Labels:
    """The label map of the objects that start in a frame."""
    labels = masks[video, frame]
    ids = [object_id for object_id, start in STARTS[video].items() if start == frame]
    return np.where(np.isin(labels, ids), labels, 0).astype(np.uint8)


def write_data(folder: Path, masks: dict[tuple[str, int], Labels], *, images: bool = False) -> Path:
    videos: dict[str, Any] = {}
    for video, starts in STARTS.items():
        objects = {}
        for object_id, start in starts.items():
            frames = range(start, FRAMES.stop, 5)
            objects[str(object_id)] = {"frame_range": {"start": start, "end": FRAMES.stop, "frame_nums": len(frames)}}
        videos[video] = {"objects": objects}
    folder.mkdir(exist_ok=True)
    (folder / "valid_meta.json").write_text(json.dumps({"videos": videos}))
    for (video, frame), labels in masks.items():
        for path, data in ((f"Annotations/{video}/{frame:08d}.png", png(labels)), (f"JPEGImages/{video}/{frame:08d}.jpg", b"x")):
            if path.startswith("Annotations") or images:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def prepare(data: Path, output: Path, *options: str) -> int:
    return main(["prepare", str(data), "--output", str(output), *options])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data", ground_truth())


def test_each_object_has_its_first_mask_and_no_pixel_more(data: Path, tmp_path: Path) -> None:
    assert prepare(data, tmp_path / "prompts") == 0
    files = contents(tmp_path / "prompts")
    assert sorted(files) == ["Annotations/early/00000001.png", "Annotations/late/00000006.png", "prompts.json"]
    masks = ground_truth()
    for video, frame in (("early", 1), ("late", 6)):
        with Image.open(tmp_path / "prompts" / "Annotations" / video / f"{frame:08d}.png") as image:
            assert np.array_equal(np.asarray(image), starting(masks, video, frame))


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(1, 2**32 - 1))
def test_no_other_pixel_of_the_ground_truth_makes_a_difference(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """All pixels but those of the prompts are drawn anew: what is written stays the same to the byte."""
    folder = tmp_path_factory.mktemp("same")
    first = ground_truth()
    assert prepare(write_data(folder / "data", first), folder / "one") == 0
    assert prepare(write_data(folder / "data", ground_truth(seed, first)), folder / "other") == 0
    assert contents(folder / "one") == contents(folder / "other")


def test_other_masks_need_not_be_there(data: Path, tmp_path: Path) -> None:
    """As in the data of a test set, where the rest is hidden."""
    assert prepare(data, tmp_path / "whole") == 0
    for path in (data / "Annotations").rglob("*.png"):
        if int(path.stem) not in STARTS[path.parent.name].values():
            path.unlink()
    assert prepare(data, tmp_path / "first") == 0
    assert contents(tmp_path / "whole") == contents(tmp_path / "first")


def test_the_document_tells_boxes_sizes_and_the_frames_to_predict(data: Path, tmp_path: Path) -> None:
    assert prepare(data, tmp_path / "prompts") == 0
    document = json.loads((tmp_path / "prompts" / "prompts.json").read_text())
    assert (document["format"], document["protocol"], [*document["videos"]]) == (1, "lvos-v2", ["early", "late"])
    early, late = document["videos"]["early"], document["videos"]["late"]
    assert early["size"] == [*SIZE]
    path = "Annotations/early/00000001.png"
    assert early["objects"] == {
        "1": {"frame": 1, "mask": path, "box": [5, 2, 20, 12], "area": 136},
        "2": {"frame": 1, "mask": path, "box": [5, 14, 20, 24], "area": 136},
        "7": {"frame": 11, "mask": None, "box": None, "area": 0},
    }
    manifest = load_manifest(data, splits=False)
    assert [early["frames"], late["frames"]] == [[*video.scored] for video in manifest.videos]
    assert late["frames"] == [11, 16, 21]


def test_the_object_without_a_pixel_is_told(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prepare(data, tmp_path / "prompts") == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1] == (
        "note: 1 object without a pixel in the first frame of its range (video/id: early/7): there is no mask to start from, and "
        "prompts.json has null"
    )
    assert shown[2].endswith("prompts: 4 objects of 2 videos, 2 masks and prompts.json")


def test_the_summary_as_json(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prepare(data, tmp_path / "prompts", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert {key: document[key] for key in ("videos", "objects", "masks", "invisible")} == {
        "videos": 2,
        "objects": 4,
        "masks": 2,
        "invisible": ["early/7"],
    }


def test_the_golden_prompts_are_the_golden_masks(tmp_path: Path) -> None:
    assert prepare(REFERENCE, tmp_path / "prompts") == 0
    document = json.loads((tmp_path / "prompts" / "prompts.json").read_text())
    for video in load_manifest(REFERENCE).videos:
        for item in video.objects:
            prompt = document["videos"][video.name]["objects"][str(item.object_id)]
            frame = f"{video.name}/{item.range.start:08d}.png"
            with Image.open(REFERENCE / "Annotations" / frame) as image:
                truth = np.asarray(image) == item.object_id
            assert prompt["area"] == np.count_nonzero(truth)
            if not prompt["area"]:
                assert prompt["mask"] is None
                continue
            with Image.open(tmp_path / "prompts" / prompt["mask"]) as image:
                assert np.array_equal(np.asarray(image) == item.object_id, truth)
            left, top, right, bottom = prompt["box"]
            rows, columns = np.nonzero(truth)
            assert (left, top, right, bottom) == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


@pytest.mark.parametrize(
    ("archive", "root", "protocol"), [("davis_2017", "DAVIS", "davis-2017"), ("visor", "VISOR_2022", "visor")]
)
def test_other_benchmarks_have_prompts_too(archive: str, root: str, protocol: str, tmp_path: Path) -> None:
    with tarfile.open(GOLDENS.parent / f"goldens_{archive}.tar.xz") as packed:
        unpack(packed, tmp_path)
    assert prepare(tmp_path / root, tmp_path / "prompts", "--protocol", protocol) == 0
    manifest = load_manifest(tmp_path / root, ReferenceChoice(tmp_path / root, protocol).settings().rules)
    document = json.loads((tmp_path / "prompts" / "prompts.json").read_text())
    assert [*document["videos"]] == [video.name for video in manifest.videos]
    for video in manifest.videos:
        for item in video.objects:
            prompt = document["videos"][video.name]["objects"][str(item.object_id)]
            name = f"{manifest.layout(video).name(item.range.start)}.png"
            with Image.open(manifest.ground_truth(video.name) / name) as image:
                truth = np.asarray(image) == item.object_id
            assert prompt["area"] == np.count_nonzero(truth)
            assert (prompt["mask"] is None) == (not truth.any())
            if prompt["mask"] is not None:
                assert Path(prompt["mask"]).name == name
                with Image.open(tmp_path / "prompts" / prompt["mask"]) as image:
                    assert np.array_equal(np.asarray(image) == item.object_id, truth)


def test_a_benchmark_whose_masks_are_not_label_maps_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with tarfile.open(GOLDENS.parent / "goldens_sa_v.tar.xz") as packed:
        unpack(packed, tmp_path / "data")
    assert prepare(tmp_path / "data", tmp_path / "prompts", "--protocol", "sa-v") == 2
    assert "sa-v has a folder of masks for each object: the first file in it is the prompt" in capsys.readouterr().err
    assert not (tmp_path / "prompts").exists()


def test_a_first_mask_that_is_missing_is_told_and_nothing_is_written(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "Annotations" / "late" / "00000006.png").unlink()
    (data / "Annotations" / "early" / "00000001.png").write_bytes(b"no image")
    assert prepare(data, tmp_path / "prompts") == 3
    said = capsys.readouterr().err
    assert "the ground truth has no mask, and an object starts there" in said
    assert "cannot be used" in said
    assert "2 objects start there" in said
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("task", ["unsupervised_multiple", "unsupervised_single"])
def test_a_task_without_prompts_is_refused(task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_data(tmp_path / "data", ground_truth())
    (data / "unsupervised_videos.txt").write_text("late\n")
    assert prepare(data, tmp_path / "prompts", "--task", task) == 2
    assert "has no prompts" in capsys.readouterr().err
    assert not (tmp_path / "prompts").exists()


def test_old_prompts_are_replaced_whole(data: Path, tmp_path: Path) -> None:
    output = tmp_path / "prompts"
    write_data(data, ground_truth(), images=True)
    assert prepare(data, output, "--link-frames") == 0
    (output / "Annotations" / "old").mkdir()
    assert prepare(data, output) == 0
    assert sorted(path.name for path in output.rglob("*")) == [
        *("00000001.png", "00000006.png", "Annotations", "early", "late", "prompts.json")
    ]
    assert len([*(data / "JPEGImages").rglob("*.jpg")]) == 12
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "prompts"]


def test_old_prompts_stay_where_new_ones_cannot_be_made(data: Path, tmp_path: Path) -> None:
    assert prepare(data, tmp_path / "prompts") == 0
    before = contents(tmp_path / "prompts")
    (data / "Annotations" / "late" / "00000006.png").unlink()
    assert prepare(data, tmp_path / "prompts") == 3
    assert contents(tmp_path / "prompts") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "prompts"]


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("data", "holds other things than prompts"),
        ("data/Annotations/late", "is where the ground truth lies"),
        ("data/Annotations/new", "is where the ground truth lies"),
        ("data/valid_meta.json", "is a file"),
        ("nowhere/prompts", "there is no folder"),
        ("mine", "holds other things than prompts"),
        ("like", "holds other things than prompts"),
    ],
)
def test_nothing_but_prompts_is_replaced(
    output: str, words: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, file in (("mine", "notes.txt"), ("like", "prompts.json")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text('{"videos": {}}')
    before = contents(tmp_path)
    assert prepare(data, tmp_path / output) == 2
    assert words in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_an_empty_folder_and_a_link_to_one_are_filled(data: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    assert prepare(data, tmp_path / "link") == 0
    assert (tmp_path / "empty" / "prompts.json").is_file()
    assert (tmp_path / "link").is_symlink()


def test_photographs_are_linked_beside_the_masks(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", ground_truth(), images=True)
    assert prepare(data, tmp_path / "prompts", "--link-frames") == 0
    assert os.readlink(tmp_path / "prompts" / "JPEGImages" / "late") == str((data / "JPEGImages" / "late").resolve())
    assert (tmp_path / "prompts" / "JPEGImages" / "early" / "00000026.jpg").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("JPEGImages", "there is no folder"),
        ("JPEGImages/late", "has no folder for 1 video: late"),
        ("JPEGImages/late/00000016.jpg", "lacks 1 photograph that a tracker needs: late/00000016.jpg"),
        ("JPEGImages/late/00000006.jpg", "lacks 1 photograph that a tracker needs: late/00000006.jpg"),
    ],
)
@pytest.mark.parametrize("link", [False, True])
def test_photographs_that_are_missing_are_told(
    link: bool, lost: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_data(tmp_path / "data", ground_truth(), images=True)
    (data / lost).rename(tmp_path / "away")
    options = ["--link-frames"] if link else ["--frames", str(data / "JPEGImages")]
    assert prepare(data, tmp_path / "prompts", *options) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "prompts").exists()


def test_the_last_photograph_which_nobody_needs_may_be_missing(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", ground_truth(), images=True)
    (data / "JPEGImages" / "late" / "00000026.jpg").unlink()
    assert prepare(data, tmp_path / "prompts", "--frames", str(data / "JPEGImages")) == 0
    assert not (tmp_path / "prompts" / "JPEGImages").exists()


def test_the_layout_is_documented(data: Path, tmp_path: Path) -> None:
    assert prepare(data, tmp_path / "prompts") == 0
    document = json.loads((tmp_path / "prompts" / "prompts.json").read_text())
    (section,) = re.findall(r"^## `prompts.json`\n(.*?)(?=^## |\Z)", (DOCS / "json.md").read_text(), re.MULTILINE | re.DOTALL)
    told = set(re.findall(r"`(\w+)`", section))
    video = document["videos"]["early"]
    assert {*document, *video, *video["objects"]["1"]} <= told


def test_the_command_of_the_quickstart_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (command,) = re.findall(r"^lvos-eval (prepare .*)$", (DOCS / "quickstart.md").read_text(), re.MULTILINE)
    (tmp_path / "LVOS_V2").mkdir()
    write_data(tmp_path / "LVOS_V2" / "valid", ground_truth(), images=True)
    monkeypatch.chdir(tmp_path)
    assert main([*command.split(), "--link-frames"]) == 0
    assert (tmp_path / "prompts" / "JPEGImages" / "early").is_symlink()
