"""Bundles as a command has written them."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from competition.checks.bundle import Platform
from competition.checks.selfcheck import BUNDLES


@dataclass(frozen=True)
class Built:
    """Bundles, and the reference data that they were built from."""

    folder: Path
    hidden: Path
    validation: Path

    def path(self, platform: Platform) -> Path:
        return self.folder / BUNDLES[platform]


def unpack(bundle: Path, name: str, folder: Path) -> Path:
    """A zip of a bundle, unpacked as a platform does."""
    with zipfile.ZipFile(bundle) as archive, archive.open(name) as member, zipfile.ZipFile(member) as inner:
        inner.extractall(folder)
    return folder
