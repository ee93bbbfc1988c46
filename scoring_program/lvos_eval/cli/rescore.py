"""`lvos-eval rescore`: a folder of stored submissions in, a leaderboard and a page for each submission out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lvos_eval.cli.arguments import file_path, path
from lvos_eval.cli.command import Command
from lvos_eval.cli.console import Console
from lvos_eval.cli.options import add_common_options, reference_of
from lvos_eval.diagnostics.errors import ExitCode, RunStoppedError, UsageError
from lvos_eval.diagnostics.text import counted, listed
from lvos_eval.execution.cluster import BACKENDS, open_backend
from lvos_eval.execution.locks import reserved
from lvos_eval.formats.files import replace_file
from lvos_eval.reference.choice import ReferenceChoice
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.output_folder import open_output, result_files
from lvos_eval.reporting.result_document import manifest_summary
from lvos_eval.rescoring.discovery import StoredSubmission, find_submissions, name_submissions
from lvos_eval.rescoring.leaderboard import LEADERBOARD_FILE, RESULTS, Place, leaderboard, place_of, read_ranks
from lvos_eval.scoring.results import RunResult
from lvos_eval.scoring.signature import signature
from lvos_eval.version import __version__

if TYPE_CHECKING:
    from lvos_eval.rescoring.engine import Tally

__all__ = ["RESCORE", "RescoreRequest"]

STORE: Final = ".store"
"""The store, in the output folder unless told otherwise: hidden, and readable for its owner only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RescoreRequest:
    """Which submissions to score against what, with what to work, and where to write and keep the results."""

    submissions: Path
    reference: ReferenceChoice
    output: Path
    store: Path | None
    names: Path | None
    previous: Path | None
    detail: Disclosure | None
    strict: bool
    backend: str
    scheduler: str | None
    ship: bool
    jobs: int | None

    def disclosure(self) -> Disclosure:
        return self.detail or self.reference.detail(Disclosure.PUBLIC)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("submissions", metavar="SUBMISSIONS", type=path, help="folder of zips or folders, nested as you like")
    parser.add_argument("--reference", metavar="REF", type=path, required=True, help="folder with the metadata and Annotations/")
    parser.add_argument("--output", metavar="DIR", type=path, required=True, help="folder for the leaderboard and the results")
    parser.add_argument(
        "--store", metavar="FOLDER", type=path, help="where finished work is kept; as secret as the masks (default: DIR/.store)"
    )
    parser.add_argument("--names", metavar="CSV", type=file_path, help="table of two columns, submission and name")
    parser.add_argument("--previous", metavar="JSON", type=file_path, help="earlier leaderboard.json, to show who moved")
    parser.add_argument(
        "--detail",
        choices=list(Disclosure),
        type=Disclosure,
        help="how much the results tell (default: scoring.yaml, else public)",
    )
    parser.add_argument("--backend", choices=BACKENDS, default="local", help="where to work (default: local)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of the cluster, such as tcp://10.0.0.1:8786")
    parser.add_argument("--ship", action="store_true", help="send the masks with the work, to workers without shared storage")
    add_common_options(parser)


def _request_of(namespace: argparse.Namespace) -> RescoreRequest:
    return RescoreRequest(
        submissions=namespace.submissions,
        reference=reference_of(namespace.reference, namespace),
        output=namespace.output,
        store=namespace.store,
        names=namespace.names,
        previous=namespace.previous,
        detail=namespace.detail,
        strict=namespace.strict,
        backend=namespace.backend,
        scheduler=namespace.scheduler,
        ship=namespace.ship,
        jobs=namespace.jobs,
    )


def _run(request: RescoreRequest, detail: Disclosure, console: Console) -> ExitCode:
    # not loaded for the other commands, because file locks are not to be had on every system
    from lvos_eval.rescoring.engine import Rescoring
    from lvos_eval.rescoring.store import open_store

    output = request.output
    _check_usage(request)
    previous = read_ranks(request.previous) if request.previous is not None else None
    settings = request.reference.settings()
    manifest = load_manifest(request.reference.path, settings.rules)
    # workers may have another working directory
    manifest = replace(manifest, folder=manifest.folder.absolute())
    submissions, notes = _find(request, manifest)
    places: list[Place] = []

    def finish(number: int, result: RunResult) -> None:
        named = replace(result, report=replace(result.report, name=submissions[number].name))
        _write(output / RESULTS / submissions[number].folder, manifest, named)
        places.append(place_of(submissions[number], result.report))

    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunStoppedError(f"the output folder {output} cannot be used: {error.strerror}") from error
    storage = () if request.ship else (manifest.folder, request.submissions.absolute())
    with (
        reserved(output),
        open_store(request.store or output / STORE) as store,
        open_backend(request.backend, request.scheduler, request.jobs, storage) as backend,
    ):
        progress = None if console.quiet else console.text
        rescoring = Rescoring(
            manifest,
            backend,
            store,
            progress,
            strict=request.strict,
            detail=detail,
            limits=settings.limits.archive,
            sealed=settings.ground_truth,
            ship=request.ship,
        )
        signed = signature(manifest, rescoring.digest, __version__)
        console.say(f"lvos-eval {__version__} {signed}")
        console.say(f"{counted(len(submissions), 'submission')}; work is done by {backend.description}")
        for note in notes:
            console.tell(f"note: {note}")
        rescoring.run([submission.path for submission in submissions], finish)
        board = leaderboard(places, manifest.protocol.summary, signed, manifest_summary(manifest), previous, notes)
        replace_file(output / "leaderboard.html", board.to_html())
        replace_file(output / "leaderboard.csv", board.to_csv())
        replace_file(output / LEADERBOARD_FILE, board.to_json())
    _tell(console, rescoring.tally)
    console.say(board.table())
    console.say(f"Leaderboard: {(output / 'leaderboard.html').absolute()}")
    console.document(json.loads(board.to_json()))
    return ExitCode.SUCCESS


def _tell(console: Console, tally: Tally) -> None:
    """Prints how much was new."""
    if tally.damaged:
        entries = "1 entry" if tally.damaged == 1 else f"{tally.damaged} entries"
        console.say(f"note: {entries} of the store could not be used; what they stood for was scored again")
    if tally.changed:
        changed = counted(tally.changed, "submission")
        console.say(f"note: {changed} changed during the run; the results are those of the last state")
    videos, frames = counted(tally.videos, "video"), counted(tally.frames, "frame")
    console.say(f"scored {tally.scored} of {videos}, {frames}; the rest was in the store")


def _check_usage(request: RescoreRequest) -> None:
    """Raises UsageError for options that do not go together."""
    if request.ship and request.backend == "local":
        raise UsageError("--ship is for a cluster: say --backend dask")
    stored = request.submissions.resolve()
    for name, folder in (("--output", request.output), ("--store", request.store)):
        if folder is not None and folder.resolve().is_relative_to(stored):
            raise UsageError(f"{name} is inside {request.submissions}, where it would be taken for submissions: put it elsewhere")
    if request.previous is not None and request.previous.resolve() == (request.output / LEADERBOARD_FILE).resolve():
        raise UsageError(f"{request.previous} is about to be replaced: copy it elsewhere, or give another --output")


def _find(request: RescoreRequest, manifest: Manifest) -> tuple[Sequence[StoredSubmission], tuple[str, ...]]:
    """The submissions under their names, and what a reader of the leaderboard should know."""
    videos = manifest.unlisted.union(video.name for video in manifest.videos)
    found = find_submissions(request.submissions.absolute(), videos)
    submissions, notes = found.submissions, manifest.warnings
    if request.names is not None:
        submissions, unused = name_submissions(submissions, request.names)
        notes += unused
    if found.others:
        notes += (f"skipped, because they are not submissions: {listed(found.others)}",)
    if found.hidden:
        notes += (f"skipped, because the name begins with a dot: {listed(found.hidden)}; rename it if it is a submission",)
    if found.deep:
        notes += (f"skipped, because it is too deep: {listed(found.deep)}; move it up if it holds submissions",)
    if found.links:
        notes += (f"links are not followed: {listed(found.links)}",)
    return submissions, notes


def _write(folder: Path, manifest: Manifest, result: RunResult) -> None:
    """The results of one submission, in place of those of an earlier run, also of one that was killed."""
    with open_output(folder) as target:
        result_files(manifest, result).write(target)
        if result.report.scores is not None:
            target.write_scores(result.report.scores.values)


RESCORE: Final = Command(
    purpose="score a folder of stored submissions and write the leaderboard",
    description="Scores every submission in a folder, resumable, and writes a leaderboard and a page for each.",
    example="lvos-eval rescore submissions/ --reference lvos_test/ --output after/ --store store/ "
    "--previous before/leaderboard.json",
    add_options=_add_options,
    request_of=_request_of,
    run=_run,
)
