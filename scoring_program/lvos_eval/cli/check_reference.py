"""`lvos-eval check-reference`: everything that is wrong with reference data."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from typing import Final

from lvos_eval.cli.arguments import path
from lvos_eval.cli.command import Command
from lvos_eval.cli.console import Console, verdict
from lvos_eval.cli.options import add_common_options, reference_of
from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.diagnostics.text import printable
from lvos_eval.reference.checks import check_reference
from lvos_eval.reference.choice import ReferenceChoice
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.tables import summary_table
from lvos_eval.version import __version__

__all__ = ["CHECK_REFERENCE", "CheckReferenceRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReferenceRequest:
    """Which reference data to check."""

    reference: ReferenceChoice
    jobs: int | None

    def disclosure(self) -> Disclosure:
        return self.reference.detail(Disclosure.PUBLIC)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REF", type=path, help="folder with the metadata and Annotations/")
    add_common_options(parser)


def _request_of(namespace: argparse.Namespace) -> CheckReferenceRequest:
    return CheckReferenceRequest(reference=reference_of(namespace.reference, namespace), jobs=namespace.jobs)


def _run(request: CheckReferenceRequest, _: Disclosure, console: Console) -> ExitCode:
    console.say(f"lvos-eval {__version__}")
    reference = request.reference
    check = check_reference(
        reference.path,
        request.jobs,
        console.observer,
        protocol=reference.protocol,
        task=reference.task,
        image_set=reference.image_set,
    )
    console.problems(check.problems)
    for note in check.manifest.list_notes if check.manifest is not None else ():
        console.say(f"note: {note}")
    if check.summary is not None:
        console.say(summary_table(check.summary))
    console.say(f"{printable(str(reference.path))}: {verdict(check.problems)}")
    if check.digest is not None:
        console.say(f'ground_truth: "{check.digest}"')
    console.document(
        {
            "version": __version__,
            "digest": check.digest,
            "summary": asdict(check.summary) | {"empty_share": check.summary.empty_share} if check.summary else None,
            "problems": [problem.to_json() for problem in check.problems],
        }
    )
    return ExitCode.REFERENCE if check.has_errors else ExitCode.SUCCESS


CHECK_REFERENCE: Final = Command(
    purpose="find every fault of reference data",
    description="Looks at settings, metadata, lists and every ground-truth mask, and prints the digest that seals them.",
    example="lvos-eval check-reference lvos_test/",
    add_options=_add_options,
    request_of=_request_of,
    run=_run,
)
