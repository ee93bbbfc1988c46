"""The organiser's settings: `scoring.yaml` next to the reference data, overridden by the command line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from lvos_eval import protocols
from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.diagnostics.problems import REFERENCE_CODES
from lvos_eval.diagnostics.text import quoted
from lvos_eval.formats.text_files import DocumentError, Yaml, misnamed, read_yaml, rename
from lvos_eval.protocols import Task
from lvos_eval.reference.exclusions import FrameRun, parse_run

__all__ = ["SETTINGS_FILE", "ArchiveLimits", "Disclosure", "RunLimits", "ScoringRules", "Settings", "load_settings"]

SETTINGS_FILE: Final = "scoring.yaml"
_Choice = TypeVar("_Choice", bound=str)
_MIB: Final = 1 << 20
_WHOLE: Final = re.compile(r"[0-9]{1,15}")
_DECIMAL: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
_DIGEST: Final = re.compile(r"[0-9a-f]{16}")
_UNSET: Final = ("", "~", "null")
"""What stands for no value after a key."""
_RULES: Final = {"protocol": "protocol", "task": "task", "exclude": "exclude", "unseen": "unseen_none", "masks": "masks"}
_LIMITS: Final = {"time_limit": "time_limit", "limits": "archive"}
"""The keys of the file by the part of the settings that they fill in, with the names of the fields."""


class Disclosure(StrEnum):
    """How much the outputs tell."""

    PUBLIC = "public"
    """Rounded means by object, nothing by frame: a result tells a little of hidden masks (`docs/organiser.md` says how much)."""
    FULL = "full"
    """All digits, and values and pictures by frame, for public ground truth."""


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may hold; applied to what the directory claims and again to what is read."""

    members: int = 150_000
    total_bytes: int = 64 << 30
    """Sum of the unpacked sizes."""
    member_bytes: int = 64 * _MIB
    """Unpacked size of one mask file."""
    ratio: float = 200.0
    """Unpacked over packed size of one member; a deflated PNG hardly shrinks again."""


@dataclass(frozen=True, slots=True)
class ScoringRules:
    """Everything that the numbers depend on; the defaults score LVOS V2."""

    protocol: str = protocols.DEFAULT
    """The name of one in `lvos_eval.protocols`."""
    task: Task = Task.SEMI_SUPERVISED
    exclude: Mapping[str, tuple[FrameRun, ...]] = field(default_factory=dict)
    """Per video, the frames that are not scored because their ground truth is faulty."""
    unseen_none: bool = False
    """Whether the data has no unseen video, so that one split has all the scores."""
    masks: Path | None = None
    """The folder of the ground-truth masks where it is not `Annotations` beside the metadata."""

    image_set: str | None = None
    """The name of the list of videos, where a data set has several; None: the usual one."""

    recognised: bool = False
    """Whether nobody has named the protocol, so that it is the one that the data fits."""

    def override(self, *, protocol: str | None = None, task: Task | None = None, image_set: str | None = None) -> ScoringRules:
        """The rules with what is not None in place of their own.

        Where the task is the usual one of the protocol, another protocol brings its own usual one along.
        """
        if protocol is not None and task is None and self.task == protocols.usual_task(self.protocol):
            task = protocols.usual_task(protocol)
        return replace(self, protocol=protocol or self.protocol, task=task or self.task, image_set=image_set or self.image_set)


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What a run may take; no number depends on it."""

    time_limit: float | None = None
    """Seconds after which a run stops by itself with exit code 4."""
    archive: ArchiveLimits = field(default_factory=ArchiveLimits)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that an organiser may choose."""

    rules: ScoringRules = field(default_factory=ScoringRules)
    limits: RunLimits = field(default_factory=RunLimits)
    disclosure: Disclosure | None = None
    """None: `public` for the platform's entry point, `full` for `lvos-eval score`."""
    ground_truth: str | None = None
    """Digest that the ground truth is sealed with; None: it is computed before scoring."""
    names_protocol: bool = False
    """Whether the file names the protocol."""


def load_settings(reference: Path) -> Settings:
    """The settings in the `scoring.yaml` of a reference folder, or beside a metadata file; the defaults where there is none.

    Raises ReferenceDataError with all errors of the file: not YAML, unknown keys (naming the nearest known one), bad values.
    A file whose name can only be meant for it is an error too, for it would be ignored.
    """
    path = (reference if reference.is_dir() else reference.parent) / SETTINGS_FILE
    _refuse_misnamed(path)
    try:
        content = read_yaml(path)
    except FileNotFoundError:
        return Settings()
    except DocumentError as fault:
        raise _fault(f"{SETTINGS_FILE} {fault}", fault.fix) from None
    if content is None:
        return Settings()
    if not isinstance(content, dict):
        what = "a list" if isinstance(content, list) else "a text"
        raise _fault(f"{SETTINGS_FILE} holds {what}, not settings", "write one `key: value` per line")
    return _SettingsReader().read(content)


def _refuse_misnamed(path: Path) -> None:
    found = misnamed(path)
    if found is None:
        return
    if path.is_file():
        fix = f"move what is right in it to {SETTINGS_FILE}, then delete it: rm {quoted(str(found))}"
    else:
        fix = rename(found, path)
    raise _fault(f"{found.name} is not read: the settings are in {SETTINGS_FILE}", fix)


def _fault(message: str, fix: str) -> ReferenceDataError:
    return ReferenceDataError.single("settings", message, fix)


class _SettingsReader:
    """Turns the YAML mapping into `Settings`, collecting every fault before it raises."""

    def __init__(self) -> None:
        self._collector = ProblemCollector(REFERENCE_CODES)

    def read(self, content: Mapping[str, Yaml]) -> Settings:
        parsers: dict[str, Callable[[Yaml], Any]] = {
            "protocol": lambda value: self._choice("protocol", protocols.names(), value),
            "task": lambda value: self._choice("task", Task, value),
            "detail": lambda value: self._choice("detail", Disclosure, value),
            "time_limit": lambda value: self._number("time_limit", value, _DECIMAL, "a number of seconds above 0, such as 540"),
            "exclude": self._exclude,
            "unseen": self._unseen,
            "limits": self._limits,
            "ground_truth": self._digest,
            "masks": self._masks,
        }
        values = self._parse(content, parsers, "")
        if "masks" in values and "ground_truth" not in values:
            self._add(
                "`masks` without `ground_truth`: nothing says which masks have to be there",
                "add the `ground_truth` line that `lvos-eval check-reference` prints where the masks are in Annotations/",
            )
        self._collector.raise_errors()
        rules = {name: values[key] for key, name in _RULES.items() if key in values}
        if "protocol" in values and "task" not in values:
            rules["task"] = protocols.usual_task(values["protocol"])
        limits = {name: values[key] for key, name in _LIMITS.items() if key in values}
        return Settings(
            ScoringRules(**rules),
            RunLimits(**limits),
            values.get("detail"),
            values.get("ground_truth"),
            names_protocol="protocol" in values,
        )

    def _parse(self, content: Mapping[str, Yaml], parsers: Mapping[str, Callable[[Yaml], Any]], where: str) -> dict[str, Any]:
        values = {}
        for key, value in content.items():
            if key in parsers:
                if value not in _UNSET or key == "unseen":
                    values[key] = parsers[key](value)
                continue
            near = difflib.get_close_matches(key, parsers, n=1, cutoff=0.0)
            self._add(f"unknown key `{where}{key}`", f"did you mean `{where}{near[0]}`? Known: {', '.join(parsers)}")
        return values

    def _add(self, message: str, fix: str) -> None:
        self._collector.error("settings", f"{SETTINGS_FILE}: {message}", fix)

    def _choice(self, key: str, choices: Iterable[_Choice], value: Yaml) -> _Choice | None:
        found = next((choice for choice in choices if choice == value), None)
        if found is None:
            self._add(f"`{key}` is {_shown(value)}", f"use one of: {', '.join(choices)}")
        return found

    def _number(self, key: str, value: Yaml, pattern: re.Pattern[str], wanted: str) -> float | None:
        """A number above 0 in plain decimal digits: `1_000`, `0x10`, `1e3`, `10:00` and `4GB` could be read in several ways."""
        number = float(value) if isinstance(value, str) and pattern.fullmatch(value) else 0.0
        if number > 0:
            return int(number) if number.is_integer() else number
        self._add(f"`{key}` is {_shown(value)}", f"write {wanted}")
        return None

    def _digest(self, value: Yaml) -> str | None:
        if not isinstance(value, str) or not _DIGEST.fullmatch(value):
            self._add(
                f"`ground_truth` is {_shown(value)}", "write the 16 digits and letters that `lvos-eval check-reference` prints"
            )
            return None
        return value

    def _masks(self, value: Yaml) -> Path | None:
        if not isinstance(value, str) or not value.startswith("/"):
            self._add(
                f"`masks` is {_shown(value)}",
                "write the absolute path of the folder, such as /app/data/lvos_test/Annotations",
            )
            return None
        return Path(value)

    def _unseen(self, value: Yaml) -> bool:
        if value == "none":
            return True
        self._add(
            f"`unseen` is {_shown(value)}",
            "write `unseen: none` if no video is unseen, else list the videos in unseen_videos.txt",
        )
        return False

    def _limits(self, value: Yaml) -> ArchiveLimits:
        if not isinstance(value, dict):
            self._add(f"`limits` is {_shown(value)}", "write the limits as `key: number` lines below it")
            return ArchiveLimits()
        whole = (_WHOLE, "a whole number above 0, digits only")
        decimal = (_DECIMAL, "a number above 0, such as 200")
        kinds = {limit.name: decimal if limit.type == "float" else whole for limit in fields(ArchiveLimits)}
        parsers = {
            name: (lambda number, name=name, kind=kind: self._number(f"limits.{name}", number, *kind))
            for name, kind in kinds.items()
        }
        values = self._parse(value, parsers, "limits.")
        return ArchiveLimits(**{name: number for name, number in values.items() if number is not None})

    def _exclude(self, value: Yaml) -> Mapping[str, tuple[FrameRun, ...]]:
        """`{video: [frame, first-last, ...]}` with both ends of a run of frames included."""
        excluded: dict[str, tuple[FrameRun, ...]] = {}
        if not isinstance(value, dict):
            self._add(f"`exclude` is {_shown(value)}", "write `video: [frame, first-last]` lines below it")
            return excluded
        for video, entries in value.items():
            runs = [self._run(video, entry) for entry in (entries if isinstance(entries, list) else [entries])]
            excluded[video] = tuple(run for run in runs if run is not None)
        return excluded

    def _run(self, video: str, entry: Yaml) -> FrameRun | None:
        run = parse_run(entry) if isinstance(entry, str) else None
        if run is None:
            self._add(f"`exclude` of {video} has {_shown(entry)}", "write frame numbers, or runs such as `206-306`")
        elif run.last < run.first:
            self._add(f"`exclude` of {video} has {entry}, which ends before it starts", f"write {run.last}-{run.first}")
            return None
        return run


def _shown(value: Yaml) -> str:
    """A value in a message: a text as it stands in the file."""
    if isinstance(value, str):
        return value or "empty"
    return "a list" if isinstance(value, list) else "a mapping"
