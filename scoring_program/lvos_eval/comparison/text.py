"""Comparisons as text for a terminal, in 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lvos_eval.comparison.leaderboards import BoardComparison
from lvos_eval.comparison.results import ResultComparison, SignatureDifference
from lvos_eval.comparison.several import SeveralResults
from lvos_eval.diagnostics.terminal import TextStyle
from lvos_eval.diagnostics.text import counted, listed
from lvos_eval.protocols.contract import JF
from lvos_eval.reporting.charts import shorten
from lvos_eval.reporting.html import points

__all__ = ["board_lines", "result_lines", "several_lines", "signature_lines"]

SHOWN: Final = 20
"""At most so many differences of a kind are printed; `--json` and `--html` give them all."""

_HOW: Final = "Pairs are compared by a paired bootstrap over videos, with Holm's correction for their number, at 5 % together."
_NAME: Final = 26
_CELL: Final = 9


def signature_lines(signatures: Sequence[SignatureDifference], style: TextStyle) -> list[str]:
    """Whether the scores may be compared at all."""
    if not signatures:
        return style.wrapped("The signatures are equal: the scores may be compared.")
    lines = style.wrapped("The signatures differ: the scores are not of the same measurement.")
    for item in signatures:
        lines += style.wrapped(f"{item.key}: {item.old or 'none'} -> {item.new or 'none'} ({item.meaning})", "  ", "    ")
    return lines


def result_lines(comparison: ResultComparison, style: TextStyle) -> list[str]:
    """Two results, A and B: scores, the verdict, then objects and videos, the largest difference first."""
    if comparison.same:
        return ["Every number is the same."]
    lines = ["", *style.wrapped(comparison.old, "A: ", "   "), *style.wrapped(comparison.new, "B: ", "   "), ""]
    lines.append(_row("score", ["A", "B", "B - A"]))
    for item in comparison.ordered_scores:
        row = _row(item.key, [_percent(item.old), _percent(item.new), _points(item.difference)])
        lines.append(row + _marked(item.difference, item.key in comparison.lower_is_better, style))
    lines += ["", *_verdict(comparison, style)]
    measures = comparison.measures[:4]
    own = measures[0]
    lines += ["", f"B - A by object, the largest difference of {' or '.join(measures)} first:"]
    lines.append(_row("object", [f"A {own}", f"B {own}", *measures], 7))
    for change in comparison.objects[:SHOWN]:
        differences = (_points(change.differences[name]) for name in measures)
        name = f"{change.video}/{change.object_id}"
        lines.append(_row(name, [_percent(change.old.jf), _percent(change.new.jf), *differences], 7))
    lines += _rest(len(comparison.objects), "object")
    lines += ["", f"B - A by video, the largest difference of {own} first:", _row("video", [f"A {own}", f"B {own}", own])]
    for video in comparison.videos[:SHOWN]:
        lines.append(_row(video.video, [_percent(video.old), _percent(video.new), _points(video.difference)]))
    lines += _rest(len(comparison.videos), "video")
    return lines + _only(comparison.only_old, comparison.only_new, "object", ("A", "B"))


def _verdict(comparison: ResultComparison, style: TextStyle) -> list[str]:
    """Whether the difference is more than chance, in a sentence, and how that was found."""
    paired, key = comparison.paired, comparison.keys[0]
    if paired is None:
        return style.wrapped("No CI: it takes the same objects in both results, and two videos in each group.", later="")
    if paired.low > 0:
        verdict = "B is better"
    elif paired.high < 0:
        verdict = "B is worse"
    else:
        verdict = "A and B are equal" if paired.low == paired.high else "these videos cannot tell which one is better"
    interval = f"[{points(paired.low)}, {points(paired.high)}]"
    how = (
        f"(paired bootstrap over videos, {paired.resamples:,} draws, seed {paired.seed}; B is better in "
        f"{100 * paired.better:.1f} % of them)"
    )
    return style.wrapped(f"{key}: {verdict}; 95 % CI of B - A {interval} {how}", later="  ")


def several_lines(comparison: SeveralResults, style: TextStyle) -> list[str]:
    """Results from the best to the worst with the interval of the first score, then who is better than whom."""
    first, *others = comparison.keys
    if comparison.summary is not None:
        others = [row.keys[0] for row in comparison.summary.table.rows]
    shown = others[:3]
    heads = [key.removesuffix("-Mean") for key in (first, *shown)]
    lines = [f"{'rank':>4}  {'':{_NAME}}" + "".join(f"{head:>9}" for head in heads[:1]) + f"  {'95 % CI':<14}"]
    lines[0] += "".join(f"{head:>7}" for head in heads[1:])
    for item in comparison.standings:
        interval = "-" if item.interval is None else f"[{100 * item.interval.low:.1f}, {100 * item.interval.high:.1f}]"
        row = f"{item.rank:>4}  {shorten(item.name, _NAME):<{_NAME}}{_percent(item.scores.get(first)):>9}  {interval:<14}"
        lines.append(row + "".join(f"{_percent(item.scores.get(key)):>7}" for key in shown))
    lines.append("")
    for position, item in enumerate(comparison.standings[:-1]):
        lines += style.wrapped(f"{item.name} {_beats(comparison, position)}.")
    lines += ["", *style.wrapped(_HOW + (" Intervals come from rounded values." if comparison.rounded else ""), later="")]
    for item in comparison.standings:
        if item.signatures:
            keys = ", ".join(key.key for key in item.signatures)
            lines += style.wrapped(f"{item.name} is not comparable with the best: other {keys} in its signature.")
    return lines


def _beats(comparison: SeveralResults, position: int) -> str:
    """Whom a result is better than, and from whom it cannot be determined."""
    pairs = [verdict for verdict in comparison.verdicts if verdict.first == position]
    told = [comparison.standings[verdict.second].name for verdict in pairs if verdict.told]
    untold = [comparison.standings[verdict.second].name for verdict in pairs if not verdict.told]
    parts = [f"is better than {', '.join(told)}"] if told else []
    parts += [f"cannot be distinguished from {', '.join(untold)}"] if untold else []
    return "; ".join(parts)


def board_lines(comparison: BoardComparison) -> list[str]:
    """Two leaderboards: objects, then submissions, the largest difference first."""
    if comparison.same:
        return [f"Every number of the {counted(comparison.common, 'submission')} is the same."]
    lines = []
    if comparison.objects:
        lines += ["", _row("object", ["submissions", "largest", f"mean {JF}"], 12)]
        for item in comparison.objects[:SHOWN]:
            cells = [str(item.submissions), _points(item.largest), _points(item.mean)]
            lines.append(_row(f"{item.video}/{item.object_id}", cells, 12))
        lines += _rest(len(comparison.objects), "object")
    if comparison.read < comparison.common:
        lines.append(
            f"Objects are compared for {comparison.read} of {counted(comparison.common, 'submission')}; "
            "the others have no results in both."
        )
    lines += ["", f"{'rank':>11} {'old':>8} {'new':>8} {'new - old':>10}  submission"]
    for move in comparison.moves[:SHOWN]:
        ranks = f"{_rank(move.old_rank)} -> {_rank(move.new_rank)}"
        scores = f"{_percent(move.old):>8} {_percent(move.new):>8} {_points(move.difference):>10}"
        lines.append(f"{ranks:>11} {scores}  {move.name}")
    lines += _rest(len(comparison.moves), "submission")
    return lines + _only(comparison.only_old, comparison.only_new, "submission", ("old", "new"))


def _row(name: str, cells: Sequence[str], width: int = _CELL) -> str:
    return f"{shorten(name, _NAME):<{_NAME}}" + "".join(f" {cell:>{width}}" for cell in cells)


def _marked(difference: float | None, lower_is_better: bool, style: TextStyle) -> str:
    """The word for a difference of a score."""
    if not difference:
        return ""
    better = (difference < 0) is lower_is_better
    return f"  {style.paint('better', 'up') if better else style.paint('worse', 'down')}"


def _only(old: Sequence[str], new: Sequence[str], noun: str, names: tuple[str, str]) -> list[str]:
    return [
        f"{counted(len(found), noun)} in {which} only: {listed(found)}"
        for which, found in zip(names, (old, new), strict=True)
        if found
    ]


def _rest(number: int, noun: str) -> list[str]:
    return [f"... and {counted(number - SHOWN, f'more {noun}')}; all are in --json and --html"] if number > SHOWN else []


def _rank(rank: int | None) -> str:
    return "-" if rank is None else str(rank)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f}"


def _points(value: float | None) -> str:
    return "-" if value is None else points(value)
