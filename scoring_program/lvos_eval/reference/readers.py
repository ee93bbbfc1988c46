"""Who reads which kind of data set: the table to which a further kind adds a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.protocols.contract import EvaluationProtocol, MaskLayout
from lvos_eval.reference.image_sets import fits_image_sets, read_image_set
from lvos_eval.reference.lengths import fits_lengths, read_lengths
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.mask_folders import read_mask_folders
from lvos_eval.reference.metadata_videos import fits_metadata, read_metadata
from lvos_eval.reference.object_folders import fits_object_folders, read_object_folders
from lvos_eval.reference.settings import ScoringRules

__all__ = ["READERS", "Reader"]


class Reader(NamedTuple):
    """What knows a kind of data set."""

    read: Callable[[Path, ScoringRules, EvaluationProtocol, ProblemCollector, bool], Manifest | None]
    """From the root of a data set what is asked; every problem goes to the collector, and None is for nothing to go on with.

    The last argument says whether anybody asks for the groups of videos.
    """
    fits: Callable[[Path, MaskLayout], bool]
    """Whether a folder, or a metadata file, is such a data set with its masks in this layout, and nothing else could be meant."""


def _says_nothing(_: Path, __: MaskLayout) -> bool:
    """Masks alone may be those of any benchmark."""
    return False


READERS: Final[Mapping[str, Reader]] = {
    "metadata": Reader(read_metadata, fits_metadata),
    "image sets": Reader(read_image_set, fits_image_sets),
    "lengths": Reader(read_lengths, fits_lengths),
    "mask folders": Reader(read_mask_folders, _says_nothing),
    "object folders": Reader(read_object_folders, fits_object_folders),
}
"""By what `EvaluationProtocol.videos` says."""
