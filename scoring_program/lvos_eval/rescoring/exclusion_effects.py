"""What it would do to stored scores to leave frames with doubtful ground truth out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from lvos_eval.reference.exclusions import FrameRun, parse_run
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reporting.audit_page import ExclusionEffect
from lvos_eval.scoring.aggregation import aggregate
from lvos_eval.scoring.results import ObjectFrame
from lvos_eval.scoring.run import object_scores

__all__ = ["exclusion_effects"]

_DIGITS: Final = 6
"""Of a published score; ranks follow published scores."""

Values = Mapping[str, Sequence[ObjectFrame]]


def exclusion_effects(
    manifest: Manifest, exclusions: Mapping[str, Sequence[str]], stored: Mapping[str, Values]
) -> list[ExclusionEffect]:
    """For the frames of each video, and for all of them together, how the ranking of the stored submissions would change.

    `exclusions` are runs as scoring.yaml has them, `stored` the values of each submission by its name, scored on `manifest`.
    Which proposal an object was matched with stays as it is. The largest change comes first, the one of all together before it.
    """
    runs = {video: tuple(run for text in texts if (run := parse_run(text)) is not None) for video, texts in exclusions.items()}
    excluded = _excluding(manifest, runs)
    before = _scores(manifest, stored)
    effects = []
    for video, texts in exclusions.items():
        videos = tuple(new if new.name == video else old for old, new in zip(manifest.videos, excluded.videos, strict=True))
        after = _scores(replace(manifest, videos=videos), stored)
        effects.append(_effect(video, tuple(texts), before, after))
    effects.sort(key=lambda effect: (-abs(effect.largest), effect.video or ""))
    together = _effect(None, (), before, _scores(excluded, stored))
    return [together, *effects] if len(effects) > 1 else effects


def _excluding(manifest: Manifest, runs: Mapping[str, Sequence[FrameRun]]) -> Manifest:
    exclude = {**manifest.rules.exclude, **{video: tuple(found) for video, found in runs.items()}}
    return load_manifest(manifest.folder, replace(manifest.rules, exclude=exclude))


def _scores(manifest: Manifest, stored: Mapping[str, Values]) -> dict[str, float]:
    """The score that ranks each submission; 0 where no object is left."""
    key = manifest.protocol.summary.keys[0]
    found = {}
    for name, values in stored.items():
        objects = object_scores(manifest, values)
        scores = aggregate(objects, manifest.protocol.summary).values if objects else {}
        found[name] = round(scores.get(key, 0.0), _DIGITS)
    return found


def _effect(video: str | None, runs: tuple[str, ...], before: Mapping[str, float], after: Mapping[str, float]) -> ExclusionEffect:
    changes = {name: after[name] - before[name] for name in before}
    whose = max(changes, key=lambda name: (abs(changes[name]), name))
    ranks = [{name: _rank(score, scores) for name, score in scores.items()} for scores in (before, after)]
    return ExclusionEffect(
        video,
        runs,
        changed=sum(change != 0 for change in changes.values()),
        largest=round(changes[whose], _DIGITS),
        submission=whose,
        moved=sum(ranks[0][name] != ranks[1][name] for name in before),
    )


def _rank(score: float, scores: Mapping[str, float]) -> int:
    return 1 + sum(other > score for other in scores.values())
