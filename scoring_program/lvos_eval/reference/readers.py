"""Who reads which kind of data set: the table to which a further kind adds a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.protocols.contract import EvaluationProtocol
from lvos_eval.reference.image_sets import read_image_set
from lvos_eval.reference.lengths import read_lengths
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.mask_folders import read_mask_folders
from lvos_eval.reference.metadata_videos import read_metadata
from lvos_eval.reference.object_folders import read_object_folders
from lvos_eval.reference.settings import ScoringRules

__all__ = ["READERS", "Reader"]

Reader: TypeAlias = Callable[[Path, ScoringRules, EvaluationProtocol, ProblemCollector, bool], Manifest | None]
"""From the root of a data set what is asked; every problem goes to the collector, and None is for nothing to go on with.

The last argument says whether anybody asks for the groups of videos.
"""

READERS: Final[Mapping[str, Reader]] = {
    "metadata": read_metadata,
    "image sets": read_image_set,
    "lengths": read_lengths,
    "mask folders": read_mask_folders,
    "object folders": read_object_folders,
}
"""By what `EvaluationProtocol.videos` says."""
