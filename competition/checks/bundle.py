"""A built bundle, opened for the self-check."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

__all__ = ["CONFIGURATION", "Bundle", "BundlePhase", "Platform", "moment"]

CONFIGURATION: Final = "competition.yaml"


class Platform(StrEnum):
    """Who reads the bundle."""

    CODABENCH = "codabench"
    CODALAB = "codalab"


@dataclass(frozen=True, slots=True)
class BundlePhase:
    """What a phase says under either platform's names; None where it says nothing."""

    name: Any
    start: Any
    end: Any
    program: Any
    reference: Any
    fields: Mapping[str, Any]
    """The phase as it is written."""

    @property
    def kit(self) -> Any:
        return self.fields.get("starting_kit")

    @property
    def time_limit(self) -> Any:
        return self.fields.get("execution_time_limit")


class Bundle:
    """The members of a bundle and its configuration, as one platform takes them."""

    def __init__(self, path: Path, platform: Platform) -> None:
        """Raises zipfile.BadZipFile if the file is not a zip."""
        self.platform: Final = platform
        self.archive: Final = zipfile.ZipFile(path)
        self.names: Final = tuple(self.archive.namelist())

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """`competition.yaml`; empty if it is not there or no mapping."""
        try:
            content = yaml.safe_load(self.archive.read(CONFIGURATION))
        except (KeyError, yaml.YAMLError, UnicodeDecodeError):
            return {}
        return content if isinstance(content, dict) else {}

    @cached_property
    def phases(self) -> tuple[BundlePhase, ...]:
        """The phases in their order."""
        return tuple(self._phases())

    def _phases(self) -> Iterator[BundlePhase]:
        if self.platform is Platform.CODABENCH:
            tasks = {task.get("index"): task for task in self.config.get("tasks", [])}
            for phase in self.config.get("phases", []):
                task = tasks.get((phase.get("tasks") or [None])[0], {})
                yield BundlePhase(
                    phase.get("name"),
                    phase.get("start"),
                    phase.get("end"),
                    task.get("scoring_program"),
                    task.get("reference_data"),
                    phase,
                )
            return
        entries = list(self.config.get("phases", {}).values())
        ends = [entry.get("start_date") for entry in entries[1:]] + [self.config.get("end_date")]
        for phase, end in zip(entries, ends, strict=False):
            yield BundlePhase(
                phase.get("label"),
                phase.get("start_date"),
                end,
                phase.get("scoring_program"),
                phase.get("reference_data"),
                phase,
            )

    @property
    def columns(self) -> dict[str, Mapping[str, Any]]:
        """The columns of the leaderboard by key, in the order in which they are shown."""
        if self.platform is Platform.CODABENCH:
            columns = self.config["leaderboards"][0]["columns"]
            return {column["key"]: column for column in sorted(columns, key=lambda column: int(column["index"]))}
        entries: dict[str, Mapping[str, Any]] = self.config["leaderboard"]["columns"]
        return dict(sorted(entries.items(), key=lambda entry: int(entry[1]["rank"])))

    @property
    def image(self) -> Any:
        """The container image that is to run the scoring program."""
        return self.config.get("docker_image" if self.platform is Platform.CODABENCH else "competition_docker_image")

    @property
    def pages(self) -> dict[str, Any]:
        """The member of every page, the terms among them, by title."""
        if self.platform is Platform.CODABENCH:
            return {page["title"]: page["file"] for page in self.config["pages"]} | {"terms": self.config["terms"]}
        return dict(self.config["html"])

    def read(self, name: Any) -> bytes:
        """A member's content. Raises KeyError if there is none."""
        return self.archive.read(str(name))

    def inner(self, name: Any) -> zipfile.ZipFile:
        """A zip in the bundle, read as it is needed. Raises KeyError, zipfile.BadZipFile."""
        return zipfile.ZipFile(self.archive.open(str(name)))

    @cached_property
    def everything(self) -> tuple[tuple[str, zipfile.ZipInfo], ...]:
        """Every member of the bundle and of the zips in it, as `outer.zip/inner`."""
        return tuple(_members("", self.archive))


def _members(prefix: str, archive: zipfile.ZipFile) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    for info in archive.infolist():
        name = f"{prefix}{info.filename}"
        yield name, info
        if info.filename.endswith(".zip"):
            with archive.open(info) as member, zipfile.ZipFile(member) as inner:
                yield from _members(f"{name}/", inner)


def moment(value: Any) -> datetime:
    """A time of the configuration, however it is written. Raises ValueError."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a time")
    parsed = datetime.fromisoformat(value)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
