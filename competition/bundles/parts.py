"""What both bundles are made of, and what `dist/` holds beside them: starting kit, scoring program, reference data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from competition.bundles.columns import Column
from competition.bundles.kit import program_members
from competition.bundles.splits import Split, pack_reference
from competition.bundles.zips import Members, write_zip
from lvos_eval import __version__

__all__ = ["PROGRAM_ZIP", "STARTING_KIT", "Parts", "reference_zip", "write_parts"]

PROGRAM_ZIP: Final = "scoring_program.zip"
STARTING_KIT: Final = "starting_kit.zip"


@dataclass(frozen=True, slots=True)
class Parts:
    """Members of the bundles, and the names of those that belong to a phase, by its key."""

    logo: str
    kit: str
    programs: Mapping[str, str]
    references: Mapping[str, str]
    members: Members
    columns: tuple[Column, ...]


def reference_zip(split: Split) -> str:
    """What the reference data of a phase is called in `dist/`."""
    return f"reference_{split.phase.key}.zip"


def write_parts(folder: Path, splits: Sequence[Split], columns: tuple[Column, ...], kit: Members, logo: Path) -> Parts:
    """Writes the zips to `folder`.

    In the bundles their names say phase and version, since the platforms show them in one list: every phase gets its own copy of
    the program, and data is told apart by the digest of its masks.
    """
    program = write_zip(folder / PROGRAM_ZIP, program_members())
    members: dict[str, bytes | Path] = {logo.name: logo, STARTING_KIT: write_zip(folder / STARTING_KIT, kit)}
    programs, references = {}, {}
    for split in splits:
        key = split.phase.key
        programs[key] = f"scoring_program_{key}_{__version__}.zip"
        references[key] = f"reference_{key}_{split.check.digest}.zip"
        members[programs[key]] = program
        members[references[key]] = pack_reference(split, folder / reference_zip(split))
    return Parts(logo.name, STARTING_KIT, programs, references, members, columns)
