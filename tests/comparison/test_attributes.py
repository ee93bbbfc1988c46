"""Means by attribute over the objects that several results have in common."""

from __future__ import annotations

from lvos_eval.comparison.attributes import AttributeMeans, attribute_means
from lvos_eval.reporting.reading import Result
from lvos_eval.scoring.results import PublishedObject


def result(*objects: tuple[str, float, str]) -> Result:
    made = (PublishedObject(video, 1, "seen", tuple(names.split()), 9, {"J": jf, "F": jf}, jf) for video, jf, names in objects)
    return Result("r", "", {}, tuple(made), {})


def test_each_attribute_has_a_mean_for_each_result() -> None:
    one = result(("a", 0.5, "OCC FM"), ("b", 1.0, "OCC"), ("c", 0.0, ""))
    other = result(("a", 0.25, "OCC FM"), ("b", 0.75, "OCC"), ("c", 1.0, ""))
    assert attribute_means([one, other]) == (AttributeMeans("FM", 1, (0.5, 0.25)), AttributeMeans("OCC", 2, (0.75, 0.5)))


def test_what_a_result_lacks_or_calls_otherwise_does_not_count() -> None:
    one = result(("a", 0.5, "OCC"), ("b", 1.0, "OCC"), ("c", 1.0, "FM"))
    assert attribute_means([one, result(("a", 0.25, "OCC"), ("c", 1.0, "SV"))]) == (AttributeMeans("OCC", 1, (0.5, 0.25)),)
