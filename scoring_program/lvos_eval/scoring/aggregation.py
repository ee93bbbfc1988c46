"""From the values of objects and frames to the scores, by the statistics and the summary of a protocol.

The order of every sum is fixed: videos and objects in the order of the manifest, values in slot order. That gives the official
tools' numbers to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import numpy as np

from lvos_eval.protocols.contract import EvaluationProtocol, Measures, ObjectValues, Start, Summary
from lvos_eval.reference.manifest import Video, VideoObject
from lvos_eval.scoring.results import ObjectFrame, ObjectScore, Scores

__all__ = ["aggregate", "first_counted", "official_files", "score_objects"]


def score_objects(video: Video, values: Iterable[ObjectFrame], protocol: EvaluationProtocol) -> list[ObjectScore]:
    """The scores of the objects of one video, from the values of its frames in any order; without any, all of them are 0."""
    by_object: dict[int, dict[int, ObjectFrame]] = {item.object_id: {} for item in video.objects}
    for value in values:
        by_object[value.object_id][value.frame] = value
    return [_score_object(video, item, by_object[item.object_id], protocol) for item in video.objects if item.scored.length]


def first_counted(values: Sequence[ObjectFrame], starts: Start) -> int:
    """The position of the first value that counts, of those of one object in the order of frames."""
    if starts is Start.FIRST_SLOT:
        return 0
    # J is 1 without a pixel in the ground truth only where the submission has none either
    present = (k for k, value in enumerate(values) if value.visible or value.region_similarity < 1)
    return next(present, len(values))


def _score_object(
    video: Video, item: VideoObject, values: Mapping[int, ObjectFrame], protocol: EvaluationProtocol
) -> ObjectScore:
    j, f, visible = np.zeros(item.scored.length), np.zeros(item.scored.length), np.zeros(item.scored.length, np.bool_)
    adapted = np.zeros(item.scored.length) if protocol.measures is Measures.ADAPTIVE else None
    if values:
        for frame, slot in zip(item.scored.frames, item.scored.slots, strict=True):
            j[slot] = values[frame].region_similarity
            f[slot] = values[frame].contour_accuracy
            visible[slot] = values[frame].visible
            if adapted is not None:
                adapted[slot] = values[frame].adapted_accuracy
    first = first_counted([values[frame] for frame in sorted(values)], protocol.starts)
    proposal = next((value.proposal for value in values.values()), None)
    vectors = ObjectValues(j[first:], f[first:], visible[first:], None if adapted is None else adapted[first:])
    found = protocol.object_statistics(vectors)
    return ObjectScore(video.name, item.object_id, video.group, video.attributes, len(j) - first, found, proposal)


def aggregate(objects: Sequence[ObjectScore], summary: Summary) -> Scores:
    """The scores of objects in manifest order. Raises ValueError if there is no object at all."""
    if not objects:
        raise ValueError("no object has a scored frame")
    found = summary.combine(objects)
    values = {key: found[key] for key in summary.keys if key in found and math.isfinite(found[key])}
    undefined = tuple(key for key in summary.keys if key in found and key not in values)
    # where objects are matched, sums run over proposals
    videos = groupby(objects, key=lambda score: score.video)
    ordered = [score for _, members in videos for score in sorted(members, key=lambda score: score.proposal or 0)]
    return Scores(values, undefined, _plain_mean(ordered))


def _plain_mean(objects: Sequence[ObjectScore]) -> float | None:
    if any("F" not in score.values for score in objects):
        return None
    return (float(np.mean([o.values["J"] for o in objects])) + float(np.mean([o.values["F"] for o in objects]))) / 2


def official_files(objects: Sequence[ObjectScore], protocol: EvaluationProtocol, image_set: str) -> dict[str, str]:
    """The files that the official tool writes for these objects, by name."""
    scores = protocol.summary.combine(objects)
    return {file.name.format(set=image_set): file.render(scores, objects) for file in protocol.files}
