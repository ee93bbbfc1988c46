"""Scoring many stored submissions as one pool of work, and only what is not known yet.

Recognise every submission, look up which of its videos are in the store, score the others' chunks wherever a worker is free,
keep each video as it completes, under the key of the bytes that were scored, and conclude each submission from its videos. A
submission that has changed since it was recognised is recognised anew. A few submissions are scored side by side, so that the
ground truth is decoded once for all of them. Their chunks are dealt out video by video, so that little is unfinished at any
moment, and are small, so that one huge submission keeps no worker waiting.

The steps share what is known of each submission and are read one after the other: one class, longer than others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Final, TextIO

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import ReferenceDataError, RunStoppedError
from lvos_eval.diagnostics.text import counted, listed, printable
from lvos_eval.execution.cluster import Backend, LocalBackend
from lvos_eval.execution.progress import ProgressReporter
from lvos_eval.execution.workload import usual_pixels
from lvos_eval.protocols.contract import Pairing
from lvos_eval.reference.ground_truth import combine_digests, find_sizes
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import ArchiveLimits, Disclosure
from lvos_eval.reference.survey import SurveyResult, collect_digests, digest_masks, plan_scored
from lvos_eval.rescoring.cache_keys import (
    Basis,
    KeyRequest,
    SubmissionKeys,
    identify,
    open_stored,
    opening,
    truth_digests,
)
from lvos_eval.rescoring.parts import PartStream, join_parts, score_part
from lvos_eval.rescoring.store import Store
from lvos_eval.rescoring.stored_video import StoredVideo
from lvos_eval.scoring.assignment import require_solver
from lvos_eval.scoring.chunks import Chunk, ChunkResult, plan_chunks
from lvos_eval.scoring.results import ObjectFrame, RunResult
from lvos_eval.scoring.run import build_result, new_collector
from lvos_eval.submission.check_masks import check_masks
from lvos_eval.submission.listing import Submission

__all__ = ["Rescoring", "Tally"]

_HELD_MASKS: Final = 300_000
"""Masks of submissions whose names are held at a time, some 600 bytes each."""

_MOST_TOGETHER: Final = 8

_ATTEMPTS: Final = 3
"""So often a submission that changes while it is read or scored is begun anew."""


@dataclass(slots=True)
class Tally:
    """How much of a rescoring was new."""

    videos: int = 0
    scored: int = 0
    """Videos that were scored; the others came from the store."""
    frames: int = 0
    damaged: int = 0
    """Entries of the store that could not be used."""
    changed: int = 0
    """Submissions that changed while they were read or scored."""


@dataclass(slots=True)
class _Unfinished:
    """A submission with videos to be scored: those that are still waited for, and those that are done."""

    path: Path
    identity: SubmissionKeys
    missing: set[str]
    arrived: defaultdict[str, list[ChunkResult | None]] = field(default_factory=lambda: defaultdict(list))
    fresh: dict[str, StoredVideo] = field(default_factory=dict)
    opened: tuple[Submission, ProblemCollector] | None = None
    """The submission and the problems of its names, once it has been opened to plan the work."""
    changed: bool = False
    """Whether it was found to be another than the one that was recognised."""


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
        detail: Disclosure,
        limits: ArchiveLimits,
        sealed: str | None = None,
        ship: bool = False,
    ) -> None:
        """Reads the ground truth; `detail` is how much of the scores may be shown, `ship` sends masks along with the work.
        `sealed` is the digest that scoring.yaml pins.

        Raises ReferenceDataError with every mask that cannot be used, or if the seal is broken.
        """
        if manifest.protocol.pairing is Pairing.ASSIGNMENT:
            require_solver()
        self._manifest = manifest
        self._backend = backend
        # without shared storage only this machine can read
        self._reading: Backend = LocalBackend() if ship else backend
        self._ship = ship
        self._store = store
        self._log = log
        self._strict = strict
        self._detail = detail
        self._limits = limits
        self._sealed = sealed
        self._videos = {video.name: video for video in manifest.videos}
        self._sizes = find_sizes(manifest)
        self.tally = Tally()
        self.digest, truths = self._read_ground_truth(sealed)
        self._basis = Basis(manifest.protocol.reading, self._sizes, truths)

    def _read_ground_truth(self, sealed: str | None) -> tuple[str, Mapping[str, str]]:
        with ProgressReporter(self._log, "reading the ground truth", "frames", self._manifest.scored_count) as progress:

            def counted(results: Iterable[SurveyResult]) -> Iterator[SurveyResult]:
                for result in results:
                    yield result
                    progress.advance(result.frames)

            tasks = plan_scored(self._manifest, self._sizes)
            digests = collect_digests(counted(self._reading.run(digest_masks, tasks)))
        digest = combine_digests(self._manifest, digests)
        if sealed is not None and sealed != digest:
            raise ReferenceDataError.single(
                "ground-truth",
                f"scoring.yaml pins the ground truth to {sealed}, but its digest is {digest}: it has changed since",
                "restore it, or put the new digest into scoring.yaml",
            )
        return digest, truth_digests(digests)

    def run(self, submissions: Sequence[Path], finish: Callable[[int, RunResult], None]) -> None:
        """Scores the submissions; `finish` is given the number and the result of each, in any order.

        Raises ReferenceDataError if the ground truth changes meanwhile, and RunStoppedError where work is lost for good or a
        submission does not keep still.
        """
        waiting = dict(enumerate(submissions))
        for _ in range(_ATTEMPTS):
            waiting = self._attempt(waiting, finish)
            self.tally.changed = max(self.tally.changed, len(waiting))
            if not waiting:
                break
        self.tally.damaged = self._store.damaged
        if waiting:
            names = listed(sorted(printable(path.name) for path in waiting.values()))
            raise RunStoppedError(
                f"{counted(len(waiting), 'submission')} changed {_ATTEMPTS} times during the run: {names}; everything else is "
                "in the store: run the same command again when nothing writes to the submissions"
            )

    def _attempt(self, submissions: Mapping[int, Path], finish: Callable[[int, RunResult], None]) -> dict[int, Path]:
        """Finishes every submission that stays what it is from its recognition on; returns the others."""
        unfinished, changed = self._recognise(submissions, finish)
        work = PartStream(unfinished, self, self._longest_first(), together=self._together(), ship=self._ship)
        frames = sum(len(self._videos[video].scored) for item in unfinished.values() for video in item.missing)
        videos = sum(len(item.missing) for item in unfinished.values())
        self.tally.scored += videos
        self.tally.frames += frames
        with ProgressReporter(self._log, "scoring", "frames", frames, submissions=len(unfinished), videos=videos) as progress:
            for done in chain.from_iterable(self._backend.run(score_part, work)):
                item = unfinished[done.number]
                item.arrived[done.video].append(done.result)
                progress.advance(done.result.frames if done.result is not None else 0)
                if len(item.arrived[done.video]) < done.parts:
                    continue
                self._keep(item, done.video, item.arrived.pop(done.video))
                item.missing.remove(done.video)
                progress.advance(videos=1)
                if not item.missing:
                    del unfinished[done.number]
                    if not self._finish(done.number, item, finish):
                        changed[done.number] = item.path
                    progress.advance(submissions=1)
        if work.error is not None:
            raise work.error
        return changed | {number: item.path for number, item in unfinished.items()}

    def _recognise(
        self, submissions: Mapping[int, Path], finish: Callable[[int, RunResult], None]
    ) -> tuple[dict[int, _Unfinished], dict[int, Path]]:
        """Finishes every submission that the store knows; returns the others, in order, and those that changed meanwhile."""
        unfinished = {}
        changed = {}
        with ProgressReporter(self._log, "reading", "submissions", len(submissions)) as progress:
            for identity in self._reading.run(identify, self._questions(submissions)):
                path = submissions[identity.number]
                if not identity.steady:
                    changed[identity.number] = path
                    continue
                known = self._look_up(identity)
                self.tally.videos += len(known)
                item = _Unfinished(path, identity, {video for video, entry in known.items() if entry is None})
                if item.missing:
                    unfinished[identity.number] = item
                else:
                    item.fresh = {video: entry for video, entry in known.items() if entry is not None}
                    if not self._finish(identity.number, item, finish):
                        changed[identity.number] = path
                progress.advance(1)
        return dict(sorted(unfinished.items())), changed

    def _questions(self, submissions: Mapping[int, Path]) -> Iterator[KeyRequest]:
        for number, path in submissions.items():
            yield KeyRequest(number, path, self._manifest, self._limits, self._basis, self._strict)

    def known(self, submissions: Sequence[Path]) -> Iterator[tuple[int, Mapping[str, Sequence[ObjectFrame]] | None]]:
        """Number and values by video of each submission, from the store alone; None if it is not valid or not whole there."""
        for identity in self._reading.run(identify, self._questions(dict(enumerate(submissions)))):
            entries = self._look_up(identity) if identity.steady and identity.scorable else {}
            found = {video: entry.values for video, entry in entries.items() if entry is not None and not entry.findings.issues}
            yield identity.number, found if found.keys() == self._videos.keys() else None

    def _look_up(self, identity: SubmissionKeys) -> dict[str, StoredVideo | None]:
        return {video: self._stored(identity, video) for video in identity.keys}

    def _stored(self, identity: SubmissionKeys, video: str) -> StoredVideo | None:
        key = identity.keys[video]
        return (
            None if key is None else self._store.get(key, self._videos[video], self._manifest.protocol, scored=identity.scorable)
        )

    def begin(self, item: _Unfinished) -> Collection[str]:
        """Opens a submission to be scored; the videos to be scored, none if it does not have those any more that it had."""
        item.opened = self._open(item.path)
        videos = set(item.missing)
        return videos if all(self.plan(item, video) for video in videos) else ()

    def plan(self, item: _Unfinished, video: str) -> Sequence[Chunk]:
        """What there is to do for a video of a submission that has begun."""
        assert item.opened is not None
        asked = replace(self._manifest, videos=(self._videos[video],))
        return plan_chunks(asked, self._sizes, item.opened[0], score=item.identity.scorable)

    def _longest_first(self) -> list[str]:
        """All videos, those with the most to decode first."""
        return sorted(self._videos, key=lambda name: -len(self._videos[name].scored) * usual_pixels(self._sizes[name]))

    def _together(self) -> int:
        """Submissions that are scored side by side: the more, the less is done for the ground truth, and the more is held."""
        return min(max(_HELD_MASKS // max(self._manifest.scored_count, 1), 1), _MOST_TOGETHER)

    def _open(self, path: Path) -> tuple[Submission, ProblemCollector]:
        collector = new_collector(self._manifest, strict=self._strict)
        return open_stored(path, self._manifest, self._limits, collector), collector

    def _keep(self, item: _Unfinished, video: str, parts: Sequence[ChunkResult | None]) -> None:
        """Keeps what can be relied on of a video, under the key of the bytes that were scored."""
        found = join_parts(parts, self._videos[video], self._manifest, self._basis, scored=item.identity.scorable)
        if found is None:
            item.changed = True
            return
        item.fresh[video] = found.content
        item.changed |= found.key != item.identity.keys[video]
        if found.key is not None and found.is_lasting:
            self._store.put(found.key, found.content)

    def _finish(self, number: int, item: _Unfinished, finish: Callable[[int, RunResult], None]) -> bool:
        """Hands on the result of a submission whose videos are all known; whether it is still the one that was recognised."""
        result = None if item.changed else self._conclude(item)
        if result is not None:
            finish(number, result)
        return result is not None

    def _conclude(self, item: _Unfinished) -> RunResult | None:
        """The result of a submission whose videos are all known; None if it is not the one that was recognised."""
        if item.opened is None or not item.opened[0].is_up_to_date:
            item.opened = self._open(item.path)
        submission, collector = item.opened
        if opening(submission, collector) != item.identity.opening:
            return None
        known: dict[str, StoredVideo] = {}
        for video in item.identity.keys:
            entry = item.fresh.get(video) or self._stored(item.identity, video)
            if entry is None:
                raise RunStoppedError(
                    f"the store lost an entry of {printable(str(item.path))} since it was looked up; start again"
                )
            known[video] = entry
        check_masks(self._manifest, {video: entry.findings for video, entry in known.items()}, collector)
        values: Mapping[str, Sequence[ObjectFrame]] = {}
        if not collector.has_errors:
            values = {video.name: known[video.name].values if video.name in known else () for video in self._manifest.videos}
        # as a single run has it, which does not read the ground truth for names at fault
        digest = self.digest if item.identity.scorable else self._sealed
        return build_result(self._manifest, digest, submission, collector, values, self._detail)
