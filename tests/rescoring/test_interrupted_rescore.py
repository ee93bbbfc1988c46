"""A rescoring that is killed, again and again, and goes on where it was."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import commands
import rescores
import submissions
from rescores import newly_scored, published

pytestmark = pytest.mark.slow

VALID = 50
INVALID = 10
KILLS = 5
JOBS = 2
IN_FLIGHT = 3 * JOBS
"""Tasks that are dealt out ahead of their results."""


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return submissions.write_reference(tmp_path_factory.mktemp("interrupted") / "reference")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rescores.write_many(tmp_path_factory.mktemp("interrupted") / "submissions", VALID, INVALID)


@pytest.fixture(scope="module")
def uninterrupted(reference: Path, stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("interrupted") / "output"
    run = subprocess.run(command(stored, reference, output), capture_output=True, text=True, timeout=300, env=environment())
    assert run.returncode == 0, run.stderr
    assert len(rescores.board(output)["submissions"]) == VALID
    assert len(rescores.board(output)["invalid"]) == INVALID
    return output


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(commands.PROGRAM)}


def command(stored: Path, reference: Path, output: Path) -> list[str]:
    options = ["--reference", str(reference), "--output", str(output), "--jobs", str(JOBS), "--quiet"]
    return [sys.executable, "-m", "lvos_eval", "rescore", str(stored), *options]


def kill_at(wanted: int, stored: Path, reference: Path, output: Path) -> int:
    """Runs until the store holds so many entries, kills it there, and returns how many it holds."""
    run = subprocess.Popen(
        command(stored, reference, output),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    try:
        while run.poll() is None and rescores.entries(output) < wanted:
            time.sleep(0.001)
        assert run.poll() is None, "it came to its end before it was killed"
        os.kill(run.pid, signal.SIGKILL)
        assert run.wait(timeout=60) == -signal.SIGKILL
    finally:
        # the workers of a killed run notice it, but the test does not wait for that
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
    return rescores.entries(output)


def test_the_leaderboard_of_a_run_that_is_killed_five_times_is_the_same_to_the_byte(
    reference: Path, stored: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    everything = rescores.entries(uninterrupted)
    moments = sorted(random.Random(8).sample(range(2, everything - 4), KILLS))
    held = 0
    for moment in moments:
        reached = kill_at(moment, stored, reference, tmp_path)
        assert reached >= max(held, moment), "no entry gets lost"
        assert not (tmp_path / "leaderboard.json").exists()
        held = reached
    last = subprocess.run(command(stored, reference, tmp_path), capture_output=True, text=True, timeout=300, env=environment())
    assert last.returncode == 0, last.stderr
    assert "could not be used" not in last.stdout, "a killed run leaves whole entries"
    scored, videos = newly_scored(last.stdout)
    # every mask differs, so an entry stands for one video; a video with a mask that cannot be read has none
    assert scored - (videos - everything) == everything - held
    assert published(tmp_path) == published(uninterrupted)
    assert not list((tmp_path / ".store").glob(".*.part"))


def test_a_run_that_is_killed_while_it_writes_results_leaves_whole_files_only(
    reference: Path, stored: Path, uninterrupted: Path, tmp_path: Path
) -> None:
    expected = published(uninterrupted)
    chance = random.Random(3)
    for _ in range(2):
        run = subprocess.Popen(
            command(stored, reference, tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(),
            start_new_session=True,
        )  # fmt: skip
        seen = len(list(tmp_path.glob("results/*/scores.json")))
        while run.poll() is None and len(list(tmp_path.glob("results/*/scores.json"))) < seen + 3:
            time.sleep(0.001)
        time.sleep(chance.random() / 20)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait(timeout=60)
        for name, content in published(tmp_path).items():
            if not re.search(r"/\.[^/]*$", name):
                assert content == expected[name], name
    assert (
        subprocess.run(command(stored, reference, tmp_path), timeout=300, env=environment(), capture_output=True).returncode == 0
    )
    assert published(tmp_path) == expected
