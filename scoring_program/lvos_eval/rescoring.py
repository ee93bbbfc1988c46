"""Scoring many stored submissions as one pool of work, and only what is not known yet.

Recognise every submission, look up which of its videos are in the store, score the others' chunks wherever a worker is free,
keep each video as it completes, and conclude each submission from its videos. Chunks are dealt out submission by submission
and video by video, so that little is unfinished at any moment, and are small, so that one huge submission keeps no worker
waiting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TextIO

from lvos_eval.assignment import require_solver
from lvos_eval.backends import Backend, LocalBackend
from lvos_eval.check_masks import check_masks
from lvos_eval.comparisons import ObjectFrame
from lvos_eval.evaluation import Chunk, ChunkResult, evaluate_chunk, plan_chunks
from lvos_eval.faults import ReferenceFault, Stopped
from lvos_eval.findings import VideoFindings
from lvos_eval.identity import Identity, Question, identify, open_stored, truth_digests
from lvos_eval.manifest import Manifest
from lvos_eval.pace import Pace
from lvos_eval.problems import Problem, ProblemCollector
from lvos_eval.protocol import Task
from lvos_eval.reference import combine_digests, find_sizes
from lvos_eval.run import RunResult, conclude, matched_values
from lvos_eval.settings import Detail
from lvos_eval.shipping import ShippedChunk, evaluate_shipped, pack
from lvos_eval.store import Store, StoredVideo

__all__ = ["Rescoring", "Tally"]

_PASSING: Final = frozenset({"unreadable-mask", "archive-damaged"})
"""Faults that may be those of a disk or a network for a moment; such a video is looked at again next time."""


@dataclass(slots=True)
class Tally:
    """How much of a rescoring was new."""

    videos: int = 0
    scored: int = 0
    """Videos that were scored; the others came from the store."""
    frames: int = 0
    damaged: int = 0
    """Entries of the store that could not be used."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One chunk of a video, as it is sent to a worker: `parts` is how many chunks the video has."""

    number: int
    parts: int
    chunk: Chunk | ShippedChunk


@dataclass(frozen=True, slots=True)
class _PartResult:
    number: int
    parts: int
    result: ChunkResult


def _score(part: _Part) -> _PartResult:
    result = evaluate_shipped(part.chunk) if isinstance(part.chunk, ShippedChunk) else evaluate_chunk(part.chunk)
    return _PartResult(part.number, part.parts, result)


@dataclass(slots=True)
class _Unfinished:
    """A submission with videos to be scored: those that are still waited for, and those that are done."""

    scorable: bool
    keys: Mapping[str, str | None]
    missing: set[str]
    arrived: defaultdict[str, list[ChunkResult]] = field(default_factory=lambda: defaultdict(list))
    fresh: dict[str, StoredVideo] = field(default_factory=dict)


class Rescoring:
    """Scores submissions against one reference, with a store and somewhere to do the work."""

    def __init__(
        self,
        manifest: Manifest,
        backend: Backend,
        store: Store,
        log: TextIO | None,
        *,
        strict: bool,
        detail: Detail,
        ship: bool = False,
    ) -> None:
        """Reads the ground truth; `detail` is how much of the scores may be shown, `ship` sends masks along with the work.

        Raises ReferenceFault with every mask that cannot be used, or if the seal is broken.
        """
        if manifest.settings.task is Task.UNSUPERVISED_MULTIPLE:
            require_solver()
        self._manifest = manifest
        self._backend = backend
        # without shared storage only this machine can read
        self._reading: Backend = LocalBackend() if ship else backend
        self.ship = ship
        self._store = store
        self._log = log
        self._strict = strict
        self._detail = detail
        self._videos = {video.name: video for video in manifest.videos}
        self._sizes = find_sizes(manifest)
        self.tally = Tally()
        self.digest, self._truths = self._read_ground_truth()

    def _read_ground_truth(self) -> tuple[str, Mapping[str, str]]:
        chunks = plan_chunks(self._manifest, self._sizes, None, score=True)
        digests: list[tuple[str, int, bytes]] = []
        faults: list[Problem] = []
        with Pace(self._log, "reading the ground truth", "frames", self._manifest.scored_count) as pace:
            for result in self._reading.run(evaluate_chunk, chunks):
                digests += [(result.video, frame, digest) for frame, digest in result.digests]
                faults += result.reference_faults
                pace.advance(result.frames)
        if faults:
            raise ReferenceFault(sorted(faults, key=lambda problem: problem.sort_key))
        digest = combine_digests(self._manifest, digests)
        sealed = self._manifest.settings.ground_truth
        if sealed is not None and sealed != digest:
            raise ReferenceFault.single(
                "ground-truth",
                f"scoring.yaml seals the ground truth with {sealed}, but its digest is {digest}: it has changed since",
                "restore it, or put the new digest into scoring.yaml",
            )
        return digest, truth_digests(digests)

    def run(self, submissions: Sequence[Path], finish: Callable[[int, RunResult], None]) -> None:
        """Scores the submissions; `finish` is given the number and the result of each, in any order.

        Raises ReferenceFault if the ground truth changes meanwhile, and Stopped where work is lost for good.
        """
        unfinished = self._recognise(submissions, finish)
        work = _Work(self, submissions, unfinished)
        frames = sum(len(self._videos[video].scored) for item in unfinished.values() for video in item.missing)
        videos = sum(len(item.missing) for item in unfinished.values())
        self.tally.scored, self.tally.frames = videos, frames
        with Pace(self._log, "scoring", "frames", frames, submissions=len(unfinished), videos=videos) as pace:
            for done in self._backend.run(_score, work):
                item, video = unfinished[done.number], done.result.video
                item.arrived[video].append(done.result)
                pace.advance(done.result.frames)
                if len(item.arrived[video]) < done.parts:
                    continue
                item.fresh[video] = self._keep(item, video, item.arrived.pop(video))
                item.missing.remove(video)
                pace.advance(videos=1)
                if not item.missing:
                    finish(done.number, self._conclude(submissions[done.number], item))
                    del unfinished[done.number]
                    pace.advance(submissions=1)
        if work.error is not None:
            raise work.error
        self.tally.damaged = self._store.damaged

    def _recognise(self, submissions: Sequence[Path], finish: Callable[[int, RunResult], None]) -> dict[int, _Unfinished]:
        """Finishes every submission that the store knows; returns the others, in order."""
        questions = (
            Question(number, path, self._manifest, self._sizes, self._truths, self._strict).portable
            for number, path in enumerate(submissions)
        )
        unfinished = {}
        with Pace(self._log, "reading", "submissions", len(submissions)) as pace:
            for identity in self._reading.run(identify, questions):
                known = self._look_up(identity)
                self.tally.videos += len(known)
                missing = {video for video, entry in known.items() if entry is None}
                item = _Unfinished(identity.scorable, identity.keys, missing)
                if missing:
                    unfinished[identity.number] = item
                else:
                    item.fresh = {video: entry for video, entry in known.items() if entry is not None}
                    finish(identity.number, self._conclude(submissions[identity.number], item))
                pace.advance(1)
        return dict(sorted(unfinished.items()))

    def _look_up(self, identity: Identity) -> dict[str, StoredVideo | None]:
        return {video: None if key is None else self._store.get(key) for video, key in identity.keys.items()}

    def chunks(self, path: Path, item: _Unfinished) -> list[list[Chunk]]:
        """What there is to do for a submission, the chunks of each video together, the longest video first."""
        submission = open_stored(path, self._manifest, ProblemCollector(self._strict))
        asked = replace(self._manifest, videos=tuple(video for video in self._manifest.videos if video.name in item.missing))
        by_video: defaultdict[str, list[Chunk]] = defaultdict(list)
        for chunk in plan_chunks(asked, self._sizes, submission, score=item.scorable):
            by_video[chunk.video].append(chunk)
        if by_video.keys() != item.missing:
            raise Stopped(f"{path} has changed since it was opened; leave the submissions alone while they are scored")
        return sorted(by_video.values(), key=lambda chunks: -sum(chunk.cost for chunk in chunks))

    def _keep(self, item: _Unfinished, video: str, results: Sequence[ChunkResult]) -> StoredVideo:
        """Puts the chunks of a video together and keeps what can be relied on."""
        findings = VideoFindings()
        values: list[ObjectFrame] = []
        faults: list[Problem] = []
        for result in results:
            findings.merge(result.findings)
            values += result.values
            faults += result.reference_faults
        if faults:
            raise ReferenceFault(sorted(faults, key=lambda problem: problem.sort_key))
        if item.scorable:
            digests = ((video, frame, digest) for result in results for frame, digest in result.digests)
            if truth_digests(digests).get(video) != self._truths.get(video):
                raise ReferenceFault.single(
                    "ground-truth",
                    "the masks have changed while they were scored on",
                    "leave them alone and start again",
                    video=video,
                )
            if not findings.faults:
                alone = replace(self._manifest, videos=(self._videos[video],))
                values = list(matched_values(alone, {video: values})[video])
        kept = StoredVideo([] if findings.faults else values, findings)
        key = item.keys[video]
        if key is not None and all(fault.code not in _PASSING for fault in findings.faults):
            self._store.put(key, kept)
        return kept

    def _conclude(self, path: Path, item: _Unfinished) -> RunResult:
        """The result of a submission whose videos are all known."""
        collector = ProblemCollector(self._strict)
        submission = open_stored(path, self._manifest, collector)
        known: dict[str, StoredVideo] = {}
        for video, key in item.keys.items():
            entry = item.fresh.get(video) or (self._store.get(key) if key is not None else None)
            if entry is None:
                raise Stopped(f"the store lost an entry of {path} since it was looked up; start again")
            known[video] = entry
        check_masks(self._manifest, {video: entry.findings for video, entry in known.items()}, collector)
        values: Mapping[str, Sequence[ObjectFrame]] = {}
        if not collector.has_errors:
            values = {video.name: known[video.name].values if video.name in known else () for video in self._manifest.videos}
        return conclude(self._manifest, self.digest, submission, collector, values, self._detail)


class _Work:
    """The chunks of all unfinished submissions, one after the other, planned one submission ahead.

    It is asked from threads that cannot deal with an exception; `error` is where it ends up.
    """

    def __init__(self, rescoring: Rescoring, submissions: Sequence[Path], unfinished: Mapping[int, _Unfinished]) -> None:
        self._plan = rescoring.chunks
        self._ship = rescoring.ship
        self._asked = [(number, submissions[number], item) for number, item in unfinished.items()]
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator[_Part]:
        try:
            with ThreadPoolExecutor(1) as planner:
                plans = [planner.submit(self._plan, path, item) for _, path, item in self._asked[:1]]
                for position, (number, _, _) in enumerate(self._asked):
                    videos = plans.pop().result()
                    plans += [
                        planner.submit(self._plan, path, item) for _, path, item in self._asked[position + 1 : position + 2]
                    ]
                    for chunks in videos:
                        for chunk in chunks:
                            yield _Part(number, len(chunks), pack(chunk) if self._ship else chunk)
        except Exception as error:  # noqa: BLE001 - raised by whoever reads the results
            self.error = error
