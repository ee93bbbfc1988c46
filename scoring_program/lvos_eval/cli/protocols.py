"""`lvos-eval protocols`: the benchmarks by name, and the rules of one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lvos_eval import protocols
from lvos_eval.cli.command import Command
from lvos_eval.cli.console import Console
from lvos_eval.cli.options import add_output_options
from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.protocols import EvaluationProtocol
from lvos_eval.protocols.contract import ONE_GROUP
from lvos_eval.protocols.registry import NOT_PUBLIC
from lvos_eval.protocols.wording import rules_in_words
from lvos_eval.reference.settings import Disclosure

__all__ = ["PROTOCOLS", "ProtocolsRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolsRequest:
    """Whose rules to print; None: the list of all."""

    name: str | None

    def disclosure(self) -> Disclosure:
        """No ground truth is read."""
        return Disclosure.FULL


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", choices=protocols.names(), help="whose rules (default: a list of all)")
    add_output_options(parser)


def _request_of(namespace: argparse.Namespace) -> ProtocolsRequest:
    return ProtocolsRequest(name=namespace.name)


def _run(request: ProtocolsRequest, _: Disclosure, console: Console) -> ExitCode:
    if request.name is None:
        console.say(_list())
        console.document(
            {
                "protocols": [{"name": name, "description": found.description} for name, found in _first().items()],
                "not_public": dict(NOT_PUBLIC),
            }
        )
        return ExitCode.SUCCESS
    every = [protocols.get(request.name, task) for task in protocols.tasks(request.name)]
    console.say("\n\n".join([f"{request.name}: {every[0].description}", *(_block(found) for found in every)]))
    console.document({"protocols": [{"name": found.name, **rules_in_words(found)} for found in every]})
    return ExitCode.SUCCESS


def _first() -> dict[str, EvaluationProtocol]:
    """Each protocol by name, under its first task."""
    return {name: protocols.get(name, protocols.tasks(name)[0]) for name in protocols.names()}


def _list() -> str:
    found = _first()
    width = max(map(len, [*found, *NOT_PUBLIC]))
    lines = [f"{name:<{width}}  {protocol.description}" for name, protocol in found.items()]
    without = [f"{name:<{width}}  {reason}" for name, reason in NOT_PUBLIC.items()]
    return "\n".join(
        [*lines, "", "Not scored here, because nobody can check the numbers against the official program:", "", *without]
    )


def _block(protocol: EvaluationProtocol) -> str:
    rules = {key: value for key, value in rules_in_words(protocol).items() if value and value != list(ONE_GROUP)}
    width = max(map(len, rules))
    return "\n".join(f"  {key:<{width}}  {text}" for name, value in rules.items() for key, text in _rows(name, value))


def _rows(name: str, value: str | Sequence[str]) -> list[tuple[str, str]]:
    """A rule as lines: names in one, sentences one below the other."""
    if isinstance(value, str):
        return [(name, value)]
    if any(" " in text for text in value):
        return [(name if number == 0 else "", text) for number, text in enumerate(value)]
    return [(name, ", ".join(value))]


PROTOCOLS: Final[Command[ProtocolsRequest]] = Command(
    purpose="list the benchmarks and print the rules of one",
    description="Lists the benchmarks whose numbers are reproduced, or prints the rules of one of them.",
    example="lvos-eval protocols davis-2017",
    add_options=_add_options,
    request_of=_request_of,
    run=_run,
)
