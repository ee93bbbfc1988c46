"""The multi-object unsupervised task against the semi-supervised one on the same frames: `python -m benchmarks.proposals`."""

from __future__ import annotations

import argparse
import importlib
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.make_data import main as make_data
from lvos_eval.protocols.lvos import Task
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import Disclosure, ScoringRules
from lvos_eval.scoring.run import ground_truth_digest, score_submission

OBJECTS = 10
ROUNDS = 3


def split_objects(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Twenty proposals from a map of ten objects: the left part of each object becomes a proposal of its own."""
    proposals = labels.copy()
    for object_id in range(1, OBJECTS + 1):
        mask = (labels == object_id).view(np.uint8)
        x, _, width, _ = cv2.boundingRect(mask)
        left = proposals[:, x : x + width // 3]
        left[left == object_id] = object_id + OBJECTS
    return proposals


def main() -> None:
    """Makes the data, scores it both ways in turn and prints the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=300)
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        data = Path(name)
        make_data([str(data / "data"), "--preset", "crowd", "--frames", str(options.frames), "--trackers", "good"])
        proposals = data / "proposals"
        for path in sorted((data / "data" / "good").rglob("*.png")):
            target = proposals / path.relative_to(data / "data" / "good")
            target.parent.mkdir(parents=True, exist_ok=True)
            with Image.open(path) as image:
                split = Image.fromarray(split_objects(np.array(image)))
                # as a label map that is like the one it is compared with
                split.putpalette(image.getpalette() or ())
                split.save(target)
        # loading scipy takes as long as several frames, and is done once a run
        importlib.import_module("scipy.optimize")
        seconds: dict[Task, list[float]] = {Task.SEMI_SUPERVISED: [], Task.UNSUPERVISED_MULTIPLE: []}
        for _ in range(ROUNDS):
            for task, times in seconds.items():
                submission = proposals if task is Task.UNSUPERVISED_MULTIPLE else data / "data" / "good"
                manifest = load_manifest(data / "data" / "reference", ScoringRules(task=task))
                digest = ground_truth_digest(manifest, 1, lambda _, __, results: results)
                started = time.process_time()
                result = score_submission(submission, manifest, digest, 1, lambda _, __, results: results, detail=Disclosure.FULL)
                times.append(time.process_time() - started)
                assert result.report.scores is not None
    semi, multiple = (statistics.median(times) for times in seconds.values())
    print(f"{OBJECTS} objects, {2 * OBJECTS} proposals, {options.frames} frames of 1280x720, one process, processor time")
    print(f"semi-supervised {semi:.2f} s, unsupervised_multiple {multiple:.2f} s: {multiple / semi:.2f} times as long")


if __name__ == "__main__":
    main()
