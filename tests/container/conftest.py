"""What the live tests share: the sample scored on the host, and a long submission."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

import commands
import container_engine as engine
from perf.data import Request, generate, mask_folder
from perf.presets import metadata
from perf.scenes import GROUND_TRUTH

FRAMES: Final = 1000
DRAWN: Final = 100


@pytest.fixture(scope="session")
def host_scores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The score files of the sample submission as `make score` writes them."""
    output = tmp_path_factory.mktemp("host")
    run = commands.lvos_eval("score", engine.SAMPLE, "--reference", engine.REFERENCE, "--output", output)
    assert run.returncode == 0, run.stderr
    return engine.written(output)


@pytest.fixture(scope="session")
def long_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One video of 1,000 frames of 1280x720 pixels: `reference/` and the submission `good.zip`.

    A hundred frames are drawn and then repeated, which costs the program as much as drawing all of them would.
    """
    folder = tmp_path_factory.mktemp("long")
    request = Request("long", videos=1, frames=DRAWN, size=(720, 1280), trackers=("good",))
    generate(folder, request)
    video = replace(request.plans()[0], frames=FRAMES)
    (folder / GROUND_TRUTH / "valid_meta.json").write_text(json.dumps(metadata([video])))
    for source in (GROUND_TRUTH, "good"):
        masks = mask_folder(folder, source) / video.name
        for index, frame in enumerate(video.frame_numbers):
            if index >= DRAWN:
                shutil.copyfile(masks / f"{video.frame_numbers[index % DRAWN]:08d}.png", masks / f"{frame:08d}.png")
    commands.zip_folder(folder / "good", folder / "good.zip")
    return folder
