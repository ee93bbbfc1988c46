"""Work on masks in pieces of consecutive frames of one video, on the cores and in the memory that there are."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Final, Protocol, TypeVar

from lvos_eval.execution.pool import map_unordered
from lvos_eval.execution.resources import available_cores, memory_limit
from lvos_eval.masks.packed import FrameSize

__all__ = [
    "Observer",
    "Piece",
    "PieceResult",
    "cut_up",
    "masks_memory",
    "run_pieces",
    "unobserved",
    "usual_pixels",
    "workers_for",
]

CHUNK_FRAMES: Final = 48
"""Frames a piece: enough to make its fixed costs small, few enough that the last one keeps nobody waiting."""

SMALL_JOB: Final = 2_000_000_000
"""Cost below which a run is over before worker processes would have started (about two seconds)."""

PROCESS_MEMORY: Final = 90_000_000
"""Bytes that a process needs before it looks at a mask."""

PIXEL_MEMORY: Final = 8.0
"""Bytes for each pixel of a frame that a process needs at most while it works on it, objects aside."""

OBJECT_MEMORY: Final = 0.5
"""The same for each object: a bit for mask and boundary in ground truth and prediction, if it is everywhere in the frame."""

_Item = TypeVar("_Item")


class Piece(Protocol):
    """Consecutive frames of one video, as a worker is given them."""

    @property
    def where(self) -> str:
        """Video and frames, for people."""

    @property
    def cost(self) -> int:
        """Roughly proportional to the time that it takes: pixels to decode and objects to count."""

    @property
    def memory(self) -> float:
        """Bytes that a process needs for its masks."""


class PieceResult(Protocol):
    """What comes back: `frames` is how many are done."""

    @property
    def video(self) -> str: ...

    @property
    def frames(self) -> int: ...


_Piece = TypeVar("_Piece", bound=Piece)
_Done = TypeVar("_Done", bound=PieceResult)


class Observer(Protocol):
    """Watches a stretch of work."""

    def __call__(self, what: str, total: int, results: Iterable[_Done], /) -> Iterable[_Done]:
        """Is shown what it is called, its number of frames, and the results as they come; passes them on."""


def unobserved(_what: str, _total: int, results: Iterable[_Done], /) -> Iterable[_Done]:
    """The observer of work that nobody watches."""
    return results


def cut_up(frames: Sequence[_Item]) -> Iterator[tuple[_Item, ...]]:
    """The frames of a video in pieces."""
    for start in range(0, len(frames), CHUNK_FRAMES):
        yield tuple(frames[start : start + CHUNK_FRAMES])


def usual_pixels(size: FrameSize | None) -> int:
    """Pixels of a frame, those of 720p where its size is not known."""
    return (size or FrameSize(720, 1280)).pixels


def masks_memory(pixels: int, objects: int) -> float:
    """Bytes that a process needs at most for the masks of one frame."""
    return (PIXEL_MEMORY + OBJECT_MEMORY * objects) * pixels


def run_pieces(function: Callable[[_Piece], _Done], pieces: Sequence[_Piece], jobs: int | None) -> Generator[_Done, None, None]:
    """`function` of every piece, in the order in which they get done.

    `jobs` worker processes do the work; one job is done in this process. None stands for as many as `workers_for` finds. Raises
    RunStoppedError if a worker process is lost or memory runs out. Closing the generator ends the workers.
    """
    if jobs is None:
        jobs = workers_for(pieces, available_cores(), memory_limit())
    yield from map_unordered(function, pieces, min(jobs, len(pieces)), lambda piece: piece.where)


def workers_for(pieces: Sequence[Piece], cores: int, memory: int | None) -> int:
    """Worker processes that are worth their start and fit into `memory` bytes (None: no limit) beside this process.

    One where there is little to do.
    """
    if sum(piece.cost for piece in pieces) < SMALL_JOB:
        return 1
    if memory is None:
        return cores
    need = PROCESS_MEMORY + max(piece.memory for piece in pieces)
    return min(cores, max(int((memory - PROCESS_MEMORY) // need), 0))
