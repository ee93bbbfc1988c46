"""What a tracker is told of a video before it starts: the mask of each object in its first frame, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.problems import REFERENCE_CODES, Problem
from lvos_eval.masks.packed import WORD, FrameSize, Labels, PackedMask
from lvos_eval.protocols.contract import MaskLayout
from lvos_eval.reference.ground_truth import GroundTruthFolder, ground_truth_source, known_sizes, read_ground_truth
from lvos_eval.reference.manifest import Manifest, Video, VideoObject

__all__ = ["ObjectPrompt", "VideoPrompts", "video_prompts"]


@dataclass(frozen=True, slots=True)
class ObjectPrompt:
    """Where an object is in the frame in which it starts."""

    object_id: int
    frame: int
    area: int
    """Number of pixels; 0 where the ground truth has none there."""
    box: tuple[int, int, int, int] | None
    """Left, top, right and bottom in pixels, the last two behind the object; None where there is no pixel."""


@dataclass(frozen=True, slots=True)
class VideoPrompts:
    """The prompts of one video."""

    video: str
    size: FrameSize
    objects: tuple[ObjectPrompt, ...]
    frames: tuple[int, ...]
    """Those that need a mask in a submission."""

    @property
    def invisible(self) -> tuple[str, ...]:
        """The objects without a pixel in the frame in which they start, as `video/id`."""
        return tuple(f"{self.video}/{prompt.object_id}" for prompt in self.objects if not prompt.area)

    def content(self, layout: MaskLayout, folder: str) -> dict[str, Any]:
        """As JSON has it; the masks lie in `folder`."""

        def mask(prompt: ObjectPrompt) -> str | None:
            return f"{folder}/{self.video}/{layout.name(prompt.frame)}.png" if prompt.area else None

        return {
            "size": [self.size.height, self.size.width],
            "objects": {
                str(prompt.object_id): {"frame": prompt.frame, "mask": mask(prompt), "box": prompt.box, "area": prompt.area}
                for prompt in self.objects
            },
            "frames": list(self.frames),
        }


def video_prompts(manifest: Manifest) -> Iterator[tuple[VideoPrompts, Mapping[int, Labels]]]:
    """The prompts of each video in turn, and the label map of each frame in which an object with pixels starts.

    Of the ground truth only the frames in which objects start are opened. Raises UsageError for a task without prompts and for
    masks that are not label maps, and after the last video ReferenceDataError with every mask that cannot be used.
    """
    if not manifest.protocol.names_objects:
        raise UsageError(f"the task {manifest.protocol.task} has no prompts: a method finds its objects by itself")
    if any(video.object_folders for video in manifest.videos):
        raise UsageError(f"{manifest.protocol.name} has a folder of masks for each object: the first file in it is the prompt")
    sizes = known_sizes(manifest)
    collector = ProblemCollector(REFERENCE_CODES, manifest.protocol.layout.digits)
    for video in manifest.videos:
        found = _prompts(video, ground_truth_source(manifest, video), sizes[video.name], collector)
        if found is not None:
            yield found
    collector.raise_errors()


def _prompts(
    video: Video, source: GroundTruthFolder, size: FrameSize | None, collector: ProblemCollector
) -> tuple[VideoPrompts, Mapping[int, Labels]] | None:
    """The prompts of a video; None, and every fault told, where a mask cannot be used."""
    starts: dict[int, list[VideoObject]] = {}
    for item in video.objects:
        starts.setdefault(item.range.start, []).append(item)
    masks: dict[int, Labels] = {}
    prompts: dict[int, ObjectPrompt] = {}
    faulty = []
    for frame, items in sorted(starts.items()):
        # a decoder knows no other objects than those that start in the frame, so that no other is in what it makes
        decoder = source.decoder([item.object_id for item in items], size)
        mask = read_ground_truth(decoder, source, video.name, frame, source.layout)
        if isinstance(mask, Problem):
            faulty.append(frame)
            what = f"{mask.message}, and {'an object starts' if len(items) == 1 else f'{len(items)} objects start'} there"
            fix = "use a copy of the data that has the mask of the first frame of each object."
            collector.error("ground-truth", f"{what}.", fix, video=video.name, frames=[frame])
            continue
        size = mask.size
        labels = np.zeros((size.height, size.width), np.uint8)
        for object_id, found in mask.objects.items():
            prompts[object_id] = ObjectPrompt(object_id, frame, found.area, _box(found))
            _draw(labels, found, object_id)
        if labels.any():
            masks[frame] = labels
    if faulty or size is None:
        return None
    return VideoPrompts(video.name, size, tuple(prompts[object_id] for object_id in video.ids), video.scored), masks


def _box(mask: PackedMask) -> tuple[int, int, int, int] | None:
    left, right = mask.columns
    return (left, mask.top, right, mask.bottom) if mask.area else None


def _draw(labels: Labels, mask: PackedMask, object_id: int) -> None:
    """Gives the pixels of a mask the label of its object."""
    if mask.area:
        bits = np.unpackbits(mask.bits.astype("<u8", copy=False).view(np.uint8), axis=1, bitorder="little")
        part = labels[mask.top : mask.bottom, mask.left * WORD : mask.right * WORD]
        part[bits[:, : part.shape[1]].astype(np.bool_)] = object_id
