"""A small Codabench in memory, reached over HTTP: what the public API does to submissions, re-runs, tasks and the board.

Written after the source of codalab/codabench:

- `api/views/submissions.py`, `api/pagination.py` of commit 0085f77a85586571387993e85c3bd1570f3d91b1
- `leaderboards/strategies.py` of 0e7c3f571b339ba3a1982e26186b1de1c0891d35
- `api/views/tasks.py` of 3c6fc78103a9584e36a1dcc00f093a79b89916c2
- `api/views/datasets.py` of 4cd2f65b1f46e4f0dc038beb58a09e13dcf6f571
- `api/views/phases.py` of ec69e96e1a6ca65dfddbbe14d3c51faf42471139
- `api/serializers/competitions.py` of 01676dc3414f41c13eac0d62717657fadc91ba6f (who sees `secret_key`)
- `api/serializers/submissions.py` of 57a7f64df98fa85f23432d716d783feb7e182d0b
- `api/serializers/leaderboards.py` of 8239d01b51c00b73db0e7fb233d5c8d4e9b3d28a
- `competitions/models.py`: what deleting a submission takes along, as since pull request 1311, and before (issue 1300)

Its faults are those of networks and queues: no answer, an answer that is lost after the work is done, 429 and 5xx, runs that
fail or never end.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

TOKEN: Final = "0123456789abcdef0123456789abcdef01234567"
COMPETITION: Final = 1234
PHASE: Final = 77
TASK: Final = 500
COLUMNS: Final = ("Overall", "J-Mean", "V-Mean")
STEPS: Final = ("Submitting", "Submitted", "Preparing", "Running", "Scoring")
"""What a submission goes through before it ends; one step each time the list of submissions is asked for."""

Scorer = Callable[[str, str], "Mapping[str, float] | None"]
"""From a zip's place in the storage and the key of the reference data to the scores, or None for a run that fails."""


@dataclass
class Submission:
    id: int
    owner: str
    filename: str
    data: str
    """Where its zip is stored; a re-run has the same."""
    status: str = "Submitting"
    step: int = 0
    stuck: bool = False
    failing: bool = False
    scores: Mapping[str, float] = field(default_factory=dict)
    on_board: bool = False


@dataclass
class Fault:
    """Happens to one request: the one of this number, counted from 1, that matches `where`, such as `POST .*re_run.*`."""

    where: str
    number: int
    kind: str
    """`429`, `502`; `hang`: no answer; `lost`: done, but no answer; `kill`: done, and the client is killed before the answer;
    `meanwhile`: done, after something else has happened."""

    def is_due(self, request: str) -> bool:
        if re.fullmatch(self.where, request):
            self.number -= 1
            return self.number == 0
        return False


class Site:
    """The state of a competition with one phase and the rule Force_Best."""

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer
        self.lock = threading.RLock()
        self.submissions: dict[int, Submission] = {}
        self.storage: dict[str, bytes] = {}
        self.datasets: dict[str, dict[str, Any]] = {}
        self.task: dict[str, Any] = {"name": "Final (lvos-eval)", "description": "as it was", "reference_data": "old-key"}
        self.task |= {"scoring_program": "program-key", "ingestion_program": None, "input_data": None}
        self.limits: dict[str, int | None] = {"max_submissions_per_day": 2, "max_submissions_per_person": 5}
        self.requests: list[tuple[str, str]] = []
        self.faults: list[Fault] = []
        self.kill: Callable[[], None] = lambda: None
        """Kills the client, for the fault of that name."""
        self.meanwhile: Callable[[], None] = lambda: None
        """What happens for the fault of that name."""
        self.is_organiser = True
        """Whether the token is that of one; else it is a participant's."""
        self.owns_task = True
        """Whether the token is that of whom uploaded the competition."""
        self.rule = "Force_Best"
        self.takes_along = False
        """Whether deleting a submission deletes all of the same zip, as before 2024."""
        self.stuck: set[int] = set()
        """Re-runs that never end, counted from 1."""
        self.failing: set[int] = set()
        """Re-runs that fail, counted from 1."""
        self.re_runs = 0
        self._next = 1

    # what organisers and participants do

    def submit(self, owner: str, filename: str, zipped: bytes) -> Submission:
        """A participant's submission, scored at once on the data of the task."""
        with self.lock:
            data = f"/storage/dataset/{self._next}/{filename}"
            self.storage[data] = zipped
            made = self._make(owner, filename, data)
            self._end(made)
            return made

    def _make(self, owner: str, filename: str, data: str) -> Submission:
        # numbers are those of the whole site
        made = Submission(self._next, owner, filename, data)
        self._next += 3
        self.submissions[made.id] = made
        return made

    def re_run(self, source: Submission) -> Submission:
        made = self._make(source.owner, source.filename, source.data)
        self.re_runs += 1
        made.stuck, made.failing = self.re_runs in self.stuck, self.re_runs in self.failing
        return made

    def advance(self) -> None:
        """Every unfinished submission goes one step on."""
        for item in self.submissions.values():
            if item.status in STEPS and not (item.stuck and item.step >= 3):
                item.step += 1
                if item.step < len(STEPS):
                    item.status = STEPS[item.step]
                else:
                    self._end(item)

    def _end(self, item: Submission) -> None:
        scores = None if item.failing else self.scorer(item.data, self.task["reference_data"])
        if scores is None:
            item.status = "Failed"
            return
        item.status, item.scores = "Finished", {key: scores[key] for key in COLUMNS if key in scores}
        # Force_Best: of all that the participant has in the phase
        own = [other for other in self.submissions.values() if other.owner == item.owner and other.scores]
        for other in own:
            other.on_board = False
        min(own, key=lambda other: (*_order(other), other.id)).on_board = True

    def board(self) -> list[Submission]:
        shown = [item for item in self.submissions.values() if item.on_board]
        return sorted(shown, key=_order)

    def counted(self, owner: str) -> int:
        return sum(item.owner == owner and item.status != "Failed" for item in self.submissions.values())

    # what is asked over HTTP

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
        for pattern, methods in _ROUTES.items():
            if (found := re.fullmatch(pattern, path)) is not None:
                if method not in methods:
                    return 405, {"detail": f'Method "{method}" not allowed.'}
                return methods[method](self, *map(_number, found.groups()), query=query, body=body)
        return 404, {"detail": "Not found."}

    def _competition(self, number: int, **_: Any) -> tuple[int, Any]:
        if number != COMPETITION:
            return 404, {"detail": "Not found."}
        phase = {
            "id": PHASE,
            "name": "Final",
            "has_max_submissions": True,
            **self.limits,
            "tasks": [{"id": TASK, "key": "task-key"}],
        }
        other = phase | {"id": PHASE - 1, "name": "Development", "tasks": [{"id": TASK - 1, "key": "other"}]}
        boards = [{"id": 9, "submission_rule": self.rule, "columns": [{"key": key} for key in COLUMNS]}]
        secret = {"secret_key": "f2a1"} if self.is_organiser else {}
        return 200, {"id": COMPETITION, "queue": None, "phases": [other, phase], "leaderboards": boards, **secret}

    def _list(self, *, query: Mapping[str, str], **_: Any) -> tuple[int, Any]:
        if query.get("page", "1") == "1":
            self.advance()
        found = [item for item in sorted(self.submissions.values(), key=lambda item: -item.id) if query["phase"] == str(PHASE)]
        if query.get("page", "1") != "1" and (int(query["page"]) - 1) * int(query["page_size"]) >= len(found):
            return 404, {"detail": "Invalid page."}
        size, page = int(query["page_size"]), int(query.get("page", "1"))
        shown = found[(page - 1) * size : page * size]
        following = f"?page={page + 1}" if page * size < len(found) else None
        return 200, {"count": len(found), "next": following, "previous": None, "results": [_listed(item) for item in shown]}

    def _one(self, number: int, **_: Any) -> tuple[int, Any]:
        return (200, _listed(self.submissions[number])) if number in self.submissions else (404, {"detail": "Not found."})

    def _delete(self, number: int, **_: Any) -> tuple[int, Any]:
        # the rule of the board is applied when a run ends, and not here
        gone = self.submissions.pop(number, None)
        if gone is None:
            return 404, {"detail": "Not found."}
        if self.takes_along:
            self.submissions = {other: item for other, item in self.submissions.items() if item.data != gone.data}
        return 204, None

    def _details(self, number: int, **_: Any) -> tuple[int, Any]:
        if number not in self.submissions:
            return 404, {"detail": "Not found."}
        return 200, {"data_file": f"{self.address}{self.submissions[number].data}?X-Amz-Signature={time.monotonic_ns():x}"}

    def _re_run(self, number: int, **_: Any) -> tuple[int, Any]:
        if number not in self.submissions:
            return 404, {"detail": "Not found."}
        if self.submissions[number].status not in ("Finished", "Failed", "Cancelled"):
            return 403, {"detail": "Cannot request a re-run on a submission that has not finished processing."}
        return 200, {"id": self.re_run(self.submissions[number]).id}

    def _cancel(self, number: int, **_: Any) -> tuple[int, Any]:
        self.submissions[number].status = "Cancelled"
        return 200, {"canceled": True}

    def _patch_phase(self, number: int, *, body: Any, **_: Any) -> tuple[int, Any]:
        assert number == PHASE
        self.limits |= body
        return 200, self.limits

    def _task(self, number: int, **_: Any) -> tuple[int, Any]:
        assert number == TASK
        if not self.owns_task:
            return 404, {"detail": "Not found."}
        data = {kind: {"key": self.task[kind]} if self.task[kind] else None for kind in _KINDS}
        return 200, {"id": TASK, "name": self.task["name"], "description": self.task["description"], **data}

    def _patch_task(self, number: int, *, body: Any, **_: Any) -> tuple[int, Any]:
        assert number == TASK
        # what is not sent is taken out
        self.task |= {kind: None for kind in _KINDS if kind != "scoring_program"} | body
        return 200, {}

    def _datasets(self, *, query: Mapping[str, str], **_: Any) -> tuple[int, Any]:
        found = [{"name": item["name"], "key": key} for key, item in self.datasets.items() if query["search"] in item["name"]]
        return 200, {"next": None, "results": found}

    def _make_dataset(self, *, body: Any, **_: Any) -> tuple[int, Any]:
        if any(item["name"] == body["name"] for item in self.datasets.values()):
            return 400, {"non_field_errors": ["You already have a dataset by this name"]}
        key = f"key-{len(self.datasets) + 1}"
        self.datasets[key] = dict(body) | {"complete": False}
        return 201, {"key": key, "sassy_url": f"{self.address}/storage/upload/{key}?X-Amz-Signature=w"}

    def _complete(self, key: str, **_: Any) -> tuple[int, Any]:
        self.datasets[key]["complete"] = True
        return 200, {"key": key}

    address = ""


_KINDS: Final = ("input_data", "ingestion_program", "reference_data", "scoring_program")
_ROUTES: Final[dict[str, dict[str, Callable[..., tuple[int, Any]]]]] = {
    r"/api/competitions/(\d+)/": {"GET": Site._competition},
    r"/api/submissions/": {"GET": Site._list},
    r"/api/submissions/(\d+)/": {"GET": Site._one, "DELETE": Site._delete},
    r"/api/submissions/(\d+)/get_details/": {"GET": Site._details},
    r"/api/submissions/(\d+)/re_run_submission/": {"POST": Site._re_run},
    r"/api/submissions/(\d+)/cancel_submission/": {"GET": Site._cancel},
    r"/api/phases/(\d+)/": {"PATCH": Site._patch_phase},
    r"/api/tasks/(\d+)/": {"GET": Site._task, "PATCH": Site._patch_task, "PUT": Site._patch_task},
    r"/api/datasets/": {"GET": Site._datasets, "POST": Site._make_dataset},
    r"/api/datasets/completed/([\w-]+)/": {"PUT": Site._complete},
}


def _order(item: Submission) -> tuple[float, ...]:
    """Smaller for the better result."""
    return (-item.scores["Overall"], -item.scores["J-Mean"], item.scores.get("V-Mean", 0.0))


def _number(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _listed(item: Submission) -> dict[str, Any]:
    scores = [
        {"id": 1, "index": COLUMNS.index(key), "score": f"{value:.10f}", "column_key": key} for key, value in item.scores.items()
    ]
    return {
        "id": item.id,
        "pk": item.id,
        "owner": item.owner,
        "filename": item.filename,
        "created_when": "2027-04-12T10:33:21.123456Z",
        "status": item.status,
        "parent": None,
        "on_leaderboard": item.on_board,
        "scores": scores,
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def site(self) -> Site:
        found: Site = self.server.site  # type: ignore[attr-defined]
        return found

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.site.lock:
            self.site.requests.append((self.command, parts.path))
            fault = next((item.kind for item in self.site.faults if item.is_due(f"{self.command} {parts.path}")), None)
            if fault == "meanwhile":
                self.site.meanwhile()
            if fault not in ("429", "502", "hang"):
                code, answer = self._answer(parts.path, parts.query, content)
            if fault == "kill":
                self.site.kill()
        if fault == "hang":
            time.sleep(1.5)
        if fault in ("hang", "lost", "kill"):
            self.close_connection = True
            return
        if fault == "429":
            code, answer = 429, {"detail": "Request was throttled. Expected available in 1 second."}
        elif fault == "502":
            code, answer = 502, {"detail": "Bad Gateway"}
        data = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
        self.send_response(code)
        if code == 429:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, path: str, query: str, content: bytes) -> tuple[int, Any]:
        if path.startswith("/storage/"):
            # signed addresses: who has one is let in, and a token is refused as the storage does
            if "Authorization" in self.headers or "X-Amz-Signature" not in query:
                return 400, {"detail": "Only one auth mechanism allowed"}
            if self.command == "PUT":
                self.site.storage[path] = content
                return 200, None
            return 200, self.site.storage[path]
        if self.headers.get("Authorization") != f"Token {TOKEN}":
            return 401, {"detail": "Invalid token."}
        values = {key: found[0] for key, found in parse_qs(query).items()}
        return self.site.answer(self.command, path, values, json.loads(content) if content else None)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the base class calls them so

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Nothing: the tests look at `requests`."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed has closed its end."""


@contextmanager
def serving(site: Site) -> Iterator[str]:
    """The address of the site, as long as the block lasts."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.site = site  # type: ignore[attr-defined]
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site.address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def calls(site: Site) -> dict[str, int]:
    """How often each method was used on the API."""
    counts: dict[str, int] = defaultdict(int)
    for method, path in site.requests:
        if path.startswith("/api/"):
            counts[method] += 1
    return dict(counts)
