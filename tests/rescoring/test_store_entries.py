"""An entry of the store that says something no run has written, or is no file: its video is scored again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

import rescores
import submissions
from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.reference.loading import load_manifest
from lvos_eval.rescoring.store import open_store
from lvos_eval.rescoring.stored_video import StoredVideo
from rescores import newly_scored, published, rescore

MAGIC: Final = b"lvos-eval video 3\n"
ROW: Final = struct.Struct("<BIddBh")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return submissions.write_reference(tmp_path_factory.mktemp("entries") / "reference")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One submission that is scored, and one whose masks are only checked: a video is missing, and a mask has a wrong size."""
    folder = rescores.folder_of(tmp_path_factory.mktemp("entries") / "submissions")
    submissions.write_zip(folder / "good.zip", submissions.good_files())
    lacking = {name: content for name, content in submissions.good_files().items() if "bVideo02" not in name}
    lacking["aVideo01/00000011.png"] = submissions.png(submissions.labels("aVideo01", 11)[:-1])
    submissions.write_zip(folder / "lacking.zip", lacking)
    return folder


@pytest.fixture(scope="module")
def done(reference: Path, stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("entries") / "output"
    assert rescore(stored, reference, output) == ExitCode.SUCCESS
    return output


class Entry:
    """The entry of a video as it is stored."""

    def __init__(self, store: Path, path: Path) -> None:
        self.path = path
        self.key = path.parent.name + path.name
        line, _, self.rows = path.read_bytes()[len(MAGIC) : -32].partition(b"\n")
        self.header: dict[str, Any] = json.loads(line)

    def write(self, line: bytes, rows: bytes) -> None:
        content = MAGIC + line + b"\n" + rows
        self.path.write_bytes(content + hashlib.sha256(content).digest())


def entry_of(output: Path, *, scored: bool) -> Entry:
    """The entry of a video with two objects, or of the checked video with a mask of the wrong size."""
    found = [Entry(output, path) for path in sorted((output / ".store").glob("??/*"))]
    if scored:
        return next(entry for entry in found if entry.header["rows"] == 2 * len(submissions.SCORED))
    return next(entry for entry in found if entry.header["findings"]["issues"])


def changed(**fields: object) -> Callable[[Entry], object]:
    return lambda entry: entry.write(json.dumps(entry.header | fields).encode(), entry.rows)


def with_findings(**fields: object) -> Callable[[Entry], object]:
    return lambda entry: changed(findings=entry.header["findings"] | fields)(entry)


def with_row(position: int, value: object) -> Callable[[Entry], object]:
    """The first row with another value: id, frame, J, F, visible or proposal."""

    def change(entry: Entry) -> None:
        row = list(ROW.unpack(entry.rows[: ROW.size]))
        row[position] = value
        entry.write(json.dumps(entry.header).encode(), ROW.pack(*row) + entry.rows[ROW.size :])

    return change


def with_rows(change: Callable[[bytes], bytes]) -> Callable[[Entry], object]:
    def apply(entry: Entry) -> None:
        rows = change(entry.rows)
        entry.write(json.dumps(entry.header | {"rows": len(rows) // ROW.size}).encode(), rows)

    return apply


def raw(line: bytes) -> Callable[[Entry], object]:
    return lambda entry: entry.write(line, b"")


def deep(entry: Entry) -> None:
    nested = b'{"key":"%s","rows":0,"findings":%s}' % (entry.key.encode(), b"[" * 100_000)
    entry.write(nested, b"")


WRONG: Final[dict[str, Callable[[Entry], object]]] = {
    "no key": raw(b"{}"),
    "no object": raw(b"[]"),
    "a number": raw(b"1"),
    "null": raw(b"null"),
    "no JSON": raw(b"xx"),
    "no UTF-8": raw(b'{"key": "\xff"}'),
    "deep JSON": raw(b"[" * 100_000),
    "deep findings": deep,
    "key of another kind": changed(key=5),
    "rows -1": changed(rows=-1),
    "rows of another kind": changed(rows="9"),
    "too many rows": changed(rows=10**30),
    "endless rows": changed(rows=1e400),
    "no findings": changed(findings={}),
    "findings of another kind": changed(findings=[]),
    "present of another kind": with_findings(present=["1"]),
    "an object that the video does not have": with_findings(present=[1, 77]),
    "present is nested": with_findings(present=[[1]]),
    "labelled pixels below 0": with_findings(labelled_pixels=-1),
    "labelled pixels of another kind": with_findings(labelled_pixels="many"),
    "labelled pixels not finite": with_findings(labelled_pixels=float("nan")),
    "unknown of another kind": with_findings(unknown=[["a", "b", ["c"]]]),
    "unknown label above 255": with_findings(unknown=[[256, 4, [16]]]),
    "unknown in a frame that there is not": with_findings(unknown=[[9, 4, [17]]]),
    "unknown issue": with_findings(issues=[["NoSuchIssue", "x", [16]]]),
    "issue of another kind": with_findings(issues=[[{}, "x", [16]]]),
    "issue without frames": with_findings(issues=[["Unreadable"]]),
    "issue with a field too many": with_findings(issues=[["Unreadable", "x", "y", [16]]]),
    "frame of another kind": with_findings(issues=[["NotIndexed", "RGB", ["16"]]]),
    "reason of another kind": with_findings(issues=[["Unreadable", None, [16]]]),
    "unknown kind of image": with_findings(issues=[["NotIndexed", "red", [16]]]),
    "salient values of another kind": with_findings(issues=[["NotSalient", ["7"], [16]]]),
    "salient values are a number": with_findings(issues=[["NotSalient", 7, [16]]]),
    "salient values above 255": with_findings(issues=[["NotSalient", [300], [16]]]),
    "values of no kind": with_findings(values=[["red", "00", ""]]),
    "values of two channels": with_findings(values=[["RGB", "0001", ""]]),
    "sizes that are none": with_findings(issues=[["WrongSize", "greyscale", "small", [3, 4], [16]]]),
    "size 0": with_findings(issues=[["WrongSize", "greyscale", [0, 0], [3, 4], [16]]]),
}
ROWS: Final[dict[str, Callable[[Entry], object]]] = {
    "J above 1": with_row(2, 1.5),
    "J below 0": with_row(2, -0.1),
    "J not a number": with_row(2, float("nan")),
    "F infinite": with_row(3, float("inf")),
    "another object": with_row(0, 9),
    "another frame": with_row(1, 17),
    "a proposal": with_row(5, 3),
    "a row too few": with_rows(lambda rows: rows[: -ROW.size]),
    "a row twice": with_rows(lambda rows: rows + rows[-ROW.size :]),
    "no rows": with_rows(lambda rows: b""),
    "half a row": lambda entry: entry.write(json.dumps(entry.header).encode(), entry.rows[:-3]),
}


def assert_scored_anew(reference: Path, stored: Path, output: Path, done: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    for name in ("leaderboard.json", "leaderboard.csv", "leaderboard.html"):
        (output / name).unlink()
    assert rescore(stored, reference, output) == ExitCode.SUCCESS
    text = capsys.readouterr().out
    assert "1 entry of the store could not be used" in text
    assert newly_scored(text)[0] == 1
    assert published(output) == published(done)
    # and the entry is a good one again
    assert rescore(stored, reference, output) == ExitCode.SUCCESS
    assert newly_scored(capsys.readouterr().out)[0] == 0


def got(reference: Path, output: Path, key: str, *, scored: bool) -> tuple[StoredVideo | None, int]:
    """What the store has under a key of the first video, and how many damaged entries it counts."""
    manifest = load_manifest(reference)
    with open_store(output / ".store") as store:
        return store.get(key, manifest.videos[0], manifest.protocol, scored=scored), store.damaged


@pytest.mark.parametrize("scored", [True, False], ids=["scored", "checked"])
def test_an_entry_as_it_was_written_is_used(scored: bool, reference: Path, done: Path) -> None:
    entry, damaged = got(reference, done, entry_of(done, scored=scored).key, scored=scored)
    assert entry is not None
    assert damaged == 0


@pytest.mark.parametrize("scored", [True, False], ids=["scored", "checked"])
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_an_entry_with_a_right_checksum_and_wrong_contents_is_not_used(
    wrong: Callable[[Entry], object], scored: bool, reference: Path, done: Path, tmp_path: Path
) -> None:
    output = Path(shutil.copytree(done, tmp_path / "output"))
    entry = entry_of(output, scored=scored)
    wrong(entry)
    assert got(reference, output, entry.key, scored=scored) == (None, 1)


@pytest.mark.parametrize("wrong", ROWS.values(), ids=ROWS)
def test_an_entry_with_values_that_its_video_cannot_have_is_not_used(
    wrong: Callable[[Entry], object], reference: Path, done: Path, tmp_path: Path
) -> None:
    output = Path(shutil.copytree(done, tmp_path / "output"))
    entry = entry_of(output, scored=True)
    wrong(entry)
    assert got(reference, output, entry.key, scored=True) == (None, 1)


@pytest.mark.parametrize("wrong", [WRONG["no key"], WRONG["deep JSON"], ROWS["J above 1"]], ids=["no key", "deep", "value"])
def test_the_video_of_such_an_entry_is_scored_anew(
    wrong: Callable[[Entry], object],
    reference: Path,
    stored: Path,
    done: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = Path(shutil.copytree(done, tmp_path / "output"))
    wrong(entry_of(output, scored=True))
    assert_scored_anew(reference, stored, output, done, capsys)


def replaced(make: Callable[[Path], object]) -> Callable[[Path], object]:
    def change(path: Path) -> None:
        path.unlink()
        make(path)

    return change


def full_folder(path: Path) -> None:
    (path / "below").mkdir(parents=True)
    (path / "below" / "file").touch()


PLACES: Final[dict[str, Callable[[Path], object]]] = {
    "a folder": replaced(lambda path: path.mkdir()),
    "a folder that is not empty": replaced(full_folder),
    "a pipe": replaced(os.mkfifo),
    "an empty file": replaced(lambda path: path.touch()),
    "a link to a device": replaced(lambda path: path.symlink_to("/dev/zero")),
    "a link to itself": replaced(lambda path: path.symlink_to(path)),
    "a huge file": lambda path: os.truncate(path, 1 << 40),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_what_is_no_entry_in_the_place_of_one_makes_room_for_it(
    place: Callable[[Path], object],
    reference: Path,
    stored: Path,
    done: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = Path(shutil.copytree(done, tmp_path / "output"))
    place(entry_of(output, scored=True).path)
    # were a pipe waited for, nobody would ever write to it
    watchdog = threading.Timer(60, os._exit, (1,))
    watchdog.start()
    try:
        assert_scored_anew(reference, stored, output, done, capsys)
    finally:
        watchdog.cancel()


@pytest.mark.parametrize("make", [lambda path: path.touch(), os.mkfifo], ids=["file", "pipe"])
def test_what_is_no_folder_of_entries_makes_room_for_one(
    make: Callable[[Path], object],
    reference: Path,
    stored: Path,
    done: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = Path(shutil.copytree(done, tmp_path / "output"))
    folder = entry_of(output, scored=True).path.parent
    if len(list(folder.iterdir())) > 1:
        pytest.skip("two entries in one folder")
    shutil.rmtree(folder)
    make(folder)
    assert_scored_anew(reference, stored, output, done, capsys)


def test_a_folder_under_the_name_of_a_leftover_does_no_harm(reference: Path, stored: Path, done: Path, tmp_path: Path) -> None:
    output = Path(shutil.copytree(done, tmp_path / "output"))
    leftovers = [output / ".store" / f".x.{number:08x}.part" for number in range(2)]
    leftovers[0].mkdir()
    leftovers[1].touch()
    assert rescore(stored, reference, output) == ExitCode.SUCCESS
    assert [path.exists() for path in leftovers] == [True, False]


def test_an_entry_that_may_not_be_read_is_made_anew(
    reference: Path,
    stored: Path,
    done: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = Path(shutil.copytree(done, tmp_path / "output"))
    locked = entry_of(output, scored=True).path
    locked.chmod(0)
    original = os.open

    def opening(path: Any, *given: Any, **named: Any) -> int:
        # whoever runs the tests may be allowed everything
        if Path(os.fspath(path)) == locked and not locked.stat().st_mode & 0o400:
            raise PermissionError(13, "Permission denied")
        return original(path, *given, **named)

    monkeypatch.setattr(os, "open", opening)
    assert_scored_anew(reference, stored, output, done, capsys)
