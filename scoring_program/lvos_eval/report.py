"""The results of a run as data: what every output (page, details, log) is made from.

`Report` holds nothing per frame, and its numbers are the published ones. What may only be shown with public ground truth is in
`FrameDetails`, which a public run never makes: an output cannot leak what its data does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from lvos_eval.comparisons import ObjectFrame
from lvos_eval.manifest import Manifest
from lvos_eval.overlays import Picture
from lvos_eval.problems import Problem
from lvos_eval.publication import PublishedObject, PublishedScores
from lvos_eval.visibility import frame_means

__all__ = ["DETAILS_FORMAT", "FrameDetails", "Progress", "Report", "State", "details"]

DETAILS_FORMAT: Final = 1
"""Version of the layout of `scoring_details.json`; raised when a reader would have to change."""


class State(StrEnum):
    """How far a run is, or how it ended."""

    CHECKING = "checking"
    SCORING = "scoring"
    SCORED = "scored"
    INVALID = "invalid"
    REFERENCE_FAULT = "reference-fault"
    CHECKED = "checked"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Progress:
    """Work done and to do in a running job; `seconds_left` is an estimate, None while there is nothing to base it on."""

    what: str
    """What is being done, as `scoring`."""
    videos_done: int
    videos: int
    frames_done: int
    frames: int
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a run may say in public."""

    state: State
    version: str
    protocol: str
    task: str
    signature: str | None = None
    submission: str = ""
    """Where the masks were found, in words."""
    videos: int = 0
    objects: int = 0
    frames: int = 0
    """Frames with at least one scored object."""
    scores: PublishedScores | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reader of the scores should know: oddities of the reference, splits without objects, a reason to have stopped."""
    progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class FrameDetails:
    """J and F of every object and frame, for public ground truth only."""

    values: Mapping[tuple[str, int], tuple[ObjectFrame, ...]]
    """By (video, object id), in the order of frames."""
    pictures: Mapping[tuple[str, int], tuple[Picture, ...]] = field(default_factory=dict)
    """Of the worst frames, by (video, object id)."""


def details(report: Report, frames: FrameDetails | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The content of `scoring_details.json` and of `--json`; its layout is `docs/report.schema.json`."""
    scores = report.scores
    content: dict[str, Any] = {
        "format": DETAILS_FORMAT,
        "state": report.state,
        "version": report.version,
        "signature": report.signature,
        "settings": dict(settings),
        "submission": {
            "accepted": report.submission,
            "videos": report.videos,
            "objects": report.objects,
            "frames": report.frames,
        },
        "detail": scores.detail if scores else None,
        "scores": dict(scores.values) if scores else None,
        "interval": asdict(scores.interval) if scores and scores.interval else None,
        "J&F-objects": scores.object_mean if scores else None,
        "objects": [_object(score) for score in scores.objects] if scores else [],
        "videos": [
            {"video": video.name, "objects": video.objects, "J": video.j, "F": video.f, "V": video.v, "J&F": video.jf}
            for video in (scores.videos if scores else ())
        ],
        "problems": [asdict(problem) for problem in report.problems],
        "notes": list(report.notes),
    }
    if frames is not None:
        content["frames"] = {
            f"{video}/{id}": {
                "frame": [value.frame for value in values],
                "J": [value.region_similarity for value in values],
                "F": [value.contour_accuracy for value in values],
                "visible": [value.visible for value in values],
                "means": {means.kind: {"frames": means.frames, "J": means.j, "F": means.f} for means in frame_means(values)},
            }
            for (video, id), values in frames.values.items()
        }
    return content


def _object(score: PublishedObject) -> dict[str, Any]:
    return {
        "video": score.video,
        "object": score.id,
        **({} if score.proposal is None else {"proposal": score.proposal}),
        "split": "unseen" if score.unseen else "seen",
        "attributes": list(score.attributes),
        "frames": score.frames,
        "J": score.j,
        "F": score.f,
        "V": score.v,
        "J&F": score.jf,
    }


def manifest_summary(manifest: Manifest) -> dict[str, Any]:
    """The settings that a score depends on, for the details."""
    settings = manifest.settings
    return {
        "protocol": settings.protocol,
        "task": settings.task,
        "metadata": manifest.metadata_name,
        "exclude": manifest.excluded,
    }
