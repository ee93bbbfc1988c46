"""What the soak looks for is found where it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.shared_memory import SharedMemory

import pytest

from soak.traces import MARKER, holdings, marked_processes, shared_memory, wait_for_end

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")

PARENT = "import subprocess; child = subprocess.Popen(['sleep', '60']); print(child.pid, flush=True); child.wait()"


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    """A process with one child."""
    environment = {**os.environ, MARKER: "test-of-traces"}
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env=environment, text=True) as process:
        yield process
        process.kill()


def test_a_child_is_found_below_its_parent_and_after_its_parents_death(parent: subprocess.Popen[str]) -> None:
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert holdings(parent.pid).descendants == (child,)
    assert set(marked_processes("test-of-traces")) == {parent.pid, child}
    parent.kill()
    parent.wait()
    assert wait_for_end("test-of-traces", 0.1) == [child]
    os.kill(child, 9)
    assert wait_for_end("test-of-traces", 5) == []


def test_descriptors_and_memory_are_those_of_the_process() -> None:
    before = holdings(os.getpid())
    read, write = os.pipe()
    try:
        assert holdings(os.getpid()).descriptors == before.descriptors + 2
    finally:
        os.close(read)
        os.close(write)
    assert 5 < before.resident < 5000


def test_shared_memory_is_found_by_the_process_in_its_name() -> None:
    segment = SharedMemory(create=True, size=16, name=f"joblib_{os.getpid()}_test")
    try:
        assert segment.name in shared_memory({os.getpid()})
        assert segment.name not in shared_memory({1})
    finally:
        segment.close()
        segment.unlink()
