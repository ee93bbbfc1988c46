"""The metadata: what is read from it, and the exact text of each of its faults."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.protocols.contract import Task
from lvos_eval.protocols.lvos import FrameRange
from lvos_eval.reference.exclusions import FrameRun
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import ScoringRules

RANGE = {"start": 1, "end": 31, "frame_nums": 6}


def videos(**changes: Any) -> dict[str, Any]:
    """One video with one object, the object's range changed."""
    return {"v1": {"objects": {"1": {"frame_range": RANGE | changes}}}}


def load(tmp_path: Path, content: Any, name: str = "valid_meta.json", task: Task = Task.SEMI_SUPERVISED) -> Manifest:
    text = content if isinstance(content, str) else json.dumps({"videos": content})
    (tmp_path / name).write_text(text)
    none = not (tmp_path / "unseen_videos.txt").exists()
    return load_manifest(tmp_path, ScoringRules(task=task, unseen_none=none))


@pytest.mark.parametrize("write", [int, str, lambda number: f"{number:08d}"], ids=["integers", "strings", "padded strings"])
def test_ranges_are_read_in_all_three_spellings(write: Any, tmp_path: Path) -> None:
    manifest = load(tmp_path, videos(**{key: write(value) for key, value in RANGE.items()}))
    (item,) = manifest.videos[0].objects
    assert (item.object_id, item.range) == (1, FrameRange(1, 31, 6))
    assert item.scored.frames == manifest.videos[0].scored == (6, 11, 16, 21)
    assert manifest.videos[0].annotated == {1, 6, 11, 16, 21, 26}


def test_videos_are_sorted_and_objects_keep_their_order(tmp_path: Path) -> None:
    entry = {"frame_range": RANGE}
    manifest = load(tmp_path, {"b": {"objects": {"3": entry, "1": entry}}, "a": {"objects": {"2": entry}}})
    assert [(video.name, video.ids) for video in manifest.videos] == [("a", (2,)), ("b", (3, 1))]
    assert (manifest.object_count, manifest.scored_count) == (3, 8)


def test_attributes_and_sizes_come_from_the_attribute_file(tmp_path: Path) -> None:
    (tmp_path / "valid_meta_attribute.json").write_text(
        json.dumps({"videos": {"v1": videos()["v1"] | {"attributes": ["OCC", "LR"], "image_size": [720, 1280]}}})
    )
    manifest = load(tmp_path, videos())
    assert (manifest.metadata_name, manifest.videos[0].attributes, manifest.videos[0].size) == (
        "valid_meta.json",
        ("OCC", "LR"),
        (720, 1280),
    )


def test_unseen_videos_are_marked_and_data_without_any_is_said(tmp_path: Path) -> None:
    assert load(tmp_path, videos()).warnings == ("every video counts as seen: scoring.yaml says `unseen: none`",)
    (tmp_path / "unseen_videos.txt").write_text("\ufeffv1\n\n", encoding="utf-8")
    manifest = load(tmp_path, videos())
    assert (manifest.videos[0].group, manifest.warnings) == ("unseen", ())


def test_frame_nums_above_the_range_and_objects_without_scored_frames_are_said(tmp_path: Path) -> None:
    (tmp_path / "unseen_videos.txt").write_text("v1\n")
    assert load(tmp_path, videos(frame_nums=8)).warnings == (
        "v1 object 1: frame_nums is 2 larger than the range; as in the official toolkit 1 of its 6 values are 0",
    )
    short = videos(end=11, frame_nums=2)
    assert load(tmp_path, short | {"v2": videos()["v1"]}).warnings == (
        "v1 object 1: no scored frame under lvos-v2; the object is left out",
    )


@pytest.mark.parametrize(
    ("content", "rules", "hints"),
    [
        (
            videos(end=11, frame_nums=2),
            ScoringRules(),
            ["lvos-v2 leaves out the first and the last frame", "lvos-v1 scores them"],
        ),
        (videos(), ScoringRules(exclude={"v1": (FrameRun(1, 30),)}), ["take frames out of `exclude` in scoring.yaml"]),
    ],
)
def test_metadata_in_which_nothing_is_scored_is_a_fault_with_a_way_out(
    content: Any, rules: ScoringRules, hints: list[str], tmp_path: Path
) -> None:
    (tmp_path / "valid_meta.json").write_text(json.dumps({"videos": content}))
    with pytest.raises(ReferenceDataError) as fault:
        load_manifest(tmp_path, replace(rules, unseen_none=True))
    (problem,) = fault.value.problems
    assert problem.message == "no object of valid_meta.json has a scored frame, so there is nothing to score"
    assert all(hint in problem.fix for hint in hints)


@pytest.mark.parametrize(
    ("content", "video", "message", "fix"),
    [
        (
            videos(frame_nums=5),
            "v1",
            "object 1: frame_nums is 5 but range(1, 31, 5) has 6 frames",
            "set frame_nums to the number of frames in the range",
        ),
        (videos(end=1), "v1", "object 1: no frame between start 1 and end 1", "`end` is exclusive"),
        (
            videos(start="x"),
            "v1",
            "object 1 has the frame_range {'start': 'x', 'end': 31, 'frame_nums': 6}",
            "give start, end and frame_nums as whole numbers",
        ),
        (
            {"v1": {"objects": {"0": {"frame_range": RANGE}}}},
            "v1",
            "object 0 is not an object id",
            "use whole numbers from 1 to 254",
        ),
        (
            {"v1": {"objects": {"255": {"frame_range": RANGE}}}},
            "v1",
            "object 255 is not an object id",
            "use whole numbers from 1 to 254",
        ),
        ({"../v1": videos()["v1"]}, "../v1", "'../v1' is not a video id", "use letters, digits, - and _ only"),
        ({"v1": videos()["v1"] | {"image_size": 5}}, "v1", "image_size is 5", "write it as [height, width]"),
        ({"v1": videos()["v1"] | {"attributes": 5}}, "v1", "attributes are 5", "write them as a list of texts"),
    ],
)
def test_a_fault_of_a_video_earns_exactly_this_text(content: Any, video: str, message: str, fix: str, tmp_path: Path) -> None:
    with pytest.raises(ReferenceDataError) as fault:
        load(tmp_path, content)
    (problem,) = fault.value.problems
    assert (problem.code, problem.video, problem.message, problem.fix) == ("metadata", video, f"valid_meta.json: {message}", fix)


@pytest.mark.parametrize(
    ("content", "message", "fix"),
    [
        ("{", "valid_meta.json is not JSON: Expecting property name", "correct it there, and write it as JSON in UTF-8"),
        ("[]", "valid_meta.json names no videos", 'it needs {"videos": {id: {"objects": {...}}}}'),
        ('{"videos": {}}', "valid_meta.json names no videos", 'it needs {"videos": {id: {"objects": {...}}}}'),
    ],
)
def test_a_file_that_is_no_metadata_is_a_fault(content: str, message: str, fix: str, tmp_path: Path) -> None:
    with pytest.raises(ReferenceDataError) as fault:
        load(tmp_path, content)
    (problem,) = fault.value.problems
    assert problem.message.startswith(message)
    assert problem.fix == fix


def test_metadata_files_that_disagree_are_a_fault_that_names_them(tmp_path: Path) -> None:
    load(tmp_path, videos(), "test_meta.json")
    with pytest.raises(ReferenceDataError) as fault:
        load(tmp_path, videos(end=26, frame_nums=5))
    assert [problem.message for problem in fault.value.problems] == [
        "test_meta.json and valid_meta.json disagree on videos, objects or ranges"
    ]


def test_a_folder_without_metadata_is_a_fault_that_says_what_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ReferenceDataError) as fault:
        load_manifest(tmp_path)
    (problem,) = fault.value.problems
    assert problem.message == f"no metadata in {tmp_path}"
    assert problem.fix.startswith("add one of test_meta.json, valid_meta.json, val_meta.json, train_meta.json, meta.json or a ")


def test_without_a_list_the_single_object_task_needs_a_video_of_the_published_one(tmp_path: Path) -> None:
    with pytest.raises(ReferenceDataError) as fault:
        load(tmp_path, videos(), task=Task.UNSUPERVISED_SINGLE)
    (problem,) = fault.value.problems
    assert problem.message == (
        "there is no unsupervised_videos.txt, and the published list (LVOS, single-object unsupervised task) "
        "names no video of valid_meta.json"
    )
    assert problem.fix == "write the videos of the task into unsupervised_videos.txt, one id per line"


def test_all_faults_are_found_at_once(tmp_path: Path) -> None:
    with pytest.raises(ReferenceDataError) as fault:
        load(tmp_path, videos(end=1) | {"v2": {"objects": {"x": {}}}, "v 3": videos()["v1"]})
    assert [problem.video for problem in fault.value.problems] == ["v1", "v2", "v 3"]
