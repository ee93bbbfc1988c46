"""The paths in a zip's directory: unsafe ones, those of two members, and those that a platform keeps for itself."""

from __future__ import annotations

import re
import stat
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import ZIP_MASKS, counted, listed, quoted
from lvos_eval.formats.zip_directory import DirectoryEntry
from lvos_eval.formats.zip_members import alike, plain_path

__all__ = ["ZIP_WITH_SLASHES", "are", "check_paths", "check_platform_files", "check_repeats"]

_PLATFORM_FILES: Final = frozenset({"metadata", "metadata.yaml"})
_LONGEST_NAME: Final = 1024
_DEEPEST: Final = 16
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_VERSION: Final = re.compile(r";[0-9]*$")
_SPECIAL_KINDS: Final = frozenset({stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK})


def _is_long(entry: DirectoryEntry) -> bool:
    return len(entry.name) > _LONGEST_NAME or entry.name.count("/") > _DEEPEST


_LINKS: Final = "links or devices"
_BACKSLASHES: Final = "paths with backslashes instead of slashes"
ZIP_WITH_SLASHES: Final = (
    f"zip again with 7-Zip or, masks being the folder that holds the folders of the videos, with Python: {ZIP_MASKS}"
)
"""The way out for a zip that an old Windows tool wrote; the command needs no other tool and is the same in every shell."""

_UNSAFE: Final[tuple[tuple[str, str, Callable[[DirectoryEntry], bool]], ...]] = (
    (
        _LINKS,
        f"zip the files themselves; this command follows links: {ZIP_MASKS}",
        lambda entry: stat.S_IFMT(entry.mode) in _SPECIAL_KINDS,
    ),
    (
        "absolute paths",
        f"zip the folder with the masks, not single files: {ZIP_MASKS}",
        lambda entry: entry.name.startswith(("/", "\\")) or _DRIVE.match(entry.name) is not None,
    ),
    (
        "paths with `..`",
        f"zip the folder with the masks from the one in which it lies: {ZIP_MASKS}",
        lambda entry: ".." in entry.name.replace("\\", "/").split("/"),
    ),
    (
        _BACKSLASHES,
        ZIP_WITH_SLASHES,
        lambda entry: "\\" in entry.name,
    ),
    (
        "names that another program reads as other names",
        f"zip again with another tool: {ZIP_MASKS}",
        lambda entry: not all(alike(entry.name, other) for other in entry.other_names),
    ),
    ("names with NUL characters", f"rename the files and zip again: {ZIP_MASKS}", lambda entry: "\0" in entry.name),
    (
        f"paths of more than {_LONGEST_NAME:,} characters or {_DEEPEST} folders",
        f"zip the folder that holds the folders of the videos, without those that lead to it: {ZIP_MASKS}",
        _is_long,
    ),
)
"""What is refused in a path, the way out, and how it is seen. The first that fits is reported."""


def _unsafe_kind(entry: DirectoryEntry) -> str | None:
    return next((what for what, _, is_unsafe in _UNSAFE if is_unsafe(entry)), None)


def check_paths(entries: Sequence[DirectoryEntry], collector: ProblemCollector, *, backslashes: bool = False) -> set[str]:
    """Reports unsafe paths, those with backslashes unless they do no harm; returns those that do not tell which mask is meant."""
    found: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        kind = _unsafe_kind(entry)
        if kind is not None:
            found[kind].append(entry.name)
    for what, fix, _ in _UNSAFE:
        if found[what] and not (backslashes and what == _BACKSLASHES):
            collector.add("archive-unsafe-path", f"the zip holds {what}: {listed(found[what])}.", fix)
    return {name for what, names in found.items() if what not in (_LINKS, _BACKSLASHES) for name in names}


def check_repeats(entries: Sequence[DirectoryEntry], collector: ProblemCollector) -> None:
    """Reports paths that two members stand for, to us or to another program: tools disagree on which of them counts."""
    # long ones are refused as such, and there is no end of folders in them
    entries = [entry for entry in entries if not _is_long(entry)]
    files = [(entry.name, _unpacked_paths(entry)) for entry in entries if not entry.is_folder]
    counts = Counter(path for _, paths in files for path in paths)
    repeated = list(dict.fromkeys(name for name, paths in files if any(counts[path] > 1 for path in paths)))
    if repeated:
        collector.add(
            "archive-duplicate",
            f"{counted(len(repeated), 'path')} {are(repeated)} in the zip more than once: {listed(repeated)}.",
            f"most tools add to a zip that is there; this command writes a new one: {ZIP_MASKS}",
        )
    folders = {path for entry in entries if entry.is_folder for path in _unpacked_paths(entry)} | {""}
    for path in counts:
        parent = path.rpartition("/")[0]
        while parent not in folders:
            folders.add(parent)
            parent = parent.rpartition("/")[0]
    both = list(dict.fromkeys(name for name, paths in files if not folders.isdisjoint(paths)))
    if both:
        collector.add(
            "archive-duplicate",
            f"{counted(len(both), 'path')} {are(both)} a file in the zip and a folder too: {listed(both)}.",
            f"most tools add to a zip that is there; this command writes a new one: {ZIP_MASKS}",
        )


def _unpacked_paths(entry: DirectoryEntry) -> set[str]:
    """Every path to which a program may unpack a member, in one spelling of accented letters."""
    if entry.name.isascii() and ";" not in entry.name and not entry.other_names:
        return {plain_path(entry.name)}
    names = (entry.name, *entry.other_names)
    # unzip takes `;1` at the end for the version that VMS gives a file, and leaves it out
    names += tuple(shorter for name in names if ";" in name and (shorter := _VERSION.sub("", name)) != name)
    return {unicodedata.normalize("NFC", plain_path(name)) for name in names}


def check_platform_files(path: Path, entries: Sequence[DirectoryEntry], collector: ProblemCollector) -> None:
    """Reports what Codabench looks for at the top of an upload, and nowhere below."""
    found: dict[str, str] = {}
    for name in (entry.name for entry in entries):
        top = plain_path(name).partition("/")[0]
        if top in _PLATFORM_FILES:
            head, _, below = name.partition(top)
            # what `zip -d` takes for the file, or for everything in a folder
            pattern = f"{head}{top}/*" if below else name
            found[f"[.]{pattern[1:]}" if pattern.startswith("./") else pattern] = top
    if found:
        collector.add(
            "platform-file",
            f"the zip holds {' and '.join(sorted(set(found.values())))} at its top. Codabench keeps this name for itself: it "
            "takes the zip for a program, and the run fails.",
            f"delete it from the zip: zip -d {quoted(path.name)} {' '.join(map(quoted, found))}",
        )


def are(names: Sequence[object]) -> str:
    """The verb for so many names."""
    return "is" if len(names) == 1 else "are"
