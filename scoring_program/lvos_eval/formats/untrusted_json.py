"""A JSON document that somebody hands in, such as a result or a leaderboard: nothing in it is believed before it is checked.

Values are asked for one by one, by kind. Whatever is of another kind is a UsageError that names the file and the place in it, and
texts come out fit for a terminal, so that no file controls it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.text import printable
from lvos_eval.formats.files import read_regular
from lvos_eval.formats.text_files import parse_whole

__all__ = ["MAX_COUNT", "MAX_LABEL", "MAX_SCORE", "Value", "read_document"]

MAX_LABEL: Final = 255
MAX_COUNT: Final = 10**9
MAX_SCORE: Final = 100.0
"""Scores are shares of 1; some protocols give them in percent."""

_SHOWN: Final = 60
"""Characters of a wrong value that are shown."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a document, and where it is: in `objects[3].J`."""

    file: Path
    place: str
    content: object

    def refuse(self, wanted: str) -> UsageError:
        """The error that names the place, what is there and what was wanted."""
        what = f"{self.place} is missing" if self.content is None else f"{self.place} is {self.shown}"
        return UsageError(f"{printable(str(self.file))} cannot be used: {what}; it must be {wanted}")

    @property
    def shown(self) -> str:
        """What is there, in few words, fit for a terminal."""
        if isinstance(self.content, (dict, list)):
            return "an object" if isinstance(self.content, dict) else "a list"
        text = f'"{printable(self.content)}"' if isinstance(self.content, str) else json.dumps(self.content)
        return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."

    def has(self, name: str) -> bool:
        """Whether it is an object with such a field that is not null."""
        return isinstance(self.content, dict) and self.content.get(name) is not None

    def __getitem__(self, name: str) -> Value:
        """A field of an object; one that is not there is null."""
        if not isinstance(self.content, dict):
            raise self.refuse("an object")
        return Value(self.file, f"{self.place}.{name}" if self.place else name, self.content.get(name))

    def require_format(self, known: int) -> None:
        """Refuses a document of another layout."""
        found = self["format"]
        if type(found.content) is not int or found.content != known:
            raise UsageError(f"{printable(str(self.file))} has the layout {found.shown}; this program reads {known}")

    def fields(self) -> Iterator[tuple[str, Value]]:
        """The names, made printable, and values of an object."""
        if not isinstance(self.content, dict):
            raise self.refuse("an object")
        for name, content in self.content.items():
            yield printable(name), Value(self.file, f"{self.place}.{printable(name)}", content)

    def items(self) -> Iterator[Value]:
        """The values of a list."""
        if not isinstance(self.content, list):
            raise self.refuse("a list")
        for position, content in enumerate(self.content):
            yield Value(self.file, f"{self.place}[{position}]", content)

    def text(self) -> str:
        """A text, made printable."""
        if not isinstance(self.content, str):
            raise self.refuse("a text")
        return printable(self.content)

    def one_of(self, names: Collection[str]) -> str:
        """One of some texts."""
        if not isinstance(self.content, str) or self.content not in names:
            raise self.refuse(" or ".join(names))
        return self.content

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.content, bool):
            raise self.refuse("true or false")
        return self.content

    def whole(self, low: int, high: int) -> int:
        """A whole number in a range."""
        if not isinstance(self.content, int) or isinstance(self.content, bool) or not low <= self.content <= high:
            raise self.refuse(f"a whole number from {low:,} to {high:,}")
        return self.content

    def number(self, low: float, high: float) -> float:
        """A number in a range, which NaN is not."""
        content = self.content
        if not isinstance(content, (int, float)) or isinstance(content, bool) or not low <= content <= high:
            raise self.refuse(f"a number from {low:g} to {high:g}")
        return float(content)


def read_document(path: Path) -> Value:
    """The JSON object in a file. Raises UsageError for anything else."""
    try:
        content = json.loads(read_regular(path).decode("utf-8-sig"), parse_int=parse_whole)
    except RecursionError:
        raise UsageError(f"{printable(str(path))} cannot be read: it is nested too deeply") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"{printable(str(path))} cannot be read: {printable(reason)}") from None
    if not isinstance(content, dict):
        raise UsageError(f"{printable(str(path))} is not a result of lvos-eval")
    return Value(path, "", content)
