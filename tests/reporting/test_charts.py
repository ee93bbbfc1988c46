"""Charts as SVG: right numbers in the right places, well-formed, safe."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Final

import pytest

from lvos_eval.reporting.charts import Dot, bar, distribution, gauge, scatter, shorten
from lvos_eval.reporting.timelines import TIMELINE_POINTS, overlaid_timeline, timeline
from lvos_eval.scoring.results import Interval, ObjectFrame

KINDS: Final = {"seen": "seen", "unseen": "unseen"}


def parsed(svg: str) -> ET.Element:
    """The chart as XML: it is well-formed."""
    return ET.fromstring(svg)


def path_of(svg: str, kind: str) -> list[tuple[int, int]]:
    """The points of a timeline's path in its own units."""
    (path,) = [element.get("d", "") for element in parsed(svg).iter("path") if element.get("class") == kind]
    numbers = [int(number) for number in re.findall(r"-?\d+", path)]
    x = y = 0
    points = []
    for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
        x, y = x + dx, y + dy
        points.append((x, y))
    return points


def line(values: list[float], visible: list[bool] | None = None, marked: Sequence[int] = ()) -> str:
    frames = list(range(6, 6 + 5 * len(values), 5))
    return timeline(frames, values, values, visible or [True] * len(values), "object 1", marked)


@pytest.mark.parametrize(("value", "length"), [(0.0, "0"), (0.5, "50"), (0.7234, "72.3"), (1.0, "100")])
def test_a_bar_is_as_long_as_its_value(value: float, length: str) -> None:
    assert f'd="M0 0h{length}v1H0z"' in bar(value, "seen")


def test_a_gauge_shows_the_interval_as_a_band_from_low_to_high() -> None:
    band = parsed(gauge(0.5, Interval(0.25, 0.75, 0.95, 10, 1))).find("rect")
    assert band is not None
    assert (band.get("x"), band.get("width")) == ("100", "200")


def test_a_gauge_without_an_interval_has_no_band() -> None:
    assert parsed(gauge(0.5, None)).find("rect") is None


def test_the_distribution_counts_every_object_in_one_bin_and_1_in_the_last() -> None:
    titles = [
        element.text
        for element in parsed(distribution({"seen": [0.0, 0.049, 0.05, 0.999, 1.0]}, {"seen": 0.42}, KINDS)).iter("title")
    ]
    assert titles == ["0 to 5: 2 of 5 objects", "5 to 10: 1 of 5 objects", "95 to 100: 2 of 5 objects"]


def test_the_distribution_gives_both_splits_one_scale_of_shares() -> None:
    svg = parsed(distribution({"seen": [0.5], "unseen": [0.1, 0.9]}, {"seen": 0.5, "unseen": 0.5}, KINDS))
    heights = [float(element.get("height", "")) for element in svg.iter("rect")]
    assert heights == [96.0, 48.0, 48.0]


def test_an_empty_split_has_no_panel() -> None:
    svg = parsed(distribution({"seen": [0.5], "unseen": []}, {"seen": 0.5}, KINDS))
    assert [element.get("class") for element in svg.iter("g") if element.get("class")] == ["seen"]


def test_the_scatter_plot_puts_j_across_and_f_up() -> None:
    dots = [Dot("a/1", 1.0, 0.5, "seen", "v1"), Dot("b/1", 0.0, 0.0, "seen", "v2")]
    low, high = sorted(parsed(scatter(dots)).iter("circle"), key=lambda circle: float(circle.get("cx", "")))
    assert (high.get("cx"), high.get("cy")) == ("336", "158")
    assert (low.get("cx"), low.get("cy")) == ("36", "308")


def test_the_scatter_plots_axes_begin_below_the_lowest_value_and_it_is_named() -> None:
    svg = parsed(scatter([Dot(f"{name}/1", 0.9, 0.95, "seen", name) for name in "abc"] + [Dot("low/1", 0.7, 0.8, "seen", "low")]))
    (circle,) = [c for c in svg.iter("circle") if c.get("data-to") == "low"]
    assert (circle.get("cx"), circle.get("cy")) == ("111", "158")
    texts = [element.text for element in svg.iter("text")]
    assert {"60", "70", "80", "90", "100"} <= set(texts)
    assert "low/1" in texts


def test_seen_and_unseen_marks_differ_in_shape_too() -> None:
    svg = parsed(scatter([Dot("a/1", 0.9, 0.5, "seen", "v1"), Dot("b/1", 0.2, 0.5, "unseen", "v2")]))
    assert len(list(svg.iter("circle"))) == 1
    assert len([path for path in svg.iter("path") if path.get("class") == "dot unseen"]) == 1


def test_only_the_lowest_marks_carry_names_and_no_name_covers_another() -> None:
    dots = [Dot(f"video{n}/1", n / 100, n / 100, "seen", f"v{n}") for n in range(100)]
    names = [e for e in parsed(scatter(dots)).iter("text") if e.get("class") == "name"]
    assert 0 < len(names) <= 8
    spots = [(float(e.get("x", "")), float(e.get("y", ""))) for e in names]
    assert len(set(spots)) == len(spots)


def test_names_in_a_chart_are_escaped() -> None:
    svg = scatter([Dot('<script>"&', 0.5, 0.5, "seen", "v1")])
    assert "<script>" not in svg
    assert any('<script>"&' in (element.text or "") for element in parsed(svg).iter("title"))


def test_a_timeline_goes_through_every_value() -> None:
    assert path_of(line([1.0, 0.5, 0.0]), "j") == [(0, 0), (500, 50), (1000, 100)]


def test_a_timeline_leaves_out_points_on_a_level_line() -> None:
    assert path_of(line([0.5, 0.5, 0.5, 0.5, 1.0]), "j") == [(0, 50), (750, 50), (1000, 0)]


def test_a_timeline_of_one_frame_is_a_level_line() -> None:
    assert path_of(line([0.25]), "j") == [(0, 75), (1000, 75)]


def test_a_dip_of_one_frame_is_seen_in_a_timeline_of_thousands() -> None:
    values = [1.0] * 2280
    values[1234] = 0.0
    points = path_of(line(values), "j")
    assert min(y for _, y in points) == 0
    assert max(y for _, y in points) == 100
    assert len(points) <= TIMELINE_POINTS + 1


def test_absence_is_shaded_and_the_return_is_marked() -> None:
    svg = line([1.0] * 5, [True, False, False, True, True])
    assert 'class="absent" d="M125 0h500v100H125z"' in svg
    assert 'class="back" d="M625 0v100"' in svg
    assert "absent in 2, re-appears 1 times" in svg


def test_an_object_that_leaves_for_good_does_not_return() -> None:
    assert 'class="back"' not in line([1.0] * 4, [True, True, False, False])


def test_marked_frames_get_a_tick() -> None:
    assert 'class="shown" d="M500 97v8"' in line([1.0] * 3, marked=[11])


@pytest.mark.parametrize("text", ["short", "x" * 18])
def test_short_text_stays(text: str) -> None:
    assert shorten(text) == text


def test_long_text_loses_its_middle() -> None:
    assert shorten("x" * 150 + "y" * 150) == "xxxxxxxx\N{HORIZONTAL ELLIPSIS}yyyyyyyy"


def test_results_are_lines_of_their_own_over_one_another() -> None:
    one = [ObjectFrame(1, 6 + 5 * index, 0.5, 0.5, index != 1) for index in range(3)]
    other = [value._replace(region_similarity=1.0) for value in one]
    svg = overlaid_timeline({"<A>": one, "B": other}, "v/1", [16])
    lines = {path.get("class"): path.get("d") for path in ET.fromstring(svg).iter("path")}
    assert lines["r0"] == "M0 50l1000 0"
    assert lines["r1"] == "M0 25l1000 0"
    assert lines["absent"] == "M250 0h500v100H250z"
    assert lines["shown"] == "M1000 97v8"
    assert "J&amp;F of v/1 over 3 frames: &lt;A&gt;, B" in svg
