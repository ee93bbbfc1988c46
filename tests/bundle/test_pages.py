"""The pages say what the program does, and nothing else."""

from __future__ import annotations

import re
import zipfile
from html.parser import HTMLParser

import pytest

from built import Built
from competition.bundles.columns import column_title
from competition.bundles.pages import fill, html_page
from competition.checks.bundle import Platform
from competition.settings import SHIPPED
from lvos_eval import __version__, protocols
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.problems import SUBMISSION_CODES
from lvos_eval.metrics.definition import TOLERANCE_FRACTION, tolerance
from lvos_eval.protocols.lvos import SCORE_KEYS

PAGES = [page.stem for page in SHIPPED.pages()]


@pytest.fixture(scope="module")
def pages(built: Built) -> dict[str, str]:
    with zipfile.ZipFile(built.path(Platform.CODABENCH)) as archive:
        return {stem: archive.read(f"pages/{stem}.md").decode() for stem in PAGES}


def test_every_score_key_of_every_protocol_has_a_title_that_fits_the_leaderboard() -> None:
    assert [column_title(key) for key in SCORE_KEYS[:4]] == ["J&F", "J", "J seen", "J unseen"]
    for name in protocols.names():
        for task in protocols.tasks(name):
            titles = [column_title(key) for key in protocols.get(name, task).summary.keys]
            assert len(set(titles)) == len(titles)
            assert all(0 < len(title) <= 36 for title in titles)


def test_the_evaluation_page_names_every_column_and_which_way_it_counts(pages: dict[str, str]) -> None:
    for key in SCORE_KEYS:
        way = "lower is better" if key.startswith("V") else "higher is better"
        assert f"| {column_title(key)} | `{key}` | {way} |" in pages["evaluation"]


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
    # four annotated frames in each of three videos, of which lvos-v2 scores the two in the middle
    assert "| Development | 3 | 1 | 5 | 2 | 12 | 6 |" in pages["data"]
    assert "| Final | 3 | 1 | 5 | 2 | 12 | 6 |" in pages["data"]


def test_the_data_page_links_the_data_set_and_its_papers_with_bibtex(pages: dict[str, str]) -> None:
    for needed in ("https://lingyihongfd.github.io/lvos.github.io/", "arxiv.org/abs/2211.10181", "arxiv.org/abs/2404.19326"):
        assert needed in pages["data"]
    assert pages["data"].count("@inproceedings{") == pages["data"].count("@article{") == 1


def test_a_fact_that_nobody_gives_is_an_error_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"^line 2: 'tolerence' is undefined. Known facts: radius, tolerance$"):
        fill("{{ tolerance }}\n{{ tolerence }}", {"tolerance": 12, "radius": 3})


def test_broken_syntax_is_an_error_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"^line 3: "):
        fill("a\nb\n{% if %}", {})


def test_where_to_look_is_told_by_the_names_that_each_platform_shows(built: Built, pages: dict[str, str]) -> None:
    with zipfile.ZipFile(built.path(Platform.CODALAB)) as archive:
        codalab = archive.read("faq.html").decode()
    assert "*VISUALIZATION*" in pages["faq"]
    assert "*LOGS*, *Scoring Logs*, *stderr*" in pages["faq"]
    assert "View detailed results" not in pages["faq"]
    assert "<em>View detailed results</em>" in codalab
    assert "VISUALIZATION" not in codalab


def test_failed_runs_cost_no_attempt_on_either_platform(built: Built) -> None:
    for platform, name in ((Platform.CODABENCH, "pages/faq.md"), (Platform.CODALAB, "faq.html")):
        with zipfile.ZipFile(built.path(platform)) as archive:
            assert "Failed runs are not counted." in archive.read(name).decode()


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
        for stem in ("data", "evaluation", "terms"):
            assert archive.read(f"{stem}.html").decode() == html_page(pages[stem])
        assert {f"{stem}.html" for stem in PAGES} <= set(archive.namelist())
