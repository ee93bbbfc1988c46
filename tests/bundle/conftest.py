"""One pair of bundles for all tests that only read them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from competition.build import main
from competition.bundle import Platform
from competition.selfcheck import BUNDLES
from tiny_reference import write_reference


@dataclass(frozen=True)
class Built:
    """Bundles, and the reference data that they were built from."""

    folder: Path
    hidden: Path
    validation: Path

    def path(self, platform: Platform) -> Path:
        return self.folder / BUNDLES[platform]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Bundles from two small reference sets without a mask in common."""
    parent = tmp_path_factory.mktemp("built")
    hidden = write_reference(parent / "hidden")
    validation = write_reference(parent / "validation", shift=9)
    code = main([str(hidden), "--validation", str(validation), "--output", str(parent / "dist"), "--jobs", "1"])
    assert code == 0
    return Built(parent / "dist", hidden, validation)
