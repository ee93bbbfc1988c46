"""Corrects a board on Codabench: `python -m competition.corrections.run FOLDER --competition ID --phase NAME`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from competition.corrections.codabench import Site
from competition.corrections.connection import Connection, checked_site, checked_token
from competition.corrections.expectation import Expectation, read_expectation
from competition.corrections.journal import open_journal
from competition.corrections.runs import Pace
from competition.corrections.steps import Correction
from competition.corrections.stored import SUBMISSIONS
from lvos_eval.diagnostics.errors import ExitCode, RunStoppedError, UsageError
from lvos_eval.execution.locks import reserved

__all__ = ["TOKEN", "main"]

TOKEN: Final = "CODABENCH_TOKEN"  # noqa: S105 - its name
"""The environment variable that holds the organiser's token: on a command line everybody on the machine could read it."""

_AGAIN: Final = "start the same command again to go on"


def main(arguments: Sequence[str] | None = None) -> int:
    """0: the board is as expected, or everything is downloaded; 1: it is not; 2: wrong usage; 4: stopped, to be started again."""
    options = _parser().parse_args(arguments)
    try:
        token = os.environ.get(TOKEN, "").strip()
        if not token:
            raise UsageError(f"the environment has no {TOKEN}\nFix: export {TOKEN}=... (docs/organiser.md says where to get it)")
        site, token = checked_site(options.site), checked_token(token)
        connection = Connection(site, token, dry_run=options.dry_run, timeout=options.timeout, pause=min(1.0, options.poll))
        if not options.dry_run:
            options.folder.mkdir(parents=True, exist_ok=True)
        with reserved(options.folder):
            return _correct(options, Site(connection, options.competition))
    except UsageError as fault:
        print(fault, file=sys.stderr)
        return ExitCode.USAGE
    except RunStoppedError as fault:
        print(f"stopped: {fault}", file=sys.stderr)
        return ExitCode.STOPPED
    except KeyboardInterrupt:
        print(f"stopped: interrupted; {_AGAIN}", file=sys.stderr)
        return ExitCode.STOPPED
    except OSError as error:
        print(f"stopped: {error.filename or options.folder}: {error.strerror}; {_AGAIN}", file=sys.stderr)
        return ExitCode.STOPPED


def _correct(options: argparse.Namespace, site: Site) -> ExitCode:
    files = {"reference_data": options.reference, "scoring_program": options.program}
    given = {kind: path for kind, path in files.items() if path is not None}
    for path in given.values():
        if not path.is_file():
            raise UsageError(f"{path} is not there; make bundle writes it to dist/")
    expectation = read_expectation(options.leaderboard) if options.leaderboard is not None else None
    phase = site.phase(options.phase)
    journal = open_journal(options.folder, site.connection.site, options.competition, phase.name)
    pace = Pace(options.at_once, options.poll, options.patience)
    correction = Correction(site, phase, options.folder, journal, pace)
    count = correction.download()
    folder = options.folder / SUBMISSIONS
    if expectation is None:
        print(
            f"{count} submissions in {folder}. Score them on the new data, then give the result as --leaderboard:\n"
            f"  lvos-eval rescore {folder} --reference NEW --output {options.folder / 'after'}"
        )
        return ExitCode.SUCCESS
    correction.require_one_board()
    correction.replace(given)
    correction.raise_limits()
    faults = correction.re_run(expectation)
    if options.delete:
        correction.delete(expectation)
        correction.put_back(expectation)
    correction.restore_limits()
    if options.dry_run:
        if options.delete:
            print("then, for each participant who is no longer on the board: one re-run more, and its DELETE")
        print("dry run: of these calls only those with GET to /api/ were made")
        return ExitCode.SUCCESS
    return _judge(correction, expectation, faults, deleted=options.delete)


def _judge(correction: Correction, expectation: Expectation, faults: Sequence[str], *, deleted: bool) -> ExitCode:
    rows, differences = correction.differences(expectation)
    for sentence in (*faults, *differences):
        print(sentence, file=sys.stderr)
    if not faults and not differences:
        print(f"the board has {rows} rows, all as in leaderboard.json")
        return ExitCode.SUCCESS
    print(
        f"the board has {rows} rows; {len(differences)} differences from leaderboard.json, {len(faults)} submissions to look at"
    )
    if differences and not deleted:
        print("A lower score does not replace a higher one: with --delete the old submissions make way for their re-runs.")
    return ExitCode.INVALID_SUBMISSION


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m competition.corrections.run",
        description="Downloads all submissions of a phase, puts new data into its tasks, runs all of them again, and compares "
        "the board with a leaderboard.json. It may be killed at any time and started again with the same command.",
        epilog="example: python -m competition.corrections.run correction --competition 1234 --phase Final "
        "--reference dist/reference_final.zip --leaderboard correction/after/leaderboard.json --delete",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="where submissions and journal of this correction are kept")
    parser.add_argument("--competition", metavar="ID", type=int, required=True, help="the number in the competition's address")
    parser.add_argument("--phase", metavar="NAME", required=True, help="name or number of the phase")
    parser.add_argument("--site", metavar="URL", default="https://www.codabench.org", help="default: %(default)s")
    parser.add_argument("--reference", metavar="ZIP", type=Path, help="new reference data, as dist/reference_final.zip")
    parser.add_argument("--program", metavar="ZIP", type=Path, help="new scoring program, as dist/scoring_program.zip")
    parser.add_argument("--leaderboard", metavar="FILE", type=Path, help="leaderboard.json on the new data; none: download")
    parser.add_argument(
        "--delete", action="store_true", help="delete old submissions whose re-run is as expected and zip is stored"
    )
    parser.add_argument("--dry-run", action="store_true", help="print every call, and make only those that change nothing")
    parser.add_argument("--at-once", metavar="N", type=int, default=10, help="re-runs at the same time (default: %(default)s)")
    parser.add_argument("--poll", metavar="S", type=float, default=30.0, help="seconds between two looks (default: %(default)g)")
    about = "seconds without any change after which runs are stuck (default: %(default)g)"
    parser.add_argument("--patience", metavar="S", type=float, default=3600.0, help=about)
    parser.add_argument("--timeout", metavar="S", type=float, default=60.0, help="seconds for an answer (default: %(default)g)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
