"""`lvos-eval check`: everything that is wrong with a submission."""

from __future__ import annotations

import argparse

from lvos_eval import __version__
from lvos_eval.cli.console import Console, verdict
from lvos_eval.cli.options import requested_settings
from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.result_document import details, manifest_summary
from lvos_eval.scoring.results import State
from lvos_eval.scoring.run import check_submission

__all__ = ["run_check"]


def run_check(options: argparse.Namespace, _: Disclosure) -> ExitCode:
    """Runs `lvos-eval check`."""
    log = Console.of(options)
    log.say(f"lvos-eval {__version__}")
    settings = requested_settings(options)
    manifest = load_manifest(options.reference, settings.rules, splits=False)
    report = check_submission(
        options.submission,
        manifest,
        options.jobs,
        log.observer(manifest),
        limits=settings.limits.archive,
        strict=options.strict,
    )
    log.problems(report.problems)
    for note in report.notes:
        log.say(f"note: {note}")
    log.say(f"{report.submission}: {verdict(report.problems)}")
    log.document(details(report, None, manifest_summary(manifest)))
    return ExitCode.INVALID_SUBMISSION if report.state is State.INVALID else ExitCode.SUCCESS
