"""The cores and the memory that a run counts on are those that it may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lvos_eval.execution import resources
from lvos_eval.execution.resources import available_cores, memory_limit
from lvos_eval.execution.workload import workers_for
from lvos_eval.masks.packed import FrameSize
from lvos_eval.protocols.lvos import LAYOUT
from lvos_eval.reference.ground_truth import GroundTruthFolder
from lvos_eval.reference.survey import SurveyTask
from systems import needs

GIB = 1 << 30


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree of control groups without limits, for a process in its root, on a machine with 64 cores and 16 GiB."""
    monkeypatch.setattr(resources, "_GROUPS", tmp_path)
    monkeypatch.setattr(resources, "_MEMBERSHIP", tmp_path / "membership")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)))
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 4 << 20, "SC_PAGE_SIZE": 4096}.__getitem__)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


@needs("processor affinity and size of memory")
def test_without_control_groups_it_is_all_there_is(groups: Path) -> None:
    assert (available_cores(), memory_limit()) == (64, 16 * GIB)


@needs("control groups")
@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "max 100000"}, 64),
        ({"cpu.max": "200000 100000"}, 2),
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "1000 100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 64),
        ({"cpu.max": "nonsense"}, 64),
    ],
)
def test_the_quota_of_processor_time_is_kept(files: dict[str, str], cores: int, groups: Path) -> None:
    for name, text in files.items():
        write(groups / name, text)
    assert available_cores() == cores


@needs("control groups")
@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"memory.max": "max"}, 16 * GIB),
        ({"memory.max": str(GIB)}, GIB),
        ({"memory/memory.limit_in_bytes": str(GIB)}, GIB),
        ({"memory/memory.limit_in_bytes": "9223372036854771712"}, 16 * GIB),
    ],
)
def test_the_limit_of_memory_is_kept(files: dict[str, str], limit: int, groups: Path) -> None:
    for name, text in files.items():
        write(groups / name, text)
    assert memory_limit() == limit


@pytest.mark.parametrize(
    ("membership", "group"),
    [("0::/job/step", "job"), ("4:memory:/job/step", "memory/job"), ("4:cpu,memory:/job/step", "memory/job")],
)
def test_the_limit_of_a_group_around_ours_is_kept(membership: str, group: str, groups: Path) -> None:
    """As on a cluster, where the job has the limit and the process is in a group of its own."""
    write(groups / "membership", f"12:pids:/elsewhere\n{membership}")
    write(groups / group / ("memory.limit_in_bytes" if group.startswith("memory") else "memory.max"), str(GIB))
    assert memory_limit() == GIB


def pieces(*frames: tuple[int, int, int], number: int = 64) -> list[SurveyTask]:
    """So many pieces of videos with frames of this height and width and so many objects."""
    folder = GroundTruthFolder(Path("nowhere"), LAYOUT)
    return [
        SurveyTask("video", tuple(range(1, objects + 1)), FrameSize(height, width), folder, tuple(range(48)))
        for height, width, objects in frames
        for _ in range(number)
    ]


@pytest.mark.parametrize(("limit", "workers"), [(None, 64), (4_000_000_000, 39), (512_000_000, 4), (150_000_000, 0), (1, 0)])
def test_as_many_workers_are_started_as_fit_into_the_memory(limit: int | None, workers: int) -> None:
    assert workers_for(pieces((720, 1280, 2)), 64, limit) == workers


def test_large_frames_with_many_objects_get_fewer_workers() -> None:
    assert workers_for(pieces((720, 1280, 2), (2160, 3840, 50)), 64, 1_000_000_000) == 2


def test_no_more_workers_are_started_than_there_are_cores() -> None:
    assert workers_for(pieces((720, 1280, 2)), 3, 4_000_000_000) == 3


def test_a_small_job_is_done_by_one_process() -> None:
    assert workers_for(pieces((48, 64, 2)), 64, None) == 1
