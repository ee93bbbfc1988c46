"""Hostile and odd zips: each ends in its own code, within seconds and bounded memory."""

from __future__ import annotations

import io
import os
import stat
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import commands
from faulty_submissions import BUILDERS, claimed, names, patched, write_claiming_zip
from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.formats.mask_issues import DamagedMember, MemberError
from lvos_eval.formats.zip_members import ArchiveReader, Member, unpack_member
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.submission.archive_checks import Archive, list_members
from submissions import META, check, good_files, png, write_folder, write_reference, write_zip

SECONDS = 5.0
MEGABYTES = 300.0


class Cost(NamedTuple):
    """What a process took: exit code, text on stderr, seconds, and its largest size in memory."""

    code: int
    text: str
    seconds: float
    megabytes: float


def cost_of_check(submission: Path, reference: Path) -> Cost:
    """`lvos-eval check` in a process of its own."""
    command = [sys.executable, "-m", "lvos_eval", "check", str(submission), "--reference", str(reference), "--jobs", "1"]
    with (submission.parent / "stderr").open("w+") as errors:
        start = time.monotonic()
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, env={**os.environ, "PYTHONPATH": str(commands.PROGRAM)}
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - start
        errors.seek(0)
        # processor time, since the machine may be busy with other things; never more than the time on the clock
        return Cost(process.returncode, errors.read(), min(seconds, usage.ru_utime + usage.ru_stime), usage.ru_maxrss / 1024)


def forty_two(folder: Path) -> Path:
    """Sixteen zips of sixteen zips of sixteen zips of zeros, as 42.zip is made."""
    content = bytes(4 << 20)
    for level in range(4):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(16):
                archive.writestr(f"lib {number:x}.zip" if level else "0.dll", content)
                if not level:
                    break
        content = target.getvalue()
    (folder / "42.zip").write_bytes(content)
    return folder / "42.zip"


def full_overlap(folder: Path) -> Path:
    """Thousands of directory entries that all point at one member, as in Fifield's better zip bomb."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(16 << 20)) + packer.flush()
    path = write_claiming_zip(folder / "masks.zip", [("aVideo01/00000006.png", packed, 16 << 20)])
    content = path.read_bytes()
    start = content.find(b"PK\x01\x02")
    entry = content[start : content.find(b"PK\x05\x06")]
    count = 20_000
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, count * len(entry), start, 0)
    path.write_bytes(content[:start] + entry * count + end)
    return path


def many_entries(folder: Path) -> Path:
    """A directory of as many small entries as its size allows for, with a count that has wrapped."""
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    count = 38_000_000 // len(entry)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count & 0xFFFF, count & 0xFFFF, count * len(entry), 0, 0)
    (folder / "masks.zip").write_bytes(entry * count + end)
    return folder / "masks.zip"


def long_names(folder: Path) -> Path:
    """A directory full of slashes."""
    name = b"a/" * 30_000
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0) + name + b""
    count = 38_000_000 // len(entry)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, count * len(entry), 0, 0)
    (folder / "masks.zip").write_bytes(entry * count + end)
    return folder / "masks.zip"


def huge_images(folder: Path) -> Path:
    """Every mask claims 100,000 x 100,000 pixels, as RGB too."""
    return write_zip(folder / "masks.zip", dict.fromkeys(good_files(), claimed(100_000, 100_000)))


def large_images(folder: Path) -> Path:
    """As many pixels as are believed, packed into a few kilobytes, without sizes in the reference: all of them are decoded."""
    return write_zip(folder / "masks.zip", good_files() | {"aVideo01/00000006.png": png(np.full((4096, 4096), 9, np.uint8))})


def empty_chunks(folder: Path) -> Path:
    """A mask of a million empty chunks."""
    chunk = b"\0\0\0\0tEXt" + struct.pack(">I", zlib.crc32(b"tEXt"))
    mask = claimed(64, 48)
    return write_zip(folder / "masks.zip", good_files() | {names("aVideo01")[1]: mask[:33] + chunk * 1_000_000 + mask[33:]})


HOSTILE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "42.zip": (forty_two, "no-videos"),
    "full overlap": (full_overlap, "archive-damaged"),
    "10 GB of zeros in one member": (BUILDERS["zeros-in-one-member"], "archive-too-large"),
    "10 GB of zeros in 640 members": (BUILDERS["zeros-in-many-members"], "archive-too-large"),
    "10 GB of zeros that are said to be 3 kB": (BUILDERS["a-member-that-unpacks-to-more-than-it-says"], "archive-damaged"),
    "ten million members": (BUILDERS["ten-million-members"], "archive-too-large"),
    "a wrapped member count": (many_entries, "archive-too-large"),
    "a directory of slashes": (long_names, "archive-unsafe-path"),
    "100,000 x 100,000 pixels": (huge_images, "unreadable-mask"),
    "16 million pixels": (large_images, "unknown-object"),
    "a million chunks": (empty_chunks, "unreadable-mask"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_zip_ends_in_its_code_within_bounds(name: str, tmp_path: Path) -> None:
    build, code = HOSTILE[name]
    reference = write_reference(tmp_path / "ref", masks="none", image_size=False)
    cost = cost_of_check(build(tmp_path), reference)
    assert code in cost.text
    assert "Traceback" not in cost.text
    assert cost.code == (0 if code == "unknown-object" else 1)
    assert cost.seconds < SECONDS
    assert cost.megabytes < MEGABYTES


# zips that are odd and good


def read_all(archive: Path, limits: ArchiveLimits | None = None) -> tuple[dict[str, bytes], list[str]]:
    """The contents of a zip by path, and the codes of its problems."""
    collector = ProblemCollector()
    listing: Archive = list_members(archive, limits or ArchiveLimits(), collector)
    reader = ArchiveReader(archive)
    try:
        contents = {name: reader.read(member) for name, member in listing.files} if listing.sound else {}
    finally:
        reader.close()
    return contents, [problem.code for problem in collector.problems]


FILES = {"a/1.png": b"one" * 50, "a/2.png": b"", "b/3.png": bytes(1000)}


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_stored_and_deflated_members_are_read(compression: int, tmp_path: Path) -> None:
    assert read_all(write_zip(tmp_path / "a.zip", FILES, compression)) == (FILES, [])


def test_a_zip_behind_other_bytes_is_read(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", FILES)
    path.write_bytes(b"#!/bin/sh\n" * 50 + path.read_bytes())
    assert read_all(path) == (FILES, [])


def test_a_comment_and_bytes_after_the_end_are_skipped(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", FILES)
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"made with PK love"
    assert read_all(path) == (FILES, [])
    path.write_bytes(write_zip(tmp_path / "b.zip", FILES).read_bytes() + b"\n" * 100)
    assert read_all(path) == (FILES, [])


class Unseekable(io.RawIOBase):
    """A pipe: a zip written to it has data descriptors."""

    def __init__(self) -> None:
        self.content = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.content += bytes(data)
        return len(data)


@pytest.mark.parametrize("zip64", [False, True])
def test_data_descriptors_and_64_bit_members_are_read(zip64: bool, tmp_path: Path) -> None:
    pipe = Unseekable()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES.items():
            with archive.open(name, "w", force_zip64=zip64) as member:
                member.write(content)
    (tmp_path / "a.zip").write_bytes(pipe.content)
    assert read_all(tmp_path / "a.zip") == (FILES, [])


def wide(path: Path, shift: int = 0) -> Path:
    """The same zip with 64-bit end records and 64-bit fields in every entry, behind `shift` other bytes."""
    content = path.read_bytes()
    start = content.find(b"PK\x01\x02")
    position, entries = start, []
    while content[position : position + 4] == b"PK\x01\x02":
        fields = list(struct.unpack_from("<4s6H3I5H2I", content, position))
        name = content[position + 46 : position + 46 + fields[10]]
        position += 46 + fields[10] + fields[11] + fields[12]
        extra = struct.pack("<2H3Q", 1, 24, fields[9], fields[8], fields[16])
        fields[8] = fields[9] = fields[16] = 0xFFFFFFFF
        fields[11:13] = [len(extra) + 4, 0]
        entries.append(struct.pack("<4s6H3I5H2I", *fields) + name + struct.pack("<2H", 0x9999, 0) + extra)
    directory = b"".join(entries)
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, len(entries), len(entries), len(directory), start)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, start + len(directory), 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(bytes(shift) + content[:start] + directory + record + locator + end)
    return path


@pytest.mark.parametrize("shift", [0, 77])
def test_64_bit_directories_are_read(shift: int, tmp_path: Path) -> None:
    assert read_all(wide(write_zip(tmp_path / "a.zip", FILES), shift)) == (FILES, [])


@pytest.mark.slow
def test_a_member_count_that_wrapped_at_65536_is_read(tmp_path: Path) -> None:
    """macOS's Finder writes such zips; a validation split has more masks than that."""
    count = 65_540
    path = write_claiming_zip(tmp_path / "a.zip", [(f"{number}", b"", 0) for number in range(count)])
    collector = ProblemCollector()
    assert len(list_members(path, ArchiveLimits(), collector).files) == count
    assert collector.problems == ()


def test_names_in_an_old_code_page_and_detours_are_read(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"./a//1.png": b"x", "caf!.txt": b"y"})
    patched(path, lambda content: content.__setitem__(slice(None), content.replace(b"caf!", b"caf\x82")))
    assert read_all(path) == ({"a/1.png": b"x", "caf\N{LATIN SMALL LETTER E WITH ACUTE}.txt": b"y"}, [])


# members that are not what the directory says


def member_of(path: Path) -> Member:
    ((_, member),) = list_members(path, ArchiveLimits(), ProblemCollector()).files
    return member


@pytest.fixture
def single(tmp_path: Path) -> Path:
    return write_zip(tmp_path / "a.zip", {"a/1.png": b"one" * 50})


@pytest.mark.parametrize(
    ("position", "value", "reason"),
    [
        (0, 0, "the zip member's header does not match the zip's directory"),
        (6, 1, "the zip member's header does not match the zip's directory"),
        (8, 0, "the zip member's header does not match the zip's directory"),
        (30, ord("b"), "the zip member's header does not match the zip's directory"),
        (37, 0xFF, "the zip member does not unpack (damaged compressed data"),
        (27, 0xFF, "the zip member's header does not match the zip's directory"),
        (29, 0xFF, "the zip ends inside the member"),
    ],
    ids=["signature", "encrypted", "method", "name", "data", "name length", "extra length"],
)
def test_a_local_header_that_contradicts_the_directory_is_damage(position: int, value: int, reason: str, single: Path) -> None:
    member = member_of(single)
    patched(single, lambda content: content.__setitem__(position, value))
    reader = ArchiveReader(single)
    with pytest.raises(MemberError) as fault:
        reader.read(member)
    reader.close()
    assert isinstance(fault.value.issues[0], DamagedMember)
    assert str(fault.value).startswith(reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"unpacked": 149}, "the zip member does not unpack (more than the expected 149 bytes of data)"),
        ({"unpacked": 151}, "the zip member does not unpack (cut short: 150 of 151 bytes of data)"),
        ({"crc": 1}, "the zip member's checksum is wrong"),
        ({"offset": 10**9}, "the zip ends before the member"),
        ({"packed": 10**6}, "the zip ends inside the member"),
    ],
    ids=str,
)
def test_a_member_that_is_not_what_was_claimed_is_damage(change: dict[str, int], reason: str, single: Path) -> None:
    member = member_of(single)
    claimed = member._replace(**change)  # type: ignore[arg-type]
    reader = ArchiveReader(single)
    with pytest.raises(MemberError) as fault:
        unpack_member(claimed, reader.read_stored(claimed if change.keys() & {"offset", "packed"} else member))
    reader.close()
    assert fault.value.issues == (DamagedMember(reason),)


# limits


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (ArchiveLimits(members=2), "the zip has 3 members; at most 2 are allowed."),
        (ArchiveLimits(total_bytes=1000), "the zip unpacks to 0 MB; at most 0 MB are allowed."),
        (ArchiveLimits(member_bytes=500), "1 member of the zip has more than 0 MB: b/3.png."),
    ],
    ids=["members", "total", "member"],
)
def test_the_limits_of_the_settings_are_applied(limits: ArchiveLimits, message: str, tmp_path: Path) -> None:
    collector = ProblemCollector()
    assert not list_members(write_zip(tmp_path / "a.zip", FILES), limits, collector).sound
    assert [(problem.code, problem.message) for problem in collector.problems] == [("archive-too-large", message)]


def test_a_packed_size_over_the_limit_is_refused_too(tmp_path: Path) -> None:
    path = write_claiming_zip(tmp_path / "a.zip", [("a/1.png", bytes(2000), 10)])
    assert read_all(path, ArchiveLimits(member_bytes=1000)) == ({}, ["archive-too-large"])


def test_a_folder_has_limits_too(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref", masks="none")
    (reference / "scoring.yaml").write_text("limits:\n  members: 20\n")
    (problem,) = check(write_folder(tmp_path / "submission", good_files()), reference).problems
    assert (problem.code, problem.message) == ("archive-too-large", "the folder has more than 20 files and folders.")
    (reference / "scoring.yaml").write_text("limits:\n  member_bytes: 100\n")
    files = good_files() | {names("aVideo01")[1]: bytes(2_000_000)}
    report = check(write_folder(tmp_path / "other", files), reference)
    assert "the mask cannot be read: the file has 2 MB; at most 0 MB are allowed." in {
        problem.message for problem in report.problems
    }


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(kind: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("a/1.png")
        info.external_attr = (kind | 0o644) << 16
        archive.writestr(info, b"x")
    assert read_all(tmp_path / "a.zip") == ({}, ["archive-unsafe-path"])


def test_one_zip_in_a_folder_is_opened_but_not_a_link_to_one(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref", masks="none")
    folder = write_folder(tmp_path / "res", {"metadata": b"platform", ".DS_Store": b""})
    archive = write_zip(folder / "submission.zip", good_files())
    assert check(folder, reference).problems == ()
    archive.rename(tmp_path / "elsewhere.zip")
    archive.symlink_to(tmp_path / "elsewhere.zip")
    assert {problem.code for problem in check(folder, reference).problems} == {"archive-unsafe-path"}


def test_the_metadata_file_alone_is_read_in_place(tmp_path: Path) -> None:
    """Nothing is unpacked: the folder of the zip holds what it held."""
    reference = write_reference(tmp_path / "ref", masks="none")
    archive = write_zip(tmp_path / "submission.zip", good_files())
    before = sorted(tmp_path.rglob("*"))
    check(archive, reference / META)
    assert sorted(tmp_path.rglob("*")) == before
