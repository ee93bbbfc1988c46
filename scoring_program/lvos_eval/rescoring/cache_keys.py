"""Recognising work that has been done: a key for each video of a submission, of everything that its values depend on.

The key is made of the bytes of the masks as they lie in the submission (compressed, where they are), so that not even a damaged
archive with the directory of a good one is taken for it. Whatever only enters the means (the lists, the attributes) is left out:
to change it costs nothing.

`video_key` is called twice for each scored video: when a submission is recognised, to look its values up, and for the bytes that
were scored, to store them. A file that is replaced in between has two keys, and no value is stored under the key of another file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import RunStoppedError, UsageError
from lvos_eval.diagnostics.text import printable
from lvos_eval.formats.mask_issues import MemberError
from lvos_eval.masks.packed import FrameSize
from lvos_eval.reference.manifest import Manifest, Video
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.scoring.chunks import FrameTask, frame_tasks, objects_by_frame
from lvos_eval.scoring.run import new_collector, open_checked
from lvos_eval.submission.ground_truth_links import refuse_ground_truth
from lvos_eval.submission.listing import Submission
from lvos_eval.submission.source import MaskReader, MaskSource, mask_digest
from lvos_eval.version import __version__

__all__ = ["Basis", "KeyRequest", "SubmissionKeys", "identify", "open_stored", "opening", "truth_digests", "video_key"]

_LAYOUT: Final = "lvos-eval video key 2"


@dataclass(frozen=True, slots=True)
class Basis:
    """What the values of a video depend on beside the submitted masks and the metadata."""

    reading: str
    """How masks are read, labels matched and objects measured: `EvaluationProtocol.reading`."""
    sizes: Mapping[str, FrameSize | None]
    truths: Mapping[str, str]
    """The digest of the decoded ground truth of each video."""


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """A submission to be recognised, as it is sent to a worker."""

    number: int
    path: Path
    manifest: Manifest
    limits: ArchiveLimits
    basis: Basis
    strict: bool


@dataclass(frozen=True, slots=True)
class SubmissionKeys:
    """A recognised submission: whether it can be scored, as far as names tell, and the key of every video that has masks.

    The key is None where a mask cannot be read; such a video is looked at every time.
    """

    number: int
    scorable: bool
    keys: Mapping[str, str | None]
    opening: str
    """Of everything beside the masks that the result depends on: see `opening`."""
    steady: bool
    """False if the submission changed while it was read; then nothing else counts."""


def truth_digests(digests: Iterable[tuple[str, int, bytes]]) -> dict[str, str]:
    """One digest for each video, of those of its decoded ground-truth masks, given as (video, frame, digest)."""
    by_video: defaultdict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for video, frame, digest in digests:
        by_video[video].append((frame, digest))
    return {
        video: hashlib.sha256(b"".join(digest for _, digest in sorted(found))).hexdigest() for video, found in by_video.items()
    }


def open_stored(path: Path, manifest: Manifest, limits: ArchiveLimits, collector: ProblemCollector) -> Submission:
    """As `open_checked`, but one that cannot be read is a problem of that submission and no end to the others."""
    try:
        submission = open_checked(path, manifest, limits, collector)
        refuse_ground_truth(manifest, submission, collector)
        return submission
    except UsageError as fault:
        # the leaderboard may be published: it does not say where submissions lie
        reason = str(fault).replace(printable(str(path)), printable(path.name))
        collector.add("archive-damaged", f"{reason}.", "copy it again, readable for whoever scores it.")
        return Submission(MaskSource(path, os.path.isfile(path), limits), False, "", {}, {}, (), (), ())


def opening(submission: Submission, collector: ProblemCollector) -> str:
    """A digest of what the opening of a submission adds to its result: what was found where, and every problem of names."""
    return hashlib.sha256(repr((submission.accepted, collector.problems)).encode()).hexdigest()


def identify(request: KeyRequest) -> SubmissionKeys:
    """Opens a submission and reads every mask that it would be scored on."""
    collector = new_collector(request.manifest, strict=request.strict)
    submission = open_stored(request.path, request.manifest, request.limits, collector)
    scorable = not collector.has_errors
    keys: dict[str, str | None] = {}
    try:
        before = submission.watch()
        if submission.readable and submission.masks:
            with closing(submission.source.open()) as reader:
                for video in request.manifest.videos:
                    tasks = frame_tasks(video, submission, score=scorable)
                    if tasks:
                        masks = _read(tasks, reader)
                        keys[video.name] = None if masks is None else video_key(video, request.basis, masks, scored=scorable)
        steady = submission.fingerprint() == before
    except (OSError, RunStoppedError):
        steady = False
    return SubmissionKeys(request.number, scorable, keys, opening(submission, collector), steady)


def _read(tasks: Sequence[FrameTask], reader: MaskReader) -> dict[int, bytes] | None:
    """The digests of the masks by frame; None where one cannot be read."""
    reader.read_ahead([entry for task in tasks for entry in task.prediction])
    masks = {}
    for task in tasks:
        if task.prediction:
            try:
                stored = [reader.read_stored(entry) for entry in task.prediction]
                masks[task.frame] = mask_digest(task.prediction, stored, task.owners)
            except (MemberError, OSError):
                return None
    return masks


def video_key(video: Video, basis: Basis, masks: Mapping[int, bytes], *, scored: bool) -> str:
    """The key of the values and findings of a video: the same key, the same values.

    `masks` are the digests of the masks by frame, as `mask_digest` makes them; `scored` is whether they are scored, or checked
    only.
    """
    # which frames are scored follows from the frames below; the number of values of an object only from here
    objects = [[item.object_id, item.range.frame_nums] for item in video.objects]
    truth = basis.truths.get(video.name, "") if scored else None
    content = [_LAYOUT, __version__, basis.reading, video.name, basis.sizes[video.name], objects, truth]
    frames = [
        [frame, ids, masks[frame].hex() if frame in masks else None]
        for frame, ids in objects_by_frame(video)
        if scored or frame in masks
    ]
    return hashlib.blake2b(json.dumps([content, frames]).encode(), digest_size=20).hexdigest()
