"""DAVIS 2017, semi-supervised: the benchmark that most others descend from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from lvos_eval.protocols.contract import EvaluationProtocol, MaskLayout, OfficialFile, ScoredObject
from lvos_eval.protocols.davis_results import DECAY_WRAPS, GAPS_ARE_OBJECTS, J_AND_F, LABELS_OF_FIRST_MASK, WITHOUT_ENDS

__all__ = ["PROTOCOLS"]


def _codalab_scores(scores: Mapping[str, float], _: Sequence[ScoredObject]) -> str:
    """What the tool's CodaLab program writes, `evaluation_codalab.py`: the same numbers under other names."""
    names = {key: "GlobalMean" if key == J_AND_F.both else key.replace("-", "") for key in J_AND_F.keys}
    return "".join(f"{name}: {scores[key]:f}\n" for key, name in names.items())


PROTOCOLS: Final = (
    EvaluationProtocol(
        name="davis-2017",
        description="DAVIS 2017, semi-supervised: objects of the first frame, a video's first and last frame do not count",
        source="github.com/davisvideochallenge/davis2017-evaluation at ac7c43f",
        layout=MaskLayout(
            digits=5,
            step=1,
            annotations="Annotations/480p",
            images="JPEGImages/480p",
            image_sets="ImageSets/2017",
        ),
        videos="image sets",
        objects=LABELS_OF_FIRST_MASK,
        frame_rule=WITHOUT_ENDS,
        refuses_other_labels=True,
        statistics=J_AND_F.statistics,
        summary=J_AND_F.summary,
        files=(*J_AND_F.files("-{set}"), OfficialFile("scores.txt", _codalab_scores)),
        quirks=(GAPS_ARE_OBJECTS, DECAY_WRAPS),
    ),
)
