"""J, F and V of arrays.

    from lvos_eval import metrics

    metrics.region_similarity(ground_truth, prediction)
    metrics.contour_accuracy(ground_truth, prediction)
    metrics.score_label_maps(ground_truth_labels, predicted_labels)

Public are the names in `__all__`; `metrics.definition` has each formula with its source. A name is loaded when it is used.
"""

# the name is what type checkers know; `typing` is not loaded for it
TYPE_CHECKING = False
if TYPE_CHECKING:
    from lvos_eval.metrics.arrays import (
        FrameScore,
        contour_accuracy,
        region_similarity,
        score_label_maps,
        temporal_stability,
        tolerance,
    )

__all__ = ["FrameScore", "contour_accuracy", "region_similarity", "score_label_maps", "temporal_stability", "tolerance"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lvos_eval.metrics import arrays

    value = globals()[name] = getattr(arrays, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
