"""Bundles as a command has written them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from competition.bundle import Platform
from competition.selfcheck import BUNDLES


@dataclass(frozen=True)
class Built:
    """Bundles, and the reference data that they were built from."""

    folder: Path
    hidden: Path
    validation: Path

    def path(self, platform: Platform) -> Path:
        return self.folder / BUNDLES[platform]
