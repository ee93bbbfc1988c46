"""Finding the submissions in a folder, however they are stored, and what they are called."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import commands
import rescores
import submissions
from lvos_eval.diagnostics.errors import ExitCode, UsageError
from lvos_eval.rescoring.discovery import FoundSubmissions, find_submissions, name_submissions

VIDEOS = ("aVideo01", "bVideo02")


def write(folder: Path, *paths: str) -> Path:
    """Empty files, and folders for paths that end with a slash."""
    for path in paths:
        target = folder / path
        (target if path.endswith("/") else target.parent).mkdir(parents=True, exist_ok=True)
        if not path.endswith("/"):
            target.touch()
    return folder


def find(folder: Path) -> FoundSubmissions:
    return find_submissions(folder, VIDEOS)


def keys(found: FoundSubmissions) -> list[str]:
    return [submission.key for submission in found.submissions]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["a.zip", "b.ZIP"], [("a.zip", "a"), ("b.ZIP", "b")]),
        # one folder a participant, several submissions in each
        (["ann/1.zip", "ann/2.zip", "bob/x.zip"], [("ann/1.zip", "ann/1"), ("ann/2.zip", "ann/2"), ("bob/x.zip", "bob")]),
        # one folder a phase, in it one a participant
        (["final/ann/x.zip", "final/bob/x.zip"], [("final/ann/x.zip", "final/ann"), ("final/bob/x.zip", "final/bob")]),
        (["ann/aVideo01/00000001.png", "bob.zip"], [("ann", "ann"), ("bob.zip", "bob")]),
        (["ann/masks/Annotations/aVideo01/00000001.png"], [("ann/masks", "ann")]),
        # unknown videos, loose masks, nothing at all: not valid, but each is one submission
        (["ann/video/00000001.png", "ann/other/00000001.png"], [("ann", "ann")]),
        (["ann/00000001.png", "bob/"], [("ann", "ann"), ("bob", "bob")]),
        (["ann/x.tar.gz", "bob/y.7z"], [("ann/x.tar.gz", "ann"), ("bob/y.7z", "bob")]),
        # a folder beside a zip of its name
        (["ann.zip", "ann/aVideo01/00000001.png"], [("ann", "ann"), ("ann.zip", "ann")]),
        (
            ["815_ann_lee_PhaseId77_2026-05-04:12-33_submission.zip", "9_bob_PhaseId77_2026-05-05:01-02_x.zip"],
            [
                ("815_ann_lee_PhaseId77_2026-05-04:12-33_submission.zip", "ann_lee (815)"),
                ("9_bob_PhaseId77_2026-05-05:01-02_x.zip", "bob (9)"),
            ],
        ),
    ],
    ids=["flat", "participants", "phases", "folders", "wrapped", "unknown videos", "masks", "archives", "same name", "codabench"],
)
def test_submissions_are_found_however_they_are_stored(
    paths: Sequence[str], expected: Sequence[tuple[str, str]], tmp_path: Path
) -> None:
    found = find(write(tmp_path, *paths))
    assert [(item.key, item.name) for item in found.submissions] == expected
    assert all(item.path == tmp_path / item.key for item in found.submissions)


def test_other_files_are_told_and_litter_is_not(tmp_path: Path) -> None:
    found = find(write(tmp_path, "a.zip", "names.csv", "ann/readme.txt", "ann/b.zip", ".DS_Store", "__MACOSX/._a.zip"))
    assert keys(found) == ["a.zip", "ann/b.zip"]
    assert found.others == ("ann/readme.txt", "names.csv")


def test_links_are_told_and_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "hidden/aVideo01/00000001.png", "submissions/a.zip", "submissions/ann/b.zip")
    (tmp_path / "submissions" / "ann" / "masks").symlink_to(tmp_path / "hidden")
    found = find(tmp_path / "submissions")
    assert keys(found) == ["a.zip", "ann/b.zip"]
    assert found.links == ("ann/masks",)


def test_results_go_to_folders_that_every_file_system_takes_and_that_differ(tmp_path: Path) -> None:
    names = ("plain.zip", "Same.zip", "same.zip", "a b.zip", "a:b.zip", "Émile.zip", "-.zip", "=x.zip")
    folders = {item.key: item.folder for item in find(write(tmp_path, *names)).submissions}
    assert folders["plain.zip"] == "plain"
    assert len({folder.lower() for folder in folders.values()}) == len(names)
    assert all(folder.isascii() and set(folder) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
               for folder in folders.values())  # fmt: skip
    assert not any(folder.startswith((".", "-")) for folder in folders.values())


def test_a_folder_that_is_itself_a_submission_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is itself a submission; give the folder that holds the submissions"):
        find(write(tmp_path, "aVideo01/00000001.png", "bVideo02/00000001.png"))


@pytest.mark.parametrize("paths", [[], ["notes.txt"]])
def test_a_folder_without_a_submission_is_refused(paths: Sequence[str], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no zip and no folder with masks"):
        find(write(tmp_path, *paths))


def test_a_table_gives_names_by_path_with_or_without_zip_or_by_the_last_part(tmp_path: Path) -> None:
    found = find(write(tmp_path / "s", "a.zip", "ann/1.zip", "bob/2.zip", "cleo/3.zip"))
    table = tmp_path / "names.csv"
    table.write_text('\ufeffsubmission,name\na,Team A\nann/1.zip,"Ann, and others"\n2.zip,Bob\n', encoding="utf-8")
    named, notes = name_submissions(found.submissions, table)
    assert {item.key: item.name for item in named} == {
        "a.zip": "Team A", "ann/1.zip": "Ann, and others", "bob/2.zip": "Bob", "cleo/3.zip": "cleo"
    }  # fmt: skip
    assert notes == ()


def test_rows_that_fit_no_submission_or_several_are_told(tmp_path: Path) -> None:
    found = find(write(tmp_path / "s", "ann/1.zip", "bob/1.zip"))
    table = tmp_path / "names.csv"
    table.write_text("1.zip,One\nzoe,Zoe\n")
    named, notes = name_submissions(found.submissions, table)
    assert named == found.submissions
    assert notes == (
        "names.csv: the name for 1.zip is not used: 2 submissions are called so",
        "names.csv: the name for zoe is not used: there is no such submission",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b,c\n", "every row needs a submission and its name"),
        ("a\n", "every row needs a submission and its name"),
        ("a,x\na,y\n", "names a submission more than once: a"),
        ("a,\udcff\n", "cannot be read"),
    ],
)
def test_a_table_that_is_none_is_refused(content: str, message: str, tmp_path: Path) -> None:
    found = find(write(tmp_path / "s", "a.zip"))
    table = tmp_path / "names.csv"
    table.write_text(content, errors="surrogateescape")
    with pytest.raises(UsageError, match=message):
        name_submissions(found.submissions, table)


def test_control_characters_in_a_name_are_made_visible(tmp_path: Path) -> None:
    (submission,) = find(write(tmp_path, "a\x1b[2J\u202eb.zip")).submissions
    assert submission.name == "a\\x1b[2J\\u202eb"
    assert submission.path.exists()


def test_names_that_begin_with_a_dot_are_told(tmp_path: Path) -> None:
    found = find(write(tmp_path, "a.zip", ".b.zip", "ann/.c.zip", "ann/d.zip", ".git/x", ".DS_Store", "._a.zip", "ann/._d.zip"))
    assert keys(found) == ["a.zip", "ann/d.zip"]
    assert found.hidden == (".b.zip", ".git", "ann/.c.zip")
    assert found.others == ()


def test_what_a_submission_holds_is_its_own_affair(tmp_path: Path) -> None:
    found = find(write(tmp_path, "ann/aVideo01/00000001.png", "ann/.cache/x", "ann/.hidden.zip"))
    assert keys(found) == ["ann"]
    assert found.hidden == ()


def test_where_there_is_nothing_else_names_that_begin_with_a_dot_are_told_too(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no zip and no folder with masks in .*; skipped, .* a dot: \.a\.zip"):
        find(write(tmp_path, ".a.zip"))


def test_folders_that_lie_too_deep_are_told(tmp_path: Path) -> None:
    found = find(write(tmp_path, "a.zip", "1/2/3/4/5/6/7/b.zip", "1/2/3/4/5/6/c.zip"))
    assert keys(found) == ["1/2/3/4/5/6/c.zip", "a.zip"]
    assert found.deep == ("1/2/3/4/5/6/7",)


def test_pipes_and_sockets_are_told_by_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.zip")
    os.mkfifo(tmp_path / "pipe.zip")
    os.mkfifo(tmp_path / "pipe")
    # the path of a socket may not be long
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.zip")
    found = find(tmp_path)
    assert keys(found) == ["a.zip", "pipe.zip", "socket.zip"]
    assert found.others == ("pipe",)


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of folders that cannot be listed: whoever runs the tests may be allowed everything."""
    names: set[str] = set()
    original = os.scandir

    def scandir(path: Any) -> Iterator[Any]:
        if Path(path).name in names:
            raise PermissionError(13, "Permission denied")
        return original(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return names


@pytest.mark.parametrize(("name", "key"), [("ann", "ann"), ("masks", "ann/masks"), ("deep", "ann/masks/deep")])
def test_a_folder_that_cannot_be_listed_is_a_submission_with_a_problem(
    name: str, key: str, tmp_path: Path, locked: set[str]
) -> None:
    write(tmp_path, "ann/masks/deep/", "bob.zip")
    locked.add(name)
    assert keys(find(tmp_path)) == [key, "bob.zip"]


def test_a_folder_of_submissions_that_cannot_be_listed_is_refused(tmp_path: Path, locked: set[str]) -> None:
    locked.add(write(tmp_path / "all", "bob.zip").name)
    with pytest.raises(UsageError, match=r"the submissions in .*all cannot be listed: Permission denied"):
        find(tmp_path / "all")


def test_names_that_look_alike_once_they_are_printed_stay_two(tmp_path: Path) -> None:
    found = find(write(tmp_path, "a\x1b.zip", "a\\x1b.zip", os.fsdecode(b"\xff.zip"), "\\udcff.zip"))
    assert len(set(keys(found))) == len({item.folder for item in found.submissions}) == 4
    assert all(key.isprintable() for key in keys(found))
    assert all(item.path.exists() for item in found.submissions)


def test_other_files_are_told_without_their_control_characters(tmp_path: Path) -> None:
    found = find(write(tmp_path, "a.zip", "\x1b[2J.txt", ".\x1b[2J", os.fsdecode(b"\xff.csv")))
    assert (found.others, found.hidden) == (("\\udcff.csv", "\\x1b[2J.txt"), (".\\x1b[2J",))


def test_none_of_these_stops_the_others_or_is_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reference = submissions.write_reference(tmp_path / "reference")
    folder = write(
        tmp_path / "stored", "\x1b[2J.zip", os.fsdecode(b"\xff.zip"), ".kept.zip", "1/2/3/4/5/6/7/x.zip", "note\x1b.txt"
    )
    submissions.write_zip(folder / "ok.zip", submissions.good_files())
    os.mkfifo(folder / "pipe.zip")
    (folder / "dangling.zip").symlink_to("nowhere")
    assert rescores.rescore(folder, reference, tmp_path / "out") == ExitCode.SUCCESS
    said = capsys.readouterr()
    assert all(char.isprintable() or char == "\n" for char in said.out + said.err)
    board = rescores.board(tmp_path / "out")
    assert [item["submission"] for item in board["submissions"]] == ["ok.zip"]
    assert {item["submission"]: item["problems"][0]["message"] for item in board["invalid"]} == {
        "\\x1b[2J.zip": "\\x1b[2J.zip is empty.",
        "\\udcff.zip": "\\udcff.zip is empty.",
        "pipe.zip": "pipe.zip is neither a zip nor a folder.",
    }
    assert board["notes"] == [
        "skipped, because they are not submissions: note\\x1b.txt",
        "skipped, because the name begins with a dot: .kept.zip; rename it if it is a submission",
        "skipped, because it is too deep: 1/2/3/4/5/6/7; move it up if it holds submissions",
        "links are not followed: dangling.zip",
    ]


ORDINARY = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
"""What it takes to be held to permissions like anybody else."""


def _are_permissions_kept() -> bool:
    return not ORDINARY or (shutil.which(ORDINARY[0]) is not None and subprocess.run([*ORDINARY, "true"]).returncode == 0)


@pytest.mark.skipif(not _are_permissions_kept(), reason="permissions are not kept here")
def test_files_and_folders_without_permissions_are_problems_of_their_submissions(tmp_path: Path) -> None:
    reference = submissions.write_reference(tmp_path / "reference")
    folder = write(tmp_path / "stored", "evil/secret/", "locked/", "unreadable.zip", "unsearchable/x.zip")
    submissions.write_zip(folder / "ok.zip", submissions.good_files())
    submissions.write_folder(folder / "half", submissions.good_files())
    modes = {"evil/secret": 0, "locked": 0, "unreadable.zip": 0, "unsearchable": 0o644, "half/bVideo02": 0}
    for path, mode in modes.items():
        (folder / path).chmod(mode)
    arguments = ["-m", "lvos_eval", "rescore", str(folder), "--reference", str(reference), "--output", str(tmp_path / "out")]
    try:
        done = subprocess.run(
            [*ORDINARY, sys.executable, *arguments, "--quiet", "--jobs", "1"],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(commands.PROGRAM)},
        )
    finally:
        for path in modes:
            (folder / path).chmod(0o755)
    assert (done.returncode, done.stderr) == (0, "")
    board = rescores.board(tmp_path / "out")
    assert [item["submission"] for item in board["submissions"]] == ["ok.zip"]
    assert {item["submission"]: item["problems"][0]["message"] for item in board["invalid"]} == {
        "evil/secret": "the submission secret cannot be read: Permission denied.",
        "half": "1 folder cannot be read: bVideo02/ (Permission denied).",
        "locked": "the submission locked cannot be read: Permission denied.",
        "unreadable.zip": "the submission unreadable.zip cannot be read: Permission denied.",
        "unsearchable/x.zip": "the submission x.zip cannot be read: Permission denied.",
    }
