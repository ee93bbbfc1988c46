"""Values of a settings file, each read in one way; every fault is collected, with where it is."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from competition.settings.model import TIME_FORMAT

__all__ = ["EntryReader", "shown"]

_WHOLE: Final = re.compile("[0-9]{1,9}")
_YES_OR_NO: Final = {"true": True, "false": False}

_Choice = TypeVar("_Choice", bound=StrEnum)


class EntryReader:
    """One mapping of the file: `where` is its path, and `faults` is shared by all readers of the file."""

    def __init__(self, content: Any, where: str, faults: list[str]) -> None:
        self.where = where
        self.faults = faults
        self.entries: Mapping[str, Any] = content if isinstance(content, dict) else {}
        self.is_mapping = isinstance(content, dict)

    def path(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name

    def fault(self, name: str, message: str) -> None:
        self.faults.append(f"{self.path(name)}: {message}")

    def inner(self, name: str) -> EntryReader:
        """The mapping below a key."""
        return EntryReader(self.entries.get(name), self.path(name), self.faults)

    def only(self, known: Collection[str], renamed: Mapping[str, str] | None = None) -> EntryReader:
        """Reports every key that is not known, with what is meant by it."""
        if not self.is_mapping:
            self.faults.append(f"{self.where or 'the file'}: {', '.join(known)} are needed")
        for key in self.entries:
            if key in (renamed or {}):
                self.fault(key, f"this key has another name: {(renamed or {})[key]}")
            elif key not in known:
                near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.0)[0]
                self.fault(key, f"unknown key; did you mean {near}?")
        return self

    def text(self, name: str) -> str:
        value = self.entries.get(name)
        if not isinstance(value, str) or not value.strip():
            self.fault(name, f"a text is needed, not {shown(value)}")
            return ""
        return value

    def whole(self, name: str, default: int | None = None) -> int:
        """A number above 0; 0 after a fault."""
        value = self.entries.get(name)
        if value is None and default is not None:
            return default
        number = int(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else 0
        if not number:
            self.fault(name, f"a whole number above 0 is needed, not {shown(value)}")
        return number

    def yes(self, name: str, default: bool) -> bool:
        value = self.entries.get(name)
        if value is None:
            return default
        if not isinstance(value, str) or value not in _YES_OR_NO:
            self.fault(name, f"true or false is needed, not {shown(value)}")
            return default
        return _YES_OR_NO[value]

    def choice(self, name: str, kind: type[_Choice], default: _Choice) -> _Choice:
        value = self.entries.get(name)
        if value is None:
            return default
        if value not in list(kind):
            self.fault(name, f"one of {', '.join(kind)} is needed, not {shown(value)}")
            return default
        return kind(value)

    def time(self, name: str) -> datetime | None:
        value = self.entries.get(name)
        try:
            return datetime.strptime(value, TIME_FORMAT).replace(tzinfo=UTC)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            self.fault(name, f'a UTC time as "2026-12-01 00:00:00" is needed, not {shown(value)}')
            return None


def shown(value: Any) -> str:
    """A value in a message: a text as it stands in the file."""
    if isinstance(value, str):
        return repr(value)
    return {type(None): "nothing", list: "a list", dict: "a mapping"}[type(value)]
