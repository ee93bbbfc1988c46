"""Where a command prints, and what it says when it ends."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TextIO

from lvos_eval.diagnostics.errors import RunStoppedError
from lvos_eval.diagnostics.problems import Problem, Severity, needed_imports
from lvos_eval.diagnostics.terminal import TextStyle, render_problems
from lvos_eval.diagnostics.text import counted
from lvos_eval.execution.deadline import Deadline
from lvos_eval.execution.lifecycle import print_line
from lvos_eval.execution.progress import Progress, ProgressObserver
from lvos_eval.reference.manifest import Manifest

__all__ = ["SHORT_OF_MEMORY", "Console", "interruption_text", "verdict"]

SHORT_OF_MEMORY: Final = "out of memory; give the run more"


def interruption_text(error: KeyboardInterrupt) -> str:
    """What is said of a run that a signal has ended."""
    return str(error) or "interrupted"


@dataclass(frozen=True, slots=True)
class Console:
    """Where a command prints: text goes to stdout, or to stderr where stdout is for JSON."""

    text: TextIO
    json: bool
    quiet: bool

    @classmethod
    def of(cls, namespace: argparse.Namespace) -> Console:
        """The console that the arguments ask for."""
        return cls(sys.stderr if namespace.json else sys.stdout, namespace.json, namespace.quiet)

    def say(self, text: str) -> None:
        print_line(self.text, text)

    def tell(self, sentence: str) -> None:
        """Prints a sentence, wrapped at words where that is a terminal."""
        self.say("\n".join(self.style.wrapped(sentence)))

    @property
    def style(self) -> TextStyle:
        """How text looks where this console prints it."""
        return TextStyle.of(self.text)

    def problems(self, problems: Sequence[Problem]) -> None:
        for line in render_problems(problems, TextStyle.of(sys.stderr)):
            print_line(sys.stderr, line)
        imports = needed_imports(problems)
        if imports is not None:
            print_line(sys.stderr, f"Before the Python in a fix, run: {imports}")

    def document(self, content: Any) -> None:
        """Raises RunStoppedError where it cannot be printed: it is what the command was run for."""
        if self.json and (reason := print_line(sys.stdout, json.dumps(content, indent=1, allow_nan=False))) is not None:
            raise RunStoppedError(f"stdout cannot be written: {reason}")

    def observer(
        self,
        manifest: Manifest,
        on_progress: Callable[[Progress], None] | None = None,
        deadline: Deadline | None = None,
    ) -> ProgressObserver:
        """Shows progress."""
        frames = {video.name: len(video.scored) for video in manifest.videos}
        return ProgressObserver(frames, None if self.quiet else self.text, on_progress, deadline)


def verdict(problems: Sequence[Problem]) -> str:
    """`not valid (2 errors, 1 warning)`."""
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    warnings = sum(problem.severity is Severity.WARNING and not problem.usual for problem in problems)
    found = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    return f"{'not valid' if errors else 'valid'} ({found})"
