"""Pictures of the worst frames."""

from __future__ import annotations

import base64
import io
import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import RunStoppedError
from lvos_eval.formats.png import parse_png
from lvos_eval.protocols.contract import Task
from lvos_eval.protocols.lvos import LAYOUT
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import ArchiveLimits, ScoringRules
from lvos_eval.reporting.overlays import FALSE_ALARM, FOUND, MISSED, Picture, draw_worst_frames
from lvos_eval.scoring.results import ObjectFrame
from lvos_eval.submission.listing import open_submission

HEIGHT, WIDTH = 36, 64
Labels = NDArray[np.uint8]


def rectangle(left: int, right: int, object_id: int = 1, top: int = 10, bottom: int = 20) -> Labels:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[top:bottom, left:right] = object_id
    return labels


def draw(
    folder: Path,
    truth: dict[int, Labels],
    prediction: dict[int, Labels],
    values: list[ObjectFrame],
    *,
    budget: int = 1_000_000,
    task: Task = Task.SEMI_SUPERVISED,
) -> tuple[Picture, ...]:
    """The pictures of object 1 of one video; `values` have the J&F that decides which frames are the worst."""
    values = [with_j_of(value, truth[value.frame] == 1, prediction[value.frame] == 1) for value in values]
    for masks, place in ((truth, folder / "ref" / "Annotations" / "v"), (prediction, folder / "res" / "v")):
        place.mkdir(parents=True)
        for frame, labels in masks.items():
            Image.fromarray(labels).save(place / f"{frame:08d}.png")
    span = {"start": 1, "end": 5 * len(truth) + 1, "frame_nums": len(truth)}
    (folder / "ref" / "meta.json").write_text(json.dumps({"videos": {"v": {"objects": {"1": {"frame_range": span}}}}}))
    manifest = load_manifest(folder / "ref", ScoringRules("lvos-v1", task, unseen_none=True))
    submission = open_submission(folder / "res", {"v"}, LAYOUT, ArchiveLimits(), ProblemCollector())
    return draw_worst_frames(manifest, submission, {("v", 1): values}, budget).get(("v", 1), ())


def with_j_of(value: ObjectFrame, truth: NDArray[np.bool_], prediction: NDArray[np.bool_]) -> ObjectFrame:
    """The value with the J of the masks, which is checked before they are drawn, and the same J&F."""
    j = int(np.count_nonzero(truth & prediction)) / max(int(np.count_nonzero(truth | prediction)), 1)
    return value._replace(region_similarity=j, contour_accuracy=value.region_similarity + value.contour_accuracy - j)


def decoded(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(picture.uri.split(",")[1]))).convert("RGB")


def colour_at(picture: Picture, x: float, y: float) -> tuple[int, ...]:
    """The colour at a place of the picture, in fractions of its size."""
    image = decoded(picture)
    colour = image.getpixel((int(x * image.width), int(y * image.height)))
    assert isinstance(colour, tuple)
    return tuple(int(channel) for channel in colour)


def value(frame: int, jf: float) -> ObjectFrame:
    return ObjectFrame(1, frame, jf, jf, True)


def test_found_missed_and_false_alarm_pixels_have_their_colours(tmp_path: Path) -> None:
    # 60 columns wide, so the whole frame is shown: missed 2..22, found 22..42, false alarm 42..62
    (picture,) = draw(tmp_path, {6: rectangle(2, 42)}, {6: rectangle(22, 62)}, [value(6, 0.3)])
    assert picture.zoom == 1
    assert colour_at(picture, 12 / 64, 15 / 36) == MISSED
    assert colour_at(picture, 32 / 64, 15 / 36) == FOUND
    stripes = {colour_at(picture, (52 * 5 + shift) / 320, 15 / 36) for shift in range(8)}
    assert FALSE_ALARM in stripes
    assert len(stripes) == 2
    assert colour_at(picture, 0.5, 0.9) not in (*stripes, MISSED, FOUND)


def test_a_plain_picture_is_compressed_by_the_interpreter(tmp_path: Path) -> None:
    """Pillow's own library is another one in nearly every release, and a page has the same bytes with all of them."""
    (picture,) = draw(tmp_path, {6: rectangle(2, 42)}, {6: rectangle(22, 62)}, [value(6, 0.3)])
    header, pixels = parse_png(base64.b64decode(picture.uri.split(",")[1]))
    assert (header.width, header.height, header.depth) == (picture.width, picture.height, 4)
    assert zlib.compress(zlib.decompress(pixels), 6) == pixels


def test_a_small_object_is_shown_closer(tmp_path: Path) -> None:
    (picture,) = draw(tmp_path, {6: rectangle(30, 34, top=16, bottom=20)}, {6: rectangle(0, 0)}, [value(6, 0.0)])
    assert picture.zoom == 4
    assert colour_at(picture, 0.5, 0.5) == MISSED


def test_the_worst_frame_of_all_and_one_at_a_distance_are_shown_in_order_of_time(tmp_path: Path) -> None:
    masks = {1 + 5 * n: rectangle(10, 20) for n in range(20)}
    values = [value(frame, 0.8) for frame in masks]
    values[15] = value(76, 0.1)
    values[14] = value(71, 0.2)
    values[3] = value(16, 0.3)
    assert [picture.frame for picture in draw(tmp_path, masks, masks, values)] == [16, 76]


def test_good_frames_are_not_shown(tmp_path: Path) -> None:
    masks = {6: rectangle(10, 20)}
    assert draw(tmp_path, masks, masks, [value(6, 0.95)]) == ()


def test_the_budget_is_kept(tmp_path: Path) -> None:
    masks = {6: rectangle(10, 20)}
    assert draw(tmp_path, masks, masks, [value(6, 0.1)], budget=10) == ()


def test_the_jpeg_frame_is_the_background_where_there_is_one(tmp_path: Path) -> None:
    photos = tmp_path / "ref" / "JPEGImages" / "v"
    photos.mkdir(parents=True)
    # twice the size of the masks: the box is scaled to it
    Image.new("RGB", (2 * WIDTH, 2 * HEIGHT), (240, 240, 240)).save(photos / "00000006.jpg")
    (picture,) = draw(tmp_path, {6: rectangle(2, 42)}, {6: rectangle(22, 62)}, [value(6, 0.3)])
    assert picture.uri.startswith("data:image/webp;")
    assert min(colour_at(picture, 0.5, 0.9)) > 225


def test_a_broken_jpeg_frame_is_no_background(tmp_path: Path) -> None:
    photos = tmp_path / "ref" / "JPEGImages" / "v"
    photos.mkdir(parents=True)
    (photos / "00000006.jpg").write_bytes(b"\xff\xd8\xff\xe0 no image")
    (picture,) = draw(tmp_path, {6: rectangle(2, 42)}, {6: rectangle(22, 62)}, [value(6, 0.3)])
    assert picture.uri.startswith("data:image/png;")


@pytest.mark.parametrize("task", [Task.UNSUPERVISED_MULTIPLE])
def test_tasks_whose_labels_name_no_object_have_no_pictures(tmp_path: Path, task: Task) -> None:
    masks = {6: rectangle(10, 20)}
    assert draw(tmp_path, masks, masks, [value(6, 0.1)], task=task) == ()


@pytest.mark.parametrize("place", ["ref/Annotations/v", "res/v"])
@pytest.mark.parametrize("change", ["replaced", "gone", "broken"])
def test_a_mask_that_changed_since_it_was_scored_is_not_drawn(place: str, change: str, tmp_path: Path) -> None:
    masks = {6: rectangle(10, 20)}
    draw(tmp_path, masks, {6: rectangle(10, 22)}, [value(6, 0.5)])
    manifest = load_manifest(tmp_path / "ref", ScoringRules("lvos-v1", Task.SEMI_SUPERVISED, unseen_none=True))
    submission = open_submission(tmp_path / "res", {"v"}, LAYOUT, ArchiveLimits(), ProblemCollector())
    path = tmp_path / place / "00000006.png"
    path.unlink()
    if change == "replaced":
        Image.fromarray(rectangle(11, 20)).save(path)
    elif change == "broken":
        path.write_bytes(b"no PNG")
    with pytest.raises(RunStoppedError, match="masks changed after they were scored"):
        draw_worst_frames(manifest, submission, {("v", 1): [ObjectFrame(1, 6, 10 / 12, 0.1, True)]})
