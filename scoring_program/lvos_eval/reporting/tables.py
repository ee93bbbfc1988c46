"""Scores as tables: for a terminal, for a spreadsheet, for a paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from lvos_eval.diagnostics.terminal import PLAIN, TextStyle
from lvos_eval.diagnostics.text import printable
from lvos_eval.protocols.contract import ADAPTED, ADAPTED_JF, JF, Summary
from lvos_eval.reference.checks import ReferenceSummary
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting import charts
from lvos_eval.reporting.html import confidence_interval
from lvos_eval.scoring.publication import OTHER_DIGITS
from lvos_eval.scoring.results import PublishedObject, PublishedScores

__all__ = ["as_text", "objects_csv", "results_tex", "score_table", "summary_table"]

_WORST: Final = 3
_NAME: Final = 44
"""Columns for the names of rows: with four numbers beside them a table fits in 80."""
_CELL: Final = 9
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
                          "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
"""With these a spreadsheet takes a text for a formula."""
_TEX: Final = {char: f"\\{char}" for char in "&%$#_{}"} | {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
}


def score_table(scores: PublishedScores, summary: Summary, style: TextStyle = PLAIN) -> str:
    """The scores in percent: the one that decides a ranking, all of them, and the worst objects; it fits in 80 columns."""
    head = f"{summary.title}  {style.paint(_percent(scores.overall), 'strong')}"
    if scores.interval is not None:
        head += f"  {confidence_interval(scores.interval, _digits(scores))}"
    columns = summary.table.columns
    lines = [head, "", " " * _NAME + "".join(f"{column:>{_CELL}}" for column in columns)]
    for measure, meaning, keys in summary.table.rows:
        cells = (_percent(scores.shares[key]) if key in scores.shares else "-" for key in keys)
        lines.append(_row(f"{measure}  {meaning}", cells))
    if scores.object_mean is not None and len(summary.groups) > 1:
        title = f"{JF}  plain mean over {len(scores.objects)} objects"
        lines.append(_row(title, [_percent(scores.object_mean, _digits(scores))]))
    return "\n".join([*lines, "", *_worst(scores)])


def _worst(scores: PublishedScores) -> list[str]:
    """The objects with the lowest J&F, or J where there is no F, with every statistic that is a mean."""
    worst = sorted(scores.objects, key=lambda item: (item.jf, item.video, item.object_id))[:_WORST]
    names = [name for name in (ADAPTED_JF, JF, "J", ADAPTED, "F", "V") if all(name in item.measures for item in worst)]
    lines = [_row("worst objects" if len(worst) > 1 else "worst object", names)]
    for item in worst:
        name = f"{printable(item.video)}/{item.object_id}"
        cells = (_percent(item.measures[key], _digits(scores)) for key in names)
        lines.append(_row(f"  {name}", cells))
    return lines


def _row(name: str, cells: Iterable[str]) -> str:
    return f"{charts.shorten(name, _NAME):<{_NAME}}" + "".join(f"{cell:>{_CELL}}" for cell in cells)


def _digits(scores: PublishedScores) -> int:
    """Decimals of a percentage that is none of the scores: one that was rounded away would be a zero that nobody measured."""
    return 2 if scores.detail is Disclosure.FULL else OTHER_DIGITS - 2


def _percent(value: float, digits: int = 2) -> str:
    return f"{100 * value:.{digits}f}"


def objects_csv(objects: Sequence[PublishedObject]) -> str:
    """`objects.csv`: one line an object, every statistic as a fraction, with the digits that the result has."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    names = tuple(dict.fromkeys(name for item in objects for name in item.measures))
    writer.writerow(["video", "object", "group", "frames", *names, "attributes"])
    for item in objects:
        cells = (item.measures.get(name, "") for name in names)
        writer.writerow([as_text(item.video), item.object_id, item.group, item.frames, *cells, " ".join(item.attributes)])
    return target.getvalue()


def as_text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before what looks like one."""
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA_STARTS) or cell.startswith(_FORMULA_STARTS) else cell


def results_tex(name: str, scores: PublishedScores, summary: Summary) -> str:
    """`results.tex`: all scores in percent as a table of LaTeX's package booktabs, the headline first."""
    keys = [*summary.headline, *(key for key in summary.keys if key not in summary.headline)]
    keys = [key for key in keys if key in scores.values]
    heads = " & ".join(_tex(key.removesuffix("-Mean")) for key in keys)
    cells = " & ".join(_percent(scores.shares[key], 1) for key in keys)
    return (
        "% \\usepackage{booktabs}\n"
        f"\\begin{{tabular}}{{l{'c' * len(keys)}}}\n\\toprule\nMethod & {heads} \\\\\n\\midrule\n"
        f"{_tex(name)} & {cells} \\\\\n\\bottomrule\n\\end{{tabular}}\n"
    )


def _tex(text: str) -> str:
    """`text` with every character that LaTeX acts upon made harmless."""
    return "".join(_TEX.get(char, char) for char in printable(text))


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
