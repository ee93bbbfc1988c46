"""Write LVOS-like data to a folder: `python -m benchmarks.make_data OUT --preset mixed-720p`."""

import argparse
import hashlib
import json
import sys
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import cv2
import joblib
import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.lvos_like import GROUND_TRUTH, VERSION, build_scene
from benchmarks.presets import PRESETS, VideoPlan, metadata, plan_videos
from benchmarks.trackers import TRACKERS

__all__ = ["Request", "Summary", "generate", "main", "summarise"]

STAMP: Final = "made.json"
CHUNK: Final = 48
"""Frames that a worker draws in one go."""
SAMPLED_FRAMES: Final = 120
"""Frames, over all videos, that the printed J is measured on."""


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
        return plan_videos(PRESETS[self.preset], videos=self.videos, frames=self.frames, size=self.size)

    def stamp(self) -> str:
        """The text of the file that says what a folder holds; a preset that has changed is another request."""
        plans = hashlib.sha256(repr(self.plans()).encode()).hexdigest()[:16]
        return json.dumps({"version": VERSION, "plans": plans, **asdict(self)}, indent=1) + "\n"


@dataclass(frozen=True)
class Summary:
    """What a data set holds; `mean_j` is measured on a sample, `png_bytes` is the mean size of a mask."""

    videos: int
    frames: int
    objects: int
    object_frames: int
    mean_j: dict[str, float]
    png_bytes: dict[str, float]
    total_bytes: int


def voc_palette() -> bytes:
    """The PASCAL VOC colour map, which DAVIS and LVOS use: 256 RGB triples."""
    palette = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            palette[:, channel] |= ((np.arange(256) >> (3 * bit + channel) & 1) << (7 - bit)).astype(np.uint8)
    return palette.tobytes()


def mask_folder(out: Path, source: str) -> Path:
    """Where the videos of the ground truth or of a tracker live."""
    return out / source / "Annotations" if source == GROUND_TRUTH else out / source


def _write_chunk(plan: VideoPlan, start: int, stop: int, out: Path, sources: Sequence[str]) -> None:
    cv2.setNumThreads(1)
    scene, palette = build_scene(plan), voc_palette()
    for index in range(start, stop):
        for source in sources:
            mask = Image.fromarray(scene.draw(source, index))
            mask.putpalette(palette)
            mask.save(mask_folder(out, source) / plan.name / f"{plan.frame_numbers[index]:08d}.png")


def _zip_folder(folder: Path) -> None:
    """What `zip -r` makes of the folder's content: folders and deflated files, in sorted order."""
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))


def generate(out: Path, request: Request, jobs: int = -1) -> bool:
    """Write the data set; False if `out` holds it already.

    Raises FileExistsError if `out` holds the data of another request.
    """
    stamp, begun = out / STAMP, out / f"{STAMP}.unfinished"
    if stamp.exists() and stamp.read_text() == request.stamp():
        return False
    if out.exists() and any(out.iterdir()) and not (begun.exists() and begun.read_text() == request.stamp()):
        raise FileExistsError(f"{out} holds other data: choose another folder or remove it")
    plans, sources = request.plans(), (GROUND_TRUTH, *request.trackers)
    for source in sources:
        for plan in plans:
            (mask_folder(out, source) / plan.name).mkdir(parents=True, exist_ok=True)
    begun.write_text(request.stamp())
    reference = out / GROUND_TRUTH
    (reference / "valid_meta.json").write_text(json.dumps(metadata(plans), indent=1))
    unseen = [plan.name for plan in plans if plan.unseen]
    if unseen:
        (reference / "unseen_videos.txt").write_text("".join(f"{name}\n" for name in unseen))
    else:
        (reference / "scoring.yaml").write_text("unseen: none\n")
    write_chunk: Callable[..., object] = joblib.delayed(_write_chunk)
    joblib.Parallel(n_jobs=jobs)(
        write_chunk(plan, start, min(start + CHUNK, plan.frames), out, sources)
        for plan in plans
        for start in range(0, plan.frames, CHUNK)
    )
    if request.zipped:
        zip_folder: Callable[..., object] = joblib.delayed(_zip_folder)
        joblib.Parallel(n_jobs=jobs)(zip_folder(out / tracker) for tracker in request.trackers)
    begun.replace(stamp)
    return True


def _read_mask(path: Path) -> npt.NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image, dtype=np.uint8)


def _region_similarity(truth: npt.NDArray[np.bool_], prediction: npt.NDArray[np.bool_]) -> float:
    union = np.count_nonzero(truth | prediction)
    return np.count_nonzero(truth & prediction) / union if union else 1.0


def _mean_j(out: Path, plans: Sequence[VideoPlan], tracker: str) -> float:
    """J averaged over objects and frames, measured on a sample of evenly spaced frames."""
    values = []
    step = max(1, sum(plan.frames for plan in plans) // SAMPLED_FRAMES)
    for plan in plans:
        for index in range(min(step, plan.frames) // 2, plan.frames, step):
            name = f"{plan.name}/{plan.frame_numbers[index]:08d}.png"
            truth = _read_mask(mask_folder(out, GROUND_TRUTH) / name)
            prediction = _read_mask(mask_folder(out, tracker) / name)
            values += [
                _region_similarity(truth == item.object_id, prediction == item.object_id)
                for item in plan.objects
                if item.first <= index
            ]
    return float(np.mean(values))


def summarise(out: Path, request: Request) -> Summary:
    """Measure a written data set."""
    plans = request.plans()
    sizes = {
        source: [path.stat().st_size for path in mask_folder(out, source).rglob("*.png")]
        for source in (GROUND_TRUTH, *request.trackers)
    }
    return Summary(
        videos=len(plans),
        frames=sum(plan.frames for plan in plans),
        objects=sum(len(plan.objects) for plan in plans),
        object_frames=sum(plan.frames - item.first for plan in plans for item in plan.objects),
        mean_j={tracker: _mean_j(out, plans, tracker) for tracker in request.trackers},
        png_bytes={source: float(np.mean(values)) for source, values in sizes.items()},
        total_bytes=sum(path.stat().st_size for path in out.rglob("*") if path.is_file()),
    )


def _parse_size(text: str) -> tuple[int, int]:
    width, height = (int(part) for part in text.lower().split("x"))
    return height, width


def _parse(arguments: Sequence[str] | None) -> tuple[Path, Request, int]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.make_data", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="mixed-720p")
    parser.add_argument("--videos", type=int, help="only so many videos of the preset")
    parser.add_argument("--frames", type=int, help="frames of every video")
    parser.add_argument("--size", type=_parse_size, metavar="WIDTHxHEIGHT", help="size of every video")
    parser.add_argument("--trackers", nargs="*", choices=TRACKERS, default=list(TRACKERS))
    parser.add_argument("--jobs", type=int, default=-1, help="workers; -1, the default, means all cores")
    parser.add_argument("--zip", action="store_true", help="also write each tracker's submission archive")
    given = parser.parse_args(arguments)
    trackers = tuple(name for name in TRACKERS if name in given.trackers)
    request = Request(given.preset, given.videos, given.frames, given.size, trackers, given.zip)
    return given.out, request, given.jobs


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the data set that the command line asks for and print what it holds."""
    out, request, jobs = _parse(arguments)
    started = time.perf_counter()
    try:
        written = generate(out, request, jobs)
    except FileExistsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    seconds = time.perf_counter() - started
    summary = summarise(out, request)
    print(f"{out}: {request.preset}, " + (f"written in {seconds:.1f} s" if written else "already there"))
    print(
        f"  {summary.videos} videos, {summary.frames} frames, {summary.objects} objects, "
        f"{summary.object_frames} object-frames, {summary.total_bytes / 1e6:.1f} MB"
    )
    for source, size in summary.png_bytes.items():
        similarity = f", mean J {summary.mean_j[source]:.3f} (sample)" if source in summary.mean_j else ""
        print(f"  {source}: {size / 1e3:.1f} KB per mask{similarity}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
