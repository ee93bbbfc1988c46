"""Bundles as a command has written them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from competition.checks.bundle import Platform
from competition.checks.selfcheck import BUNDLES
from competition.settings import SHIPPED


@dataclass(frozen=True)
class Built:
    """Bundles, and the reference data that they were built from."""

    folder: Path
    hidden: Path
    validation: Path

    def path(self, platform: Platform) -> Path:
        return self.folder / BUNDLES[platform]


def member(names: Iterable[str], name: str) -> str:
    """The member that `name` stands for: `reference_final.zip` for `reference_final_15b6a2b6fa3cffab.zip`."""
    stem = name.removesuffix(".zip")
    return next(found for found in names if found == name or found.startswith(f"{stem}_"))


def unpack(bundle: Path, name: str, folder: Path) -> Path:
    """A zip of a bundle, unpacked as a platform does."""
    with (
        zipfile.ZipFile(bundle) as archive,
        archive.open(member(archive.namelist(), name)) as packed,
        zipfile.ZipFile(packed) as inner,
    ):
        inner.extractall(folder)
    return folder


def settings_of(bundle: Path, phase: str) -> dict[str, Any]:
    """The scoring.yaml of a phase."""
    with zipfile.ZipFile(bundle) as archive:
        name = member(archive.namelist(), f"reference_{phase}.zip")
        with archive.open(name) as packed, zipfile.ZipFile(packed) as inner:
            content: dict[str, Any] = yaml.safe_load(inner.read("scoring.yaml"))
    return content


def write_settings(folder: Path, content: Mapping[str, Any]) -> Path:
    """A competition's folder with these settings; the pages and the logo are the shipped ones."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "competition.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return folder


def shipped_settings() -> dict[str, Any]:
    """The settings that are shipped, to be changed."""
    content: dict[str, Any] = yaml.safe_load(SHIPPED.settings.read_text())
    return content
