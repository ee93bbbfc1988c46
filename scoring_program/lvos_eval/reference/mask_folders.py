"""Reading a data set that is nothing but masks: `Annotations/<video>/<frame>.png`, without a list or metadata.

Every file is an annotated frame, and every label of a scored one is an object, so that all of them are decoded here. Objects are
in the order in which CPython's sets hold their labels, in which the official means are summed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import counted, listed, printable
from lvos_eval.formats.files import read_file
from lvos_eval.formats.litter import is_litter
from lvos_eval.formats.mask_issues import LabelMapError, MaskError, NotIndexed
from lvos_eval.formats.png import decode_labels, parse_png
from lvos_eval.masks.packed import Labels
from lvos_eval.protocols.contract import EvaluationProtocol, MaskEncoding
from lvos_eval.protocols.frames import FrameList
from lvos_eval.reference.exclusions import excluded_frames
from lvos_eval.reference.ground_truth import GROUND_TRUTH_BYTES
from lvos_eval.reference.manifest import Manifest, Video, VideoObject
from lvos_eval.reference.settings import SETTINGS_FILE, ScoringRules
from lvos_eval.reference.video_lists import VIDEO_NAME

__all__ = ["FolderReader", "labels_in", "read_labels", "read_mask_folders"]

_WORD: Final = 8


def read_mask_folders(
    reference: Path, rules: ScoringRules, protocol: EvaluationProtocol, collector: ProblemCollector, _: bool
) -> Manifest | None:
    """Every folder of masks as a video, in the order of their names."""
    return FolderReader(reference, rules, protocol, collector).read_all()


def read_labels(mask: Path) -> Labels:
    """The label map in a file of the ground truth. Raises MaskError or OSError."""
    header, pixels = parse_png(read_file(str(mask), GROUND_TRUTH_BYTES))
    if not header.kind.is_indexed:
        raise LabelMapError(NotIndexed(header.kind))
    return decode_labels(header, pixels)


def labels_in(labels: Labels) -> list[int]:
    """The labels of a map but for 0, in ascending order."""
    flat = labels.reshape(-1)
    # most of a mask is background, which is skipped eight pixels at a time
    words = flat[: flat.size // _WORD * _WORD].view(np.uint64)
    shown = np.concatenate((words[words != 0].view(np.uint8), flat[words.size * _WORD :]))
    return [label for label in np.flatnonzero(np.bincount(shown)).tolist() if label]


class FolderReader:
    """Looks at one folder after the other; every problem on the way goes to the collector."""

    def __init__(self, reference: Path, rules: ScoringRules, protocol: EvaluationProtocol, collector: ProblemCollector) -> None:
        self.reference = reference
        self.root = reference / protocol.layout.annotations
        self.rules = rules
        self.protocol = protocol
        self._mask = re.compile(rf"([0-9]{{{protocol.layout.digits}}})\.png")
        self.collector = collector
        self._warnings: list[str] = []

    def read_all(self) -> Manifest | None:
        """The manifest; None where there is nothing to go on with."""
        before = len(self.collector)
        annotations = self.protocol.layout.annotations
        names = sorted(self._folders())
        if not names:
            fix = f"give the folder that holds {annotations}/, which holds a folder of masks for each video"
            where = printable(str(self.root))
            self.collector.error("ground-truth", f"there is no folder of a video in {where}", fix)
            return None
        videos = tuple(video for name in names if (video := self.read(name)) is not None)
        for name in sorted(set(self.rules.exclude) - set(names)):
            message = f"`exclude` names a video that {annotations}/ does not have"
            self.collector.error("settings", message, f"correct it in {SETTINGS_FILE}", video=name)
        if len(self.collector) == before and not videos:
            self.collector.error("ground-truth", "no video has an object in a scored frame", "use longer videos")
        unlisted = frozenset(names) - {video.name for video in videos}
        warnings = tuple(self._warnings)
        return Manifest(self.reference, annotations, videos, self.rules, unlisted, warnings, declares_objects=False)

    def _folders(self) -> Iterator[str]:
        for entry in self.root.iterdir() if self.root.is_dir() else ():
            if entry.is_dir() and not is_litter(entry.name):
                if VIDEO_NAME.fullmatch(entry.name):
                    yield entry.name
                else:
                    message = f"the name of the folder {printable(entry.name)} is not a name of a video"
                    self.collector.error("ground-truth", message, "rename it, or take it out")

    def read(self, name: str) -> Video | None:
        """A video with its objects; None where there is nothing to go on with, or no object."""
        folder = self.root / name
        frames = self.frames_of(folder, name)
        if frames is None:
            return None
        excluded = self.excluded(name, frames.frames)
        scored = self.protocol.frame_rule.scored(frames, excluded)
        labels = self._labels(name, folder, scored.frames)
        if labels is None:
            return None
        if not labels:
            found = f"none of its {counted(len(frames.frames), 'annotated frame')} is scored"
            found = "no scored frame shows an object" if scored.length else found
            self._warnings.append(f"{name}: {found}; the video is left out")
            return None
        objects = tuple(VideoObject(label, frames, scored) for label in labels)
        return Video(name, objects, self.protocol.summary.groups[0], excluded=excluded)

    def frames_of(self, folder: Path, video: str) -> FrameList | None:
        """The frames of a folder of masks; None where there are none, or others."""
        masks = sorted(path.name for path in folder.iterdir() if not is_litter(path.name))
        misnamed = [mask for mask in masks if not self._mask.fullmatch(mask)]
        if not misnamed and masks:
            return FrameList(tuple(int(Path(mask).stem) for mask in masks))
        found = f"what is not a mask of a frame: {listed(map(printable, misnamed))}" if misnamed else "no mask"
        digits = self.protocol.layout.digits_of("the")
        place = "" if folder.name == video else f" in {folder.name}/"
        self.collector.error("ground-truth", f"{found}{place}", f"name masks by {digits} of their frames and .png", video=video)
        return None

    def excluded(self, video: str, frames: Sequence[int]) -> frozenset[int]:
        """The frames of a video that the settings exclude."""
        found, idle = excluded_frames(self.rules.exclude.get(video, ()), frozenset(frames))
        for run in idle:
            message = f"{SETTINGS_FILE}: `exclude` names {run.name(self.protocol.layout)}, which is not a frame"
            self.collector.error("settings", message, "correct or delete it", video=video)
        return found

    def _labels(self, video: str, folder: Path, frames: Sequence[int]) -> tuple[int, ...] | None:
        """The labels of these frames; None where one of them cannot be used."""
        found: set[int] = set()
        for frame in frames:
            labels = self.mask(video, folder, frame)
            if labels is None:
                return None
            # the order of a set depends on how it came about
            found.update(set(labels_in(labels)))
        if self.protocol.encoding is MaskEncoding.BINARY and len(found) > 1:
            message = f"the masks hold the labels {listed(sorted(found), 8)}, but a binary mask has one"
            self.collector.error("ground-truth", message, "write 255 where the object is and 0 elsewhere", video=video)
            return None
        return tuple(found)

    def mask(self, video: str, folder: Path, frame: int) -> Labels | None:
        """The label map of a frame; None where it cannot be used."""
        try:
            return read_labels(folder / f"{self.protocol.layout.name(frame)}.png")
        except (MaskError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            message = f"the mask cannot be used ({reason})"
            self.collector.error("ground-truth", message, "put an indexed PNG there", video=video, frames=[frame])
            return None
