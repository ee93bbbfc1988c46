"""Scores as plain text: the table for people and the CSV that the official toolkit prints."""

from __future__ import annotations

from collections.abc import Sequence

from lvos_eval.reference.checks import ReferenceSummary
from lvos_eval.reference.settings import Disclosure
from lvos_eval.scoring.publication import OTHER_DIGITS
from lvos_eval.scoring.results import PublishedObject, PublishedScores

__all__ = ["object_csv", "score_table", "summary_table"]


def score_table(scores: PublishedScores) -> str:
    """The scores as a table, in percent with two decimals."""
    width = max(map(len, scores.values))
    lines = [f"{key:<{width}}  {100 * value:6.2f}" for key, value in scores.values.items()]
    digits = 2 if scores.detail is Disclosure.FULL else OTHER_DIGITS - 2
    mean = f"{100 * scores.object_mean:{4 + digits}.{digits}f}"
    return "\n".join([*lines, f"{'J&F-objects':<{width}}  {mean:<6}  (plain mean over objects)"])


def object_csv(objects: Sequence[PublishedObject]) -> str:
    """One line an object, as the official toolkit prints it; `Sequence` is `<video>_<object id>`."""
    means = [name for name in ("J", "F", "V") if all(name in score.values for score in objects)]
    lines = [",".join([score.label, *(f"{score.values[name]:.3f}" for name in means)]) for score in objects]
    return "\n".join([",".join(["Sequence", *(f"{name}-Mean" for name in means)]), *lines])


def summary_table(summary: ReferenceSummary) -> str:
    """What reference data holds, one line a fact."""
    sizes = list(summary.sizes.items())
    listed = ", ".join(f"{size} ({masks})" for size, masks in sizes[:4]) + (f", {len(sizes) - 4} more" if len(sizes) > 4 else "")
    rows = {
        "videos": f"{summary.videos} ({summary.unseen_videos} unseen)",
        "objects": f"{summary.objects} ({summary.unseen_objects} unseen)",
        "frames": f"{summary.scored_frames} scored, {summary.masks} masks",
        "object frames": f"{summary.object_frames}",
        "empty share": f"{100 * summary.empty_share:.1f} % of the object frames show nothing of the object",
        "sizes": listed or "none",
    }
    return "\n".join(f"{name:<13}  {value}" for name, value in rows.items())
