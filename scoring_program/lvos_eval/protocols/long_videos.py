"""Long Videos as the script of AFB-URR scores it: DAVIS' rules, but a video's last frame counts, and white is object 1."""

from __future__ import annotations

from typing import Final

from lvos_eval.protocols.contract import EvaluationProtocol, MaskEncoding, MaskLayout
from lvos_eval.protocols.davis_results import DECAY_WRAPS, GAPS_ARE_OBJECTS, LABELS_OF_FIRST_MASK, WITHOUT_FIRST, j_and

__all__ = ["PROTOCOLS"]

_RESULTS: Final = j_and("NF")

PROTOCOLS: Final = (
    EvaluationProtocol(
        name="long-videos",
        description="Long Videos as AFB-URR scores it: as davis-2017 but only a video's first frame does not count, "
        "and 255 is object 1",
        source="github.com/xmlyqing00/AFB-URR at bbd4339",
        layout=MaskLayout(digits=5, step=1, image_sets="."),
        videos="image sets",
        objects=LABELS_OF_FIRST_MASK,
        frame_rule=WITHOUT_FIRST,
        encoding=MaskEncoding.LABEL_MAP_OR_WHITE,
        refuses_other_labels=True,
        statistics=_RESULTS.statistics,
        summary=_RESULTS.summary,
        files=_RESULTS.files(""),
        quirks=(
            GAPS_ARE_OBJECTS,
            DECAY_WRAPS,
            "most papers score these videos with davis-2017 instead, which leaves out a video's last frame too: other numbers",
        ),
    ),
)
