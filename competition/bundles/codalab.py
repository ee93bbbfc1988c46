"""The bundle that CodaLab v1.5 reads: `competition.yaml` without a version, pages as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from competition.bundles.pages import COLUMN_TITLES, PAGES, html_page
from competition.bundles.zips import Members
from competition.settings import Competition, Phase

__all__ = ["codalab_members"]

_COLOURS: Final = ("green", "purple")
_REQUIRED_PAGES: Final = ("overview", "evaluation", "terms", "data")


def codalab_members(competition: Competition, pages: Mapping[str, str], files: Members) -> Members:
    """All members of the bundle; `files` are the parts that both platforms get, by name."""
    texts = {f"{stem}.html": html_page(text).encode() for stem, text in pages.items()}
    return {"competition.yaml": _configuration(competition).encode(), **texts, **files}


def _configuration(competition: Competition) -> str:
    board = {"label": "RESULTS", "rank": 1}
    # the site names its own four pages and shows every other one under its key
    html = {stem: f"{stem}.html" for stem in _REQUIRED_PAGES}
    html |= {title: f"{stem}.html" for stem, title in PAGES.items() if stem not in _REQUIRED_PAGES}
    content: dict[str, Any] = {
        "title": competition.title,
        "description": competition.description,
        "image": "logo.png",
        "has_registration": competition.approve_registrations,
        "competition_docker_image": competition.image,
        "enable_detailed_results": True,
        "force_submission_to_leaderboard": False,
        "end_date": competition.phases[-1].day_after,
        "html": html,
        "phases": {index: _phase(index, phase) for index, phase in enumerate(competition.phases, 1)},
        "leaderboard": {
            "leaderboards": {"RESULTS": board},
            # the same object again: YAML writes it as an anchor and its aliases
            "columns": {key: _column(board, rank, key) for rank, key in enumerate(competition.leaderboard, 1)},
        },
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _phase(number: int, phase: Phase) -> dict[str, Any]:
    return {
        "phasenumber": number,
        "label": phase.name,
        "description": phase.description,
        "start_date": phase.start.date(),
        "max_submissions": phase.max_submissions,
        "max_submissions_per_day": phase.max_submissions_per_day,
        "is_scoring_only": True,
        "execution_time_limit": phase.time_limit,
        "auto_migration": False,
        "scoring_program": "scoring_program.zip",
        "reference_data": f"reference_{phase.key}.zip",
        "starting_kit": "starting_kit.zip",
        "color": _COLOURS[(number - 1) % len(_COLOURS)],
    }


def _column(board: Mapping[str, Any], rank: int, key: str) -> dict[str, Any]:
    sort = "asc" if key.startswith("V") else "desc"
    return {"leaderboard": board, "label": COLUMN_TITLES[key], "rank": rank, "sort": sort, "numeric_format": 4}
