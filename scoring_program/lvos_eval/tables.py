"""Scores as plain text: the table for people and the CSV that the official toolkit prints."""

from __future__ import annotations

from collections.abc import Sequence

from lvos_eval.aggregation import ObjectScore, Scores

__all__ = ["object_csv", "score_table"]


def score_table(scores: Scores) -> str:
    """The ten scores as a table, in percent with two decimals."""
    width = max(map(len, scores.values))
    lines = [f"{key:<{width}}  {100 * value:6.2f}" for key, value in scores.values.items()]
    return "\n".join([*lines, f"{'J&F-objects':<{width}}  {100 * scores.object_mean:6.2f}  (plain mean over objects)"])


def object_csv(objects: Sequence[ObjectScore]) -> str:
    """One line an object, as the official toolkit prints it; `Sequence` is `<video>_<object id>`."""
    lines = [f"{score.video}_{score.id},{score.j:.3f},{score.f:.3f},{score.v:.3f}" for score in objects]
    return "\n".join(["Sequence,J-Mean,F-Mean,V-Mean", *lines])
