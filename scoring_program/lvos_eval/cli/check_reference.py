"""`lvos-eval check-reference`: everything that is wrong with reference data."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from lvos_eval import __version__
from lvos_eval.cli.console import Console, verdict
from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.diagnostics.text import printable
from lvos_eval.reference.checks import check_reference
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.tables import summary_table

__all__ = ["run_check_reference"]


def run_check_reference(options: argparse.Namespace, _: Disclosure) -> ExitCode:
    """Runs `lvos-eval check-reference`."""
    log = Console.of(options)
    log.say(f"lvos-eval {__version__}")

    check = check_reference(options.reference, options.jobs, log.observer, protocol=options.protocol, task=options.task)
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
