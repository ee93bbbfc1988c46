"""Codabench's public API, as far as re-runs need it: what is asked, and what is taken from the answers.

Written after the source of codalab/codabench: `api/views/submissions.py` of commit 0085f77a85586571387993e85c3bd1570f3d91b1,
`tasks.py` of 3c6fc78103a9584e36a1dcc00f093a79b89916c2, `datasets.py` of 4cd2f65b1f46e4f0dc038beb58a09e13dcf6f571, `phases.py` of
ec69e96e1a6ca65dfddbbe14d3c51faf42471139; `api/serializers/competitions.py` of 01676dc3414f41c13eac0d62717657fadc91ba6f,
`submissions.py` of 57a7f64df98fa85f23432d716d783feb7e182d0b, `leaderboards.py` of 8239d01b51c00b73db0e7fb233d5c8d4e9b3d28a.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from competition.corrections.connection import Connection, UnsureError
from competition.corrections.phase import Limits, PhaseInfo, SubmissionInfo, read_submission
from lvos_eval.diagnostics.errors import RunStoppedError, UsageError
from lvos_eval.diagnostics.text import printable

__all__ = ["Site"]

_PAGE: Final = 100
"""One of the sizes that every version of the site takes."""
_LISTINGS: Final = 7
"""How often the submissions are listed until no page has moved meanwhile."""
_ADDRESS: Final = re.compile("https?://[!-~]+")
_DATA: Final = ("input_data", "ingestion_program", "reference_data", "scoring_program")


class Site:
    """A competition on a site. Every method raises RunStoppedError if the site does not answer, UsageError if it refuses."""

    def __init__(self, connection: Connection, competition: int) -> None:
        self.connection: Final = connection
        self.competition: Final = competition

    def phase(self, wanted: str) -> PhaseInfo:
        """The phase with this number or name. Raises UsageError if there is none, or two, or for the token of a participant."""
        content = self.connection.get(f"/api/competitions/{self.competition}/")
        with self._understood("the competition"):
            # the site leaves the key out for everybody but organisers, who alone see all submissions
            if "secret_key" not in content:
                raise UsageError(
                    f"the token is not that of an organiser of competition {self.competition}\n"
                    "Fix: get a token with the name and password of an organiser, as docs/organiser.md says"
                )
            phases = content["phases"]
            found = [phase for phase in phases if wanted in (str(phase["id"]), phase["name"])]
            if len(found) != 1:
                known = ", ".join(f"{phase['id']} ({phase['name']})" for phase in phases) or "none"
                raise UsageError(f"competition {self.competition} has {len(found) or 'no'} phases {wanted}; its phases: {known}")
            phase = found[0]
            limited = phase.get("has_max_submissions", True)
            limits = (
                Limits(phase["max_submissions_per_day"], phase["max_submissions_per_person"]) if limited else Limits(None, None)
            )
            tasks = tuple(int(task["id"]) for task in phase["tasks"])
            rules = frozenset(str(board["submission_rule"]) for board in content["leaderboards"])
            return PhaseInfo(int(phase["id"]), str(phase["name"]), tasks, limits, rules)

    def submissions(self, phase: int) -> dict[int, SubmissionInfo]:
        """All submissions of a phase by their number, oldest first, without the parts of those that several tasks score."""
        for _ in range(_LISTINGS):
            if (entries := self._listing(phase)) is not None:
                with self._understood("the list of submissions"):
                    found = {int(entry["id"]): entry for entry in entries if entry.get("parent") is None}
                    return {number: read_submission(found[number]) for number in sorted(found)}
        raise RunStoppedError(
            f"the list of submissions changed while it was read, {_LISTINGS} times; start the same command again"
        )

    def _listing(self, phase: int) -> list[Mapping[str, Any]] | None:
        """All entries, or None where a submission came or went between two pages: others may have slipped past then."""
        entries: dict[int, Mapping[str, Any]] = {}
        page, counts = 1, set()
        while True:
            address = f"/api/submissions/?phase={phase}&page_size={_PAGE}&page={page}"
            content = self.connection.get(address, missing=page > 1)
            with self._understood("the list of submissions"):
                if isinstance(content, list):
                    # older sites give all at once
                    return content
                if not content:
                    return None
                entries |= {int(entry["id"]): entry for entry in content["results"]}
                counts.add(int(content["count"]))
                if not content["next"]:
                    return list(entries.values()) if counts == {len(entries)} else None
            page += 1

    def submission(self, number: int) -> SubmissionInfo | None:
        """One submission as it is now; None if it is gone."""
        content = self.connection.get(f"/api/submissions/{number}/", missing=True)
        with self._understood(f"submission {number}"):
            return read_submission(content) if content else None

    def zip_address(self, submission: int) -> str:
        """A signed address of the zip; what is before its `?` is the same for all re-runs of a submission."""
        content = self.connection.get(f"/api/submissions/{submission}/get_details/")
        with self._understood(f"submission {submission}"):
            return _address(content["data_file"])

    def stored_as(self, submission: SubmissionInfo) -> str | None:
        """What tells that two submissions are of the same zip: its place in the storage. None if the site does not tell."""
        path = unquote(urlsplit(self.zip_address(submission.id)).path)
        # a storage that names the file elsewhere in the address would make all submissions alike
        return path if path.rsplit("/", 1)[-1] == submission.filename else None

    def re_run(self, submission: int) -> int | None:
        """Runs a submission again as a new one, and gives its number, 0 in a dry run; None if the submission is gone.

        Raises UnsureError where no answer came.
        """
        path = f"/api/submissions/{submission}/re_run_submission/"
        content = self.connection.change("POST", path, repeatable=False, missing=True)
        if self.connection.dry_run:
            return 0
        if not content:
            if self.submission(submission) is not None:
                raise UsageError(f"submission {submission} cannot be run again: the site no longer has the task that scored it")
            return None
        with self._understood(f"the re-run of submission {submission}"):
            return int(content["id"])

    def cancel(self, submission: int) -> None:
        """Stops a run that does not come to an end."""
        if self.connection.dry_run:
            return
        self.connection.get(f"/api/submissions/{submission}/cancel_submission/", missing=True)

    def delete(self, submission: int) -> None:
        self.connection.change("DELETE", f"/api/submissions/{submission}/", missing=True)

    def set_limits(self, phase: int, limits: Limits) -> None:
        body = {"max_submissions_per_day": limits.day, "max_submissions_per_person": limits.person}
        self.connection.change("PATCH", f"/api/phases/{phase}/", body)

    def upload(self, kind: str, source: Path) -> str:
        """Makes a data set of a zip and gives its key; its name tells when it is another one, and is new on the site."""
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
        wanted = f"{source.stem} {digest}"
        content = self.connection.get(f"/api/datasets/?_type=dataset&page_size={_PAGE}&search={digest}")
        with self._understood("the list of data sets"):
            taken = {str(entry["name"]) for entry in (content if isinstance(content, list) else content["results"])}
        # one of that name may be half of an upload that was interrupted
        name = next(name for name in (wanted, *(f"{wanted} ({number})" for number in range(2, 1000))) if name not in taken)
        body = {
            "name": name,
            "type": kind,
            "request_sassy_file_name": source.name,
            "file_name": source.name,
            "file_size": source.stat().st_size,
        }
        try:
            answer = self.connection.change("POST", "/api/datasets/", body, repeatable=False)
        except UnsureError as doubt:
            raise RunStoppedError(f"making the data set {name}: {doubt}; start the same command again") from None
        if self.connection.dry_run:
            answer = {"key": "KEY", "sassy_url": "https://the-address-for-the-upload"}
        with self._understood("the new data set"):
            key, address = str(answer["key"]), _address(answer["sassy_url"])
        self.connection.upload(address, source)
        self.connection.change("PUT", f"/api/datasets/completed/{key}/", {})
        return key

    def data_of(self, task: int) -> Mapping[str, Any]:
        """Name, description and data keys of a task. Raises UsageError for that of another user, who alone may change it."""
        found = self.connection.get(f"/api/tasks/{task}/", missing=True)
        if not found:
            raise UsageError(
                f"task {task} belongs to another user, who alone may change its data\n"
                "Fix: use the token of whoever uploaded the competition"
            )
        with self._understood(f"task {task}"):
            data = {kind: str(found[kind]["key"]) for kind in _DATA if found.get(kind)}
            return {"name": found["name"], "description": found["description"], **data}

    def replace_data(self, task: int, keys: Mapping[str, str]) -> None:
        """Puts other data into a task, by its kind. What is not sent would be taken out of it."""
        self.connection.change("PATCH", f"/api/tasks/{task}/", {**self.data_of(task), **keys})

    @contextmanager
    def _understood(self, what: str) -> Iterator[None]:
        """A block that reads an answer. Raises RunStoppedError where it does not have what it should."""
        try:
            yield
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            reason = printable(repr(error))
            raise RunStoppedError(f"{what}: {self.connection.site} does not answer as a Codabench does: {reason}") from None


def _address(value: Any) -> str:
    """Raises ValueError for what is no address to load from."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise ValueError("no address of a file")
    return value
