"""Scoring, checking and comparing: one call each, with the numbers of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lvos_eval.api.arguments import StrPath, choice, flag, job_count, path, reference_choice
from lvos_eval.api.results import CheckResult, PackResult, ScoringResult, scoring_result
from lvos_eval.comparison.leaderboards import BoardComparison
from lvos_eval.comparison.outputs import compare_outputs
from lvos_eval.comparison.results import ResultComparison, compare_results
from lvos_eval.execution.workload import unobserved
from lvos_eval.reference.choice import ReferenceChoice
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import ArchiveLimits, Disclosure
from lvos_eval.reporting.reading import Result, read_result
from lvos_eval.scoring.run import check_submission, score_submission
from lvos_eval.workflows.pack_advice import PackAdvice, PackCommand
from lvos_eval.workflows.pack_options import OVERLAP_CHOICES, TRANSPOSE_CHOICES, WHITE_CHOICES, PackOptions
from lvos_eval.workflows.pack_round import Packing
from lvos_eval.workflows.packing import pack_masks

__all__ = ["check", "compare", "pack", "score"]


def score(
    submission: StrPath,
    reference: StrPath,
    *,
    protocol: str | None = None,
    task: str | None = None,
    image_set: str | None = None,
    detail: str | None = None,
    strict: bool = False,
    jobs: int | None = 1,
) -> ScoringResult:
    """Checks and scores a folder or zip of masks against reference data with ground truth: `lvos-eval score`.

    >>> result = score("reference_data_stub/sample_submission.zip", "reference_data_stub/reference")
    >>> result.valid, f"{result.scores['Overall']:.4f}"
    (True, '0.7457')

    `protocol`, one of `lvos_eval.protocols.names()`, and `task` override the scoring.yaml of the reference. `image_set` is the
    list of videos, where a data set has several. `detail` is `full`, with every digit, or `public`, rounded as on a leaderboard
    for hidden masks; None stands for what scoring.yaml says, else `full`. With `strict`, labels that are not declared objects are
    errors. `jobs` worker processes do the work; 1 needs none, None stands for the cores that may be used. A `time_limit` in
    scoring.yaml is for runs on a platform and does not count here.

    An invalid submission is a result: `valid` is False and `scores` is empty. Nothing is printed or written, and nothing of the
    calling process is changed. Raises ReferenceDataError where the reference is wrong, UsageError where there is no submission,
    RunStoppedError where a worker is lost or memory runs out, ValueError and TypeError for arguments.
    """
    chosen = reference_choice(reference, protocol, task, image_set)
    detail, strict, jobs = choice("detail", Disclosure, detail), flag("strict", strict), job_count(jobs)
    submission = path("submission", submission)
    settings = chosen.settings()
    manifest = load_manifest(chosen.path, settings.rules)
    shown = detail or settings.disclosure or Disclosure.FULL
    limits = settings.limits.archive
    advise = _advice(submission, chosen, manifest, limits, strict=strict, jobs=jobs)
    pinned = settings.ground_truth
    result = score_submission(
        submission, manifest, pinned, jobs, unobserved, detail=shown, limits=limits, strict=strict, advise=advise
    )
    return scoring_result(result.report, shown)


def check(
    submission: StrPath,
    reference: StrPath,
    *,
    protocol: str | None = None,
    task: str | None = None,
    image_set: str | None = None,
    strict: bool = False,
    jobs: int | None = 1,
) -> CheckResult:
    """Every problem of a submission, from the public metadata alone: `lvos-eval check`.

    >>> check("reference_data_stub/sample_submission.zip", "reference_data_stub/reference/valid_meta.json").valid
    True

    `reference` is the metadata file or the folder that holds it. Arguments and exceptions are those of `score`.
    """
    chosen = reference_choice(reference, protocol, task, image_set)
    strict, jobs = flag("strict", strict), job_count(jobs)
    submission = path("submission", submission)
    settings = chosen.settings()
    manifest = load_manifest(chosen.path, settings.rules, splits=False)
    limits = settings.limits.archive
    advise = _advice(submission, chosen, manifest, limits, strict=strict, jobs=jobs)
    report = check_submission(submission, manifest, jobs, unobserved, limits=limits, strict=strict, advise=advise)
    return CheckResult(problems=report.problems, notes=report.notes)


def _advice(
    submission: Path, reference: ReferenceChoice, manifest: Manifest, limits: ArchiveLimits, *, strict: bool, jobs: int | None
) -> PackAdvice:
    """What says in fixes how `lvos-eval pack` is typed for this submission."""
    packing = Packing(manifest, frozenset(), (), limits, strict, jobs, unobserved)
    return PackAdvice(submission, PackCommand.here(submission, reference, strict=strict), packing, foreign=False)


def pack(
    masks: StrPath,
    reference: StrPath,
    output: StrPath,
    *,
    protocol: str | None = None,
    task: str | None = None,
    image_set: str | None = None,
    resize: bool = False,
    fill_missing: bool = False,
    keep_labels: bool = False,
    overlap: str | None = None,
    transpose: str | None = None,
    white: str | None = None,
    root: str | None = None,
    rename: Sequence[str] = (),
    strict: bool = False,
    dry_run: bool = False,
    jobs: int | None = 1,
) -> PackResult:
    """Writes the zip that the server takes, out of what a tracker wrote: `lvos-eval pack`.

    >>> result = pack("reference_data_stub/sample_submission.zip", "reference_data_stub/reference", "x.zip", dry_run=True)
    >>> result.valid, result.masks > 0
    (True, True)

    `masks` is a folder or zip of PNG, `.npy` or `.npz`; names, wrappers and encodings are put right where one reading fits. Where
    several do nothing is written, `valid` is False, and the problems name the argument that chooses, as an option: `--overlap
    first` is `overlap="first"`. The other arguments and the exceptions are those of `score`; RunStoppedError also where the zip
    cannot be written.
    """
    chosen = reference_choice(reference, protocol, task, image_set)
    options = PackOptions(
        resize=flag("resize", resize),
        fill_missing=flag("fill_missing", fill_missing),
        keep_labels=flag("keep_labels", keep_labels),
        overlap=choice("overlap", OVERLAP_CHOICES, overlap),
        transpose=choice("transpose", TRANSPOSE_CHOICES, transpose),
        white=choice("white", WHITE_CHOICES, white),
        root=root,
        rename=tuple(rename),
    )
    source, target = path("masks", masks), path("output", output)
    strict, dry_run, jobs = flag("strict", strict), flag("dry_run", dry_run), job_count(jobs)
    settings = chosen.settings()
    manifest = load_manifest(chosen.path, settings.rules, splits=False)
    limits = settings.limits.archive
    report = pack_masks(source, manifest, target, options, jobs, unobserved, limits=limits, strict=strict, dry_run=dry_run)
    return PackResult(
        problems=report.problems,
        notes=manifest.warnings,
        output=report.output,
        steps=report.steps,
        masks=report.masks,
        bytes_read=report.bytes_read,
        bytes_written=report.bytes_written,
    )


def compare(old: StrPath | ScoringResult, new: StrPath | ScoringResult) -> ResultComparison | BoardComparison:
    """The differences between two results or two leaderboards, the largest first: `lvos-eval compare`.

    >>> result = score("reference_data_stub/sample_submission.zip", "reference_data_stub/reference")
    >>> compare(result, result).same
    True

    Each is a result, or the path of a results folder, a scoring_details.json, an output folder of `rescore` or a
    leaderboard.json. `same` of what is returned says whether every number is the same, `content()` is all of it as JSON would
    have it. Raises UsageError for what cannot be read or does not go together, ValueError for a result without scores.
    """
    if isinstance(old, ScoringResult) or isinstance(new, ScoringResult):
        return compare_results(_stored("old", old), _stored("new", new))
    return compare_outputs(path("old", old), path("new", new))


def _stored(name: str, given: StrPath | ScoringResult) -> Result:
    """A result as it would be read back from its files."""
    if not isinstance(given, ScoringResult):
        return read_result(path(name, given))
    if not given.scores:
        raise ValueError(f"{name} has no scores: the submission is not valid")
    videos = {video.name: video.jf for video in given.videos}
    shares = {key: value / given.perfect for key, value in given.scores.items()}
    return Result(name, given.signature or "", shares, given.objects, videos, given.detail)
