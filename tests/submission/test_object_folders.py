"""Folders that hold one object each, told by their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.protocols.lvos import LAYOUT
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.submission.listing import open_submission
from lvos_eval.submission.object_folders import Layout, ObjectFolders, find_object_folders
from submissions import FRAMES, OBJECTS, write_folder, write_reference


def found_in(folders: list[str], tmp_path: Path) -> ObjectFolders | None:
    """What is found in folders that hold a file for each frame."""
    manifest = load_manifest(write_reference(tmp_path / "ref", masks="none"))
    files = {f"{folder}/{frame:08d}.png": b"" for folder in folders for frame in FRAMES}
    submission = open_submission(write_folder(tmp_path / "s", files), set(OBJECTS), LAYOUT, ArchiveLimits(), ProblemCollector())
    return find_object_folders(manifest.videos, submission, LAYOUT)


@pytest.mark.parametrize(
    ("folders", "layout", "offset"),
    [
        (["aVideo01/001", "aVideo01/002", "bVideo02/001"], Layout.INSIDE, 0),
        (["aVideo01/0", "aVideo01/1", "bVideo02/0"], Layout.INSIDE, 1),
        (["cVideo03/0", "cVideo03/1", "cVideo03/2"], Layout.INSIDE, None),
        (["aVideo01_1", "aVideo01_2", "bVideo02"], Layout.SUFFIX, 0),
        (["run/aVideo01_0", "run/aVideo01_1"], Layout.SUFFIX, 1),
        (["bVideo02/1"], Layout.INSIDE, 0),
    ],
)
def test_folders_of_objects_are_recognised(folders: list[str], layout: Layout, offset: int | None, tmp_path: Path) -> None:
    found = found_in(folders, tmp_path)
    assert found is not None
    assert (found.layout, found.offset) == (layout, offset)


@pytest.mark.parametrize(
    "folders",
    [
        ["aVideo01", "bVideo02"],
        ["aVideo01", "aVideo01/1", "aVideo01/2"],
        ["aVideo01/1"],
        ["aVideo01/a", "aVideo01/b"],
        ["x_1", "x_2"],
    ],
    ids=["plain", "beside masks", "one of two objects", "no numbers", "no video"],
)
def test_other_folders_are_not_taken_for_those_of_objects(folders: list[str], tmp_path: Path) -> None:
    assert found_in(folders, tmp_path) is None
