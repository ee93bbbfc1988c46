"""The pages for participants: Markdown templates whose facts come from the program, the settings and the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from traceback import extract_tb
from typing import Any, Final, TypeAlias

import markdown
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from competition.bundles.columns import Column
from competition.bundles.splits import Split
from competition.settings import Competition
from competition.settings.folder import Page
from lvos_eval import __version__
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.problems import SUBMISSION_CODES
from lvos_eval.metrics.definition import TOLERANCE_FRACTION, tolerance
from lvos_eval.protocols.contract import MAX_OBJECT_ID, PROPOSALS, VOID_LABEL, Task
from lvos_eval.protocols.lvos import SCORE_KEYS
from lvos_eval.scoring.signature import signature
from lvos_eval.submission.archive_checks import SIZE_LIMIT

__all__ = ["Facts", "RenderedPage", "facts_of", "fill", "html_page", "render_pages"]

_TASK_NAMES: Final = {
    Task.SEMI_SUPERVISED: "semi-supervised",
    Task.UNSUPERVISED_MULTIPLE: "unsupervised, several objects",
    Task.UNSUPERVISED_SINGLE: "unsupervised, one object",
}

Facts: TypeAlias = dict[str, Any]


def facts_of(competition: Competition, splits: Sequence[Split], columns: Sequence[Column]) -> Facts:
    """Everything that the pages name, from its one definition."""
    protocol = splits[-1].manifest.protocol
    longest = max(splits[0].manifest.videos, key=lambda video: len(video.annotated))
    longest_layout, frames = splits[0].manifest.layout(longest), sorted(longest.annotated)
    return {
        "title": competition.title,
        "description": competition.description,
        "contact": competition.contact,
        "check_image": competition.check_image,
        "moderated": competition.registrations == "moderated",
        "fact_sheet": competition.fact_sheet,
        "version": __version__,
        "splits": splits,
        "tasks": tuple(dict.fromkeys(str(split.manifest.rules.task) for split in splits)),
        "task_names": {str(task): name for task, name in _TASK_NAMES.items()},
        "max_proposals": len(PROPOSALS),
        "columns": columns,
        "protocol": protocol,
        "protocols": tuple(dict.fromkeys(split.manifest.protocol.name for split in splits)),
        "is_lvos": protocol.summary.keys == SCORE_KEYS,
        "frame_names": [longest_layout.name(frame) for frame in frames[:3]],
        "mask_name": f"{longest_layout.prefix}{{frame:0{longest_layout.digits}d}}.png",
        "frame_digits": " ".join(protocol.layout.digits_of("").split()),
        "video_name": longest.name,
        "tolerance_percent": f"{100 * TOLERANCE_FRACTION:g}",
        "tolerance_fraction": f"{TOLERANCE_FRACTION:g}",
        "tolerance_720p": tolerance(720, 1280),
        "void_label": VOID_LABEL,
        "max_object_id": MAX_OBJECT_ID,
        "size_limit_gb": f"{SIZE_LIMIT / 1e9:g}",
        "size_limit_mb": competition.max_submission_size,
        "problems": SUBMISSION_CODES,
        "signature": signature(splits[-1].manifest, splits[-1].check.digest or "", __version__),
    }


def fill(template: str, facts: Facts) -> str:
    """The text with its facts. Raises UsageError, which names the line, for a name that is no fact and for broken syntax."""
    # Markdown, not markup: the one place that becomes HTML is html_page
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, autoescape=False
    )
    try:
        return environment.from_string(template).render(facts)
    except TemplateError as error:
        lines = [entry.lineno for entry in extract_tb(error.__traceback__) if entry.filename == "<template>"]
        line = error.lineno if isinstance(error, TemplateSyntaxError) else lines[-1] if lines else None
        raise UsageError(f"line {line}: {error.message}. Known facts: {', '.join(sorted(facts))}") from None


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """A page with its facts: Markdown, or HTML that the organiser wrote."""

    stem: str
    title: str
    text: str
    is_markdown: bool

    @property
    def file(self) -> str:
        return f"{self.stem}.{'md' if self.is_markdown else 'html'}"

    def html(self) -> str:
        """A fragment for CodaLab, which puts it into its own page."""
        return html_page(self.text) if self.is_markdown else self.text


def render_pages(pages: Iterable[Page], facts: Facts, platform: str) -> dict[str, RenderedPage]:
    """Every page by its stem, in the order given, with the words of one platform. Raises UsageError that names the page."""
    rendered = {}
    for page in pages:
        text = page.text()
        if page.is_template:
            try:
                text = fill(text, facts | {"platform": platform})
            except UsageError as fault:
                raise UsageError(f"{page.path}, {fault}") from None
        if not text.strip():
            raise UsageError(f"{page.path} is empty, which the platforms refuse\nFix: write the page, or delete the file")
        rendered[page.stem] = RenderedPage(page.stem, page.title, text, page.is_template)
    return rendered


def html_page(text: str) -> str:
    """Markdown as an HTML fragment."""
    return markdown.markdown(text, extensions=["tables", "fenced_code"], output_format="html") + "\n"
