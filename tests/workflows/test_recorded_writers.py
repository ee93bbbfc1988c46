"""Masks that image libraries really wrote (`data/writers`) are packed to their ids, or refused."""

from __future__ import annotations

import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from PIL import Image

from lvos_eval.workflows.pack_options import PackOptions
from packing import labels_in, pack
from submissions import Labels, write_folder

RECORDED: Final = Path(__file__).parents[1] / "data" / "writers" / "masks.zip"
VIDEOS: Final = ("one", "two")

REFUSED: Final = {
    "numpy-npy-probabilities": ("unreadable-mask", "the array holds fractions, as probabilities are"),
    "plt.imsave-viridis": ("not-indexed", "The colours are those of no known palette"),
}
"""What no one can undo, by the code and the words that are said of it."""


@cache
def recorded() -> dict[str, dict[str, bytes]]:
    """The files by writer and name."""
    found: dict[str, dict[str, bytes]] = {}
    with zipfile.ZipFile(RECORDED) as archive:
        for path in archive.namelist():
            writer, _, name = path.rpartition("/")
            if writer:
                found.setdefault(writer, {})[name] = archive.read(path)
    return found


def ids() -> dict[str, Labels]:
    """The label maps that all writers were given, by the stem of the file."""
    return {name[:-4]: np.asarray(Image.open(io.BytesIO(data))) for name, data in recorded()["pillow-L"].items()}


def reference(folder: Path) -> Path:
    spans = {"start": 1, "end": 26, "frame_nums": 5}
    objects = {str(object_id): {"frame_range": spans} for object_id in (1, 2, 3)}
    folder.mkdir()
    videos = {video: {"objects": objects, "image_size": [40, 56]} for video in VIDEOS}
    (folder / "test_meta.json").write_text(json.dumps({"videos": videos}))
    (folder / "unseen_videos.txt").write_text("two\n")
    return folder


@pytest.mark.parametrize("writer", recorded())
def test_what_a_library_wrote_becomes_ids_or_is_refused(writer: str, tmp_path: Path) -> None:
    masks = write_folder(
        tmp_path / "masks", {f"{video}/{name}": data for video in VIDEOS for name, data in recorded()[writer].items()}
    )
    report = pack(masks, reference(tmp_path / "ref"), tmp_path / "submission.zip")
    if writer in REFUSED:
        code, words = REFUSED[writer]
        assert not report.packed
        assert {problem.code for problem in report.problems} == {code}
        assert words in report.problems[0].message
        return
    assert report.packed, report.problems
    packed = labels_in(report.output)
    scored = {f"{video}/{stem}.png": array for video in VIDEOS for stem, array in ids().items() if 1 < int(stem) < 21}
    assert scored.keys() <= packed.keys()
    assert all(np.array_equal(packed[name], array) for name, array in scored.items())


@pytest.mark.parametrize("layout", ["{video}.npz", "{video}/masks.npz"])
def test_an_archive_of_arrays_holds_a_mask_for_each_frame(layout: str, tmp_path: Path) -> None:
    files = {}
    for video in VIDEOS:
        target = io.BytesIO()
        np.savez(target, **ids())  # type: ignore[arg-type]
        files[layout.format(video=video)] = target.getvalue()
    report = pack(write_folder(tmp_path / "masks", files), reference(tmp_path / "ref"), tmp_path / "submission.zip")
    assert report.packed, report.problems
    packed = labels_in(report.output)
    assert all(np.array_equal(packed[f"one/{stem}.png"], array) for stem, array in ids().items())


def test_pickled_objects_are_not_read(tmp_path: Path) -> None:
    """They could be programs."""
    target = io.BytesIO()
    np.save(target, np.array([[{}]], dtype=object), allow_pickle=True)
    files = {f"{video}/{name}": target.getvalue() for video in VIDEOS for name in recorded()["numpy-npy"]}
    report = pack(write_folder(tmp_path / "masks", files), reference(tmp_path / "ref"), tmp_path / "submission.zip")
    assert not report.packed
    assert "Python objects" in report.problems[0].message


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full((40, 56), -1), "values from -1"),
        (np.full((40, 56), 70000), "values from 70000"),
        (np.zeros((3, 40, 56)), "the shape 3x40x56"),
        (np.full((40, 56), np.nan), "fractions"),
        (np.full((40, 56), "a"), "labels are whole numbers"),
    ],
)
def test_an_array_that_is_no_label_map_is_refused(array: np.ndarray, words: str, tmp_path: Path) -> None:
    target = io.BytesIO()
    np.save(target, array)
    files = {f"{video}/{name}": data for video in VIDEOS for name, data in recorded()["numpy-npy"].items()}
    files["one/00000006.npy"] = target.getvalue()
    report = pack(write_folder(tmp_path / "masks", files), reference(tmp_path / "ref"), tmp_path / "submission.zip")
    assert not report.packed
    assert words in report.problems[0].message


def test_an_array_beside_an_image_of_the_same_name_is_not_chosen_between(tmp_path: Path) -> None:
    files = {f"{video}/{name}": data for video in VIDEOS for name, data in recorded()["pillow-L"].items()}
    files["one/00000006.npy"] = recorded()["numpy-npy"]["00000006.npy"]
    report = pack(write_folder(tmp_path / "masks", files), reference(tmp_path / "ref"), tmp_path / "submission.zip")
    assert [problem.code for problem in report.problems] == ["archive-duplicate"]


def test_the_palette_that_a_library_wrote_is_kept(tmp_path: Path) -> None:
    files = {f"{video}/{name}": data for video in VIDEOS for name, data in recorded()["pillow-P"].items()}
    report = pack(write_folder(tmp_path / "masks", files), reference(tmp_path / "ref"), tmp_path / "s.zip", PackOptions())
    with zipfile.ZipFile(report.output) as archive:
        image = Image.open(io.BytesIO(archive.read("Annotations/one/00000006.png")))
    assert image.getpalette() is not None
    assert (image.getpalette() or [])[3:12] == [128, 0, 0, 0, 128, 0, 128, 128, 0]
