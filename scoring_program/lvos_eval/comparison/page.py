"""Comparisons as pages, with pictures."""

from __future__ import annotations

from lvos_eval.comparison.leaderboards import BoardComparison
from lvos_eval.comparison.results import ResultComparison
from lvos_eval.comparison.several import SeveralResults
from lvos_eval.reporting.comparison_charts import Axis, Difference, Pair, against, differences, forest
from lvos_eval.reporting.html import render
from lvos_eval.version import __version__

__all__ = ["comparison_page"]


def comparison_page(comparison: BoardComparison | ResultComparison | SeveralResults) -> str:
    """The page of a comparison of any kind."""
    if isinstance(comparison, BoardComparison):
        return render("board_comparison.html.j2", comparison=comparison, version=__version__)
    if isinstance(comparison, ResultComparison):
        return _two(comparison)
    return _several(comparison)


def _two(comparison: ResultComparison) -> str:
    first = comparison.groups[0] if comparison.groups else None
    pairs = [
        Pair(f"{item.video}/{item.object_id}", item.old.jf, item.new.jf, "seen" if item.new.group in (first, "all") else "unseen")
        for item in comparison.pairs
    ]
    changes = [Difference(item.video, item.difference) for item in comparison.videos]
    return render(
        "result_comparison.html.j2",
        comparison=comparison,
        version=__version__,
        scatter=against(pairs, (comparison.old, comparison.new), comparison.measures[0]) if pairs else "",
        bars=differences(changes, comparison.measures[0]) if changes else "",
    )


def _several(comparison: SeveralResults) -> str:
    key = comparison.keys[0]
    axis = Axis.of((item.scores[key] for item in comparison.standings), (item.interval for item in comparison.standings))
    return render(
        "several_comparison.html.j2",
        comparison=comparison,
        version=__version__,
        axis=axis,
        forests=[forest(item.scores[key], item.interval, axis) for item in comparison.standings],
    )
