"""The two unsupervised tasks: matched proposals and salient maps."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import commands
import goldens
from lvos_eval.protocols.contract import Task
from lvos_eval.protocols.frames import ScoredFrames
from lvos_eval.protocols.lvos import SCORE_KEYS, FrameRange
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.manifest import Video, VideoObject
from lvos_eval.reference.settings import ScoringRules
from lvos_eval.scoring.assignment import match_proposals
from lvos_eval.scoring.results import ABSENT_PROPOSAL, ObjectFrame


def scores_of(tmp_path: Path, task: Task, name: str) -> tuple[dict[str, float], dict[str, object]]:
    """scores.json and scoring_details.json of a golden submission."""
    output = tmp_path / "output"
    process = commands.lvos_eval(
        "score", goldens.prediction(name), "--reference", goldens.REFERENCE, "--output", output, "--task", task, "--jobs", "2"
    )
    assert process.returncode == 0, process.stderr
    return json.loads((output / "scores.json").read_text()), json.loads((output / "scoring_details.json").read_text())


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (Task.UNSUPERVISED_MULTIPLE, "prop"),
        pytest.param(Task.UNSUPERVISED_MULTIPLE, "poor", marks=pytest.mark.slow),
        (Task.UNSUPERVISED_SINGLE, "salient"),
    ],
)
def test_all_official_numbers_are_reproduced_exactly(tmp_path: Path, task: Task, name: str) -> None:
    scores, details = scores_of(tmp_path, task, name)
    wanted = goldens.expected(task, name)
    totals = {"Overall" if key == "J&F-Mean" else key: value for key, value in wanted["global"].items()}
    assert scores == {key: totals[key] for key in SCORE_KEYS}
    # the official toolkit files a matched pair under another object of the video: the values are the same, the names are not
    found = sorted((entry["video"], entry["J"], entry["F"], entry["V"]) for entry in details["objects"])  # type: ignore[attr-defined]
    official = sorted(
        (label.rsplit("_", 1)[0], wanted["J"][label], wanted["F"][label], wanted["V"][label]) for label in wanted["J"]
    )
    assert found == official


def test_a_matched_pair_is_filed_under_its_own_object() -> None:
    # object 3 is proposal 7 and object 1 is proposal 2: neither the order nor the labels agree
    scored = ScoredFrames((1, 6), (0, 1), 2)
    objects = tuple(VideoObject(object_id, FrameRange(1, 11, 2), scored) for object_id in (3, 1))
    video = Video("video", objects, group="seen")
    quality = {(3, 7): 0.9, (3, 2): 0.8, (1, 7): 0.85, (1, 2): 0.4}
    values = [ObjectFrame(object_id, frame, 0.0, 0.0, True, ABSENT_PROPOSAL) for object_id in (3, 1) for frame in (1, 6)]
    values += [
        ObjectFrame(object_id, frame, q, q, True, proposal) for (object_id, proposal), q in quality.items() for frame in (1, 6)
    ]
    matched = match_proposals(video, values)
    # 0.8 + 0.85 is more than 0.9 + 0.4: the best pair is given up for the best sum
    assert {object_id: {value.proposal for value in values} for object_id, values in matched.items()} == {3: {2}, 1: {7}}
    assert {object_id: {value.region_similarity for value in values} for object_id, values in matched.items()} == {
        3: {0.8},
        1: {0.85},
    }


def test_a_proposal_that_is_absent_in_a_frame_is_right_where_the_object_is_invisible() -> None:
    item = VideoObject(1, FrameRange(1, 11, 2), ScoredFrames((1, 6), (0, 1), 2))
    video = Video("video", (item,), group="seen")
    values = [
        ObjectFrame(1, 1, 0.0, 0.0, True, ABSENT_PROPOSAL),
        ObjectFrame(1, 6, 1.0, 1.0, False, ABSENT_PROPOSAL),
        ObjectFrame(1, 1, 0.5, 0.7, True, 4),
    ]
    (matched,) = match_proposals(video, values).values()
    assert sorted((value.frame, value.region_similarity, value.proposal) for value in matched) == [(1, 0.5, 4), (6, 1.0, 4)]


def test_only_the_listed_videos_are_asked_for_and_others_are_no_problem(tmp_path: Path) -> None:
    submission = Path(shutil.copytree(goldens.prediction("salient"), tmp_path / "submission"))
    shutil.copytree(goldens.prediction("good") / "hFour008", submission / "hFour008")
    process = commands.lvos_eval("check", submission, "--reference", goldens.REFERENCE, "--task", Task.UNSUPERVISED_SINGLE)
    assert (process.returncode, process.stderr) == (0, "")


def test_every_frame_of_the_range_is_asked_for() -> None:
    manifest = load_manifest(goldens.REFERENCE, ScoringRules(task=Task.UNSUPERVISED_SINGLE))
    assert [video.name for video in manifest.videos] == ["aPlain01", "fEmpty06"]
    assert manifest.videos[0].scored == tuple(range(1, 71, 5))


def test_scipy_is_named_where_it_is_missing(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['scipy'] = None\n")
    process = commands.lvos_eval(
        "score",
        goldens.prediction("prop"),
        "--reference",
        goldens.REFERENCE,
        "--output",
        tmp_path / "output",
        "--task",
        Task.UNSUPERVISED_MULTIPLE,
        env={"PYTHONPATH": f"{tmp_path}:{commands.PROGRAM}"},
    )
    assert (process.returncode, process.stderr) == (
        2,
        "the task unsupervised_multiple needs scipy: pip install scipy\n",
    )


def test_the_page_shows_which_proposal_was_taken(tmp_path: Path) -> None:
    _, details = scores_of(tmp_path, Task.UNSUPERVISED_MULTIPLE, "prop")
    page = (tmp_path / "output" / "detailed_results.html").read_text()
    taken = [entry["proposal"] for entry in details["objects"]]  # type: ignore[attr-defined]
    assert sorted(int(text.split("<")[0]) for text in page.split('<td class="n proposal">')[1:]) == sorted(taken)
