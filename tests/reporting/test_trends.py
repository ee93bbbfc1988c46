"""How J&F goes with time and length: the right numbers in the right places."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from lvos_eval.reporting.trends import Dot, against_length, against_size, drift, fifths, heat_strip
from lvos_eval.scoring.results import ObjectFrame

KINDS = {"seen": "seen", "unseen": "unseen"}


def frames(values: list[float], absent: tuple[int, ...] = ()) -> list[ObjectFrame]:
    return [ObjectFrame(1, 6 + 5 * index, value, value, index not in absent) for index, value in enumerate(values)]


def levels(svg: str) -> dict[str, list[int]]:
    """The columns of each colour of a strip."""
    found = {}
    for path in ET.fromstring(svg).iter("path"):
        runs = [(int(start), int(length)) for start, length in re.findall(r"M(\d+) 0h(\d+)", path.get("d", ""))]
        found[path.get("class", "")] = [start + step for start, length in runs for step in range(length)]
    return found


def test_a_strip_has_a_colour_for_each_sixth_of_the_scale() -> None:
    assert levels(heat_strip(frames([0.0, 0.16, 0.17, 0.5, 0.84, 1.0]), "a/1")) == {
        "h0": [0, 1], "h1": [2], "h3": [3], "h5": [4, 5],
    }  # fmt: skip


def test_an_absent_object_is_a_gap_only_where_nothing_is_predicted() -> None:
    assert levels(heat_strip(frames([1.0, 1.0, 0.0], absent=(1, 2)), "a/1")) == {"h5": [0], "ha": [1], "h0": [2]}


def test_a_long_strip_shows_means_of_equal_parts() -> None:
    columns = levels(heat_strip(frames([1.0] * 360 + [0.0] * 360), "a/1"))
    assert columns == {"h5": list(range(36)), "h0": list(range(36, 72))}


def test_fifths_are_means_over_objects_and_leave_out_what_is_too_short() -> None:
    assert fifths([frames([1.0, 0.8, 0.6, 0.4, 0.2]), frames([0.0] * 10), frames([1.0] * 4)]) == pytest.approx(
        [0.5, 0.4, 0.3, 0.2, 0.1]
    )
    assert fifths([frames([1.0] * 4)]) == []


def test_drift_has_a_line_for_each_group_and_tells_its_numbers() -> None:
    svg = drift({"seen": [0.9, 0.8, 0.7, 0.6, 0.5], "unseen": []}, KINDS)
    assert [path.get("class") for path in ET.fromstring(svg).iter("path") if "line" in (path.get("class") or "")] == ["line seen"]
    assert "seen: 90.0, 80.0, 70.0, 60.0, 50.0" in svg


def test_length_puts_the_longest_object_at_the_right_and_the_axis_below_the_lowest() -> None:
    svg = against_length([Dot("a/1", 100, 0.4, "seen", "a/1"), Dot("b/1", 50, 1.0, "seen", "b/1")])
    spots = [(float(c.get("cx", "")), float(c.get("cy", "")), c.get("data-to")) for c in ET.fromstring(svg).iter("circle")]
    assert spots == [(390.0, 158.0, "a/1"), (212.0, 8.0, "b/1")]


def test_sizes_lie_on_whole_decades_of_a_logarithmic_axis() -> None:
    svg = against_size(
        [Dot("a/1", 0.001, 1.0, "seen", "a/1"), Dot("b/1", 0.1, 0.0, "seen", "b/1"), Dot("c/1", 0.01, 1.0, "seen", "c/1")]
    )
    tree = ET.fromstring(svg)
    assert [float(circle.get("cx", "")) for circle in tree.iter("circle")] == [34.0, 390.0, 212.0]
    assert [text.text for text in tree.iter("text")][3:] == ["0.1", "1", "10 %"]
    assert "b/1: 10 % of the frame, J&amp;F 0.0" in svg


@pytest.mark.parametrize("size", [1e-7, 0.01, 1.0])
def test_one_size_has_an_axis_too(size: float) -> None:
    (circle,) = ET.fromstring(against_size([Dot("a/1", size, 0.5, "seen", "a/1")])).iter("circle")
    assert 34 <= float(circle.get("cx", "")) <= 390


def test_names_are_escaped() -> None:
    for svg in (heat_strip(frames([1.0]), "<b>"), against_length([Dot("<b>", 1, 0.5, "unseen", "<b>")])):
        assert "<b>" not in svg
        ET.fromstring(svg)
