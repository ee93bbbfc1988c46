"""Which proposal answers which object in the multi-object unsupervised task.

Each object gets one proposal and each proposal at most one object, such that the sum of the objects' (J + F) / 2 is the largest.
A matched pair is filed under its own object. (The official toolkit files it under another object's name when the
order of objects and proposals differs; the means are the same.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from importlib.util import find_spec
from math import fsum

import numpy as np
from numpy.typing import NDArray

from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.protocols.contract import PROPOSALS
from lvos_eval.reference.manifest import Video
from lvos_eval.scoring.results import ABSENT_PROPOSAL, ObjectFrame

__all__ = ["match_proposals", "require_solver"]


def require_solver() -> None:
    """Raises UsageError where scipy, which solves the assignment, is not installed."""
    if find_spec("scipy") is None:
        raise UsageError("the task unsupervised_multiple needs scipy: pip install scipy")


def match_proposals(video: Video, values: Iterable[ObjectFrame]) -> dict[int, list[ObjectFrame]]:
    """The values of the matched proposal of every object of a video, by object id.

    Every label of PROPOSALS takes part, also one without a pixel: against an invisible object it is right.
    """
    from scipy.optimize import linear_sum_assignment

    pairs: defaultdict[tuple[int, int], dict[int, ObjectFrame]] = defaultdict(dict)
    for value in values:
        assert value.proposal is not None
        pairs[value.object_id, value.proposal][value.frame] = value
    objects = [item for item in video.objects if item.scored.length]
    complete = {
        (item.object_id, proposal): {**pairs[item.object_id, ABSENT_PROPOSAL], **pairs[item.object_id, proposal]}
        for item in objects
        for proposal in PROPOSALS
    }
    quality = np.zeros((len(objects), len(PROPOSALS)))
    for row, item in enumerate(objects):
        for column, proposal in enumerate(PROPOSALS):
            quality[row, column] = _quality(complete[item.object_id, proposal].values(), item.scored.length)
    chosen: NDArray[np.intp]
    _, chosen = linear_sum_assignment(quality, maximize=True)
    return {
        item.object_id: [
            value._replace(proposal=PROPOSALS[column]) for value in complete[item.object_id, PROPOSALS[column]].values()
        ]
        for item, column in zip(objects, chosen.tolist(), strict=True)
    }


def _quality(values: Iterable[ObjectFrame], length: int) -> float:
    """Mean of (J + F) / 2 over `length` values, of which those without a frame are 0; the same for any order of the values."""
    return fsum(value.region_similarity + value.contour_accuracy for value in values) / (2 * length)
