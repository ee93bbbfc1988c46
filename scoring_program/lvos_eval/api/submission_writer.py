"""A submission that is right from the start: written mask by mask, in the loop of a tracker."""

from __future__ import annotations

import os
import secrets
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike

from lvos_eval.api.arguments import StrPath, flag, frame_number, job_count, label_map, path, reference_choice
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.text import counted, listed
from lvos_eval.execution.resources import available_cores
from lvos_eval.formats.label_png import encode_labels
from lvos_eval.formats.new_archive import NewArchive
from lvos_eval.masks.packed import FrameSize, Labels
from lvos_eval.protocols.contract import VOID_LABEL, MaskEncoding
from lvos_eval.reference.ground_truth import known_sizes
from lvos_eval.reference.loading import load_manifest
from lvos_eval.workflows.rewriting import VIEWER_PALETTE

__all__ = ["SubmissionWriter"]

_AHEAD: Final = 8
"""Masks for each thread that wait to be written, so that memory stays flat."""


class SubmissionWriter:
    """Writes the zip that the server takes, mask by mask.

    >>> import tempfile, numpy, lvos_eval
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with SubmissionWriter(f"{folder}/submission.zip", "reference_data_stub/reference", fill_missing=True) as writer:
    ...         for video, frames in writer.frames.items():
    ...             for frame in frames:
    ...                 writer.add(video, frame, numpy.zeros(writer.size(video), int))
    ...     lvos_eval.check(f"{folder}/submission.zip", "reference_data_stub/reference").problems[0].code
    'nothing-predicted'

    `reference` is the metadata file or the folder that holds it; `protocol`, `task` and `image_set` are those of `score`.
    `threads` encode, None for as many as there are cores. The zip replaces an old one when the block ends and no scored frame is
    without a mask; with `fill_missing` those get an empty one. Otherwise what was added lies beside it as
    `<name>.incomplete.zip`, and UsageError says what is missing; so it does when an exception ends the block.
    """

    def __init__(
        self,
        output: StrPath,
        reference: StrPath,
        *,
        protocol: str | None = None,
        task: str | None = None,
        image_set: str | None = None,
        fill_missing: bool = False,
        threads: int | None = None,
    ) -> None:
        chosen = reference_choice(reference, protocol, task, image_set)
        self._output, self._fill = path("output", output), flag("fill_missing", fill_missing)
        self._threads = job_count(threads) or available_cores()
        manifest = load_manifest(chosen.path, chosen.settings().rules, splits=False)
        self._protocol = manifest.protocol
        if self._protocol.upload_folder is None:
            raise UsageError(f"no server that takes masks is documented for {self._protocol.name}")
        if self._output.is_dir() or not self._output.parent.is_dir():
            raise UsageError(f"{self._output} cannot be the zip: name a file in a folder that is there")
        self._videos = {video.name: video for video in manifest.videos}
        self._sizes = known_sizes(manifest)
        self._seen: set[tuple[str, int]] = set()

    @property
    def frames(self) -> dict[str, tuple[int, ...]]:
        """The frames of each video that need a mask, in order."""
        return {name: video.scored for name, video in self._videos.items()}

    def size(self, video: str) -> tuple[int, int]:
        """The (height, width) of a video. Raises ValueError where nothing tells it."""
        size = self._sizes[self._known(video)]
        if size is None:
            raise ValueError(f"the reference does not give the size of {video}")
        return size.height, size.width

    def __enter__(self) -> Self:
        self._unfinished = self._output.parent / f".{self._output.name[:60]}.{secrets.token_hex(4)}.part"
        self._archive = NewArchive(self._unfinished).__enter__()
        self._pool = ThreadPoolExecutor(self._threads)
        self._waiting: deque[tuple[str, Future[bytes]]] = deque()
        return self

    def add(self, video: str, frame: int, ids: ArrayLike) -> None:
        """The mask of a frame: integers or booleans of shape (height, width), 0 for background, else the id of the object.

        Frames that are not annotated are left out. Raises TypeError, and ValueError for what is not of the video, for a wrong
        size, for a label of no object and for a second mask of the same frame.
        """
        known, frame = self._videos[self._known(video)], frame_number(frame)
        labels = label_map("ids", ids)
        if frame not in known.annotated:
            return
        where = f"{video}, frame {self._protocol.layout.name(frame)}"
        if (video, frame) in self._seen:
            raise ValueError(f"{where}: it has a mask already")
        found = FrameSize(*labels.shape)
        size = self._sizes[video] = self._sizes[video] or found
        if found != size:
            raise ValueError(f"{where}: the mask has the shape {labels.shape}, and the video has {(size.height, size.width)}")
        self._check_labels(where, labels, known.ids)
        self._seen.add((video, frame))
        self._write(video, frame, labels.copy())

    def _known(self, video: str) -> str:
        if video not in self._videos:
            raise ValueError(f"{video!r} is not a video of the reference; it has {listed(self._videos)}")
        return video

    def _check_labels(self, where: str, labels: Labels, ids: tuple[int, ...]) -> None:
        if self._protocol.encoding is not MaskEncoding.LABEL_MAP:
            return
        allowed = self._protocol.labels(ids)
        others = set(np.flatnonzero(np.bincount(labels.reshape(-1))).tolist()) - {0, VOID_LABEL, *allowed}
        if others:
            raise ValueError(f"{where}: {listed(sorted(others), 8)} is not an object; the objects are {listed(allowed, 20)}")

    def _write(self, video: str, frame: int, labels: Labels) -> None:
        name = f"{self._protocol.upload_folder}/{video}/{self._protocol.layout.name(frame)}.png"
        coloured = self._protocol.encoding is MaskEncoding.LABEL_MAP
        self._waiting.append((name, self._pool.submit(encode_labels, labels, VIEWER_PALETTE if coloured else b"")))
        self._flush(_AHEAD * self._threads)

    def _flush(self, most: int) -> None:
        """Writes masks in the order in which they were added, until at most so many wait."""
        while len(self._waiting) > most:
            name, encoded = self._waiting.popleft()
            self._archive.add(name, encoded.result())

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        missing = self._missing()
        kept = self._output
        try:
            if kind is None and self._fill:
                for video, frame in missing:
                    self._write(video, frame, np.zeros(self.size(video), np.uint8))
                missing = []
            self._flush(0)
            self._archive.__exit__(None, None, None)
            if missing or kind is not None:
                kept = self._output.with_name(f"{self._output.name.removesuffix('.zip')}.incomplete.zip")
            os.replace(self._unfinished, kept)
        finally:
            self._pool.shutdown(cancel_futures=True)
            self._unfinished.unlink(missing_ok=True)
        if missing and kind is None:
            frames = [f"{video} {self._protocol.layout.name(frame)}" for video, frame in missing]
            raise UsageError(
                f"{counted(len(missing), 'scored frame')} {'has' if len(missing) == 1 else 'have'} no mask: {listed(frames)}. "
                f"What was added is in {kept.name}; add the rest, or pass fill_missing=True for empty masks."
            )

    def _missing(self) -> list[tuple[str, int]]:
        """The scored frames without a mask."""
        return [(video, frame) for video, frames in self.frames.items() for frame in frames if (video, frame) not in self._seen]
