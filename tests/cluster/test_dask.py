"""Rescoring on a real Dask cluster: the same bytes, also when a worker is killed on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import rescores
from clusters import DaskCluster, free_port, survive, wait_for
from lvos_eval.diagnostics.errors import ExitCode, RunStoppedError
from lvos_eval.execution.cluster import open_backend
from rescores import published

pytestmark = pytest.mark.cluster

Start = Callable[[int], DaskCluster]


def command(stored: Path, reference: Path, output: Path, address: str) -> list[str]:
    options = ["--reference", str(reference), "--output", str(output), "--backend", "dask", "--scheduler", address]
    return [sys.executable, "-m", "lvos_eval", "rescore", str(stored), *options]


def test_the_bytes_are_those_of_a_local_run_though_a_worker_is_killed_half_way(
    dask_cluster: Start, stored: Path, reference: Path, local: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    cluster = dask_cluster(2)
    output = tmp_path / "output"
    run = subprocess.Popen(
        command(stored, reference, output, cluster.address),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: rescores.entries(output) >= rescores.entries(local) // 2 or run.poll() is not None)
    assert run.poll() is None, "it came to its end before the worker was killed"
    cluster.kill(0)
    text, errors = run.communicate(timeout=120)
    assert run.returncode == ExitCode.SUCCESS, errors
    assert "2 Dask workers with 2 threads; dashboard http://127.0.0.1:" in text
    assert published(output) == published(local)


def test_masks_that_are_shipped_give_the_same_bytes(
    dask_cluster: Start, stored: Path, reference: Path, local: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    arguments = [*command(stored, reference, tmp_path / "output", dask_cluster(2).address), "--ship"]
    run = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode == ExitCode.SUCCESS, run.stderr
    assert published(tmp_path / "output") == published(local)


def test_what_a_lost_worker_had_in_hand_is_done_by_another(dask_cluster: Start, tmp_path: Path) -> None:
    cluster = dask_cluster(2)
    tasks = [(number, str(tmp_path / "killed") if number == 5 else "") for number in range(20)]
    with open_backend("dask", cluster.address, None, []) as backend:
        assert sorted(backend.run(survive, tasks)) == list(range(20))
    assert [worker.poll() is None for worker in cluster.workers].count(False) == 1


def test_work_that_is_lost_twice_ends_the_run_with_the_reason(dask_cluster: Start) -> None:
    cluster = dask_cluster(3)
    tasks = [(number, "always" if number == 5 else "") for number in range(20)]
    with (
        open_backend("dask", cluster.address, None, []) as backend,
        pytest.raises(RunStoppedError, match="work was lost more than once together with the worker that did it"),
    ):
        list(backend.run(survive, tasks))


def test_a_worker_that_does_not_see_the_masks_ends_the_run(dask_cluster: Start, tmp_path: Path) -> None:
    cluster = dask_cluster(1)
    with (
        open_backend("dask", cluster.address, None, [tmp_path / "not-here"]) as backend,
        pytest.raises(
            RunStoppedError, match=f"a worker on {os.uname().nodename} does not see .*not-here: put the masks on storage"
        ),
    ):
        list(backend.run(survive, [(1, "")]))


def test_a_scheduler_that_does_not_answer_is_named(
    request: pytest.FixtureRequest,
    dask_cluster: Start,
    stored: Path,
    reference: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    options = ["--backend", "dask", "--scheduler", address]
    from lvos_eval.cli.main import main

    arguments = ["rescore", str(stored), "--reference", str(reference), "--output", str(tmp_path), *options]
    assert main(arguments) == ExitCode.USAGE
    assert f"no Dask scheduler answers at {address}" in capsys.readouterr().err
