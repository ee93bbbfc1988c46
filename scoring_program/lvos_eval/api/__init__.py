"""What Python callers get: the work of the commands as functions, which touch nothing of their host."""

from lvos_eval.api.calls import check, compare, pack, score
from lvos_eval.api.evaluator import Evaluator
from lvos_eval.api.results import CheckResult, PackResult, ScoringResult
from lvos_eval.api.submission_writer import SubmissionWriter
from lvos_eval.diagnostics.errors import ReferenceDataError, RunStoppedError, UsageError
from lvos_eval.diagnostics.problems import Problem

__all__ = [
    "CheckResult",
    "Evaluator",
    "PackResult",
    "Problem",
    "ReferenceDataError",
    "RunStoppedError",
    "ScoringResult",
    "SubmissionWriter",
    "UsageError",
    "check",
    "compare",
    "pack",
    "score",
]
