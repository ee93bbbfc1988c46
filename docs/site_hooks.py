"""What `mkdocs.yml` adds to a build: links out of `docs/` lead to the repository, and no page asks for anything from outside."""

from __future__ import annotations

import html.parser
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

__all__ = ["from_outside", "on_page_markdown", "on_post_build", "with_repository_links"]

ROOT: Final = Path(__file__).parents[1]
_LOADED: Final = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("link", "href")}
"""Attributes that a browser loads by itself; a link that a person follows may lead anywhere."""


def with_repository_links(markdown: str) -> str:
    """The text of a page, whose links to files outside of `docs/` lead to the repository."""
    repository = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
    return re.sub(r"(\]\()\.\./", rf"\1{repository}/blob/main/", markdown)


def from_outside(page: str) -> Iterator[str]:
    """What a browser that shows the page would load from another server."""
    parser = _Loads()
    parser.feed(page)
    yield from parser.found
    yield from re.findall(r"(?:@import\s+|url\()['\"]?((?:https?:)?//[^'\")\s]+)", page)


class _Loads(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        relations = dict(attrs).get("rel") or ""
        for name, value in attrs:
            # a canonical address is read by search engines only
            if (tag, name) in _LOADED and relations != "canonical" and re.match(r"(https?:)?//", value or ""):
                self.found.append(value or "")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by mkdocs for each page."""
    return with_repository_links(markdown)


def on_post_build(config: Any, **_: Any) -> None:
    """Called by mkdocs when all is written. Raises SystemExit where a page or a style loads something from outside."""
    site = Path(config["site_dir"])
    pages = (path for path in sorted(site.rglob("*")) if path.suffix in {".html", ".css"})
    found = [f"{path.relative_to(site)}: {url}" for path in pages for url in from_outside(path.read_text(encoding="utf-8"))]
    if found:
        raise SystemExit("the site loads from outside:\n" + "\n".join(found))
