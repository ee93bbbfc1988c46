"""Scoring program of the LVOS video-object-segmentation challenges: the same from Python as from the command line.

    result = lvos_eval.score("submission.zip", "lvos_valid/")
    result.scores["Overall"]

Public are the names in `__all__`, `lvos_eval.metrics`, `lvos_eval.protocols` and `lvos_eval.diagnostics.errors`; all else may
change. A name is loaded when it is used.
"""

# of the package itself only: with `python -m lvos_eval` anything else would be looked for in the current folder first
from lvos_eval.version import __version__

# the name is what type checkers know; `typing` is not loaded for it
TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvos_eval import metrics, protocols
    from lvos_eval.api import (
        CheckResult,
        Evaluator,
        PackResult,
        Problem,
        ReferenceDataError,
        RunStoppedError,
        ScoringResult,
        SubmissionWriter,
        UsageError,
        check,
        compare,
        pack,
        score,
    )

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
    "__version__",
    "check",
    "compare",
    "metrics",
    "pack",
    "protocols",
    "score",
]


# a type checker would take any name for one of ours
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # what is imported here becomes an attribute of this module, which is not asked for a second time
        if name == "metrics":
            import lvos_eval.metrics

            return lvos_eval.metrics
        if name == "protocols":
            import lvos_eval.protocols

            return lvos_eval.protocols
        from lvos_eval import api

        value = globals()[name] = getattr(api, name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
