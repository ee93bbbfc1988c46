"""`lvos-eval compare`: two results or two leaderboards in, their differences out, the largest first."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lvos_eval.cli.arguments import file_path, path
from lvos_eval.cli.command import Command
from lvos_eval.cli.console import Console
from lvos_eval.cli.options import add_output_options
from lvos_eval.comparison.leaderboards import BoardComparison
from lvos_eval.comparison.outputs import compare_outputs
from lvos_eval.comparison.results import ResultComparison, SignatureDifference
from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.diagnostics.text import counted, listed, printable
from lvos_eval.formats.files import replace_file
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.html import points, render
from lvos_eval.version import __version__

__all__ = ["COMPARE", "CompareRequest"]

_SHOWN: Final = 20
"""At most so many differences of a kind are printed on a terminal; `--json` and `--html` give them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRequest:
    """What to compare with what; `page` is where to write the comparison as a page too."""

    old: Path
    new: Path
    page: Path | None

    def disclosure(self) -> Disclosure:
        return Disclosure.FULL


def _add_options(parser: argparse.ArgumentParser) -> None:
    what = "results folder, scoring_details.json, output folder of rescore, or leaderboard.json"
    parser.add_argument("old", metavar="OLD", type=path, help=what)
    parser.add_argument("new", metavar="NEW", type=path, help="the same, to be compared with it")
    parser.add_argument("--html", metavar="FILE", type=file_path, help="write the comparison as a page too")
    add_output_options(parser)


def _request_of(namespace: argparse.Namespace) -> CompareRequest:
    return CompareRequest(old=namespace.old, new=namespace.new, page=namespace.html)


def _run(request: CompareRequest, _: Disclosure, console: Console) -> ExitCode:
    comparison = compare_outputs(request.old, request.new)
    if isinstance(comparison, BoardComparison):
        template, lines = "board_comparison.html.j2", _board_lines(comparison)
    else:
        template, lines = "result_comparison.html.j2", _result_lines(comparison)
    console.say("\n".join([*_signature_lines(comparison.signatures), *lines]))
    if request.page is not None:
        replace_file(request.page, render(template, comparison=comparison, version=__version__))
        console.say(f"Page: {printable(str(request.page.absolute()))}")
    console.document(comparison.content())
    return ExitCode.SUCCESS if comparison.same else ExitCode.DIFFERENT


def _signature_lines(signatures: Sequence[SignatureDifference]) -> list[str]:
    if not signatures:
        return ["The signatures are equal: the scores may be compared."]
    lines = ["The signatures differ: the scores are not of the same measurement."]
    return lines + [f"  {item.key}: {item.old or 'none'} -> {item.new or 'none'} ({item.meaning})" for item in signatures]


def _result_lines(comparison: ResultComparison) -> list[str]:
    if comparison.same:
        return ["Every number is the same."]
    lines = ["", f"{'score':<14} {'old':>8} {'new':>8} {'new - old':>10}"]
    lines += [
        f"{item.key:<14} {_percent(item.old)} {_percent(item.new)} {_points(item.difference)}" for item in comparison.scores
    ]
    paired = comparison.paired
    if paired is not None:
        lines.append("")
        lines.append(
            f"Overall, new - old: {100 * paired.level:.0f} % interval {points(paired.low)} to {points(paired.high)} points, "
            f"better in {100 * paired.better:.1f} % of {paired.resamples} draws of videos (paired bootstrap, seed {paired.seed})."
        )
    lines.append(f"{comparison.verdict}.")
    measures = comparison.measures
    lines += ["", f"{'object':<24} {'J&F old':>8} {'J&F new':>8} " + " ".join(f"{name:>10}" for name in measures)]
    for item in comparison.objects[:_SHOWN]:
        differences = " ".join(_points(item.differences[name]) for name in measures)
        lines.append(f"{f'{item.video}/{item.object_id}':<24} {_percent(item.old.jf)} {_percent(item.new.jf)} {differences}")
    lines += _rest(len(comparison.objects), "object")
    lines += ["", f"{'video':<24} {'J&F old':>8} {'J&F new':>8} {'J&F':>10}"]
    for video in comparison.videos[:_SHOWN]:
        lines.append(f"{video.video:<24} {_percent(video.old)} {_percent(video.new)} {_points(video.difference)}")
    lines += _rest(len(comparison.videos), "video")
    return lines + _only(comparison.only_old, comparison.only_new, "object")


def _board_lines(comparison: BoardComparison) -> list[str]:
    if comparison.same:
        return [f"Every number of the {counted(comparison.common, 'submission')} is the same."]
    lines = []
    if comparison.objects:
        lines += ["", f"{'object':<24} {'submissions':>11} {'largest':>10} {'mean J&F':>10}"]
        for item in comparison.objects[:_SHOWN]:
            lines.append(
                f"{f'{item.video}/{item.object_id}':<24} {item.submissions:>11} {_points(item.largest)} {_points(item.mean)}"
            )
        lines += _rest(len(comparison.objects), "object")
    if comparison.read < comparison.common:
        lines.append(
            f"Objects are compared for {comparison.read} of {counted(comparison.common, 'submission')}; "
            "the others have no results in both."
        )
    lines += ["", f"{'rank':>11} {'old':>8} {'new':>8} {'new - old':>10}  submission"]
    for move in comparison.moves[:_SHOWN]:
        ranks = f"{_rank(move.old_rank)} -> {_rank(move.new_rank)}"
        lines.append(f"{ranks:>11} {_percent(move.old)} {_percent(move.new)} {_points(move.difference)}  {move.name}")
    lines += _rest(len(comparison.moves), "submission")
    return lines + _only(comparison.only_old, comparison.only_new, "submission")


def _only(old: Sequence[str], new: Sequence[str], noun: str) -> list[str]:
    return [
        f"{counted(len(names), noun)} in the {which} result only: {listed(names)}"
        for which, names in (("old", old), ("new", new))
        if names
    ]


def _rest(number: int, noun: str) -> list[str]:
    return [f"... and {counted(number - _SHOWN, f'more {noun}')}; all are in --json and --html"] if number > _SHOWN else []


def _rank(rank: int | None) -> str:
    return "-" if rank is None else str(rank)


def _percent(value: float | None) -> str:
    return f"{'-':>8}" if value is None else f"{100 * value:8.2f}"


def _points(value: float | None) -> str:
    return f"{'-' if value is None else points(value):>10}"


COMPARE: Final = Command(
    purpose="tell the differences between two results",
    description="Compares two results, or two leaderboards; exit code 0 if every number is the same, 1 if not.",
    example="lvos-eval compare before/ after/",
    add_options=_add_options,
    request_of=_request_of,
    run=_run,
)
