"""The chunks of many submissions as one stream of work, and the chunks of one video put together again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from lvos_eval.diagnostics.errors import ReferenceDataError, SubmissionGoneError
from lvos_eval.diagnostics.problems import Problem
from lvos_eval.formats.mask_issues import DamagedMember, NotPng, TooLarge, Unreadable
from lvos_eval.protocols.contract import MissingVideos
from lvos_eval.reference.ground_truth import refuse_unusable
from lvos_eval.reference.manifest import Manifest, Video
from lvos_eval.rescoring.cache_keys import Basis, truth_digests, video_key
from lvos_eval.rescoring.portable_chunk import pack_together
from lvos_eval.rescoring.stored_video import StoredVideo
from lvos_eval.scoring.chunks import Chunk, ChunkResult
from lvos_eval.scoring.evaluate import evaluate_together
from lvos_eval.scoring.results import ObjectFrame
from lvos_eval.scoring.run import matched_values
from lvos_eval.submission.mask_findings import VideoFindings

__all__ = ["FinishedVideo", "Part", "PartStream", "Piece", "PieceResult", "Planner", "join_parts", "score_part"]

_PASSING: Final = (DamagedMember, NotPng, TooLarge, Unreadable)
"""Issues that may be those of a disk or a network for a moment; such a video is looked at again next time."""

_Item = TypeVar("_Item")
_Begun = TypeVar("_Begun", contravariant=True)


class Piece(NamedTuple):
    """One chunk of a video of a submission: `parts` is how many chunks the video has."""

    number: int
    """Of the submission."""
    parts: int
    chunk: Chunk


@dataclass(frozen=True, slots=True)
class Part:
    """What is sent to a worker: pieces of the same frames of one video, one of each of some submissions."""

    pieces: tuple[Piece, ...]


class PieceResult(NamedTuple):
    """`result` is None if the submission was gone."""

    number: int
    parts: int
    video: str
    result: ChunkResult | None


def score_part(part: Part) -> list[PieceResult]:
    """Does the work of a part, in a worker; the ground truth is decoded once."""
    found = evaluate_together([piece.chunk for piece in part.pieces])
    return [
        PieceResult(number, parts, chunk.video, None if isinstance(result, SubmissionGoneError) else result)
        for (number, parts, chunk), result in zip(part.pieces, found, strict=True)
    ]


class Planner(Protocol[_Begun]):
    """Knows what is to be done for a submission."""

    def begin(self, item: _Begun) -> Collection[str]:
        """Makes it ready; the videos that there is something to do for."""

    def plan(self, item: _Begun, video: str) -> Sequence[Chunk]:
        """The chunks of one of them."""


class PartStream(Generic[_Item]):
    """The parts of all submissions, `together` of them at a time, video by video.

    It is asked from threads that cannot deal with an exception; `error` is where it ends up.
    """

    def __init__(
        self, items: Mapping[int, _Item], planner: Planner[_Item], videos: Sequence[str], *, together: int, ship: bool
    ) -> None:
        """`videos` says in which order they are dealt out; `ship` has masks travel along."""
        self._items = items
        self._planner = planner
        self._videos = videos
        self._together = together
        self._ship = ship
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator[Part]:
        numbers = list(self._items)
        groups = [numbers[start : start + self._together] for start in range(0, len(numbers), self._together)]
        try:
            with ThreadPoolExecutor(1) as opener:
                ready = [opener.submit(self._begin, group) for group in groups[:1]]
                for position in range(len(groups)):
                    found = ready.pop().result()
                    videos = [video for video in self._videos if video in found]
                    # each holds the names of all its masks: the next ones are opened towards the end
                    ahead = len(videos) * 9 // 10
                    for video in videos[:ahead]:
                        yield from self._parts(video, found[video])
                    ready += [opener.submit(self._begin, group) for group in groups[position + 1 : position + 2]]
                    for video in videos[ahead:]:
                        yield from self._parts(video, found[video])
        except Exception as error:  # noqa: BLE001 - raised by whoever reads the results
            self.error = error

    def _begin(self, numbers: Sequence[int]) -> Mapping[str, Sequence[int]]:
        """By video, which of some submissions there is something to do for."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for number in numbers:
            for video in self._planner.begin(self._items[number]):
                found[video].append(number)
        return found

    def _parts(self, video: str, numbers: Sequence[int]) -> Iterator[Part]:
        """The parts of a video of some submissions; what is only checked needs no ground truth, and is a part of its own."""
        together: defaultdict[tuple[int | None, tuple[int, ...]], list[Piece]] = defaultdict(list)
        for number in numbers:
            chunks = self._planner.plan(self._items[number], video)
            for chunk in chunks:
                frames = tuple(task.frame for task in chunk.frames)
                alone = number if chunk.ground_truth is None else None
                together[alone, frames].append(Piece(number, len(chunks), chunk))
        for pieces in together.values():
            if self._ship:
                shipped = pack_together([piece.chunk for piece in pieces])
                pieces = [piece._replace(chunk=chunk) for piece, chunk in zip(pieces, shipped, strict=True)]
            yield Part(tuple(pieces))


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
