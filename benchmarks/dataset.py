"""A generated data set on disk: its manifest, its submissions, the masks that a score needs."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.lvos_like import GROUND_TRUTH
from lvos_eval.protocols.lvos import FRAME_STEP, FrameRange, frame_name, scored_frames
from lvos_eval.reference.dataset import Manifest, Video
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import ScoringRules

__all__ = ["DataSet"]


@dataclass(frozen=True, slots=True)
class DataSet:
    """What `benchmarks.make_data` has written to `folder`."""

    folder: Path

    def manifest(self, frames: int | None = None) -> Manifest:
        """The manifest of the first `frames` annotated frames of every video."""
        manifest = load_manifest(self.folder / GROUND_TRUTH)
        if frames is None:
            return manifest
        return replace(manifest, videos=tuple(_clip(video, frames, manifest.rules) for video in manifest.videos))

    def submission(self, tracker: str, *, zipped: bool) -> Path:
        """The folder or zip of a tracker's masks."""
        return self.folder / (f"{tracker}.zip" if zipped else tracker)

    def needed_masks(self, tracker: str) -> Iterator[tuple[Path, Path]]:
        """Ground truth and prediction of every frame in which an object is scored."""
        manifest = self.manifest()
        for video in manifest.videos:
            for frame in video.scored:
                name = f"{frame_name(frame)}.png"
                yield manifest.ground_truth(video.name) / name, self.folder / tracker / video.name / name

    def touch(self) -> None:
        """Reads every file once, so that the kernel has it in memory and no measurement waits for a disk."""
        for folder, _, names in os.walk(self.folder):
            for name in names:
                (Path(folder) / name).read_bytes()


def _clip(video: Video, frames: int, rules: ScoringRules) -> Video:
    """The video as if it had been annotated in its first `frames` frames only."""
    first = min(item.range.start for item in video.objects)
    objects = []
    for item in video.objects:
        end = min(item.range.end, first + FRAME_STEP * frames)
        if item.range.start >= end:
            continue
        clipped = FrameRange(item.range.start, end, len(range(item.range.start, end, FRAME_STEP)))
        scored = scored_frames(clipped, rules.protocol, rules.task)
        if scored.frames:
            objects.append(replace(item, range=clipped, scored=scored))
    return replace(video, objects=tuple(objects))
