"""Submissions run again: a few at a time, until each has a result; what fails or gets stuck is tried again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from competition.corrections.codabench import Site
from competition.corrections.connection import UnsureError
from competition.corrections.journal import Journal
from competition.corrections.phase import SubmissionInfo
from lvos_eval.diagnostics.errors import RunStoppedError
from lvos_eval.diagnostics.text import listed

__all__ = ["ATTEMPTS", "Job", "Pace", "Runs"]

ATTEMPTS: Final = 3
"""Re-runs of one submission, if they fail or get stuck; of those that get stuck, each time the program is started."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard a site is pressed."""

    at_once: int = 10
    """Re-runs that wait or run at the same time."""
    poll: float = 30.0
    """Seconds between two looks at them."""
    patience: float = 3600.0
    """Seconds without any change after which those that have not ended are stuck."""


@dataclass(frozen=True, slots=True)
class Job:
    """A submission to be run again; `runs` is the journal's list of its re-runs, which grows."""

    source: int
    runs: list[int]
    attempts: int = ATTEMPTS

    def is_over(self, found: Mapping[int, SubmissionInfo]) -> bool:
        """Whether a re-run has scores, or no more are to be tried, or there is nothing left to be run."""
        there = [found[run] for run in self.runs if run in found]
        # one that was cancelled, because no worker took it, says nothing of the submission
        spent = sum(not run.is_cancelled for run in there)
        return any(run.is_scored for run in there) or spent >= self.attempts or self.source not in found

    def is_running(self, found: Mapping[int, SubmissionInfo]) -> bool:
        return bool(self.runs) and self.runs[-1] in found and not found[self.runs[-1]].is_done


class Runs:
    """The re-runs of one phase."""

    def __init__(self, site: Site, phase: int, journal: Journal, pace: Pace) -> None:
        self._site = site
        self._phase = phase
        self._journal = journal
        self._pace = pace
        self._cancelled: Counter[int] = Counter()

    def finish(self, jobs: Sequence[Job]) -> None:
        """Starts runs until every job is over. Raises RunStoppedError for runs that do not end."""
        if self._site.connection.dry_run:
            for job in jobs:
                self._site.re_run(job.source)
            return
        changed = time.monotonic()
        last: dict[int, str] = {}
        while True:
            found = self._site.submissions(self._phase)
            running = [job for job in jobs if job.is_running(found)]
            ready = [job for job in jobs if not job.is_running(found) and not job.is_over(found)]
            if not running and not ready:
                return
            states = {run: found[run].status for job in jobs for run in job.runs if run in found}
            if states != last:
                changed, last = time.monotonic(), states
            for job in ready[: max(self._pace.at_once - len(running), 0)]:
                self._start(job, found)
            if running and time.monotonic() - changed > self._pace.patience:
                self._give_up(running)
                changed = time.monotonic()
            time.sleep(self._pace.poll)

    def _start(self, job: Job, found: Mapping[int, SubmissionInfo]) -> None:
        """One more run, unless one has been started by a call of which nobody saw the answer."""
        run = self.unknown_run(found[job.source], found)
        if run is None:
            try:
                run = self._site.re_run(job.source)
            except UnsureError as doubt:
                # the next look at the phase finds it if it has been started
                print(f"re-run of {job.source}: {doubt}; looking whether it has been started", flush=True)
                return
        if run is None:
            # its owner has just deleted it
            return
        job.runs.append(run)
        self._journal.save()
        print(f"re-run of {job.source}: {run}", flush=True)

    def unknown_run(self, source: SubmissionInfo, found: Mapping[int, SubmissionInfo]) -> int | None:
        """A run of the same zip, from after the re-runs began, which the journal does not know."""
        claimed, horizon = self._journal.claimed, self._journal.horizon or 0
        alike = [
            item
            for item in found.values()
            if item.id > horizon and item.id not in claimed and (item.owner, item.filename) == (source.owner, source.filename)
        ]
        # a participant's own upload of the same name lies elsewhere
        place = self._site.stored_as(source) if alike else None
        return next((item.id for item in alike if place is not None and self._site.stored_as(item) == place), None)

    def _give_up(self, stuck: Sequence[Job]) -> None:
        """Cancels runs that do not end, so that they are run again. Raises RunStoppedError where that was often enough."""
        for job in stuck:
            self._site.cancel(job.runs[-1])
            self._cancelled[job.source] += 1
            print(f"cancelled {job.runs[-1]}: nothing has changed for {self._pace.patience:g} s", flush=True)
        last = [str(job.source) for job in stuck if self._cancelled[job.source] >= ATTEMPTS]
        if last:
            raise RunStoppedError(
                f"the re-runs of {listed(last)} did not end, {ATTEMPTS} times in a row\n"
                "Fix: see whether the queue has workers; then start the same command again"
            )
