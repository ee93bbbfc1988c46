"""The page as text: what it says in each state, what it never holds."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from statistics import fmean

import pytest

from lvos_eval import protocols
from lvos_eval.diagnostics.problems import Problem, Severity
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.page import KINDS, TITLES, render_page
from lvos_eval.scoring.publication import publish
from lvos_eval.scoring.results import ObjectScore, PublishedObject, Report, State
from sample_reports import HOSTILE, frame_details, gallery, hostile, invalid, running, scored

NAMING = {"aria-label", "alt", "id", "data-name", "data-to"}
"""Attributes that hold names as text."""
VOID = {"meta", "link", "br", "input", "img", "wbr"}


class Reader(HTMLParser):
    """Checks that elements are closed in order, and keeps elements and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("script", "style"):
            self.text += data

    def policy(self) -> str:
        (policy,) = [a["content"] for _, a in self.elements if a.get("http-equiv") == "Content-Security-Policy"]
        assert policy is not None
        return policy


def report(state: State) -> Report:
    if state is State.SCORED:
        return scored()
    if state is State.INVALID:
        return invalid()
    if state is State.SCORING:
        return running()
    return Report(state, "1.2.3", "lvos-v2", "semi-supervised", notes=("the reason",))


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_well_formed_page_that_says_so(state: State) -> None:
    reader = Reader(render_page(report(state)))
    assert TITLES[state] in reader.text
    assert sum(tag == "h1" for tag, _ in reader.elements) == 1


@pytest.mark.parametrize("state", State)
def test_only_running_pages_renew_themselves(state: State) -> None:
    html = render_page(report(state))
    assert ('http-equiv="refresh"' in html) == (state in (State.CHECKING, State.SCORING))


def test_progress_says_videos_done_and_time_left() -> None:
    text = " ".join(Reader(render_page(running())).text.split())
    assert "58 of 160 videos done, about 2 min left" in text


@pytest.mark.parametrize("html", [render_page(scored()), render_page(hostile(), *frame_details(hostile()))])
def test_the_policy_allows_the_pages_own_style_and_script_and_nothing_else(html: str) -> None:
    policy = dict(part.strip().split(" ", 1) for part in Reader(html).policy().split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "data:"
    for directive, tag in (("script-src", "script"), ("style-src", "style")):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"


@pytest.mark.parametrize(
    "html", [render_page(scored()), render_page(hostile(), *frame_details(hostile())), render_page(invalid())]
)
def test_a_page_refers_to_nothing_outside_itself(html: str) -> None:
    for tag, attributes in Reader(html).elements:
        assert "style" not in attributes
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "action", "srcset", "data", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:")), (tag, name)
        assert tag not in ("iframe", "object", "embed", "base")


def test_every_link_in_the_page_leads_somewhere_in_it() -> None:
    elements = Reader(render_page(scored(), *frame_details(scored()))).elements
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    targets = {(a["href"] or "")[1:] for tag, a in elements if tag == "a"} | {a["data-to"] for _, a in elements if "data-to" in a}
    assert targets <= set(ids)


def test_hostile_names_stay_text() -> None:
    reader = Reader(render_page(hostile(), *frame_details(hostile())))
    assert sum(tag == "script" for tag, _ in reader.elements) == 1
    assert not any(
        "harmed" in (value or "")
        for _, attributes in reader.elements
        for name, value in attributes.items()
        if name not in NAMING and not (name == "href" and (value or "").startswith("#"))
    )
    for name in HOSTILE[:6]:
        assert name in reader.text


def test_direction_marks_are_made_visible() -> None:
    html = render_page(hostile())
    assert "\u202e" not in html
    assert "photo\\u202egnp.exe" in html


def test_numbers_are_those_of_the_report() -> None:
    report = scored()
    assert report.scores is not None
    text = Reader(render_page(report)).text
    for value in report.scores.values.values():
        assert f"{100 * value:.2f}" in text
    for score in report.scores.objects:
        assert f"{100 * score.jf:.2f}" in text
    interval = report.scores.interval
    assert interval is not None
    assert f"95 % CI [{100 * interval.low:.2f}, {100 * interval.high:.2f}]" in text
    assert f"seed {interval.seed}" in text


def test_a_public_page_shows_no_digit_that_was_rounded_away() -> None:
    report = scored(detail=Disclosure.PUBLIC)
    assert report.scores is not None
    html = render_page(report)
    for score in report.scores.objects:
        mean = 100 * score.values["J"]
        assert f'<td class="n">{mean:.1f}</td>' in html
    assert f"{100 * report.scores.values['Overall']:.2f}" in html
    assert "hold six decimals" in html


def test_a_split_without_objects_is_shown_as_a_dash() -> None:
    report = scored()
    assert report.scores is not None
    seen = {key: value for key, value in report.scores.values.items() if "unseen" not in key}
    html = render_page(replace(report, scores=replace(report.scores, values=seen)))
    assert html.count('aria-label="no object"') == 3


def test_public_reports_have_no_field_for_values_of_frames() -> None:
    assert not any("ObjectFrame" in str(field.type) or "Picture" in str(field.type) for field in fields(Report))
    assert not any("ObjectFrame" in str(field.type) for field in fields(PublishedObject))


def test_a_public_page_has_neither_timelines_nor_pictures() -> None:
    reader = Reader(render_page(scored()))
    classes = {attributes.get("class") for _, attributes in reader.elements}
    assert "timeline" not in classes
    assert not any(tag == "img" for tag, _ in reader.elements)
    assert "re-appear" not in reader.text.replace("long-term re-appearance", "")
    assert "J&F over time" not in reader.text


def test_a_full_page_has_a_timeline_for_every_object_and_the_pictures() -> None:
    report = scored()
    assert report.scores is not None
    frames, pictures = frame_details(report)
    shown = gallery(report)
    elements = Reader(render_page(report, frames, pictures, shown)).elements
    assert sum(a.get("class") == "timeline" for _, a in elements) == len(report.scores.objects)
    assert sum(tag == "img" for tag, _ in elements) == sum(map(len, pictures.values())) + len(shown) > len(shown) > 0


def test_every_object_of_a_full_page_has_a_heat_strip_and_a_place_of_its_own() -> None:
    report = scored()
    assert report.scores is not None
    elements = Reader(render_page(report, *frame_details(report))).elements
    strips = [a for tag, a in elements if tag == "svg" and a.get("class") == "heat" and "aria-hidden" not in a]
    assert len(strips) == len(report.scores.objects)
    ids = {attributes.get("id") for _, attributes in elements}
    assert ids >= {f"{item.video}/{item.object_id}" for item in report.scores.objects}


def test_videos_come_worst_first_and_closed() -> None:
    report = scored(40, 80)
    assert report.scores is not None
    rows = [a for tag, a in Reader(render_page(report)).elements if tag == "details" and a.get("class") == "video"]
    assert [row["data-name"] for row in rows] == [
        video.name for video in sorted(report.scores.videos, key=lambda video: (video.jf, video.name))
    ]
    assert not any("open" in row for row in rows)


def test_what_is_usual_is_folded_and_what_is_wrong_is_not() -> None:
    problem = Problem("extra-file", Severity.WARNING, None, (), "one", "two")
    html = render_page(replace(scored(), problems=(problem,), notes=("a note",)))
    assert "<summary>1 note</summary>" in html
    assert "<summary>1 warning: nothing in them changes the scores</summary>" in html
    assert "<details" not in render_page(invalid())


def test_the_gallery_says_what_is_wrong_and_leads_from_one_picture_to_the_next() -> None:
    report = scored()
    shown = gallery(report)
    html = render_page(report, *frame_details(report), shown)
    assert html.count("lost: nothing is predicted") == 2 * len(shown)
    for number in range(1, len(shown) + 1):
        assert f'<figure id="worst-{number}"' in html
        assert f'rel="next" href="#worst-{number % len(shown) + 1}"' in html


def test_a_page_is_the_same_every_time() -> None:
    assert render_page(scored(), *frame_details(scored())) == render_page(scored(), *frame_details(scored()))


def test_attributes_are_counted_and_the_hardest_comes_first() -> None:
    def score(video: str, jf: float, *attributes: str) -> ObjectScore:
        return ObjectScore(video, 1, "seen", attributes, 10, {"J": jf, "F": jf, "V": 0.0})

    objects = (score("a", 0.9, "OCC", "FM"), score("b", 0.5, "OCC"), score("c", 0.2))
    html = render_page(replace(scored(), scores=publish(objects, protocols.get("lvos-v2").summary, Disclosure.FULL)))
    rows = re.findall(
        r'<th scope="row"><bdi>(\w+)</bdi> <span class="meaning">([\w -]+)<.*?strong">([\d.]+)</td>.*?<td class="n">(\d)</td>',
        html,
    )
    assert rows == [("OCC", "occlusion", "70.00", "2"), ("FM", "fast motion", "90.00", "1")]


def test_without_attributes_there_is_neither_table_nor_filter() -> None:
    html = render_page(scored(attributes=False))
    assert "By attribute" not in html
    assert 'name="attribute"' not in html


def test_problems_come_before_pictures_and_errors_before_warnings() -> None:
    problem = Problem("extra-file", Severity.WARNING, None, (), "one", "two")
    html = render_page(replace(scored(), problems=(problem,)))
    assert html.index('id="problems"') < html.index('id="pictures"') < html.index('id="videos"')
    codes = re.findall(r'data-code="([\w-]+)"', render_page(invalid()))
    assert codes == ["missing-video", "missing-frame", "palette-lost", "wrong-size", "absent-object", "extra-file"]


def test_a_remedy_that_all_problems_of_a_code_share_is_said_once() -> None:
    html = render_page(invalid())
    assert html.count("add its masks.") == 1


def test_frames_of_a_problem_are_ranges() -> None:
    assert "00000006-00000206 (41 frames)" in render_page(invalid())


@pytest.mark.slow
def test_a_large_public_page_is_below_600_kb_and_a_full_one_below_10_mb() -> None:
    report = scored(160, 290)
    assert len(render_page(report).encode()) < 600_000
    assert len(render_page(report, *frame_details(report), gallery(report)).encode()) < 10_000_000


def test_attributes_by_split_are_means_of_what_is_published() -> None:
    report = scored(30, 50, detail=Disclosure.PUBLIC)
    assert report.scores is not None
    text = render_page(report)
    for row in report.scores.attributes:
        (shown,) = re.findall(rf'<th scope="row"><bdi>{row.name}</bdi>.*?</tr>', text)
        members = {
            group: [o.jf for o in report.scores.objects if o.group == group and row.name in o.attributes] for group in KINDS
        }
        told = [f"{100 * fmean(found):.1f}" if found else "\N{EN DASH}" for found in members.values()]
        assert re.findall(r'<td class="n">([^<]*)</td>', shown)[2:4] == told


def test_sizes_are_drawn_where_the_ground_truth_is_public_and_lead_to_their_objects() -> None:
    report = scored(5, 7)
    frames, pictures = frame_details(report)
    sizes = {key: 0.01 * (1 + number) for number, key in enumerate(frames.values)}
    page = render_page(report, frames, pictures, sizes=sizes)
    assert "J&amp;F against object size" in page
    video, object_id = next(iter(sizes))
    assert f"{video}/{object_id}: 1 % of the frame" in page
    assert "object size" not in render_page(report)


def test_a_page_of_thousands_of_objects_has_coarser_lines_and_no_more_than_ten_megabytes() -> None:
    report = scored(700, 1200)
    frames, _ = frame_details(report)
    page = render_page(report, frames, {}, gallery(report))
    longest = max(len(path) for path in re.findall(r'<path class="j" d="([^"]*)"', page))
    assert longest < 1_800
    assert len(page.encode()) < 2_700 * 1200 + 2_500_000
    assert 'class="rows many"' in page
    assert 'class="rows many"' not in render_page(scored(140, 239))
