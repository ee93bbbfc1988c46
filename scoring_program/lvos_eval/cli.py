"""The command line: arguments in, exit code out. Every message to a person passes through here."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from lvos_eval import __version__
from lvos_eval.arguments import path, seconds
from lvos_eval.compare_command import add_compare
from lvos_eval.console import Console, add_common_options, requested_detail, requested_manifest, verdict
from lvos_eval.evaluation import ChunkResult
from lvos_eval.faults import ExitCode, ReferenceFault, Stopped, UsageFault, account
from lvos_eval.manifest import Manifest
from lvos_eval.metadata import ANNOTATIONS
from lvos_eval.outputs import OutputFolder, open_output
from lvos_eval.page import render_page
from lvos_eval.problems import render_problems
from lvos_eval.process import say, undisturbed
from lvos_eval.progress import Deadline, enforced
from lvos_eval.reference import signature
from lvos_eval.reference_check import check_reference
from lvos_eval.report import Progress, Report, State, details, manifest_summary
from lvos_eval.rescore_command import add_rescore
from lvos_eval.result_folder import result_files
from lvos_eval.run import RunResult, check_submission, new_report, score_submission, seal
from lvos_eval.settings import Detail
from lvos_eval.tables import object_csv, score_table, summary_table
from lvos_eval.wording import printable

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
    _add_scoring_options(parser, Detail.PUBLIC)
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
    _add_scoring_options(score, Detail.FULL)
    check = commands.add_parser(
        "check",
        help="tell everything that is wrong with a submission",
        description="Checks completeness and format of a submission; needs the public metadata only, no ground truth.",
        epilog="example: lvos-eval check submission.zip --reference valid_meta.json",
    )
    check.add_argument("submission", metavar="SUBMISSION", type=path, help="folder or zip of indexed PNG masks")
    check.add_argument("--reference", metavar="REF", type=path, required=True, help="metadata file, or the folder that holds it")
    add_common_options(check)
    check.set_defaults(run=_check, default_detail=Detail.FULL)
    reference = commands.add_parser(
        "check-reference",
        help="find every fault of reference data",
        description="Looks at settings, metadata, lists and every ground-truth mask, and prints the digest that seals them.",
        epilog="example: lvos-eval check-reference lvos_test/",
    )
    reference.add_argument("reference", metavar="REF", type=path, help="folder with the metadata and Annotations/")
    add_common_options(reference)
    reference.set_defaults(run=_check_reference, default_detail=Detail.PUBLIC)
    add_rescore(commands)
    add_compare(commands)
    return parser


def _add_scoring_options(parser: argparse.ArgumentParser, detail: Detail) -> None:
    parser.add_argument("--detail", choices=list(Detail), type=Detail, help=f"how much the outputs tell (default: {detail})")
    parser.add_argument(
        "--linger", metavar="SECONDS", type=seconds, default=0.0, help="wait after the last write, for CodaLab's file watcher"
    )
    add_common_options(parser)
    parser.set_defaults(run=_score, default_detail=detail, foreign=False)


def _guarded(options: argparse.Namespace) -> int:
    """Runs the command.

    How much it may show is decided first, once, and for its output and the messages of its exceptions alike; an exception
    that comes before shows none.
    """

    def decide_and_run() -> int:
        detail = requested_detail(options)
        return _told(lambda: int(options.run(options, detail)), debug=options.debug, messages=detail is Detail.FULL)

    return _told(decide_and_run, debug=options.debug, messages=False)


def _told(work: Callable[[], int], *, debug: bool, messages: bool) -> int:
    """The exit code of some work; every exception becomes one, with text on stderr.

    `messages`: whether that of an exception which nobody foresaw may be printed: it may hold parts of hidden ground truth.
    """

    def fail(code: ExitCode, message: str) -> int:
        error = sys.exception()
        if debug and code is not ExitCode.UNFORESEEN and error is not None:
            say(sys.stderr, account(error, messages=messages))
        say(sys.stderr, message)
        return code

    try:
        return work()
    except UsageFault as fault:
        return fail(ExitCode.USAGE, str(fault))
    except ReferenceFault as fault:
        return fail(ExitCode.REFERENCE, "\n".join(render_problems(fault.problems)))
    except Stopped as fault:
        return fail(ExitCode.STOPPED, f"stopped: {fault}")
    except KeyboardInterrupt as interruption:
        return fail(ExitCode.STOPPED, f"stopped: {_interruption(interruption)}")
    except MemoryError:
        return fail(ExitCode.STOPPED, f"stopped: {_SHORT_OF_MEMORY}")
    except Exception as error:  # noqa: BLE001 - the last resort, which says that the fault is ours
        say(sys.stderr, account(error, messages=messages))
        return fail(ExitCode.UNFORESEEN, "this is a fault of lvos-eval; please report it with the lines above")


def _interruption(error: KeyboardInterrupt) -> str:
    return str(error) or "interrupted"


_SHORT_OF_MEMORY: Final = "the memory ran out; give the run more"


def _check(options: argparse.Namespace, _: Detail) -> ExitCode:
    log = Console.of(options)
    log.say(f"lvos-eval {__version__}")
    manifest = requested_manifest(options, splits=False)
    report = check_submission(options.submission, manifest, options.jobs, log.observer(manifest), strict=options.strict)
    log.problems(report.problems)
    for note in report.notes:
        log.say(f"note: {note}")
    log.say(f"{report.submission}: {verdict(report.problems)}")
    log.document(details(report, None, manifest_summary(manifest)))
    return ExitCode.INVALID_SUBMISSION if report.state is State.INVALID else ExitCode.SUCCESS


def _check_reference(options: argparse.Namespace, _: Detail) -> ExitCode:
    log = Console.of(options)
    log.say(f"lvos-eval {__version__}")

    def watch(manifest: Manifest, total: int, results: Iterable[ChunkResult]) -> Iterable[ChunkResult]:
        return log.observer(manifest)("reading the ground truth", total, results)

    check = check_reference(options.reference, options.jobs, watch, protocol=options.protocol, task=options.task)
    log.problems(check.problems)
    for note in check.manifest.list_notes if check.manifest is not None else ():
        log.say(f"note: {note}")
    if check.summary is not None:
        log.say(summary_table(check.summary))
    log.say(f"{printable(str(options.reference))}: {verdict(check.problems)}")
    if check.digest is not None:
        log.say(f'ground_truth: "{check.digest}"')
    log.document(
        {
            "version": __version__,
            "digest": check.digest,
            "summary": asdict(check.summary) | {"empty_share": check.summary.empty_share} if check.summary else None,
            "problems": [asdict(problem) for problem in check.problems],
        }
    )
    return ExitCode.REFERENCE if check.has_errors else ExitCode.SUCCESS


def _score(options: argparse.Namespace, detail: Detail) -> ExitCode:
    log = Console.of(options)
    _keep_inputs(options)
    with open_output(options.output) as output:
        return _score_to(output, options, log, detail)


def _score_to(output: OutputFolder, options: argparse.Namespace, log: Console, detail: Detail) -> ExitCode:
    report = Report(State.CHECKING, __version__, options.protocol or "", options.task or "")
    try:
        output.write_page(render_page(report))
        result, content = _score_into(output, options, detail, log)
    except BaseException as error:
        # whatever ends the run, its page must not go on promising results, and no scores may stay behind
        with undisturbed():
            output.give_up(render_page(_ended(report, error)))
        if not isinstance(error, KeyboardInterrupt):
            _linger(options)
        raise
    # the scores are written: nothing that happens from here on may call them into question
    with contextlib.suppress(KeyboardInterrupt):
        _tell(log, output, result, content)
        _linger(options)
    return ExitCode.INVALID_SUBMISSION if result.report.scores is None else ExitCode.SUCCESS


def _keep_inputs(options: argparse.Namespace) -> None:
    """Raises UsageFault where the outputs would lie among the inputs, to be taken for masks on the next run."""
    output = options.output.resolve()
    submission, reference = options.submission.resolve(), options.reference.resolve()
    if output == reference or output.is_relative_to(reference / ANNOTATIONS):
        raise UsageFault(f"the output folder {printable(str(options.output))} is the reference data; name another folder")
    if output.is_relative_to(submission):
        raise UsageFault(f"the output folder {printable(str(options.output))} is the submission or in it; name another folder")


def _linger(options: argparse.Namespace) -> None:
    time.sleep(options.linger)


def _ended(report: Report, error: BaseException) -> Report:
    """What the page says when a run ends without a result."""
    if isinstance(error, ReferenceFault):
        return replace(report, state=State.REFERENCE_FAULT, problems=error.problems)
    if isinstance(error, (Stopped, UsageFault)):
        reason = str(error)
    elif isinstance(error, KeyboardInterrupt):
        reason = f"the run was {_interruption(error)}"
    elif isinstance(error, MemoryError):
        reason = _SHORT_OF_MEMORY
    else:
        reason = "lvos-eval itself failed; please report it with the end of its log"
    return replace(report, state=State.STOPPED, notes=(reason,))


def _score_into(
    output: OutputFolder, options: argparse.Namespace, detail: Detail, log: Console
) -> tuple[RunResult, dict[str, Any]]:
    """The result of a run and the content of its details, after everything is written."""
    manifest = requested_manifest(options)
    report = new_report(manifest)

    def refresh(progress: Progress) -> None:
        output.write_page(render_page(replace(report, state=State.SCORING, progress=progress)))

    deadline = Deadline.after(manifest.settings.time_limit)
    with enforced(deadline):
        digest = seal(manifest, options.jobs, log.observer(manifest, refresh, deadline, aside=True))
        report = replace(report, signature=signature(manifest, digest, __version__))
        log.say(f"lvos-eval {__version__} {report.signature}")
        for note in manifest.warnings:
            log.say(f"note: {note}")
        result = score_submission(
            options.submission,
            manifest,
            digest,
            options.jobs,
            log.observer(manifest, refresh, deadline),
            detail=detail,
            strict=options.strict,
            foreign=options.foreign,
        )
        for note in result.report.notes[len(manifest.warnings) :]:
            log.say(f"note: {note}")
        files = result_files(manifest, result)
    with undisturbed():
        files.write(output)
        if result.report.scores is not None:
            output.write_scores(result.report.scores.values)
    return result, files.details


def _tell(log: Console, output: OutputFolder, result: RunResult, content: dict[str, Any]) -> None:
    """Prints what the output folder already holds."""
    report = result.report
    log.problems(report.problems)
    try:
        log.document(content)
    except Stopped as fault:
        say(sys.stderr, f"{fault}; the document is in {printable(str(output.details))}")
    line = f"{report.submission}: {verdict(report.problems)}"
    if report.scores is None:
        log.say(f"{line}; nothing was scored. Page: {printable(str(output.page))}")
        return
    log.say(line)
    log.say(score_table(report.scores))
    log.say(object_csv(report.scores.objects))
    log.say(f"Page: {printable(str(output.page))}")
