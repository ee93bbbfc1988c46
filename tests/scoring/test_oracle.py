"""What submissions that are made to ask learn of hidden masks, from the document of a result alone.

A chosen frame of one object holds a rectangle and every other frame nothing, so that the object's mean times its number of frames
is J of that frame. The whole frame asks for the object's area, and rectangles that grow from a border for its box, by bisection;
all videos are asked at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pytest
from PIL import Image

from lvos_eval.protocols.lvos import frame_name
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.result_document import details
from make_stub import FOLDER, REFERENCE
from submissions import png, score, write_zip

PAGE: Final = (FOLDER.parent / "docs" / "organiser.md").read_text(encoding="utf-8")
"""It tells the figures."""


class Region(NamedTuple):
    """Rows and columns of a rectangle, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def area(self) -> int:
        return (self.bottom - self.top) * (self.right - self.left)


class Target(NamedTuple):
    """One object in one frame."""

    object_id: int
    frame: int
    height: int
    width: int


class Found(NamedTuple):
    """Pixels of an object, and its first and last column and row."""

    area: int
    left: int
    right: int
    top: int
    bottom: int


def targets_of(manifest: Manifest) -> dict[str, Target]:
    """The first object of each video, in the middle of its range."""
    found = {}
    for video in manifest.videos:
        item = video.objects[0]
        frame = item.scored.frames[len(item.scored.frames) // 2]
        with Image.open(manifest.ground_truth(video.name) / f"{frame_name(frame)}.png") as image:
            found[video.name] = Target(item.object_id, frame, image.height, image.width)
    return found


@dataclass
class Oracle:
    """Asks by submitting; a video's answer is the sum of J over the frames of its target."""

    folder: Path
    detail: Disclosure
    manifest: Manifest = field(default_factory=lambda: load_manifest(FOLDER / REFERENCE))
    submissions: int = 0

    def __post_init__(self) -> None:
        self.targets = targets_of(self.manifest)
        # masks that are all black are refused: one pixel of an object that nothing is asked of gets past that
        self.bystander = next(video for video in self.manifest.videos if len(video.objects) > 1)
        target = self.targets[self.bystander.name]
        labels = np.zeros((target.height, target.width), np.uint8)
        labels[0, 0] = self.bystander.objects[-1].object_id
        self.pixel = png(labels)
        self.empty = self._submit({})
        self.areas: dict[str, int] = {}

    def document(self, regions: Mapping[str, Region]) -> dict[str, Any]:
        files: dict[str, bytes] = {}
        for video in self.manifest.videos:
            target = self.targets[video.name]
            blank = png(np.zeros((target.height, target.width), np.uint8))
            files |= {f"{video.name}/{frame_name(frame)}.png": blank for frame in video.scored}
            if video.name == self.bystander.name:
                files[f"{video.name}/{frame_name(self.bystander.objects[-1].scored.frames[0])}.png"] = self.pixel
            if video.name in regions:
                labels = np.zeros((target.height, target.width), np.uint8)
                top, bottom, left, right = regions[video.name]
                labels[top:bottom, left:right] = target.object_id
                files[f"{video.name}/{frame_name(target.frame)}.png"] = png(labels)
        self.submissions += 1
        result = score(write_zip(self.folder / "asked.zip", files), FOLDER / REFERENCE, detail=self.detail)
        return details(result.report, None, {})

    def _submit(self, regions: Mapping[str, Region]) -> dict[str, float]:
        means = {(item["video"], item["object"]): item["J"] * item["frames"] for item in self.document(regions)["objects"]}
        return {name: means[name, target.object_id] for name, target in self.targets.items()}

    def overlaps(self, regions: Mapping[str, Region]) -> dict[str, float]:
        """Pixels that each region shares with the object, once the areas are known; before, the whole frame's."""
        answer = self._submit(regions)
        found = {}
        for name, region in regions.items():
            # without the frames in which the object is absent, where nothing is the right answer
            j = answer[name] - round(self.empty[name])
            found[name] = j * (self.areas[name] + region.area) / (1 + j) if self.areas else j * region.area
        return found

    def look(self) -> dict[str, Found]:
        """What the answers say of each target."""
        whole = {name: Region(0, target.height, 0, target.width) for name, target in self.targets.items()}
        self.areas = {name: round(pixels) for name, pixels in self.overlaps(whole).items()}
        wide = lambda target, end: Region(0, target.height, 0, end)  # noqa: E731
        high = lambda target, end: Region(0, end, 0, target.width)  # noqa: E731
        sides = [self._border(shape, size, share) for shape, size in ((wide, 3), (high, 2)) for share in ("a part", "everything")]
        return {name: Found(self.areas[name], *(side[name] for side in sides)) for name in self.targets}

    def _border(self, shape: Callable[[Target, int], Region], size: int, share: str) -> dict[str, int]:
        """The last row or column of the smallest rectangle with a part of the object, or everything of it."""
        low = dict.fromkeys(self.targets, 0)
        high = {name: target[size] for name, target in self.targets.items()}
        while asked := {name: (low[name] + high[name]) // 2 for name in low if high[name] - low[name] > 1}:
            for name, pixels in self.overlaps({name: shape(self.targets[name], end) for name, end in asked.items()}).items():
                inside = round(pixels) >= (1 if share == "a part" else self.areas[name])
                (high if inside else low)[name] = asked[name]
        return {name: end - 1 for name, end in high.items()}

    def truth(self) -> dict[str, Found]:
        found = {}
        for name, target in self.targets.items():
            with Image.open(self.manifest.ground_truth(name) / f"{frame_name(target.frame)}.png") as image:
                rows, columns = np.nonzero(np.asarray(image) == target.object_id)
            box = columns.min(), columns.max(), rows.min(), rows.max()
            found[name] = Found(len(rows), *map(int, box))
        return found


def test_all_digits_tell_the_exact_area_and_box_of_an_object_in_every_video(tmp_path: Path) -> None:
    oracle = Oracle(tmp_path, Disclosure.FULL)
    assert oracle.look() == oracle.truth()
    assert f"\n| all | {oracle.submissions} | {len(oracle.targets)} of {len(oracle.targets)} | 0 | 0 |\n" in PAGE


def test_a_public_result_tells_neither_an_exact_area_nor_an_exact_box(tmp_path: Path) -> None:
    oracle = Oracle(tmp_path, Disclosure.PUBLIC)
    found, truth = oracle.look(), oracle.truth()
    assert [name for name in truth if found[name].area == truth[name].area or found[name][1:] == truth[name][1:]] == []
    areas = max(abs(found[name].area / truth[name].area - 1) for name in truth)
    sides = max(abs(one - other) for name in truth for one, other in zip(found[name][1:], truth[name][1:], strict=True))
    row = f"\n| as published | {oracle.submissions} | 0 of {len(truth)} | up to {100 * areas:.0f} % | up to {sides} pixels |\n"
    assert row in PAGE


@pytest.mark.parametrize("detail", Disclosure)
def test_a_submission_with_next_to_nothing_tells_in_how_many_frames_each_is_absent(detail: Disclosure, tmp_path: Path) -> None:
    """A limit of rounding that the organiser's page names."""
    document = Oracle(tmp_path, detail).document({})
    absent = {(item["video"], item["object"]): round(item["J"] * item["frames"]) for item in document["objects"]}
    assert {key: count for key, count in absent.items() if count} == {("stubFish", 3): 4}


def test_the_decimals_of_a_score_tell_an_area_where_a_split_is_small(tmp_path: Path) -> None:
    """Another one: six decimals of the mean of a split tell J of a frame to a millionth of the split's object frames."""
    oracle = Oracle(tmp_path, Disclosure.PUBLIC)
    video = oracle.manifest.videos[0]
    target = oracle.targets[video.name]
    whole = Region(0, target.height, 0, target.width)
    key = f"J-{video.group}-Mean"
    before, after = (oracle.document(asked)["scores"][key] for asked in ({}, {video.name: whole}))
    objects = sum(len(other.objects) for other in oracle.manifest.videos if other.group == video.group)
    object_frames = objects * video.objects[0].scored.length
    area = (after - before) * object_frames * whole.area
    assert object_frames == 30
    assert abs(area - oracle.truth()[video.name].area) <= 1e-6 * object_frames * whole.area < 1.1
