"""`lvos-eval score` and `evaluate.py`: a run from its first page to its last file."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from dataclasses import replace
from typing import Any

from lvos_eval import __version__
from lvos_eval.cli.arguments import seconds
from lvos_eval.cli.console import SHORT_OF_MEMORY, Console, interruption_text, verdict
from lvos_eval.cli.options import add_common_options, requested_settings
from lvos_eval.diagnostics.errors import ExitCode, ReferenceDataError, RunStoppedError, UsageError
from lvos_eval.diagnostics.text import printable
from lvos_eval.execution.deadline import Deadline, enforced
from lvos_eval.execution.lifecycle import print_line, signals_ignored
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.metadata import ANNOTATIONS
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reference.survey import ground_truth_digest
from lvos_eval.reporting.output_folder import OutputFolder, open_output, result_files
from lvos_eval.reporting.page import render_page
from lvos_eval.reporting.tables import object_csv, score_table
from lvos_eval.scoring.results import Progress, Report, RunResult, State
from lvos_eval.scoring.run import new_report, score_submission
from lvos_eval.scoring.signature import signature

__all__ = ["add_scoring_options"]


def add_scoring_options(parser: argparse.ArgumentParser, detail: Disclosure) -> None:
    """What both ways to score take."""
    parser.add_argument(
        "--detail", choices=list(Disclosure), type=Disclosure, help=f"how much the outputs tell (default: {detail})"
    )
    parser.add_argument(
        "--linger", metavar="SECONDS", type=seconds, default=0.0, help="wait after the last write, for CodaLab's file watcher"
    )
    add_common_options(parser)
    parser.set_defaults(run=run_score, default_detail=detail, foreign=False)


def run_score(options: argparse.Namespace, detail: Disclosure) -> ExitCode:
    """Runs `lvos-eval score`, or `evaluate.py`."""
    log = Console.of(options)
    _keep_inputs(options)
    with open_output(options.output) as output:
        return _score_to(output, options, log, detail)


def _score_to(output: OutputFolder, options: argparse.Namespace, log: Console, detail: Disclosure) -> ExitCode:
    report = Report(State.CHECKING, __version__, options.protocol or "", options.task or "")
    try:
        output.write_page(render_page(report))
        result, content = _score_into(output, options, detail, log)
    except BaseException as error:
        # whatever ends the run, its page must not go on promising results, and no scores may stay behind
        with signals_ignored():
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
    """Raises UsageError where the outputs would lie among the inputs, to be taken for masks on the next run."""
    output = options.output.resolve()
    submission, reference = options.submission.resolve(), options.reference.resolve()
    if output == reference or output.is_relative_to(reference / ANNOTATIONS):
        raise UsageError(f"the output folder {printable(str(options.output))} is the reference data; name another folder")
    if output.is_relative_to(submission):
        raise UsageError(f"the output folder {printable(str(options.output))} is the submission or in it; name another folder")


def _linger(options: argparse.Namespace) -> None:
    time.sleep(options.linger)


def _ended(report: Report, error: BaseException) -> Report:
    """What the page says when a run ends without a result."""
    if isinstance(error, ReferenceDataError):
        return replace(report, state=State.REFERENCE_FAULT, problems=error.problems)
    if isinstance(error, (RunStoppedError, UsageError)):
        reason = str(error)
    elif isinstance(error, KeyboardInterrupt):
        reason = f"the run was {interruption_text(error)}"
    elif isinstance(error, MemoryError):
        reason = SHORT_OF_MEMORY
    else:
        reason = "lvos-eval itself failed; please report it with the end of its log"
    return replace(report, state=State.STOPPED, notes=(reason,))


def _score_into(
    output: OutputFolder, options: argparse.Namespace, detail: Disclosure, log: Console
) -> tuple[RunResult, dict[str, Any]]:
    """The result of a run and the content of its details, after everything is written."""
    settings = requested_settings(options)
    manifest = load_manifest(options.reference, settings.rules)
    report = new_report(manifest)

    def refresh(progress: Progress) -> None:
        output.write_page(render_page(replace(report, state=State.SCORING, progress=progress)))

    deadline = Deadline.after(settings.limits.time_limit)
    with enforced(deadline):
        observer = log.observer(manifest, refresh, deadline, aside=True)
        digest = settings.ground_truth or ground_truth_digest(manifest, options.jobs, observer)
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
            limits=settings.limits.archive,
            strict=options.strict,
            foreign=options.foreign,
        )
        for note in result.report.notes[len(manifest.warnings) :]:
            log.say(f"note: {note}")
        files = result_files(manifest, result)
    with signals_ignored():
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
    except RunStoppedError as fault:
        print_line(sys.stderr, f"{fault}; the document is in {printable(str(output.details))}")
    line = f"{report.submission}: {verdict(report.problems)}"
    if report.scores is None:
        log.say(f"{line}; nothing was scored. Page: {printable(str(output.page))}")
        return
    log.say(line)
    log.say(score_table(report.scores))
    log.say(object_csv(report.scores.objects))
    log.say(f"Page: {printable(str(output.page))}")
