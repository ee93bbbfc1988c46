"""The procedure that corrects a board, step by step; each step begins where the journal says that it has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from competition.corrections.codabench import Site
from competition.corrections.deletions import Deletions
from competition.corrections.expectation import Expectation, Row, board_differences
from competition.corrections.journal import Journal
from competition.corrections.phase import FORCE_BEST, Limits, PhaseInfo, SubmissionInfo
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
        self._deletions = Deletions(site, journal)
        self._runs = Runs(site, phase.id, journal, pace)
        self._dry = site.connection.dry_run

    def download(self) -> int:
        """Stores the zip of every scored submission from before the re-runs that is not stored yet; gives how many there are."""
        horizon, claimed = self._journal.horizon, self._journal.claimed
        wanted = [
            item
            for item in self._submissions().values()
            if item.is_scored and item.id not in claimed and (horizon is None or item.id <= horizon)
        ]
        self._zips.download(self._site, self._phase.id, wanted)
        return len(wanted)

    def require_one_board(self) -> None:
        """Raises UsageError for a phase on whose board re-runs would do something else."""
        others = sorted(self._phase.rules - {FORCE_BEST})
        if others:
            raise UsageError(
                f"the rule of the leaderboard is {', '.join(others)}: a re-run of an old submission takes the place of a newer "
                f"one, or none. This command corrects boards with the rule {FORCE_BEST}\n"
                "Fix: re-run by hand what is on the board, in the order in which it was handed in"
            )
        if len(self._phase.tasks) != 1:
            raise UsageError(
                f"the phase has {len(self._phase.tasks)} tasks, each with data of its own; this command corrects phases with one"
            )

    def replace(self, files: Mapping[str, Path]) -> None:
        """Uploads data by its kind and puts it into every task of the phase."""
        journal = self._journal
        for task in self._phase.tasks if files else ():
            self._site.data_of(task)
        for kind, path in files.items():
            digest = digest_of(path)
            if journal.files.get(kind, digest) != digest:
                raise UsageError(
                    f"{path} is not the file that this correction began with\nFix: name a new folder for another one"
                )
            journal.files[kind] = digest
            if kind not in journal.keys:
                journal.keys[kind] = self._site.upload(kind, path)
                journal.replaced.clear()
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
        originals = [number for number in self._originals(self._submissions()) if number not in journal.deleted]
        self._runs.finish(
            [
                Job(number, journal.re_runs.setdefault(number, []), 1 if number in expectation.invalid else ATTEMPTS)
                for number in originals
            ]
        )
        if self._dry:
            return []
        found = self._submissions()
        there = [number for number in originals if self._is_there(number, found)]
        for number in self._zips.numbers:
            if number not in journal.deleted and not self._is_there(number, found):
                print(f"submission {number} was deleted by its owner, and is left out", flush=True)
        return [fault for number in there if (fault := self._fault(number, found, expectation)) is not None]

    def delete(self, expectation: Expectation) -> None:
        """Deletes the submissions whose re-run is as expected and whose zip is stored, and their other re-runs."""
        found = self._submissions()
        for number in self._originals(found):
            if self._dry:
                self._site.delete(number)
                continue
            good = self._good_run(number, found, expectation)
            if good is None or not self._zips.has(number):
                continue
            others = [run for run in self._journal.re_runs[number] if run != good and run in found and found[run].is_done]
            for unwanted in (*others, number):
                if unwanted in found:
                    self._deletions.delete(unwanted, found[good], f"deleted {unwanted}: submission {number} goes on as {good}")

    def put_back(self, expectation: Expectation) -> None:
        """Runs one submission more of each participant whom the deletion took off the board, and deletes that run."""
        found = self._submissions()
        on_board = {item.owner for item in found.values() if item.on_board}
        jobs, kept = [], {}
        for owner, numbers in self._zips.participants().items():
            good_runs = {number: run for number in numbers if (run := self._good_run(number, found, expectation)) is not None}
            # whichever run ends, the site looks for the best of all that the participant has
            best = expectation.best(good_runs)
            if best is None:
                continue
            good = kept[owner] = found[good_runs[best]]
            runs = self._journal.again.setdefault(owner, [])
            # one that was started before the program was killed may have done its work already
            unknown = self._runs.unknown_run(good, found)
            runs += [unknown] if unknown is not None else []
            if owner not in on_board or any(run in found for run in runs):
                jobs.append(Job(good.id, runs))
        self._runs.finish(jobs)
        found = self._submissions()
        for owner, good in kept.items():
            for run in self._journal.again[owner]:
                # of equal results the older one is on the board
                if run in found and found[run].is_done and not found[run].on_board:
                    self._deletions.delete(run, good, f"deleted {run}: it was run for the board only")

    def restore_limits(self) -> None:
        """Gives the phase its limits back, and what stays of re-runs on top, so that nobody has fewer submissions than before."""
        journal = self._journal
        if journal.limits is None or journal.limits == Limits(None, None):
            return
        horizon, claimed = journal.horizon or 0, journal.claimed
        found = self._submissions().values()
        counts = Counter(item.owner for item in found if item.counts and (item.id <= horizon or item.id in claimed))
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
        shown = [item for item in found.values() if item.on_board]
        # what participants have handed in meanwhile is scored on the new data, and may be better
        newer = {item.owner for item in shown if item.id > (self._journal.horizon or 0) and item.id not in origin}
        rows = [Row(item.owner, origin.get(item.id, item.id), item.scores) for item in shown if item.owner not in newer]
        participants = {
            owner: [number for number in numbers if self._is_there(number, found)]
            for owner, numbers in self._zips.participants().items()
            if owner not in newer
        }
        return len(shown), board_differences(expectation, participants, rows)

    def _fault(self, number: int, found: Mapping[int, SubmissionInfo], expectation: Expectation) -> str | None:
        scored = [run for run in self._journal.re_runs.get(number, []) if run in found and found[run].is_scored]
        if not scored:
            why = ", and leaderboard.json says that it is not valid" if number in expectation.invalid else f" {ATTEMPTS} times"
            return f"submission {number}: its re-run failed{why}; it stays as it is"
        if number not in expectation.scores:
            return f"submission {number} is not in leaderboard.json: download, rescore, and give the new one"
        if self._good_run(number, found, expectation) is None:
            keys = expectation.differing_keys(number, found[scored[-1]].scores, _columns(found))
            return f"submission {number}: its re-run {scored[-1]} differs from leaderboard.json in {', '.join(keys)}; it stays"
        return None

    def _good_run(self, number: int, found: Mapping[int, SubmissionInfo], expectation: Expectation) -> int | None:
        """The first re-run of a submission that ended with the scores expected."""
        for run in self._journal.re_runs.get(number, []) if number in expectation.scores else ():
            scored = run in found and found[run].is_scored
            if scored and not expectation.differing_keys(number, found[run].scores, _columns(found)):
                return run
        return None

    def _originals(self, found: Mapping[int, SubmissionInfo]) -> list[int]:
        """The scored submissions from before the re-runs, deleted ones too unless no re-run of them is left."""
        horizon = self._journal.horizon or 0
        known = {item.id for item in found.values() if item.is_scored} | set(self._zips.numbers)
        return sorted(number for number in known if number <= horizon and self._is_there(number, found))

    def _is_there(self, number: int, found: Mapping[int, SubmissionInfo]) -> bool:
        """Whether a submission is on the site, itself or as a re-run."""
        return number in found or any(run in found and found[run].is_scored for run in self._journal.re_runs.get(number, []))

    def _submissions(self) -> dict[int, SubmissionInfo]:
        return self._site.submissions(self._phase.id)

    def _done(self, said: str) -> None:
        """Writes down what has been done. In a dry run nothing has."""
        if not self._dry:
            self._journal.save()
            print(said, flush=True)


def _columns(found: Mapping[int, SubmissionInfo]) -> set[str]:
    """The columns of the board: whatever any submission has a score for."""
    return {key for item in found.values() for key in item.scores}
