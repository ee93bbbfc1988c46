"""Everything that is wrong with a zip, from its directory alone, which is checked before any member is touched."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from lvos_eval import system
from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import SAVE_IDS, ZIP_MASKS, counted, listed, sized
from lvos_eval.formats.zip_directory import DirectoryEntry, read_directory
from lvos_eval.formats.zip_end import ZipDirectoryError
from lvos_eval.formats.zip_members import DEFLATED, ENCRYPTED, LOCAL_HEADER, STORED, Member, plain_path
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.submission.archive_paths import are, check_paths, check_platform_files, check_repeats

__all__ = ["Archive", "list_members"]

SIZE_LIMIT: Final = 1_000_000_000
"""Bytes above which platforms have been seen to lose an upload silently."""

_ZIP_AGAIN: Final = f"zip again: {ZIP_MASKS}"
_SAVE_SMALLER: Final = f"save the masks as compressed PNG, a few kilobytes each: {SAVE_IDS}."
_RATIO_MATTERS_FROM: Final = 16 << 20
"""Below this size an uncompressed PNG of an empty mask may shrink a thousandfold in a zip, and that is no attack."""

_DENSE_TOTAL: Final = 4 << 30
"""All members together that are packed more densely than the limit may unpack to so many bytes."""

_OTHER_KINDS: Final = (
    (b"\x1f\x8b", "a gzip or tar.gz"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a rar archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x89PNG", "a single PNG"),
    (b"<!DO", "a web page, such as a log-in form saved in place of a download"),
    (b"<htm", "a web page, such as a log-in form saved in place of a download"),
)


class Archive(NamedTuple):
    """The files in a zip as (path inside it, member), folders left out; only a `sound` archive may be read."""

    files: list[tuple[str, Member]]
    sound: bool


def list_members(
    path: Path, limits: ArchiveLimits, collector: ProblemCollector, *, uploaded: bool = False, backslashes: bool = False
) -> Archive:
    """Everything that the zip's directory tells; what is wrong with the archive goes to `collector`. Raises OSError.

    `uploaded` where the zip is what a platform is given, and not what it has unpacked; `backslashes` where they do no harm.
    """
    # a pipe that has taken the place of the zip must not make the run wait for a writer
    descriptor = os.open(path, system.OPEN_REGULAR)
    try:
        size = os.fstat(descriptor).st_size
        start = system.read_at(descriptor, 6, 0)
        directory = read_directory(descriptor, limits.members)
    except ZipDirectoryError as fault:
        _report_unreadable(path, start, fault, collector)
        return Archive([], False)
    finally:
        os.close(descriptor)
    entries = directory.entries
    before = len(collector)
    _check_kinds(entries, collector)
    unplaced = check_paths(entries, collector, backslashes=backslashes)
    _check_sizes(entries, limits, collector)
    _check_overlaps(entries, directory.start, collector)
    sound = len(collector) == before
    check_repeats(entries, collector)
    if uploaded:
        check_platform_files(path, entries, collector)
    if size > SIZE_LIMIT:
        collector.add(
            "size-limit",
            f"the zip has {sized(size)}; platforms have lost uploads over {sized(SIZE_LIMIT)} silently.",
            f"leave out frames that are not scored, and {_SAVE_SMALLER}",
        )
    files = [entry for entry in entries if not entry.is_folder and entry.name not in unplaced]
    return Archive([(plain_path(entry.name), _member(entry)) for entry in files], sound)


def _member(entry: DirectoryEntry) -> Member:
    return Member(entry.raw_name, entry.offset, entry.packed, entry.unpacked, entry.method == DEFLATED, entry.crc)


def _report_unreadable(path: Path, start: bytes, fault: ZipDirectoryError, collector: ProblemCollector) -> None:
    if start.startswith(b"PK") or fault.is_zip or fault.code != "archive-damaged":
        collector.add(fault.code, f"{fault}.", f"{fault.fix}.")
        return
    kind = next((kind for signature, kind in _OTHER_KINDS if start.startswith(signature)), None)
    looks = f"; it looks like {kind}" if kind else ""
    what = f"{path.name} is not a zip{looks}." if start else f"{path.name} is empty."
    collector.add("not-an-archive", what, f"make a zip: {ZIP_MASKS}")


def _check_kinds(entries: Sequence[DirectoryEntry], collector: ProblemCollector) -> None:
    """Reports members that are encrypted or packed in a way that is not read."""
    encrypted = [entry.name for entry in entries if entry.flags & ENCRYPTED]
    if encrypted:
        collector.add(
            "archive-encrypted",
            f"{counted(len(encrypted), 'member')} of the zip {are(encrypted)} encrypted: {listed(encrypted)}.",
            f"zip again without a password: {ZIP_MASKS}",
        )
    unknown = [
        entry.name
        for entry in entries
        if entry.method not in (STORED, DEFLATED) and not entry.is_folder and not entry.flags & ENCRYPTED
    ]
    if unknown:
        collector.add(
            "archive-unsupported",
            f"{counted(len(unknown), 'member')} of the zip {are(unknown)} neither stored nor deflated: {listed(unknown)}.",
            f"zip again with Deflate, the default of most tools: {ZIP_MASKS}",
        )


def _check_sizes(entries: Sequence[DirectoryEntry], limits: ArchiveLimits, collector: ProblemCollector) -> None:
    """Reports what is over the limits."""
    total = sum(entry.unpacked for entry in entries)
    if total > limits.total_bytes:
        collector.add(
            "archive-too-large",
            f"the zip unpacks to {sized(total)}; at most {sized(limits.total_bytes)} are allowed.",
            _SAVE_SMALLER,
        )
    large = [entry.name for entry in entries if max(entry.unpacked, entry.packed) > limits.member_bytes]
    if large:
        collector.add(
            "archive-too-large",
            f"{counted(len(large), 'member')} of the zip {'has' if len(large) == 1 else 'have'} more than "
            f"{sized(limits.member_bytes)}: {listed(large)}.",
            "zip the masks only; a mask is a few kilobytes as a palette PNG.",
        )
    dense = [
        entry
        for entry in entries
        if entry.unpacked > limits.ratio * max(entry.packed, 1) and entry.unpacked <= limits.member_bytes
    ]
    worst = [entry for entry in dense if entry.unpacked > _RATIO_MATTERS_FROM]
    if not worst and sum(entry.unpacked for entry in dense) > _DENSE_TOTAL:
        worst = dense
    if worst:
        names, together = listed(entry.name for entry in worst), sum(entry.unpacked for entry in worst)
        collector.add(
            "archive-too-large",
            f"{counted(len(worst), 'member')} of the zip unpack{'s' if len(worst) == 1 else ''} to more than "
            f"{limits.ratio:g} times the packed size, {sized(together)} in total: {names}.",
            _SAVE_SMALLER,
        )


def _check_overlaps(entries: Iterable[DirectoryEntry], directory: int, collector: ProblemCollector) -> None:
    """No two members may share bytes, nor reach into the directory: that is how small zips unpack to petabytes."""
    spans = sorted(
        (entry.offset, entry.offset + LOCAL_HEADER.size + len(entry.raw_name) + entry.packed, entry.name) for entry in entries
    )
    ends = [*(start for start, _, _ in spans[1:]), directory]
    overlapping = [name for (_, stop, name), end in zip(spans, ends, strict=False) if stop > end]
    if overlapping:
        collector.add(
            "archive-damaged",
            f"{counted(len(overlapping), 'member')} of the zip reach{'es' if len(overlapping) == 1 else ''} into the next one "
            f"or into the directory: {listed(overlapping)}.",
            _ZIP_AGAIN,
        )
