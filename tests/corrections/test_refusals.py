"""What is refused before anything is changed: wrong addresses, tokens, numbers and folders."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from codabench_site import COMPETITION, TOKEN, Site, serving
from competition.corrections.connection import checked_site
from competition.corrections.run import main
from lvos_eval.diagnostics.errors import UsageError


@pytest.fixture
def address() -> Iterator[str]:
    with serving(Site(lambda data, reference: None)) as found:
        yield found


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODABENCH_TOKEN", TOKEN)


def run(folder: Path, address: str, *options: str, competition: int = COMPETITION, phase: str = "Final") -> int:
    given = [str(folder), "--site", address, "--competition", str(competition), "--phase", phase, "--poll", "0.01"]
    return main([*given, *options])


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://www.codabench.org", "https://www.codabench.org"),
        ("www.codabench.org", "https://www.codabench.org"),
        ("https://vos.example:8443/competitions/1234/", "https://vos.example:8443"),
        ("http://127.0.0.1:80/x", "http://127.0.0.1:80"),
    ],
)
def test_an_address_is_that_of_a_site(text: str, address: str) -> None:
    assert checked_site(text) == address


@pytest.mark.parametrize("text", ["http://www.codabench.org", "https://", "https://me:secret@vos.example", "ftp://vos.example"])
def test_the_token_is_not_sent_where_others_could_read_it(text: str) -> None:
    with pytest.raises(UsageError):
        checked_site(text)


def test_a_missing_token_is_told_with_where_to_put_it(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CODABENCH_TOKEN")
    assert run(tmp_path, address) == 2
    assert "Fix: export CODABENCH_TOKEN=" in capsys.readouterr().err


def test_a_token_that_the_site_does_not_know_is_told(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CODABENCH_TOKEN", "another")
    assert run(tmp_path, address) == 2
    told = capsys.readouterr().err
    assert 'refuses GET /api/competitions/1234/: 401 {"detail": "Invalid token."}' in told
    assert "Fix: the token is not valid on this site" in told


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "schlüssel", "x" * 300])
def test_what_cannot_be_a_token_is_told_and_not_repeated(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], token: str
) -> None:
    monkeypatch.setenv("CODABENCH_TOKEN", token)
    assert run(tmp_path, address) == 2
    told = capsys.readouterr().err
    assert told.startswith("the token is not a word of letters and digits\nFix: ")
    assert token not in told


def test_a_competition_or_a_phase_that_is_not_there_is_told(
    tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, address, competition=1) == 2
    assert "404" in capsys.readouterr().err
    assert run(tmp_path, address, phase="Finals") == 2
    assert "has no phases Finals; its phases: 76 (Development), 77 (Final)" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told_before_anything_is_asked(
    tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, address, "--reference", str(tmp_path / "reference.zip")) == 2
    assert "reference.zip is not there; make bundle writes it to dist/" in capsys.readouterr().err


def test_a_folder_belongs_to_one_correction(tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    content = {"format": 1, "site": address, "competition": 7, "phase": "Final", "limits": None}
    (tmp_path / "journal.json").write_text(json.dumps(content))
    assert run(tmp_path, address) == 2
    assert "is the correction of phase Final of competition 7" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "limits": 3}'])
def test_a_journal_that_cannot_be_read_is_told(
    tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / "journal.json").write_text(text)
    assert run(tmp_path, address) == 2
    assert "name a new folder" in capsys.readouterr().err


def test_a_leaderboard_of_other_submissions_is_told(tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    entry = {"submission": "team17.zip", "name": "x", "scores": {"Overall": 0.5}}
    board = tmp_path / "leaderboard.json"
    board.write_text(json.dumps({"format": 1, "submissions": [entry], "invalid": []}))
    assert run(tmp_path / "correction", address, "--leaderboard", str(board)) == 2
    told = capsys.readouterr().err
    assert "team17.zip has no number of a submission\nFix: rescore the folder `submissions` that this command downloads" in told


def test_a_redirect_is_not_followed_with_the_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/stolen")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            pass

    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        assert run(tmp_path, f"http://127.0.0.1:{server.server_port}") == 2
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert "redirects to http://127.0.0.1:1/stolen; give that site's address as --site" in capsys.readouterr().err


def test_a_site_that_does_not_answer_ends_the_run_with_the_way_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "http://127.0.0.1:1") == 4
    assert "7 times in a row; start the same command again later" in capsys.readouterr().err
