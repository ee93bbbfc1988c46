"""Reading a data set in which an object may have a folder of its own, as in SA-V: `<video>/<object>/<frame>.png`.

Every object has its own annotated frames. A video of nothing but masks has label maps, as in a data set of mask folders.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import listed, printable
from lvos_eval.formats.litter import is_litter
from lvos_eval.protocols.contract import EvaluationProtocol, MaskLayout
from lvos_eval.protocols.frames import FrameList
from lvos_eval.reference.manifest import Manifest, Video, VideoObject
from lvos_eval.reference.mask_folders import FolderReader
from lvos_eval.reference.metadata import ANNOTATIONS
from lvos_eval.reference.settings import ScoringRules

__all__ = ["fits_object_folders", "read_object_folders"]

_OBJECT: Final = re.compile(r"[0-9]{3}")
_MOST: Final = 255


def read_object_folders(
    reference: Path, rules: ScoringRules, protocol: EvaluationProtocol, collector: ProblemCollector, _: bool
) -> Manifest | None:
    """Every folder as a video, in the order of their names."""
    return _ObjectFolderReader(reference, rules, protocol, collector).read_all()


def fits_object_folders(reference: Path, layout: MaskLayout) -> bool:
    """Whether there is the folder of the masks, whose name is like no other."""
    return layout.annotations != ANNOTATIONS and (reference / layout.annotations).is_dir()


class _ObjectFolderReader(FolderReader):
    def read(self, name: str) -> Video | None:
        folder = self.root / name
        entries = sorted(entry.name for entry in folder.iterdir() if not is_litter(entry.name))
        if all(entry.lower().endswith(".png") for entry in entries):
            return super().read(name)
        strays = [entry for entry in entries if not _OBJECT.fullmatch(entry) or int(entry) > _MOST]
        if strays:
            found = f"what is not a folder of an object: {listed(map(printable, strays))}"
            fix = "name the folder of each object by three digits, such as 000"
            self.collector.error("ground-truth", found, fix, video=name)
            return None
        ranges = {entry: self.frames_of(folder / entry, name) for entry in entries}
        frames = {entry: found for entry, found in ranges.items() if found is not None}
        excluded = self.excluded(name, sorted({frame for found in frames.values() for frame in found.frames}))
        objects = tuple(self._object(name, folder / entry, found, excluded) for entry, found in frames.items())
        return Video(name, objects, self.protocol.summary.groups[0], object_folders=True, excluded=excluded)

    def _object(self, video: str, folder: Path, frames: FrameList, excluded: frozenset[int]) -> VideoObject:
        scored = self.protocol.frame_rule.scored(frames, excluded)
        if not any(self._shows(video, folder, frame) for frame in scored.frames):
            message = f"object {folder.name} has no pixel in a scored frame, where the official tool stops"
            fix = "take the folder out, or give it a mask that shows the object"
            self.collector.error("ground-truth", message, fix, video=video)
        return VideoObject(int(folder.name), frames, scored)

    def _shows(self, video: str, folder: Path, frame: int) -> bool:
        """Whether a mask shows its object, or cannot be used, which has been said."""
        labels = self.mask(video, folder, frame)
        return labels is None or bool(np.any(labels))
