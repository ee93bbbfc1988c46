"""The ground truth's masks: where they lie, their sizes, reading one, and the digest that pins them all."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Final, Protocol

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import ReferenceDataError, raise_if_environmental
from lvos_eval.diagnostics.problems import REFERENCE_CODES, Problem, Severity
from lvos_eval.formats.files import read_beginning, read_file
from lvos_eval.formats.label_map import DecodedMask, Decoder, MaskData, ObjectFilesDecoder
from lvos_eval.formats.mask_issues import MaskError, PngError
from lvos_eval.formats.png import decode_labels, parse_header, parse_png
from lvos_eval.masks.packed import FrameSize, Labels
from lvos_eval.protocols.contract import MaskLayout
from lvos_eval.reference.manifest import Manifest, Video

__all__ = [
    "GROUND_TRUTH_BYTES",
    "GroundTruthFolder",
    "GroundTruthSource",
    "combine_digests",
    "find_sizes",
    "frame_digest",
    "ground_truth_source",
    "known_sizes",
    "read_ground_truth",
    "read_size",
    "refuse_unusable",
]

GROUND_TRUTH_BYTES: Final = 1 << 28
"""At most so large is the file of a mask."""


class GroundTruthSource(Protocol):
    """Where the ground truth of one video is read from."""

    def read(self, frame: int) -> MaskData:
        """The mask's file or files. Raises OSError, or MemberError for one that is too large."""


@dataclass(frozen=True, slots=True)
class GroundTruthFolder:
    """The folder that holds the ground truth of one video."""

    folder: Path
    layout: MaskLayout
    objects: tuple[int, ...] = ()
    """The objects that have folders of their own; none where the masks are label maps."""

    def read(self, frame: int) -> MaskData:
        name = f"{self.layout.name(frame)}.png"
        if not self.objects:
            return read_file(f"{self.folder}/{name}", GROUND_TRUTH_BYTES)
        files = {number: f"{self.folder}/{self.layout.object_name(number)}/{name}" for number in self.objects}
        found = {number: read_file(path, GROUND_TRUTH_BYTES) for number, path in files.items() if os.path.exists(path)}
        if not found:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        return found

    def frames(self) -> list[int]:
        """The frames with a label map, sorted; none where objects have folders of their own."""
        if self.objects or not self.folder.is_dir():
            return []
        start = len(self.layout.prefix)
        return sorted(int(path.stem[start:]) for path in self.folder.glob(_mask_names(self.layout)))

    def label_map(self, frame: int) -> Labels | None:
        """The labels of a frame, of shape (height, width); None where its mask cannot be read or is no label map."""
        try:
            content = self.read(frame)
            if not isinstance(content, bytes):
                return None
            header, pixels = parse_png(content)
            return decode_labels(header, pixels) if header.kind.is_indexed else None
        except (MaskError, OSError):
            return None

    def decoder(self, ids: Sequence[int], size: FrameSize | None) -> Decoder:
        """What decodes the masks."""
        return ObjectFilesDecoder(ids, size) if self.objects else Decoder(ids, size)


def read_size(mask: Path) -> FrameSize:
    """The size from the header of a mask file. Raises PngError or OSError."""
    return parse_header(read_beginning(mask, 64)).size


def read_ground_truth(
    decoder: Decoder, source: GroundTruthSource, video: str, frame: int, layout: MaskLayout
) -> DecodedMask | Problem:
    """The decoded ground truth of a frame, or what is wrong with it. Raises RunStoppedError where the system is at fault."""
    try:
        return decoder.decode(source.read(frame))
    except FileNotFoundError:
        fault = "the ground truth has no mask"
    except OSError as error:
        raise_if_environmental(error, f"the ground-truth mask {video}/{layout.name(frame)}.png")
        fault = f"the ground-truth mask cannot be read ({error.strerror})"
    except MaskError as error:
        fault = f"the ground-truth mask cannot be used ({error})"
    fix = "put an indexed PNG of the video's size there, or exclude the frame in scoring.yaml"
    return Problem("ground-truth", Severity.ERROR, video, (frame,), fault, fix, layout.digits)


def refuse_unusable(faults: Iterable[Problem]) -> None:
    """Raises ReferenceDataError with the masks that could not be used, if there are any, in an order of their own."""
    found = sorted(faults, key=lambda problem: problem.sort_key)
    if found:
        raise ReferenceDataError(found)


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
        folders = (folder for folder, _ in _mask_folders(manifest, video))
        mask = next((mask for folder in folders if (mask := _first_mask(folder, manifest.layout(video)))), None)
        try:
            sizes[video.name] = read_size(mask) if mask else video.size
        except (PngError, OSError):
            sizes[video.name] = video.size
    return sizes


def ground_truth_source(manifest: Manifest, video: Video) -> GroundTruthFolder:
    """Where the ground truth of a video is read from."""
    objects = video.ids if video.object_folders else ()
    return GroundTruthFolder(manifest.ground_truth(video.name), manifest.layout(video), objects)


def _mask_folders(manifest: Manifest, video: Video) -> Iterator[tuple[Path, tuple[int, ...]]]:
    """Every folder of masks of a video, with the frames that are scored of it."""
    folder = manifest.ground_truth(video.name)
    if not video.object_folders:
        yield folder, video.scored
        return
    for item in video.objects:
        yield folder / manifest.protocol.layout.object_name(item.object_id), item.scored.frames


def _first_mask(folder: Path, layout: MaskLayout) -> Path | None:
    return min(folder.glob(_mask_names(layout)), default=None) if folder.is_dir() else None


def _mask_names(layout: MaskLayout) -> str:
    """A pattern of the names of masks."""
    return escape(layout.prefix) + "[0-9]" * layout.digits + ".png"


def find_sizes(manifest: Manifest) -> dict[str, FrameSize | None]:
    """The size of every video from its ground truth. Raises ReferenceDataError naming all videos that lack masks."""
    layout = manifest.protocol.layout
    collector = ProblemCollector(REFERENCE_CODES, layout.digits)
    if manifest.rules.masks is not None and not manifest.masks.is_dir():
        message = f"the masks are to be in {manifest.masks}, and there is no such folder on this machine"
        collector.error("ground-truth", message, "put them there, or correct `masks` in scoring.yaml")
        collector.raise_errors()
    for video in manifest.videos:
        name = manifest.layout(video).name
        for folder, scored in _mask_folders(manifest, video):
            if not folder.is_dir():
                place = f"{manifest.shown_masks}/{folder.relative_to(manifest.masks).as_posix()}"
                collector.error("ground-truth", f"no folder {place}", "add its masks", video=video.name)
                continue
            with os.scandir(folder) as entries:
                masks = {entry.name for entry in entries if entry.is_file()}
            missing = tuple(frame for frame in scored if f"{name(frame)}.png" not in masks)
            if missing:
                message = f"{len(missing)} of {len(scored)} scored frames have no ground-truth mask"
                fix = "add them, or exclude the frames in scoring.yaml"
                collector.error("ground-truth", message, fix, video=video.name, frames=missing)
    collector.raise_errors()
    sizes = known_sizes(manifest)
    for video in manifest.videos:
        if video.scored and video.size is not None and sizes[video.name] != video.size:
            found = sizes[video.name] or "unreadable"
            message = f"the masks are {found} but image_size in the metadata is {video.size}"
            collector.error("ground-truth", message, "correct the one that is wrong", video=video.name)
    collector.raise_errors()
    return sizes


def combine_digests(manifest: Manifest, digests: Iterable[tuple[str, int, bytes]]) -> str:
    """16 hexadecimal digits for the metadata that counts and every scored ground-truth mask, given as (video, frame, digest)."""
    by_video: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for video, frame, digest in digests:
        by_video[video].append((frame, digest))
    total = hashlib.sha256()
    first = manifest.protocol.summary.groups[0]
    for item in manifest.videos:
        objects = [(o.object_id, o.range.start, o.range.end, o.range.frame_nums) for o in item.objects]
        total.update(json.dumps([item.name, item.group != first, objects]).encode())
        for _, digest in sorted(by_video[item.name]):
            total.update(digest)
    return total.hexdigest()[:16]
