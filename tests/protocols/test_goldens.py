"""Every number equals the official toolkit's, `==` on doubles, through the platform's entry point."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import commands
import goldens
from lvos_eval.protocols.lvos import SCORE_KEYS
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reporting.output_folder import scores_text

pytestmark = pytest.mark.parametrize("name", goldens.SEMI_SUPERVISED)


RUNS = [("folder", "1"), ("zip", "2")]
SLOW_RUNS = [("folder", "2"), ("zip", "1")]


@pytest.fixture(params=[*RUNS, *(pytest.param(run, marks=pytest.mark.slow) for run in SLOW_RUNS)], ids="-".join)
def results(request: pytest.FixtureRequest, name: str, tmp_path: Path) -> Path:
    """The output folder of a run with full detail, from a folder or a zip, with one or two workers."""
    kind, jobs = request.param
    submission = goldens.prediction(name)
    if kind == "zip":
        (tmp_path / "res").mkdir()
        commands.zip_folder(submission, tmp_path / "res" / "submission.zip", shuffle=7)
        submission = tmp_path / "res"
    input_ = commands.platform_input(tmp_path / "input", submission, goldens.REFERENCE)
    run = commands.evaluate(input_, tmp_path / "output", "--detail", "full", "--jobs", jobs)
    assert run.returncode == 0, run.stderr
    return tmp_path / "output"


def official(name: str) -> dict[str, Any]:
    return goldens.expected("semi-supervised", name)


def test_all_official_numbers_are_reproduced_exactly(results: Path, name: str) -> None:
    details = json.loads((results / "scoring_details.json").read_text())
    wanted = official(name)
    manifest = load_manifest(goldens.REFERENCE)
    by_object = {(entry["video"], entry["object"]): entry for entry in details["objects"]}
    for video in manifest.videos:
        for position, item in enumerate(video.objects, 1):
            entry = by_object[video.name, item.object_id]
            label = f"{video.name}_{position}"
            assert [entry["J"], entry["F"], entry["V"]] == [wanted["J"][label], wanted["F"][label], wanted["V"][label]], label
            frames = details["frames"][f"{video.name}/{item.object_id}"]
            per_frame = wanted["per_frame"][video.name][str(item.object_id)]
            assert frames["frame"] == list(item.scored.frames)
            assert frames["J"] == [per_frame["J"][slot] for slot in item.scored.slots], label
            assert frames["F"] == [per_frame["F"][slot] for slot in item.scored.slots], label
    scores = json.loads((results / "scores.json").read_text())
    totals = {"Overall" if key == "J&F-Mean" else key: value for key, value in wanted["global"].items()}
    assert scores == {key: totals[key] for key in SCORE_KEYS}
    assert list(scores) == list(SCORE_KEYS)
    assert (results / "scores.txt").read_text() == scores_text(scores)
    assert not (results / "official").exists()
    assert details["J&F-objects"] == totals["codalab scores.txt Overall (mean over objects)"]


def test_the_tables_of_the_toolkit_are_written_byte_for_byte(name: str, tmp_path: Path) -> None:
    run = commands.lvos_eval(
        "score", goldens.prediction(name), "--reference", goldens.REFERENCE, "--output", tmp_path, "--jobs", "1"
    )
    assert run.returncode == 0, run.stderr
    for table in ("global", "per-sequence"):
        wanted = goldens.GOLDENS / "expected" / f"semi-supervised__{name}.cli_{table}.csv"
        assert (tmp_path / "official" / f"{table}_results-valid.csv").read_bytes() == wanted.read_bytes()
