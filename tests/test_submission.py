"""Where the masks of a submission are found, and what is said of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lvos_eval.faults import UsageFault
from lvos_eval.problems import ProblemCollector
from lvos_eval.settings import Limits
from lvos_eval.submission import Submission, open_submission
from submissions import write_folder, write_zip

VIDEOS = frozenset({"v1", "v2"})
MASKS = {"v1/00000001.png": b"a", "v1/00000006.png": b"b", "v2/00000001.png": b"c"}


def opened(path: Path) -> tuple[Submission, list[str]]:
    """The submission and the codes of its problems."""
    collector = ProblemCollector()
    return open_submission(path, VIDEOS, Limits(), collector), [problem.code for problem in collector.problems]


@pytest.mark.parametrize(
    ("wrapper", "root"),
    [
        ("", ""),
        ("Annotations/", "Annotations"),
        ("annotations/", "annotations"),
        ("a/", "a"),
        ("a/b/", "a/b"),
        ("a/b/Annotations/", "a/b/Annotations"),
    ],
)
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_the_root_is_found_below_up_to_two_wrapping_folders(kind: str, wrapper: str, root: str, tmp_path: Path) -> None:
    files = {wrapper + name: content for name, content in MASKS.items()}
    path = write_folder(tmp_path / "s", files) if kind == "folder" else write_zip(tmp_path / "s.zip", files)
    submission, codes = opened(path)
    assert submission.root == root
    assert {video: sorted(frames) for video, frames in submission.masks.items()} == {"v1": [1, 6], "v2": [1]}
    assert codes == []


def test_what_was_accepted_is_said(tmp_path: Path) -> None:
    files = {f"out\x1b/{name}": content for name, content in MASKS.items()}
    assert opened(write_zip(tmp_path / "s.zip", files))[0].accepted == "3 masks of 2 videos in out\\x1b/ of the zip s.zip"
    one = {"v1/00000001.png": b"a"}
    assert opened(write_folder(tmp_path / "s", one))[0].accepted == "1 mask of 1 video of the folder s"


def test_a_folder_that_is_buried_deeper_is_named(tmp_path: Path) -> None:
    submission, _ = opened(write_folder(tmp_path / "s", {f"a/b/c/{name}": content for name, content in MASKS.items()}))
    assert (submission.masks, submission.buried, submission.top_level) == ({}, "a/b/c", ("a/",))


def test_litter_is_ignored_and_everything_else_is_named(tmp_path: Path) -> None:
    litter = ["metadata", ".DS_Store", "v1/Thumbs.db", "v1/._00000001.png", "__MACOSX/v1/._x", "v2/desktop.ini"]
    others = ["notes.txt", "v1/notes.txt", "v1/deep/00000011.png", "v3/00000001.png", "v3/x/00000001.png"]
    submission, codes = opened(write_folder(tmp_path / "s", MASKS | dict.fromkeys(litter + others, b"")))
    assert {video: list(names) for video, names in submission.others.items()} == {"v1": ["deep/00000011.png", "notes.txt"]}
    assert submission.extra_videos == ("v3",)
    assert submission.extra_files == ("notes.txt", "v3/x/00000001.png")
    assert codes == []


def test_names_that_are_not_text_do_not_break_a_folder(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "s", MASKS)
    os.mkdir(os.fsencode(folder) + b"/\xff\xfe")
    (folder / os.fsdecode(b"\xff\xfe") / "00000001.png").touch()
    assert opened(folder)[0].extra_videos == ("\udcff\udcfe",)


def test_a_path_that_holds_nothing_to_read_is_a_fault_of_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match="no submission at"):
        opened(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageFault, match="is neither a zip nor a folder"):
        opened(tmp_path / "pipe")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "s", MASKS)
    (folder / "v2").chmod(0)
    try:
        submission, codes = opened(folder)
    finally:
        (folder / "v2").chmod(0o755)
    assert (codes, submission.readable) == (["archive-damaged"], False)


def test_folders_nested_without_end_are_refused(tmp_path: Path) -> None:
    submission, codes = opened(write_folder(tmp_path / "s", MASKS | {"a/" * 40 + "b.png": b""}))
    assert (codes, submission.readable) == (["archive-unsafe-path"], False)
