"""`lvos-v1` gives the numbers of the official toolkit of 2022, `==` on doubles, with its own list of unseen videos."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

from commands import lvos_eval
from lvos_eval.protocols.lvos import SCORE_KEYS
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import ScoringRules

GOLDENS: Final = Path(__file__).parents[1] / "data" / "goldens_lvos_v1.zip"


@pytest.fixture(scope="module")
def goldens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("v1")
    with zipfile.ZipFile(GOLDENS) as archive:
        archive.extractall(folder)
    return folder


def score(goldens: Path, name: str, output: Path) -> dict[str, Any]:
    options = ("--protocol", "lvos-v1", "--output", output, "--jobs", "1")
    run = lvos_eval("score", goldens / f"pred_{name}", "--reference", goldens / "LVOS", *options)
    assert run.returncode == 0, run.stderr
    details: dict[str, Any] = json.loads((output / "scoring_details.json").read_text())
    return details


@pytest.mark.slow
@pytest.mark.parametrize("name", ["good", "poor", "edge"])
def test_all_official_numbers_are_reproduced_exactly(goldens: Path, name: str, tmp_path: Path) -> None:
    details = score(goldens, name, tmp_path)
    wanted = json.loads((goldens / "expected" / f"{name}.json").read_text())
    manifest = load_manifest(goldens / "LVOS", ScoringRules("lvos-v1"))
    by_object = {(entry["video"], entry["object"]): entry for entry in details["objects"]}
    for video in manifest.videos:
        for position, item in enumerate(video.objects, 1):
            entry, label = by_object[video.name, item.object_id], f"{video.name}_{position}"
            official = wanted["objects"][label]
            assert [entry[key] for key in "JFV"] == [official[f"{key}-Mean"] for key in "JFV"], label
            assert entry["split"] == official["split"]
            frames, per_frame = (
                details["frames"][f"{video.name}/{item.object_id}"],
                wanted["per_frame"][video.name][str(item.object_id)],
            )
            assert frames["frame"] == list(item.range.frames)
            for key in "JF":
                assert frames[key] == per_frame[key][: len(frames[key])], label
                assert not any(per_frame[key][len(frames[key]) :])
    for file in ("global_results-valid.csv", "per-sequence_results-valid.csv"):
        assert (tmp_path / "official" / file).read_bytes() == (goldens / "expected" / f"{name}.{file}").read_bytes()
    totals = {"Overall" if key == "J&F-Mean" else key: value for key, value in wanted["global"].items()}
    assert details["scores"] == {key: totals[key] for key in SCORE_KEYS}


@pytest.mark.slow
def test_the_published_list_of_v1_gives_the_same_scores_as_the_list_in_the_folder(goldens: Path, tmp_path: Path) -> None:
    with_list = score(goldens, "good", tmp_path / "with")
    unseen = goldens / "LVOS" / "unseen_videos.txt"
    unseen.rename(goldens / "list")
    try:
        without = score(goldens, "good", tmp_path / "without")
    finally:
        (goldens / "list").rename(unseen)
    assert without["scores"] == with_list["scores"]
    assert without["signature"] == with_list["signature"]
    assert "there is no unseen_videos.txt; the published list is used (LVOS V1: 27 videos, 3 of them here)" in without["notes"]


def test_two_videos_are_unseen_in_v1_only(goldens: Path) -> None:
    unseen = goldens / "LVOS" / "unseen_videos.txt"
    unseen.rename(goldens / "list")
    try:
        split = {
            protocol: {
                video.name for video in load_manifest(goldens / "LVOS", ScoringRules(protocol)).videos if video.group == "unseen"
            }
            for protocol in ("lvos-v1", "lvos-v2")
        }
    finally:
        (goldens / "list").rename(unseen)
    assert split["lvos-v1"] - split["lvos-v2"] == {"UtEnRpiP", "aFytsETk"}
    assert split["lvos-v2"] == {"R3UJGYwy"}
