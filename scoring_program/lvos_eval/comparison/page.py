"""Comparisons as pages, with pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from markupsafe import Markup

from lvos_eval.comparison.attributes import attribute_means
from lvos_eval.comparison.closeups import MOST_RESULTS, CloseUp, Masks, close_ups
from lvos_eval.comparison.leaderboards import BoardComparison
from lvos_eval.comparison.results import ResultComparison, compare_results
from lvos_eval.comparison.several import SeveralResults
from lvos_eval.protocols.contract import JF, quality_name
from lvos_eval.reporting.comparison_charts import Axis, Difference, Pair, against, differences, forest
from lvos_eval.reporting.html import render
from lvos_eval.reporting.reading import Result
from lvos_eval.reporting.timelines import overlaid_timeline
from lvos_eval.version import __version__

__all__ = ["comparison_page"]


_AGAINST_BEST: Final = 3
"""So many results are drawn against the best one."""


def comparison_page(comparison: BoardComparison | ResultComparison | SeveralResults, masks: Masks | None = None) -> str:
    """The page of a comparison of any kind, with predictions where there are masks.

    Raises UsageError where the masks are not those that were scored, and ReferenceDataError.
    """
    if isinstance(comparison, BoardComparison):
        return render("board_comparison.html.j2", comparison=comparison, version=__version__)
    if isinstance(comparison, ResultComparison):
        return _two(comparison, masks)
    return _several(comparison, masks)


def _two(comparison: ResultComparison, masks: Masks | None) -> str:
    return render(
        "result_comparison.html.j2",
        comparison=comparison,
        version=__version__,
        pictures=_pictures(comparison, (comparison.old, comparison.new), ("A", "B")),
        **_close(comparison.results, ("A", "B"), masks),
    )


def _several(comparison: SeveralResults, masks: Masks | None) -> str:
    key = comparison.keys[0]
    axis = Axis.of((item.scores[key] for item in comparison.standings), (item.interval for item in comparison.standings))
    names = [item.name for item in comparison.standings]
    best = comparison.results[0] if comparison.results else None
    against_best = [
        _pictures(compare_results(best, result), (names[0], name), (names[0], name))
        for name, result in list(zip(names, comparison.results, strict=True))[1 : 1 + _AGAINST_BEST]
        if best is not None
    ]
    return render(
        "several_comparison.html.j2",
        comparison=comparison,
        version=__version__,
        axis=axis,
        forests=[forest(item.scores[key], item.interval, axis) for item in comparison.standings],
        against_best=[pictures for pictures in against_best if pictures.scatter],
        **_close(comparison.results, names, masks),
    )


class Pictures(NamedTuple):
    """The second of two results against the first; empty where they have no object in common, or no video differs."""

    old: str
    new: str
    scatter: Markup
    bars: Markup
    measure: str
    """J&F, or J where there is no F."""


def _pictures(comparison: ResultComparison, names: tuple[str, str], short: tuple[str, str]) -> Pictures:
    first = comparison.groups[0] if comparison.groups else None
    pairs = [
        Pair(f"{item.video}/{item.object_id}", item.old.jf, item.new.jf, "seen" if item.new.group in (first, "all") else "unseen")
        for item in comparison.pairs
    ]
    changes = [Difference(item.video, item.difference) for item in comparison.videos]
    measure = comparison.measures[0]
    scatter = against(pairs, names, measure) if pairs else Markup()
    return Pictures(*short, scatter, differences(changes, measure) if changes else Markup(), measure)


def _close(results: Sequence[Result], names: Sequence[str], masks: Masks | None) -> dict[str, Any]:
    """What the pages of two and of several results show frame by frame and by attribute."""
    found = close_ups(results, masks) if results else ()
    objects = results[0].objects if results else ()
    measure = quality_name(objects[0].values) if objects else JF
    shown = names[:MOST_RESULTS]
    return {
        "measure": measure,
        "close_ups": [(item, _timeline(item, shown, measure)) for item in found],
        "shown": shown,
        "attributes": attribute_means(results) if len(results) else (),
        "names": names,
    }


def _timeline(item: CloseUp, names: Sequence[str], measure: str) -> Markup:
    lines = dict(zip(names, item.frames, strict=True))
    marked = [item.frames[0][item.apart].frame]
    return overlaid_timeline(lines, item.name, marked if item.picture is not None else (), measure)
