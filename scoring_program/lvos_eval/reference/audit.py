"""An audit of the ground truth: every mask beside its neighbours, what is suspicious first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing

from lvos_eval.execution.workload import Observer, run_pieces
from lvos_eval.reference.audit_measures import FrameMeasure, cut_audit, measure_masks
from lvos_eval.reference.audit_rules import LIKELY, Suspicion, suspicions
from lvos_eval.reference.exclusions import write_runs
from lvos_eval.reference.ground_truth import ground_truth_source
from lvos_eval.reference.manifest import Manifest

__all__ = ["audit", "proposed_exclusions"]


def audit(manifest: Manifest, jobs: int | None, observer: Observer) -> list[Suspicion]:
    """Everything suspicious in the masks, the strongest first. Raises RunStoppedError if a worker is lost."""
    tasks = []
    total = 0
    for video in manifest.videos:
        folder = ground_truth_source(manifest, video)
        frames = folder.frames()
        total += len(frames)
        tasks += list(cut_audit(video.name, video.ids, video.size, folder, frames))
    measures: defaultdict[str, list[FrameMeasure]] = defaultdict(list)
    with closing(run_pieces(measure_masks, sorted(tasks, key=lambda task: -task.cost), jobs)) as done:
        for result in observer("auditing the masks", total, done):
            measures[result.video] += result.measures
    found = [item for video in manifest.videos for item in suspicions(video, _of_usual_size(measures[video.name]))]
    return sorted(found, key=lambda item: (-item.strength, item.video, item.frames))


def _of_usual_size(measures: Sequence[FrameMeasure]) -> list[FrameMeasure]:
    """In the order of frames, without masks of another size than most, which the check of the data reports."""
    sizes = Counter(measure.size for measure in measures)
    usual = max(sizes, key=lambda size: (sizes[size], size), default=None)
    return sorted((measure for measure in measures if measure.size == usual), key=lambda measure: measure.frame)


def proposed_exclusions(manifest: Manifest, found: Iterable[Suspicion]) -> Mapping[str, Sequence[str]]:
    """What `exclude` in scoring.yaml would hold if all likely suspicions were right, and what it holds already.

    Masks outside of a range are not scored for that object; the range is what to correct there.
    """
    frames = {video.name: set(video.excluded) for video in manifest.videos}
    for item in found:
        if item.strength >= LIKELY and item.kind != "outside":
            frames[item.video] |= set(item.frames)
    annotated = {video.name: video.annotated for video in manifest.videos}
    return {
        name: runs
        for name, chosen in frames.items()
        if (runs := write_runs(frozenset(chosen) & annotated[name], annotated[name]))
    }
