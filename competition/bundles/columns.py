"""The columns of the leaderboard: scores that the protocol of every phase gives on its data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from competition.bundles.splits import Split
from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.protocols.contract import ObjectValues, Summary
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.video_lists import UNSEEN_LIST
from lvos_eval.scoring.results import ObjectScore

__all__ = ["Column", "available_keys", "column_title", "leaderboard_columns"]

_TITLES: Final = {"Overall": "J&F"}


@dataclass(frozen=True, slots=True)
class Column:
    """A score on the leaderboard."""

    key: str
    title: str
    lower_is_better: bool


def leaderboard_columns(chosen: Sequence[str], splits: Sequence[Split]) -> tuple[Column, ...]:
    """The chosen keys, or all, as columns.

    Raises ReferenceDataError where the phases have different keys, and where a column would stay empty: Codabench ranks an empty
    score first.
    """
    summary = _common_summary(splits)
    keys = tuple(chosen) or summary.keys
    if keys != tuple(key for key in summary.keys if key in keys):
        raise ReferenceDataError.single(
            "leaderboard",
            f"`leaderboard` has keys that {splits[0].manifest.protocol.name} does not have: {', '.join(keys)}",
            f"use keys of {', '.join(summary.keys)}, or `leaderboard: all`",
        )
    for split in splits:
        _check(split, keys)
    return tuple(Column(key, column_title(key), key in summary.lower_is_better) for key in keys)


def _common_summary(splits: Sequence[Split]) -> Summary:
    summaries = {split.phase.key: split.manifest.protocol.summary for split in splits}
    first, *others = summaries
    other = next((key for key in others if summaries[key].keys != summaries[first].keys), None)
    if other is not None:
        raise ReferenceDataError.single(
            "leaderboard",
            f"one leaderboard cannot show both phases: {first} has the scores {', '.join(summaries[first].keys)}, "
            f"{other} has {', '.join(summaries[other].keys)}",
            "make a competition of its own for each",
        )
    return summaries[first]


def _check(split: Split, keys: Sequence[str]) -> None:
    given = available_keys(split.manifest)
    lacking = [key for key in keys if key not in given]
    if not lacking:
        return
    if len(split.manifest.protocol.summary.groups) > 1:
        why, fix = "no object of that split is scored", f"correct {UNSEEN_LIST}, or "
    else:
        why, fix = "its videos are too short or too long for it", ""
    raise ReferenceDataError.single(
        "leaderboard",
        f"the {split.phase.key} data cannot give {', '.join(lacking)}: {why}",
        f"{fix}leave these keys out of `leaderboard` in competition.yaml: [{', '.join(key for key in keys if key in given)}]",
    )


def available_keys(manifest: Manifest) -> tuple[str, ...]:
    """The scores that a run on this data gives: those of a group without objects are left out, and those that are not a number.

    Whether an object disappears, which some scores are about, is not looked at.
    """
    protocol = manifest.protocol
    objects = []
    for video in manifest.videos:
        for item in video.objects:
            if item.scored.length:
                values = protocol.object_statistics(_perfect(item.scored.length))
                objects.append(ObjectScore(video.name, item.object_id, video.group, (), item.scored.length, values))
    scores = protocol.summary.combine(objects)
    return tuple(key for key in protocol.summary.keys if math.isfinite(scores.get(key, math.nan)))


def _perfect(number: int) -> ObjectValues:
    """So many values of an object that is gone for a while: what is a number depends on how many they are only."""
    visible = np.ones(number, np.bool_)
    visible[number // 3 : 2 * number // 3] = False
    return ObjectValues(np.ones(number), np.ones(number), visible, np.ones(number))


def column_title(key: str) -> str:
    """What the leaderboard calls a score: `J unseen` for `J-unseen-Mean`."""
    return _TITLES.get(key) or key.removesuffix("-Mean").replace("-", " ")
