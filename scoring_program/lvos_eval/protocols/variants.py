"""The ways of counting that circulate for one data set: what differs between the numbers that papers give.

A way of counting is which frames of an object count, where its values begin, how objects are averaged, which videos are unseen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from lvos_eval.protocols import lvos, vos_benchmark
from lvos_eval.protocols.contract import EvaluationProtocol, PublishedList, Start
from lvos_eval.protocols.frames import FrameRule

__all__ = ["Counting", "NamedCounting", "changes", "named", "official"]


@dataclass(frozen=True, slots=True)
class Counting:
    """How the values of objects in frames become one number."""

    frames: FrameRule
    whole_video: bool = False
    """Whether `frames` counts the annotated frames of the video instead of those of the object's range."""
    starts: Start = Start.FIRST_SLOT
    plain: bool = False
    """Whether all objects weigh the same; else the groups of videos do."""
    unseen: PublishedList | None = None
    """The list of unseen videos; None: the one of the data."""
    subset: bool = False
    """Whether only the videos of a list that somebody gives count."""


@dataclass(frozen=True, slots=True)
class NamedCounting:
    """A way of counting under the name by which it is known."""

    name: str
    meaning: str
    counting: Counting
    alone: bool = False
    """Whether nothing but one thing is other than in the official way."""


_TOOLKITS: Final = {protocol.name: protocol for protocol in lvos.PROTOCOLS if protocol.names_objects}
"""By name, for the semi-supervised task."""

_SAV: Final = Counting(vos_benchmark.FRAME_RULE, whole_video=True, starts=Start.FIRST_PRESENCE, plain=True)


def official(protocol: EvaluationProtocol) -> NamedCounting:
    """What the protocol's own tool prints."""
    return NamedCounting(protocol.name, protocol.summary.title, Counting(protocol.frame_rule, starts=protocol.starts))


def changes(protocol: EvaluationProtocol, *, subset: bool) -> tuple[NamedCounting, ...]:
    """The official way with one thing changed at a time; `subset` says whether there is a list of videos."""
    own = official(protocol).counting
    found = [NamedCounting("mean", "all objects weigh the same", replace(own, plain=True))]
    for name, other in _TOOLKITS.items():
        if name != protocol.name:
            found.append(
                NamedCounting("frames", f"{other.frame_rule.description} ({name})", replace(own, frames=other.frame_rule))
            )
    found += [
        NamedCounting(
            "frames",
            "all annotated frames of the video but the first and the last",
            replace(own, frames=vos_benchmark.FRAME_RULE, whole_video=True),
        ),
        NamedCounting("start", Start.FIRST_PRESENCE.value, replace(own, starts=Start.FIRST_PRESENCE)),
    ]
    found += [NamedCounting("list", f"unseen videos of {other.title}", replace(own, unseen=other)) for other in _lists()]
    if subset:
        found.append(NamedCounting("videos", "those of the list", replace(own, subset=True)))
    return tuple(replace(change, alone=True) for change in found)


def named(protocol: EvaluationProtocol, *, subset: bool) -> tuple[NamedCounting, ...]:
    """The combinations that papers give a name to."""
    found = [
        NamedCounting(name, "as the toolkit of its age prints it", Counting(other.frame_rule, unseen=other.group_list))
        for name, other in _TOOLKITS.items()
        if name != protocol.name
    ]
    found.append(NamedCounting("vos-benchmark", "and SA-V's evaluator: the J&F of SAM2Long's table", _SAV))
    if subset:
        found.append(NamedCounting("vos-benchmark", "on the videos of the list", replace(_SAV, subset=True)))
    return tuple(found)


def _lists() -> list[PublishedList]:
    return [other.group_list for other in _TOOLKITS.values() if other.group_list is not None]
