"""J&F of several results over the objects of each attribute, from the published values of the objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from lvos_eval.reporting.reading import Result

__all__ = ["AttributeMeans", "attribute_means"]


@dataclass(frozen=True, slots=True)
class AttributeMeans:
    """One attribute: J&F of each result as the mean over the `objects` that all of them have of it."""

    name: str
    objects: int
    means: tuple[float, ...]

    @property
    def best(self) -> float:
        return max(self.means)


def attribute_means(results: Sequence[Result]) -> tuple[AttributeMeans, ...]:
    """For each attribute in the order of its name; objects that a result lacks, or says another attribute of, do not count."""
    by_object = [{(item.video, item.object_id): item for item in result.objects} for result in results]
    common = [key for key in by_object[0] if all(key in found for found in by_object)]
    names = sorted({name for key in common for name in by_object[0][key].attributes})
    found = []
    for name in names:
        members = [key for key in common if all(name in of_result[key].attributes for of_result in by_object)]
        if members:
            means = tuple(fmean(of_result[key].jf for key in members) for of_result in by_object)
            found.append(AttributeMeans(name, len(members), means))
    return tuple(found)
