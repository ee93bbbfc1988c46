"""The options that commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from lvos_eval import protocols
from lvos_eval.protocols import Task
from lvos_eval.reference.choice import ReferenceChoice

__all__ = ["add_common_options", "add_output_options", "add_reference_options", "reference_of"]


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """What every command takes that looks at masks beside reference data."""
    add_reference_options(parser)
    parser.add_argument("--strict", action="store_true", help="labels that are not declared objects are errors, not warnings")
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=_job_count,
        help="worker processes (default: the cores that may be used, none for a small job)",
    )
    add_output_options(parser)


def add_reference_options(parser: argparse.ArgumentParser) -> None:
    """Under which rules reference data is read."""
    parser.add_argument(
        "--protocol",
        choices=protocols.names(),
        help="benchmark whose rules count (default: scoring.yaml, else the one whose data it is by its layout)",
    )
    parser.add_argument("--set", metavar="NAME", dest="image_set", help="list of videos, where the data has several")
    parser.add_argument("--task", choices=list(Task), type=Task, help="default: scoring.yaml, else the usual one of the protocol")


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """How much a command prints, and how."""
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a failure")


def _job_count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of workers; use 1 or more")
    return int(text)


def reference_of(path: Path, namespace: argparse.Namespace) -> ReferenceChoice:
    """The reference data at `path` as the arguments ask for it."""
    return ReferenceChoice(path, namespace.protocol, namespace.task, namespace.image_set)
