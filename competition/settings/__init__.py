"""What an organiser chooses: the folder that it lies in, `competition.yaml` read once and checked, and what comes of it."""

from competition.settings.folder import SHIPPED, CompetitionFolder
from competition.settings.loading import load_competition
from competition.settings.model import (
    DEADLINE_MARGIN,
    PLACEHOLDER_DOMAIN,
    PUBLIC_QUEUE,
    TIME_FORMAT,
    Competition,
    Phase,
    Question,
    Queue,
    Registrations,
    Source,
    SubmissionRule,
)

__all__ = [
    "DEADLINE_MARGIN",
    "PLACEHOLDER_DOMAIN",
    "PUBLIC_QUEUE",
    "SHIPPED",
    "TIME_FORMAT",
    "Competition",
    "CompetitionFolder",
    "Phase",
    "Question",
    "Queue",
    "Registrations",
    "Source",
    "SubmissionRule",
    "load_competition",
]
