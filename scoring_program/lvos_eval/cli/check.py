"""`lvos-eval check`: everything that is wrong with a submission."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lvos_eval.cli.arguments import path
from lvos_eval.cli.command import Command
from lvos_eval.cli.console import Console, verdict
from lvos_eval.cli.options import add_common_options, reference_of
from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.reference.choice import ReferenceChoice
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.result_document import details, manifest_summary
from lvos_eval.scoring.results import State
from lvos_eval.scoring.run import check_submission
from lvos_eval.version import __version__
from lvos_eval.workflows.pack_advice import PackAdvice, PackCommand
from lvos_eval.workflows.pack_round import Packing

__all__ = ["CHECK", "CheckRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """What to check against what."""

    submission: Path
    reference: ReferenceChoice
    strict: bool
    jobs: int | None

    def disclosure(self) -> Disclosure:
        return self.reference.detail(Disclosure.FULL)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("submission", metavar="SUBMISSION", type=path, help="folder or zip of indexed PNG masks")
    parser.add_argument("--reference", metavar="REF", type=path, required=True, help="metadata file, or the folder that holds it")
    add_common_options(parser)


def _request_of(namespace: argparse.Namespace) -> CheckRequest:
    return CheckRequest(
        submission=namespace.submission,
        reference=reference_of(namespace.reference, namespace),
        strict=namespace.strict,
        jobs=namespace.jobs,
    )


def _run(request: CheckRequest, _: Disclosure, console: Console) -> ExitCode:
    console.say(f"lvos-eval {__version__}")
    settings = request.reference.settings()
    manifest = load_manifest(request.reference.path, settings.rules, splits=False)
    observe, limits = console.observer(manifest), settings.limits.archive
    command = PackCommand.here(request.submission, request.reference, strict=request.strict)
    packing = Packing(manifest, frozenset(), (), limits, request.strict, request.jobs, observe)
    report = check_submission(
        request.submission,
        manifest,
        request.jobs,
        observe,
        limits=limits,
        strict=request.strict,
        advise=PackAdvice(request.submission, command, packing, foreign=False),
    )
    console.problems(report.problems)
    for note in report.notes:
        console.tell(f"note: {note}")
    console.tell(f"{report.submission}: {verdict(report.problems)}")
    console.document(details(report, None, manifest_summary(manifest)))
    return ExitCode.INVALID_SUBMISSION if report.state is State.INVALID else ExitCode.SUCCESS


CHECK: Final = Command(
    purpose="report every problem of a submission",
    description="Checks completeness and format of a submission; needs the public metadata only, no ground truth.",
    example="lvos-eval check submission.zip --reference valid_meta.json",
    add_options=_add_options,
    request_of=_request_of,
    run=_run,
)
