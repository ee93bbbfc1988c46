"""Reference data of a few small masks, written where a test wants it and broken as the test likes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

SIZE: Final = (36, 48)
"""Height and width of every mask."""

FRAMES: Final = (1, 6, 11, 16)

OBJECTS: Final[Mapping[str, Sequence[int]]] = {"seenOne1": (1, 2), "seenTwo2": (1,), "unseen33": (1, 3)}


def draw(ids: Sequence[int], position: int, size: tuple[int, int] = SIZE) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A label map with one square for each object, which moves with the position."""
    labels = np.zeros(size, np.uint8)
    for row, object_id in enumerate(ids):
        labels[4 + 14 * row : 12 + 14 * row, 3 + 2 * position : 13 + 2 * position] = object_id
    return labels


def save(path: Path, labels: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    """The labels as an 8-bit greyscale PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(labels).save(path)


def mask(folder: Path, video: str, frame: int) -> Path:
    """Where the mask of a frame lies in a reference folder."""
    return folder / "Annotations" / video / f"{frame:08d}.png"


def metadata() -> dict[str, Any]:
    """Metadata that says of every object that it is there in all frames."""
    whole = {"start": str(FRAMES[0]), "end": str(FRAMES[-1] + 5), "frame_nums": str(len(FRAMES))}
    return {
        "videos": {
            video: {"objects": {str(object_id): {"frame_range": dict(whole)} for object_id in ids}}
            for video, ids in OBJECTS.items()
        }
    }


def write_metadata(folder: Path, content: Mapping[str, Any]) -> None:
    (folder / "test_meta.json").write_text(json.dumps(content))


def write_reference(folder: Path, *, shift: int = 0) -> Path:
    """A faultless reference of three videos and twelve masks; `shift` moves every square, for other pixels."""
    for video, ids in OBJECTS.items():
        for position, frame in enumerate(FRAMES):
            save(mask(folder, video, frame), draw(ids, position + shift + len(video) % 3 + sum(ids)))
    write_metadata(folder, metadata())
    (folder / "unseen_videos.txt").write_text("unseen33\n")
    return folder
