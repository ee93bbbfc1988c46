"""The bundle that CodaLab v1.5 reads: `competition.yaml` without a version, pages as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from competition.bundles.columns import Column
from competition.bundles.pages import RenderedPage
from competition.bundles.parts import Parts
from competition.bundles.zips import Members
from competition.settings import Competition, Phase, SubmissionRule

__all__ = ["codalab_members"]

_COLOURS: Final = ("green", "purple")
_OWN_PAGES: Final = ("overview", "evaluation", "terms", "data")
"""The site names these itself, and shows every other one under its key."""


def codalab_members(competition: Competition, pages: Mapping[str, RenderedPage], parts: Parts) -> Members:
    """All members of the bundle; `parts` are what both platforms get."""
    texts = {f"{stem}.html": page.html().encode() for stem, page in pages.items()}
    return {"competition.yaml": _configuration(competition, pages, parts).encode(), **texts, **parts.members}


def _configuration(competition: Competition, pages: Mapping[str, RenderedPage], parts: Parts) -> str:
    board = {"label": "RESULTS", "rank": 1}
    html = {stem: f"{stem}.html" for stem in _OWN_PAGES}
    html |= {page.title: f"{stem}.html" for stem, page in pages.items() if stem not in _OWN_PAGES}
    content: dict[str, Any] = {
        "title": competition.title,
        "description": competition.description,
        "image": parts.logo,
        "has_registration": competition.registrations == "moderated",
        "competition_docker_image": competition.image,
        "enable_detailed_results": True,
        "enable_per_submission_metadata": bool(competition.fact_sheet),
        "allow_public_submissions": competition.can_participants_make_submissions_public,
        "force_submission_to_leaderboard": competition.submission_rule in _EVERY,
        "end_date": competition.phases[-1].day_after,
        "html": html,
        "phases": {index: _phase(index, phase, competition, parts) for index, phase in enumerate(competition.phases, 1)},
        "leaderboard": {
            "leaderboards": {"RESULTS": board},
            # the same object again: YAML writes it as an anchor and its aliases
            "columns": {column.key: _column(board, rank, column) for rank, column in enumerate(parts.columns, 1)},
        },
    }
    if content["end_date"] is None:
        del content["end_date"]
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


_EVERY: Final = (SubmissionRule.FORCE_LAST, SubmissionRule.FORCE_LATEST_MULTIPLE)
"""Rules that put each new result on the board, which has one row a participant here."""


def _phase(number: int, phase: Phase, competition: Competition, parts: Parts) -> dict[str, Any]:
    return {
        "phasenumber": number,
        "label": phase.name,
        "description": phase.description,
        "start_date": phase.start.date(),
        "max_submissions": phase.max_submissions,
        "max_submissions_per_day": phase.max_submissions_per_day,
        "max_submission_size": competition.max_submission_size,
        "is_scoring_only": True,
        "execution_time_limit": phase.time_limit,
        "auto_migration": False,
        "force_best_submission_to_leaderboard": competition.submission_rule is SubmissionRule.FORCE_BEST,
        "scoring_program": parts.programs[phase.key],
        "reference_data": parts.references[phase.key],
        "starting_kit": parts.kit,
        "color": _COLOURS[(number - 1) % len(_COLOURS)],
    }


def _column(board: Mapping[str, Any], rank: int, column: Column) -> dict[str, Any]:
    sort = "asc" if column.lower_is_better else "desc"
    return {"leaderboard": board, "label": column.title, "rank": rank, "sort": sort, "numeric_format": 4}
