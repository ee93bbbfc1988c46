"""The chunks of many submissions as one stream of work, and the chunks of one video put together again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from lvos_eval.diagnostics.errors import ReferenceDataError, SubmissionGoneError
from lvos_eval.diagnostics.problems import Problem
from lvos_eval.formats.mask_issues import DamagedMember, NotPng, TooLarge, Unreadable
from lvos_eval.protocols.contract import MissingVideos
from lvos_eval.reference.ground_truth import refuse_unusable
from lvos_eval.reference.manifest import Manifest, Video
from lvos_eval.rescoring.cache_keys import Basis, truth_digests, video_key
from lvos_eval.rescoring.portable_chunk import ShippedChunk, evaluate_shipped, pack
from lvos_eval.rescoring.stored_video import StoredVideo
from lvos_eval.scoring.chunks import Chunk, ChunkResult
from lvos_eval.scoring.evaluate import evaluate_chunk
from lvos_eval.scoring.results import ObjectFrame
from lvos_eval.scoring.run import matched_values
from lvos_eval.submission.mask_findings import VideoFindings

__all__ = ["FinishedVideo", "Part", "PartResult", "PartStream", "join_parts", "score_part"]

_PASSING: Final = (DamagedMember, NotPng, TooLarge, Unreadable)
"""Issues that may be those of a disk or a network for a moment; such a video is looked at again next time."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Part:
    """One chunk of a video, as it is sent to a worker: `parts` is how many chunks the video has."""

    number: int
    """Of the submission."""
    parts: int
    chunk: Chunk | ShippedChunk


@dataclass(frozen=True, slots=True)
class PartResult:
    """`result` is None if the submission was gone."""

    number: int
    parts: int
    video: str
    result: ChunkResult | None


def score_part(part: Part) -> PartResult:
    """Does the work of a part, in a worker."""
    result = None
    with contextlib.suppress(SubmissionGoneError):
        result = evaluate_shipped(part.chunk) if isinstance(part.chunk, ShippedChunk) else evaluate_chunk(part.chunk)
    return PartResult(part.number, part.parts, part.chunk.video, result)


class PartStream(Generic[_Item]):
    """The parts of all submissions, one after the other, planned one submission ahead.

    It is asked from threads that cannot deal with an exception; `error` is where it ends up.
    """

    def __init__(self, items: Mapping[int, _Item], plan: Callable[[_Item], Sequence[Sequence[Chunk]]], *, ship: bool) -> None:
        """`plan` gives the chunks of each video of a submission; `ship` has masks travel along."""
        self._items = list(items.items())
        self._plan = plan
        self._ship = ship
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator[Part]:
        try:
            with ThreadPoolExecutor(1) as planner:
                plans = [planner.submit(self._plan, item) for _, item in self._items[:1]]
                for position, (number, _) in enumerate(self._items):
                    videos = plans.pop().result()
                    plans += [planner.submit(self._plan, item) for _, item in self._items[position + 1 : position + 2]]
                    for chunks in videos:
                        for chunk in chunks:
                            yield Part(number, len(chunks), pack(chunk) if self._ship else chunk)
        except Exception as error:  # noqa: BLE001 - raised by whoever reads the results
            self.error = error


@dataclass(frozen=True, slots=True)
class FinishedVideo:
    """What was found in one video of a submission."""

    content: StoredVideo
    key: str | None
    """Of the very bytes that were scored or checked; None if one of the masks could not be read."""

    @property
    def is_lasting(self) -> bool:
        """Whether it would be found again."""
        return self.key is not None and not any(isinstance(issue, _PASSING) for issue in self.content.findings.issues)


def join_parts(
    parts: Sequence[ChunkResult | None], video: Video, manifest: Manifest, basis: Basis, *, scored: bool
) -> FinishedVideo | None:
    """Puts the chunks of a video together; None if the submission was gone, or masks that are to be `scored` were.

    Raises ReferenceDataError if the ground truth cannot be used any more or is another than that of `basis`.
    """
    results = [result for result in parts if result is not None]
    if len(results) < len(parts):
        return None
    findings = VideoFindings()
    values: list[ObjectFrame] = []
    masks: dict[int, bytes | None] = {}
    faults: list[Problem] = []
    for result in results:
        findings.merge(result.findings)
        values += result.values
        masks |= result.masks
        faults += result.reference_faults
    refuse_unusable(faults)
    if scored:
        # one with the right names has them all
        may_be_absent = not masks and manifest.protocol.missing_videos is not MissingVideos.REFUSED
        if not may_be_absent and not set(video.scored) <= masks.keys():
            return None
        _require_same_truth(video.name, results, basis)
        if not findings.issues:
            values = list(matched_values(replace(manifest, videos=(video,)), {video.name: values})[video.name])
    digests = {frame: digest for frame, digest in masks.items() if digest is not None}
    key = video_key(video, basis, digests, scored=scored) if len(digests) == len(masks) else None
    return FinishedVideo(StoredVideo([] if findings.issues else values, findings), key)


def _require_same_truth(video: str, results: Sequence[ChunkResult], basis: Basis) -> None:
    digests = ((video, frame, digest) for result in results for frame, digest in result.digests)
    if truth_digests(digests).get(video) != basis.truths.get(video):
        raise ReferenceDataError.single(
            "ground-truth", "the masks have changed while they were scored on", "leave them alone and start again", video=video
        )
