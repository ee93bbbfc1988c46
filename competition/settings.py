"""The competition as `competition.yaml` says it, read once and checked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeVar

from lvos_eval import __version__
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.formats.text_files import DocumentError, Yaml, read_yaml
from lvos_eval.protocols.contract import Task
from lvos_eval.protocols.lvos import SCORE_KEYS

__all__ = ["COMPETITION_FILE", "PLACEHOLDER_DOMAIN", "Competition", "Phase", "Source", "load_competition"]

COMPETITION_FILE: Final = Path(__file__).with_name("competition.yaml")
PLACEHOLDER_DOMAIN: Final = "lvos.example"
"""Stands for a name that only the organisers can know; the top-level domain is reserved, so nobody else can own it."""

TIME_FORMAT: Final = "%Y-%m-%d %H:%M:%S"
DEADLINE_MARGIN: Final = 60
"""Seconds by which the program stops before the platform would: a killed run says nothing to the participant."""


_WHOLE: Final = re.compile("[0-9]{1,9}")
_PHASE_KEY: Final = re.compile("[a-z][a-z0-9_-]*")
"""A phase's key becomes part of file names."""


class Source(StrEnum):
    """Which of the two sets of reference data a phase is scored on."""

    REFERENCE = "reference"
    """The hidden one."""
    VALIDATION = "validation"
    """The public one; the hidden one where there is none."""


_Choice = TypeVar("_Choice", Source, Task)


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase; times are UTC, `time_limit` is the platform's in seconds."""

    key: str
    name: str
    description: str
    data: Source
    task: Task | None
    """None: what the data's scoring.yaml says."""
    start: datetime
    end: datetime
    max_submissions: int
    max_submissions_per_day: int
    time_limit: int

    @property
    def own_deadline(self) -> int:
        """Seconds after which the scoring program stops by itself."""
        return self.time_limit - DEADLINE_MARGIN

    @property
    def day_after(self) -> date:
        """The first day that does not belong to the phase."""
        return (self.end + timedelta(days=1)).date() if self.end.time() != time() else self.end.date()

    @property
    def submissions_each(self) -> int:
        """How many submissions a participant has in the whole phase, by both limits."""
        return min(self.max_submissions, self.max_submissions_per_day * (self.day_after - self.start.date()).days)


@dataclass(frozen=True, slots=True)
class Competition:
    """Everything that both bundles are made from, apart from data, pages and program."""

    title: str
    description: str
    contact: str
    approve_registrations: bool
    image: str
    check_image: str
    leaderboard: tuple[str, ...]
    phases: tuple[Phase, ...]
    """In their order in time, at least one."""

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names of the settings that only the organisers can fill in, and have not."""
        return tuple(name for name in ("contact", "image", "check_image") if PLACEHOLDER_DOMAIN in getattr(self, name))


def load_competition(path: Path = COMPETITION_FILE, phases: Path | None = None) -> Competition:
    """The competition, with the phases of another file if one is given. Raises UsageError with every fault, a line each."""
    content = _load(path)
    if phases is not None:
        other = _load(phases)
        if not isinstance(content, dict) or not isinstance(other, dict) or set(other) != {"phases"}:
            raise UsageError(f"{phases}: it has to hold `phases:` and nothing else")
        content |= other
    return _Reader().read(content)


def _load(path: Path) -> Yaml | None:
    try:
        return read_yaml(path)
    except DocumentError as fault:
        raise UsageError(f"{path} {fault}\nFix: {fault.fix}") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


class _Reader:
    """Turns the YAML mapping into a `Competition`, collecting every fault before it raises."""

    def __init__(self) -> None:
        self._faults: list[str] = []

    def read(self, content: Any) -> Competition:
        top = self._mapping("", content, [item.name for item in fields(Competition)])
        values: dict[str, Any] = {
            name: self._value(name, top, str).replace("{version}", __version__)
            for name in ("title", "description", "contact", "image", "check_image")
        }
        values["approve_registrations"] = self._value("approve_registrations", top, bool)
        values["leaderboard"] = tuple(self._value("leaderboard", top, list))
        unknown = [key for key in values["leaderboard"] if key not in SCORE_KEYS]
        if unknown or values["leaderboard"] != tuple(key for key in SCORE_KEYS if key in values["leaderboard"]):
            self._faults.append(f"leaderboard: use keys of {', '.join(SCORE_KEYS)}, each at most once, in this order")
        elif values["leaderboard"][:1] != SCORE_KEYS[:1]:
            self._faults.append(f"leaderboard: {SCORE_KEYS[0]} decides the ranking and cannot be left out")
        values["phases"] = self._phases(top.get("phases"))
        if self._faults:
            raise UsageError("\n".join(f"competition.yaml: {fault}" for fault in self._faults))
        return Competition(**values)

    def _mapping(self, where: str, content: Any, known: list[str]) -> Mapping[str, Any]:
        if not isinstance(content, dict):
            self._faults.append(f"{where or 'the file'}: {', '.join(known)} are needed")
            return {}
        for key in content:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.0)[0]
                self._faults.append(f"{where}{'.' if where else ''}{key}: unknown key; did you mean {near}?")
        return content

    def _phases(self, content: Any) -> tuple[Phase, ...]:
        if not isinstance(content, dict) or not content:
            self._faults.append("phases: at least one is needed, as `final: {name: ..., start: ..., end: ...}`")
            return ()
        for key in content:
            if not _PHASE_KEY.fullmatch(str(key)):
                self._faults.append(f"phases.{key}: a key is made of small letters, digits, - and _, and begins with a letter")
        phases = tuple(self._phase(str(key), entry) for key, entry in content.items())
        if not self._faults:
            self._faults += [
                f"phases.{later.key}: it starts before phases.{earlier.key} ends; the platforms take one phase at a time"
                for earlier, later in pairwise(phases)
                if later.start < earlier.end
            ]
        return phases

    def _value(self, name: str, content: Mapping[str, Any], kind: type, where: str = "") -> Any:
        text = content.get(name)
        value: Any = text
        if kind is bool:
            value = {"true": True, "false": False}.get(str(text))
        elif kind is int:
            value = int(str(text)) if _WHOLE.fullmatch(str(text)) else None
        if type(value) is not kind or (kind is not bool and not value):
            words = {str: "a text", bool: "true or false", list: "a list", int: "a whole number above 0"}[kind]
            self._faults.append(f"{where}{name}: {words} is needed, not {_shown(text)}")
            return kind()
        return value

    def _phase(self, key: str, content: Any) -> Phase:
        where = f"phases.{key}"
        names = [item.name for item in fields(Phase) if item.name != "key"]
        entry = self._mapping(where, content, names)
        start, end = (self._time(name, entry, f"{where}.") for name in ("start", "end"))
        if end <= start:
            self._faults.append(f"{where}: it ends before it starts")
        if start.time() != time():
            self._faults.append(f"{where}.start: a phase starts at 00:00:00 UTC, because CodaLab knows days only")
        texts = {name: self._value(name, entry, str, f"{where}.") for name in ("name", "description")}
        counts = ("max_submissions", "max_submissions_per_day", "time_limit")
        numbers = {name: self._value(name, entry, int, f"{where}.") for name in counts}
        if 0 < numbers["time_limit"] <= DEADLINE_MARGIN:
            self._faults.append(f"{where}.time_limit: more than {DEADLINE_MARGIN} seconds are needed")
        data = self._choice("data", entry, Source, f"{where}.") or Source.REFERENCE
        task = self._choice("task", entry, Task, f"{where}.") if "task" in entry else None
        return Phase(key, data=data, task=task, start=start, end=end, **texts, **numbers)

    def _choice(self, name: str, content: Mapping[str, Any], kind: type[_Choice], where: str) -> _Choice | None:
        value = content.get(name)
        if value not in list(kind):
            self._faults.append(f"{where}{name}: one of {', '.join(kind)} is needed, not {_shown(value)}")
            return None
        return kind(value)

    def _time(self, name: str, content: Mapping[str, Any], where: str) -> datetime:
        value = content.get(name)
        try:
            return datetime.strptime(value, TIME_FORMAT).replace(tzinfo=UTC)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            self._faults.append(f'{where}{name}: a UTC time as "2026-12-01 00:00:00" is needed, not {_shown(value)}')
            return datetime(1970, 1, 1 + (name == "end"), tzinfo=UTC)


def _shown(value: Any) -> str:
    """A value in a message: a text as it stands in the file."""
    if isinstance(value, str):
        return repr(value)
    return {type(None): "nothing", list: "a list", dict: "a mapping"}[type(value)]
