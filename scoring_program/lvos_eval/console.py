"""What every command shares: options, the settings they override, and where it prints."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from lvos_eval.faults import Stopped
from lvos_eval.manifest import Manifest, load_manifest
from lvos_eval.problems import Problem, Severity, needed_imports, render_problems
from lvos_eval.process import say
from lvos_eval.progress import Deadline, ProgressObserver
from lvos_eval.protocol import Protocol, Task
from lvos_eval.report import Progress
from lvos_eval.settings import Detail, load_settings

__all__ = ["Console", "add_common_options", "add_output_options", "requested_detail", "requested_manifest", "verdict"]


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


def requested_detail(options: argparse.Namespace) -> Detail:
    """How much a command may show: as the command line says, else scoring.yaml, else the command's own default.

    Public where scoring.yaml cannot be read: the command reads it again, and fails in its own way.
    """
    asked: Detail | None = getattr(options, "detail", None)
    default: Detail = options.default_detail
    if asked is not None:
        return asked
    reference: Path | None = getattr(options, "reference", None)
    if reference is None:
        return default
    try:
        settings = load_settings(reference if reference.is_dir() else reference.parent)
    except Exception:  # noqa: BLE001 - whatever it is, the command meets it too
        return Detail.PUBLIC
    return settings.detail or default


def requested_manifest(options: argparse.Namespace, *, splits: bool = True) -> Manifest:
    """The manifest under scoring.yaml, overridden by the command line; without `splits` if it does not matter what is unseen."""
    reference: Path = options.reference
    settings = load_settings(reference if reference.is_dir() else reference.parent)
    return load_manifest(reference, settings.override(protocol=options.protocol, task=options.task), splits=splits)


@dataclass(frozen=True, slots=True)
class Console:
    """Where a command prints: text goes to stdout, or to stderr where stdout is for JSON."""

    text: TextIO
    json: bool
    quiet: bool

    @classmethod
    def of(cls, options: argparse.Namespace) -> Console:
        return cls(sys.stderr if options.json else sys.stdout, options.json, options.quiet)

    def say(self, text: str) -> None:
        say(self.text, text)

    def problems(self, problems: Sequence[Problem]) -> None:
        for line in render_problems(problems):
            say(sys.stderr, line)
        imports = needed_imports(problems)
        if imports is not None:
            say(sys.stderr, f"Before the Python in a fix, run: {imports}")

    def document(self, content: Any) -> None:
        """Raises Stopped where it cannot be printed: it is what the command was run for."""
        if self.json and (reason := say(sys.stdout, json.dumps(content, indent=1, allow_nan=False))) is not None:
            raise Stopped(f"stdout cannot be written: {reason}")

    def observer(
        self,
        manifest: Manifest,
        on_progress: Callable[[Progress], None] | None = None,
        deadline: Deadline | None = None,
        *,
        aside: bool = False,
    ) -> ProgressObserver:
        """Shows progress; `aside` on stderr, before stdout has its first line."""
        frames = {video.name: len(video.scored) for video in manifest.videos}
        stream = sys.stderr if aside else self.text
        return ProgressObserver(frames, None if self.quiet else stream, on_progress, deadline)


def verdict(problems: Sequence[Problem]) -> str:
    """`not valid (2 errors, 1 warning)`."""
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = len(problems) - errors
    found = f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}"
    return f"{'not valid' if errors else 'valid'} ({found})"
