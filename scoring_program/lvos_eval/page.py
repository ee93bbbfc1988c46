"""The detail page: one self-contained HTML file, rendered from a `Report`."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from lvos_eval.problems import frame_ranges
from lvos_eval.report import FrameDetails, Report

__all__ = ["render_page"]

REFRESH_SECONDS = 5
"""How often the page of a running job reloads itself, and how often the job replaces it."""


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("lvos_eval"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["frame_ranges"] = frame_ranges
    return environment.get_template("page.html.j2")


def render_page(report: Report, frames: FrameDetails | None = None) -> str:
    """The page for a report in any state. Everything in it that a participant can choose is escaped."""
    return _template().render(report=report, frames=frames, refresh=REFRESH_SECONDS)
