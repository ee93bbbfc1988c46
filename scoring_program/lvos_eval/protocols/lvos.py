"""LVOS: its two frame rules and three tasks, six protocols under two names.

`lvos-v1` and `lvos-v2` differ in two things: the first and the last frame of a semi-supervised object are scored or not, and each
toolkit has its own list of unseen videos.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lvos_eval.metrics.definition import temporal_stability
from lvos_eval.protocols.contract import (
    EvaluationProtocol,
    MaskEncoding,
    MaskLayout,
    OfficialFile,
    Pairing,
    PublishedList,
    ScoredObject,
    ScoreRow,
    ScoreTable,
    Statistic,
    Summary,
    Task,
)
from lvos_eval.protocols.frames import FrameRule
from lvos_eval.protocols.statistics import mean, of_contour, of_region

__all__ = ["FRAME_STEP", "LAYOUT", "PROTOCOLS", "SCORE_KEYS", "SEEN", "UNSEEN", "FrameRange", "frame_name"]

FRAME_STEP: Final = 5
"""LVOS annotates every fifth frame of the 30 fps video, that is 6 fps."""

LAYOUT: Final = MaskLayout(digits=8, step=FRAME_STEP)

SEEN: Final = "seen"
UNSEEN: Final = "unseen"
"""Videos of categories that are not in the training set."""

SCORE_KEYS: Final = (
    "Overall",
    "J-Mean",
    "J-seen-Mean",
    "J-unseen-Mean",
    "F-Mean",
    "F-seen-Mean",
    "F-unseen-Mean",
    "V-Mean",
    "V-seen-Mean",
    "V-unseen-Mean",
)
"""The leaderboard's keys in the order in which every output writes them. Never rename one."""


@dataclass(frozen=True, slots=True)
class FrameRange:
    """An object's `frame_range` in the metadata: frames `range(start, end, FRAME_STEP)`, `end` exclusive.

    `frame_nums` is the number of values that the official toolkit averages over; it may be larger than the
    range is long (the surplus counts as zeros) but never smaller.
    """

    start: int
    end: int
    frame_nums: int

    @property
    def frames(self) -> range:
        return range(self.start, self.end, FRAME_STEP)


def frame_name(frame: int) -> str:
    """The file stem of a frame: eight digits."""
    return LAYOUT.name(frame)


def _combine(objects: Sequence[ScoredObject]) -> dict[str, float]:
    """Plain means over the objects of each split, then means of the two splits; those of the other one where a split has none."""
    # sums run as in the official toolkit: over videos, then over objects or, where they are matched, over proposals
    objects = sorted(objects, key=lambda score: (score.video, score.proposal or 0))
    splits = {split: [score for score in objects if score.group == split] for split in (SEEN, UNSEEN)}
    found: dict[str, float] = {}
    for measure in "JFV":
        means = {}
        for split, members in splits.items():
            if members:
                means[split] = float(np.mean([member.values[measure] for member in members]))
                found[f"{measure}-{split}-Mean"] = means[split]
        found[f"{measure}-Mean"] = sum(means.values()) / len(means)
    # the official order: J&F of each split, then the mean of the two
    both = [(found[f"J-{split}-Mean"] + found[f"F-{split}-Mean"]) / 2 for split, members in splits.items() if members]
    found["Overall"] = sum(both) / len(both)
    return found


_SUMMARY: Final = Summary(
    keys=SCORE_KEYS,
    combine=_combine,
    groups=(SEEN, UNSEEN),
    lower_is_better=frozenset({"V", *(key for key in SCORE_KEYS if key.startswith("V-"))}),
    headline=("Overall", "J-seen-Mean", "F-seen-Mean", "J-unseen-Mean", "F-unseen-Mean"),
    title="Overall J&F",
    table=ScoreTable(
        ("Mean", "Seen", "Unseen"),
        tuple(
            ScoreRow(measure, meaning, (f"{measure}-Mean", f"{measure}-seen-Mean", f"{measure}-unseen-Mean"))
            for measure, meaning in (
                ("J", "region similarity"),
                ("F", "contour accuracy"),
                ("V", "temporal deviation, lower is steadier"),
            )
        ),
    ),
)


def _global_results(scores: Mapping[str, float], _: Sequence[ScoredObject]) -> str:
    header = ",".join(["J&F-Mean", *SCORE_KEYS[1:]])
    return f"{header}\n{','.join(f'{scores[key]:.3f}' if key in scores else '' for key in SCORE_KEYS)}\n"


def _per_sequence_results(_: Mapping[str, float], objects: Sequence[ScoredObject]) -> str:
    """The toolkit numbers the objects of a video from 1 in the order of its rows, whatever their ids are."""
    lines, numbers = [], Counter[str]()
    for score in sorted(objects, key=lambda score: (score.video, score.proposal or 0)):
        numbers[score.video] += 1
        values = ",".join(f"{score.values[name]:.3f}" for name in "JFV")
        lines.append(f"{score.video}_{numbers[score.video]},{values}\n")
    return "".join(["Sequence,J-Mean,F-Mean,V-Mean\n", *lines])


def _all(count: int) -> Sequence[int]:
    return range(count)


def _without_ends(count: int) -> Sequence[int]:
    return range(1, count - 1)


def _first_last(count: int) -> Sequence[int]:
    """The salient-object task of the official toolkit files the first frame last."""
    return [*range(1, count), 0][:count]


_EVERY_FRAME: Final = "every frame of an object's range counts"
_RULES: Final[Mapping[str, FrameRule]] = {
    "lvos-v1": FrameRule(_EVERY_FRAME, _all),
    "lvos-v2": FrameRule(
        "an object's first and last frame do not count",
        _without_ends,
        "lvos-v2 leaves out the first and the last frame of each object, lvos-v1 scores them",
    ),
}
_DESCRIPTIONS: Final = {
    "lvos-v1": "LVOS as the toolkit of 2022-23 scores it: every frame of an object counts; 27 unseen videos",
    "lvos-v2": "LVOS as the toolkit of May 2024 scores it: an object's first and last frame do not count; 51 unseen videos",
}
_SOURCES: Final = {
    "lvos-v1": "github.com/LingyiHongfd/lvos-evaluation at 457d397",
    "lvos-v2": "github.com/LingyiHongfd/lvos-evaluation at 25cb02d",
}
_UNSEEN_LISTS: Final = {
    "lvos-v1": PublishedList("lvos_v1_unseen_videos.txt", "LVOS V1"),
    "lvos-v2": PublishedList("lvos_v2_unseen_videos.txt", "LVOS V2"),
}
"""The toolkits of the two ages have lists of their own, and neither holds all of the other."""


def _protocol(name: str, task: Task) -> EvaluationProtocol:
    alone = task is Task.UNSUPERVISED_SINGLE
    return EvaluationProtocol(
        name=name,
        description=_DESCRIPTIONS[name],
        source=_SOURCES[name],
        task=task,
        layout=LAYOUT,
        videos="metadata",
        video_list=PublishedList("lvos_unsupervised_single_videos.txt", "LVOS, single-object unsupervised task")
        if alone
        else None,
        group_list=_UNSEEN_LISTS[name],
        frame_rule={
            Task.SEMI_SUPERVISED: _RULES[name],
            Task.UNSUPERVISED_MULTIPLE: FrameRule(_EVERY_FRAME, _all),
            Task.UNSUPERVISED_SINGLE: FrameRule(_EVERY_FRAME, _first_last),
        }[task],
        encoding=MaskEncoding.SALIENCY if alone else MaskEncoding.LABEL_MAP,
        pairing=Pairing.ASSIGNMENT if task is Task.UNSUPERVISED_MULTIPLE else Pairing.BY_ID,
        upload_folder="Annotations",
        statistics=(
            Statistic("J", of_region(mean)),
            Statistic("F", of_contour(mean)),
            Statistic("V", lambda values: temporal_stability(values.region_similarity, values.contour_accuracy)),
        ),
        summary=_SUMMARY,
        files=(
            OfficialFile("global_results-{set}.csv", _global_results),
            OfficialFile("per-sequence_results-{set}.csv", _per_sequence_results),
        ),
    )


PROTOCOLS: Final = tuple(_protocol(name, task) for name in _RULES for task in Task)
