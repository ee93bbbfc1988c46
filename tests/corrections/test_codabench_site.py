"""What is taken from the answers of a site: lists in pages, places of zips, and answers of something else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from codabench_site import COMPETITION, PHASE, TOKEN, Fault, Site, serving
from competition.corrections import codabench
from competition.corrections.connection import Connection
from competition.corrections.phase import SubmissionInfo, read_submission
from lvos_eval.diagnostics.errors import RunStoppedError

NUMBER = 230


@pytest.fixture
def site() -> Site:
    made = Site(lambda data, reference: {"Overall": 0.5, "J-Mean": 0.5, "V-Mean": 0.1})
    for position in range(NUMBER):
        made.submit(f"team{position}", "submission.zip", b"")
    return made


@pytest.fixture
def client(site: Site) -> Iterator[codabench.Site]:
    with serving(site) as address:
        yield codabench.Site(Connection(address, TOKEN, pause=0.01), COMPETITION)


def test_submissions_are_listed_in_pages(site: Site, client: codabench.Site) -> None:
    assert list(client.submissions(PHASE)) == sorted(site.submissions)
    assert len([path for _, path in site.requests if path == "/api/submissions/"]) == 3


def test_a_submission_that_is_deleted_between_two_pages_hides_no_other(site: Site, client: codabench.Site) -> None:
    """The others move up by one, and the first of the second page would be on neither."""
    site.meanwhile = lambda: site.submissions.__delitem__(max(site.submissions))
    site.faults = [Fault("GET /api/submissions/", 2, "meanwhile")]
    assert list(client.submissions(PHASE)) == sorted(site.submissions)
    assert len(site.submissions) == NUMBER - 1


def test_a_last_page_that_is_gone_is_no_end(site: Site, client: codabench.Site) -> None:
    def shrink() -> None:
        for number in sorted(site.submissions)[:40]:
            del site.submissions[number]

    site.meanwhile = shrink
    site.faults = [Fault("GET /api/submissions/", 3, "meanwhile")]
    assert len(client.submissions(PHASE)) == NUMBER - 40


def test_a_list_that_never_stands_still_is_told(site: Site, client: codabench.Site) -> None:
    site.meanwhile = lambda: site.submissions.__delitem__(max(site.submissions))
    site.faults = [Fault("GET /api/submissions/", number, "meanwhile") for number in range(2, 30)]
    with pytest.raises(RunStoppedError, match="changed while it was read, 7 times"):
        client.submissions(PHASE)


class Answering(Connection):
    """A site that has one answer to everything."""

    def __init__(self, answer: Any) -> None:
        super().__init__("https://vos.example", TOKEN)
        self.answer = answer

    def get(self, path: str, *, missing: bool = False) -> Any:
        return self.answer


@pytest.mark.parametrize(
    ("address", "place"),
    [
        (
            "https://s3.example/bucket/dataset/2027/ab12/my%20zip.zip?X-Amz-Signature=1",
            "/bucket/dataset/2027/ab12/my zip.zip",
        ),
        # every submission would be in the same place
        ("https://vos.example/download?file=dataset/2027/ab12/my%20zip.zip", None),
    ],
)
def test_a_zip_is_known_by_its_place_if_the_address_names_it(address: str, place: str | None) -> None:
    client = codabench.Site(Answering({"data_file": address}), COMPETITION)
    entry = SubmissionInfo(1, "team", "my zip.zip", "", "Finished", False, {})
    assert client.stored_as(entry) == place


@pytest.mark.parametrize("answer", [{"secret_key": "x"}, {"secret_key": 1, "phases": [{}]}, None, 3])
def test_answers_of_something_else_are_told(answer: Any) -> None:
    with pytest.raises(RunStoppedError, match=r"https://vos\.example does not answer as a Codabench does"):
        codabench.Site(Answering(answer), COMPETITION).phase("Final")


@pytest.mark.parametrize("address", [None, "", "file:///etc/passwd", "https://s3.example/a b.zip?X-Amz-Signature=1"])
def test_an_address_that_is_none_is_not_loaded_from(address: Any) -> None:
    client = codabench.Site(Answering({"data_file": address}), COMPETITION)
    with pytest.raises(RunStoppedError, match="no address of a file") as raised:
        client.zip_address(1)
    assert "Signature" not in str(raised.value)


def test_a_submission_is_read_as_any_version_writes_it() -> None:
    entry = {"id": 7, "owner": "team", "filename": "a.zip", "status": "Finished", "on_leaderboard": True, "scores": []}
    for written in ("2027-04-12T10:33:21.123456Z", "2027-04-12 10:33"):
        assert read_submission({**entry, "created_when": written}).created == "2027-04-12 10-33"


def test_a_download_that_ends_early_is_no_file(tmp_path: Any) -> None:
    class Short(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(json.dumps("PK").encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            pass

    server = HTTPServer(("127.0.0.1", 0), Short)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        connection = Connection("https://vos.example", TOKEN, pause=0.001)
        with pytest.raises(RunStoppedError, match="7 times in a row"):
            connection.download(f"http://127.0.0.1:{server.server_port}/x.zip", tmp_path / "x.zip")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert not list(tmp_path.iterdir())
