"""Problems as text for a terminal or a log: grouped by cause, wrapped at words, coloured where somebody sees colours."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import TextWrapper
from typing import Final, TextIO

from lvos_eval.diagnostics.problems import Problem, Severity
from lvos_eval.diagnostics.text import natural_key, printable

__all__ = ["PLAIN", "SHOWN_PROBLEMS", "TextStyle", "render_problems"]

SHOWN_PROBLEMS: Final = 50
"""At most so many problems are printed; the page and `--json` hold them all."""

_NARROWEST: Final = 40
_INDENT: Final = "  "
_COLOURS: Final = {"error": "1;31", "warning": "1;33", "note": "1;34", "Fix:": "1;32", "up": "32", "down": "31", "strong": "1"}
_COMMAND: Final = re.compile(
    r"(?<=: )(?:(?:python -[cm]|lvos-eval|cp|zip) .*?(?=; or, |$)|(?:(?:grey|rgb|mask) = |PIL\.Image).*?\.save\(path\)"
    r"|cv2\.resize\([^)]*\))"
)
"""What somebody copies out of a fix: it must stay whole."""


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How text looks where it is printed: `width` in columns, None where lines may be as long as they are."""

    width: int | None
    colour: bool

    @classmethod
    def of(cls, stream: TextIO) -> TextStyle:
        """Wrapped and coloured on a terminal, coloured unless NO_COLOR is set (no-color.org); plain anywhere else."""
        try:
            if not stream.isatty():
                return PLAIN
            columns = os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError):
            return PLAIN
        colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        # a terminal that does not know its width says 0
        return cls(max(columns, _NARROWEST) if columns else 80, colour)

    def paint(self, text: str, kind: str) -> str:
        """`text` in the colour of its kind."""
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if self.colour else text

    def wrapped(self, text: str, first: str = "", later: str = _INDENT) -> list[str]:
        """`text` in lines that fit, the first one after `first`, every later one after `later`."""
        if self.width is None:
            return [first + text]
        wrapper = TextWrapper(
            self.width, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
        )
        return wrapper.wrap(text) or [first.rstrip()]


PLAIN: Final = TextStyle(None, colour=False)
"""As in a log: no colours, and a line may be as long as it is, so that a search finds it."""


def render_problems(problems: Sequence[Problem], style: TextStyle = PLAIN, limit: int | None = SHOWN_PROBLEMS) -> list[str]:
    """The problems as lines: those of one code and one fix together, the fix below; at most `limit`, then a count of the rest.

    Usual warnings, which call for nothing, are notes at the end.
    """
    usual = [problem for problem in problems if problem.usual]
    others = [problem for problem in problems if not problem.usual]
    shown = others if limit is None else others[:limit]
    causes: dict[tuple[Severity, str, str], list[Problem]] = {}
    for problem in shown:
        causes.setdefault((problem.severity, problem.code, problem.fix), []).append(problem)
    blocks = [_block(members, style) for members in causes.values()]
    rest = Counter(problem.code for problem in others[len(shown) :])
    if rest:
        counts = ", ".join(f"{count} {code}" for code, count in rest.items())
        blocks.append(style.wrapped(f"... and {rest.total()} more ({counts}); all are on the page and in --json"))
    if usual:
        blocks.append(
            [line for problem in usual for line in _headed("note", f" {_place(problem)}{printable(problem.message)}", style)]
        )
    return [line for block in _apart(blocks) for line in block]


def _apart(blocks: Sequence[list[str]]) -> Iterator[list[str]]:
    """The blocks with an empty line between two of them."""
    for position, block in enumerate(blocks):
        yield ["", *block] if position else block


def _block(members: Sequence[Problem], style: TextStyle) -> list[str]:
    """Problems of one cause, a line each, and the one fix for all of them."""
    ordered = sorted(members, key=lambda problem: natural_key(problem.video or ""))
    lines = [line for problem in ordered for line in _problem(problem, style)]
    fix = printable(members[0].fix)
    if not fix:
        return lines
    if style.width is None:
        return [*lines, f"{_INDENT}Fix: {fix}"]
    first, *more = _pieces(fix)
    told = style.wrapped(first, f"{_INDENT}Fix: ", 2 * _INDENT)
    told[0] = told[0].replace("Fix:", style.paint("Fix:", "Fix:"), 1)
    for piece in more:
        told += [f"{2 * _INDENT}{piece}"] if _COMMAND.fullmatch(f": {piece}", 2) else style.wrapped(piece, *2 * [2 * _INDENT])
    return lines + told


def _pieces(fix: str) -> list[str]:
    """A fix cut before and after each command in it."""
    pieces, start = [], 0
    for match in _COMMAND.finditer(fix):
        pieces += [fix[start : match.start()], match[0]]
        start = match.end()
    pieces.append(fix[start:])
    return [text for piece in pieces if (text := piece.strip()) not in ("", ".")]


def _problem(problem: Problem, style: TextStyle) -> list[str]:
    place = _place(problem)
    head = f"{problem.code} {place}" if place else f"{problem.code}: "
    return _headed(problem.severity, f" {head}{printable(problem.message)}", style)


def _place(problem: Problem) -> str:
    """`video 00000006: `, as far as a problem has them."""
    where = "" if problem.video is None else printable(problem.video)
    parts = [part for part in (where, problem.frame_ranges) if part]
    return f"{' '.join(parts)}: " if parts else ""


def _headed(head: str, text: str, style: TextStyle) -> list[str]:
    """A message under its coloured head."""
    colon = "" if head in tuple(Severity) else ":"
    first, *more = style.wrapped(f"{head}{colon}{text}")
    return [style.paint(head + colon, head) + first[len(head + colon) :], *more]
