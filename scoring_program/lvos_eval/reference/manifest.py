"""What is asked of a submission, as data: videos, their objects and the frames that are scored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lvos_eval import protocols
from lvos_eval.masks.packed import FrameSize
from lvos_eval.protocols.contract import EvaluationProtocol, MaskLayout
from lvos_eval.protocols.frames import AnnotatedFrames, ScoredFrames
from lvos_eval.reference.settings import ScoringRules
from lvos_eval.reference.video_lists import VideoList

__all__ = ["Manifest", "Video", "VideoObject"]


@dataclass(frozen=True, slots=True)
class VideoObject:
    """One annotated object of a video; `object_id` is its label in the masks."""

    object_id: int
    range: AnnotatedFrames
    scored: ScoredFrames


@dataclass(frozen=True, slots=True)
class Video:
    """One video: objects in metadata order, its size where the metadata tells it."""

    name: str
    objects: tuple[VideoObject, ...]
    group: str
    """One of the protocol's."""
    size: FrameSize | None = None
    attributes: tuple[str, ...] = ()
    excluded: frozenset[int] = frozenset()
    """Annotated frames that are left out of scoring."""
    prefix: str | None = None
    """Of the names of its masks, where each video has its own."""
    object_folders: bool = False
    """Whether each object has a folder of masks of its own."""

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(item.object_id for item in self.objects)

    @property
    def scored(self) -> tuple[int, ...]:
        """The frames in which at least one object is scored, sorted."""
        return tuple(sorted({frame for item in self.objects for frame in item.scored.frames}))

    @property
    def annotated(self) -> frozenset[int]:
        """Every frame in the range of an object, scored or not."""
        return frozenset(frame for item in self.objects for frame in item.range.frames)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is asked of a submission. Videos are in the order of the official sums; `folder` holds the metadata."""

    folder: Path
    metadata_name: str
    videos: tuple[Video, ...]
    rules: ScoringRules
    unlisted: frozenset[str] = frozenset()
    """Videos of the metadata that the task does not ask for."""
    warnings: tuple[str, ...] = ()
    """Oddities of the reference data that do not stop a run but must be said."""
    lists: tuple[VideoList, ...] = ()
    """The lists of videos in use."""
    declares_objects: bool = True
    """Whether the data says beside the masks which objects there are; else they are those of the first masks."""

    @property
    def protocol(self) -> EvaluationProtocol:
        """What the rules name."""
        return protocols.get(self.rules.protocol, self.rules.task)

    @property
    def set_name(self) -> str:
        """The set of videos as official files name it: `valid` for `valid_meta.json`."""
        return self.rules.image_set or self.metadata_name.partition(".")[0].partition("_meta")[0]

    @property
    def object_count(self) -> int:
        return sum(1 for video in self.videos for item in video.objects if item.scored.length)

    @property
    def scored_count(self) -> int:
        """Number of frames with at least one scored object."""
        return sum(len(video.scored) for video in self.videos)

    @property
    def excluded(self) -> dict[str, list[int]]:
        """The frames left out of scoring, sorted, for the videos that have some."""
        return {video.name: sorted(video.excluded) for video in self.videos if video.excluded}

    @property
    def list_notes(self) -> tuple[str, ...]:
        """Which lists are in use, where that is not plain from the folder."""
        return tuple(note for found in self.lists for note in found.notes)

    @property
    def masks(self) -> Path:
        """The folder with a folder of ground-truth masks for each video."""
        return self.rules.masks or self.folder / self.protocol.layout.annotations

    @property
    def shown_masks(self) -> str:
        """The same in a message: as `scoring.yaml` has it, else as it lies beside the metadata."""
        return str(self.rules.masks or self.protocol.layout.annotations)

    @property
    def prefixes(self) -> dict[str, str]:
        """What the names of a video's masks begin with, of videos that have a prefix of their own."""
        return {video.name: video.prefix for video in self.videos if video.prefix is not None}

    def layout(self, video: Video) -> MaskLayout:
        """How the masks of a video are named."""
        return self.protocol.layout.for_video(video.prefix)

    def ground_truth(self, video: str) -> Path:
        """The folder with the ground-truth masks of a video."""
        return self.masks / video
