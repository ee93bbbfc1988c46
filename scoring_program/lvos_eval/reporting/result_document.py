"""A result as the JSON document of `scoring_details.json` and `--json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from lvos_eval.protocols.contract import ONE_GROUP, quality_name
from lvos_eval.reference.manifest import Manifest
from lvos_eval.scoring.frame_kinds import frame_means
from lvos_eval.scoring.results import FrameDetails, ObjectFrame, PublishedObject, Report

__all__ = ["DETAILS_FORMAT", "details"]

DETAILS_FORMAT: Final = 1
"""Version of the layout of `scoring_details.json`; raised when a reader would have to change."""


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
            {"video": video.name, "objects": video.objects, **video.values, quality_name(video.values): video.jf}
            for video in (scores.videos if scores else ())
        ],
        "problems": [problem.to_json() for problem in report.problems],
        "notes": list(report.notes),
    }
    if frames is not None:
        content["frames"] = {
            f"{video}/{object_id}": {
                "frame": [value.frame for value in values],
                "J": [value.region_similarity for value in values],
                "F": [value.contour_accuracy for value in values],
                **_adapted(values),
                "visible": [value.visible for value in values],
                "means": {means.kind: {"frames": means.frames, "J": means.j, "F": means.f} for means in frame_means(values)},
            }
            for (video, object_id), values in frames.values.items()
        }
    return content


def _adapted(values: Sequence[ObjectFrame]) -> dict[str, list[float]]:
    """F within the object's tolerance, where that is measured."""
    found = [value.adapted_accuracy for value in values if value.adapted_accuracy is not None]
    return {"Fdot": found} if found else {}


def _object(score: PublishedObject) -> dict[str, Any]:
    return {
        "video": score.video,
        "object": score.object_id,
        **({} if score.proposal is None else {"proposal": score.proposal}),
        **({} if score.group in ONE_GROUP else {"split": score.group}),
        "attributes": list(score.attributes),
        "frames": score.frames,
        **score.values,
        quality_name(score.values): score.jf,
    }


def manifest_summary(manifest: Manifest) -> dict[str, Any]:
    """The settings that a score depends on, for the details."""
    rules = manifest.rules
    return {
        "protocol": rules.protocol,
        "task": rules.task,
        "metadata": manifest.metadata_name,
        "exclude": manifest.excluded,
    }
