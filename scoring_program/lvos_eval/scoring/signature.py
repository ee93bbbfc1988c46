"""What makes a score quotable: a line that two scores share if they may be compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from lvos_eval.metrics.definition import TOLERANCE_FRACTION
from lvos_eval.reference.manifest import Manifest

__all__ = ["signature"]


def signature(manifest: Manifest, digest: str, version: str, absent: Sequence[str] = ()) -> str:
    """What makes a score quotable: equal signatures mean comparable scores. `absent` are videos that a submission lacks.

    The idea is sacrebleu's (Post, "A Call for Clarity in Reporting BLEU Scores", WMT 2018).
    """
    pairs = {
        "protocol": manifest.rules.protocol,
        "task": manifest.rules.task,
        **({} if manifest.rules.image_set is None else {"set": manifest.rules.image_set}),
        "videos": len(manifest.videos),
        "objects": manifest.object_count,
        "frames": manifest.scored_count,
        "tolerance": TOLERANCE_FRACTION,
        "gt": digest,
        "excluded": _digested(manifest.excluded),
        **_groups(manifest),
        **({"absent": _counted(list(absent))} if absent else {}),
        "version": version,
    }
    return "|".join(f"{key}:{value}" for key, value in pairs.items())


def _digested(excluded: Mapping[str, Sequence[int]]) -> str:
    """Number of excluded frames and a digest of which."""
    frames = sorted((video, list(numbers)) for video, numbers in excluded.items())
    if not frames:
        return "none"
    return f"{sum(len(numbers) for _, numbers in frames)}-{hashlib.sha256(json.dumps(frames).encode()).hexdigest()[:8]}"


def _groups(manifest: Manifest) -> dict[str, str]:
    """For each group but the first, the number of its videos and a digest of which; what a list says of others does not count."""
    found = {}
    for group in manifest.protocol.summary.groups[1:]:
        names = [video.name for video in manifest.videos if video.group == group]
        found[group] = _counted(names) if names else "none"
    return found


def _counted(names: Sequence[str]) -> str:
    """The number of some videos and a digest of which."""
    return f"{len(names)}-{hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()[:8]}"
