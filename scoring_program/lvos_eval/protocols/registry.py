"""The protocols by name: the one place that knows all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lvos_eval.protocols import davis, davis_unsupervised, long_videos, lvos, mose, sa_v, visor, vos_benchmark, vost
from lvos_eval.protocols.contract import EvaluationProtocol, Task

__all__ = ["DEFAULT", "NOT_PUBLIC", "UnknownProtocolError", "get", "names", "tasks", "usual_task"]

DEFAULT: Final = "lvos-v2"

_MODULES: Final = (lvos, davis, davis_unsupervised, vost, visor, long_videos, vos_benchmark, sa_v, mose)
_PROTOCOLS: Final[Mapping[tuple[str, Task], EvaluationProtocol]] = {
    (protocol.name, protocol.task): protocol for module in _MODULES for protocol in module.PROTOCOLS
}

NOT_PUBLIC: Final[Mapping[str, str]] = {
    "youtube-vos": "the server's program is not public, nor is the ground truth of its validation split",
    "mose-v1": "the server's program is not public, nor is the ground truth of its validation split",
    "mevis-v2": "the server's program is not public, so that what it makes of expressions without a target is not known",
}
"""Benchmarks that have no protocol here, and why."""


class UnknownProtocolError(ValueError):
    """There is no such protocol, or it has no such task."""


def names() -> tuple[str, ...]:
    """The names of the protocols, each once."""
    return tuple(dict.fromkeys(name for name, _ in _PROTOCOLS))


def tasks(name: str) -> tuple[Task, ...]:
    """The tasks of a protocol; () if there is no such protocol."""
    return tuple(task for known, task in _PROTOCOLS if known == name)


def usual_task(name: str) -> Task:
    """The task of a protocol where none is asked for: its only one, or the semi-supervised one."""
    found = tasks(name)
    return found[0] if len(found) == 1 else Task.SEMI_SUPERVISED


def get(name: str, task: str = Task.SEMI_SUPERVISED) -> EvaluationProtocol:
    """The protocol of a name and task. Raises UnknownProtocolError, which says what there is.

    >>> get("lvos-v2").frame_rule.description
    "an object's first and last frame do not count"
    """
    found = _PROTOCOLS.get((name, task))  # type: ignore[arg-type]
    if found is not None:
        return found
    if name not in names():
        raise UnknownProtocolError(f"there is no protocol {name!r}; use one of: {', '.join(names())}")
    raise UnknownProtocolError(f"{name} has no task '{task}'; it has: {', '.join(tasks(name))}")
