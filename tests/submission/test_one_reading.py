"""A zip is one submission: what is read in place is what other programs unpack, or it is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import unicodedata
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from lvos_eval.diagnostics.problems import Severity
from raw_zips import UTF8, RawMember, end, end_64, locator_64, raw_zip, unicode_path
from submissions import FRAMES, OBJECTS, check, good_files, labels, png, score, write_folder, write_reference

GOOD: Final = good_files()
BETTER: Final = {f"{video}/{frame:08d}.png": png(labels(video, frame, 1)) for video in OBJECTS for frame in FRAMES}
"""The ground truth itself: what a second reading would be made for."""

FIRST: Final = "aVideo01/00000006.png"
ACUTE: Final = "\N{LATIN SMALL LETTER E WITH ACUTE}"


def members(files: Mapping[str, bytes], rename: Callable[[str], str] = str) -> list[RawMember]:
    return [RawMember(rename(name).encode(), content) for name, content in files.items()]


def with_comment(inner: bytes, tail: bytes = b"") -> bytes:
    return raw_zip(members(GOOD), comment=inner + tail)


def small() -> bytes:
    """A whole zip that fits into a comment."""
    return raw_zip(members({FIRST: BETTER[FIRST]}))


def wide(*, plain: tuple[int, int, int] | None = None, twice: bool = False) -> bytes:
    """A zip with end records of 64 bits, whose plain one says what is given; `twice` puts one of another zip before it."""
    better = raw_zip(members(BETTER), at_end=b"")
    whole = raw_zip(members(GOOD), at_end=b"")
    start, count = whole.index(b"PK\x01\x02"), len(GOOD)
    size = len(whole) - start
    if not twice:
        return whole + end_64(count, size, start) + locator_64(len(whole)) + end(*(plain or (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)))
    # the locator names the record of the other zip, which lies before
    other = better.index(b"PK\x01\x02")
    other_record = end_64(count, len(better) - other, other)
    content = better + other_record + whole
    last = end_64(count, size, len(better) + len(other_record) + start)
    return content + last + locator_64(len(better)) + end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)


def renamed(**changes: object) -> bytes:
    """A good zip with one member changed."""
    return raw_zip([RawMember(**{**vars(m), **changes}) if m.name == FIRST.encode() else m for m in members(GOOD)])


def plus(*extra: RawMember) -> bytes:
    return raw_zip([*members(GOOD), *extra])


BETTER_FIRST: Final = BETTER[FIRST]

REFUSED: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "./ before the same path": (lambda: raw_zip(members(BETTER, "./{}".format) + members(GOOD)), "archive-duplicate"),
    "// in the same path": (
        lambda: raw_zip(members(GOOD) + members(BETTER, lambda name: name.replace("/", "//"))),
        "archive-duplicate",
    ),
    "/./ in the same path": (
        lambda: raw_zip(members(GOOD) + members(BETTER, lambda name: name.replace("/", "/./"))),
        "archive-duplicate",
    ),
    "the very same path": (lambda: raw_zip(members(GOOD) + members(BETTER)), "archive-duplicate"),
    "other capitals": (lambda: plus(RawMember(b"aVideo01/00000006.PNG", BETTER_FIRST)), "archive-duplicate"),
    "a version as on VMS": (lambda: plus(RawMember(FIRST.encode() + b";1", BETTER_FIRST)), "archive-duplicate"),
    "the same accent in two spellings": (
        lambda: raw_zip(
            members(GOOD, lambda name: unicodedata.normalize("NFC", f"{ACUTE}/{name}"))
            + members(BETTER, lambda name: unicodedata.normalize("NFD", f"{ACUTE}/{name}"))
        ),
        "archive-duplicate",
    ),
    "a name that is another one in the old code page": (
        lambda: raw_zip(
            members(GOOD, lambda name: f"{ACUTE}/{name}")
            + [
                RawMember(f"{ACUTE.encode().decode('cp437')}/{name}".encode(), content, flags=UTF8)
                for name, content in BETTER.items()
            ]
        ),
        "archive-duplicate",
    ),
    "a file and a folder": (lambda: plus(RawMember(b"aVideo01", b"x")), "archive-duplicate"),
    "a mask and a folder of its name": (lambda: plus(RawMember(FIRST.encode() + b"/", b"")), "archive-duplicate"),
    "a file that is the top": (lambda: plus(RawMember(b".", b"x")), "archive-duplicate"),
    "a Unicode path for another mask": (
        lambda: plus(RawMember(b"x/1.png", BETTER_FIRST, extra=unicode_path(b"x/1.png", FIRST))),
        "archive-unsafe-path",
    ),
    "a Unicode path in the header of a mask": (
        lambda: renamed(local_extra=unicode_path(FIRST.encode(), "aVideo01/00000011.png")),
        "archive-damaged",
    ),
    "another name in the header of a mask": (lambda: renamed(local_name=b"bVideo02/00000006.png"), "archive-damaged"),
    "another size in the header of a mask": (
        lambda: renamed(stored=True, local_sizes=(100, 100)),
        "archive-damaged",
    ),
    "a zip in the comment": (lambda: with_comment(small()), "archive-damaged"),
    "a zip in the comment with bytes behind": (lambda: with_comment(small(), b"\0" * 7), "archive-damaged"),
    "a signature in the comment": (lambda: with_comment(b"made with PK\x05\x06 love"), "archive-damaged"),
    "a signature after the end": (lambda: raw_zip(members(GOOD), after=b"\nPK\x05\x06\n"), "archive-damaged"),
    "an empty zip with a zip in its comment": (
        lambda: end(0, 0, 0, small()),
        "archive-damaged",
    ),
    "a comment behind other bytes": (
        lambda: raw_zip(members(GOOD), before=b"#!/bin/sh\n", comment=small()),
        "archive-damaged",
    ),
    "two records of 64 bits": (lambda: wide(twice=True), "archive-damaged"),
    "64 and 32 bits that contradict each other": (lambda: wide(plain=(3, 200, 100)), "archive-damaged"),
}

READ: Final[dict[str, Callable[[], bytes]]] = {
    "as it should be": lambda: raw_zip(members(GOOD)),
    "./ before every path": lambda: raw_zip(members(GOOD, "./{}".format)),
    "bytes after the end": lambda: raw_zip(members(GOOD), after=b"\n" * 100),
    "a comment": lambda: with_comment(b"made with PK\x01\x02 PK\x06\x06 PK\x06\x07 love"),
    "bytes before": lambda: raw_zip(members(GOOD), before=b"#!/bin/sh\n" * 9),
    "another zip before": lambda: raw_zip(members(GOOD), before=raw_zip(members(BETTER))),
    "a zip among the members": lambda: plus(RawMember(b"code.zip", raw_zip(members(BETTER)), stored=True)),
    "accents without a flag": lambda: raw_zip(members(GOOD, f"{ACUTE}/{{}}".format)),
    "accents with a Unicode path": lambda: raw_zip(
        [
            RawMember(raw := b"\x82/" + name.encode(), content, extra=unicode_path(raw, f"{ACUTE}/{name}"))
            for name, content in GOOD.items()
        ]
    ),
    "spaces and dots at the end of another file": lambda: plus(RawMember(b"aVideo01 /notes. ", b"x")),
    "folders": lambda: plus(*(RawMember(f"{video}/".encode()) for video in OBJECTS)),
    "64 bits": wide,
}


def unpacked_by_zipfile(archive: Path, folder: Path) -> bool:
    with warnings.catch_warnings(action="ignore"):
        try:
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(folder)
        except (OSError, zipfile.BadZipFile, ValueError):
            return False
    return True


def unpacked_by_unzip(archive: Path, folder: Path) -> bool:
    command = ["unzip", "-qq", "-o", str(archive), "-d", str(folder)]
    done = subprocess.run(command, capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"}, timeout=60)
    # 1 is a warning
    return done.returncode in (0, 1)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reference(tmp_path_factory.mktemp("reference") / "ref")


Unpack = Callable[[Path, Path], bool]
PROGRAMS: Final = pytest.mark.parametrize(
    "unpack",
    [
        unpacked_by_zipfile,
        pytest.param(unpacked_by_unzip, marks=pytest.mark.skipif(shutil.which("unzip") is None, reason="unzip is not there")),
    ],
)


@PROGRAMS
@pytest.mark.parametrize("case", READ)
def test_the_masks_are_those_that_another_program_unpacks(case: str, unpack: Unpack, reference: Path, tmp_path: Path) -> None:
    archive = tmp_path / "submission.zip"
    archive.write_bytes(READ[case]())
    in_place = score(archive, reference).report
    assert [problem for problem in in_place.problems if problem.severity is Severity.ERROR] == []
    assert unpack(archive, tmp_path / "unpacked")
    unpacked = score(tmp_path / "unpacked", reference).report
    assert in_place.scores is not None
    assert unpacked.scores == in_place.scores


@pytest.mark.parametrize("case", REFUSED)
def test_a_zip_that_may_be_read_in_two_ways_is_refused(case: str, reference: Path, tmp_path: Path) -> None:
    build, code = REFUSED[case]
    archive = tmp_path / "submission.zip"
    archive.write_bytes(build())
    errors = {problem.code for problem in check(archive, reference).problems if problem.severity is Severity.ERROR}
    assert code in errors, errors


def test_the_fix_of_two_end_records_ends_with_the_scores_of_what_was_unpacked(reference: Path, tmp_path: Path) -> None:
    archive = tmp_path / "submission.zip"
    archive.write_bytes(with_comment(b"made with PK\x05\x06 love"))
    (problem,) = check(archive, reference).problems
    assert problem.fix == "unzip it, look at what is there, and zip that again without a comment."
    write_folder(tmp_path / "unpacked", GOOD)
    again = tmp_path / "again.zip"
    with zipfile.ZipFile(again, "w") as target:
        for name in GOOD:
            target.write(tmp_path / "unpacked" / name, name)
    assert score(again, reference).report.scores == score(tmp_path / "unpacked", reference).report.scores
    assert check(again, reference).problems == ()
