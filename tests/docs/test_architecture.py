"""`docs/architecture.md`: its packages, floors and steps are those of the program."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

import commands
from call_tree import ENTRY, Calls, calls_of
from submissions import good_files, write_folder, write_reference

PACKAGE: Final = commands.PROGRAM / "lvos_eval"
ROOT: Final = commands.PROGRAM.parent
PAGE: Final = (ROOT / "docs" / "architecture.md").read_text()
FLOORS: Final[list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
INDENT: Final = 2
LOOPS: Final = ("execution.", "execution.progress:", "execution.workload:")
"""What runs functions that it is given, or passes their results on: it lies between two steps."""


def section(name: str) -> list[str]:
    return PAGE.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0].splitlines()


def steps() -> list[tuple[str, ...]]:
    """Each step as the functions at work in it, by its indentation: from `evaluate.py` to its own."""
    found: list[tuple[str, ...]] = []
    for number, line in enumerate(section("steps")[1:-1], 1):
        match = re.match(r" *(\d+)\. ( *)([\w.]+)  ", line)
        assert match, line
        shown, indent, name = match.groups()
        assert int(shown) == number
        depth, rest = divmod(len(indent), INDENT)
        above = found[-1] if found else ()
        assert not rest
        assert depth <= len(above), f"step {number} is more than one call deeper than the one before"
        found.append((*above[:depth], name))
    return found


def module_of(function: str) -> str:
    """`scoring.run` of `scoring.run.Results.add`."""
    parts = function.split(".")
    ends = range(len(parts) - 1, 0, -1)
    return next(".".join(parts[:end]) for end in ends if PACKAGE.joinpath(*parts[:end]).with_suffix(".py").is_file())


def floor_of(function: str) -> int:
    """The number of the floor on which a step is, the highest being 0."""
    return next(number for number, floor in enumerate(FLOORS) if function.partition(".")[0] in floor.split(" | "))


def test_every_package_is_told_from_the_highest_to_the_lowest() -> None:
    told = [match[1] for line in section("packages") if (match := re.match(r"\| `(\w+)` \| ", line))]
    assert told == [package for floor in FLOORS for package in floor.split(" | ")]
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} <= set(told)


def test_no_step_calls_a_package_further_up() -> None:
    """From the command line on: what starts the process is on no floor."""
    start = next(position for position, function in enumerate(steps()[-1]) if function.startswith("cli."))
    for step in steps():
        floors = [floor_of(function) for function in step[start:]]
        assert floors == sorted(floors), step


def test_a_run_takes_the_steps_in_their_order_and_each_is_called_by_the_one_that_it_is_below(tmp_path: Path) -> None:
    write_reference(tmp_path / "in" / "ref")
    write_folder(tmp_path / "in" / "res", good_files())
    arguments = (tmp_path / "in", tmp_path / "out", "--jobs", "1")
    calls = calls_of(commands.PROGRAM / "evaluate.py", arguments, tmp_path)
    assert (tmp_path / "out" / "scores.txt").is_file()
    order = [first_call(step, calls) for step in steps()]
    assert order == sorted(order)


def first_call(step: tuple[str, ...], calls: Calls) -> int:
    """When a step is first taken. Between it and its caller are only functions of their modules, and loops."""
    named = {as_called(function) for found in steps() for function in found}
    functions = [as_called(function) for function in step]
    modules = {name.partition(":")[0] for name in functions[-2:]}
    for number, stack in enumerate(calls):
        if stack[-1] == functions[-1] and [name for name in stack if name in named] == functions:
            between = stack[stack.index(functions[-2]) + 1 : -1] if len(functions) > 1 else []
            if all(name.partition(":")[0] in modules or name.startswith(LOOPS) for name in between):
                return number
    raise AssertionError(f"no run takes the step {' > '.join(step)}")


def as_called(function: str) -> str:
    """`scoring.run:Results.add` for `scoring.run.Results.add`."""
    if function == ENTRY:
        return ENTRY
    module = module_of(function)
    return f"{module}:{function.removeprefix(f'{module}.')}"
