"""vos-benchmark, the tool of XMem, Cutie and SAM 2, and DAVIS 2016, which papers score with it today.

It takes any two folders of label maps. An object counts from the first frame on in which either of them shows it; a video that a
submission does not have is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from lvos_eval.protocols.contract import (
    EvaluationProtocol,
    MaskEncoding,
    MaskLayout,
    MissingVideos,
    OfficialFile,
    ScoredObject,
    ScoreRow,
    ScoreTable,
    Start,
    Statistic,
    Summary,
)
from lvos_eval.protocols.frames import FrameRule
from lvos_eval.protocols.statistics import mean, of_contour, of_region

__all__ = ["FRAME_RULE", "PERCENT_SUMMARY", "PROTOCOLS", "SHOWN_EARLY_COUNTS", "STATISTICS", "results_csv"]

SHOWN_EARLY_COUNTS: Final = "an object that a submission shows before the ground truth does counts from there on, with 0"

STATISTICS: Final = (Statistic("J", of_region(mean)), Statistic("F", of_contour(mean)))

_KEYS: Final = ("J&F", "J", "F")
_SHORTEST: Final = len("Global score")


def _without_ends(count: int) -> Sequence[int]:
    return range(1, count - 1)


FRAME_RULE: Final = FrameRule("the first and the last annotated frame do not count", _without_ends)


def _combine(objects: Sequence[ScoredObject]) -> dict[str, float]:
    """Plain means over all objects, each in percent before they are added up."""
    j, f = (float(np.mean([100 * score.values[name] for score in objects])) for name in "JF")
    return dict(zip(_KEYS, ((j + f) / 2, j, f), strict=True))


PERCENT_SUMMARY: Final = Summary(
    keys=_KEYS,
    combine=_combine,
    headline=_KEYS,
    title="J&F",
    table=ScoreTable(("Mean",), (ScoreRow("J", "region similarity", ("J",)), ScoreRow("F", "contour accuracy", ("F",)))),
    perfect=100.0,
)


def results_csv(scores: Mapping[str, float], objects: Sequence[ScoredObject]) -> str:
    """`results.csv`: the scores, then a line an object, in columns of a fixed width."""
    width = max(_SHORTEST, *(len(score.video) for score in objects))

    def line(name: str, label: str, *cells: str) -> str:
        return f"{name:<{width}},{label:>3}, {', '.join(f'{cell:>4}' for cell in cells)}\n"

    lines = [line("sequence", "obj", *_KEYS), line("Global score", "", *(f"{scores[key]:.1f}" for key in _KEYS))]
    for score in objects:
        j, f = 100 * score.values["J"], 100 * score.values["F"]
        lines.append(line(score.video, f"{score.object_id:03d}", f"{(j + f) / 2:.1f}", f"{j:.1f}", f"{f:.1f}"))
    return "".join(lines)


def _protocol(name: str, description: str, layout: MaskLayout, encoding: MaskEncoding) -> EvaluationProtocol:
    return EvaluationProtocol(
        name=name,
        description=description,
        source="github.com/hkchengrex/vos-benchmark at acb4733",
        layout=layout,
        videos="mask folders",
        videos_in_words="every folder of masks",
        objects="the one that is not background"
        if encoding is MaskEncoding.BINARY
        else "every label of a scored mask of the ground truth, 255 too",
        frame_rule=FRAME_RULE,
        encoding=encoding,
        submits_void=False,
        starts=Start.FIRST_PRESENCE,
        missing_videos=MissingVideos.LEFT_OUT,
        statistics=STATISTICS,
        summary=PERCENT_SUMMARY,
        files=(OfficialFile("results.csv", results_csv),),
        quirks=(
            SHOWN_EARLY_COUNTS,
            "a label that only a submission has costs nothing",
        ),
    )


PROTOCOLS: Final = (
    _protocol(
        "vos-benchmark",
        "any label maps as vos-benchmark scores them: every label of the ground truth is an object, from the first frame on that "
        "shows it",
        MaskLayout(digits=5, step=1),
        MaskEncoding.LABEL_MAP,
    ),
    _protocol(
        "davis-2016",
        "DAVIS 2016 as papers score it today: binary masks under the rule of vos-benchmark",
        MaskLayout(digits=5, step=1, annotations="Annotations/480p", images="JPEGImages/480p"),
        MaskEncoding.BINARY,
    ),
)
