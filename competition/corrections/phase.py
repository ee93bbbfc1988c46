"""A phase of a competition and its submissions, as the site tells of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["FORCE_BEST", "Limits", "PhaseInfo", "SubmissionInfo", "read_submission"]

FINISHED: Final = "Finished"
CANCELLED: Final = "Cancelled"
DONE: Final = frozenset({FINISHED, CANCELLED, "Failed"})
FORCE_BEST: Final = "Force_Best"
_MOMENT: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}):([0-9]{2})")
"""Versions differ in how they write the time of a submission."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many submissions a participant may have in a phase; None: as many as they like."""

    day: int | None
    person: int | None


@dataclass(frozen=True, slots=True)
class PhaseInfo:
    """A phase: the numbers of its tasks, its limits, and which submissions its leaderboard shows."""

    id: int
    name: str
    tasks: tuple[int, ...]
    limits: Limits
    rules: frozenset[str]
    """The submission rules of the competition's leaderboards, in the site's words; nearly always one."""


@dataclass(frozen=True, slots=True)
class SubmissionInfo:
    """One submission or re-run; scores by the key of their column."""

    id: int
    owner: str
    filename: str
    created: str
    """`2027-04-12 10-33`, or empty if the site does not say it."""
    status: str
    on_board: bool
    scores: Mapping[str, float]

    @property
    def is_done(self) -> bool:
        return self.status in DONE

    @property
    def is_cancelled(self) -> bool:
        return self.status == CANCELLED

    @property
    def counts(self) -> bool:
        """Whether it uses up one of the participant's submissions."""
        return self.status != "Failed"

    @property
    def is_scored(self) -> bool:
        return self.status == FINISHED and bool(self.scores)


def read_submission(entry: Mapping[str, Any]) -> SubmissionInfo:
    """An entry of the list of submissions. Raises LookupError, TypeError or ValueError for an entry that is not one."""
    scores = {str(score["column_key"]): float(score["score"]) for score in entry["scores"]}
    moment = _MOMENT.match(str(entry["created_when"]))
    return SubmissionInfo(
        int(entry["id"]),
        str(entry["owner"]),
        str(entry["filename"]),
        f"{moment[1]} {moment[2]}-{moment[3]}" if moment else "",
        str(entry["status"]),
        bool(entry.get("on_leaderboard")),
        scores,
    )
