"""Both bundles in one command: `python -m competition.bundles.build REFERENCE [--validation VALIDATION]`."""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path
from typing import Final, NamedTuple

from competition.bundles.codabench import codabench_members
from competition.bundles.codalab import codalab_members
from competition.bundles.columns import leaderboard_columns
from competition.bundles.kit import kit_members
from competition.bundles.leaks import copied_masks, shared_masks
from competition.bundles.pages import facts_of, render_pages
from competition.bundles.parts import PROGRAM_ZIP, STARTING_KIT, reference_zip, write_parts
from competition.bundles.splits import Split
from competition.bundles.zips import Members, write_zip
from competition.settings import (
    PLACEHOLDER_DOMAIN,
    SHIPPED,
    Competition,
    CompetitionFolder,
    Phase,
    Source,
    load_competition,
)
from lvos_eval.diagnostics.errors import ExitCode, ReferenceDataError, RunStoppedError, UsageError
from lvos_eval.diagnostics.problems import Problem
from lvos_eval.diagnostics.terminal import render_problems
from lvos_eval.execution.progress import ProgressObserver
from lvos_eval.execution.resources import available_cores
from lvos_eval.protocols.contract import Task
from lvos_eval.reference.checks import ReferenceCheck, check_reference
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.tables import summary_table

__all__ = ["CODABENCH_BUNDLE", "CODALAB_BUNDLE", "build", "main"]

CODABENCH_BUNDLE: Final = "lvos-codabench.zip"
CODALAB_BUNDLE: Final = "lvos-codalab.zip"

SUBMISSIONS_ON_HIDDEN: Final = 10
"""More submissions of one participant than that on hidden masks are warned of: each result tells a little of them."""


LEAK_TEST: Final = (
    """curl -s https://www.codabench.org/api/competitions/ID/ | grep -o '"type": *"reference_data"[^}]*'""",
    "curl -sL https://www.codabench.org/datasets/download/KEY/ | head -c 2",
)
"""What shows whether a site gives the reference data of ID away: the first has to print nothing, the second no `PK`."""


@dataclass(frozen=True, slots=True)
class Data:
    """The reference data of all phases; without `validation` every phase is scored on the hidden data."""

    hidden: Path
    validation: Path | None

    def of(self, phase: Phase) -> Path:
        """The folder that a phase is scored on."""
        return self.validation if self.validation is not None and phase.data is Source.VALIDATION else self.hidden


def build(competition: Competition, folder: CompetitionFolder, data: Data, output: Path, jobs: int) -> list[Path]:
    """Writes both bundles and the parts that they are made of to `output`.

    Raises ReferenceDataError with every fault of the data and UsageError for pages that cannot be used, before anything is
    written; RunStoppedError if a worker is lost.
    """
    splits = _checked_splits(competition, data, jobs)
    _say_what_is_public(splits, data)
    columns = leaderboard_columns(competition.leaderboard, splits)
    facts = facts_of(competition, splits, columns)
    pages = {platform: render_pages(folder.pages(), facts, platform) for platform in ("codabench", "codalab")}
    kit = kit_members(facts, splits)
    public: dict[str, bytes | Path] = {f"pages/{page.file}": page.text.encode() for page in pages["codabench"].values()}
    public |= {f"{STARTING_KIT}/{name}": content for name, content in kit.items()} | {folder.logo.name: folder.logo}
    leaks = [problem for split in splits for problem in copied_masks(split.check.shapes, public)]
    if leaks:
        raise ReferenceDataError(sorted(set(leaks), key=lambda problem: problem.sort_key))
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output, prefix=".parts-") as name:
        temporary = Path(name)
        parts = write_parts(temporary, splits, columns, kit, folder.logo)
        bundles: Mapping[str, Members] = {
            CODABENCH_BUNDLE: codabench_members(competition, pages["codabench"], parts),
            CODALAB_BUNDLE: codalab_members(competition, pages["codalab"], parts),
        }
        written = [write_zip(temporary / name, members, first="competition.yaml") for name, members in bundles.items()]
        written += [temporary / name for name in (STARTING_KIT, PROGRAM_ZIP, *map(reference_zip, splits))]
        # all of them are whole: what fails before leaves the files of the last time
        return [path.replace(output / path.name) for path in written]


def _checked_splits(competition: Competition, data: Data, jobs: int) -> tuple[Split, ...]:
    """The data of every phase, as its task needs it. Raises ReferenceDataError with every fault of all."""
    checks: dict[_Scored, ReferenceCheck] = {}
    for phase in competition.phases:
        if (key := _scored(phase, data)) not in checks:
            checks[key] = _check(key, "reference" if key.folder == data.hidden else "validation", jobs)
    hidden = [check for key, check in checks.items() if key.folder == data.hidden]
    public = [check for key, check in checks.items() if key.folder != data.hidden]
    problems = dict.fromkeys(problem for check in (*hidden, *public) for problem in check.problems)
    problems |= dict.fromkeys(leak for shown, kept in product(public, hidden) for leak in shared_masks(shown, kept))
    for line in render_problems(list(problems), limit=None):
        print(line, file=sys.stderr, flush=True)
    if any(check.has_errors for check in checks.values()) or any(problem.code == "leak" for problem in problems):
        raise ReferenceDataError(())
    splits = tuple(
        Split(phase, checks[_scored(phase, data)], Disclosure.PUBLIC if data.of(phase) == data.hidden else Disclosure.FULL)
        for phase in competition.phases
    )
    for split in splits:
        if split.phase.masks is not None and not split.is_described:
            raise ReferenceDataError.single(
                "settings",
                f"phases.{split.phase.key}.masks: the videos of {split.manifest.protocol.name} are what the masks say they are",
                "leave `masks` out: the masks have to go with the data",
            )
    _compare_rules(splits)
    return splits


def _compare_rules(splits: Sequence[Split]) -> None:
    """Raises ReferenceDataError if phases of one task, or phases that name none, are not scored alike: readers compare them."""
    for one, other in combinations(splits, 2):
        rules = [(split.manifest.rules.protocol, split.manifest.rules.task) for split in (one, other)]
        comparable = rules[0][1] == rules[1][1] or (one.phase.task is None and other.phase.task is None)
        # whoever names a protocol for both wants them so
        comparable = comparable and (one.phase.protocol is None or other.phase.protocol is None)
        if comparable and rules[0] != rules[1]:
            keys = one.phase.key, other.phase.key
            message = " and ".join(f"{key} is scored as {' '.join(rule)}" for key, rule in zip(keys, rules, strict=True))
            fix = "give both data the same `protocol` and `task` in scoring.yaml, or each phase its `task` in competition.yaml"
            raise ReferenceDataError.single("settings", message, fix)


class _Scored(NamedTuple):
    """Data, and what its own settings leave to a phase."""

    folder: Path
    protocol: str | None
    task: Task | None
    image_set: str | None


def _scored(phase: Phase, data: Data) -> _Scored:
    return _Scored(data.of(phase), phase.protocol, phase.task, phase.image_set)


def _check(asked: _Scored, what: str, jobs: int) -> ReferenceCheck:
    def observer(manifest: Manifest) -> ProgressObserver:
        return ProgressObserver({video.name: len(video.scored) for video in manifest.videos}, sys.stdout)

    folder, protocol, task, image_set = asked
    check = check_reference(folder, jobs, observer, what=what, protocol=protocol, task=task, image_set=image_set)
    words = ", ".join(str(word) for word in (protocol, task, image_set) if word)
    print(f"{what}: {folder}{f' ({words})' if words else ''}", flush=True)
    if check.summary is not None:
        print(summary_table(check.summary), flush=True)
    return check


def _say_what_is_public(splits: Sequence[Split], data: Data) -> None:
    if data.validation is None and any(split.phase.data is Source.VALIDATION for split in splits):
        print(
            "NOTE: only REFERENCE was given, so ALL phases are scored on it. Results show means only, but submissions of the\n"
            "      development phase are tries on the final masks. To use the public split for it: make bundle VALIDATION=..."
        )
    for split in splits:
        shows = "per-frame values and pictures" if split.detail is Disclosure.FULL else "means of objects only"
        print(f"{split.phase.key} phase: detail: {split.detail} ({shows})", flush=True)
        if split.check.settings.disclosure not in (None, split.detail):
            print(f"NOTE: its scoring.yaml says detail: {split.check.settings.disclosure}, which the bundle does not follow")
    _warn_of_many_submissions([split.phase for split in splits if split.detail is Disclosure.PUBLIC])


def _warn_of_many_submissions(hidden: Sequence[Phase]) -> None:
    """Says so where a participant can ask the hidden masks often, over all phases that are scored on them."""
    total = sum(phase.submissions_each for phase in hidden)
    if total > SUBMISSIONS_ON_HIDDEN:
        phases = ", ".join(f"{phase.key} {phase.submissions_each}" for phase in hidden)
        print(
            f"WARNING: each participant may have {total} submissions scored on the hidden masks ({phases}).\n"
            f"         Rounded results still tell a little of the masks each time. Keep to {SUBMISSIONS_ON_HIDDEN}:\n"
            "         lower max_submissions or max_submissions_per_day of these phases.",
            flush=True,
        )


def _say_what_is_written(competition: Competition, written: Sequence[Path]) -> None:
    for path in written:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        print(f"{path}  {path.stat().st_size:,} bytes  sha256 {digest}")
    print(f"image: {competition.image} (platforms have to be able to pull it)")
    if any(phase.masks is None for phase in competition.phases if phase.data is Source.REFERENCE):
        first, second = LEAK_TEST
        print(
            "HIDDEN MASKS: Codabench below 1.26 gives reference data to anybody who asks. Use 1.26 or newer, and test it before\n"
            "      you publish. ID is the number in the competition's address, KEY that of the data under Resources > Datasets:\n"
            f"      {first}\n      {second}\n"
            "      The first has to print nothing, the second anything but PK. Or leave the masks out: `masks` of a phase."
        )
    for name in competition.placeholders:
        print(f"NOTE: `{name}` in competition.yaml is still a placeholder below {PLACEHOLDER_DOMAIN}: put yours there")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit codes of `lvos-eval`: 0 built, 2 wrong usage or settings, 3 faulty or leaking reference data."""
    parser = argparse.ArgumentParser(
        prog="python -m competition.bundles.build",
        description="Builds the bundles for Codabench and CodaLab from reference data.",
        epilog="example: python -m competition.bundles.build hidden/lvos_test --validation lvos_valid",
    )
    parser.add_argument("reference", metavar="REFERENCE", type=Path, help="hidden reference data, of the final phase")
    parser.add_argument("--validation", metavar="DIR", type=Path, help="public reference data, for the development phase")
    parser.add_argument("--output", metavar="DIR", type=Path, default=Path("dist"), help="folder to write to (default: dist)")
    parser.add_argument(
        "--competition", metavar="DIR", type=Path, default=SHIPPED.path, help="folder with competition.yaml, pages and logo"
    )
    parser.add_argument("--phases", metavar="FILE", type=Path, help="take the phases from here, as three_tasks.yaml")
    parser.add_argument("--image", help="image that the platforms run, instead of the one in the settings")
    parser.add_argument("--check-image", help="image that participants run, instead of the one in the settings")
    parser.add_argument("--jobs", metavar="N", type=int, default=available_cores(), help="worker processes")
    options = parser.parse_args(arguments)
    try:
        folder = CompetitionFolder(options.competition)
        competition = load_competition(folder, options.phases)
        chosen = {name: value for name in ("image", "check_image") if (value := getattr(options, name))}
        competition = replace(competition, **chosen)
        if options.validation is not None and options.validation.resolve() == options.reference.resolve():
            raise UsageError("VALIDATION is REFERENCE: the masks of the final phase would be shown in the development phase")
        written = build(competition, folder, Data(options.reference, options.validation), options.output, options.jobs)
        _say_what_is_written(competition, written)
    except UsageError as fault:
        print(fault, file=sys.stderr)
        return ExitCode.USAGE
    except ReferenceDataError as fault:
        _refuse(fault.problems)
        return ExitCode.REFERENCE
    except RunStoppedError as fault:
        print(f"stopped: {fault}", file=sys.stderr)
        return ExitCode.STOPPED
    return ExitCode.SUCCESS


def _refuse(problems: Sequence[Problem]) -> None:
    for line in render_problems(problems, limit=None):
        print(line, file=sys.stderr)
    print("no bundle was written", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
