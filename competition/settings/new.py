"""A new folder for a competition of one's own: `python -m competition.settings.new DIR`."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from competition.settings.folder import SETTINGS, SHIPPED
from lvos_eval.diagnostics.errors import ExitCode, UsageError

__all__ = ["main", "write_folder"]


def write_folder(folder: Path) -> list[Path]:
    """Writes settings, phases for three tasks, pages and logo to edit. Raises UsageError if there is something already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists already, and nothing in it is overwritten\nFix: name a folder that is new or empty")
    sources = [SHIPPED.settings, SHIPPED.path / "three_tasks.yaml", SHIPPED.logo, *(page.path for page in SHIPPED.pages())]
    written = []
    for source in sources:
        target = folder / source.relative_to(SHIPPED.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        written.append(target)
    return written


def main(arguments: Sequence[str] | None = None) -> int:
    """0: written; 2: the folder cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m competition.settings.new",
        description="Writes a folder with the settings and the pages of a competition, to be edited.",
        epilog="example: python -m competition.settings.new mine",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="a folder that is new or empty")
    options = parser.parse_args(arguments)
    try:
        for path in write_folder(options.folder):
            print(path)
    except UsageError as fault:
        print(fault, file=sys.stderr)
        return ExitCode.USAGE
    except OSError as error:
        print(f"{options.folder} cannot be written: {error.strerror}", file=sys.stderr)
        return ExitCode.USAGE
    print(f"Edit {options.folder / SETTINGS} and the pages. Then: make bundle COMPETITION={options.folder} REFERENCE=...")
    return ExitCode.SUCCESS


if __name__ == "__main__":
    sys.exit(main())
