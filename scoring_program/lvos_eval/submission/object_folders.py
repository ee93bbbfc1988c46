"""Submissions with one folder for each object instead of ids in one mask per frame, told by their names alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Final, NamedTuple

from lvos_eval.protocols.contract import MaskLayout
from lvos_eval.reference.manifest import Video
from lvos_eval.submission.listing import Submission

__all__ = ["Layout", "ObjectFolders", "find_object_folders"]

_NUMBER: Final = re.compile(r"[0-9]{1,3}")


class Layout(Enum):
    """Where the object's number stands; the values are the video and the number of a path `p` in Python."""

    INSIDE = ("p.parts[-3]", "p.parts[-2]")
    """`video/001/00000001.png`."""
    SUFFIX = ("p.parts[-2].rpartition('_')[0]", "p.parts[-2].rpartition('_')[2]")
    """`video_1/00000001.png`."""


class ObjectFolders(NamedTuple):
    """The numbers of the folders by video; `offset` leads from them to the ids, None where names do not tell."""

    layout: Layout
    numbers: Mapping[str, frozenset[int]]
    example: str
    """One of the folders."""
    offset: int | None
    begin: str = "[0-9]"
    """What the names of masks begin with, as a pattern of file names."""

    @property
    def background(self) -> bool:
        """Whether a folder 0 holds what belongs to no object."""
        return self.offset == 0 and any(0 in found for found in self.numbers.values())

    @property
    def merge(self) -> str:
        """The command that writes one mask per frame into `merged`, from the folder that holds `masks`; `offset` must be known.

        It is Python in double quotes without anything that a shell would act upon.
        """
        video, number = self.layout.value
        object_id = f"int({number})" + (f" + {self.offset}" if self.offset else "")
        # the file that is being put together is the larger of what it holds and of the next object; of colours, transparency
        # says nothing: of 1, 2, 3 and 4 channels 1, 1, 3 and 3 count
        return (
            'python -c "import pathlib, numpy, PIL.Image; '
            f"[(q := pathlib.Path('merged', {video}, p.stem + '.png'), q.parent.mkdir(parents=True, exist_ok=True), "
            f"PIL.Image.fromarray(numpy.maximum((a := numpy.atleast_3d(PIL.Image.open(p)))"
            f"[..., : (a.shape[2] - 1) // 2 * 2 + 1].any(2) * ({object_id}), "
            "numpy.asarray(PIL.Image.open(q)) if q.exists() else 0).astype(numpy.uint8)).save(q)) "
            f"for p in pathlib.Path('masks').rglob('{self.begin}*') if p.suffix.lower() == '.png' and {number}.isdigit()]\""
        )


def find_object_folders(videos: Sequence[Video], submission: Submission, masks: MaskLayout) -> ObjectFolders | None:
    """The folders of objects, of videos that are not answered otherwise, with `masks` in them; None if there are none."""
    mask = re.compile(masks.likely_name, re.IGNORECASE)
    by_name = {video.name: video for video in videos if video.scored and not video.object_folders}
    open_ones = {name for name, video in by_name.items() if not submission.masks.get(name, {}).keys() >= set(video.scored)}
    for layout, folders in (
        (Layout.INSIDE, _inside(submission, open_ones, mask)),
        (Layout.SUFFIX, _suffixed(submission, open_ones, mask)),
    ):
        numbers: dict[str, set[int]] = defaultdict(set)
        for video, number, _ in folders:
            numbers[video].add(number)
        # a single folder in each video may be anything
        if any(len(found) > 1 for found in numbers.values()) or (
            numbers and all(len(by_name[video].objects) == 1 for video in numbers)
        ):
            found = {video: frozenset(numbers[video]) for video in sorted(numbers)}
            example = next(folder for _, _, folder in folders)
            begin = "[A-Za-z0-9]" if masks.has_text else "[0-9]"
            return ObjectFolders(layout, found, example, _offset(found, by_name), begin)
    return None


def _offset(numbers: Mapping[str, frozenset[int]], videos: Mapping[str, Video]) -> int | None:
    """0 where the numbers are ids, also with a 0 for the background, 1 where they count the ids from 0."""
    for offset in (0, 1):
        if all({number + offset for number in found} <= set(videos[video].ids) for video, found in numbers.items()):
            return offset
    # with fewer than all ids, those with a 0 may as well be counted from it
    return 0 if all(found == {0, *videos[video].ids} for video, found in numbers.items()) else None


def _inside(submission: Submission, videos: Iterable[str], mask: re.Pattern[str]) -> list[tuple[str, int, str]]:
    found = []
    for video in sorted(videos):
        for name in submission.others.get(video, {}):
            folder, _, file = name.partition("/")
            if _NUMBER.fullmatch(folder) and mask.fullmatch(file):
                found.append((video, int(folder), f"{video}/{folder}/"))
    return found


def _suffixed(submission: Submission, videos: Iterable[str], mask: re.Pattern[str]) -> list[tuple[str, int, str]]:
    wanted = set(videos)
    names = dict.fromkeys(submission.extra_videos)
    if not submission.masks:
        # no root was found, so that the folders are anywhere
        paths = (path.split("/") for path in submission.extra_files)
        names = dict.fromkeys(parts[-2] for parts in paths if len(parts) > 1 and mask.fullmatch(parts[-1]))
    split = ((name, *name.rpartition("_")[::2]) for name in names)
    return [(video, int(number), f"{name}/") for name, video, number in split if video in wanted and _NUMBER.fullmatch(number)]
