"""DAVIS 2017, unsupervised: nobody says which objects to follow, and the best assignment says which proposal answers which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lvos_eval.protocols.contract import VOID_LABEL, Assignment, EvaluationProtocol, MaskLayout, Pairing, Task
from lvos_eval.protocols.davis_results import DECAY_WRAPS, J_AND_F, LABELS_OF_FIRST_MASK
from lvos_eval.protocols.frames import FrameRule

__all__ = ["PROTOCOLS"]


def _all(count: int) -> Sequence[int]:
    return range(count)


PROTOCOLS: Final = (
    EvaluationProtocol(
        name="davis-2017-unsupervised",
        description="DAVIS 2017, unsupervised: up to 20 proposals for the objects of the first frame, every frame counts, "
        "void counts in neither mask",
        source="github.com/davisvideochallenge/davis2017-evaluation at ac7c43f",
        task=Task.UNSUPERVISED_MULTIPLE,
        layout=MaskLayout(
            digits=5,
            step=1,
            annotations="Annotations_unsupervised/480p",
            images="JPEGImages/480p",
            image_sets="ImageSets/2017",
            newer_image_sets="ImageSets/2019",
        ),
        videos="image sets",
        objects=LABELS_OF_FIRST_MASK,
        frame_rule=FrameRule("every frame of a video counts", _all),
        pairing=Pairing.ASSIGNMENT,
        assignment=Assignment.USED,
        ignored_label=VOID_LABEL,
        submits_void=False,
        refuses_other_labels=True,
        statistics=J_AND_F.statistics,
        summary=J_AND_F.summary,
        files=J_AND_F.files("-{set}"),
        quirks=(
            "the edge of a void area (255 in the ground truth) is a boundary of the object that it cuts",
            "the rows of the official table are counted by proposals: the label of a row is not the id of its object",
            DECAY_WRAPS,
        ),
    ),
)
