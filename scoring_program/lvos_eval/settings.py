"""The organiser's settings: `scoring.yaml` next to the reference data, overridden by the command line."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from lvos_eval.faults import ReferenceFault
from lvos_eval.problems import Problem, Severity
from lvos_eval.protocol import FRAME_STEP, Protocol, Task

__all__ = ["SETTINGS_FILE", "Detail", "Limits", "Settings", "load_settings"]

SETTINGS_FILE: Final = "scoring.yaml"
_MIB: Final = 1 << 20


class Detail(StrEnum):
    """How much the outputs tell."""

    PUBLIC = "public"
    """Rounded means by object, nothing by frame: a result tells a little of hidden masks (`docs/organiser.md` says how much)."""
    FULL = "full"
    """All digits, and values and pictures by frame, for public ground truth."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may hold; applied to what the directory claims and again to what is read."""

    members: int = 150_000
    total_bytes: int = 64 << 30
    """Sum of the unpacked sizes."""
    member_bytes: int = 64 * _MIB
    """Unpacked size of one mask file."""
    ratio: float = 200.0
    """Unpacked over packed size of one member; a deflated PNG hardly shrinks again."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that an organiser may choose; the defaults score LVOS V2."""

    protocol: Protocol = Protocol.LVOS_V2
    task: Task = Task.SEMI_SUPERVISED
    detail: Detail | None = None
    """None: `public` for the platform's entry point, `full` for `lvos-eval score`."""
    time_limit: float | None = None
    """Seconds after which a run stops by itself with exit code 4."""
    exclude: Mapping[str, frozenset[int]] = field(default_factory=lambda: MappingProxyType({}))
    """Per video, the frames that are not scored because their ground truth is faulty."""
    limits: Limits = field(default_factory=Limits)
    ground_truth: str | None = None
    """Digest that the ground truth is sealed with; None: it is computed before scoring."""

    def override(self, **changes: Any) -> Settings:
        """The settings with every change that is not None applied."""
        return replace(self, **{name: value for name, value in changes.items() if value is not None})


def load_settings(folder: Path) -> Settings:
    """The settings in `folder/scoring.yaml`, or the defaults where there is none.

    Raises ReferenceFault with all faults of the file: not YAML, unknown keys (naming the nearest known one), bad values.
    """
    path = folder / SETTINGS_FILE
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise _fault(f"{SETTINGS_FILE} cannot be read: {reason}", "write it as YAML, one `key: value` a line") from None
    if content is None:
        return Settings()
    if not isinstance(content, dict):
        raise _fault(
            f"{SETTINGS_FILE} holds a {type(content).__name__}, not settings", "write it as YAML, one `key: value` a line"
        )
    return _SettingsReader().read(content)


def _fault(message: str, fix: str) -> ReferenceFault:
    return ReferenceFault.single("settings", message, fix)


class _SettingsReader:
    """Turns the YAML mapping into `Settings`, collecting every fault before it raises."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    def read(self, content: Mapping[Any, Any]) -> Settings:
        parsers: dict[str, Callable[[Any], Any]] = {
            "protocol": lambda value: self._choice("protocol", Protocol, value),
            "task": lambda value: self._choice("task", Task, value),
            "detail": lambda value: self._choice("detail", Detail, value),
            "time_limit": lambda value: self._positive("time_limit", value),
            "exclude": self._exclude,
            "limits": self._limits,
            "ground_truth": self._digest,
        }
        values = self._parse(content, parsers, "")
        if self._problems:
            raise ReferenceFault(self._problems)
        return Settings(**values)

    def _parse(self, content: Mapping[Any, Any], parsers: Mapping[str, Callable[[Any], Any]], where: str) -> dict[str, Any]:
        values = {}
        for key, value in content.items():
            if key in parsers:
                if value is not None:
                    values[key] = parsers[key](value)
                continue
            near = difflib.get_close_matches(str(key), parsers, n=1, cutoff=0.0)
            self._add(f"unknown key `{where}{key}`", f"did you mean `{where}{near[0]}`? Known: {', '.join(parsers)}")
        return values

    def _add(self, message: str, fix: str) -> None:
        self._problems.append(Problem("settings", Severity.ERROR, None, (), f"{SETTINGS_FILE}: {message}", fix))

    def _choice(self, key: str, kind: type[StrEnum], value: Any) -> StrEnum | None:
        try:
            return kind(value)
        except ValueError:
            self._add(f"`{key}` is {value!r}", f"use one of: {', '.join(kind)}")
            return None

    def _positive(self, key: str, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            self._add(f"`{key}` is {value!r}", "write a number above 0")
            return None
        return value

    def _digest(self, value: Any) -> str | None:
        if not isinstance(value, str):
            self._add(f"`ground_truth` is {value!r}", "put the digest that `lvos-eval check-reference` prints in quotes")
            return None
        return value

    def _limits(self, value: Any) -> Limits:
        if not isinstance(value, dict):
            self._add(f"`limits` is {value!r}", "write the limits as `key: number` lines below it")
            return Limits()
        names = [limit.name for limit in fields(Limits)]
        parsers = {name: (lambda number, name=name: self._positive(f"limits.{name}", number)) for name in names}
        values = self._parse(value, parsers, "limits.")
        return Limits(**{name: number for name, number in values.items() if number is not None})

    def _exclude(self, value: Any) -> Mapping[str, frozenset[int]]:
        """`{video: [frame, "first-last", ...]}` with both ends of a run of frames included."""
        excluded: dict[str, frozenset[int]] = {}
        if not isinstance(value, dict):
            self._add(f"`exclude` is {value!r}", "write `video: [frame, first-last]` lines below it")
            return excluded
        for video, entries in value.items():
            frames: set[int] = set()
            for entry in entries if isinstance(entries, list) else [entries]:
                first, dash, last = str(entry).partition("-")
                try:
                    frames.update(range(int(first), int(last if dash else first) + 1, FRAME_STEP))
                except ValueError:
                    self._add(f"`exclude` of {video} has {entry!r}", "write frame numbers, or runs as `206-306`")
            excluded[str(video)] = frozenset(frames)
        return MappingProxyType(excluded)
