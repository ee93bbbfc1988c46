"""`competition.yaml`: the settings that are shipped are right, and every mistake in them is told."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from built import shipped_settings, write_settings
from competition.settings import PUBLIC_QUEUE, SHIPPED, Competition, CompetitionFolder, Queue, SubmissionRule, load_competition
from lvos_eval import protocols
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.protocols.lvos import SCORE_KEYS

QUEUE = {"vhost": "1b2f7c0e-5d7c-4f6e-9a44-0c5a2a1f6d11", "time_limit": "7200"}


def load(folder: Path, content: Any) -> Competition:
    return load_competition(CompetitionFolder(write_settings(folder, content)))


def load_text(folder: Path, text: str) -> Competition:
    (folder / "competition.yaml").write_text(text, encoding="utf-8")
    return load_competition(CompetitionFolder(folder))


def faults(tmp_path: Path, *path: Any, value: Any) -> list[str]:
    """What is said when the value at the path is another one."""
    content = shipped_settings()
    target = content
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    with pytest.raises(UsageError) as raised:
        load(tmp_path, content)
    return str(raised.value).splitlines()


def test_what_is_left_out_has_the_shipped_value(tmp_path: Path) -> None:
    needed = ("title", "description", "contact", "image", "check_image", "phases")
    content = shipped_settings()
    assert load(tmp_path, {name: content[name] for name in needed}) == load_competition()


def test_every_setting_is_in_the_shipped_file_with_a_comment_above_it() -> None:
    lines = SHIPPED.settings.read_text().splitlines()
    for item in fields(Competition):
        assert any(line.startswith(f"{item.name}:") for line in lines), item.name


def test_the_leaderboard_may_have_keys_of_any_protocol(tmp_path: Path) -> None:
    assert load_competition().leaderboard == ()
    for keys in (list(SCORE_KEYS), ["J&F-Mean", "J-Mean", "F-Mean"]):
        assert load(tmp_path, shipped_settings() | {"leaderboard": keys}).leaderboard == tuple(keys)


def test_a_phase_may_name_a_protocol_and_a_list_of_videos(tmp_path: Path) -> None:
    content = shipped_settings()
    content["phases"]["final"] |= {"protocol": "davis-2017", "set": "test-dev"}
    final = load(tmp_path, content).phases[1]
    assert (final.protocol, final.image_set) == ("davis-2017", "test-dev")


def test_the_shipped_phases_follow_one_another() -> None:
    development, final = load_competition().phases
    assert development.end is not None
    assert final.end is not None
    assert development.start < development.end <= final.start < final.end


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({}, 5),
        ({"max_submissions": 100}, 60),  # 2 a day on the 30 days of April
        ({"max_submissions": 100, "end": "2027-04-03 00:00:00"}, 4),
        ({"max_submissions": 100, "end": "2027-04-03 00:00:01"}, 6),
        ({"max_submissions": 2, "max_submissions_per_day": 5}, 2),
        ({"max_submissions": 100, "end": "never"}, 100),
    ],
)
def test_a_participant_has_the_submissions_that_both_limits_allow(changes: dict[str, Any], number: int, tmp_path: Path) -> None:
    content = shipped_settings()
    content["phases"]["final"] |= changes
    assert load(tmp_path, content).phases[1].submissions_each == number


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (("titel",), "x", "titel: unknown key; did you mean title?"),
        (("phases", "final", "time_limits"), 1, "phases.final.time_limits: unknown key; did you mean time_limit?"),
        (("title",), "", "title: a text is needed, not ''"),
        (
            ("approve_registrations",),
            True,
            "approve_registrations: this key has another name: write `registrations: moderated` for true, `open` for false",
        ),
        (("registrations",), "closed", "registrations: one of open, moderated is needed, not 'closed'"),
        (("hide_score_output",), "yes", "hide_score_output: true or false is needed, not 'yes'"),
        (
            ("submission_rule",),
            "Best",
            f"submission_rule: one of {', '.join(SubmissionRule)} is needed, not 'Best'",
        ),
        (
            ("max_submission_size",),
            1001,
            "max_submission_size: 1000 megabytes at most: platforms lose larger uploads silently",
        ),
        (("queue",), "mine", "queue: public is needed, or a mapping as {vhost: ..., time_limit: 7200}, not 'mine'"),
        (("queue",), {"time_limit": "1 h"}, "queue.time_limit: a whole number above 0 is needed, not '1 h'"),
        (
            ("queue",),
            {"vhost": "lab", "time_limit": 7200},
            "queue.vhost: the queue's Vhost is needed, as Resources > Queues > View Queue Detail shows it, not 'lab'",
        ),
        (("queue",), {"time_limit": 7200, "name": "lab"}, "queue.name: unknown key; did you mean time_limit?"),
        (("fact_sheet",), "team", "fact_sheet: none is needed, or questions as `team: {title: Team}`, not 'team'"),
        (("fact_sheet", "team"), {"title": ""}, "fact_sheet.team.title: a text is needed, not ''"),
        (("fact_sheet", "team", "type"), "text", "fact_sheet.team.type: unknown key; did you mean title?"),
        (
            ("fact_sheet", "Team Name"),
            {"title": "Team"},
            "fact_sheet.Team Name: a key is of small letters, digits and _, begins with a letter and has at most 30 characters",
        ),
        *[
            (
                ("image",),
                name,
                f"image: '{name}' is not name:tag of small letters, digits and . / : - only; CodaLab drops all else, `_` too",
            )
            for name in ("my_lab/lvos-eval:1", f"lab/lvos-eval@sha256:{64 * 'a'}", "lab/lvos-eval")
        ],
        (
            ("phases", "final", "time_limit"),
            1201,
            "phases.final.time_limit: the queue ends every run after 1200 seconds; lower it, or give a `queue` of your own",
        ),
        (
            ("phases", "final", "masks"),
            "/app/data/test",
            "phases.final.masks: only your own workers have masks on them; name their `queue: {vhost: ..., time_limit: ...}`",
        ),
        (
            ("phases", "development", "end"),
            "never",
            "phases.final: it starts before phases.development ends; the platforms take one phase at a time",
        ),
        (("leaderboard",), "J-Mean", "leaderboard: all is needed, or a list of score keys, not 'J-Mean'"),
        (("leaderboard",), ["J-Mean", "F-Recall"], "leaderboard: J&F-Mean decides the ranking and cannot be left out"),
        (
            ("phases", "final", "protocol"),
            "davis",
            f"phases.final.protocol: one of {', '.join(protocols.names())} is needed, not 'davis'",
        ),
        (("leaderboard",), ["J-seen-Mean"], "leaderboard: Overall decides the ranking and cannot be left out"),
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
    phases = shipped_settings()["phases"]
    (fault,) = faults(tmp_path, "phases", value={"../final": phases["final"]})
    assert fault.startswith("competition.yaml: phases.../final: a key is made of small letters, digits")


@pytest.mark.parametrize("keys", [["Overall", "Overal"], ["Overall", "F-Mean", "J-Mean"], ["Overall", "Overall"]])
def test_columns_are_score_keys_in_their_order(tmp_path: Path, keys: list[str]) -> None:
    (fault,) = faults(tmp_path, "leaderboard", value=keys)
    assert fault.endswith("each at most once, in this order")


def test_a_time_is_the_same_without_quotes(tmp_path: Path) -> None:
    text = SHIPPED.settings.read_text().replace('"2026-12-01 00:00:00"', "2026-12-01 00:00:00")
    assert load_text(tmp_path, text) == load_competition()


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        load_text(tmp_path, "titel: x\nqueue: []\nregistrations: no\n")
    assert len(str(raised.value).splitlines()) > 7


def test_a_file_that_is_no_yaml_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not YAML: while parsing a flow node"):
        load_text(tmp_path, "a: [")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("time_limit: 1200", "time_limit: 20:00", "time_limit: a whole number above 0 is needed, not '20:00'"),
        ("time_limit: 1200", "time_limit: 1_200", "time_limit: a whole number above 0 is needed, not '1_200'"),
        ("time_limit: 1200", "time_limit: 0x4b0", "time_limit: a whole number above 0 is needed, not '0x4b0'"),
        ("hide_score_output: false", "hide_score_output: on", "hide_score_output: true or false is needed, not 'on'"),
        ("data: reference", "data: [reference]", "data: one of reference, validation is needed, not a list"),
    ],
)
def test_a_value_that_yaml_would_convert_is_told(old: str, new: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        load_text(tmp_path, re.sub(rf"(?m)^( *){old}$", rf"\g<1>{new}", SHIPPED.settings.read_text()))
    assert all(line.endswith(fault) for line in str(raised.value).splitlines())


def test_leading_zeros_are_not_octal(tmp_path: Path) -> None:
    text = "\ufeff" + SHIPPED.settings.read_text().replace("time_limit: 1200", "time_limit: 01200")
    assert load_text(tmp_path, text) == load_competition()


def test_a_phase_given_twice_is_told_with_both_lines_and_a_way_out(tmp_path: Path) -> None:
    text = SHIPPED.settings.read_text()
    with pytest.raises(UsageError, match=r"gives `final` twice, in lines \d+ and \d+; only the last one would count\nFix: put"):
        load_text(tmp_path, text + text[text.index("  final:\n") :])


def test_a_queue_of_ones_own_allows_longer_runs_and_masks_on_its_workers(tmp_path: Path) -> None:
    content = shipped_settings() | {"queue": QUEUE}
    content["phases"]["final"] |= {"time_limit": 7200, "masks": "/app/data/test/"}
    competition = load(tmp_path, content)
    assert competition.queue == Queue(QUEUE["vhost"], 7200)
    assert (competition.phases[1].own_deadline, competition.phases[1].masks) == (7140, "/app/data/test")


def test_the_default_queue_of_another_site_has_a_limit_and_no_vhost(tmp_path: Path) -> None:
    content = shipped_settings() | {"queue": {"time_limit": 600}}
    for phase in content["phases"].values():
        del phase["time_limit"]
    competition = load(tmp_path, content)
    assert (competition.queue, {phase.time_limit for phase in competition.phases}) == (Queue(None, 600), {600})
    assert load_competition().queue == PUBLIC_QUEUE


@pytest.mark.parametrize("masks", ["data/test", "/app/../etc", ["/app/data"]])
def test_masks_on_a_worker_are_named_from_the_root_on(tmp_path: Path, masks: Any) -> None:
    content = shipped_settings() | {"queue": QUEUE}
    content["phases"]["final"]["masks"] = masks
    with pytest.raises(
        UsageError, match=r"phases\.final\.masks: the folder of the masks in the worker is needed, such as /app/data"
    ):
        load(tmp_path, content)


def test_a_folder_without_settings_is_told_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"^{tmp_path} has no competition.yaml\nFix: .*make new-competition DIR={tmp_path}$"):
        load_competition(CompetitionFolder(tmp_path))
    (tmp_path / "competition.yml").touch()
    with pytest.raises(UsageError, match="Fix: rename it: mv "):
        load_competition(CompetitionFolder(tmp_path))
