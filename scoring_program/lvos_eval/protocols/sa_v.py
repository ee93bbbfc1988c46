"""SA-V, as its evaluator scores it: a file for each object, each with its own annotated frames."""

from __future__ import annotations

from typing import Final

from lvos_eval.protocols.contract import EvaluationProtocol, MaskLayout, MissingVideos, OfficialFile, Start
from lvos_eval.protocols.vos_benchmark import FRAME_RULE, PERCENT_SUMMARY, SHOWN_EARLY_COUNTS, STATISTICS, results_csv

__all__ = ["PROTOCOLS"]

PROTOCOLS: Final = (
    EvaluationProtocol(
        name="sa-v",
        description="SA-V: a folder of masks for each object, whose own first and last annotated frame do not count; else as "
        "vos-benchmark",
        source="github.com/facebookresearch/sam2 at 2b90b9f",
        layout=MaskLayout(
            digits=5,
            step=4,
            annotations="Annotations_6fps",
            images="JPEGImages_24fps",
            object_folders=True,
        ),
        videos="object folders",
        videos_in_words="every folder of masks",
        objects="every folder of a video; where there is none, every label of a scored mask",
        frame_rule=FRAME_RULE,
        submits_void=False,
        starts=Start.FIRST_PRESENCE,
        missing_videos=MissingVideos.LEFT_OUT,
        statistics=STATISTICS,
        summary=PERCENT_SUMMARY,
        files=(OfficialFile("results.csv", results_csv),),
        quirks=(SHOWN_EARLY_COUNTS,),
    ),
)
