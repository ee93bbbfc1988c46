"""`lvos-eval check-reference`: everything that is wrong with reference data."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from lvos_eval.cli.arguments import path
from lvos_eval.cli.command import Command
from lvos_eval.cli.console import Console, verdict
from lvos_eval.cli.options import add_common_options, reference_of
from lvos_eval.diagnostics.errors import ExitCode, UsageError
from lvos_eval.diagnostics.text import counted, printable
from lvos_eval.execution.cluster import open_backend
from lvos_eval.formats.files import replace_file
from lvos_eval.reference.audit import audit, proposed_exclusions
from lvos_eval.reference.audit_rules import LIKELY
from lvos_eval.reference.checks import check_reference
from lvos_eval.reference.choice import ReferenceChoice
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import SETTINGS_FILE, Disclosure
from lvos_eval.reporting.audit_page import (
    AUDIT_DATA,
    AUDIT_PAGE,
    ExclusionEffect,
    audit_document,
    audit_page,
    suspicion_line,
)
from lvos_eval.reporting.tables import summary_table
from lvos_eval.rescoring.discovery import find_submissions
from lvos_eval.version import __version__

__all__ = ["CHECK_REFERENCE", "CheckReferenceRequest"]

_SHOWN: Final = 20
"""At most so many suspicions are printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReferenceRequest:
    """Which reference data to check."""

    reference: ReferenceChoice
    jobs: int | None
    audit: Path | None
    """Where the page of an audit is written; None: there is none."""
    store: Path | None
    submissions: Path | None
    """Stored scores, and the submissions that they are of: what exclusions would do to them; None: nobody asks."""

    def disclosure(self) -> Disclosure:
        return self.reference.detail(Disclosure.PUBLIC)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REF", type=path, help="folder with the metadata and Annotations/")
    parser.add_argument(
        "--audit", metavar="DIR", type=path, help="look for masks that differ from those around them, and write a page to DIR"
    )
    parser.add_argument(
        "--store",
        metavar="FOLDER",
        type=path,
        help="with --audit: what each exclusion would do to the scores in a store of rescore",
    )
    parser.add_argument("--submissions", metavar="FOLDER", type=path, help="the submissions whose scores are in the store")
    add_common_options(parser)


def _request_of(namespace: argparse.Namespace) -> CheckReferenceRequest:
    return CheckReferenceRequest(
        reference=reference_of(namespace.reference, namespace),
        jobs=namespace.jobs,
        audit=namespace.audit,
        store=namespace.store,
        submissions=namespace.submissions,
    )


def _run(request: CheckReferenceRequest, _: Disclosure, console: Console) -> ExitCode:
    if (request.store is None) != (request.submissions is None) or (request.store is not None and request.audit is None):
        raise UsageError("--store and --submissions belong together, and to --audit: give all three")
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
        console.tell(f"note: {note}")
    if check.summary is not None:
        console.say(summary_table(check.summary))
    audited = None
    if request.audit is not None and check.manifest is not None:
        audited = _audit(request, request.audit, check.manifest, console, sound=not check.has_errors)
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
        | ({} if audited is None else {"audit": audited})
    )
    return ExitCode.REFERENCE if check.has_errors else ExitCode.SUCCESS


def _audit(request: CheckReferenceRequest, folder: Path, manifest: Manifest, console: Console, *, sound: bool) -> dict[str, Any]:
    """Writes page and data of an audit, and says the most suspicious masks. Raises UsageError for an unusable folder.

    Nothing can be scored on data that is not `sound`.
    """
    masks = manifest.masks.resolve()
    if folder.resolve() == request.reference.path.resolve() or folder.resolve().is_relative_to(masks):
        raise UsageError(f"{printable(str(folder))} is the reference data; name another folder for the audit")
    found = audit(manifest, request.jobs, console.observer(manifest))
    exclusions = proposed_exclusions(manifest, found)
    effects, count = _effects(request, manifest, exclusions, console) if sound else (None, 0)
    document = audit_document(found, exclusions, effects)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / AUDIT_PAGE, audit_page(manifest, found, exclusions, effects or (), count))
        replace_file(folder / AUDIT_DATA, json.dumps(document, indent=1) + "\n")
    except OSError as error:
        raise UsageError(f"{printable(str(folder))} cannot be written: {error.strerror}") from None
    for item in found[:_SHOWN]:
        console.say(suspicion_line(manifest, item))
    if len(found) > _SHOWN:
        console.say(f"... and {len(found) - _SHOWN} more")
    likely = sum(item.strength >= LIKELY for item in found)
    console.say(f"audit: {counted(len(found), 'suspicious place')}, {likely} likely: {printable(str(folder / AUDIT_PAGE))}")
    console.say(
        f"      the page shows ground truth: keep it as secret as the masks; it proposes an `exclude` block for {SETTINGS_FILE}"
    )
    return document


def _effects(
    request: CheckReferenceRequest, manifest: Manifest, exclusions: Mapping[str, Sequence[str]], console: Console
) -> tuple[list[ExclusionEffect] | None, int]:
    """What the exclusions would do to the scores in the store, and of how many submissions it has them; None if nobody asks."""
    if request.store is None or request.submissions is None:
        return None, 0
    # not loaded otherwise, because file locks are not to be had on every system
    from lvos_eval.rescoring.engine import Rescoring
    from lvos_eval.rescoring.exclusion_effects import exclusion_effects
    from lvos_eval.rescoring.store import open_store

    videos = manifest.unlisted.union(video.name for video in manifest.videos)
    submissions = find_submissions(request.submissions.absolute(), videos).submissions
    settings = request.reference.settings()
    if not request.store.is_dir():
        raise UsageError(f"there is no store {printable(str(request.store))}\nFix: make it with lvos-eval rescore --store")
    progress = None if console.quiet else console.text
    with open_store(request.store) as store, open_backend("local", None, request.jobs, ()) as backend:
        rescoring = Rescoring(
            manifest, backend, store, progress, strict=False, detail=Disclosure.FULL, limits=settings.limits.archive
        )
        paths = [submission.path for submission in submissions]
        known = dict(rescoring.known(paths))
    stored = {submissions[number].key: values for number, values in sorted(known.items()) if values is not None}
    console.say(
        f"scores of {len(stored)} of {counted(len(submissions), 'submission')} are in the store; the others are not valid, or new"
    )
    effects = exclusion_effects(manifest, exclusions, stored) if stored and exclusions else []
    for effect in effects[:_SHOWN]:
        what = f"{effect.video} {', '.join(effect.runs)}" if effect.video else "all together"
        console.say(
            f"excluding {what}: {counted(effect.changed, 'score')} would change, by up to {effect.largest:+.6f} "
            f"({printable(effect.submission)}), and {counted(effect.moved, 'rank')}"
        )
    return effects, len(stored)


CHECK_REFERENCE: Final = Command(
    purpose="find every error of reference data",
    description="Looks at settings, metadata, lists and every ground-truth mask, and prints the digest that pins them.",
    example="lvos-eval check-reference lvos_test/ --audit audit/",
    add_options=_add_options,
    request_of=_request_of,
    run=_run,
)
