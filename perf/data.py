"""Write LVOS-like data to a folder: `python -m perf.data OUT --preset mixed-720p`."""

import argparse
import json
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import cv2
import joblib
from PIL import Image

from perf.presets import PRESETS, VideoPlan, metadata, plan_videos
from perf.scenes import GROUND_TRUTH, TRACKERS, Scene

__all__ = ["STAMP", "Request", "generate", "main", "mask_folder"]

STAMP: Final = "made.json"
"""The file that says what a folder holds."""
VERSION: Final = 3
"""Grows whenever the same request gives other pixels or files."""
CHUNK: Final = 48
"""Frames that a worker draws in one go."""
# the PASCAL VOC colours, which DAVIS and LVOS use: the bits of a label fill red, green and blue from the top down
COLOURS: Final = bytes(
    sum((label >> 3 * bit + colour & 1) << 7 - bit for bit in range(8)) for label in range(256) for colour in range(3)
)


@dataclass(frozen=True)
class Request:
    """What to write; it is kept beside the data, so that the same request is not carried out twice."""

    preset: str
    videos: int | None = None
    frames: int | None = None
    size: tuple[int, int] | None = None
    trackers: tuple[str, ...] = TRACKERS
    zipped: bool = False

    def plans(self) -> tuple[VideoPlan, ...]:
        """The videos of the preset, with the overrides applied."""
        return plan_videos(self.preset, videos=self.videos, frames=self.frames, size=self.size)

    def stamp(self) -> str:
        """The text of the file that says what a folder holds."""
        return json.dumps({"version": VERSION, **asdict(self)}, indent=1) + "\n"


def mask_folder(out: Path, source: str) -> Path:
    """Where the videos of the ground truth or of a tracker live."""
    return out / source / "Annotations" if source == GROUND_TRUTH else out / source


def generate(out: Path, request: Request, jobs: int = -1) -> bool:
    """Writes the data set; False if `out` holds it already. Raises FileExistsError if `out` holds anything else."""
    stamp = out / STAMP
    if stamp.exists() and stamp.read_text() == request.stamp():
        return False
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} holds other data: choose another folder or remove it")
    plans, sources = request.plans(), (GROUND_TRUTH, *request.trackers)
    for source in sources:
        for plan in plans:
            (mask_folder(out, source) / plan.name).mkdir(parents=True, exist_ok=True)
    reference = out / GROUND_TRUTH
    (reference / "valid_meta.json").write_text(json.dumps(metadata(plans), indent=1))
    if unseen := [plan.name for plan in plans if plan.unseen]:
        (reference / "unseen_videos.txt").write_text("".join(f"{name}\n" for name in unseen))
    else:
        (reference / "scoring.yaml").write_text("unseen: none\n")
    draw: Callable[..., object] = joblib.delayed(_draw)
    chunks = ((plan, start) for plan in plans for start in range(0, plan.frames, CHUNK))
    joblib.Parallel(n_jobs=jobs)(draw(plan, start, out, sources) for plan, start in chunks)
    for tracker in request.trackers if request.zipped else ():
        with zipfile.ZipFile(out / f"{tracker}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted((out / tracker).rglob("*")):
                archive.write(path, path.relative_to(out / tracker))
    stamp.write_text(request.stamp())
    return True


def _draw(plan: VideoPlan, start: int, out: Path, sources: Sequence[str]) -> None:
    cv2.setNumThreads(1)
    scene = Scene(plan)
    for index in range(start, min(start + CHUNK, plan.frames)):
        for source in sources:
            mask = Image.fromarray(scene.draw(source, index))
            mask.putpalette(COLOURS)
            mask.save(mask_folder(out, source) / plan.name / f"{plan.frame_numbers[index]:08d}.png")


def _size(text: str) -> tuple[int, int]:
    width, height = (int(part) for part in text.lower().split("x"))
    return height, width


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the data set that the command line asks for; 1 if the folder holds other data."""
    parser = argparse.ArgumentParser(prog="python -m perf.data", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="mixed-720p")
    parser.add_argument("--frames", type=int, help="frames of every video")
    parser.add_argument("--size", type=_size, metavar="WIDTHxHEIGHT", help="size of every video")
    parser.add_argument("--trackers", nargs="*", choices=TRACKERS, default=TRACKERS)
    parser.add_argument("--zip", action="store_true", help="also write each tracker's submission archive")
    given = parser.parse_args(arguments)
    request = Request(given.preset, None, given.frames, given.size, tuple(given.trackers), given.zip)
    try:
        written = generate(given.out, request)
    except FileExistsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{given.out}: {given.preset}, {'written' if written else 'already there'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
