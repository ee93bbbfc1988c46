"""Which proposal answers which object in the multi-object unsupervised task.

Each object gets one proposal and each proposal at most one object, such that the sum of the objects' (J + F) / 2 is the largest.
A matched pair is filed under its own object. (The official toolkit files it under another object's name when the
order of objects and proposals differs; the means are the same.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from math import fsum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.protocols.contract import PROPOSALS, Assignment
from lvos_eval.reference.manifest import Video, VideoObject
from lvos_eval.scoring.results import ABSENT_PROPOSAL, ObjectFrame

__all__ = ["match_proposals", "require_solver"]


def require_solver() -> None:
    """Raises UsageError where scipy, which solves the assignment, is not installed."""
    if find_spec("scipy") is None:
        raise UsageError("the task unsupervised_multiple needs scipy: pip install scipy")


def match_proposals(
    video: Video, values: Iterable[ObjectFrame], assignment: Assignment = Assignment.ALL
) -> dict[int, list[ObjectFrame]]:
    """The values of the matched proposal of every object of a video, by object id.

    A proposal without a pixel takes part too: against an invisible object it is right.
    """
    pairs: defaultdict[tuple[int, int], dict[int, ObjectFrame]] = defaultdict(dict)
    for value in values:
        assert value.proposal is not None
        pairs[value.object_id, value.proposal][value.frame] = value
    objects = [item for item in video.objects if item.scored.length]
    proposals: Sequence[int] = PROPOSALS
    if assignment is Assignment.USED:
        proposals = range(1, max(len(objects), *(proposal for _, proposal in pairs), 0) + 1)
    complete = {
        (item.object_id, proposal): {**pairs[item.object_id, ABSENT_PROPOSAL], **pairs[item.object_id, proposal]}
        for item in objects
        for proposal in proposals
    }
    solve = _solved_as_davis if assignment is Assignment.USED else _solved
    chosen = solve(objects, proposals, complete)
    return {
        item.object_id: [value._replace(proposal=proposal) for value in complete[item.object_id, proposal].values()]
        for item, proposal in zip(objects, chosen, strict=True)
    }


_Complete: TypeAlias = Mapping[tuple[int, int], Mapping[int, ObjectFrame]]
"""By object id and proposal, the values by frame."""


def _solved(objects: Sequence[VideoObject], proposals: Sequence[int], complete: _Complete) -> list[int]:
    """The proposal of each object."""
    from scipy.optimize import linear_sum_assignment

    quality = np.array(
        [
            [_quality(complete[item.object_id, proposal].values(), item.scored.length) for proposal in proposals]
            for item in objects
        ]
    ).reshape(len(objects), len(proposals))
    chosen: NDArray[np.intp]
    _, chosen = linear_sum_assignment(quality, maximize=True)
    return [proposals[column] for column in chosen.tolist()]


def _solved_as_davis(objects: Sequence[VideoObject], proposals: Sequence[int], complete: _Complete) -> list[int]:
    """The proposal of each object; sums, and the rows of what is solved, are in the order of DAVIS' tool.

    `_evaluate_unsupervised` of github.com/davisvideochallenge/davis2017-evaluation at ac7c43f, `davis2017/evaluation.py`.
    """
    from scipy.optimize import linear_sum_assignment

    quality = np.zeros((len(proposals), len(objects)))
    for row, proposal in enumerate(proposals):
        for column, item in enumerate(objects):
            found = [complete[item.object_id, proposal][frame] for frame in item.scored.frames]
            j = float(np.mean([value.region_similarity for value in found]))
            f = float(np.mean([value.contour_accuracy for value in found]))
            quality[row, column] = (j + f) / 2
    rows, columns = linear_sum_assignment(-quality)
    by_column = dict(zip(columns.tolist(), rows.tolist(), strict=True))
    return [proposals[by_column[column]] for column in range(len(objects))]


def _quality(values: Iterable[ObjectFrame], length: int) -> float:
    """Mean of (J + F) / 2 over `length` values, of which those without a frame are 0; the same for any order of the values."""
    return fsum(value.region_similarity + value.contour_accuracy for value in values) / (2 * length)
