"""A small reference and submissions to it, whole or with one fault each, as users would make them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lvos_eval.reference.ground_truth import combine_digests, find_sizes
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import Disclosure, load_settings
from lvos_eval.reference.survey import collect_digests, digest_masks, plan_scored
from lvos_eval.scoring.results import Report, RunResult
from lvos_eval.scoring.run import check_submission, score_submission

_Done = TypeVar("_Done")

Labels = NDArray[np.uint8]
Files = dict[str, bytes]

OBJECTS: Final[Mapping[str, tuple[int, ...]]] = {"aVideo01": (1, 2), "bVideo02": (1,), "cVideo03": (1, 2, 4)}
FRAMES: Final = range(1, 52, 5)
"""Every annotated frame; the first and the last one are not scored."""
SCORED: Final = FRAMES[1:-1]
HEIGHT: Final = 48
WIDTH: Final = 64
META: Final = "test_meta.json"


def write_reference(folder: Path, *, masks: str = "all", image_size: bool = True) -> Path:
    """A reference folder; `masks` are `all`, `first` (of each video) or `none`."""
    frame_range = {"start": FRAMES.start, "end": FRAMES.stop, "frame_nums": len(FRAMES)}
    videos: dict[str, Any] = {
        video: {"objects": {str(object_id): {"frame_range": frame_range} for object_id in ids}} for video, ids in OBJECTS.items()
    }
    if image_size:
        for video in videos.values():
            video["image_size"] = [HEIGHT, WIDTH]
    folder.mkdir(parents=True)
    (folder / META).write_text(json.dumps({"videos": videos}))
    (folder / "unseen_videos.txt").write_text("cVideo03\n")
    shown = {"all": FRAMES, "first": FRAMES[:1], "none": FRAMES[:0]}[masks]
    write_folder(
        folder / "Annotations", {f"{video}/{frame:08d}.png": png(labels(video, frame, 1)) for video in OBJECTS for frame in shown}
    )
    return folder


def labels(video: str, frame: int, shift: int = 0) -> Labels:
    """A label map of shape (HEIGHT, WIDTH): a square of 10 x 10 pixels for each object, on its way to the right."""
    content = np.zeros((HEIGHT, WIDTH), np.uint8)
    for row, object_id in enumerate(OBJECTS[video]):
        left = 3 + frame // 5 + shift
        content[2 + 15 * row : 12 + 15 * row, left : left + 10] = object_id
    return content


def png(array: NDArray[Any], **options: Any) -> bytes:
    """The array as Pillow saves it: greyscale, or colours for a third axis."""
    target = io.BytesIO()
    Image.fromarray(array).save(target, "PNG", **options)
    return target.getvalue()


def good_files() -> Files:
    """A submission with nothing to complain about, by path."""
    return {f"{video}/{frame:08d}.png": png(labels(video, frame)) for video in OBJECTS for frame in FRAMES}


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """The files below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def write_zip(path: Path, files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """The files as a zip, in their order."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return path


def watch_nothing(what: str, frames: int, results: Iterable[_Done], /) -> Iterable[_Done]:
    """An observer that prints nothing."""
    return results


def check(submission: Path, reference: Path, *, strict: bool = False) -> Report:
    """The report of `lvos-eval check` in this process."""
    limits = load_settings(reference).limits.archive
    manifest = load_manifest(reference, splits=False)
    return check_submission(submission, manifest, 1, watch_nothing, limits=limits, strict=strict)


def score(submission: Path, reference: Path, *, detail: Disclosure = Disclosure.FULL, strict: bool = False) -> RunResult:
    """The result of `lvos-eval score` in this process."""
    manifest = load_manifest(reference)
    return score_submission(submission, manifest, None, 1, watch_nothing, detail=detail, strict=strict)


def ground_truth_digest(manifest: Manifest) -> str:
    """The digest of the ground truth, from reading it by itself."""
    results = (digest_masks(task) for task in plan_scored(manifest, find_sizes(manifest)))
    return combine_digests(manifest, collect_digests(results))
