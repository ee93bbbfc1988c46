"""The command line: arguments in, exit code out. Every message to a person passes through here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from lvos_eval import __version__
from lvos_eval.cli.arguments import path
from lvos_eval.cli.check import run_check
from lvos_eval.cli.check_reference import run_check_reference
from lvos_eval.cli.compare import add_compare
from lvos_eval.cli.console import SHORT_OF_MEMORY, interruption_text
from lvos_eval.cli.options import add_common_options, requested_detail
from lvos_eval.cli.rescore import add_rescore
from lvos_eval.cli.score import add_scoring_options
from lvos_eval.diagnostics.errors import ExitCode, ReferenceDataError, RunStoppedError, UsageError, format_traceback
from lvos_eval.diagnostics.problems import render_problems
from lvos_eval.diagnostics.text import printable
from lvos_eval.execution.lifecycle import print_line
from lvos_eval.reference.settings import Disclosure

__all__ = ["main", "platform_main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """`lvos-eval`: runs one command and returns its exit code."""
    parser = _command_parser()
    return _guarded(parser.parse_args(arguments))


def platform_main(arguments: Sequence[str] | None = None) -> int:
    """`evaluate.py INPUT OUTPUT`: `score` on the platforms' folder layout, with public detail unless told otherwise."""
    parser = argparse.ArgumentParser(
        prog="evaluate.py",
        description="Scores INPUT/res against INPUT/ref and writes scores and a page to OUTPUT.",
        epilog="example: python evaluate.py /app/input /app/output",
    )
    parser.add_argument("input", metavar="INPUT", type=path, help="folder with ref/ (reference data) and res/ (the submission)")
    parser.add_argument("output", metavar="OUTPUT", type=path, help="folder to write to")
    add_scoring_options(parser, Disclosure.PUBLIC)
    options = parser.parse_args(arguments)
    options.submission, options.reference = options.input / "res", options.input / "ref"
    for folder in (options.input, options.reference, options.submission):
        if not folder.is_dir():
            what = "is a file" if folder.exists() else "is not there"
            parser.error(f"{printable(str(folder))} {what}; INPUT is a folder that holds the folders ref and res")
    options.foreign = True
    return _guarded(options)


def _command_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lvos-eval",
        description="Checks and scores submissions to LVOS video-object-segmentation challenges.",
        epilog="example: lvos-eval check submission.zip --reference valid_meta.json",
    )
    parser.add_argument("--version", action="version", version=f"lvos-eval {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    score = commands.add_parser(
        "score",
        help="check and score a submission",
        description="Checks and scores a folder or zip of masks against reference data with ground truth.",
        epilog="example: lvos-eval score submission.zip --reference lvos_valid/ --output results/",
    )
    score.add_argument("submission", metavar="SUBMISSION", type=path, help="folder or zip of indexed PNG masks")
    score.add_argument("--reference", metavar="REF", type=path, required=True, help="folder with the metadata and Annotations/")
    score.add_argument("--output", metavar="OUT", type=path, required=True, help="folder to write scores and page to")
    add_scoring_options(score, Disclosure.FULL)
    check = commands.add_parser(
        "check",
        help="tell everything that is wrong with a submission",
        description="Checks completeness and format of a submission; needs the public metadata only, no ground truth.",
        epilog="example: lvos-eval check submission.zip --reference valid_meta.json",
    )
    check.add_argument("submission", metavar="SUBMISSION", type=path, help="folder or zip of indexed PNG masks")
    check.add_argument("--reference", metavar="REF", type=path, required=True, help="metadata file, or the folder that holds it")
    add_common_options(check)
    check.set_defaults(run=run_check, default_detail=Disclosure.FULL)
    reference = commands.add_parser(
        "check-reference",
        help="find every fault of reference data",
        description="Looks at settings, metadata, lists and every ground-truth mask, and prints the digest that seals them.",
        epilog="example: lvos-eval check-reference lvos_test/",
    )
    reference.add_argument("reference", metavar="REF", type=path, help="folder with the metadata and Annotations/")
    add_common_options(reference)
    reference.set_defaults(run=run_check_reference, default_detail=Disclosure.PUBLIC)
    add_rescore(commands)
    add_compare(commands)
    return parser


def _guarded(options: argparse.Namespace) -> int:
    """Runs the command.

    How much it may show is decided first, once, and for its output and the messages of its exceptions alike; an exception
    that comes before shows none.
    """

    def decide_and_run() -> int:
        detail = requested_detail(options)
        return _told(lambda: int(options.run(options, detail)), debug=options.debug, messages=detail is Disclosure.FULL)

    return _told(decide_and_run, debug=options.debug, messages=False)


def _told(work: Callable[[], int], *, debug: bool, messages: bool) -> int:
    """The exit code of some work; every exception becomes one, with text on stderr.

    `messages`: whether that of an exception which nobody foresaw may be printed: it may hold parts of hidden ground truth.
    """

    def fail(code: ExitCode, message: str) -> int:
        error = sys.exception()
        if debug and code is not ExitCode.UNFORESEEN and error is not None:
            print_line(sys.stderr, format_traceback(error, messages=messages))
        print_line(sys.stderr, message)
        return code

    try:
        return work()
    except UsageError as fault:
        return fail(ExitCode.USAGE, str(fault))
    except ReferenceDataError as fault:
        return fail(ExitCode.REFERENCE, "\n".join(render_problems(fault.problems)))
    except RunStoppedError as fault:
        return fail(ExitCode.STOPPED, f"stopped: {fault}")
    except KeyboardInterrupt as interruption:
        return fail(ExitCode.STOPPED, f"stopped: {interruption_text(interruption)}")
    except MemoryError:
        return fail(ExitCode.STOPPED, f"stopped: {SHORT_OF_MEMORY}")
    except Exception as error:  # noqa: BLE001 - the last resort, which says that the fault is ours
        print_line(sys.stderr, format_traceback(error, messages=messages))
        return fail(ExitCode.UNFORESEEN, "this is a fault of lvos-eval; please report it with the lines above")
