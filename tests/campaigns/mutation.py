"""Whether the tests notice when the code is changed: `make mutate`.

    python tests/campaigns/mutation.py WORK [--groups metrics validation] [--sample N --seed S]

Mutmut changes one thing at a time in the modules that scores and findings come from: an operator, a number, a text, an argument.
Each changed program runs against the tests of its group until one fails. Changes that no test can notice, because the program
does the same with them, are listed with the reason in data/equivalent_mutants.toml. Errors at the edges of words, rows and masks,
which few masks show, are planted one by one by test_planted_faults.py, out of data/planted_faults.toml.
"""

from __future__ import annotations

import argparse
import configparser
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

ROOT: Final = Path(__file__).parents[2]
EQUIVALENT: Final = ROOT / "tests" / "data" / "equivalent_mutants.toml"
_PREFIX: Final = "lvos_eval."


@dataclass(frozen=True, slots=True)
class Group:
    """Modules, and the tests that are to notice a change in them: those that need neither a process nor much time."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    without: tuple[str, ...] = ()


GROUPS: Final[Mapping[str, Group]] = {
    "metrics": Group(
        (
            "formats.label_map",
            "masks.finder",
            "masks.packed",
            "metrics.batching",
            "metrics.boundary",
            "metrics.boundary_matching",
            "metrics.definition",
            "metrics.measures",
            "metrics.proximity",
            "metrics.stacks",
            "scoring.pairing",
        ),
        (
            "scoring/test_comparisons.py",
            "formats/test_decoder.py",
            "masks/test_masks.py",
            "metrics/test_metrics.py",
            "campaigns/test_differential.py",
        ),
    ),
    "validation": Group(
        (
            "formats.mask_values",
            "metrics.boundary_matching",
            "protocols.lvos",
            "submission.problem_groups",
            "submission.check_files",
            "submission.check_labels",
            "submission.check_masks",
            "submission.check_names",
            "submission.check_objects",
            "submission.check_sizes",
            "submission.folder_listing",
            "submission.listing",
            "submission.mask_findings",
            "submission.source",
        ),
        (
            "submission/test_causes.py",
            "submission/test_findings.py",
            "protocols/test_protocol.py",
            "submission/test_submission.py",
            "submission/test_validation.py",
            "submission/test_problem_codes.py",
            "submission/test_check.py",
        ),
        (
            "submission/test_check.py::test_a_faulty_submission_ends_in_exit_code_1_a_page_and_no_scores",
            "submission/test_check.py::test_sizes_come_from_the_metadata_or_from_first_masks_or_are_said_to_be_unknown",
            "submission/test_check.py::test_a_metadata_file_alone_is_enough",
            "submission/test_check.py::test_nothing_that_is_said_of_a_faulty_submission_depends_on_the_ground_truth",
            "submission/test_check.py::test_a_scoring_run_reports_the_same_problems_as_check",
        ),
    ),
}

KILLED: Final = frozenset({"killed", "timeout", "suspicious", "segfault"})


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one line."""

    name: str
    before: str
    after: str

    @property
    def module(self) -> str:
        return self.name.removeprefix(_PREFIX).rpartition(".")[0]


def main() -> int:
    """Returns 1 if a change was not noticed that is not known to be equivalent."""
    parser = argparse.ArgumentParser(prog="python tests/campaigns/mutation.py", description=__doc__.partition("\n")[0])
    parser.add_argument("work", type=Path, metavar="WORK", help="folder for the changed programs; what it has is not done again")
    parser.add_argument("--groups", nargs="+", choices=list(GROUPS), default=list(GROUPS))
    parser.add_argument("--sample", type=int, metavar="N", help="only so many changes of each module")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    rows, survivors = [], []
    for name in options.groups:
        group, folder = GROUPS[name], options.work.absolute() / name
        _prepare(folder, group)
        chosen = _choose(folder, group, options.sample, options.seed)
        _mutmut(folder, "run", "--max-children", str(options.jobs), *chosen)
        statuses = {mutant: status for mutant, status in _statuses(folder).items() if mutant in set(chosen)}
        alive = [_shown(folder, mutant) for mutant, status in statuses.items() if status not in KILLED]
        equivalent = [mutant for mutant in alive if _is_equivalent(mutant)]
        survivors += [mutant for mutant in alive if mutant not in equivalent]
        rows += [_row(module, statuses, equivalent, options.sample) for module in group.modules]
    print("| module | changes | noticed | cannot matter | not noticed | noticed, of those that matter |")
    print("|---|---:|---:|---:|---:|---:|")
    print("\n".join(rows))
    for mutant in survivors:
        print(f"\n{mutant.name}\n{mutant.before}\n{mutant.after}")
    return 1 if survivors else 0


def _prepare(folder: Path, group: Group) -> None:
    """The project as mutmut wants it: the package below `src`, and its settings in a file of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    for source, target in (("scoring_program/lvos_eval", "src/lvos_eval"), ("tests", "tests")):
        shutil.rmtree(folder / target, ignore_errors=True)
        shutil.copytree(ROOT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__", "browser", "container"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    settings = configparser.ConfigParser()
    deselected = ["-m\nnot slow", *(f"--deselect\ntests/{test}" for test in group.without)]
    settings["mutmut"] = {
        "source_paths": "src",
        "only_mutate": "\n".join(f"src/lvos_eval/{module.replace('.', '/')}.py" for module in group.modules),
        "pytest_add_cli_args": "\n".join(["-p", "no:cacheprovider", *deselected]),
        "pytest_add_cli_args_test_selection": "\n".join(f"tests/{test}" for test in group.tests),
    }
    with (folder / "setup.cfg").open("w") as file:
        settings.write(file)


def _choose(folder: Path, group: Group, sample: int | None, seed: int) -> list[str]:
    """The changes to try: all of them, or a sample of each module."""
    _mutmut(folder, "run", "only to write the changes down", check=False)
    names = sorted(_statuses(folder))
    if sample is None:
        return names
    by_module = ([name for name in names if name.startswith(f"{_PREFIX}{module}.")] for module in group.modules)
    return [name for found in by_module for name in sorted(Random(seed).sample(found, min(sample, len(found))))]


def _mutmut(folder: Path, *arguments: str, check: bool = True) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "mutation"}
    run = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    if check and run.returncode:
        raise SystemExit(f"{' '.join(command[:6])} failed:\n{run.stdout[-3000:]}")
    return run.stdout


def _statuses(folder: Path) -> dict[str, str]:
    """The status of every change by its name."""
    lines = _mutmut(folder, "results", "--all", "true").splitlines()
    pairs = (line.strip().split(": ", 1) for line in lines if line.strip().startswith(_PREFIX))
    return dict(pairs)


def _shown(folder: Path, name: str) -> Mutant:
    lines = _mutmut(folder, "show", name).splitlines()
    before, after = ("\n".join(line[1:] for line in lines if line[:1] == sign and line[:3] != sign * 3) for sign in ("-", "+"))
    return Mutant(name, before, after)


def _is_equivalent(mutant: Mutant) -> bool:
    """Whether it is one of the listed changes: by what they change, because the numbers in names move."""
    listed: Sequence[Mapping[str, str]] = tomllib.loads(EQUIVALENT.read_text())["equivalent"]
    return any(
        entry["module"] == mutant.module
        and entry["from"] in mutant.before
        and mutant.before.replace(entry["from"], entry["to"]) == mutant.after
        for entry in listed
    )


def _row(module: str, statuses: Mapping[str, str], equivalent: Sequence[Mutant], sample: int | None) -> str:
    found = Counter(
        "noticed" if status in KILLED else "alive" for name, status in statuses.items() if name.startswith(f"{_PREFIX}{module}.")
    )
    same = sum(mutant.module == module for mutant in equivalent)
    matter = found.total() - same
    share = f"{found['noticed'] / matter:.1%}" if matter else "-"
    tried = f"a sample of {sample}" if found.total() == sample else f"{found.total()}"
    return f"| {module} | {tried} | {found['noticed']} | {same} | {found['alive'] - same} | {share} |"


if __name__ == "__main__":
    sys.exit(main())
