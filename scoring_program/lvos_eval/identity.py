"""Recognising work that has been done: a key for each video of a submission, of everything that its values depend on.

The key is made of the bytes of the masks as they lie in the submission (compressed, where they are), so that not even a damaged
archive with the directory of a good one is taken for it. Whatever only enters the means (the lists, the attributes) is left out:
to change it costs nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lvos_eval import __version__
from lvos_eval.archive import MemberFault
from lvos_eval.evaluation import FrameTask, frame_tasks
from lvos_eval.faults import UsageFault
from lvos_eval.manifest import Manifest, Video
from lvos_eval.problems import ProblemCollector
from lvos_eval.run import open_checked
from lvos_eval.self_check import refuse_ground_truth
from lvos_eval.submission import Entry, MaskReader, MaskSource, Submission

__all__ = ["Identity", "Question", "identify", "open_stored", "truth_digests"]

_LAYOUT: Final = "lvos-eval video key 1"


@dataclass(frozen=True, slots=True)
class Question:
    """A submission to be recognised, as it is sent to a worker."""

    number: int
    path: Path
    manifest: Manifest
    sizes: Mapping[str, tuple[int, int] | None]
    truths: Mapping[str, str]
    """The digest of the decoded ground truth of each video."""
    strict: bool

    @property
    def portable(self) -> Question:
        """The same, in a form that can be sent to another process."""
        settings = replace(self.manifest.settings, exclude=dict(self.manifest.settings.exclude))
        return replace(self, manifest=replace(self.manifest, settings=settings))


@dataclass(frozen=True, slots=True)
class Identity:
    """A recognised submission: whether it can be scored, as far as names tell, and the key of every video that has masks.

    The key is None where a mask cannot be read; such a video is looked at every time.
    """

    number: int
    scorable: bool
    keys: Mapping[str, str | None]
    read: int
    """Bytes of masks that were read."""


def truth_digests(digests: Iterable[tuple[str, int, bytes]]) -> dict[str, str]:
    """One digest for each video, of those of its decoded ground-truth masks, given as (video, frame, digest)."""
    by_video: defaultdict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for video, frame, digest in digests:
        by_video[video].append((frame, digest))
    return {
        video: hashlib.sha256(b"".join(digest for _, digest in sorted(found))).hexdigest() for video, found in by_video.items()
    }


def open_stored(path: Path, manifest: Manifest, collector: ProblemCollector) -> Submission:
    """As `open_checked`, but one that cannot be read is a problem of that submission and no end to the others."""
    try:
        submission = open_checked(path, manifest, collector)
        refuse_ground_truth(manifest, submission, collector)
        return submission
    except UsageFault as fault:
        collector.add("archive-damaged", f"{fault}.", "copy it anew, readable for whoever scores it.")
        return Submission(MaskSource(path, path.is_file(), manifest.settings.limits), False, "", {}, {}, (), (), ())


def identify(question: Question) -> Identity:
    """Opens a submission and reads every mask that it would be scored on."""
    collector = ProblemCollector(question.strict)
    submission = open_stored(question.path, question.manifest, collector)
    scorable = not collector.has_errors
    keys: dict[str, str | None] = {}
    read = 0
    if submission.readable and submission.masks:
        with closing(submission.source.open()) as reader:
            for video in question.manifest.videos:
                tasks = frame_tasks(video, submission.masks.get(video.name, {}), score=scorable)
                if tasks:
                    keys[video.name], size = _video_key(question, video, tasks, reader, scorable)
                    read += size
    return Identity(question.number, scorable, keys, read)


def _video_key(
    question: Question, video: Video, tasks: Sequence[FrameTask], reader: MaskReader, scorable: bool
) -> tuple[str | None, int]:
    # which frames are scored follows from the tasks; the number of values of an object only from here
    objects = [[item.id, item.range.frame_nums] for item in video.objects]
    truth = question.truths.get(video.name, "") if scorable else None
    task = str(question.manifest.settings.task)
    total = hashlib.blake2b(
        json.dumps([_LAYOUT, __version__, task, video.name, question.sizes[video.name], objects, truth]).encode(), digest_size=20
    )
    read = 0
    reader.read_ahead([task.prediction for task in tasks if task.prediction is not None])
    for frame, entry, scored in tasks:
        try:
            kind, data = ("none", b"") if entry is None else _stored_bytes(reader, entry)
        except (MemberFault, OSError):
            return None, read
        read += len(data)
        total.update(json.dumps([frame, scored, kind, len(data)]).encode())
        total.update(data)
    return total.hexdigest(), read


def _stored_bytes(reader: MaskReader, entry: Entry) -> tuple[str, bytes]:
    """What the mask is made from, and how: equal results mean equal masks."""
    data = reader.read_stored(entry)
    if isinstance(entry, str):
        return "file", data
    return f"{'deflated' if entry.deflated else 'stored'} {entry.unpacked} {entry.crc}", data
