"""`lvos-eval protocols`: the benchmarks by name, and the rules of one."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lvos_eval import protocols
from lvos_eval.cli.command import Command
from lvos_eval.cli.console import Console
from lvos_eval.cli.options import add_output_options
from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.metrics.definition import TOLERANCE_FRACTION
from lvos_eval.protocols import EvaluationProtocol
from lvos_eval.protocols.contract import ONE_GROUP, PROPOSALS, MaskEncoding, Measures, Pairing
from lvos_eval.protocols.registry import NOT_PUBLIC
from lvos_eval.reference.settings import Disclosure

__all__ = ["PROTOCOLS", "ProtocolsRequest"]


_ENCODINGS: Final[Mapping[MaskEncoding, str]] = {
    MaskEncoding.LABEL_MAP: "one channel, the value of a pixel is the label of its object, 0 is background",
    MaskEncoding.LABEL_MAP_OR_WHITE: "one channel, the value of a pixel is the label of its object, 0 is background, 255 is 1",
    MaskEncoding.SALIENCY: "one channel, foreground in two values or from 127 on is the only object of the video",
    MaskEncoding.BINARY: "one channel, the one value that is not 0 is the only object of the video",
}
_PAIRINGS: Final[Mapping[Pairing, str]] = {
    Pairing.BY_ID: "each object with the label of the same number",
    Pairing.ASSIGNMENT: f"each object with one of the labels 1 to {PROPOSALS[-1]}, by the best one-to-one assignment",
}
_DIAGONAL: Final = f"{TOLERANCE_FRACTION} of the frame's diagonal"
_MEASURES: Final[Mapping[Measures, str]] = {
    Measures.STANDARD: f"J and F, with a tolerance of {_DIAGONAL}, rounded up to whole pixels",
    Measures.ADAPTIVE: "J with 1 added to both counts; F_new, with a tolerance of a tenth of the root of the object's area, "
    f"rounded up, but {_DIAGONAL} at most; F, with one of {_DIAGONAL}, rounded up if F_new has a smaller one",
}


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
    console.document({"protocols": [{"name": found.name, **_rules(found)} for found in every]})
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


def _rules(protocol: EvaluationProtocol) -> dict[str, Any]:
    """What a protocol decides, in words."""
    layout, summary = protocol.layout, protocol.summary
    name = f"{'<text>' if layout.own_prefixes else layout.prefix}<{layout.digits} digits>.png"
    name = f"<object>/{name} or <video>/{name}" if layout.object_folders else name
    lists = [f"{folder}/<set>.txt" for folder in (layout.newer_image_sets, layout.image_sets) if folder]
    refused = protocol.refuses_other_labels or protocol.pairing is Pairing.ASSIGNMENT
    has_f = any(statistic.name == "F" for statistic in protocol.statistics)
    return {
        "source": protocol.source,
        "task": str(protocol.task),
        "ground truth": f"{layout.annotations}/<video>/{name}",
        "submission": f"<video>/{name}",
        "videos": " or ".join(lists) or protocol.videos_in_words,
        "objects": protocol.objects,
        "frames": protocol.frame_rule.description,
        "values of an object": f"begin {protocol.starts.value}",
        "missing videos": protocol.missing_videos.value,
        "masks": _ENCODINGS[protocol.encoding],
        "compared": _PAIRINGS[protocol.pairing] if protocol.encoding.is_label_map else "",
        "other labels": "make a submission invalid" if refused else "are background, with a warning",
        "measures": _MEASURES[protocol.measures] if has_f else "J",
        "scores": list(summary.keys),
        "unit": "percent" if summary.perfect == 100 else "from 0 to 1",
        "groups": list(summary.groups),
        "official files": [file.name.format(set="<set>") for file in protocol.files],
        "as the official tool": list(protocol.quirks),
    }


def _block(protocol: EvaluationProtocol) -> str:
    rules = {key: value for key, value in _rules(protocol).items() if value and value != list(ONE_GROUP)}
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
