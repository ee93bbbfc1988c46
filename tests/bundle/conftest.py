"""One pair of bundles for all tests that only read them."""

from __future__ import annotations

import pytest

from built import Built
from competition.bundles.build import main
from tiny_reference import write_reference


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Bundles from two small reference sets without a mask in common."""
    parent = tmp_path_factory.mktemp("built")
    hidden = write_reference(parent / "hidden")
    validation = write_reference(parent / "validation", shift=9)
    code = main([str(hidden), "--validation", str(validation), "--output", str(parent / "dist"), "--jobs", "1"])
    assert code == 0
    return Built(parent / "dist", hidden, validation)
