"""What is wrong with masks in the same way in several videos, as one problem that lists them.

Videos share a problem only where one fix is right for all of them: its text is the same, and no value that one of them holds
would become another object by what the others need.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import counted, these_videos
from lvos_eval.submission.restoration import Restorations, Way

__all__ = ["Cause", "Causes", "Values", "Where", "alike", "plain"]

_NO_IDS: Final[Mapping[Any, int]] = {}


@dataclass(frozen=True, slots=True)
class Values:
    """The labels, greys or colours of masks, and what they stand for."""

    seen: frozenset[Any] = frozenset()
    ids: Mapping[Any, int] = field(default_factory=lambda: _NO_IDS)
    """The id of values that stand for a declared object, seen or not."""
    undeclared: Mapping[Any, int] = field(default_factory=lambda: _NO_IDS)
    """The id of seen values that stand for an object that is not declared."""

    def meaning(self, value: object) -> int:
        """The id that a value stands for, 0 for none."""
        return self.ids.get(value, self.undeclared.get(value, 0))

    def agrees(self, other: Values) -> bool:
        """Whether no value stands for different objects."""
        shared = (self.seen | self.ids.keys()) & (other.seen | other.ids.keys())
        return all(self.meaning(value) == other.meaning(value) for value in shared)

    def united(self, other: Values) -> Values:
        """Both together, in the order of the ids."""
        ids = dict(sorted({**self.ids, **other.ids}.items(), key=lambda pair: (pair[1], pair[0])))
        undeclared = {
            value: object_id for value, object_id in {**self.undeclared, **other.undeclared}.items() if value not in ids
        }
        return Values(self.seen | other.seen, ids, undeclared)

    @property
    def listing(self) -> str:
        """The seen values of declared objects, as `38 is object 1, 75 is object 2`."""
        return ", ".join(f"{value} is object {object_id}" for value, object_id in self.ids.items() if value in self.seen)


class Where(StrEnum):
    """The videos whose masks a fix is for; as a text it is what follows upon `every mask`."""

    VIDEO = " of the video"
    ALL_VIDEOS = ""
    THESE_VIDEOS = " in these videos"

    @classmethod
    def of(cls, videos: Collection[str], *, everywhere: bool) -> Where:
        return cls.VIDEO if len(videos) == 1 else cls.ALL_VIDEOS if everywhere else cls.THESE_VIDEOS


@dataclass(frozen=True, slots=True)
class Cause:
    """Why masks cannot be used, and what to do about it, as texts that depend on the values of the masks.

    `message` is given the values and whether they are those of several videos; `fix` the values and where the masks are.
    """

    code: str
    message: Callable[[Values, bool], str]
    fix: Callable[[Values, Where], str]
    values: Values = field(default_factory=Values)
    ways: Callable[[Values], Mapping[str, Way]] = lambda _: {}
    """What can be done about it, by the option that chooses it."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Equal for causes of which the texts differ at most in values."""
        return self.code, self.message(Values(), True), self.fix(Values(), Where.ALL_VIDEOS)


def plain(code: str, message: str, fix: str) -> Cause:
    """A cause that is said in the same words whatever the masks hold."""
    return Cause(code, lambda _, __: message, lambda _, __: fix)


def alike(values: Mapping[str, Values]) -> list[tuple[list[str], Values]]:
    """The videos of which the values can be turned into ids in one way, together with all their values."""
    groups: list[tuple[list[str], Values]] = []
    for video in sorted(values):
        for place, (members, united) in enumerate(groups):
            if united.agrees(values[video]):
                groups[place] = ([*members, video], united.united(values[video]))
                break
        else:
            groups.append(([video], values[video]))
    return groups


class Causes:
    """Gathers what is wrong with the masks of videos, and reports each cause once."""

    def __init__(self, videos: Collection[str]) -> None:
        self._videos = frozenset(videos)
        self._found: dict[tuple[str, str, str], dict[str, tuple[Cause, Sequence[int]]]] = defaultdict(dict)
        self._among: dict[tuple[str, str, str], frozenset[str]] = {}

    def add(self, cause: Cause, video: str, frames: Sequence[int], among: Collection[str] | None = None) -> None:
        """A cause of a video; `among` are the videos that have masks such as the fix is for, all unless said otherwise."""
        others = self._found[cause.key].get(video, (cause, ()))[1]
        self._found[cause.key][video] = (cause, [*others, *frames])
        self._among[cause.key] = self._videos if among is None else frozenset(among)

    def report(self, collector: ProblemCollector, restorations: Restorations) -> None:
        """Reports each cause, in the videos that can share its fix together."""
        for key, found in self._found.items():
            for videos, values in alike({video: cause.values for video, (cause, _) in found.items()}):
                cause, frames = found[videos[0]]
                if len(videos) == 1:
                    message, fix = cause.message(cause.values, False), cause.fix(cause.values, Where.VIDEO)
                    problem = collector.add(cause.code, message, fix, video=videos[0], frames=frames)
                    restorations.add(problem, videos, cause.ways(cause.values))
                    continue
                everywhere = self._among[key] <= set(videos)
                number = sum(len(found[video][1]) for video in videos)
                problem = collector.add(
                    cause.code,
                    f"{counted(number, 'mask')} of {these_videos(videos, everywhere)}: {cause.message(values, True)}",
                    cause.fix(values, Where.of(videos, everywhere=everywhere)),
                )
                restorations.add(problem, videos, cause.ways(values))
