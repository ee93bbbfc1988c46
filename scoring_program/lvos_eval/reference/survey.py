"""Reading the ground truth by itself: what every mask holds, and the digest that pins them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lvos_eval.diagnostics.problems import Problem, frame_ranges
from lvos_eval.execution.workload import cut_up, masks_memory, usual_pixels
from lvos_eval.formats.label_map import DecodedMask
from lvos_eval.formats.mask_fingerprint import shape_digest
from lvos_eval.masks.packed import FrameSize
from lvos_eval.reference.ground_truth import (
    GroundTruthFolder,
    frame_digest,
    ground_truth_source,
    read_ground_truth,
    refuse_unusable,
)
from lvos_eval.reference.manifest import Manifest

__all__ = [
    "GroundTruthMask",
    "SurveyResult",
    "SurveyTask",
    "collect_digests",
    "digest_masks",
    "plan_scored",
    "plan_survey",
    "survey_masks",
]


class GroundTruthMask(NamedTuple):
    """One mask of the reference: its size, pixels by non-zero label, declared or not, and the shapes of its objects."""

    frame: int
    size: FrameSize
    pixels: Mapping[int, int]
    shapes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SurveyTask:
    """Consecutive ground-truth masks of one video. Without `size` each may have a size of its own."""

    video: str
    ids: tuple[int, ...]
    size: FrameSize | None
    folder: GroundTruthFolder
    frames: tuple[int, ...]

    @property
    def where(self) -> str:
        return f"{self.video} {frame_ranges(self.frames, self.folder.layout.digits)}"

    @property
    def cost(self) -> int:
        return 2 * len(self.frames) * usual_pixels(self.size)

    @property
    def memory(self) -> float:
        return masks_memory(usual_pixels(self.size), len(self.ids))


@dataclass(slots=True)
class SurveyResult:
    """What the masks of a task hold, in `masks` if that was asked for, and which of them cannot be used."""

    video: str
    frames: int
    masks: list[GroundTruthMask] = field(default_factory=list)
    digests: list[tuple[int, bytes]] = field(default_factory=list)
    faults: list[Problem] = field(default_factory=list)


def plan_survey(
    manifest: Manifest, frames: Mapping[str, Sequence[int]], sizes: Mapping[str, FrameSize | None]
) -> list[SurveyTask]:
    """The work to read these frames of every video, the most expensive first."""
    tasks = [
        SurveyTask(
            video.name,
            manifest.protocol.truth_labels(video.ids),
            sizes.get(video.name),
            ground_truth_source(manifest, video),
            piece,
        )
        for video in manifest.videos
        for piece in cut_up(frames.get(video.name, ()))
    ]
    return sorted(tasks, key=lambda task: -task.cost)


def survey_masks(task: SurveyTask) -> SurveyResult:
    """Everything about the masks of a task; nothing is raised for those that cannot be used."""
    result = SurveyResult(task.video, len(task.frames))
    for frame, mask in _usable_masks(task, result):
        visible = {object_id: found for object_id, found in mask.objects.items() if found.area}
        shapes = [shape for found in visible.values() if (shape := shape_digest(found, mask.size)) is not None]
        pixels = {object_id: found.area for object_id, found in visible.items()} | dict(mask.unknown)
        result.masks.append(GroundTruthMask(frame, mask.size, pixels, tuple(shapes)))
    return result


def digest_masks(task: SurveyTask) -> SurveyResult:
    """As `survey_masks`, without what the masks hold, which a run does not ask."""
    result = SurveyResult(task.video, len(task.frames))
    for _ in _usable_masks(task, result):
        pass
    return result


def _usable_masks(task: SurveyTask, result: SurveyResult) -> Iterator[tuple[int, DecodedMask]]:
    """The decoded masks by frame; digests and faults are added to the result."""
    decoder = task.folder.decoder(task.ids, task.size)
    for frame in task.frames:
        mask = read_ground_truth(decoder, task.folder, task.video, frame, task.folder.layout)
        if isinstance(mask, Problem):
            result.faults.append(mask)
        else:
            result.digests.append((frame, frame_digest(frame, mask)))
            yield frame, mask


def plan_scored(manifest: Manifest, sizes: Mapping[str, FrameSize | None]) -> list[SurveyTask]:
    """The work to read every scored mask."""
    return plan_survey(manifest, {video.name: video.scored for video in manifest.videos}, sizes)


def collect_digests(results: Iterable[SurveyResult]) -> list[tuple[str, int, bytes]]:
    """(video, frame, digest) of every mask. Raises ReferenceDataError after the last one if any mask could not be used."""
    digests: list[tuple[str, int, bytes]] = []
    faults: list[Problem] = []
    for result in results:
        digests += [(result.video, frame, digest) for frame, digest in result.digests]
        faults += result.faults
    refuse_unusable(faults)
    return digests
