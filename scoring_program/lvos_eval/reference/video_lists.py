"""Lists of video ids: `unseen_videos.txt`, `unsupervised_videos.txt`, and the published ones that stand in for them.

The data set as it is downloaded has neither list, and without the right one the official Overall cannot be computed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.diagnostics.text import listed, printable
from lvos_eval.formats.text_files import DocumentError, misnamed, read_text, rename
from lvos_eval.protocols.contract import PublishedList
from lvos_eval.reference.settings import SETTINGS_FILE, ScoringRules

__all__ = [
    "UNSEEN_LIST",
    "UNSUPERVISED_LIST",
    "VIDEO_NAME",
    "VideoList",
    "published_names",
    "read_list",
    "unseen_videos",
    "unsupervised_videos",
]

UNSEEN_LIST: Final = "unseen_videos.txt"
UNSUPERVISED_LIST: Final = "unsupervised_videos.txt"
VIDEO_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

_PUBLISHED: Final = Path(__file__).with_name("lists")
_FEW: Final = 3
"""So many unknown ids may be misspelt; more are a list for more videos."""


@dataclass(frozen=True, slots=True)
class VideoList:
    """A list as it is used: `notes` say where it comes from if not from the folder, `doubts` which ids may be misspelt."""

    names: frozenset[str]
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def unseen_videos(
    folder: Path,
    rules: ScoringRules,
    published: PublishedList,
    videos: Collection[str],
    metadata: str,
    *,
    needed: bool = True,
) -> VideoList:
    """The unseen videos: the folder's list, else the published one of the protocol if it names a video of the metadata.

    Where there is neither, that is an error unless `unseen: none` is set or the list is not `needed`: which videos are
    unseen is a fact about the data that nothing else tells. Raises ReferenceDataError.
    """
    own = read_list(folder / UNSEEN_LIST)
    if rules.unseen_none:
        if own:
            raise ReferenceDataError.single(
                "list",
                f"{SETTINGS_FILE} says `unseen: none`, but {UNSEEN_LIST} names {len(own)} videos",
                f"delete `unseen: none` or {UNSEEN_LIST}",
            )
        return VideoList(frozenset(), (f"every video counts as seen: {SETTINGS_FILE} says `unseen: none`",))
    ways_out = (
        f"add {UNSEEN_LIST} with the unseen videos, one id per line; if none is unseen, write `unseen: none` in {SETTINGS_FILE}"
    )
    if own is not None and (needed or not own.isdisjoint(videos)):
        return _of_folder(UNSEEN_LIST, own, videos, metadata, ways_out.replace("add ", "write ", 1))
    found = _published(published, UNSEEN_LIST, videos)
    if found is None and needed:
        raise ReferenceDataError.single(
            "list",
            f"there is no {UNSEEN_LIST}, and the published list ({published.title}) names no video of {metadata}",
            ways_out,
        )
    return found or VideoList(frozenset())


def unsupervised_videos(folder: Path, published: PublishedList, videos: Collection[str], metadata: str) -> VideoList:
    """The videos of the single-object unsupervised task, found as the unseen ones are. Raises ReferenceDataError."""
    own = read_list(folder / UNSUPERVISED_LIST)
    fix = f"write the videos of the task into {UNSUPERVISED_LIST}, one id per line"
    if own is not None:
        return _of_folder(UNSUPERVISED_LIST, own, videos, metadata, fix)
    found = _published(published, UNSUPERVISED_LIST, videos)
    if found is None:
        message = f"there is no {UNSUPERVISED_LIST}, and the published list ({published.title}) names no video of {metadata}"
        raise ReferenceDataError.single("list", message, fix)
    return found


def _of_folder(name: str, own: frozenset[str], videos: Collection[str], metadata: str, fix: str) -> VideoList:
    if not own:
        raise ReferenceDataError.single("list", f"{name} is empty", fix)
    unknown = sorted(own.difference(videos))
    by_case = {video.lower(): video for video in videos}
    miswritten = [(video, by_case[video.lower()]) for video in unknown if video.lower() in by_case]
    if miswritten:
        raise ReferenceDataError.single(
            "list",
            f"{name} writes {listed(f'{wrong} for {right}' for wrong, right in miswritten)}: capital and small letters differ",
            f"write the ids in {name} as {metadata} does: {listed((right for _, right in miswritten), len(miswritten))}",
        )
    if own.isdisjoint(videos):
        raise ReferenceDataError.single("list", f"{name} names no video of {metadata}: it has {listed(sorted(own))}", fix)
    return VideoList(own, (), tuple(_doubts(name, own, unknown, videos)))


def _doubts(name: str, own: Collection[str], unknown: Collection[str], videos: Collection[str]) -> Iterable[str]:
    if len(unknown) > _FEW:
        return
    for video in unknown:
        near = difflib.get_close_matches(video, sorted(set(videos).difference(own)), n=1, cutoff=0.85)
        if near:
            yield f"{name} names {video}, which the metadata does not have; is {near[0]} meant?"


def _published(published: PublishedList, name: str, videos: Collection[str]) -> VideoList | None:
    names = published_names(published)
    here = len(names.intersection(videos))
    if not here:
        return None
    return VideoList(
        names, (f"there is no {name}; the published list is used ({published.title}: {len(names)} videos, {here} of them here)",)
    )


def published_names(published: PublishedList) -> frozenset[str]:
    """The videos of a list that comes with the program."""
    return read_list(_PUBLISHED / published.file) or frozenset()


def read_list(path: Path) -> frozenset[str] | None:
    """The ids in a list, one a line; None where there is no file. Blank lines and spaces around an id are nothing.

    Raises ReferenceDataError with every line that holds anything else, and for a list under another name.
    """
    try:
        lines = read_text(path).splitlines()
    except FileNotFoundError:
        _refuse_misnamed(path)
        return None
    except DocumentError as fault:
        raise ReferenceDataError.single("list", f"{path.name} {fault}", fault.fix) from None
    stripped = [line.strip() for line in lines]
    wrong = {number: line for number, line in enumerate(stripped, 1) if line and not VIDEO_NAME.fullmatch(line)}
    if wrong:
        shown = listed((f"line {number} is `{printable(line)}`" for number, line in wrong.items()), 5)
        raise ReferenceDataError.single(
            "list",
            f"{path.name} holds more than video ids: {shown}",
            "write one video id per line and nothing else: no commas, quotes, comments or headings",
        )
    return frozenset(filter(None, stripped))


def _refuse_misnamed(path: Path) -> None:
    found = misnamed(path)
    if found is not None:
        raise ReferenceDataError.single("list", f"{found.name} is not read: the list is called {path.name}", rename(found, path))
