"""The folder of one competition: its settings, its pages and its logo, as the organiser edits them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from competition import ROOT
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.formats.text_files import DocumentError, misnamed, read_text, rename

__all__ = ["REQUIRED_PAGES", "SETTINGS", "SHIPPED", "CompetitionFolder", "Page"]

SETTINGS: Final = "competition.yaml"
PAGES: Final = "pages"
LOGOS: Final = ("logo.png", "logo.jpg", "logo.jpeg")

REQUIRED_PAGES: Final = ("overview", "data", "evaluation", "terms")
"""Neither platform takes a competition without them."""

_ORDER: Final = ("overview", "data", "submission", "evaluation", "faq", "terms")
"""In which a participant needs the pages that are shipped; others follow."""
_TITLES: Final = {"faq": "FAQ"}


@dataclass(frozen=True, slots=True)
class Page:
    """One page for participants. A template is Markdown with facts to fill in, anything else is HTML and taken as it is."""

    stem: str
    path: Path

    @property
    def title(self) -> str:
        return _TITLES.get(self.stem, self.stem.replace("-", " ").replace("_", " ").capitalize())

    @property
    def is_template(self) -> bool:
        return self.path.suffix == ".md"

    def text(self) -> str:
        """What stands in the file. Raises UsageError for one that is not UTF-8 text."""
        try:
            return read_text(self.path)
        except DocumentError as fault:
            raise UsageError(f"{self.path} {fault}\nFix: {fault.fix}") from None


@dataclass(frozen=True, slots=True)
class CompetitionFolder:
    """Where the settings, the pages and the logo are. What a folder does not have at all is taken from the shipped one."""

    path: Path

    @property
    def settings(self) -> Path:
        """Raises UsageError if there are none."""
        path = self.path / SETTINGS
        if not path.is_file():
            found = misnamed(path)
            fix = rename(found, path) if found else f"write a new folder with one: make new-competition DIR={self.path}"
            raise UsageError(f"{self.path} has no {SETTINGS}\nFix: {fix}")
        return path

    @property
    def logo(self) -> Path:
        return next((path for name in LOGOS if (path := self.path / name).is_file()), SHIPPED.path / LOGOS[0])

    def pages(self) -> tuple[Page, ...]:
        """All pages in the order in which they are shown. Raises UsageError where one is missing or there twice."""
        folder = self.path / PAGES if (self.path / PAGES).is_dir() else SHIPPED.path / PAGES
        found: dict[str, Page] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix not in (".md", ".html") or path.name.startswith("."):
                continue
            if path.stem in found:
                raise UsageError(f"{folder} has {found[path.stem].path.name} and {path.name}: delete the one that is not meant")
            found[path.stem] = Page(path.stem, path)
        missing = [stem for stem in REQUIRED_PAGES if stem not in found]
        if missing:
            raise UsageError(
                f"{folder} has no {' and no '.join(f'{stem}.md' for stem in missing)}: "
                f"the platforms need {', '.join(REQUIRED_PAGES)}"
            )
        return tuple(sorted(found.values(), key=_place))


def _place(page: Page) -> tuple[int, str]:
    return (_ORDER.index(page.stem) if page.stem in _ORDER else len(_ORDER), page.stem)


SHIPPED: Final = CompetitionFolder(ROOT / "competition")
"""The folder that new ones are made from."""
