"""The ground truth's sizes and digest, taken before a run is trusted to it."""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from lvos_eval.evaluation import read_size
from lvos_eval.faults import ReferenceFault
from lvos_eval.manifest import Manifest
from lvos_eval.metadata import ANNOTATIONS
from lvos_eval.png import PngFault
from lvos_eval.problems import Problem, Severity
from lvos_eval.protocol import TOLERANCE_FRACTION, frame_name

__all__ = ["combine_digests", "find_sizes", "known_sizes", "signature"]


_MASKS: Final = "[0-9]" * 8 + ".png"


def known_sizes(manifest: Manifest) -> dict[str, tuple[int, int] | None]:
    """(height, width) of every video as far as public data tells: its first mask if there is one, else the metadata."""
    sizes: dict[str, tuple[int, int] | None] = {}
    for video in manifest.videos:
        mask = _first_mask(manifest.ground_truth(video.name))
        try:
            sizes[video.name] = read_size(mask) if mask else video.size
        except (PngFault, OSError):
            sizes[video.name] = video.size
    return sizes


def _first_mask(folder: Path) -> Path | None:
    return min(folder.glob(_MASKS), default=None) if folder.is_dir() else None


def find_sizes(manifest: Manifest) -> dict[str, tuple[int, int] | None]:
    """(height, width) of every video from its ground truth. Raises ReferenceFault naming all videos that lack masks."""
    problems = []
    for video in manifest.videos:
        folder = manifest.ground_truth(video.name)
        if not folder.is_dir():
            problems.append(
                Problem("ground-truth", Severity.ERROR, video.name, (), f"no folder {ANNOTATIONS}/{video.name}", "add its masks")
            )
            continue
        with os.scandir(folder) as entries:
            masks = {entry.name for entry in entries if entry.is_file()}
        missing = tuple(frame for frame in video.scored if f"{frame_name(frame)}.png" not in masks)
        if missing:
            message = f"{len(missing)} of {len(video.scored)} scored frames have no ground-truth mask"
            fix = "add them, or exclude the frames in scoring.yaml"
            problems.append(Problem("ground-truth", Severity.ERROR, video.name, missing, message, fix))
    if problems:
        raise ReferenceFault(problems)
    sizes = known_sizes(manifest)
    for video in manifest.videos:
        if video.scored and video.size is not None and sizes[video.name] != video.size:
            message = f"the masks are {_text(sizes[video.name])} but image_size in the metadata is {_text(video.size)}"
            problems.append(Problem("ground-truth", Severity.ERROR, video.name, (), message, "correct the one that is wrong"))
    if problems:
        raise ReferenceFault(problems)
    return sizes


def _text(size: tuple[int, int] | None) -> str:
    return "unreadable" if size is None else f"{size[1]}x{size[0]}"


def combine_digests(manifest: Manifest, digests: Iterable[tuple[str, int, bytes]]) -> str:
    """16 hexadecimal digits for the metadata that counts and every scored ground-truth mask, given as (video, frame, digest)."""
    by_video: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for video, frame, digest in digests:
        by_video[video].append((frame, digest))
    total = hashlib.sha256()
    for item in manifest.videos:
        objects = [(o.id, o.range.start, o.range.end, o.range.frame_nums) for o in item.objects]
        total.update(json.dumps([item.name, item.unseen, objects]).encode())
        for _, digest in sorted(by_video[item.name]):
            total.update(digest)
    return total.hexdigest()[:16]


def signature(manifest: Manifest, digest: str, version: str) -> str:
    """What makes a score quotable: equal signatures mean comparable scores.

    The idea is sacrebleu's (Post, "A Call for Clarity in Reporting BLEU Scores", WMT 2018).
    """
    settings = manifest.settings
    pairs = {
        "protocol": settings.protocol,
        "task": settings.task,
        "videos": len(manifest.videos),
        "objects": manifest.object_count,
        "frames": manifest.scored_count,
        "tolerance": TOLERANCE_FRACTION,
        "gt": digest,
        "excluded": _digested(manifest.excluded),
        "unseen": _unseen(manifest),
        "version": version,
    }
    return "|".join(f"{key}:{value}" for key, value in pairs.items())


def _digested(excluded: Mapping[str, Sequence[int]]) -> str:
    """Number of excluded frames and a digest of which."""
    frames = sorted((video, list(numbers)) for video, numbers in excluded.items())
    if not frames:
        return "none"
    return f"{sum(len(numbers) for _, numbers in frames)}-{hashlib.sha256(json.dumps(frames).encode()).hexdigest()[:8]}"


def _unseen(manifest: Manifest) -> str:
    """Number of unseen videos and a digest of which: what a list says of other videos does not count."""
    names = [video.name for video in manifest.videos if video.unseen]
    return f"{len(names)}-{hashlib.sha256(json.dumps(names).encode()).hexdigest()[:8]}" if names else "none"
