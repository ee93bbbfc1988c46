"""The detail page: one self-contained HTML file, rendered from a `Report` in any state.

The page is plain HTML that reads well without scripts; its script only sorts, filters and copies what is there, and reads
everything from the document: no data is embedded in another form. The content-security policy names the hashes of the page's
own style and script, so that nothing else can run even if some text were not escaped.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lvos_eval import charts
from lvos_eval.problems import Severity, frame_ranges
from lvos_eval.protocol import Protocol, Task, frame_name
from lvos_eval.report import FrameDetails, Report, State
from lvos_eval.sections import VideoSection, attribute_rows, problem_groups, video_sections
from lvos_eval.visibility import pooled_means
from lvos_eval.wording import printable

__all__ = ["REFRESH_SECONDS", "render_page"]

REFRESH_SECONDS: Final = 5
"""How often the page of a running job reloads itself, and how often the job replaces it."""

TITLES: Final = {
    State.CHECKING: "Checking",
    State.SCORING: "Scoring",
    State.SCORED: "Scored",
    State.INVALID: "Not valid",
    State.REFERENCE_FAULT: "Reference data at fault",
    State.CHECKED: "Valid",
    State.STOPPED: "Stopped",
}

RULES: Final = {
    Protocol.LVOS_V1: "every frame of an object's range counts",
    Protocol.LVOS_V2: "an object's first and last frame do not count",
}


ATTRIBUTES: Final = {
    "BC": "background clutter",
    "DEF": "deformation",
    "MB": "motion blur",
    "FM": "fast motion",
    "LR": "low resolution",
    "OCC": "occlusion",
    "OV": "out of view",
    "SV": "scale variation",
    "DB": "dynamic background",
    "SC": "shape complexity",
    "AC": "appearance change",
    "LRA": "long-term re-appearance",
    "CTC": "cross-temporal confusion",
}
"""The attributes of LVOS V2 videos."""


def render_page(report: Report, frames: FrameDetails | None = None) -> str:
    """The page for a report in any state. Everything in it that a participant can choose is escaped.

    `frames` is for public ground truth only; without it there is nothing per frame to render.
    """
    environment = _environment()
    style, script = _source("page.css"), _source("page.js")
    sections = video_sections(report.per_object, frames)
    return environment.get_template("page.html.j2").render(
        report=report,
        title=TITLES[report.state],
        running=report.state in (State.CHECKING, State.SCORING),
        refresh=REFRESH_SECONDS,
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        rule=_rule(report),
        sections=sections,
        anchors={section.name: section.anchor for section in sections},
        attributes=attribute_rows(report.per_object),
        groups=problem_groups(report.problems),
        errors=sum(problem.severity is Severity.ERROR for problem in report.problems),
        full=frames is not None,
        pooled=pooled_means(o.means for section in sections for o in section.objects),
        drawn=sum(len(o.pictures) for section in sections for o in section.objects),
        **_pictures(report, sections),
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lvos_eval"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        aligned=_aligned,
        breakable=_breakable,
        capitalize_first=_capitalize_first,
        count=_count,
        duration=_duration,
        frame_name=frame_name,
        frame_ranges=frame_ranges,
        name=_name,
        percent=_percent,
        shorten=charts.shorten,
    )
    environment.globals.update(bar=charts.bar, meanings=ATTRIBUTES)
    return environment


def _source(name: str) -> str:
    """The text of the style or the script, as it is: a `{{` in it means nothing."""
    environment = _environment()
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _hash(text: str) -> str:
    """The source expression by which a content-security policy allows exactly this inline text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _name(text: str) -> Markup:
    """A name that somebody else chose: control and direction marks made visible, its direction kept from leaking out."""
    return Markup("<bdi>{}</bdi>").format(printable(text))


def _breakable(signature: str) -> Markup:
    """A signature that may go to the next line between its pairs."""
    return Markup("|<wbr>").join(signature.split("|"))


def _percent(value: float, digits: int = 2) -> str:
    return f"{100 * value:.{digits}f}"


def _aligned(number: str) -> str:
    """As wide as `100.00`, so that the bars before a column of numbers start at one line."""
    return number.rjust(6, "\N{FIGURE SPACE}")


def _count(number: int, noun: str) -> str:
    """`1 video`, `66,056 frames`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _capitalize_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _duration(seconds: float) -> str:
    """`8 s`, `3 min`, `1 h 20 min`."""
    if seconds < 60:
        return f"{math.ceil(seconds)} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _rule(report: Report) -> str:
    """The frame rule in words, where the protocol decides about frames."""
    if report.task != Task.SEMI_SUPERVISED or report.protocol not in set(Protocol):
        return "every frame of an object's range counts" if report.task else ""
    return RULES[Protocol(report.protocol)]


def _pictures(report: Report, sections: Sequence[VideoSection]) -> dict[str, Markup]:
    """The charts of a scored report."""
    if report.scores is None:
        return {"gauge": Markup(), "distribution": Markup(), "scatter": Markup()}
    anchors = {section.name: section.anchor for section in sections}
    dots = [charts.Dot(f"{printable(o.video)}/{o.id}", o.j, o.f, o.unseen, anchors[o.video]) for o in report.per_object]
    splits = {name: [o.jf for o in report.per_object if o.unseen is (name == "unseen")] for name in ("seen", "unseen")}
    return {
        "gauge": charts.gauge(report.scores.values["Overall"], report.interval),
        "distribution": charts.distribution(splits),
        "scatter": charts.scatter(dots),
    }
