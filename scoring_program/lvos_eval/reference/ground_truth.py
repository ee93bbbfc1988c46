"""The ground truth's masks: their sizes, what each holds, and the digest that seals them all."""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.diagnostics.problems import Problem, Severity
from lvos_eval.formats.files import read_file
from lvos_eval.formats.label_map import DecodedMask
from lvos_eval.formats.mask_fingerprint import shape_digest
from lvos_eval.formats.png import PngError, parse_header
from lvos_eval.formats.regular_files import read_beginning
from lvos_eval.masks.packed import FrameSize
from lvos_eval.protocols.lvos import frame_name
from lvos_eval.reference.dataset import Manifest
from lvos_eval.reference.metadata import ANNOTATIONS

__all__ = [
    "GroundTruthFolder",
    "GroundTruthMask",
    "combine_digests",
    "find_sizes",
    "frame_digest",
    "known_sizes",
    "read_size",
    "survey_mask",
]

_GROUND_TRUTH_BYTES: Final = 1 << 28
_MASKS: Final = "[0-9]" * 8 + ".png"


@dataclass(frozen=True, slots=True)
class GroundTruthFolder:
    """The folder that holds the ground truth of one video."""

    folder: Path

    def read(self, frame: int) -> bytes:
        return read_file(f"{self.folder}/{frame_name(frame)}.png", _GROUND_TRUTH_BYTES)


class GroundTruthMask(NamedTuple):
    """One mask of the reference: its size, pixels by non-zero label, declared or not, and the shapes of its objects."""

    frame: int
    size: FrameSize
    pixels: Mapping[int, int]
    shapes: tuple[bytes, ...]


def read_size(mask: Path) -> FrameSize:
    """The size from the header of a mask file. Raises PngError or OSError."""
    return parse_header(read_beginning(mask, 64)).size


def survey_mask(frame: int, mask: DecodedMask) -> GroundTruthMask:
    """What a decoded mask of the reference holds."""
    visible = {object_id: found for object_id, found in mask.objects.items() if found.area}
    digests = (shape_digest(found, mask.size) for found in visible.values())
    pixels = {object_id: found.area for object_id, found in visible.items()} | dict(mask.unknown)
    return GroundTruthMask(frame, mask.size, pixels, tuple(digest for digest in digests if digest is not None))


def frame_digest(frame: int, mask: DecodedMask) -> bytes:
    """A checksum of the declared objects of a decoded ground-truth mask, not of the file's bytes."""
    digest = hashlib.blake2b(repr((frame, *mask.size)).encode(), digest_size=16)
    for object_id, found in sorted(mask.objects.items()):
        digest.update(repr((object_id, found.top, found.left, found.bits.shape)).encode())
        digest.update(found.bits.astype("<u8", copy=False).data)
    return digest.digest()


def known_sizes(manifest: Manifest) -> dict[str, FrameSize | None]:
    """The size of every video as far as public data tells: its first mask if there is one, else the metadata."""
    sizes: dict[str, FrameSize | None] = {}
    for video in manifest.videos:
        mask = _first_mask(manifest.ground_truth(video.name))
        try:
            sizes[video.name] = read_size(mask) if mask else video.size
        except (PngError, OSError):
            sizes[video.name] = video.size
    return sizes


def _first_mask(folder: Path) -> Path | None:
    return min(folder.glob(_MASKS), default=None) if folder.is_dir() else None


def find_sizes(manifest: Manifest) -> dict[str, FrameSize | None]:
    """The size of every video from its ground truth. Raises ReferenceDataError naming all videos that lack masks."""
    problems = []
    for video in manifest.videos:
        folder = manifest.ground_truth(video.name)
        if not folder.is_dir():
            problems.append(
                Problem("ground-truth", Severity.ERROR, video.name, (), f"no folder {ANNOTATIONS}/{video.name}", "add its masks")
            )
            continue
        with os.scandir(folder) as entries:
            masks = {entry.name for entry in entries if entry.is_file()}
        missing = tuple(frame for frame in video.scored if f"{frame_name(frame)}.png" not in masks)
        if missing:
            message = f"{len(missing)} of {len(video.scored)} scored frames have no ground-truth mask"
            fix = "add them, or exclude the frames in scoring.yaml"
            problems.append(Problem("ground-truth", Severity.ERROR, video.name, missing, message, fix))
    if problems:
        raise ReferenceDataError(problems)
    sizes = known_sizes(manifest)
    for video in manifest.videos:
        if video.scored and video.size is not None and sizes[video.name] != video.size:
            found = sizes[video.name] or "unreadable"
            message = f"the masks are {found} but image_size in the metadata is {video.size}"
            problems.append(Problem("ground-truth", Severity.ERROR, video.name, (), message, "correct the one that is wrong"))
    if problems:
        raise ReferenceDataError(problems)
    return sizes


def combine_digests(manifest: Manifest, digests: Iterable[tuple[str, int, bytes]]) -> str:
    """16 hexadecimal digits for the metadata that counts and every scored ground-truth mask, given as (video, frame, digest)."""
    by_video: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for video, frame, digest in digests:
        by_video[video].append((frame, digest))
    total = hashlib.sha256()
    for item in manifest.videos:
        objects = [(o.object_id, o.range.start, o.range.end, o.range.frame_nums) for o in item.objects]
        total.update(json.dumps([item.name, item.unseen, objects]).encode())
        for _, digest in sorted(by_video[item.name]):
            total.update(digest)
    return total.hexdigest()[:16]
