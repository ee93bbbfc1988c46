"""Where the masks of a submission are found, and what is said of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import NoReturn

import pytest

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.problems import Problem
from lvos_eval.formats.files import read_file
from lvos_eval.formats.mask_issues import MemberError, TooLarge
from lvos_eval.protocols.lvos import LAYOUT
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.submission.listing import Submission, open_submission
from lvos_eval.submission.source import mask_digest
from submissions import write_folder, write_zip

VIDEOS = frozenset({"v1", "v2"})
MASKS = {"v1/00000001.png": b"a", "v1/00000006.png": b"b", "v2/00000001.png": b"c"}


def problems_of(path: Path, limits: ArchiveLimits | None = None) -> tuple[Submission, tuple[Problem, ...]]:
    """The submission and its problems."""
    collector = ProblemCollector()
    submission = open_submission(path, VIDEOS, LAYOUT, limits or ArchiveLimits(), collector)
    return submission, collector.problems


def opened(path: Path) -> tuple[Submission, list[str]]:
    """The submission and the codes of its problems."""
    submission, problems = problems_of(path)
    return submission, [problem.code for problem in problems]


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


@pytest.mark.parametrize(
    ("videos", "root"),
    [
        (["a/v1", "b/v1", "b/v2"], "b"),
        (["a/b/v1", "c/v1"], "c"),
        (["b/v1", "a/v1"], "a"),
    ],
    ids=["the most videos", "then the fewest folders around them", "then the first by name"],
)
def test_of_several_folders_with_videos_one_is_the_root(videos: list[str], root: str, tmp_path: Path) -> None:
    assert opened(write_folder(tmp_path / "s", {f"{video}/00000001.png": b"" for video in videos}))[0].root == root


def test_two_files_for_one_mask_are_a_problem(tmp_path: Path) -> None:
    files = ["v1/00000001.PNG", "V2/00000001.png"]
    _, (problem,) = problems_of(write_folder(tmp_path / "one", MASKS | dict.fromkeys(files[:1], b"")))
    assert (problem.code, problem.message) == (
        "archive-duplicate",
        "1 mask is there more than once, under names that differ in capitals: v1/00000001.PNG and v1/00000001.png.",
    )
    assert problem.fix == "keep one file for each mask, with the video id as in the metadata and .png."
    _, (problem,) = problems_of(write_folder(tmp_path / "two", MASKS | dict.fromkeys(files, b"")))
    assert problem.message == (
        "2 masks are there more than once, under names that differ in capitals: "
        "v1/00000001.PNG and v1/00000001.png, V2/00000001.png and v2/00000001.png."
    )


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
    with pytest.raises(UsageError) as fault:
        opened(tmp_path / "nowhere")
    assert str(fault.value) == f"no submission at {tmp_path}/nowhere"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError) as fault:
        opened(tmp_path / "pipe")
    assert str(fault.value) == f"{tmp_path}/pipe is neither a zip nor a folder"


def deny(path: object) -> NoReturn:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def test_a_submission_that_cannot_be_read_at_all_is_a_fault_of_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_folder(tmp_path / "s", MASKS)
    monkeypatch.setattr("lvos_eval.submission.listing.os.listdir", deny)
    with pytest.raises(UsageError) as fault:
        opened(folder)
    assert str(fault.value) == f"the submission {folder} cannot be read: Permission denied"


def scan_without(refused: Path) -> Callable[[Path], object]:
    """`os.scandir` as it is for a user who must not read one folder, which root may."""
    scan = os.scandir
    return lambda folder: deny(folder) if folder == refused else scan(folder)


@pytest.mark.parametrize(("name", "shown"), [("v2", "v2/"), (".", ".")])
def test_a_folder_that_cannot_be_read_is_a_problem(
    name: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "s", MASKS)
    monkeypatch.setattr("lvos_eval.submission.folder_listing.os.scandir", scan_without(folder / name))
    submission, (problem,) = problems_of(folder)
    assert not submission.readable
    assert (problem.code, problem.message) == ("archive-damaged", f"1 folder cannot be read: {shown} (Permission denied).")
    assert problem.fix == "make every folder readable: chmod -R a+rX submission"


def test_folders_nested_without_end_are_refused(tmp_path: Path) -> None:
    deep = "a/" * 17
    submission, (problem,) = problems_of(write_folder(tmp_path / "s", MASKS | {f"{deep}b.png": b""}))
    assert not submission.readable
    assert (problem.code, problem.message) == ("archive-unsafe-path", f"the folder holds folders more than 16 deep: {deep}.")
    assert problems_of(write_folder(tmp_path / "less", MASKS | {f"{deep[2:]}b.png": b""}))[1] == ()


def test_links_are_refused_and_never_followed(tmp_path: Path) -> None:
    hidden = write_folder(tmp_path / "hidden", {"00000011.png": b"secret"})
    folder = write_folder(tmp_path / "s", MASKS | {"a/" * 17 + "b.png": b""})
    (folder / "v1" / "00000011.png").symlink_to(hidden / "00000011.png")
    (folder / "v3").symlink_to(hidden)
    (folder / ".DS_Store").symlink_to(hidden)
    submission, (problem,) = problems_of(folder)
    assert not submission.readable
    assert problem.message == (f"the folder holds links or devices: v1/00000011.png, v3; folders more than 16 deep: {'a/' * 17}.")
    assert problem.fix == "copy the masks themselves: cp -rL masks submission"


@pytest.mark.parametrize(("members", "enough"), [(5, True), (4, False), (2, False)])
def test_files_and_folders_are_counted_against_the_limit(members: int, enough: bool, tmp_path: Path) -> None:
    submission, problems = problems_of(write_folder(tmp_path / "s", MASKS), ArchiveLimits(members=members))
    assert submission.readable is enough
    assert [(problem.code, problem.message, problem.fix) for problem in problems] == (
        []
        if enough
        else [
            (
                "archive-too-large",
                f"the folder has more than {members} files and folders.",
                "leave everything but the masks out.",
            )
        ]
    )


def test_a_folder_with_one_zip_stands_for_the_zip(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "res", {"metadata": b"", ".DS_Store": b""})
    write_zip(folder / "Masks.ZIP", MASKS)
    assert opened(folder)[0].accepted == "3 masks of 2 videos of the zip Masks.ZIP"
    (folder / "notes.txt").touch()
    assert opened(folder)[0].accepted == "0 masks of 0 videos of the folder res"


def test_a_link_to_a_zip_and_a_folder_named_as_one_do_not_stand_for_a_zip(tmp_path: Path) -> None:
    write_zip(tmp_path / "real.zip", MASKS)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "s.zip").symlink_to(tmp_path / "real.zip")
    assert opened(tmp_path / "linked")[1] == ["archive-unsafe-path"]
    named = write_folder(tmp_path / "named", {f"all.zip/{name}": content for name, content in MASKS.items()})
    assert opened(named)[0].accepted == "3 masks of 2 videos in all.zip/ of the folder named"


def test_a_file_may_be_as_large_as_the_limit_and_no_larger(tmp_path: Path) -> None:
    (tmp_path / "mask").write_bytes(bytes(2_000_000))
    assert len(read_file(str(tmp_path / "mask"), 2_000_000)) == 2_000_000
    with pytest.raises(MemberError, match=r"^the file has 2 MB; at most 1 MB are allowed$") as fault:
        read_file(str(tmp_path / "mask"), 1_000_000)
    assert isinstance(fault.value.issues[0], TooLarge)


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mask")
    contents: list[bytes] = []
    reading = Thread(target=lambda: contents.append(read_file(str(tmp_path / "mask"), 1)), daemon=True)
    reading.start()
    reading.join(10)
    assert contents == [b""]


def test_a_file_in_a_folder_is_stored_as_it_is_read(tmp_path: Path) -> None:
    submission, _ = opened(write_folder(tmp_path / "s", MASKS))
    reader, (entry,) = submission.source.open(), submission.masks["v1"][6]
    assert reader.read(entry) == reader.read_stored(entry) == b"b"


def test_a_mask_is_known_by_the_bytes_of_all_its_files_in_their_order() -> None:
    one, other = b"one", b"other"
    assert mask_digest(("a.png",), [one]) == mask_digest(("b.png",), [one])
    assert mask_digest(("a.png",), [one]).hex() == "2292eb637ea083b1f76744f481d11b18d6b04752"
    digests = [mask_digest(("a", "b"), pair) for pair in ([one, other], [other, one], [one + other, b""])]
    assert len({*digests, mask_digest(("a",), [one + other])}) == 4


# changes while a submission is read


def assert_every_change_shows(submission: Submission, path: Path, *more: Callable[[], object]) -> None:
    """Whether the fingerprint of a submission is another one after each change of one of its files, and the same without any."""
    spare = path.with_name("spare")
    spare.write_bytes(path.read_bytes())
    changes: list[Callable[[], object]] = [
        lambda: os.utime(path, ns=(0, 0)),
        lambda: os.truncate(path, 0),
        lambda: spare.replace(path),
        path.unlink,
        *more,
    ]
    seen = [submission.fingerprint()]
    for change in changes:
        change()
        seen.append(submission.fingerprint())
        assert submission.fingerprint() == seen[-1]
    assert len(set(seen)) == 1 + len(changes)


@pytest.mark.parametrize("name", ["v1/00000001.png", "v2/00000001.png"])
def test_every_change_of_a_mask_in_a_folder_shows(name: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "s", MASKS)
    mask = folder / name

    def put_a_file_in_the_place_of_its_folder() -> None:
        mask.parent.rename(tmp_path / "away")
        mask.parent.touch()

    assert_every_change_shows(opened(folder)[0], mask, put_a_file_in_the_place_of_its_folder)


def test_every_change_of_a_zip_shows_through_a_link_too(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "real.zip", MASKS)
    (tmp_path / "link.zip").symlink_to(archive)
    assert_every_change_shows(opened(tmp_path / "link.zip")[0], archive)


def test_changes_of_what_is_not_read_do_not_show(tmp_path: Path) -> None:
    hidden = write_folder(tmp_path / "hidden", {"mask": b""}) / "mask"
    folder = write_folder(tmp_path / "s", MASKS | {"notes.txt": b""})
    (folder / "v1" / "00000011.png").symlink_to(hidden)
    submission, _ = opened(folder)
    before = submission.fingerprint()
    for path in (hidden, folder / "notes.txt"):
        path.write_bytes(b"more")
    assert submission.fingerprint() == before
