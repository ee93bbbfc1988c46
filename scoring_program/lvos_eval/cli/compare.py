"""`lvos-eval compare`: two results or two leaderboards in, their differences out, the largest first."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lvos_eval.cli.arguments import file_path, path
from lvos_eval.cli.command import Command
from lvos_eval.cli.console import Console
from lvos_eval.cli.options import add_output_options
from lvos_eval.comparison.closeups import Masks
from lvos_eval.comparison.leaderboards import BoardComparison
from lvos_eval.comparison.outputs import compare_outputs, compare_several_outputs, located
from lvos_eval.comparison.page import comparison_page
from lvos_eval.comparison.results import ResultComparison
from lvos_eval.comparison.several import SeveralResults
from lvos_eval.comparison.text import board_lines, result_lines, several_lines, signature_lines
from lvos_eval.diagnostics.errors import ExitCode, UsageError
from lvos_eval.diagnostics.terminal import TextStyle
from lvos_eval.diagnostics.text import printable
from lvos_eval.formats.files import replace_file
from lvos_eval.reference.settings import Disclosure

__all__ = ["COMPARE", "CompareRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRequest:
    """What to compare with what; `page` is where to write the comparison as a page too."""

    outputs: tuple[Path, ...]
    """Two or more."""
    names: tuple[str, ...]
    """What to call them, () for their paths."""
    page: Path | None
    exit_zero: bool
    reference: Path | None
    submissions: tuple[Path, ...]
    """In the order of the outputs, for pictures of what was predicted; () for none."""

    def disclosure(self) -> Disclosure:
        return Disclosure.FULL


def _add_options(parser: argparse.ArgumentParser) -> None:
    what = "results folder, scoring_details.json, output folder of rescore, or leaderboard.json"
    parser.add_argument("first", metavar="A", type=path, help=what)
    parser.add_argument("others", metavar="B", type=path, nargs="+", help="the same; three results or more are ranked")
    parser.add_argument("--html", metavar="FILE", type=file_path, help="write the comparison as a page too")
    parser.add_argument("--names", metavar="NAMES", default="", help="what to call them, such as XMem,Cutie")
    parser.add_argument("--reference", metavar="REF", type=path, help="the data that was scored on, for pictures on the page")
    parser.add_argument(
        "--submissions", metavar="S", type=path, nargs="+", default=[], help="what was scored, in the order of the results"
    )
    parser.add_argument("--exit-zero", action="store_true", help="exit with 0 whether they differ or not")
    add_output_options(parser)


def _request_of(namespace: argparse.Namespace) -> CompareRequest:
    names = tuple(printable(name.strip()) for name in namespace.names.split(",")) if namespace.names else ()
    return CompareRequest(
        outputs=(namespace.first, *namespace.others),
        names=names,
        page=namespace.html,
        exit_zero=namespace.exit_zero,
        reference=namespace.reference,
        submissions=tuple(namespace.submissions),
    )


def _run(request: CompareRequest, _: Disclosure, console: Console) -> ExitCode:
    wanted = len(request.outputs)
    _require_masks(request)
    if request.names and (len(request.names) != wanted or not all(request.names)):
        raise UsageError(f"--names gives {len(request.names)} of {wanted} names: write them in order, separated by commas")
    if request.names and len(set(request.names)) < wanted:
        raise UsageError("--names gives a name twice: write another one")
    comparison: BoardComparison | ResultComparison | SeveralResults
    two = wanted == 2
    comparison = compare_outputs(*request.outputs) if two else compare_several_outputs(request.outputs, request.names)
    content = comparison.content()
    if request.names and not isinstance(comparison, SeveralResults):
        comparison = replace(comparison, old=request.names[0], new=request.names[1])
    page = comparison_page(comparison, _masks(request, comparison)) if request.page is not None else ""
    console.say("\n".join(_lines(comparison, console.style)))
    if request.page is not None:
        replace_file(request.page, page)
        console.say(f"Page: {printable(str(request.page.absolute()))}")
    console.document(content)
    return ExitCode.SUCCESS if comparison.same or request.exit_zero else ExitCode.DIFFERENT


def _require_masks(request: CompareRequest) -> None:
    """Raises UsageError where pictures are asked for and cannot be drawn."""
    if request.reference is None and not request.submissions:
        return
    if request.reference is None or not request.submissions:
        raise UsageError("pictures take both --reference and --submissions")
    if request.page is None:
        raise UsageError("pictures are on the page only: say with --html where to write it")
    if len(request.submissions) != len(request.outputs):
        given, wanted = len(request.submissions), len(request.outputs)
        raise UsageError(f"--submissions gives {given} of {wanted} submissions: name one for each result, in the same order")


def _masks(request: CompareRequest, comparison: BoardComparison | ResultComparison | SeveralResults) -> Masks | None:
    if request.reference is None:
        return None
    if isinstance(comparison, BoardComparison):
        raise UsageError("leaderboards have no pictures: leave out --reference and --submissions")
    files = [located(output) for output in request.outputs]
    return Masks(request.reference, dict(zip(files, request.submissions, strict=True)))


def _lines(comparison: BoardComparison | ResultComparison | SeveralResults, style: TextStyle) -> list[str]:
    if isinstance(comparison, SeveralResults):
        return several_lines(comparison, style)
    signatures = signature_lines(comparison.signatures, style)
    if isinstance(comparison, BoardComparison):
        return signatures + board_lines(comparison)
    return signatures + result_lines(comparison, style)


COMPARE: Final = Command(
    purpose="print the differences between results",
    description="Compares two results or two leaderboards, or ranks three results or more; exit code 0 if every number is "
    "the same, 1 if not.",
    example="lvos-eval compare xmem/ cutie/ sam2/ --names 'XMem,Cutie,SAM 2' --html comparison.html",
    add_options=_add_options,
    request_of=_request_of,
    run=_run,
)
