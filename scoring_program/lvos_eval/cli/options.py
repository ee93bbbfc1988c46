"""The options that commands share, and the settings that they override."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from lvos_eval.protocols.lvos import Protocol, Task
from lvos_eval.reference.settings import Disclosure, Settings, load_settings

__all__ = ["add_common_options", "add_output_options", "requested_detail", "requested_settings"]


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """What every command takes that looks at reference data."""
    parser.add_argument(
        "--protocol", choices=list(Protocol), type=Protocol, help="frame rule (default: scoring.yaml, else lvos-v2)"
    )
    parser.add_argument("--task", choices=list(Task), type=Task, help="default: scoring.yaml, else semi-supervised")
    parser.add_argument("--strict", action="store_true", help="labels that are no declared object are errors, not warnings")
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=_job_count,
        help="worker processes (default: the cores that may be used, none for a small job)",
    )
    add_output_options(parser)


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """How much a command prints, and how."""
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a failure")


def _job_count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of workers; use 1 or more")
    return int(text)


def requested_detail(options: argparse.Namespace) -> Disclosure:
    """How much a command may show: as the command line says, else scoring.yaml, else the command's own default.

    Public where scoring.yaml cannot be read: the command reads it again, and fails in its own way.
    """
    asked: Disclosure | None = getattr(options, "detail", None)
    default: Disclosure = options.default_detail
    if asked is not None:
        return asked
    reference: Path | None = getattr(options, "reference", None)
    if reference is None:
        return default
    try:
        settings = load_settings(reference)
    except Exception:  # noqa: BLE001 - whatever it is, the command meets it too
        return Disclosure.PUBLIC
    return settings.disclosure or default


def requested_settings(options: argparse.Namespace) -> Settings:
    """The settings in scoring.yaml, under the rules that the command line gives."""
    settings = load_settings(options.reference)
    return replace(settings, rules=settings.rules.override(protocol=options.protocol, task=options.task))
