"""Turns an exported CodaLab competition into a folder for `make bundle`: `python -m competition.imports.run OLD.zip DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from competition.imports.folder import DATA, import_bundle
from competition.settings import CompetitionFolder, load_competition
from competition.settings.folder import SETTINGS
from lvos_eval.diagnostics.errors import ExitCode, UsageError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """0: written; 2: the bundle or the folder cannot be used, and nothing is written."""
    parser = argparse.ArgumentParser(
        prog="python -m competition.imports.run",
        description="Turns an exported CodaLab competition into a folder with settings, pages and data for make bundle.",
        epilog="example: python -m competition.imports.run old_codalab.zip mine --start 2026-12-01",
    )
    parser.add_argument("bundle", metavar="ZIP", type=Path, help="competition bundle of CodaLab")
    parser.add_argument("folder", metavar="DIR", type=Path, help="a folder that is new or empty")
    parser.add_argument(
        "--start", metavar="DAY", type=_day, help="day on which the first phase starts; the others follow as before"
    )
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    try:
        found = import_bundle(options.bundle, folder, options.start)
    except UsageError as fault:
        print(fault, file=sys.stderr)
        return ExitCode.USAGE
    except OSError as error:
        print(f"{error.filename or folder} cannot be written: {error.strerror}", file=sys.stderr)
        return ExitCode.USAGE
    print(f"{folder}: taken over")
    print("".join(f"  {line}\n" for line in found.taken) + "not taken over, or to be looked at")
    print("".join(f"  {line}\n" for line in (*found.left, *_faults(folder))), end="")
    words = [f"{name.upper()}={folder / DATA / name}" for name in found.data]
    print(f"Then: make bundle COMPETITION={folder} {' '.join(words or ['REFERENCE=...'])}")
    return ExitCode.SUCCESS


def _faults(folder: Path) -> list[str]:
    """What has to be changed in the settings before a bundle can be built or opened."""
    try:
        competition = load_competition(CompetitionFolder(folder))
    except UsageError as fault:
        return str(fault).splitlines()
    last = competition.phases[-1]
    if last.end is not None and last.end < datetime.now(UTC):
        return [
            f"dates: the last phase ended on {last.end:%Y-%m-%d}; put new ones into {SETTINGS}, or import with START=2026-12-01"
        ]
    return []


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-12-01") from None


if __name__ == "__main__":
    sys.exit(main())
