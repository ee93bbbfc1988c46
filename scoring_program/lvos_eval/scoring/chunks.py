"""The work of a run in pieces: consecutive frames of one video, named so that a worker process can do them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from lvos_eval.diagnostics.problems import Problem, frame_ranges
from lvos_eval.execution.workload import cut_up, masks_memory, usual_pixels
from lvos_eval.masks.packed import FrameSize
from lvos_eval.protocols.contract import MaskEncoding, MaskLayout, Measures, Pairing
from lvos_eval.reference.ground_truth import GroundTruthSource, ground_truth_source
from lvos_eval.reference.manifest import Manifest, Video
from lvos_eval.scoring.results import ObjectFrame
from lvos_eval.submission.listing import Submission
from lvos_eval.submission.mask_findings import VideoFindings
from lvos_eval.submission.source import MaskFiles, MaskReader

__all__ = [
    "Chunk",
    "ChunkResult",
    "FrameTask",
    "PredictionSource",
    "frame_tasks",
    "objects_by_frame",
    "plan_chunks",
]


class FrameTask(NamedTuple):
    """One frame: the files of the submitted mask (none: it is not there) and the objects that are scored in it."""

    frame: int
    prediction: MaskFiles
    scored: tuple[int, ...]
    owners: tuple[int, ...] = ()
    """The object of each file, where each object has one."""

    @property
    def asked(self) -> tuple[int, ...]:
        """The scored objects that the files may show."""
        return self.owners or self.scored


class PredictionSource(Protocol):
    """Where submitted masks are read from."""

    def open(self) -> MaskReader:
        """Raises OSError where it is not there any more."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive frames of one video. Without `ground_truth` the masks are only checked."""

    video: str
    ids: tuple[int, ...]
    """The labels that mean something in the ground truth."""
    labels: Sequence[int]
    """The labels that mean something in a submitted mask."""
    size: FrameSize | None
    ground_truth: GroundTruthSource | None
    source: PredictionSource
    frames: tuple[FrameTask, ...]
    encoding: MaskEncoding
    pairing: Pairing
    layout: MaskLayout
    object_folders: bool = False
    """Whether each object has files of its own."""
    ignored: int | None = None
    """The label in the ground truth whose pixels count in neither mask."""
    measures: Measures = Measures.STANDARD

    @property
    def where(self) -> str:
        return f"{self.video} {frame_ranges([task.frame for task in self.frames], self.layout.digits)}"

    @property
    def cost(self) -> int:
        return usual_pixels(self.size) * sum(2 + len(task.scored) for task in self.frames)

    @property
    def memory(self) -> float:
        return masks_memory(usual_pixels(self.size), len({*self.ids, *self.labels}))


@dataclass(slots=True)
class ChunkResult:
    """What a chunk tells: values, findings on the submitted masks, and digests and faults of the ground truth."""

    video: str
    frames: int
    masks: dict[int, bytes | None] = field(default_factory=dict)
    """By frame the `mask_digest` of the very bytes that were scored or checked; None where they could not be read."""
    values: list[ObjectFrame] = field(default_factory=list)
    findings: VideoFindings = field(default_factory=VideoFindings)
    digests: list[tuple[int, bytes]] = field(default_factory=list)
    reference_faults: list[Problem] = field(default_factory=list)


def plan_chunks(
    manifest: Manifest,
    sizes: Mapping[str, FrameSize | None],
    submission: Submission,
    *,
    score: bool,
    source: PredictionSource | None = None,
) -> list[Chunk]:
    """The work of a run as chunks, the most expensive first, so that no core waits for another at the end.

    Without `score` the submission is only checked. Masks are read from its own source unless another one is given.
    """
    protocol = manifest.protocol
    chunks = [
        Chunk(
            video.name,
            protocol.truth_labels(video.ids),
            protocol.labels(video.ids),
            sizes[video.name],
            ground_truth_source(manifest, video) if score else None,
            source or submission.source,
            piece,
            protocol.encoding,
            protocol.pairing,
            manifest.layout(video),
            video.object_folders,
            protocol.ignored_label,
            protocol.measures,
        )
        for video in manifest.videos
        for piece in cut_up(frame_tasks(video, submission, score=score))
    ]
    return sorted(chunks, key=lambda chunk: -chunk.cost)


def frame_tasks(video: Video, submission: Submission, *, score: bool) -> list[FrameTask]:
    """What there is to do for a video of a submission: every scored frame, or, without `score`, those with a mask."""
    masks = submission.masks.get(video.name, {}) if submission.readable else {}
    owners = submission.owners.get(video.name, {})
    return [
        FrameTask(frame, masks.get(frame, ()), scored, owners.get(frame, ()))
        for frame, scored in objects_by_frame(video)
        if score or frame in masks
    ]


def objects_by_frame(video: Video) -> list[tuple[int, tuple[int, ...]]]:
    """Every scored frame of a video, with the objects that are scored in it."""
    scored: dict[int, list[int]] = {frame: [] for frame in video.scored}
    for item in video.objects:
        for frame in item.scored.frames:
            scored[frame].append(item.object_id)
    return [(frame, tuple(ids)) for frame, ids in scored.items()]
