"""Whether a submission is the ground truth itself, by way of links, and not masks of somebody's own."""

from __future__ import annotations

import os

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import counted, listed
from lvos_eval.reference.manifest import Manifest
from lvos_eval.submission.listing import Submission

__all__ = ["refuse_ground_truth", "submitted_ground_truth"]


def submitted_ground_truth(manifest: Manifest, submission: Submission) -> list[str]:
    """The masks of a folder that are files of the ground truth, under a second name or reached through a link.

    Copies are not recognised, and a zip holds nothing but copies.
    """
    if submission.source.is_archive or not submission.readable:
        return []
    truths = {
        identity
        for video in manifest.videos
        for frame in video.annotated
        if (identity := _identity(f"{manifest.ground_truth(video.name)}/{manifest.layout(video).name(frame)}.png")) is not None
    }
    folder = submission.source.path
    return [
        str(entry)
        for _, masks in sorted(submission.masks.items())
        for _, files in sorted(masks.items())
        for entry in files
        if _identity(f"{folder}/{entry}") in truths
    ]


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    # a file system without numbers for its files has 0 for all of them
    return (found.st_dev, found.st_ino) if found.st_ino else None


def refuse_ground_truth(manifest: Manifest, submission: Submission, collector: ProblemCollector) -> bool:
    """Reports masks that are files of the ground truth: what a participant sends must not lead to them. Whether there are any."""
    found = submitted_ground_truth(manifest, submission)
    if found:
        collector.add(
            "archive-unsafe-path",
            f"{counted(len(found), 'mask')} {'is a file' if len(found) == 1 else 'are files'} of the ground truth, by a link: "
            f"{listed(found)}.",
            "submit copies of masks, not links to them: cp -rL masks submission",
        )
    return bool(found)
