"""The starting kit: how to write a submission, how to check it, and a small complete one."""

from __future__ import annotations

import json
import runpy
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from competition import ROOT
from competition.bundles.pages import Facts, fill
from competition.bundles.splits import Split, public_metadata
from competition.bundles.zips import Members, folder_members, write_zip
from lvos_eval.protocols.lvos import FRAME_STEP, FrameRange

__all__ = ["PROGRAM", "kit_members", "program_members"]

PROGRAM: Final = ROOT / "scoring_program"
KIT: Final = ROOT / "competition" / "starting_kit"
_SAMPLE_SIZE: Final = (72, 128)
_SAMPLE: Final = {"sample01": (1,), "sample02": (1, 2)}
_SAMPLE_FRAMES: Final = tuple(FrameRange(1, 31, 6).frames)


def program_members(prefix: str = "") -> Members:
    """The scoring program as the platforms get it."""
    return {name: path for name, path in folder_members(PROGRAM, prefix).items() if ".egg-info/" not in name}


def kit_members(facts: Facts, splits: Sequence[Split]) -> Members:
    """The files of the starting kit; nothing of them comes from a ground-truth mask."""
    members: dict[str, bytes | Path] = {
        "README.md": fill((KIT / "README.md").read_text(encoding="utf-8"), facts).encode(),
        "write_masks.py": KIT / "write_masks.py",
        "scoring_program/requirements.txt": _requirements().encode(),
        **program_members("scoring_program/"),
        **_sample(),
    }
    for split in splits:
        members |= public_metadata(split, f"{split.phase.key}/")
    return members


def _requirements() -> str:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return "".join(f"{line}\n" for line in project["dependencies"])


def _sample() -> Members:
    """Two made-up videos and a complete submission for them, written with the kit's own writer."""
    whole = {"start": _SAMPLE_FRAMES[0], "end": _SAMPLE_FRAMES[-1] + FRAME_STEP, "frame_nums": len(_SAMPLE_FRAMES)}
    videos = {
        video: {"objects": {str(object_id): {"frame_range": whole} for object_id in ids}, "image_size": list(_SAMPLE_SIZE)}
        for video, ids in _SAMPLE.items()
    }
    write_masks = runpy.run_path(str(KIT / "write_masks.py"))["write_masks"]
    with tempfile.TemporaryDirectory() as folder:
        masks = Path(folder) / "masks"
        for video, ids in _SAMPLE.items():
            write_masks(masks, video, {frame: _draw(ids, position) for position, frame in enumerate(_SAMPLE_FRAMES)})
        archive = write_zip(Path(folder) / "sample_submission.zip", folder_members(masks)).read_bytes()
    return {
        "sample/meta.json": (json.dumps({"videos": videos}, indent=1) + "\n").encode(),
        "sample/sample_submission.zip": archive,
    }


def _draw(ids: Sequence[int], position: int) -> NDArray[np.uint8]:
    """A disk for each object, which moves to the right."""
    rows, columns = np.ogrid[: _SAMPLE_SIZE[0], : _SAMPLE_SIZE[1]]
    labels = np.zeros(_SAMPLE_SIZE, np.uint8)
    for object_id in ids:
        labels[(rows - 30 * object_id + 8) ** 2 + (columns - 25 - 14 * position) ** 2 <= 13**2] = object_id
    return labels
