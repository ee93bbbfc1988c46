"""One run from submission to results: open, check names, score or check masks, aggregate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import ReferenceDataError, RunStoppedError
from lvos_eval.diagnostics.problems import Problem, submission_codes
from lvos_eval.diagnostics.text import counted, listed
from lvos_eval.execution.workload import Observer, run_pieces
from lvos_eval.masks.packed import FrameSize
from lvos_eval.protocols.contract import MissingVideos, Pairing
from lvos_eval.reference.ground_truth import combine_digests, find_sizes, known_sizes, refuse_unusable
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import ArchiveLimits, Disclosure
from lvos_eval.scoring.aggregation import first_counted, official_files, score_objects
from lvos_eval.scoring.assignment import match_proposals, require_solver
from lvos_eval.scoring.chunks import ChunkResult, PredictionSource, plan_chunks
from lvos_eval.scoring.evaluate import evaluate_chunk
from lvos_eval.scoring.publication import publish
from lvos_eval.scoring.results import FrameDetails, ObjectFrame, ObjectScore, PublishedScores, Report, RunResult, State
from lvos_eval.scoring.signature import signature
from lvos_eval.submission.check_masks import check_masks
from lvos_eval.submission.check_names import check_names
from lvos_eval.submission.ground_truth_links import refuse_ground_truth, submitted_ground_truth
from lvos_eval.submission.listing import CHANGED, Submission, open_submission
from lvos_eval.submission.mask_findings import VideoFindings
from lvos_eval.version import __version__

__all__ = [
    "Advise",
    "absent_videos",
    "build_result",
    "check_submission",
    "inspect_masks",
    "matched_values",
    "measure",
    "new_collector",
    "new_report",
    "notes_on",
    "object_scores",
    "open_checked",
    "score_submission",
]


Advise: TypeAlias = Callable[[Submission, Mapping[str, VideoFindings], tuple[Problem, ...]], tuple[Problem, ...]]
"""Says in the fixes of problems what can be done, given the masks that were found and what they show."""


def new_report(manifest: Manifest) -> Report:
    """The report of a run that has only seen the manifest."""
    return Report(
        State.CHECKING,
        __version__,
        manifest.rules.protocol,
        manifest.rules.task,
        videos=len(manifest.videos),
        objects=manifest.object_count,
        frames=manifest.scored_count,
        notes=manifest.warnings,
    )


def score_submission(
    path: Path,
    manifest: Manifest,
    sealed: str | None,
    jobs: int | None,
    observe: Observer,
    *,
    detail: Disclosure,
    limits: ArchiveLimits | None = None,
    strict: bool = False,
    foreign: bool = False,
    advise: Advise | None = None,
) -> RunResult:
    """Scores a submission, or tells everything that is wrong with it; `detail` is how much of the scores may be shown.

    `sealed` is the digest that the ground truth must have, if somebody has pinned it. A `foreign` submission must not be a link
    to the ground truth; otherwise that is somebody's check of the program, and noted.

    With faults in names nothing can be scored, and the masks that are there are only checked; then the ground truth is not
    read, and there is no signature unless it is sealed. Otherwise each mask is decoded once, for its check, its digest and its
    score. Raises ReferenceDataError, RunStoppedError, UsageError.
    """
    if manifest.protocol.pairing is Pairing.ASSIGNMENT:
        require_solver()
    collector = new_collector(manifest, strict=strict)
    submission = open_checked(path, manifest, limits or ArchiveLimits(), collector)
    if foreign and refuse_ground_truth(manifest, submission, collector):
        advise = None
    own = () if foreign else submitted_ground_truth(manifest, submission)
    fingerprint = submission.watch()
    sizes = find_sizes(manifest)
    score = not collector.has_errors
    chunks = plan_chunks(manifest, sizes, submission, score=score)
    results = _Results()
    with closing(run_pieces(evaluate_chunk, chunks, jobs)) as done:
        results.add_all(observe("scoring" if score else "checking", sum(len(chunk.frames) for chunk in chunks), done))
    if submission.fingerprint() != fingerprint:
        raise RunStoppedError(CHANGED)
    check_masks(manifest, results.findings, collector)
    digest = results.digest(manifest) if score else sealed
    if sealed not in (None, digest):
        raise ReferenceDataError.single(
            "ground-truth",
            f"the ground truth has the digest {digest}, not {sealed}: it has changed since it was pinned",
            "restore it, or put the new digest into scoring.yaml and rescore every submission",
        )
    values = {} if collector.has_errors else matched_values(manifest, results.values)
    result = build_result(manifest, digest, submission, collector, values, detail)
    if advise is not None:
        problems = advise(submission, results.findings, collector.problems)
        result = replace(result, report=replace(result.report, problems=problems))
    if not own:
        return result
    are = "is a file" if len(own) == 1 else "are files"
    note = f"{counted(len(own), 'mask')} of the submission {are} of the ground truth itself"
    return replace(result, report=replace(result.report, notes=(*result.report.notes, note)))


def measure(
    manifest: Manifest, submission: Submission, jobs: int | None, observe: Observer, collector: ProblemCollector
) -> Mapping[str, Sequence[ObjectFrame]]:
    """The values of every object in every scored frame by video, for a submission whose names are in order.

    What its masks show goes to `collector`. Raises ReferenceDataError and RunStoppedError.
    """
    fingerprint = submission.watch()
    chunks = plan_chunks(manifest, find_sizes(manifest), submission, score=True)
    results = _Results()
    with closing(run_pieces(evaluate_chunk, chunks, jobs)) as done:
        results.add_all(observe("scoring", sum(len(chunk.frames) for chunk in chunks), done))
    if submission.fingerprint() != fingerprint:
        raise RunStoppedError(CHANGED)
    check_masks(manifest, results.findings, collector)
    return results.values


def matched_values(manifest: Manifest, values: Mapping[str, Sequence[ObjectFrame]]) -> Mapping[str, Sequence[ObjectFrame]]:
    """The values by video that count: those of the matched proposals where labels are proposals, else all."""
    if manifest.protocol.pairing is not Pairing.ASSIGNMENT:
        return values
    return {
        video.name: [
            value
            for found in match_proposals(video, values[video.name], manifest.protocol.assignment).values()
            for value in found
        ]
        for video in manifest.videos
    }


def build_result(
    manifest: Manifest,
    digest: str | None,
    submission: Submission,
    collector: ProblemCollector,
    values: Mapping[str, Sequence[ObjectFrame]],
    detail: Disclosure,
) -> RunResult:
    """The outcome for a submission whose every problem is in `collector`; `values`, by video, count where there is no error.

    `digest` is that of the ground truth, where it is known.

    No unrounded number of a public result leaves this function.
    """
    absent = () if collector.has_errors else absent_videos(manifest, values)
    report = replace(
        new_report(manifest),
        state=State.INVALID,
        signature=None if digest is None else signature(manifest, digest, __version__, absent),
        submission=submission.accepted,
        problems=collector.problems,
    )
    if collector.has_errors:
        return RunResult(report, None, submission)
    objects = object_scores(manifest, values)
    scores = publish(objects, manifest.protocol.summary, detail)
    return RunResult(
        replace(report, state=State.SCORED, scores=scores, notes=notes_on(manifest, scores)),
        FrameDetails(_frame_details(manifest, values)) if detail is Disclosure.FULL else None,
        submission,
        official_files(objects, manifest.protocol, manifest.set_name) if detail is Disclosure.FULL else {},
    )


def object_scores(manifest: Manifest, values: Mapping[str, Sequence[ObjectFrame]]) -> tuple[ObjectScore, ...]:
    """The scores of all objects that count in manifest order, from the values of every video; one without values is missing."""
    protocol = manifest.protocol
    left_out = absent_videos(manifest, values) if protocol.missing_videos is MissingVideos.LEFT_OUT else ()
    videos = [video for video in manifest.videos if video.name not in left_out]
    return tuple(score for video in videos for score in score_objects(video, values[video.name], protocol))


def absent_videos(manifest: Manifest, values: Mapping[str, Sequence[ObjectFrame]]) -> tuple[str, ...]:
    """The videos with scored frames that have no value: those that a submission does not have, where it may lack some."""
    return tuple(video.name for video in manifest.videos if video.scored and not values[video.name])


def notes_on(manifest: Manifest, scores: PublishedScores) -> tuple[str, ...]:
    """What a reader of the scores should know."""
    protocol, notes = manifest.protocol, list(manifest.warnings)
    left_out = [key for key in protocol.summary.keys if key not in scores.values and key not in scores.undefined]
    if left_out:
        notes.append(f"no object in a split: {', '.join(left_out)} are left out")
    if scores.undefined:
        nan = listed(score.label for score in scores.objects if len(score.values) < len(protocol.statistics))
        notes.append(f"the official tool gives nan for {nan}; left out: {', '.join(scores.undefined)}")
    return tuple(notes)


def _frame_details(
    manifest: Manifest, values: Mapping[str, Sequence[ObjectFrame]]
) -> dict[tuple[str, int], tuple[ObjectFrame, ...]]:
    details: dict[tuple[str, int], list[ObjectFrame]] = {
        (video.name, item.object_id): [] for video in manifest.videos for item in video.objects if item.scored.length
    }
    for video in manifest.videos:
        for value in sorted(values[video.name], key=lambda value: value.frame):
            details[video.name, value.object_id].append(value)
    starts = manifest.protocol.starts
    return {key: tuple(found[first_counted(found, starts) :]) for key, found in details.items() if found}


def check_submission(
    path: Path,
    manifest: Manifest,
    jobs: int | None,
    observe: Observer,
    *,
    limits: ArchiveLimits | None = None,
    strict: bool = False,
    advise: Advise | None = None,
) -> Report:
    """Everything that is wrong with a submission, from public data alone; its notes say what could not be checked."""
    collector = new_collector(manifest, strict=strict)
    submission = open_checked(path, manifest, limits or ArchiveLimits(), collector)
    sizes = known_sizes(manifest)
    findings = inspect_masks(manifest, sizes, submission, submission.source, jobs, observe)
    check_masks(manifest, findings, collector)
    problems = collector.problems
    unknown = [video for video, size in sizes.items() if size is None]
    notes = manifest.warnings
    if unknown:
        lack = "the reference has neither first-frame masks nor image_size for them"
        notes = (*notes, f"the mask sizes of {len(unknown)} of {len(sizes)} videos were not checked: {lack}")
    return replace(
        new_report(manifest),
        state=State.INVALID if collector.has_errors else State.CHECKED,
        submission=submission.accepted,
        problems=problems if advise is None else advise(submission, findings, problems),
        notes=notes,
    )


def inspect_masks(
    manifest: Manifest,
    sizes: Mapping[str, FrameSize | None],
    submission: Submission,
    source: PredictionSource,
    jobs: int | None,
    observe: Observer,
) -> Mapping[str, VideoFindings]:
    """What the masks of a submission show, by video, read from `source`. Raises RunStoppedError where they change meanwhile."""
    fingerprint = submission.watch()
    chunks = plan_chunks(manifest, sizes, submission, score=False, source=source)
    results = _Results()
    with closing(run_pieces(evaluate_chunk, chunks, jobs)) as done:
        results.add_all(observe("checking", sum(len(chunk.frames) for chunk in chunks), done))
    if submission.fingerprint() != fingerprint:
        raise RunStoppedError(CHANGED)
    return results.findings


def new_collector(manifest: Manifest, *, strict: bool) -> ProblemCollector:
    """Where the problems of a submission go.

    Labels of no object and missing videos are errors where the protocol says so, or if `strict`.
    """
    protocol = manifest.protocol
    may_lack_videos = protocol.missing_videos is not MissingVideos.REFUSED and not strict
    codes = submission_codes(strict=strict or protocol.refuses_other_labels, may_lack_videos=may_lack_videos)
    return ProblemCollector(codes, protocol.layout.digits)


def open_checked(path: Path, manifest: Manifest, limits: ArchiveLimits, collector: ProblemCollector) -> Submission:
    """Opens a submission and checks everything that its names tell. Raises UsageError if there is nothing to be read."""
    videos = manifest.unlisted.union(video.name for video in manifest.videos)
    submission = open_submission(path, videos, manifest.protocol.layout, limits, collector, manifest.prefixes)
    return check_names(manifest, submission, collector)


class _Results:
    """Gathers the results of chunks, which come in any order."""

    def __init__(self) -> None:
        self.values: defaultdict[str, list[ObjectFrame]] = defaultdict(list)
        self.findings: defaultdict[str, VideoFindings] = defaultdict(VideoFindings)
        self._digests: list[tuple[str, int, bytes]] = []
        self._faults: list[Problem] = []

    def add_all(self, results: Iterable[ChunkResult]) -> None:
        """Raises ReferenceDataError after the last one if any ground-truth mask could not be used."""
        for result in results:
            self.values[result.video] += result.values
            self.findings[result.video].merge(result.findings)
            self._digests += [(result.video, frame, digest) for frame, digest in result.digests]
            self._faults += result.reference_faults
        refuse_unusable(self._faults)

    def digest(self, manifest: Manifest) -> str:
        return combine_digests(manifest, self._digests)
