"""The pages for participants: Markdown templates whose facts come from the program, the settings and the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import markdown
from jinja2 import Environment, StrictUndefined

from competition import ROOT
from competition.bundles.splits import Split
from competition.settings import Competition
from lvos_eval import __version__
from lvos_eval.diagnostics.problems import SUBMISSION_CODES
from lvos_eval.metrics.definition import TOLERANCE_FRACTION, tolerance
from lvos_eval.protocols.contract import MAX_OBJECT_ID, PROPOSALS, VOID_LABEL, Task
from lvos_eval.protocols.lvos import SCORE_KEYS
from lvos_eval.scoring.signature import signature
from lvos_eval.submission.archive_checks import SIZE_LIMIT

__all__ = ["COLUMN_TITLES", "PAGES", "Facts", "facts_of", "fill", "html_page", "markdown_pages"]

FOLDER: Final = ROOT / "competition" / "pages"

PAGES: Final = {
    "overview": "Overview",
    "data": "Data",
    "submission": "Submission",
    "evaluation": "Evaluation",
    "faq": "FAQ",
    "terms": "Terms",
}
"""Title by file stem, in the order in which a participant needs them."""

COLUMN_TITLES: Final = {
    "Overall": "J&F",
    "J-Mean": "J",
    "J-seen-Mean": "J seen",
    "J-unseen-Mean": "J unseen",
    "F-Mean": "F",
    "F-seen-Mean": "F seen",
    "F-unseen-Mean": "F unseen",
    "V-Mean": "V",
    "V-seen-Mean": "V seen",
    "V-unseen-Mean": "V unseen",
}
"""What the leaderboard calls the score keys."""

_TASK_NAMES: Final = {
    Task.SEMI_SUPERVISED: "semi-supervised",
    Task.UNSUPERVISED_MULTIPLE: "unsupervised, several objects",
    Task.UNSUPERVISED_SINGLE: "unsupervised, one object",
}

Facts: TypeAlias = dict[str, Any]


def facts_of(competition: Competition, splits: Sequence[Split]) -> Facts:
    """Everything that the pages name, from its one definition."""
    return {
        "title": competition.title,
        "description": competition.description,
        "contact": competition.contact,
        "check_image": competition.check_image,
        "approve_registrations": competition.approve_registrations,
        "version": __version__,
        "splits": splits,
        "tasks": tuple(dict.fromkeys(str(split.manifest.rules.task) for split in splits)),
        "task_names": {str(task): name for task, name in _TASK_NAMES.items()},
        "max_proposals": len(PROPOSALS),
        "columns": {key: COLUMN_TITLES[key] for key in competition.leaderboard},
        "score_keys": SCORE_KEYS,
        "tolerance_percent": f"{100 * TOLERANCE_FRACTION:g}",
        "tolerance_fraction": f"{TOLERANCE_FRACTION:g}",
        "tolerance_720p": tolerance(720, 1280),
        "void_label": VOID_LABEL,
        "max_object_id": MAX_OBJECT_ID,
        "size_limit_gb": f"{SIZE_LIMIT / 1e9:g}",
        "problems": SUBMISSION_CODES,
        "signature": signature(splits[-1].manifest, splits[-1].check.digest or "", __version__),
    }


def fill(template: str, facts: Facts) -> str:
    """The text with its facts; a name that is no fact is an error."""
    # Markdown, not markup: the one place that becomes HTML is html_page
    environment = Environment(  # noqa: S701
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return environment.from_string(template).render(facts)


def markdown_pages(facts: Facts) -> dict[str, str]:
    """Every page as Markdown, by file stem."""
    return {stem: fill((FOLDER / f"{stem}.md").read_text(encoding="utf-8"), facts) for stem in PAGES}


def html_page(text: str) -> str:
    """A page as an HTML fragment for CodaLab, which puts it into its own page."""
    return markdown.markdown(text, extensions=["tables", "fenced_code"], output_format="html") + "\n"
