"""Pages of an old competition, without what neither platform may load: scripts, frames, pictures from elsewhere."""

from __future__ import annotations

import html
from collections import Counter
from html.parser import HTMLParser
from typing import Final

__all__ = ["clean_page"]

_DROPPED: Final = frozenset(
    {"script", "iframe", "object", "embed", "link", "meta", "base", "form", "video", "audio", "source", "svg"}
)
_WITH_CONTENT: Final = frozenset({"script", "iframe", "object", "style", "title", "video", "audio", "svg", "form"})
"""Of these the content goes too."""
_SHELL: Final = frozenset({"html", "head", "body"})
_VOID: Final = frozenset({"br", "hr", "img", "link", "meta", "base", "input", "source", "embed", "col", "wbr"})


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.dropped: Counter[str] = Counter()
        self._inside = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED or tag in ("style", "title"):
            if tag not in ("title", "meta"):
                self.dropped[tag] += 1
            self._inside += tag in _WITH_CONTENT
        elif not self._inside and tag == "img":
            self._picture(dict(attrs))
        elif not self._inside and tag not in _SHELL:
            self.parts.append(f"<{tag}{''.join(self._attribute(name, value or '') for name, value in attrs)}>")

    def _picture(self, attributes: dict[str, str | None]) -> None:
        """A link in the place of a picture: the platforms' pages load nothing."""
        self.dropped["img"] += 1
        address, words = attributes.get("src") or "", attributes.get("alt") or "picture"
        if address.startswith(("http://", "https://")):
            self.parts.append(f'<a href="{html.escape(address)}">[{html.escape(words)}]</a>')

    def _attribute(self, name: str, value: str) -> str:
        harmful = name.startswith("on") or name in ("src", "srcset", "style", "background")
        if harmful or value.strip().lower().startswith(("javascript:", "data:", "vbscript:")):
            return ""
        return f' {name}="{html.escape(value)}"'

    def handle_endtag(self, tag: str) -> None:
        if tag in _WITH_CONTENT:
            self._inside = max(self._inside - 1, 0)
        elif not self._inside and tag not in (*_SHELL, *_VOID, *_DROPPED):
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.parts.append(html.escape(data, quote=False))


def clean_page(text: str) -> tuple[str, Counter[str]]:
    """The page as a fragment that loads nothing, and how many elements of each kind it has lost."""
    cleaner = _Cleaner()
    cleaner.feed(text)
    cleaner.close()
    return "".join(cleaner.parts).strip() + "\n", cleaner.dropped
