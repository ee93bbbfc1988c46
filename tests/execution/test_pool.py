"""A pool of workers comes to an end whatever it meets on the way."""

from __future__ import annotations

import os
import threading

import pytest

from lvos_eval.execution import pool


def double(number: int) -> int:
    return 2 * number


def test_a_pipe_that_is_closed_already_does_not_keep_a_pool_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    end = pool._Workers._end_workers

    def close_first(workers: pool._Workers[int, int]) -> None:
        os.close(workers._executor._call_queue._reader.fileno())
        end(workers)

    monkeypatch.setattr(pool._Workers, "_end_workers", close_first)
    assert sorted(pool.map_unordered(double, range(6), 2)) == [0, 2, 4, 6, 8, 10]


def test_what_goes_wrong_at_the_end_of_a_pool_does_not_keep_its_results_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    end = pool._Workers._end_workers

    def fail_after(workers: pool._Workers[int, int]) -> None:
        end(workers)
        raise OSError

    monkeypatch.setattr(pool._Workers, "_end_workers", fail_after)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    assert sorted(pool.map_unordered(double, range(6), 2)) == [0, 2, 4, 6, 8, 10]
