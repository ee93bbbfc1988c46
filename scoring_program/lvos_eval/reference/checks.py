"""Everything that is wrong with reference data, found in one pass before a competition opens.

Scoring stops at what it cannot use; this looks at every mask and every list, also at what scoring would never notice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.diagnostics.problems import REFERENCE_CODES, Problem, Severity
from lvos_eval.execution.workload import Observer, run_pieces
from lvos_eval.protocols import Task
from lvos_eval.reference.check_rules import check_labels, check_manifest, check_sizes, list_masks
from lvos_eval.reference.ground_truth import combine_digests
from lvos_eval.reference.loading import read_manifest
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.recognition import chosen_rules
from lvos_eval.reference.settings import Settings, load_settings
from lvos_eval.reference.survey import GroundTruthMask, plan_survey, survey_masks

__all__ = ["ReferenceCheck", "ReferenceSummary", "check_reference"]


@dataclass(frozen=True, slots=True)
class ReferenceSummary:
    """What reference data holds."""

    videos: int
    unseen_videos: int
    objects: int
    """Objects with a scored frame."""
    unseen_objects: int
    masks: int
    """Readable ground-truth masks, scored or not."""
    scored_frames: int
    object_frames: int
    """Pairs of a scored frame and an object scored in it, as far as the mask can be read."""
    empty: int
    """Those of them in which the object has no pixel."""
    sizes: Mapping[str, int]
    """Number of masks by `width x height`, the most frequent size first."""

    @property
    def empty_share(self) -> float:
        return self.empty / self.object_frames if self.object_frames else 0.0


@dataclass(frozen=True, slots=True)
class ReferenceCheck:
    """The outcome: every fault, errors first, and what the data holds as far as it can be told."""

    problems: tuple[Problem, ...]
    settings: Settings
    manifest: Manifest | None
    summary: ReferenceSummary | None
    digest: str | None
    """What `ground_truth:` in scoring.yaml takes; None as long as there are errors."""
    shapes: Mapping[bytes, tuple[str, int]]
    """The shape of every object in every mask, with its video and frame, to recognise copies."""

    @property
    def has_errors(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def check_reference(
    reference: Path,
    jobs: int | None,
    observer: Callable[[Manifest], Observer],
    *,
    what: str = "the ground truth",
    protocol: str | None = None,
    task: Task | None = None,
    image_set: str | None = None,
) -> ReferenceCheck:
    """Looks at settings, metadata, lists and every mask of a reference folder; faults in one do not hide those of another.

    `observer` makes the one that watches `what` being read, once it is known what there is.
    Raises RunStoppedError if a worker is lost, nothing for faults of the data.
    """
    faults = ProblemCollector(REFERENCE_CODES)
    settings, manifest = Settings(), None
    try:
        settings = load_settings(reference)
    except ReferenceDataError as fault:
        faults.extend(fault.problems)
    try:
        rules = chosen_rules(settings, reference, protocol=protocol, task=task, image_set=image_set)
        manifest = read_manifest(reference, rules, faults)
    except ReferenceDataError as fault:
        faults.extend(fault.problems)
    if manifest is None:
        return ReferenceCheck(faults.problems, settings, None, None, None, {})
    check_manifest(manifest, faults)
    frames = list_masks(manifest, faults)
    masks: defaultdict[str, list[GroundTruthMask]] = defaultdict(list)
    digests: list[tuple[str, int, bytes]] = []
    unusable: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    tasks = plan_survey(manifest, frames, {})
    with closing(run_pieces(survey_masks, tasks, jobs)) as done:
        for result in observer(manifest)(f"reading {what}", sum(map(len, frames.values())), done):
            masks[result.video] += result.masks
            digests += [(result.video, frame, digest) for frame, digest in result.digests]
            for problem in result.faults:
                unusable[result.video, problem.message, problem.fix] += problem.frames
    for (name, message, fix), numbers in unusable.items():
        faults.error("ground-truth", message, fix, video=name, frames=numbers)
    for video in manifest.videos:
        check_sizes(video, masks[video.name], faults)
        if manifest.declares_objects:
            check_labels(video, masks[video.name], faults)
    digest = _digest(manifest, settings.ground_truth, digests, faults)
    shapes = {shape: (video.name, mask.frame) for video in manifest.videos for mask in masks[video.name] for shape in mask.shapes}
    return ReferenceCheck(faults.problems, settings, manifest, _summarise(manifest, masks), digest, shapes)


def _digest(
    manifest: Manifest, sealed: str | None, digests: Iterable[tuple[str, int, bytes]], faults: ProblemCollector
) -> str | None:
    """The digest that seals the ground truth, None as long as there are errors; it is one if `sealed` is another."""
    if faults.has_errors:
        return None
    scored = {video.name: frozenset(video.scored) for video in manifest.videos}
    digest = combine_digests(manifest, (entry for entry in digests if entry[1] in scored[entry[0]]))
    if sealed is not None and sealed != digest:
        faults.error(
            "settings",
            f"scoring.yaml pins the ground truth to {sealed}, but its digest is {digest}: it has changed since",
            "restore it, or put the new digest into scoring.yaml and rescore every submission",
        )
        return None
    return digest


def _summarise(manifest: Manifest, masks: Mapping[str, Sequence[GroundTruthMask]]) -> ReferenceSummary:
    sizes = Counter(str(mask.size) for found in masks.values() for mask in found)
    object_frames = empty = 0
    for video in manifest.videos:
        pixels = {mask.frame: mask.pixels for mask in masks[video.name]}
        for item in video.objects:
            readable = [pixels[frame] for frame in item.scored.frames if frame in pixels]
            object_frames += len(readable)
            empty += sum(item.object_id not in labels for labels in readable)
    unseen = [video for video in manifest.videos if video.group != manifest.protocol.summary.groups[0]]
    return ReferenceSummary(
        len(manifest.videos),
        len(unseen),
        manifest.object_count,
        sum(1 for video in unseen for item in video.objects if item.scored.length),
        sizes.total(),
        manifest.scored_count,
        object_frames,
        empty,
        dict(sizes.most_common()),
    )
