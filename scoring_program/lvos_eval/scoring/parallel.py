"""The chunks of a run on the cores and in the memory that there are."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final

from lvos_eval.diagnostics.problems import frame_ranges
from lvos_eval.execution.pool import map_unordered
from lvos_eval.execution.resources import available_cores, memory_limit
from lvos_eval.scoring.chunks import Chunk, ChunkResult
from lvos_eval.scoring.evaluate import evaluate_chunk

__all__ = ["run_chunks", "workers_that_fit"]

SMALL_JOB: Final = 2_000_000_000
"""Cost below which a run is over before worker processes would have started (about two seconds)."""

PROCESS_MEMORY: Final = 90_000_000
"""Bytes that a process needs before it looks at a mask."""

PIXEL_MEMORY: Final = 8.0
"""Bytes for each pixel of a frame that a process needs at most while it works on it, objects aside."""

OBJECT_MEMORY: Final = 0.5
"""The same for each object: a bit for mask and boundary in ground truth and prediction, if it is everywhere in the frame."""


def run_chunks(chunks: Sequence[Chunk], jobs: int | None) -> Generator[ChunkResult, None, None]:
    """The result of every chunk, in the order in which they get done.

    `jobs` worker processes do the work; one job is done in this process. None stands for the available cores, as far as the
    memory reaches, or this process where there is little to do. Raises RunStoppedError if a worker process is lost or memory runs
    out. Closing the generator ends the workers.
    """
    if jobs is None:
        little = sum(chunk.cost for chunk in chunks) < SMALL_JOB
        jobs = 1 if little else min(available_cores(), workers_that_fit(chunks))
    yield from map_unordered(evaluate_chunk, chunks, min(jobs, len(chunks)), _where)


def workers_that_fit(chunks: Sequence[Chunk]) -> int:
    """Worker processes that fit into the memory beside this process."""
    limit = memory_limit()
    if limit is None or not chunks:
        return len(chunks)
    need = max((PIXEL_MEMORY + OBJECT_MEMORY * len({*chunk.ids, *chunk.labels})) * chunk.pixels for chunk in chunks)
    return max(int((limit - PROCESS_MEMORY) // (PROCESS_MEMORY + need)), 0)


def _where(chunk: Chunk) -> str:
    return f"{chunk.video} {frame_ranges([task.frame for task in chunk.frames])}"
