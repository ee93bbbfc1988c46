"""What the live tests share: the sample scored on the host, and a long submission."""

from __future__ import annotations

from pathlib import Path

import pytest

import commands
from benchmarks.make_data import Request, generate
from container import engine


@pytest.fixture(scope="session")
def host_scores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The score files of the sample submission as `make score` writes them."""
    output = tmp_path_factory.mktemp("host")
    run = commands.lvos_eval("score", engine.SAMPLE, "--reference", engine.REFERENCE, "--output", output)
    assert run.returncode == 0, run.stderr
    return engine.written(output)


@pytest.fixture(scope="session")
def long_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One video of 1,000 frames of 1280x720 pixels: `reference/`, the submission as the folder `good/` and as `good.zip`."""
    folder = tmp_path_factory.mktemp("long")
    generate(folder, Request("long", videos=1, frames=1000, size=(720, 1280), trackers=("good",), zipped=True))
    return folder
