"""Reports as runs would make them, without a run: for the tests of the page, and for its screenshots."""

from __future__ import annotations

import base64
import io
import random
from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image

from lvos_eval import protocols
from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.problems import Problem, Severity
from lvos_eval.execution.progress import Progress
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.gallery import GALLERY_SIZE, GalleryPicture
from lvos_eval.reporting.overlays import PICTURE_BUDGET, Picture, Pictures
from lvos_eval.scoring.publication import publish
from lvos_eval.scoring.results import FrameDetails, ObjectFrame, ObjectScore, Report, State

ATTRIBUTES: Final = ("BC", "DEF", "MB", "FM", "LR", "OCC", "OV", "SV", "DB", "SC", "AC", "LRA", "CTC")
SIGNATURE: Final = (
    "protocol:lvos-v2|task:semi-supervised|videos:160|objects:290|frames:70000|tolerance:0.008|gt:0123456789abcdef|excluded:none|"
    "version:1.2.3"
)
LETTERS: Final = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

HOSTILE: Final = (
    "<img src=x onerror=\"window.harmed = 'img'\">",
    "</script><script>window.harmed = 'script'</script>",
    "\"><svg onload=window.harmed='svg'>",
    "' onmouseover='window.harmed=1' autofocus onfocus='window.harmed=2",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:window.harmed='link'",
    "photo\u202egnp.exe\u2066\u200f",
    "x" * 300,
)
"""Names that would act, deceive or break the layout if they were taken for more than text."""


def scored(
    videos: int = 12,
    objects: int = 20,
    *,
    names: tuple[str, ...] = (),
    seed: int = 1,
    attributes: bool = True,
    detail: Disclosure = Disclosure.FULL,
) -> Report:
    """A scored report of `videos` videos, named `names` as far as those go."""
    chance = random.Random(seed)
    named = [*names, *("".join(chance.choices(LETTERS, k=8)) for _ in range(videos - len(names)))]
    members: list[ObjectScore] = []
    owners = sorted([*range(videos), *(chance.randrange(videos) for _ in range(objects - videos))])
    ids: dict[int, int] = {}
    traits = [tuple(sorted(chance.sample(ATTRIBUTES, chance.randint(1, 5)))) if attributes else () for _ in range(videos)]
    for owner in owners:
        ids[owner] = ids.get(owner, 0) + 1
        unseen = owner % 10 < 3
        skill = chance.betavariate(3.2 if unseen else 5, 1.2)
        j = max(skill - 0.04, 0.0)
        f = min(skill + chance.uniform(-0.02, 0.08), 1.0)
        members.append(
            ObjectScore(
                named[owner],
                ids[owner],
                "unseen" if unseen else "seen",
                traits[owner],
                chance.randint(60, 700),
                {"J": j, "F": f, "V": chance.uniform(0.02, 0.35)},
            )
        )
    return Report(
        State.SCORED,
        "1.2.3",
        "lvos-v2",
        "semi-supervised",
        SIGNATURE,
        f"70000 masks of {videos} videos of the zip submission.zip",
        videos,
        objects,
        70_000,
        publish(members, protocols.get("lvos-v2").summary, detail),
    )


def frame_details(report: Report, *, seed: int = 1) -> tuple[FrameDetails, Pictures]:
    """Values of every frame, with absences, and as many pictures of photographic size as a page may hold."""
    assert report.scores is not None
    chance = random.Random(seed)
    values: dict[tuple[str, int], tuple[ObjectFrame, ...]] = {}
    drawn: dict[tuple[str, int], tuple[Picture, ...]] = {}
    left = PICTURE_BUDGET
    for score in report.scores.objects:
        gone = range(score.frames // 3, score.frames // 3 + chance.randrange(1, 30)) if chance.random() < 0.5 else range(0)
        found = []
        jf = score.jf
        for index in range(score.frames):
            jf = min(max(jf + chance.gauss(0, 0.03) + 0.05 * (score.jf - jf), 0.0), 1.0)
            j, f = (1.0, 1.0) if index in gone else (max(jf - 0.05, 0.0), min(jf + 0.03, 1.0))
            found.append(ObjectFrame(score.object_id, 6 + 5 * index, j, f, index not in gone))
        values[score.video, score.object_id] = tuple(found)
        uri = photograph(chance.randrange(4))
        left -= 2 * len(uri)
        if left > 0:
            shown = (found[len(found) // 2], found[-1])
            drawn[score.video, score.object_id] = tuple(
                Picture(v.frame, v.region_similarity, v.contour_accuracy, v.quality, 320, 180, 1.7, uri) for v in shown
            )
    return FrameDetails(values), drawn


def gallery(report: Report) -> tuple[GalleryPicture, ...]:
    """Pictures of the worst frames of photographic size."""
    assert report.scores is not None
    worst = sorted(report.scores.objects, key=lambda score: score.jf)[:GALLERY_SIZE]
    return tuple(
        GalleryPicture(
            score.video,
            score.object_id,
            Picture(206, score.values["J"], score.values["F"], score.jf, 1452, 270, 1.8, photograph(number, 1452, 270)),
            "lost: nothing is predicted",
        )
        for number, score in enumerate(worst)
    )


@lru_cache(maxsize=16)
def photograph(seed: int, width: int = 320, height: int = 180) -> str:
    """A data URI of an image about as rich as a photograph of so many pixels."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8 + 1, width // 8, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(data, "WEBP", quality=55)
    return f"data:image/webp;base64,{base64.b64encode(data.getvalue()).decode()}"


def running(done: int = 58) -> Report:
    """A report in the middle of scoring."""
    progress = Progress("scoring", done, 160, 25_431, 70_000, 97.2)
    return Report(State.SCORING, "1.2.3", "lvos-v2", "semi-supervised", SIGNATURE, "", 160, 290, 70_000, progress=progress)


def invalid() -> Report:
    """A report of a submission with many faults."""
    collector = ProblemCollector()
    for video in ("9ScJBvcs", "Kw23bqTa", "zzPo0NcG"):
        collector.add("missing-video", "no folder for this video.", "add its masks.", video=video)
    for video, last in (("0tCWPOrc", 206), ("hVg1Xk9d", 41)):
        frames = range(6, last + 1, 5)
        collector.add(
            "missing-frame",
            f"{len(frames)} of 230 scored frames have no mask.",
            "write a mask for every scored frame, an empty one where nothing is found.",
            video=video,
            frames=frames,
        )
    collector.add(
        "palette-lost",
        "the values are 38 and 75: the palette's colours turned to grey, instead of ids 1 and 2.",
        'save with mode "P" (Image.fromarray(ids).putpalette(palette)), not "L" converted from it.',
        video="hY6bTqa0",
        frames=range(6, 1206, 5),
    )
    collector.add(
        "wrong-size", "640x360 instead of 1280x720.", "resize to the video's size with nearest neighbour.", video="Wq3D77ab"
    )
    collector.add("extra-file", "2 files that are not needed: notes.txt, viewer.html; ignored.", "leave them out.")
    collector.add(
        "absent-object",
        "object 2 has no pixel in any of its 310 scored frames.",
        "write it with the label 2; leave it if the method lost it from the start.",
        video="hVg1Xk9d",
    )
    return Report(
        State.INVALID,
        "1.2.3",
        "lvos-v2",
        "semi-supervised",
        SIGNATURE,
        "66000 masks of 157 videos in Annotations/ of the zip submission.zip",
        160,
        290,
        70_000,
        problems=collector.problems,
    )


def hostile() -> Report:
    """A scored report in which everything that anybody else chose tries to do harm."""
    report = scored(len(HOSTILE) + 4, 16, names=HOSTILE)
    problems = tuple(
        Problem("extra-file", Severity.WARNING, name, (), f"{name} is not needed; ignored.", f"leave {name} out.")
        for name in HOSTILE
    )
    return Report(
        State.SCORED,
        report.version,
        report.protocol,
        report.task,
        report.signature,
        f"12 masks in {HOSTILE[0]}/{HOSTILE[1]} of the zip {HOSTILE[6]}",
        report.videos,
        report.objects,
        report.frames,
        report.scores,
        problems,
        HOSTILE,
    )
