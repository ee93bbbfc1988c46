"""Where the time of our program goes: a stopwatch around each of its steps while it does its ordinary work."""

import functools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest.mock import patch

from lvos_eval import comparisons, decoder, evaluation, masks, metrics, png, submission

__all__ = ["STEPS", "Stopwatch", "watched"]

_PLACES: Final[tuple[tuple[str, object, str], ...]] = (
    ("read", evaluation, "read_file"),
    ("read", submission, "read_file"),
    ("parse, checksums", decoder, "parse_png"),
    ("inflate", png, "inflate"),
    ("unfilter", decoder, "decode_labels"),
    ("find, pack", masks.ObjectFinder, "find"),
    ("outline", metrics, "boundaries"),
    ("match", metrics, "count_matched"),
    ("count", comparisons, "measure"),
    ("digest", evaluation, "_digest"),
)
"""The functions that are the steps: name of the step, where the function is looked up, its name there."""

STEPS: Final = tuple(dict.fromkeys(step for step, _, _ in _PLACES))


class Stopwatch:
    """Seconds by step; what a step calls that is a step itself counts there alone."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(STEPS, 0.0)
        self.calls: Counter[str] = Counter()
        self._inner: list[float] = []

    def around(self, step: str, place: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, watched."""

        @functools.wraps(function)
        def watched_function(*arguments: Any, **options: Any) -> Any:
            self._inner.append(0.0)
            started = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                took = time.perf_counter() - started
                self.seconds[step] += took - self._inner.pop()
                self.calls[place] += 1
                if self._inner:
                    self._inner[-1] += took

        return watched_function


@contextmanager
def watched() -> Iterator[Stopwatch]:
    """Watches every step that this process takes.

    Raises AttributeError if the program has no such function, and LookupError if it never called one: then the list above
    is out of date and its figures would be wrong.
    """
    stopwatch = Stopwatch()
    with ExitStack() as patches:
        for step, owner, name in _PLACES:
            watch = stopwatch.around(step, _place(owner, name), getattr(owner, name))
            patches.enter_context(patch.object(owner, name, watch))
        yield stopwatch
    never = [place for _, owner, name in _PLACES if not stopwatch.calls[place := _place(owner, name)]]
    if never:
        raise LookupError(f"the program has not called {', '.join(never)}")


def _place(owner: object, name: str) -> str:
    return f"{getattr(owner, '__name__', owner)}.{name}"
