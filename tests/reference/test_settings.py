"""`scoring.yaml`: every fault of it, with its exact text."""

from __future__ import annotations

from pathlib import Path

import pytest

from lvos_eval import protocols
from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.protocols.contract import Task
from lvos_eval.reference.exclusions import FrameRun
from lvos_eval.reference.settings import ArchiveLimits, Disclosure, RunLimits, ScoringRules, Settings, load_settings


def load(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "scoring.yaml").write_text(text, encoding="utf-8")
    return load_settings(tmp_path)


def test_no_file_and_an_empty_file_are_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == load(tmp_path, "# nothing\n") == Settings()


def test_every_setting_is_read(tmp_path: Path) -> None:
    text = """
protocol: lvos-v1
task: unsupervised_multiple
detail: public
time_limit: 280
exclude: {v1: [6, 206-216], v2: 11}
unseen: none
limits: {members: 10, ratio: 2.5}
ground_truth: "0123456789abcdef"
"""
    assert load(tmp_path, text) == Settings(
        ScoringRules(
            "lvos-v1",
            Task.UNSUPERVISED_MULTIPLE,
            {"v1": (FrameRun(6, 6), FrameRun(206, 216)), "v2": (FrameRun(11, 11),)},
            unseen_none=True,
        ),
        RunLimits(280, ArchiveLimits(members=10, ratio=2.5)),
        Disclosure.PUBLIC,
        "0123456789abcdef",
        names_protocol=True,
    )


def test_the_command_line_overrides_what_it_names() -> None:
    assert ScoringRules().override(protocol="lvos-v1") == ScoringRules("lvos-v1")


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("protocoll: lvos-v1", "unknown key `protocoll`", "did you mean `protocol`?"),
        ("limits: {member: 5}", "unknown key `limits.member`", "did you mean `limits.members`?"),
        ("protocol: v2", "`protocol` is v2", f"use one of: {', '.join(protocols.names())}"),
        ("task: vos", "`task` is vos", "use one of: semi-supervised, unsupervised_multiple, unsupervised_single"),
        ("detail: all", "`detail` is all", "use one of: public, full"),
        ("time_limit: -1", "`time_limit` is -1", "write a number of seconds above 0, such as 540"),
        ("time_limit: true", "`time_limit` is true", "write a number of seconds above 0, such as 540"),
        ("time_limit: 10:00", "`time_limit` is 10:00", "write a number of seconds above 0, such as 540"),
        ("time_limit: 1e3", "`time_limit` is 1e3", "write a number of seconds above 0, such as 540"),
        ("time_limit: [5]", "`time_limit` is a list", "write a number of seconds above 0, such as 540"),
        ("limits: {ratio: .inf}", "`limits.ratio` is .inf", "write a number above 0, such as 200"),
        ("limits: {members: 150_000}", "`limits.members` is 150_000", "write a whole number above 0, digits only"),
        ("limits: {members: 0x10}", "`limits.members` is 0x10", "write a whole number above 0, digits only"),
        ("limits: {members: 0}", "`limits.members` is 0", "write a whole number above 0, digits only"),
        ("limits: {total_bytes: 4GB}", "`limits.total_bytes` is 4GB", "write a whole number above 0, digits only"),
        ("limits: {member_bytes: 1.5}", "`limits.member_bytes` is 1.5", "write a whole number above 0, digits only"),
        ("unseen: v1", "`unseen` is v1", "write `unseen: none` if no video is unseen, else list the videos in unseen_videos.txt"),
        ("unseen:", "`unseen` is empty", "write `unseen: none` if no video is unseen, else list the videos in unseen_videos.txt"),
        ("limits: 5", "`limits` is 5", "write the limits as `key: number` lines below it"),
        ("exclude: 5", "`exclude` is 5", "write `video: [frame, first-last]` lines below it"),
        ("exclude: {v1: [x]}", "`exclude` of v1 has x", "write frame numbers, or runs such as `206-306`"),
        ("exclude: {v1: [1:30]}", "`exclude` of v1 has 1:30", "write frame numbers, or runs such as `206-306`"),
        ("exclude: {v1: [1_000]}", "`exclude` of v1 has 1_000", "write frame numbers, or runs such as `206-306`"),
        ("exclude: {v1: [5.0]}", "`exclude` of v1 has 5.0", "write frame numbers, or runs such as `206-306`"),
        ("exclude: {v1: [2026-01-01]}", "`exclude` of v1 has 2026-01-01", "write frame numbers, or runs such as `206-306`"),
        ("exclude: {v1: [[6, 11]]}", "`exclude` of v1 has a list", "write frame numbers, or runs such as `206-306`"),
        ("exclude: {v1: [60-40]}", "`exclude` of v1 has 60-40, which ends before it starts", "write 40-60"),
        ("ground_truth: 12", "`ground_truth` is 12", "write the 16 digits and letters that `lvos-eval check-reference` prints"),
    ],
)
def test_a_fault_earns_exactly_this_text(text: str, message: str, fix: str, tmp_path: Path) -> None:
    with pytest.raises(ReferenceDataError) as fault:
        load(tmp_path, text)
    (problem,) = fault.value.problems
    assert (problem.code, problem.video, problem.message) == ("settings", None, f"scoring.yaml: {message}")
    assert problem.fix.startswith(fix)
    assert problem.fix == fix or fix.startswith("did you mean")


def test_the_known_keys_are_named_with_an_unknown_one(tmp_path: Path) -> None:
    with pytest.raises(ReferenceDataError) as fault:
        load(tmp_path, "protocoll: lvos-v1")
    assert fault.value.problems[0].fix == (
        "did you mean `protocol`? Known: protocol, task, detail, time_limit, exclude, unseen, limits, ground_truth, masks"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [", "scoring.yaml is not YAML: while parsing a flow node"),
        (b"- a\n- b\n", "scoring.yaml holds a list, not settings"),
        (b"lvos-v1\n", "scoring.yaml holds a text, not settings"),
    ],
    ids=["no YAML", "a list", "a text"],
)
def test_a_file_that_is_no_mapping_is_a_fault(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "scoring.yaml").write_bytes(content)
    with pytest.raises(ReferenceDataError) as fault:
        load_settings(tmp_path)
    (problem,) = fault.value.problems
    assert problem.message.startswith(message)
    assert problem.fix == "write one `key: value` per line"


def test_all_faults_are_found_at_once(tmp_path: Path) -> None:
    with pytest.raises(ReferenceDataError) as fault:
        load(tmp_path, "protocol: x\ntask: y\nlimits: {members: 0}\nspeed: 9\n")
    assert len(fault.value.problems) == 4


def test_the_masks_may_lie_elsewhere_if_they_are_sealed(tmp_path: Path) -> None:
    settings = load(tmp_path, 'masks: /app/data/test\nground_truth: "15b6a2b6fa3cffab"')
    assert settings.rules.masks == Path("/app/data/test")


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        (
            "masks: /app/data/test",
            "scoring.yaml: `masks` without `ground_truth`: nothing says which masks have to be there",
            "add the `ground_truth` line that `lvos-eval check-reference` prints where the masks are in Annotations/",
        ),
        (
            'masks: data/test\nground_truth: "15b6a2b6fa3cffab"',
            "scoring.yaml: `masks` is data/test",
            "write the absolute path of the folder, such as /app/data/lvos_test/Annotations",
        ),
    ],
)
def test_masks_elsewhere_that_nobody_can_be_sure_of_are_refused(tmp_path: Path, text: str, message: str, fix: str) -> None:
    with pytest.raises(ReferenceDataError) as fault:
        load(tmp_path, text)
    assert [(problem.message, problem.fix) for problem in fault.value.problems] == [(message, fix)]
