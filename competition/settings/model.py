"""A competition as data, with the defaults of everything that an organiser need not say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from lvos_eval.protocols.contract import Task
from lvos_eval.submission.archive_checks import SIZE_LIMIT

__all__ = [
    "DEADLINE_MARGIN",
    "LARGEST_SUBMISSION",
    "PLACEHOLDER_DOMAIN",
    "PUBLIC_QUEUE",
    "TIME_FORMAT",
    "Competition",
    "Phase",
    "Question",
    "Queue",
    "Registrations",
    "Source",
    "SubmissionRule",
]

PLACEHOLDER_DOMAIN: Final = "lvos.example"
"""Stands for a name that only the organisers can know; the top-level domain is reserved, so nobody else can own it."""

TIME_FORMAT: Final = "%Y-%m-%d %H:%M:%S"
DEADLINE_MARGIN: Final = 60
"""Seconds by which the program stops before the platform would: a killed run says nothing to the participant."""

LARGEST_SUBMISSION: Final = SIZE_LIMIT // 1_000_000
"""Megabytes; platforms lose larger uploads silently."""


class Source(StrEnum):
    """Which of the two sets of reference data a phase is scored on."""

    REFERENCE = "reference"
    """The hidden one."""
    VALIDATION = "validation"
    """The public one; the hidden one where there is none."""


class Registrations(StrEnum):
    """Who may take part."""

    OPEN = "open"
    """Everybody with an account."""
    MODERATED = "moderated"
    """Whom an organiser approves."""


class SubmissionRule(StrEnum):
    """Which submissions of a participant are on the board, in Codabench's words."""

    ADD = "Add"
    ADD_AND_DELETE = "Add_And_Delete"
    ADD_AND_DELETE_MULTIPLE = "Add_And_Delete_Multiple"
    FORCE_LAST = "Force_Last"
    FORCE_LATEST_MULTIPLE = "Force_Latest_Multiple"
    FORCE_BEST = "Force_Best"


@dataclass(frozen=True, slots=True)
class Queue:
    """Who runs the submissions: `vhost` is the id of a queue of one's own on Codabench, None the site's default queue."""

    vhost: str | None
    time_limit: int
    """Seconds after which its workers end every run, whatever the phase says."""


PUBLIC_QUEUE: Final = Queue(None, 1200)
"""That of codabench.org."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question that a participant answers with each submission."""

    key: str
    title: str
    required: bool = False
    on_leaderboard: bool = True


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase; times are UTC, `time_limit` is the platform's in seconds."""

    key: str
    name: str
    description: str
    data: Source
    start: datetime
    end: datetime | None
    """None: it never ends."""
    max_submissions: int
    max_submissions_per_day: int
    time_limit: int
    protocol: str | None = None
    """None: what the data's scoring.yaml says, for the task too."""
    task: Task | None = None
    image_set: str | None = None
    """The list of videos, where a data set has several; None: the usual one."""
    masks: str | None = None
    """Where the masks lie on workers of one's own; None: they are in the bundle."""

    @property
    def own_deadline(self) -> int:
        """Seconds after which the scoring program stops by itself."""
        return self.time_limit - DEADLINE_MARGIN

    @property
    def day_after(self) -> date | None:
        """The first day that does not belong to the phase."""
        if self.end is None:
            return None
        return (self.end + timedelta(days=1)).date() if self.end.time() != time() else self.end.date()

    @property
    def submissions_each(self) -> int:
        """How many submissions a participant has in the whole phase, by both limits."""
        if self.day_after is None:
            return self.max_submissions
        return min(self.max_submissions, self.max_submissions_per_day * (self.day_after - self.start.date()).days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Competition:
    """Everything that both bundles are made from, apart from data, pages and program."""

    title: str
    description: str
    contact: str
    image: str
    check_image: str
    phases: tuple[Phase, ...]
    """In their order in time, at least one."""
    registrations: Registrations = Registrations.MODERATED
    queue: Queue = PUBLIC_QUEUE
    submission_rule: SubmissionRule = SubmissionRule.FORCE_BEST
    leaderboard: tuple[str, ...] = ()
    """The score keys that are columns; none: all of the protocol."""
    fact_sheet: tuple[Question, ...] = (
        Question("team", "Team", required=True),
        Question("method", "Method", required=True),
        Question("paper", "Paper or code (address)"),
    )
    max_submission_size: int = LARGEST_SUBMISSION
    """Megabytes."""
    show_detailed_results_in_leaderboard: bool = True
    hide_score_output: bool = False
    can_participants_make_submissions_public: bool = False

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names of the settings that only the organisers can fill in, and have not."""
        return tuple(name for name in ("contact", "image", "check_image") if PLACEHOLDER_DOMAIN in getattr(self, name))
