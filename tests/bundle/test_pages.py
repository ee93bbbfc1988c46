"""The pages say what the program does, and nothing else."""

from __future__ import annotations

import re
import zipfile
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from built import Built
from competition.bundles.pages import COLUMN_TITLES, PAGES, fill, html_page
from competition.checks.bundle import Platform
from lvos_eval import __version__
from lvos_eval.diagnostics.problems import SUBMISSION_CODES
from lvos_eval.metrics.definition import TOLERANCE_FRACTION, tolerance
from lvos_eval.protocols.lvos import SCORE_KEYS


@pytest.fixture(scope="module")
def pages(built: Built) -> dict[str, str]:
    with zipfile.ZipFile(built.path(Platform.CODABENCH)) as archive:
        return {stem: archive.read(f"pages/{stem}.md").decode() for stem in PAGES}


def test_every_score_key_has_a_title_that_fits_the_leaderboard() -> None:
    assert tuple(COLUMN_TITLES) == SCORE_KEYS
    assert len(set(COLUMN_TITLES.values())) == len(SCORE_KEYS)


def test_the_evaluation_page_names_every_column_and_which_way_it_counts(pages: dict[str, str]) -> None:
    for key in SCORE_KEYS:
        way = "lower is better" if key.startswith("V") else "higher is better"
        assert f"| {COLUMN_TITLES[key]} | `{key}` | {way} |" in pages["evaluation"]


def test_the_evaluation_page_gives_the_tolerance_of_the_program(pages: dict[str, str]) -> None:
    assert f"⌈{TOLERANCE_FRACTION} · √(height² + width²)⌉" in pages["evaluation"]
    assert f"{tolerance(720, 1280)} pixels at 1280x720" in pages["evaluation"]


def test_the_evaluation_page_shows_a_signature_of_this_version(pages: dict[str, str]) -> None:
    assert re.search(
        rf"^protocol:lvos-v2\|.*\|gt:[0-9a-f]+\|.*version:{re.escape(__version__)}$", pages["evaluation"], re.MULTILINE
    )


def test_the_submission_page_explains_every_problem(pages: dict[str, str]) -> None:
    for code, (severity, text) in SUBMISSION_CODES.items():
        assert f"| `{code}` | {severity} | {text} |" in pages["submission"]


def test_every_code_that_the_faq_answers_exists(pages: dict[str, str]) -> None:
    assert set(re.findall(r"`([a-z]+-[a-z-]+)`", pages["faq"])) <= set(SUBMISSION_CODES)


def test_the_terms_name_both_licences(pages: dict[str, str]) -> None:
    assert "CC BY 4.0" in pages["terms"]
    assert "non-commercial research" in pages["terms"]


def test_the_pages_count_what_the_data_holds(pages: dict[str, str]) -> None:
    assert "| Development | 3 | 1 | 5 | 2 | 6 |" in pages["data"]
    assert "| Final | 3 | 1 | 5 | 2 | 6 |" in pages["data"]


def test_a_fact_that_nobody_gives_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="tolerence"):
        fill("{{ tolerence }}", {"tolerance": 12})


class _Tags(HTMLParser):
    """Checks that tags are closed in the order in which they were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("stem", PAGES)
def test_pages_become_sound_html(pages: dict[str, str], stem: str) -> None:
    tags = _Tags()
    tags.feed(html_page(pages[stem]))
    tags.close()
    assert tags.open == []
    assert "h1" in tags.seen
    assert "table" in tags.seen or "|---" not in pages[stem]
    assert "{{" not in pages[stem]
    assert "{%" not in pages[stem]


def test_codalab_gets_the_same_pages_as_html(built: Built, pages: dict[str, str]) -> None:
    with zipfile.ZipFile(built.path(Platform.CODALAB)) as archive:
        assert {stem: archive.read(f"{stem}.html").decode() for stem in PAGES} == {s: html_page(t) for s, t in pages.items()}
