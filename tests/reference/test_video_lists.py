"""The published lists of LVOS: shipped with the program, used where the folder has none, and said wherever it matters."""

from __future__ import annotations

import json
import shutil
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import pytest

from competition.bundles.kit import PROGRAM, program_members
from lvos_eval.cli.main import main
from lvos_eval.protocols.contract import Task
from lvos_eval.protocols.lvos import PROTOCOLS
from lvos_eval.reference import video_lists
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import ScoringRules
from lvos_eval.reference.video_lists import VIDEO_NAME, read_list
from tiny_reference import OBJECTS, metadata, write_metadata, write_reference

LISTS: Final = Path(video_lists.__file__).with_name("lists")
COUNTS: Final = {
    "lvos_v1_unseen_videos.txt": 27,
    "lvos_v2_unseen_videos.txt": 51,
    "lvos_unsupervised_single_videos.txt": 35,
}
ROOT: Final = PROGRAM.parent


def listed(name: str) -> frozenset[str]:
    found = read_list(LISTS / name)
    assert found is not None
    return found


def rename_videos(folder: Path, **names: str) -> None:
    """Gives videos of a tiny reference other ids, also those that its metadata tells."""
    content = metadata()
    for old, new in names.items():
        content["videos"][new] = content["videos"].pop(old)
        (folder / "Annotations" / old).rename(folder / "Annotations" / new)
    write_metadata(folder, content)
    (folder / "unseen_videos.txt").unlink()


@pytest.fixture
def downloaded(tmp_path: Path) -> Path:
    """Reference data as it is downloaded: ids of LVOS, no list. `R3UJGYwy` is unseen in both ages, `UtEnRpiP` in V1 only."""
    folder = write_reference(tmp_path / "ref")
    rename_videos(folder, unseen33="R3UJGYwy", seenTwo2="UtEnRpiP")
    return folder


def score(reference: Path, output: Path, *options: str) -> dict[str, Any]:
    masks = str(reference / "Annotations")
    assert main(["score", masks, "--reference", str(reference), "--output", str(output), "--jobs", "1", "--quiet", *options]) == 0
    details: dict[str, Any] = json.loads((output / "scoring_details.json").read_text())
    return details


@pytest.mark.parametrize("name", COUNTS)
def test_a_published_list_has_as_many_ids_as_it_was_published_with(name: str) -> None:
    lines = (LISTS / name).read_text().splitlines()
    assert len(lines) == len(set(lines)) == COUNTS[name]
    assert all(VIDEO_NAME.fullmatch(line) for line in lines)


def test_the_lists_of_the_two_ages_differ_both_ways() -> None:
    v1, v2 = listed("lvos_v1_unseen_videos.txt"), listed("lvos_v2_unseen_videos.txt")
    assert v1 - v2 == {"UtEnRpiP", "aFytsETk"}
    assert v2 - v1


@pytest.mark.parametrize(("protocol", "whose", "count"), [("lvos-v1", "LVOS V1: 27", 2), ("lvos-v2", "LVOS V2: 51", 1)])
def test_the_list_of_the_protocol_is_used_and_said_in_log_page_and_details(
    downloaded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], protocol: str, whose: str, count: int
) -> None:
    details = score(downloaded, tmp_path / "out", "--protocol", protocol)
    note = f"there is no unseen_videos.txt; the published list is used ({whose} videos, {count} of them here)"
    assert note in details["notes"]
    assert f"note: {note}\n" in capsys.readouterr().out
    assert note in (tmp_path / "out" / "detailed_results.html").read_text()
    unseen = sorted({"R3UJGYwy", "UtEnRpiP"})[:count]
    assert sorted({entry["video"] for entry in details["objects"] if entry["split"] == "unseen"}) == unseen
    assert f"|unseen:{count}-" in details["signature"]


def test_the_published_list_and_the_same_list_in_the_folder_give_one_signature(downloaded: Path, tmp_path: Path) -> None:
    shipped = score(downloaded, tmp_path / "shipped")
    shutil.copy(LISTS / "lvos_v2_unseen_videos.txt", downloaded / "unseen_videos.txt")
    own = score(downloaded, tmp_path / "own")
    assert (own["signature"], own["scores"]) == (shipped["signature"], shipped["scores"])
    assert [note for note in own["notes"] if "list" in note] == []
    (downloaded / "unseen_videos.txt").write_text("UtEnRpiP\n")
    assert score(downloaded, tmp_path / "other")["signature"] != shipped["signature"]


def test_check_reference_and_rescore_say_which_list_is_used(
    downloaded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = "there is no unseen_videos.txt; the published list is used (LVOS V2: 51 videos, 1 of them here)"
    assert main(["check-reference", str(downloaded), "--jobs", "1"]) == 0
    assert f"note: {note}\n" in capsys.readouterr().out
    shutil.copytree(downloaded / "Annotations", tmp_path / "stored" / "team")
    arguments = ["rescore", str(tmp_path / "stored"), "--reference", str(downloaded), "--output", str(tmp_path / "board")]
    assert main([*arguments, "--jobs", "1", "--quiet"]) == 0
    assert note in json.loads((tmp_path / "board" / "leaderboard.json").read_text())["notes"]


def test_without_a_list_the_single_object_task_takes_the_published_one(downloaded: Path) -> None:
    salient = sorted(listed("lvos_unsupervised_single_videos.txt"))[0]
    (downloaded / "Annotations" / "UtEnRpiP").rename(downloaded / "Annotations" / salient)
    content = json.loads((downloaded / "test_meta.json").read_text())
    content["videos"][salient] = content["videos"].pop("UtEnRpiP")
    write_metadata(downloaded, content)
    manifest = load_manifest(downloaded, ScoringRules(task=Task.UNSUPERVISED_SINGLE))
    assert [video.name for video in manifest.videos] == [salient]
    assert manifest.warnings[0] == (
        "there is no unsupervised_videos.txt; the published list is used (LVOS, single-object unsupervised task: 35 videos, "
        "1 of them here)"
    )


def test_the_page_of_one_split_does_not_speak_of_two(downloaded: Path, tmp_path: Path) -> None:
    (downloaded / "scoring.yaml").write_text("unseen: none\n")
    score(downloaded, tmp_path / "one")
    page = (tmp_path / "one" / "detailed_results.html").read_text()
    assert "Only seen videos are scored, so Mean is that of this split" in page
    assert "every video counts as seen" in page
    (downloaded / "scoring.yaml").unlink()
    score(downloaded, tmp_path / "two")
    assert "Mean = (seen + unseen) / 2, Overall = (J + F) / 2." in (tmp_path / "two" / "detailed_results.html").read_text()


def test_the_lists_are_in_everything_that_carries_the_program() -> None:
    names = {f"lvos_eval/reference/lists/{name}" for name in COUNTS}
    assert names <= program_members().keys()
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    patterns = [f"{package.replace('.', '/')}/{pattern}" for package, patterns in data.items() for pattern in patterns]
    for path in (PROGRAM / "lvos_eval").rglob("*"):
        inside = path.relative_to(PROGRAM)
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in inside.parts:
            assert any(fnmatch(inside.as_posix(), pattern) for pattern in patterns), inside
    assert "COPY scoring_program /opt" in (ROOT / "Dockerfile").read_text()
    assert "!scoring_program\n" in (ROOT / ".dockerignore").read_text()


def test_the_tiny_reference_is_not_in_a_published_list() -> None:
    for name in COUNTS:
        assert listed(name).isdisjoint(OBJECTS)


def test_every_protocol_has_a_published_list() -> None:
    for protocol in PROTOCOLS:
        for found in (protocol.group_list, protocol.video_list):
            assert found is None or read_list(LISTS / found.file)
