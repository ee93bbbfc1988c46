"""`lvos-eval score` and `evaluate.py`: a run from its first page to its last file."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from lvos_eval import protocols
from lvos_eval.cli.arguments import path, seconds
from lvos_eval.cli.command import Command
from lvos_eval.cli.console import SHORT_OF_MEMORY, Console, interruption_text, verdict
from lvos_eval.cli.options import add_common_options, reference_of
from lvos_eval.diagnostics.errors import ExitCode, ReferenceDataError, RunStoppedError, UsageError
from lvos_eval.diagnostics.text import printable
from lvos_eval.execution.deadline import Deadline, enforced
from lvos_eval.execution.lifecycle import print_line, signals_ignored
from lvos_eval.execution.progress import Progress
from lvos_eval.reference.choice import ReferenceChoice
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.metadata import ANNOTATIONS
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.output_folder import OutputFolder, open_output, result_files
from lvos_eval.reporting.page import render_page
from lvos_eval.reporting.tables import score_table
from lvos_eval.scoring.results import Report, RunResult, State
from lvos_eval.scoring.run import new_report, score_submission
from lvos_eval.scoring.signature import signature
from lvos_eval.version import ISSUES, __version__
from lvos_eval.workflows.pack_advice import PackAdvice, PackCommand
from lvos_eval.workflows.pack_round import Packing

__all__ = ["PLATFORM_SCORE", "SCORE", "ScoreRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRequest:
    """What to score against what, and where to write the results."""

    submission: Path
    reference: ReferenceChoice
    output: Path
    detail: Disclosure | None
    """How much the outputs tell; None: as scoring.yaml says, else what is usual for who asks."""
    strict: bool
    jobs: int | None
    linger: float
    """Seconds to wait after the last write."""
    platform: bool
    """Whether a platform asks, for somebody who does not have the ground truth."""

    def disclosure(self) -> Disclosure:
        return self.detail or self.reference.detail(Disclosure.PUBLIC if self.platform else Disclosure.FULL)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("submission", metavar="SUBMISSION", type=path, help="folder or zip of indexed PNG masks")
    parser.add_argument("--reference", metavar="REF", type=path, required=True, help="folder with the metadata and Annotations/")
    parser.add_argument("--output", metavar="OUT", type=path, required=True, help="folder to write scores and page to")
    _add_scoring_options(parser, Disclosure.FULL)


def _add_platform_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", metavar="INPUT", type=path, help="folder with ref/ (reference data) and res/ (the submission)")
    parser.add_argument("output", metavar="OUTPUT", type=path, help="folder to write to")
    _add_scoring_options(parser, Disclosure.PUBLIC)


def _add_scoring_options(parser: argparse.ArgumentParser, detail: Disclosure) -> None:
    """What both ways to score take."""
    parser.add_argument(
        "--detail", choices=list(Disclosure), type=Disclosure, help=f"how much the outputs tell (default: {detail})"
    )
    parser.add_argument(
        "--linger", metavar="SECONDS", type=seconds, default=0.0, help="wait after the last write, for CodaLab's file watcher"
    )
    add_common_options(parser)


def _request_of(namespace: argparse.Namespace) -> ScoreRequest:
    return _request(namespace, namespace.submission, reference_of(namespace.reference, namespace), platform=False)


def _platform_request_of(namespace: argparse.Namespace) -> ScoreRequest:
    return _request(namespace, namespace.input / "res", reference_of(namespace.input / "ref", namespace), platform=True)


def _request(namespace: argparse.Namespace, submission: Path, reference: ReferenceChoice, *, platform: bool) -> ScoreRequest:
    return ScoreRequest(
        submission=submission,
        reference=reference,
        output=namespace.output,
        detail=namespace.detail,
        strict=namespace.strict,
        jobs=namespace.jobs,
        linger=namespace.linger,
        platform=platform,
    )


def _run(request: ScoreRequest, detail: Disclosure, console: Console) -> ExitCode:
    _keep_inputs(request)
    with open_output(request.output) as output:
        return _score_to(output, request, detail, console)


def _score_to(output: OutputFolder, request: ScoreRequest, detail: Disclosure, console: Console) -> ExitCode:
    report = Report(State.CHECKING, __version__, request.reference.protocol or "", request.reference.task or "")
    try:
        output.write_page(render_page(report))
        outcome = _score_into(output, request, detail, console)
    except BaseException as error:
        # whatever ends the run, its page must not go on promising results, and no scores may stay behind
        with signals_ignored():
            output.give_up(render_page(_ended(report, error)))
        if not isinstance(error, KeyboardInterrupt):
            _linger(request)
        raise
    # the scores are written: nothing that happens from here on may call them into question
    with contextlib.suppress(KeyboardInterrupt):
        _tell(console, output, outcome)
        _linger(request)
    return ExitCode.INVALID_SUBMISSION if outcome.result.report.scores is None else ExitCode.SUCCESS


def _keep_inputs(request: ScoreRequest) -> None:
    """Raises UsageError where the outputs would lie among the inputs, to be taken for masks on the next run."""
    output = request.output.resolve()
    submission, reference = request.submission.resolve(), request.reference.path.resolve()
    if output == reference or output.is_relative_to(reference / ANNOTATIONS):
        raise UsageError(f"the output folder {printable(str(request.output))} is the reference data; name another folder")
    if output.is_relative_to(submission):
        raise UsageError(f"the output folder {printable(str(request.output))} is the submission or in it; name another folder")


def _linger(request: ScoreRequest) -> None:
    time.sleep(request.linger)


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
        reason = f"lvos-eval itself failed; please report it with the end of its log: {ISSUES}"
    return replace(report, state=State.STOPPED, notes=(reason,))


class _Outcome(NamedTuple):
    """The result of a run, the content of its details, and whether the first line that was printed had the signature."""

    result: RunResult
    details: dict[str, Any]
    signed: bool


def _score_into(output: OutputFolder, request: ScoreRequest, detail: Disclosure, console: Console) -> _Outcome:
    """What has come of a run, after everything is written."""
    settings = request.reference.settings()
    manifest = load_manifest(request.reference.path, settings.rules)
    report = new_report(manifest)

    def refresh(progress: Progress) -> None:
        output.write_page(render_page(replace(report, state=State.SCORING, progress=progress)))

    deadline = Deadline.after(settings.limits.time_limit)
    with enforced(deadline):
        if settings.ground_truth is not None:
            report = replace(report, signature=signature(manifest, settings.ground_truth, __version__))
        console.say(f"lvos-eval {__version__} {report.signature or report.protocol}")
        for note in manifest.warnings:
            console.tell(f"note: {note}")
        observe, limits = console.observer(manifest, refresh, deadline), settings.limits.archive
        packing = Packing(manifest, frozenset(), (), limits, request.strict, request.jobs, observe)
        result = score_submission(
            request.submission,
            manifest,
            settings.ground_truth,
            request.jobs,
            observe,
            detail=detail,
            limits=limits,
            strict=request.strict,
            foreign=request.platform,
            advise=PackAdvice(request.submission, _command(request, manifest), packing, request.platform),
        )
        for note in result.report.notes[len(manifest.warnings) :]:
            console.tell(f"note: {note}")
        if result.report.scores is not None and report.signature not in (None, result.report.signature):
            console.tell(f"the submission lacks videos, so the signature of its scores is {result.report.signature}")
        if not request.platform:
            named = request.submission.resolve()
            result = replace(result, report=replace(result.report, name=named.stem if named.is_file() else named.name))
        files = result_files(manifest, result)
    with signals_ignored():
        files.write(output, tables=not request.platform)
        if result.report.scores is not None:
            output.write_scores(result.report.scores.values)
    return _Outcome(result, files.details, report.signature is not None)


def _command(request: ScoreRequest, manifest: Manifest) -> PackCommand:
    """The command of `pack` as whoever reads the page can type it."""
    if request.platform:
        return PackCommand.elsewhere(manifest, request.reference, strict=request.strict)
    return PackCommand.here(request.submission, request.reference, strict=request.strict)


def _tell(console: Console, output: OutputFolder, outcome: _Outcome) -> None:
    """Prints what the output folder already holds."""
    report = outcome.result.report
    console.problems(report.problems)
    try:
        console.document(outcome.details)
    except RunStoppedError as fault:
        print_line(sys.stderr, f"{fault}; the document is in {printable(str(output.details))}")
    line = f"{report.submission}: {verdict(report.problems)}"
    if report.scores is None:
        console.say(f"{line}; nothing was scored. Page: {printable(str(output.page))}")
        return
    console.tell(line)
    console.say("")
    console.say(score_table(report.scores, protocols.get(report.protocol, report.task).summary, console.style))
    console.say("")
    console.say(f"Page: {printable(str(output.page))}")
    if not outcome.signed:
        console.say(f"lvos-eval {__version__} {report.signature}")


SCORE: Final = Command(
    purpose="check and score a submission",
    description="Checks and scores a folder or zip of masks against reference data with ground truth.",
    example="lvos-eval score submission.zip --reference lvos_valid/ --output results/",
    add_options=_add_options,
    request_of=_request_of,
    run=_run,
)

PLATFORM_SCORE: Final = Command(
    description="Scores INPUT/res against INPUT/ref and writes scores and a page to OUTPUT.",
    example="python evaluate.py /app/input /app/output",
    add_options=_add_platform_options,
    request_of=_platform_request_of,
    run=_run,
)
