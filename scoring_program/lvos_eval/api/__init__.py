"""What Python callers get: the work of the commands as functions, which touch nothing of their host."""

from lvos_eval.api.calls import check, compare, score
from lvos_eval.api.evaluator import Evaluator
from lvos_eval.api.results import CheckResult, ScoringResult
from lvos_eval.diagnostics.errors import ReferenceDataError, RunStoppedError, UsageError
from lvos_eval.diagnostics.problems import Problem

__all__ = [
    "CheckResult",
    "Evaluator",
    "Problem",
    "ReferenceDataError",
    "RunStoppedError",
    "ScoringResult",
    "UsageError",
    "check",
    "compare",
    "score",
]
