"""The procedure that corrects a board, step by step; each step begins where the journal says that it has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from competition.corrections.codabench import Limits, PhaseInfo, Site, SubmissionInfo
from competition.corrections.expectation import Expectation, Row, board_differences, differing_keys
from competition.corrections.journal import Journal
from competition.corrections.runs import ATTEMPTS, Job, Pace, Runs
from competition.corrections.stored import StoredZips, digest_of
from lvos_eval.diagnostics.errors import UsageError

__all__ = ["Correction"]


class Correction:
    """One phase of a competition that gets other data, and whose board has to show what `expectation` says.

    Every method raises RunStoppedError if the site does not answer, UsageError if it refuses.
    """

    def __init__(self, site: Site, phase: PhaseInfo, folder: Path, journal: Journal, pace: Pace) -> None:
        self._site = site
        self._phase = phase
        self._journal = journal
        self._zips = StoredZips(folder, journal)
        self._runs = Runs(site, phase.id, journal, pace)
        self._dry = site.connection.dry_run

    def download(self) -> int:
        """Stores the zip of every scored submission that is not stored yet; gives how many submissions there are."""
        wanted = [item for item in self._submissions().values() if item.is_scored and item.id not in self._journal.claimed]
        self._zips.download(self._site, self._phase.id, wanted)
        return len(wanted)

    def replace(self, files: Mapping[str, Path]) -> None:
        """Uploads data by its kind and puts it into every task of the phase."""
        journal = self._journal
        for kind, path in files.items():
            digest = digest_of(path)
            if journal.files.get(kind, digest) != digest:
                raise UsageError(
                    f"{path} is not the file that this correction began with\nFix: name a new folder for another one"
                )
            journal.files[kind] = digest
            if kind not in journal.keys:
                journal.keys[kind] = self._site.upload(kind, path)
                self._done(f"uploaded {path} as {journal.keys[kind]}")
        for task in self._phase.tasks:
            if journal.keys and task not in journal.replaced:
                self._site.replace_data(task, journal.keys)
                journal.replaced.append(task)
                self._done(f"task {task} has the new data")

    def raise_limits(self) -> None:
        """Notes which submissions there are, and lets participants go on submitting although re-runs count for them."""
        journal = self._journal
        if journal.horizon is None:
            found = self._submissions()
            journal.counts = dict(Counter(item.owner for item in found.values() if item.counts))
            journal.limits = self._phase.limits
            journal.horizon = max(found, default=0)
            self._done(f"re-runs are those after submission {journal.horizon}")
        assert journal.limits is not None
        extra = (ATTEMPTS + 1) * max(journal.counts.values(), default=0)
        raised = Limits(*(None if limit is None else limit + extra for limit in (journal.limits.day, journal.limits.person)))
        if raised not in (self._phase.limits, journal.limits):
            self._site.set_limits(self._phase.id, raised)
            self._done(f"limits raised by {extra}")

    def re_run(self, expectation: Expectation) -> list[str]:
        """Runs every submission again until it has a result; gives a sentence for each that has not the one expected."""
        journal = self._journal
        originals = [number for number in self._originals() if number not in journal.deleted]
        self._runs.finish(
            [
                Job(number, journal.re_runs.setdefault(number, []), 1 if number in expectation.invalid else ATTEMPTS)
                for number in originals
            ]
        )
        if self._dry:
            return []
        found = self._submissions()
        return [fault for number in originals if (fault := self._fault(number, found, expectation)) is not None]

    def delete(self, expectation: Expectation) -> None:
        """Deletes the submissions whose re-run is as expected and whose zip is stored, and their other re-runs."""
        found = self._submissions()
        for number in self._originals():
            if self._dry:
                self._site.delete(number)
                continue
            good = self._good_run(number, found, expectation)
            if good is None or not self._zips.has(number):
                continue
            others = [run for run in self._journal.re_runs[number] if run != good and run in found and found[run].is_done]
            for unwanted in (*others, number):
                self._delete(unwanted, f"deleted {unwanted}: submission {number} goes on as {good}")

    def put_back(self, expectation: Expectation) -> None:
        """Runs one submission more of each participant whom the deletion took off the board, and deletes that run."""
        found = self._submissions()
        on_board = {item.owner for item in found.values() if item.on_board}
        jobs = []
        for owner, numbers in self._zips.participants().items():
            best = expectation.best(numbers)
            good = None if best is None else self._good_run(best, found, expectation)
            if good is None:
                continue
            runs = self._journal.again.setdefault(owner, [])
            # one that was started before the program was killed may have done its work already
            unknown = self._runs.unknown_run(found[good], found)
            runs += [unknown] if unknown is not None else []
            if owner not in on_board or runs:
                jobs.append(Job(good, runs))
        self._runs.finish(jobs)
        found = self._submissions()
        for run in [run for runs in self._journal.again.values() for run in runs]:
            # of equal results the older one is on the board
            if run in found and found[run].is_done and not found[run].on_board:
                self._delete(run, f"deleted {run}: it was run for the board only")

    def restore_limits(self) -> None:
        """Gives the phase its limits back, and what stays of re-runs on top, so that nobody has fewer submissions than before."""
        journal = self._journal
        if journal.limits is None:
            return
        last = max(journal.horizon or 0, *journal.claimed, 0)
        counts = Counter(item.owner for item in self._submissions().values() if item.counts and item.id <= last)
        more = max(0, *(counts[owner] - journal.counts.get(owner, 0) for owner in counts), 0)
        person = None if journal.limits.person is None else journal.limits.person + more
        if self._phase.limits != journal.limits or journal.re_runs:
            self._site.set_limits(self._phase.id, Limits(journal.limits.day, person))
            self._done("limits restored" + (f", and {more} more in total for what was run twice" if more else ""))

    def differences(self, expectation: Expectation) -> tuple[int, list[str]]:
        """How many rows the board has, and a sentence for everything on it that is not as expected."""
        found = self._submissions()
        origin = {run: number for number, runs in self._journal.re_runs.items() for run in runs}
        origin |= {run: run for runs in self._journal.again.values() for run in runs}
        shown = [found[number] for number in self._site.board(self._phase.id) if number in found]
        # what participants have handed in meanwhile is scored on the new data, and may be better
        newer = {item.owner for item in shown if item.id > (self._journal.horizon or 0) and item.id not in origin}
        rows = [Row(item.owner, origin.get(item.id, item.id), item.scores) for item in shown if item.owner not in newer]
        participants = {owner: own for owner, own in self._zips.participants().items() if owner not in newer}
        return len(shown), board_differences(expectation, participants, rows)

    def _fault(self, number: int, found: Mapping[int, SubmissionInfo], expectation: Expectation) -> str | None:
        scored = [run for run in self._journal.re_runs.get(number, []) if run in found and found[run].is_scored]
        if not scored:
            why = ", and leaderboard.json says that it is not valid" if number in expectation.invalid else f" {ATTEMPTS} times"
            return f"submission {number}: its re-run failed{why}; it stays as it is"
        if number not in expectation.scores:
            return f"submission {number} is not in leaderboard.json: download, rescore, and give the new one"
        if self._good_run(number, found, expectation) is None:
            keys = differing_keys(expectation.scores[number], found[scored[-1]].scores)
            return f"submission {number}: its re-run {scored[-1]} differs from leaderboard.json in {', '.join(keys)}; it stays"
        return None

    def _good_run(self, number: int, found: Mapping[int, SubmissionInfo], expectation: Expectation) -> int | None:
        """The first re-run of a submission that ended with the scores expected."""
        expected = expectation.scores.get(number)
        for run in self._journal.re_runs.get(number, []) if expected is not None else ():
            if run in found and found[run].is_scored and not differing_keys(expected or {}, found[run].scores):
                return run
        return None

    def _originals(self) -> list[int]:
        """The scored submissions from before the re-runs, deleted ones too."""
        horizon = self._journal.horizon or 0
        there = {item.id for item in self._submissions().values() if item.is_scored and item.id <= horizon}
        return sorted(there | {number for number in self._journal.zips if number <= horizon})

    def _submissions(self) -> dict[int, SubmissionInfo]:
        return self._site.submissions(self._phase.id)

    def _delete(self, number: int, said: str) -> None:
        if number not in self._journal.deleted:
            self._site.delete(number)
            self._journal.deleted.append(number)
            self._done(said)

    def _done(self, said: str) -> None:
        """Writes down what has been done. In a dry run nothing has."""
        if not self._dry:
            self._journal.save()
            print(said, flush=True)
