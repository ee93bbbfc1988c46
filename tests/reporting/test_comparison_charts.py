"""Pictures that compare results: right numbers in the right places."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from lvos_eval.reporting.comparison_charts import Axis, Difference, Pair, against, differences, forest
from lvos_eval.scoring.results import Interval


def test_an_axis_holds_every_interval_and_begins_at_a_twentieth() -> None:
    axis = Axis.of([0.62, 0.7], [Interval(0.57, 0.66, 0.95, 10, 1), None])
    assert (axis.low, axis.high) == (0.55, 0.7)
    assert (axis.place(0.55), axis.place(0.7)) == (0.0, 100.0)
    assert Axis.of([0.5], [None]).high > Axis.of([0.5], [None]).low


def test_a_forest_plot_draws_the_interval_and_the_value() -> None:
    svg = forest(0.5, Interval(0.25, 0.75, 0.95, 10, 1), Axis(0.0, 1.0))
    assert 'class="whisker" d="M25.0 5H75.0"' in svg
    assert 'class="mark" d="M50.0 1V9"' in svg
    assert "whisker" not in forest(0.5, None, Axis(0.0, 1.0))


def test_an_object_that_is_better_in_the_second_result_is_above_the_diagonal() -> None:
    svg = ET.fromstring(against([Pair("a/1", 0.0, 1.0, "seen"), Pair("b/1", 0.5, 0.5, "unseen")], ("A", "B")))
    (circle,) = svg.iter("circle")
    assert (circle.get("cx"), circle.get("cy")) == ("36.0", "8.0")
    assert "a/1" in [text.text for text in svg.iter("text")]


def test_bars_go_from_the_largest_gain_to_the_largest_loss() -> None:
    svg = ET.fromstring(differences([Difference("a", -0.2), Difference("b", 0.1), Difference("c", -0.05)]))
    bars = [(bar.get("class"), bar.get("y"), bar.get("height")) for bar in svg.iter("rect")]
    assert bars == [("gain", "8.0", "80.0"), ("loss", "88.0", "40.0"), ("loss", "88.0", "160.0")]
    assert [text.text for text in svg.iter("text")] == ["0", "+10.0", "-20.0"]


def test_bars_of_losses_alone_take_the_whole_height() -> None:
    svg = ET.fromstring(differences([Difference("a", -0.2), Difference("b", -0.1)]))
    assert [(bar.get("y"), bar.get("height")) for bar in svg.iter("rect")] == [("8.0", "120.0"), ("8.0", "240.0")]


def test_names_do_not_cover_each_other_and_equal_objects_have_none() -> None:
    pairs = [
        Pair("a/1", 0.9, 0.1, "seen"),
        Pair("b/1", 0.9, 0.101, "seen"),
        Pair("c/1", 0.9, 0.5, "seen"),
        Pair("d/1", 0.7, 0.7, "seen"),
    ]
    svg = ET.fromstring(against(pairs, ("A", "B")))
    assert [text.text for text in svg.iter("text") if text.get("class") == "name"] == ["a/1", "c/1"]


def test_names_are_escaped() -> None:
    for text in (against([Pair("<b>", 0.1, 0.2, "seen")], ("<i>", "<i>")), differences([Difference("<b>", 0.1)])):
        assert "<b>" not in text
        assert "<i>" not in text
