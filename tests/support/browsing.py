"""What the tests in a browser talk about: a page that is being shown, and the four ways to show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Page

PAGE: Final = "detailed_results.html"
PLACES: Final = ("disk", "http", "disk in a sandboxed frame", "http in a sandboxed frame")
"""Opened after a local run, plain as on Codabench, or in CodaLab's frame."""


@dataclass
class Shown:
    """A page that is being shown, and everything that happened on the way."""

    page: Page
    frame: Frame
    """The frame that holds our page: the page itself, or the one inside the host."""
    folder: Path
    noise: list[str] = field(default_factory=list)
    """Console messages, script errors and failed requests."""
    served: list[str] = field(default_factory=list)
    """Paths that the test's http server was asked for."""
    requests: list[str] = field(default_factory=list)
    """Addresses that were asked for, the page and its host aside."""


Show = Callable[..., Shown]
