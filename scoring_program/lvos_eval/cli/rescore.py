"""`lvos-eval rescore`: a folder of stored submissions in, a leaderboard and a page for each submission out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from lvos_eval import __version__
from lvos_eval.cli.arguments import file_path, path
from lvos_eval.cli.console import Console
from lvos_eval.cli.options import add_common_options, requested_settings
from lvos_eval.diagnostics.errors import ExitCode, RunStoppedError, UsageError
from lvos_eval.diagnostics.text import counted, listed
from lvos_eval.execution.cluster import BACKENDS, open_backend
from lvos_eval.execution.locks import reserved
from lvos_eval.formats.files import replace_file
from lvos_eval.reference.dataset import Manifest
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.output_folder import open_output, result_files
from lvos_eval.reporting.result_document import manifest_summary
from lvos_eval.rescoring.discovery import StoredSubmission, find_submissions, name_submissions
from lvos_eval.rescoring.leaderboard import LEADERBOARD_FILE, RESULTS, Place, leaderboard, place_of, read_ranks
from lvos_eval.scoring.results import RunResult
from lvos_eval.scoring.signature import signature

__all__ = ["add_rescore"]

STORE: Final = ".store"
"""The store, in the output folder unless told otherwise: hidden, and readable for its owner only."""


def add_rescore(commands: Any) -> None:
    """Adds the command to the parser's subcommands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "rescore",
        help="score a folder of stored submissions and write the leaderboard",
        description="Scores every submission in a folder, resumable, and writes a leaderboard and a page for each.",
        epilog="example: lvos-eval rescore submissions/ --reference lvos_test/ --output after/ --store store/ "
        "--previous before/leaderboard.json",
    )
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
    parser.set_defaults(run=_rescore, default_detail=Disclosure.PUBLIC)


def _rescore(options: argparse.Namespace, detail: Disclosure) -> ExitCode:
    # not loaded for the other commands, because file locks are not to be had on every system
    from lvos_eval.rescoring.engine import Rescoring
    from lvos_eval.rescoring.store import open_store

    log = Console.of(options)
    output: Path = options.output
    _check_usage(options)
    previous = read_ranks(options.previous) if options.previous is not None else None
    settings = requested_settings(options)
    manifest = load_manifest(options.reference, settings.rules)
    # workers may have another working directory
    manifest = replace(manifest, folder=manifest.folder.absolute())
    submissions, notes = _find(options, manifest)
    places: list[Place] = []

    def finish(number: int, result: RunResult) -> None:
        _write(output / RESULTS / submissions[number].folder, manifest, result)
        places.append(place_of(submissions[number], result.report))

    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunStoppedError(f"the output folder {output} cannot be used: {error.strerror}") from error
    storage = () if options.ship else (manifest.folder, options.submissions.absolute())
    with (
        reserved(output),
        open_store(options.store or output / STORE) as store,
        open_backend(options.backend, options.scheduler, options.jobs, storage) as backend,
    ):
        progress = None if log.quiet else log.text
        rescoring = Rescoring(
            manifest,
            backend,
            store,
            progress,
            strict=options.strict,
            detail=detail,
            limits=settings.limits.archive,
            sealed=settings.ground_truth,
            ship=options.ship,
        )
        signed = signature(manifest, rescoring.digest, __version__)
        log.say(f"lvos-eval {__version__} {signed}")
        log.say(f"{counted(len(submissions), 'submission')}; work is done by {backend.description}")
        for note in notes:
            log.say(f"note: {note}")
        rescoring.run([submission.path for submission in submissions], finish)
        board = leaderboard(places, signed, manifest_summary(manifest), previous, notes)
        replace_file(output / "leaderboard.html", board.to_html())
        replace_file(output / "leaderboard.csv", board.to_csv())
        replace_file(output / LEADERBOARD_FILE, board.to_json())
    tally = rescoring.tally
    if tally.damaged:
        entries = "1 entry" if tally.damaged == 1 else f"{tally.damaged} entries"
        log.say(f"note: {entries} of the store could not be used; what they stood for was scored anew")
    if tally.changed:
        log.say(f"note: {counted(tally.changed, 'submission')} changed during the run; the results are those of the last state")
    log.say(
        f"scored {tally.scored} of {counted(tally.videos, 'video')}, {counted(tally.frames, 'frame')}; the rest was in the store"
    )
    log.say(board.table())
    log.say(f"Leaderboard: {(output / 'leaderboard.html').absolute()}")
    log.document(json.loads(board.to_json()))
    return ExitCode.SUCCESS


def _check_usage(options: argparse.Namespace) -> None:
    """Raises UsageError for options that do not go together."""
    if options.ship and options.backend == "local":
        raise UsageError("--ship is for a cluster: say --backend dask")
    stored = options.submissions.resolve()
    for name, folder in (("--output", options.output), ("--store", options.store)):
        if folder is not None and folder.resolve().is_relative_to(stored):
            raise UsageError(f"{name} is inside {options.submissions}, where it would be taken for submissions: put it elsewhere")
    if options.previous is not None and options.previous.resolve() == (options.output / LEADERBOARD_FILE).resolve():
        raise UsageError(f"{options.previous} is about to be replaced: copy it elsewhere, or give another --output")


def _find(options: argparse.Namespace, manifest: Manifest) -> tuple[Sequence[StoredSubmission], tuple[str, ...]]:
    """The submissions under their names, and what a reader of the leaderboard should know."""
    videos = manifest.unlisted.union(video.name for video in manifest.videos)
    found = find_submissions(options.submissions.absolute(), videos)
    submissions, notes = found.submissions, manifest.warnings
    if options.names is not None:
        submissions, unused = name_submissions(submissions, options.names)
        notes += unused
    if found.others:
        notes += (f"not looked at, for they are no submissions: {listed(found.others)}",)
    if found.hidden:
        notes += (f"not looked at, since the name begins with a dot: {listed(found.hidden)}; rename it if it is a submission",)
    if found.deep:
        notes += (f"not looked into, since it lies too deep: {listed(found.deep)}; move it up if it holds submissions",)
    if found.links:
        notes += (f"links are not followed: {listed(found.links)}",)
    return submissions, notes


def _write(folder: Path, manifest: Manifest, result: RunResult) -> None:
    """The results of one submission, in place of those of an earlier run, also of one that was killed."""
    with open_output(folder) as target:
        result_files(manifest, result).write(target)
        if result.report.scores is not None:
            target.write_scores(result.report.scores.values)
