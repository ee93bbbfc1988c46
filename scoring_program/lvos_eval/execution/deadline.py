"""The moment after which a run stops by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from lvos_eval import system
from lvos_eval.diagnostics.errors import RunStoppedError

__all__ = ["Deadline"]

_GRACE: Final = 1.0
_HINT: Final = "give it more cores, or raise time_limit in scoring.yaml"


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment, on the monotonic clock, after which a run stops by itself."""

    limit: float
    moment: float

    @classmethod
    def after(cls, limit: float | None) -> Deadline | None:
        """`limit` seconds from now; None without a limit."""
        return None if limit is None else cls(limit, time.monotonic() + limit)

    def check(self, now: float, done: str) -> None:
        """Raises RunStoppedError if it is over; `done` says how far the run came."""
        if now > self.moment:
            raise RunStoppedError(f"the time limit of {self.limit:g} s ran out while {done}; {_HINT}")


@contextmanager
def enforced(deadline: Deadline | None) -> Iterator[None]:
    """A block that a deadline ends even where nothing comes to an end that would look at the clock: by RunStoppedError.

    It has a second more, so that a run that still moves stops between two chunks, which can say how far it came.
    """
    if deadline is None:
        yield
        return

    def stop(*_: object) -> None:
        raise RunStoppedError(f"the time limit of {deadline.limit:g} s ran out and nothing moved any more; {_HINT}")

    # again and again, because an exception may get lost, as in a destructor
    with system.repeating_alarm(max(deadline.moment - time.monotonic(), 0) + _GRACE, _GRACE, stop):
        yield
