"""What counts as equal to `leaderboard.json`, and which submission of a participant has to be on the board."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from competition.corrections.expectation import Expectation, Row, board_differences, read_expectation
from lvos_eval.diagnostics.errors import UsageError

DAVIS = "protocol:davis-2017|task:semi-supervised|set:val|version:0.1.0"
LVOS = "protocol:lvos-v2|task:semi-supervised|version:0.1.0"


def expectation(path: Path, signature: str, *scores: Mapping[str, Any]) -> Expectation:
    entries = [{"submission": f"{number}_team_x.zip", "name": "x", "scores": given} for number, given in enumerate(scores, 1)]
    path.write_text(json.dumps({"format": 1, "signature": signature, "submissions": entries, "invalid": []}))
    return read_expectation(path)


@pytest.mark.parametrize(("found", "equal"), [(0.5, True), (0.5000004, True), (0.500001, False), (0.499999, False), (0.4, False)])
def test_scores_are_equal_to_six_decimals(tmp_path: Path, found: float, equal: bool) -> None:
    wanted = expectation(tmp_path / "leaderboard.json", LVOS, {"Overall": 0.5})
    assert wanted.differing_keys(1, {"Overall": found}, ()) == ([] if equal else ["Overall"])


def test_a_column_that_either_lacks_differs(tmp_path: Path) -> None:
    wanted = expectation(tmp_path / "leaderboard.json", LVOS, {"Overall": 0.5, "J-Mean": 0.5})
    assert wanted.differing_keys(1, {"Overall": 0.5}, ("Overall", "J-Mean")) == ["J-Mean"]
    assert wanted.differing_keys(1, {"Overall": 0.5, "F-Mean": 0.5}, ()) == ["F-Mean"]
    # nothing in common is not equal, and neither is a submission that is not there
    assert wanted.differing_keys(1, {"mAP": 0.5}, ("mAP",)) == ["Overall"]
    assert wanted.differing_keys(2, {"Overall": 0.5}, ("Overall",)) == ["Overall"]


def test_a_column_that_the_site_computes_is_not_looked_at(tmp_path: Path) -> None:
    wanted = expectation(tmp_path / "leaderboard.json", LVOS, {"Overall": 0.5})
    assert wanted.differing_keys(1, {"Overall": 0.5, "average": 0.7}, ("Overall", "average")) == []


def test_the_scores_are_those_of_the_protocol(tmp_path: Path) -> None:
    equal = {"J&F-Mean": 0.7, "J-Mean": 0.7, "J-Recall": 0.8}
    wanted = expectation(tmp_path / "leaderboard.json", DAVIS, equal | {"J-Decay": -0.1}, equal | {"J-Decay": -0.2})
    assert wanted.best([1, 2]) == 2
    assert wanted.differing_keys(1, equal | {"J-Decay": -0.2}, ()) == ["J-Decay"]
    rows = [Row("team", 1, equal | {"J-Decay": -0.1})]
    assert board_differences(wanted, {"team": [1, 2]}, rows) == ["team: J-Decay is -0.100000 on the board, expected is -0.200000"]


def test_scores_of_an_unknown_protocol_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no protocol 'kitti'.*\nFix: rescore with this version"):
        expectation(tmp_path / "leaderboard.json", "protocol:kitti|version:9", {"Overall": 0.5})
