"""The command line: arguments in, exit code out. Every message to a person passes through here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from lvos_eval.diagnostics.errors import ExitCode, ReferenceDataError, RunStoppedError, UsageError, format_traceback
from lvos_eval.execution.lifecycle import print_line
from lvos_eval.version import ISSUES, __version__

if TYPE_CHECKING:
    from lvos_eval.cli.command import Command

__all__ = ["COMMANDS", "load", "main", "platform_main"]


COMMANDS: Final = ("score", "check", "check-reference", "rescore", "compare", "pack", "prepare", "explain", "protocols")
_EXAMPLE: Final = "lvos-eval check submission.zip --reference valid_meta.json"


def load(name: str) -> Command[Any]:
    """One of `COMMANDS`. What it needs is loaded only now: most of the time that a short command takes."""
    match name:
        case "score":
            from lvos_eval.cli.score import SCORE

            return SCORE
        case "check":
            from lvos_eval.cli.check import CHECK

            return CHECK
        case "check-reference":
            from lvos_eval.cli.check_reference import CHECK_REFERENCE

            return CHECK_REFERENCE
        case "rescore":
            from lvos_eval.cli.rescore import RESCORE

            return RESCORE
        case "compare":
            from lvos_eval.cli.compare import COMPARE

            return COMPARE
        case "pack":
            from lvos_eval.cli.pack import PACK

            return PACK
        case "prepare":
            from lvos_eval.cli.prepare import PREPARE

            return PREPARE
        case "explain":
            from lvos_eval.cli.explain import EXPLAIN

            return EXPLAIN
        case "protocols":
            from lvos_eval.cli.protocols import PROTOCOLS

            return PROTOCOLS
    raise KeyError(name)


def main(arguments: Sequence[str] | None = None) -> int:
    """`lvos-eval`: runs one command and returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="lvos-eval",
        description="Checks and scores submissions to LVOS video-object-segmentation challenges.",
        epilog=f"example: {_EXAMPLE}",
    )
    parser.add_argument("--version", action="version", version=f"lvos-eval {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    first = given[0] if given else ""
    for name in COMMANDS:
        # what stands before a command is one of the two options that need none, and only help tells of all commands
        if name == first or (first.startswith("-") and first != "--version"):
            command = load(name)
            command.add_options(
                commands.add_parser(
                    name, help=command.purpose, description=command.description, epilog=f"example: {command.example}"
                )
            )
        else:
            commands.add_parser(name)
    namespace = parser.parse_args(given)
    return _guarded(load(namespace.command), namespace)


def platform_main(arguments: Sequence[str] | None = None) -> int:
    """`evaluate.py INPUT OUTPUT`: `score` on the platforms' folder layout, with public detail unless told otherwise."""
    from lvos_eval.cli.score import PLATFORM_SCORE
    from lvos_eval.diagnostics.text import printable

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
    from lvos_eval.cli.console import Console
    from lvos_eval.reference.settings import Disclosure

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

    from lvos_eval.cli.console import SHORT_OF_MEMORY, interruption_text
    from lvos_eval.diagnostics.terminal import TextStyle, render_problems

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
