"""`competition.yaml`: the settings that are shipped are right, and every mistake in them is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from competition.settings import COMPETITION_FILE, load_competition
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.protocols.lvos import SCORE_KEYS


def faults(tmp_path: Path, *path: Any, value: Any) -> list[str]:
    """What is said when the value at the path is another one."""
    content = yaml.safe_load(COMPETITION_FILE.read_text())
    target = content
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    file = tmp_path / "competition.yaml"
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(UsageError) as raised:
        load_competition(file)
    return str(raised.value).splitlines()


def test_the_shipped_leaderboard_has_all_ten_keys() -> None:
    assert load_competition().leaderboard == SCORE_KEYS


def test_the_shipped_phases_follow_one_another() -> None:
    development, final = load_competition().phases
    assert development.start < development.end <= final.start < final.end


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({}, 5),
        ({"max_submissions": 100}, 60),  # 2 a day on the 30 days of April
        ({"max_submissions": 100, "end": "2027-04-03 00:00:00"}, 4),
        ({"max_submissions": 100, "end": "2027-04-03 00:00:01"}, 6),
        ({"max_submissions": 2, "max_submissions_per_day": 5}, 2),
    ],
)
def test_a_participant_has_the_submissions_that_both_limits_allow(changes: dict[str, Any], number: int, tmp_path: Path) -> None:
    content = yaml.safe_load(COMPETITION_FILE.read_text())
    content["phases"]["final"] |= changes
    (tmp_path / "competition.yaml").write_text(yaml.safe_dump(content))
    assert load_competition(tmp_path / "competition.yaml").phases[1].submissions_each == number


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (("titel",), "x", "titel: unknown key; did you mean title?"),
        (("phases", "final", "time_limits"), 1, "phases.final.time_limits: unknown key; did you mean time_limit?"),
        (("title",), "", "title: a text is needed, not ''"),
        (("approve_registrations",), "yes", "approve_registrations: true or false is needed, not 'yes'"),
        (("leaderboard",), ["F-Mean"], "leaderboard: Overall decides the ranking and cannot be left out"),
        (("phases", "final", "max_submissions"), 0, "phases.final.max_submissions: a whole number above 0 is needed, not '0'"),
        (("phases", "final", "max_submissions"), -1, "phases.final.max_submissions: a whole number above 0 is needed, not '-1'"),
        (("phases", "final", "time_limit"), 60, "phases.final.time_limit: more than 60 seconds are needed"),
        (
            ("phases", "final", "start"),
            "2027-01-01 00:00:00",
            "phases.final: it starts before phases.development ends; the platforms take one phase at a time",
        ),
        (("phases", "final", "end"), "2027-01-01 00:00:00", "phases.final: it ends before it starts"),
        (("phases", "final", "data"), "hidden", "phases.final.data: one of reference, validation is needed, not 'hidden'"),
        (
            ("phases", "final", "task"),
            "unsupervised",
            "phases.final.task: one of semi-supervised, unsupervised_multiple, unsupervised_single is needed, not 'unsupervised'",
        ),
        (("phases",), {}, "phases: at least one is needed, as `final: {name: ..., start: ..., end: ...}`"),
        (
            ("phases", "development", "start"),
            "2026-12-01 12:00:00",
            "phases.development.start: a phase starts at 00:00:00 UTC, because CodaLab knows days only",
        ),
    ],
)
def test_a_mistake_in_the_settings_is_told(tmp_path: Path, path: tuple[Any, ...], value: Any, fault: str) -> None:
    assert faults(tmp_path, *path, value=value) == [f"competition.yaml: {fault}"]


def test_the_key_of_a_phase_can_be_part_of_a_file_name(tmp_path: Path) -> None:
    phases = yaml.safe_load(COMPETITION_FILE.read_text())["phases"]
    (fault,) = faults(tmp_path, "phases", value={"../final": phases["final"]})
    assert fault.startswith("competition.yaml: phases.../final: a key is made of small letters, digits")


@pytest.mark.parametrize("keys", [["Overall", "Overal"], ["Overall", "F-Mean", "J-Mean"], ["Overall", "Overall"]])
def test_columns_are_score_keys_in_their_order(tmp_path: Path, keys: list[str]) -> None:
    (fault,) = faults(tmp_path, "leaderboard", value=keys)
    assert fault.endswith("each at most once, in this order")


def test_a_time_is_the_same_without_quotes(tmp_path: Path) -> None:
    file = tmp_path / "competition.yaml"
    file.write_text(COMPETITION_FILE.read_text().replace('"2026-12-01 00:00:00"', "2026-12-01 00:00:00"))
    assert load_competition(file) == load_competition()


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "competition.yaml"
    file.write_text("title: x\n")
    with pytest.raises(UsageError) as raised:
        load_competition(file)
    assert len(str(raised.value).splitlines()) > 5


def test_a_file_that_is_no_yaml_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "competition.yaml"
    file.write_text("a: [")
    with pytest.raises(UsageError, match="is not YAML: while parsing a flow node"):
        load_competition(file)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("time_limit: 1200", "time_limit: 20:00", "time_limit: a whole number above 0 is needed, not '20:00'"),
        ("time_limit: 1200", "time_limit: 1_200", "time_limit: a whole number above 0 is needed, not '1_200'"),
        ("time_limit: 1200", "time_limit: 0x4b0", "time_limit: a whole number above 0 is needed, not '0x4b0'"),
        ("approve_registrations: true", "approve_registrations: on", "approve_registrations: true or false is needed, not 'on'"),
        ("data: reference", "data: [reference]", "data: one of reference, validation is needed, not a list"),
    ],
)
def test_a_value_that_yaml_would_convert_is_told(old: str, new: str, fault: str, tmp_path: Path) -> None:
    file = tmp_path / "competition.yaml"
    file.write_text(COMPETITION_FILE.read_text().replace(old, new))
    with pytest.raises(UsageError) as raised:
        load_competition(file)
    assert all(line.endswith(fault) for line in str(raised.value).splitlines())


def test_leading_zeros_are_not_octal(tmp_path: Path) -> None:
    file = tmp_path / "competition.yaml"
    file.write_text("\ufeff" + COMPETITION_FILE.read_text().replace("time_limit: 1200", "time_limit: 01200"), encoding="utf-8")
    assert load_competition(file) == load_competition()


def test_a_phase_given_twice_is_told_with_both_lines_and_a_way_out(tmp_path: Path) -> None:
    file = tmp_path / "competition.yaml"
    text = COMPETITION_FILE.read_text()
    file.write_text(text + text[text.index("  final:\n") :])
    with pytest.raises(UsageError, match=r"gives `final` twice, in lines \d+ and \d+; only the last one would count\nFix: put"):
        load_competition(file)
