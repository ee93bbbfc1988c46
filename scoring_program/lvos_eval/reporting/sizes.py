"""How large objects are, for public ground truth only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lvos_eval.formats.mask_issues import MaskError
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reporting.overlays import decode
from lvos_eval.scoring.results import ObjectFrame

__all__ = ["object_sizes"]


def object_sizes(manifest: Manifest, values: Mapping[tuple[str, int], Sequence[ObjectFrame]]) -> dict[tuple[str, int], float]:
    """By (video, object id): the share of the frame that an object covers in the first scored frame that shows it.

    An object that is never shown has no size, nor has one whose mask is not a label map.
    """
    wanted: dict[tuple[str, int], list[int]] = {}
    for (video, object_id), found in values.items():
        first = next((value.frame for value in found if value.visible), None)
        if first is not None:
            wanted.setdefault((video, first), []).append(object_id)
    sizes: dict[tuple[str, int], float] = {}
    for (video, frame), ids in wanted.items():
        try:
            mask = decode((manifest.ground_truth(video) / f"{manifest.protocol.layout.name(frame)}.png").read_bytes())
        except (MaskError, OSError):
            continue
        areas = np.bincount(mask.ravel(), minlength=256)
        sizes |= {(video, object_id): int(areas[object_id]) / mask.size for object_id in ids if areas[object_id]}
    return sizes
