"""Real clusters on the loopback interface, each of two worker processes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import clusters
import commands
import rescores
import submissions
from clusters import DaskCluster, answers, free_port, require_engine, wait_for

VALID = 12
INVALID = 6


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-cluster", action="append", default=[], help="fail instead of skipping where this engine is missing"
    )


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return submissions.write_reference(tmp_path_factory.mktemp("cluster") / "reference")


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rescores.write_many(tmp_path_factory.mktemp("cluster") / "submissions", VALID, INVALID)


@pytest.fixture(scope="session")
def local(reference: Path, stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a run without a cluster."""
    output = tmp_path_factory.mktemp("cluster") / "local"
    assert rescores.rescore(stored, reference, output) == 0
    return output


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """What the processes of a cluster are started with: the program, and the tests' own tasks."""
    search = os.pathsep.join([str(commands.PROGRAM), str(Path(clusters.__file__).parent)])
    # work that has been lost twice is given up
    return {**os.environ, "PYTHONPATH": search, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}


@pytest.fixture
def dask_cluster(
    request: pytest.FixtureRequest, environment: dict[str, str], tmp_path: Path
) -> Iterator[Callable[[int], DaskCluster]]:
    """Starts a cluster of so many workers with one thread each; a worker that is killed stays dead."""
    require_engine(request, "distributed", "dask")
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"{arguments[0]}-{len(started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments], stdout=log, stderr=subprocess.STDOUT, env=environment, cwd=tmp_path
            )
        started.append(process)
        return process

    def cluster(workers: int) -> DaskCluster:
        port = free_port()
        start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--dashboard-address", "127.0.0.1:0")
        wait_for(lambda: answers(port))
        made = DaskCluster(f"tcp://127.0.0.1:{port}")
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(tmp_path))
        made.workers = [start("worker", made.address, *options) for _ in range(workers)]
        wait_for(lambda: all("Registered to" in log.read_text() for log in tmp_path.glob("worker-*.log")))
        return made

    yield cluster
    for process in reversed(started):
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait(timeout=30)
