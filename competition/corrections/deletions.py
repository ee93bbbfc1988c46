"""Submissions that are deleted because a re-run takes their place: each only while that re-run is there."""

from __future__ import annotations

from typing import Final

from competition.corrections.codabench import Site
from competition.corrections.journal import Journal
from competition.corrections.phase import SubmissionInfo
from lvos_eval.diagnostics.errors import RunStoppedError

__all__ = ["Deletions"]

_CASCADE: Final = (
    "This site deletes the re-runs of a submission together with it, as Codabench did before 2024, so no more are deleted\n"
    "Fix: hand the lost submission in again from the folder of the stored zips; correct the board on a newer site"
)


class Deletions:
    """What a correction deletes on a site. Its zip has to be stored; whoever asks has seen to that."""

    def __init__(self, site: Site, journal: Journal) -> None:
        self._site = site
        self._journal = journal

    def delete(self, number: int, good: SubmissionInfo, said: str) -> None:
        """Deletes a submission if `good`, a run of the same zip, has the scores that it was seen with; looks whether it stays.

        Raises RunStoppedError where it has not, and where the site takes it along.
        """
        journal = self._journal
        if journal.deletes_re_runs:
            raise RunStoppedError(_CASCADE)
        now = self._site.submission(good.id)
        if now is None or not now.is_scored or now.scores != good.scores:
            raise RunStoppedError(f"re-run {good.id} is no longer as it was; start the same command again")
        # noted before: a program that is killed in between must not take the deletion for one of the owner's
        if number not in journal.deleted:
            journal.deleted.append(number)
            journal.save()
        self._site.delete(number)
        if self._site.submission(good.id) is None:
            journal.deletes_re_runs = True
            journal.save()
            raise RunStoppedError(f"{number} was deleted, and {good.id} of {good.owner} with it. {_CASCADE}")
        print(said, flush=True)
