"""The command line: arguments in, exit code out. Every message to a person passes through here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from lvos_eval.cli.check import CHECK
from lvos_eval.cli.check_reference import CHECK_REFERENCE
from lvos_eval.cli.command import Command
from lvos_eval.cli.compare import COMPARE
from lvos_eval.cli.console import SHORT_OF_MEMORY, Console, interruption_text
from lvos_eval.cli.explain import EXPLAIN
from lvos_eval.cli.pack import PACK
from lvos_eval.cli.prepare import PREPARE
from lvos_eval.cli.protocols import PROTOCOLS
from lvos_eval.cli.rescore import RESCORE
from lvos_eval.cli.score import PLATFORM_SCORE, SCORE
from lvos_eval.diagnostics.errors import ExitCode, ReferenceDataError, RunStoppedError, UsageError, format_traceback
from lvos_eval.diagnostics.terminal import TextStyle, render_problems
from lvos_eval.diagnostics.text import printable
from lvos_eval.execution.lifecycle import print_line
from lvos_eval.reference.settings import Disclosure
from lvos_eval.version import ISSUES, __version__

__all__ = ["COMMANDS", "main", "platform_main"]


COMMANDS: Final[Mapping[str, Command[Any]]] = {
    "score": SCORE,
    "check": CHECK,
    "check-reference": CHECK_REFERENCE,
    "rescore": RESCORE,
    "compare": COMPARE,
    "pack": PACK,
    "prepare": PREPARE,
    "explain": EXPLAIN,
    "protocols": PROTOCOLS,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """`lvos-eval`: runs one command and returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="lvos-eval",
        description="Checks and scores submissions to LVOS video-object-segmentation challenges.",
        epilog=f"example: {CHECK.example}",
    )
    parser.add_argument("--version", action="version", version=f"lvos-eval {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for name, command in COMMANDS.items():
        command.add_options(
            commands.add_parser(name, help=command.purpose, description=command.description, epilog=f"example: {command.example}")
        )
    namespace = parser.parse_args(arguments)
    return _guarded(COMMANDS[namespace.command], namespace)


def platform_main(arguments: Sequence[str] | None = None) -> int:
    """`evaluate.py INPUT OUTPUT`: `score` on the platforms' folder layout, with public detail unless told otherwise."""
    parser = argparse.ArgumentParser(
        prog="evaluate.py", description=PLATFORM_SCORE.description, epilog=f"example: {PLATFORM_SCORE.example}"
    )
    PLATFORM_SCORE.add_options(parser)
    namespace = parser.parse_args(arguments)
    for folder in (namespace.input, namespace.input / "ref", namespace.input / "res"):
        if not folder.is_dir():
            what = "is a file" if folder.exists() else "is not there"
            parser.error(f"{printable(str(folder))} {what}; INPUT is a folder that holds the folders ref and res")
    return _guarded(PLATFORM_SCORE, namespace)


def _guarded(command: Command[Any], namespace: argparse.Namespace) -> int:
    """Runs the command.

    How much it may show is decided first, once, and for its output and the messages of its exceptions alike; an exception
    that comes before shows none.
    """
    debug: bool = namespace.debug

    def decide_and_run() -> int:
        request = command.request_of(namespace)
        detail = request.disclosure()
        console = Console.of(namespace)
        return _told(lambda: int(command.run(request, detail, console)), debug=debug, messages=detail is Disclosure.FULL)

    return _told(decide_and_run, debug=debug, messages=False)


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
        return fail(ExitCode.REFERENCE, "\n".join(render_problems(fault.problems, TextStyle.of(sys.stderr))))
    except RunStoppedError as fault:
        return fail(ExitCode.STOPPED, f"stopped: {fault}")
    except KeyboardInterrupt as interruption:
        return fail(ExitCode.STOPPED, f"stopped: {interruption_text(interruption)}")
    except MemoryError:
        return fail(ExitCode.STOPPED, f"stopped: {SHORT_OF_MEMORY}")
    except Exception as error:  # noqa: BLE001 - the last resort, which says that the fault is ours
        print_line(sys.stderr, format_traceback(error, messages=messages))
        return fail(ExitCode.UNFORESEEN, f"this is an error in lvos-eval; please report it with the lines above: {ISSUES}")
