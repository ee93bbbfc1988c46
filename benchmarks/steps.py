"""Where the time of our program goes: a stopwatch around each of its steps while it does its ordinary work."""

import functools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from unittest.mock import patch

from lvos_eval.formats import label_map, png
from lvos_eval.masks import finder
from lvos_eval.metrics import measures
from lvos_eval.reference import ground_truth
from lvos_eval.scoring import evaluate, pairing
from lvos_eval.submission import source

__all__ = ["STEPS", "Stopwatch", "watched"]

_PLACES: Final[tuple[tuple[str, object, str], ...]] = (
    ("read", ground_truth, "read_file"),
    ("read", source, "read_file"),
    ("parse, checksums", label_map, "parse_png"),
    ("inflate", png, "inflate"),
    ("unfilter", label_map, "decode_labels"),
    ("find, pack", finder.ObjectFinder, "find"),
    ("outline", measures, "boundaries"),
    ("match", measures, "count_matched"),
    ("count", pairing, "score_pairs"),
    ("digest", evaluate, "frame_digest"),
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
