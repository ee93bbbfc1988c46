"""How wrongly saved masks become ids again, as data: what `check` explains in words, `pack` does by the same values.

A problem without a way has to be solved by whoever made the masks. One with several ways waits for a person to choose, by an
option of `pack`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, TypeAlias

from lvos_eval.diagnostics.problems import Problem, Severity
from lvos_eval.diagnostics.text import printable, quoted
from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.masks.packed import FrameSize

__all__ = [
    "FILL_MISSING",
    "KEEP_LABELS",
    "OVERLAPS",
    "RESIZE",
    "SURE",
    "TRANSPOSE",
    "FromColours",
    "FromValues",
    "MaskChange",
    "Resized",
    "Restoration",
    "Restorations",
    "Transposed",
    "Way",
    "keep_root",
    "rename_by",
]

SURE: Final = ""
"""The option of a way that needs none: no other reading fits."""
KEEP_LABELS: Final = "--keep-labels"
RESIZE: Final = "--resize"
FILL_MISSING: Final = "--fill-missing"
TRANSPOSE: Final = ("--transpose swapped", "--transpose all")
"""Whether square masks, of which nobody can see it, are transposed like the others."""
OVERLAPS: Final = ("--overlap first", "--overlap last", "--overlap larger")
"""Which object a pixel of several belongs to: that of the lowest or of the highest id, or the one with more pixels."""


@dataclass(frozen=True, slots=True)
class FromValues:
    """The values of the first channel become ids, those without an id background; None: the values are the ids."""

    title: str
    ids: Mapping[int, int] | None


@dataclass(frozen=True, slots=True)
class FromColours:
    """RGB colours become ids, those without an id background."""

    title: str
    ids: Mapping[tuple[int, int, int], int]


@dataclass(frozen=True, slots=True)
class Resized:
    """A mask of the size `found` becomes one of the size of its video, each pixel as the nearest one."""

    title: str
    found: FrameSize


@dataclass(frozen=True, slots=True)
class Transposed:
    """Rows become columns, in a mask with the height and width of its video swapped."""

    title: str


MaskChange: TypeAlias = FromValues | FromColours | Resized | Transposed


class Way(NamedTuple):
    """One way back; without `change` the names that were read in this way are all that there is to it."""

    change: MaskChange | None = None
    kind: ImageKind | None = None
    """Of the masks that it is for; None: those with one label per pixel."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """What can be done about a problem: the ways by the option that chooses each."""

    problem: Problem
    videos: tuple[str, ...]
    ways: Mapping[str, Way]

    @property
    def alternatives(self) -> str:
        """The options of its ways: `A`, `A or B`, `A, B, ... or Z`."""
        options = [printable(option) for option in self.ways]
        shown = options if len(options) < 4 else [*options[:2], options[-1]]
        more = ", ..." if len(shown) < len(options) else ""
        return f"{', '.join(shown[:-1])}{more} or {shown[-1]}" if len(shown) > 1 else shown[0]

    @property
    def choice(self) -> str:
        """What to type, for whoever has to choose."""
        if len(self.ways) == 1:
            return f"save the masks again, or let pack do it: add {self.alternatives}."
        return f"add the one that is right: {self.alternatives}."

    def chosen(self, options: Collection[str]) -> list[Way]:
        """The ways that are chosen; one where it is known what to do."""
        return [way for option, way in self.ways.items() if option == SURE or option in options]


@dataclass(slots=True)
class Restorations:
    """Gathers what can be done while problems are reported."""

    found: list[Restoration] = field(default_factory=list)

    def add(self, problem: Problem, videos: Iterable[str], ways: Mapping[str, Way]) -> None:
        """The ways in which a problem can be solved; nothing is kept where there are none."""
        if ways:
            self.found.append(Restoration(problem, tuple(videos), ways))

    def hopeless(self, problems: Sequence[Problem]) -> list[Problem]:
        """The errors without a way."""
        known = {item.problem for item in self.found}
        return [problem for problem in problems if problem.severity is Severity.ERROR and problem not in known]

    def choices(self, options: Collection[str]) -> list[Restoration]:
        """What waits for somebody to choose a way."""
        return [item for item in self.found if len(item.chosen(options)) != 1]

    def open(self, problems: Sequence[Problem], options: Collection[str]) -> list[Problem]:
        """The problems that stand in the way: errors without a way, and those of which nobody has chosen one.

        The fix of those is the choice.
        """
        hopeless = set(self.hopeless(problems))
        choices = {item.problem: item.choice for item in self.choices(options)}
        return [
            replace(problem, fix=choices[problem]) if problem in choices else problem
            for problem in problems
            if problem in hopeless or problem in choices
        ]

    def changes(self, options: Collection[str]) -> dict[str, list[Way]]:
        """By video what is to be done to its masks."""
        changes: dict[str, list[Way]] = {}
        for item in self.found:
            for way in item.chosen(options):
                if way.change is not None:
                    for video in item.videos:
                        changes.setdefault(video, []).append(way)
        return changes


def rename_by(formula: str) -> str:
    """The option that chooses the rule by which the number `n` in a name becomes that of the frame."""
    return f'--rename "{formula}"'


def keep_root(root: str) -> str:
    """The option that chooses one of several folders with masks of the same videos."""
    return f"--root {quoted(root or '.')}"
