"""Turning data into one self-contained HTML file in the look that all our pages share.

A page is plain HTML that reads well without scripts; its script only sorts, filters and copies what is there, and reads
everything from the document. The content-security policy names the hashes of the page's own style and script, so that nothing
else can run even if some text were not escaped.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lvos_eval.diagnostics.text import duration, printable
from lvos_eval.reporting import charts
from lvos_eval.reporting.compiled_templates import CompiledTemplates
from lvos_eval.scoring.results import Interval

__all__ = ["confidence_interval", "environment", "points", "render"]


def render(template: str, **content: Any) -> str:
    """The page that a template makes of some content. Everything in it that a participant can choose is escaped."""
    style, script = _source("page.css"), _source("page.js")
    return (
        environment()
        .get_template(template)
        .render(style=style, script=script, style_hash=_hash(style), script_hash=_hash(script), **content)
    )


@lru_cache(maxsize=1)
def environment() -> Environment:
    """What all templates are rendered in."""
    found = Environment(
        loader=PackageLoader("lvos_eval.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=CompiledTemplates(),
    )
    found.filters.update(
        aligned=_aligned,
        breakable=_breakable,
        capitalize_first=_capitalize_first,
        count=_count,
        duration=duration,
        name=_name,
        percent=_percent,
        interval=confidence_interval,
        points=points,
        printable=printable,
        shorten=charts.shorten,
    )
    found.globals.update(bar=charts.bar)
    return found


def _source(name: str) -> str:
    """The text of the style or the script, as it is: a `{{` in it means nothing."""
    found = environment()
    assert found.loader is not None
    return found.loader.get_source(found, name)[0]


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


def confidence_interval(interval: Interval, digits: int = 2) -> str:
    """An interval in percent: `95 % CI [73.61, 78.64]`."""
    low, high = (_percent(value, digits) for value in (interval.low, interval.high))
    return f"{100 * interval.level:.0f} % CI [{low}, {high}]"


def points(difference: float) -> str:
    """A difference of scores in percentage points, as `+1.25`; one too small for two decimals as `-3e-12`, never as zero."""
    value = 100 * difference
    return f"{value:+.2f}" if not value or abs(value) >= 0.005 else f"{value:+.0e}"


def _aligned(number: str) -> str:
    """As wide as `100.00`, so that the bars before a column of numbers start at one line."""
    return number.rjust(6, "\N{FIGURE SPACE}")


def _count(number: int, noun: str) -> str:
    """`1 video`, `66,056 frames`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _capitalize_first(text: str) -> str:
    return text[:1].upper() + text[1:]
