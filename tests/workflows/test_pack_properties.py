"""For random data and random compositions of faults: every id is restored, or nothing is packed."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from encoded import optimised, packed, read_as_grey
from faulty_submissions import palette_image, png_of
from lvos_eval.workflows.pack_options import PackOptions
from packing import labels_in, pack
from submissions import Files, Labels, png, write_folder, write_zip

Masks: TypeAlias = dict[str, dict[int, Labels]]
FRAMES: Final = range(1, 27, 5)
PLAN: Final = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def npy(array: Labels) -> bytes:
    target = io.BytesIO()
    np.save(target, array.astype(np.int64))
    return target.getvalue()


ENCODINGS: Final[dict[str, Callable[[Labels], bytes]]] = {
    "ids": png,
    "palette": lambda array: png_of(palette_image(array)),
    "few bits": packed,
    "colours": lambda array: png_of(palette_image(array).convert("RGB")),
    "colours of YouTube-VOS": lambda array: png_of(palette_image(array, 2).convert("RGBA")),
    "swapped colours": lambda array: png(np.ascontiguousarray(np.asarray(palette_image(array).convert("RGB"))[..., ::-1])),
    "three channels": lambda array: png(np.dstack([array] * 3)),
    "three channels times 2": lambda array: png(np.dstack([array * np.uint8(2)] * 3)),
    "16 bits": lambda array: png(array.astype(np.uint16)),
    "16 bits times 2": lambda array: png(array.astype(np.uint16) * 2),
    "greys": lambda array: png_of(palette_image(array).convert("L")),
    "greys by OpenCV": read_as_grey,
    "times 20": lambda array: png(array * np.uint8(20)),
    "times 2": lambda array: png(array * np.uint8(2)),
    "times 100, which wraps": lambda array: png(array * np.uint8(100)),
    "three channels times 25": lambda array: png(np.dstack([array * np.uint8(25)] * 3)),
    "from 2 on": lambda array: png(array + (array > 0).astype(np.uint8)),
    "a background of 1": lambda array: png(array + np.uint8(1)),
    "white": lambda array: png((array > 0) * np.uint8(255)),
    "one": lambda array: png((array > 0) * np.uint8(1)),
    "without unused colours": optimised,
    "array": npy,
}
NAMES: Final[dict[str, Callable[[int], str]]] = {
    "right": lambda frame: f"{frame:08d}",
    "five digits": lambda frame: f"{frame:05d}",
    "counted from 0": lambda frame: f"{frame // 5:05d}",
    "counted from 1": lambda frame: f"{frame // 5 + 1:08d}",
    "one less": lambda frame: f"{frame - 1:08d}",
    "a prefix": lambda frame: f"mask_{frame:08d}",
    "one picture late": lambda frame: f"{frame + 5:08d}",
}
PLACES: Final[dict[str, Callable[[str], str]]] = {
    "": lambda path: path,
    "results": lambda path: f"results/{path}",
    "deep": lambda path: f"a/b/c/d/Annotations/{path}",
    "capitals": lambda path: path.upper() if "PNG" in path else path.swapcase().replace(".PNG", ".png").replace(".NPY", ".npy"),
    "backslashes": lambda path: path.replace("/", "\\"),
}


@st.composite
def data_sets(draw: st.DrawFn) -> Masks:
    """Videos of random sizes, objects of random ids, each of which has pixels in every frame."""
    masks: Masks = {}
    for number in range(draw(st.integers(1, 4))):
        ids = draw(st.lists(st.integers(1, 10), min_size=1, max_size=4, unique=True))
        height, width = draw(st.sampled_from([(40, 56), (44, 44), (56, 40)]))
        frames = {}
        for frame in FRAMES:
            labels = np.zeros((height, width), np.uint8)
            for row, object_id in enumerate(ids):
                left = draw(st.integers(0, 20))
                labels[2 + 9 * row : 9 + 9 * row, left : left + 12] = object_id
            frames[frame] = labels
        masks[f"video{number}"] = frames
    return masks


def write_reference(folder: Path, masks: Masks, lost: Mapping[str, int]) -> Path:
    """The objects of each video are those of its masks and the one that was `lost`."""
    spans = {"start": FRAMES.start, "end": FRAMES.stop, "frame_nums": len(FRAMES)}
    videos = {}
    for video, frames in masks.items():
        ids = sorted({*np.unique(np.stack([*frames.values()])).tolist(), lost.get(video, 0)} - {0})
        height, width = frames[1].shape
        videos[video] = {"image_size": [height, width], "objects": {str(n): {"frame_range": spans} for n in ids}}
    folder.mkdir()
    (folder / "test_meta.json").write_text(json.dumps({"videos": videos}))
    (folder / "unseen_videos.txt").write_text("video0\n")
    return folder


def harmed(masks: Masks, encoding: str, name: str, place: str, *, twice: bool, every_frame: bool, split: bool) -> Files:
    """The files of a tracker that did all this."""
    encode = ENCODINGS[encoding]
    ending = "npy" if encoding == "array" else "png"
    files = {}
    for video, frames in masks.items():
        for frame, array in frames.items():
            shown = array.repeat(2, 0).repeat(2, 1) if twice else array
            # with every frame of the video there is a mask for each picture in between, equal to the one before
            for extra in range(5 if every_frame and frame < FRAMES[-1] else 1):
                stem = f"{frame + extra:05d}" if every_frame else NAMES[name](frame)
                if split:
                    for object_id in set(np.unique(np.stack([*frames.values()])).tolist()) - {0}:
                        mask = (shown == object_id) * np.uint8(255)
                        files[PLACES[place](f"{video}/{object_id:03d}/{stem}.png")] = png(mask)
                else:
                    files[PLACES[place](f"{video}/{stem}.{ending}")] = encode(shown)
    return files


def restored_or_refused(masks: Masks, files: Files, *, as_zip: bool, lost: Mapping[str, int] | None = None) -> bool:
    """Whether the files were packed; then with every id of every scored frame. No mask has the `lost` object of its video."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        reference = write_reference(place / "ref", masks, lost or {})
        source = write_zip(place / "in.zip", files) if as_zip else write_folder(place / "in", files)
        report = pack(source, reference, place / "out.zip", PackOptions(resize=True, transpose="swapped"))
        assert report.packed == (place / "out.zip").exists()
        if not report.packed:
            assert report.problems
            assert all(problem.message and problem.fix for problem in report.problems)
            return False
        found = labels_in(place / "out.zip")
    for video, frames in masks.items():
        for frame in FRAMES[1:-1]:
            assert np.array_equal(found[f"{video}/{frame:08d}.png"], frames[frame]), (video, frame)
    return True


CASES: Final = {
    "encoding": st.sampled_from([*ENCODINGS]),
    "name": st.sampled_from([*NAMES]),
    "place": st.sampled_from([*PLACES]),
    "twice": st.booleans(),
    "every_frame": st.booleans(),
    "split": st.integers(0, 4).map(lambda number: number == 4),
}


@settings(PLAN, max_examples=25)
@given(masks=data_sets(), case=st.fixed_dictionaries(CASES), as_zip=st.booleans())
def test_a_composition_of_faults_is_undone_or_refused(masks: Masks, case: dict[str, object], as_zip: bool) -> None:
    restored_or_refused(masks, harmed(masks, **case), as_zip=as_zip)  # type: ignore[arg-type]


@pytest.mark.slow
@settings(PLAN, max_examples=400)
@given(masks=data_sets(), case=st.fixed_dictionaries(CASES), as_zip=st.booleans())
def test_many_compositions_of_faults_are_undone_or_refused(masks: Masks, case: dict[str, object], as_zip: bool) -> None:
    restored_or_refused(masks, harmed(masks, **case), as_zip=as_zip)  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["colours", "three channels", "16 bits", "array", "without unused colours"])
def test_what_explains_itself_is_undone_in_any_composition(encoding: str) -> None:
    """The property above would hold for a program that refuses everything."""
    shape = (40, 56)
    masks: Masks = {}
    for number, ids in enumerate([(1, 2, 3), (1, 4, 7), (2, 3, 5, 9)]):
        frames = {}
        for frame in FRAMES:
            labels = np.zeros(shape, np.uint8)
            for row, object_id in enumerate(ids[: 3 if frame == 6 else 4]):
                labels[2 + 9 * row : 9 + 9 * row, frame % 7 : frame % 7 + 12] = object_id
            frames[frame] = labels
        masks[f"video{number}"] = frames
    for name in ("right", "five digits", "counted from 0", "one less", "a prefix"):
        files = harmed(masks, encoding, name, "deep", twice=name == "right", every_frame=False, split=False)
        assert restored_or_refused(masks, files, as_zip=True), name


AMBIGUOUS: Final = {"times 2", "three channels times 2", "16 bits times 2", "from 2 on", "a background of 1", "white", "one"}
"""Encodings that turn the ids of some objects into those of others: where one is lost, nobody can tell."""
TELLING: Final = sorted(ENCODINGS.keys() - AMBIGUOUS)


@st.composite
def losses(draw: st.DrawFn) -> tuple[Masks, dict[str, int]]:
    """Data sets, and an object of some videos that the tracker has lost."""
    masks = draw(data_sets())
    numbers = {video: draw(st.integers(0, 12)) for video in masks}
    return masks, {video: number for video, number in numbers.items() if number}


@settings(PLAN, max_examples=15)
@given(data=losses(), encoding=st.sampled_from(TELLING), name=st.sampled_from([*NAMES]), split=st.booleans())
def test_with_a_lost_object_the_others_are_restored_or_refused(
    data: tuple[Masks, dict[str, int]], encoding: str, name: str, split: bool
) -> None:
    masks, lost = data
    files = harmed(masks, encoding, name, "", twice=False, every_frame=False, split=split)
    restored_or_refused(masks, files, as_zip=False, lost=lost)


@pytest.mark.slow
@settings(PLAN, max_examples=300)
@given(data=losses(), encoding=st.sampled_from(TELLING), name=st.sampled_from([*NAMES]), split=st.booleans())
def test_with_lost_objects_all_others_are_restored_or_refused(
    data: tuple[Masks, dict[str, int]], encoding: str, name: str, split: bool
) -> None:
    masks, lost = data
    files = harmed(masks, encoding, name, "", twice=False, every_frame=False, split=split)
    restored_or_refused(masks, files, as_zip=False, lost=lost)


@st.composite
def gaps(draw: st.DrawFn) -> tuple[Masks, Masks]:
    """Data sets, and what is left of them without some frames: of all videos, or of all but the first."""
    masks = draw(data_sets())
    missing = draw(st.sets(st.sampled_from(FRAMES), max_size=2))
    whole = {"video0"} if draw(st.booleans()) else set()
    left = {
        video: {frame: array for frame, array in frames.items() if video in whole or frame not in missing}
        for video, frames in masks.items()
    }
    return masks, left


def filled_or_refused(masks: Masks, left: Masks, name: str, *, every_frame: bool, fill: bool) -> None:
    """What is there is restored, what is not is empty; or nothing is packed."""
    files = harmed(left, "ids", name, "", twice=False, every_frame=every_frame, split=False)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        reference = write_reference(place / "ref", masks, {})
        report = pack(write_folder(place / "in", files), reference, place / "out.zip", PackOptions(fill_missing=fill))
        found = labels_in(place / "out.zip") if report.packed else {}
    for video, frames in left.items():
        for frame in FRAMES[1:-1] if report.packed else ():
            packed = found[f"{video}/{frame:08d}.png"]
            # of every frame there are masks between those that are missing
            assert np.array_equal(packed, frames[frame]) if frame in frames else every_frame or not packed.any(), (video, frame)


@settings(PLAN, max_examples=15)
@given(data=gaps(), name=st.sampled_from([*NAMES]), every_frame=st.booleans(), fill=st.booleans())
def test_masks_beside_missing_ones_keep_their_frames(data: tuple[Masks, Masks], name: str, every_frame: bool, fill: bool) -> None:
    filled_or_refused(*data, name, every_frame=every_frame, fill=fill)


@pytest.mark.slow
@settings(PLAN, max_examples=400)
@given(data=gaps(), name=st.sampled_from([*NAMES]), every_frame=st.booleans(), fill=st.booleans())
def test_all_masks_beside_missing_ones_keep_their_frames(
    data: tuple[Masks, Masks], name: str, every_frame: bool, fill: bool
) -> None:
    filled_or_refused(*data, name, every_frame=every_frame, fill=fill)
