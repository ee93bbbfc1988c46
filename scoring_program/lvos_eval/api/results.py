"""What a call returns, as data that can be kept, compared and pickled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lvos_eval.diagnostics.problems import Problem, Severity
from lvos_eval.reference.settings import Disclosure
from lvos_eval.scoring.results import PublishedObject, PublishedVideo, Report

__all__ = ["CheckResult", "PackResult", "ScoringResult", "scoring_result"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What is wrong with a submission."""

    problems: tuple[Problem, ...] = field(repr=False)
    """Every problem, errors first; warnings do not make a submission invalid."""
    notes: tuple[str, ...]
    """What a reader should know: oddities of the reference, what could not be checked, splits without objects."""

    @property
    def valid(self) -> bool:
        """Whether no problem is an error."""
        return not any(problem.severity is Severity.ERROR for problem in self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackResult(CheckResult):
    """What was packed; where `valid` is False nothing was, and the problems are what stands in the way."""

    output: Path
    steps: Mapping[str, int]
    """What was done, and to how many masks or files."""
    masks: int
    bytes_read: int
    """Of the files that the masks were made of."""
    bytes_written: int
    """0 where nothing was packed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringResult(CheckResult):
    """The scores of a submission, or, where it is not valid, none and its problems."""

    scores: Mapping[str, float]
    """By the keys of the protocol in their order, in its unit; empty where the submission is not valid."""
    objects: tuple[PublishedObject, ...] = field(repr=False)
    """The means of each object over its frames, in the order of the reference."""
    videos: tuple[PublishedVideo, ...] = field(repr=False)
    """Means over the objects of each video."""
    signature: str | None
    """Equal signatures mean comparable scores. None for an `Evaluator` without a reference, whose scores are nobody else's."""
    detail: Disclosure
    """`full`, or `public` where every number is rounded as on a leaderboard for hidden masks."""
    perfect: float = 1.0
    """What the scores are at best: 1, or 100 where the official tool gives percent. Values of objects are from 0 to 1."""

    def to_frame(self) -> Any:
        """The objects as a pandas DataFrame, one a row. Raises ImportError where pandas is not installed."""
        try:
            import pandas
        except ImportError as error:
            raise ImportError("ScoringResult.to_frame needs pandas: pip install pandas") from error
        return pandas.DataFrame([_row(item) for item in self.objects])


def _row(score: PublishedObject) -> dict[str, Any]:
    return {
        "video": score.video,
        "object_id": score.object_id,
        "group": score.group,
        "attributes": score.attributes,
        "frames": score.frames,
        **score.measures,
        "proposal": score.proposal,
    }


def scoring_result(report: Report, detail: Disclosure) -> ScoringResult:
    """The result that a report tells."""
    scores = report.scores
    return ScoringResult(
        problems=report.problems,
        notes=report.notes,
        scores=dict(scores.values) if scores else {},
        objects=scores.objects if scores else (),
        videos=scores.videos if scores else (),
        signature=report.signature,
        detail=detail,
        perfect=scores.perfect if scores else 1.0,
    )
