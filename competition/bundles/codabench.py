"""The bundle that Codabench reads: `competition.yaml` of version 2, Markdown pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from competition.bundles.columns import Column
from competition.bundles.pages import RenderedPage
from competition.bundles.parts import Parts
from competition.bundles.zips import Members
from competition.settings import TIME_FORMAT, Competition, Phase, Question
from lvos_eval import __version__

__all__ = ["codabench_members"]


def codabench_members(competition: Competition, pages: Mapping[str, RenderedPage], parts: Parts) -> Members:
    """All members of the bundle; `parts` are what both platforms get."""
    texts = {f"pages/{page.file}": page.text.encode() for page in pages.values()}
    return {"competition.yaml": _configuration(competition, pages, parts).encode(), **texts, **parts.members}


def _configuration(competition: Competition, pages: Mapping[str, RenderedPage], parts: Parts) -> str:
    content: dict[str, Any] = {
        "version": 2,
        "title": competition.title,
        "description": competition.description,
        "image": parts.logo,
        "terms": f"pages/{pages['terms'].file}",
        "docker_image": competition.image,
        "contact_email": competition.contact,
        "registration_auto_approve": competition.registrations == "open",
        "enable_detailed_results": True,
        "show_detailed_results_in_leaderboard": competition.show_detailed_results_in_leaderboard,
        "can_participants_make_submissions_public": competition.can_participants_make_submissions_public,
        "auto_run_submissions": True,
        "pages": [{"title": page.title, "file": f"pages/{page.file}"} for stem, page in pages.items() if stem != "terms"],
        "tasks": [_task(index, phase, parts) for index, phase in enumerate(competition.phases)],
        "solutions": [],
        "phases": [_phase(index, phase, competition, parts) for index, phase in enumerate(competition.phases)],
        "leaderboards": [
            {
                "title": "Results",
                "key": "main",
                "submission_rule": str(competition.submission_rule),
                "columns": [_column(index, column) for index, column in enumerate(parts.columns)],
            }
        ],
    }
    if competition.queue.vhost is not None:
        content["queue"] = competition.queue.vhost
    if competition.fact_sheet:
        content["fact_sheet"] = {question.key: _question(question) for question in competition.fact_sheet}
    # strings that look like times come out quoted, which is what keeps their time of day
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _question(question: Question) -> dict[str, str]:
    """The site compares the switches with texts."""
    switches = {"is_required": question.required, "is_on_leaderboard": question.on_leaderboard}
    asked = {"key": question.key, "type": "text", "title": question.title, "selection": ""}
    return asked | {name: str(value).lower() for name, value in switches.items()}


def _task(index: int, phase: Phase, parts: Parts) -> dict[str, Any]:
    return {
        "index": index,
        # what tells one task, and one version of it, from another under Resources
        "name": f"{phase.name} (lvos-eval {__version__})",
        "description": phase.description,
        "scoring_program": parts.programs[phase.key],
        "reference_data": parts.references[phase.key],
    }


def _phase(index: int, phase: Phase, competition: Competition, parts: Parts) -> dict[str, Any]:
    end = {} if phase.end is None else {"end": phase.end.strftime(TIME_FORMAT)}
    return {
        "index": index,
        "name": phase.name,
        "description": phase.description,
        "start": phase.start.strftime(TIME_FORMAT),
        **end,
        "max_submissions": phase.max_submissions,
        "max_submissions_per_day": phase.max_submissions_per_day,
        "execution_time_limit": phase.time_limit,
        "hide_score_output": competition.hide_score_output,
        "auto_migrate_to_this_phase": False,
        "starting_kit": parts.kit,
        "tasks": [index],
    }


def _column(index: int, column: Column) -> dict[str, Any]:
    sorting = "asc" if column.lower_is_better else "desc"
    return {"title": column.title, "key": column.key, "index": index, "sorting": sorting, "precision": 4}
