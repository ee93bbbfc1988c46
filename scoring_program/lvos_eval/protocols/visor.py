"""VISOR, the video object segmentation of EPIC-KITCHENS: DAVIS' rules, but a video's last frame counts."""

from __future__ import annotations

from typing import Final

from lvos_eval.protocols.contract import EvaluationProtocol, MaskLayout
from lvos_eval.protocols.davis_results import DECAY_WRAPS, GAPS_ARE_OBJECTS, J_AND_F, LABELS_OF_FIRST_MASK, WITHOUT_FIRST

__all__ = ["PROTOCOLS"]

PROTOCOLS: Final = (
    EvaluationProtocol(
        name="visor",
        description="VISOR (EPIC-KITCHENS), semi-supervised: as davis-2017 but only a video's first frame does not count",
        source="github.com/epic-kitchens/VISOR-VOS at 0707a68",
        layout=MaskLayout(
            digits=10,
            step=1,
            annotations="Annotations/480p",
            images="JPEGImages/480p",
            image_sets="ImageSets/2022",
            # where the tool reads them; its converter writes the other ones
            newer_image_sets="ImageSets/2017",
            own_prefixes=True,
        ),
        videos="image sets",
        objects=LABELS_OF_FIRST_MASK,
        frame_rule=WITHOUT_FIRST,
        refuses_other_labels=True,
        statistics=J_AND_F.statistics,
        summary=J_AND_F.summary,
        files=J_AND_F.files("-{set}"),
        quirks=(GAPS_ARE_OBJECTS, DECAY_WRAPS),
    ),
)
