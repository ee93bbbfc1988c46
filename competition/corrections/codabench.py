"""Codabench's public API, as far as re-runs need it: what is asked, and what is taken from the answers.

Written after the source of codalab/codabench: `api/views/submissions.py` of commit 0085f77a85586571387993e85c3bd1570f3d91b1,
`tasks.py` of 3c6fc78103a9584e36a1dcc00f093a79b89916c2, `datasets.py` of 4cd2f65b1f46e4f0dc038beb58a09e13dcf6f571, `phases.py` of
b1f4a5d84245425a88ddfff777bba60fc869e666, `serializers/competitions.py` of 01676dc3414f41c13eac0d62717657fadc91ba6f.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from competition.corrections.connection import Connection, UnsureError
from lvos_eval.diagnostics.errors import RunStoppedError, UsageError

__all__ = ["Limits", "PhaseInfo", "Site", "SubmissionInfo"]

FINISHED: Final = "Finished"
DONE: Final = frozenset({FINISHED, "Failed", "Cancelled"})
_PAGE: Final = 100
"""One of the sizes that every version of the site takes."""
_DATA: Final = ("input_data", "ingestion_program", "reference_data", "scoring_program")


@dataclass(frozen=True, slots=True)
class Limits:
    """How many submissions a participant may have in a phase; None: as many as they like."""

    day: int | None
    person: int | None


@dataclass(frozen=True, slots=True)
class PhaseInfo:
    """A phase: the numbers of its tasks, its limits and the keys of the leaderboard's columns."""

    id: int
    name: str
    tasks: tuple[int, ...]
    limits: Limits
    has_queue: bool


@dataclass(frozen=True, slots=True)
class SubmissionInfo:
    """One submission or re-run; scores by the key of their column."""

    id: int
    owner: str
    filename: str
    created: str
    status: str
    on_board: bool
    scores: Mapping[str, float]

    @property
    def is_done(self) -> bool:
        return self.status in DONE

    @property
    def counts(self) -> bool:
        """Whether it uses up one of the participant's submissions."""
        return self.status != "Failed"

    @property
    def is_scored(self) -> bool:
        return self.status == FINISHED and bool(self.scores)


class Site:
    """A competition on a site. Every method raises RunStoppedError if the site does not answer, UsageError if it refuses."""

    def __init__(self, connection: Connection, competition: int) -> None:
        self.connection: Final = connection
        self.competition: Final = competition

    def phase(self, wanted: str) -> PhaseInfo:
        """The phase with this number or name. Raises UsageError if there is none, or if two have the name."""
        content = self.connection.get(f"/api/competitions/{self.competition}/")
        phases = content.get("phases", [])
        found = [phase for phase in phases if wanted in (str(phase["id"]), phase["name"])]
        if len(found) != 1:
            known = ", ".join(f"{phase['id']} ({phase['name']})" for phase in phases) or "none"
            raise UsageError(f"competition {self.competition} has {len(found) or 'no'} phases {wanted}; its phases: {known}")
        phase = found[0]
        limited = phase.get("has_max_submissions", True)
        limits = Limits(phase["max_submissions_per_day"], phase["max_submissions_per_person"]) if limited else Limits(None, None)
        tasks = tuple(int(task["id"]) for task in phase["tasks"])
        return PhaseInfo(int(phase["id"]), str(phase["name"]), tasks, limits, content.get("queue") is not None)

    def submissions(self, phase: int) -> dict[int, SubmissionInfo]:
        """All submissions of a phase by their number, oldest first, without the parts of those that several tasks score."""
        entries: list[Mapping[str, Any]] = []
        page = 1
        while True:
            content = self.connection.get(f"/api/submissions/?phase={phase}&page_size={_PAGE}&page={page}")
            if isinstance(content, list):
                # older sites give all at once
                entries = content
                break
            entries += content["results"]
            if not content.get("next"):
                break
            page += 1
        found = {int(entry["id"]): entry for entry in entries}
        alone = {number: entry for number, entry in found.items() if entry.get("parent") is None}
        return {number: _submission(alone[number]) for number in sorted(alone)}

    def zip_address(self, submission: int) -> str:
        """A signed address of the zip; what is before its `?` is the same for all re-runs of a submission."""
        return str(self.connection.get(f"/api/submissions/{submission}/get_details/")["data_file"])

    def stored_as(self, submission: int) -> str:
        """What tells that two submissions are of the same zip: its place in the site's storage."""
        return urlsplit(self.zip_address(submission)).path

    def re_run(self, submission: int) -> int:
        """Runs a submission again as a new one, and gives its number, 0 in a dry run. Raises UnsureError where no answer came."""
        path = f"/api/submissions/{submission}/re_run_submission/"
        return int(self.connection.change("POST", path, repeatable=False).get("id", 0))

    def cancel(self, submission: int) -> None:
        """Stops a run that does not come to an end."""
        if self.connection.dry_run:
            return
        self.connection.get(f"/api/submissions/{submission}/cancel_submission/")

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
        self.connection.upload(answer.get("sassy_url", ""), source)
        key = str(answer.get("key", "KEY"))
        self.connection.change("PUT", f"/api/datasets/completed/{key}/", {})
        return key

    def replace_data(self, task: int, keys: Mapping[str, str]) -> dict[str, str]:
        """Puts other data into a task, by its kind, and gives all that it has then. What is not sent would be taken out of it."""
        found = self.connection.get(f"/api/tasks/{task}/")
        data = {kind: str(found[kind]["key"]) for kind in _DATA if found.get(kind)} | dict(keys)
        self.connection.change(
            "PATCH", f"/api/tasks/{task}/", {"name": found["name"], "description": found["description"], **data}
        )
        return data

    def data_of(self, task: int) -> dict[str, str]:
        """The keys of a task's data by their kind."""
        found = self.connection.get(f"/api/tasks/{task}/")
        return {kind: str(found[kind]["key"]) for kind in _DATA if found.get(kind)}

    def board(self, phase: int) -> list[int]:
        """The numbers of the submissions on the leaderboard, the best first."""
        content = self.connection.get(f"/api/phases/{phase}/get_leaderboard/")
        return [int(entry["id"]) for entry in content["submissions"]]


def _submission(entry: Mapping[str, Any]) -> SubmissionInfo:
    try:
        scores = {str(score["column_key"]): float(score["score"]) for score in entry["scores"]}
    except (TypeError, ValueError):
        raise RunStoppedError(f"submission {entry['id']} has scores that are not numbers") from None
    return SubmissionInfo(
        int(entry["id"]),
        str(entry["owner"]),
        str(entry["filename"]),
        str(entry["created_when"]),
        str(entry["status"]),
        bool(entry.get("on_leaderboard")),
        scores,
    )
