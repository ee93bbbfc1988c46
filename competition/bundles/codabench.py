"""The bundle that Codabench reads: `competition.yaml` of version 2, Markdown pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from competition.bundles.pages import COLUMN_TITLES, PAGES
from competition.bundles.zips import Members
from competition.settings import TIME_FORMAT, Competition, Phase

__all__ = ["codabench_members"]


def codabench_members(competition: Competition, pages: Mapping[str, str], files: Members) -> Members:
    """All members of the bundle; `files` are the parts that both platforms get, by name."""
    texts = {f"pages/{stem}.md": text.encode() for stem, text in pages.items()}
    return {"competition.yaml": _configuration(competition).encode(), **texts, **files}


def _configuration(competition: Competition) -> str:
    content: dict[str, Any] = {
        "version": 2,
        "title": competition.title,
        "description": competition.description,
        "image": "logo.png",
        "terms": "pages/terms.md",
        "docker_image": competition.image,
        "contact_email": competition.contact,
        "registration_auto_approve": not competition.approve_registrations,
        "enable_detailed_results": True,
        "auto_run_submissions": True,
        "pages": [{"title": title, "file": f"pages/{stem}.md"} for stem, title in PAGES.items() if stem != "terms"],
        "tasks": [_task(index, phase) for index, phase in enumerate(competition.phases)],
        "solutions": [],
        "phases": [_phase(index, phase) for index, phase in enumerate(competition.phases)],
        "leaderboards": [
            {
                "title": "Results",
                "key": "main",
                "submission_rule": "Force_Best",
                "columns": [_column(index, key) for index, key in enumerate(competition.leaderboard)],
            }
        ],
    }
    # strings that look like times come out quoted, which is what keeps their time of day
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _task(index: int, phase: Phase) -> dict[str, Any]:
    return {
        "index": index,
        "name": phase.name,
        "description": phase.description,
        "scoring_program": "scoring_program.zip",
        "reference_data": f"reference_{phase.key}.zip",
    }


def _phase(index: int, phase: Phase) -> dict[str, Any]:
    return {
        "index": index,
        "name": phase.name,
        "description": phase.description,
        "start": phase.start.strftime(TIME_FORMAT),
        "end": phase.end.strftime(TIME_FORMAT),
        "max_submissions": phase.max_submissions,
        "max_submissions_per_day": phase.max_submissions_per_day,
        "execution_time_limit": phase.time_limit,
        "auto_migrate_to_this_phase": False,
        "starting_kit": "starting_kit.zip",
        "tasks": [index],
    }


def _column(index: int, key: str) -> dict[str, Any]:
    sorting = "asc" if key.startswith("V") else "desc"
    return {"title": COLUMN_TITLES[key], "key": key, "index": index, "sorting": sorting, "precision": 4}
