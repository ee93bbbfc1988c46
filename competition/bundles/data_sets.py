"""Data sets of other benchmarks, whose lists and masks say which videos, frames and objects there are, as a bundle has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from competition.bundles.zips import Members
from lvos_eval.formats.label_png import encode_labels
from lvos_eval.formats.litter import is_litter
from lvos_eval.formats.text_files import read_text
from lvos_eval.masks.packed import FrameSize
from lvos_eval.reference.ground_truth import find_sizes
from lvos_eval.reference.manifest import Manifest, Video
from lvos_eval.reference.metadata import METADATA_NAMES

__all__ = ["data_set_members", "stand_in_members"]

_BLACK: Final = bytes(3)
_WHOLE: Final = FrameSize(1, 1)


def data_set_members(manifest: Manifest) -> Members:
    """The list or the metadata, and every mask of the videos that it names: each file is a frame."""
    annotations = manifest.protocol.layout.annotations
    members = dict(_public_members(manifest))
    for name in _folders(manifest):
        members |= {f"{annotations}/{name}/{mask}": manifest.ground_truth(name) / mask for mask in _masks(manifest, name)}
    return members


def stand_in_members(manifest: Manifest) -> Members:
    """The same for checking submissions: masks that show only their size and, one pixel each, the labels of the objects."""
    annotations = manifest.protocol.layout.annotations
    members = dict(_public_members(manifest, [video.name for video in manifest.videos]))
    sizes = find_sizes(manifest)
    for video in manifest.videos:
        size = sizes[video.name] or _WHOLE
        empty, marked = _stand_in(size, ()), _marked(manifest, video)
        for mask in _masks(manifest, video.name):
            content = _stand_in(size, marked[mask]) if mask in marked else empty
            members[f"{annotations}/{video.name}/{mask}"] = content
    return members


def _public_members(manifest: Manifest, names: Sequence[str] | None = None) -> Iterator[tuple[str, bytes | Path]]:
    """The list of videos, with other `names` if they are given, or the files of metadata."""
    layout = manifest.protocol.layout
    if not layout.image_sets:
        for name in METADATA_NAMES:
            if (manifest.folder / name).is_file():
                yield name, manifest.folder / name
        return
    file = _list(manifest)
    content = file if names is None else "".join(f"{name}\n" for name in names).encode()
    yield PurePosixPath(layout.image_sets, file.name).as_posix(), content


def _list(manifest: Manifest) -> Path:
    layout = manifest.protocol.layout
    folders = [manifest.folder / folder for folder in (layout.newer_image_sets, layout.image_sets) if folder]
    return next(path for folder in folders if (path := folder / manifest.metadata_name).is_file())


def _folders(manifest: Manifest) -> list[str]:
    """The videos, and those without a scored object, which a list names all the same."""
    if manifest.protocol.layout.image_sets:
        return [name.strip() for name in read_text(_list(manifest)).splitlines() if name.strip()]
    return sorted(manifest.unlisted | {video.name for video in manifest.videos})


def _masks(manifest: Manifest, video: str) -> list[str]:
    """The files of a video, relative to its folder."""
    folder = manifest.ground_truth(video)
    found = (path.relative_to(folder) for path in folder.rglob("*.png"))
    return sorted(path.as_posix() for path in found if not any(is_litter(part) for part in path.parts))


def _marked(manifest: Manifest, video: Video) -> dict[str, tuple[int, ...]]:
    """The masks that show which objects there are: the first one, and the first one that is scored, by the kind of data."""
    layout = manifest.layout(video)
    marked: dict[str, tuple[int, ...]] = {}
    for item in video.objects:
        for frame in (item.range.frames[0], *item.scored.frames[:1]):
            name = f"{layout.name(frame)}.png"
            if video.object_folders:
                marked[f"{layout.object_name(item.object_id)}/{name}"] = (1,)
            else:
                marked[name] = video.ids
    return marked


def _stand_in(size: FrameSize, labels: Sequence[int]) -> bytes:
    pixels = np.zeros(size, np.uint8)
    pixels.flat[: len(labels)] = labels
    return encode_labels(pixels, _BLACK)
