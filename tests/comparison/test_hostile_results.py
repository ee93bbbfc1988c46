"""Results and leaderboards that somebody else has written: refused with file and field, or shown so that they cannot act."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

import rescores
import submissions
from lvos_eval.cli.main import main
from lvos_eval.diagnostics.errors import ExitCode

ACTING: Final = "\x1b]0;title\x07\x1b[2J\u202e<img src=x onerror=alert(1)>"
SHOWN: Final = r"\x1b]0;title\x07\x1b[2J\u202e<img src=x onerror=alert(1)>"
Document = dict[str, Any]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("hostile")
    reference = submissions.write_reference(base / "reference")
    stored = rescores.write_submissions(base / "submissions")
    assert rescores.rescore(stored, reference, base / "board") == ExitCode.SUCCESS
    return base


def details(base: Path) -> Document:
    content: Document = json.loads((base / "board" / "results" / "near" / "scoring_details.json").read_text())
    return content


def first(name: str, value: object) -> Callable[[Document], object]:
    return lambda content: content["objects"][0].update({name: value})


def scores(name: str, value: object) -> Callable[[Document], object]:
    return lambda content: content["scores"].update({name: value})


def twice(content: Document) -> None:
    content["objects"].append(content["objects"][0])


REFUSED: Final[dict[str, tuple[Callable[[Document], object], str]]] = {
    "state": (lambda content: content.update(scores=None, state=ACTING), f'holds no scores (its state is "{SHOWN}")'),
    "format": (lambda content: content.update(format=ACTING), f'has the layout "{SHOWN}"; this program reads'),
    "format true": (lambda content: content.update(format=True), "has the layout true"),
    "no signature": (lambda content: content.pop("signature"), "signature is missing; it must be a text"),
    "signature": (lambda content: content.update(signature=[1]), "signature is a list; it must be a text"),
    "scores": (lambda content: content.update(scores=3), "scores is 3; it must be an object"),
    "score of another kind": (scores("Overall", ACTING), f'scores.Overall is "{SHOWN}"; it must be a number from 0 to 100'),
    "score infinite": (scores("Overall", float("inf")), "scores.Overall is Infinity; it must be a number from 0 to 100"),
    "score huge": (scores("Overall", 10**400), "scores.Overall is 1000000000000"),
    "score true": (scores("Overall", True), "scores.Overall is true; it must be a number"),
    "objects": (lambda content: content.update(objects=None), "objects is missing; it must be a list"),
    "object": (lambda content: content.update(objects=[1, 2]), "objects[0] is 1; it must be an object"),
    "empty object": (lambda content: content.update(objects=[{}]), "objects[0].video is missing; it must be a text"),
    "object twice": (twice, "objects[6] is an object; it must be another object than aVideo01/1, which is there already"),
    "J not a number": (first("J", float("nan")), "objects[0].J is NaN; it must be a number from 0 to 1"),
    "J huge": (first("J", 1e308), "objects[0].J is 1e+308; it must be a number from 0 to 1"),
    "F below 0": (first("F", -0.5), "objects[0].F is -0.5; it must be a number from 0 to 1"),
    "V": (first("V", None), "objects[0].V is missing; it must be a number from 0 to 1"),
    "split": (first("split", ACTING), f'objects[0].split is "{SHOWN}'[:60]),
    "attributes": (first("attributes", "BC"), 'objects[0].attributes is "BC"; it must be a list'),
    "attribute": (first("attributes", [5]), "objects[0].attributes[0] is 5; it must be a text"),
    "id as text": (first("object", "1" * 5000), 'objects[0].object is "11111'),
    "id huge": (first("object", 10**200), "objects[0].object is 1000"),
    "frames": (first("frames", 1.5), "objects[0].frames is 1.5; it must be a whole number from 0 to 1,000,000,000"),
    "proposal": (first("proposal", ACTING), "objects[0].proposal is "),
    "video": (first("video", {}), "objects[0].video is an object; it must be a text"),
}


def refused(arguments: Sequence[object], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(argument) for argument in arguments]) == ExitCode.USAGE
    said = capsys.readouterr()
    assert message in said.err
    assert said.out == ""
    assert all(char.isprintable() or char == "\n" for char in said.err)


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_a_result_with_wrong_contents_is_refused_with_its_file_and_field(
    change: Callable[[Document], object],
    message: str,
    options: list[str],
    base: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = details(base)
    change(content)
    (tmp_path / "other.json").write_text(json.dumps(content))
    refused(["compare", base / "board" / "results" / "near", tmp_path / "other.json", *options], message, capsys)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ('{"a": ' * 100_000, "cannot be read"),
        ("1" * 5000, "cannot be read"),
        ("\udcff", "cannot be read"),
        ("[]", "is not a result of lvos-eval"),
        ('"\\u001b[2J"', "is not a result of lvos-eval"),
    ],
    ids=["empty", "deep list", "deep object", "long number", "not UTF-8", "list", "text"],
)
def test_a_file_that_holds_no_document_is_refused(
    text: str, message: str, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # the name of the file is not believed either
    path = tmp_path / f"{ACTING[:9]}.json"
    path.write_text(text, errors="surrogateescape")
    refused(["compare", path, path], message, capsys)


SHOWING: Final[dict[str, Callable[[Document], object]]] = {
    "signature key": lambda content: content.update(signature=f"{content['signature']}|{ACTING}:1"),
    "signature value": lambda content: content.update(signature=content["signature"].replace("gt:", f"gt:{ACTING}")),
    "score key": scores(ACTING, 0.5),
    "video": lambda content: content["objects"][0].update(video=ACTING, J=0.1),
    "attribute": first("attributes", [ACTING]),
    "lone surrogate": first("video", "\ud800"),
}


@pytest.mark.parametrize("change", SHOWING.values(), ids=SHOWING)
def test_texts_of_a_result_are_shown_and_cannot_act(
    change: Callable[[Document], object], base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, j in (("old", 0.25), ("new", 0.5)):
        content = details(base)
        change(content)
        content["objects"][0]["J"] = j
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    given = [base / "board" / "results" / "near" / "scoring_details.json", tmp_path / "old.json", tmp_path / "new.json"]
    for old, new in ((given[0], given[1]), (given[1], given[2]), (given[2], given[0])):
        for options in (["--html", str(tmp_path / "page.html")], ["--json"]):
            assert main(["compare", str(old), str(new), *options]) == ExitCode.DIFFERENT
            said = capsys.readouterr()
            assert all(char.isprintable() or char == "\n" for char in said.out + said.err)
        page = (tmp_path / "page.html").read_text()
        assert not any(sign in page for sign in ("\x1b", "\x07", "\u202e", "<img src"))


def ranked(name: str, value: object) -> Callable[[Document], object]:
    return lambda content: content["submissions"][0].update({name: value})


def invalid(name: str, value: object) -> Callable[[Document], object]:
    return lambda content: content["invalid"][0].update({name: value})


def ranked_twice(content: Document) -> None:
    content["submissions"].append(content["submissions"][0])


BOARDS: Final[dict[str, tuple[Callable[[Document], object], str]]] = {
    "rank infinite": (ranked("rank", float("inf")), "submissions[0].rank is Infinity; it must be a whole number from 1"),
    "rank of another kind": (ranked("rank", ACTING), f'submissions[0].rank is "{SHOWN}'[:60]),
    "rank true": (ranked("rank", True), "submissions[0].rank is true; it must be a whole number from 1"),
    "submission of another kind": (ranked("submission", []), "submissions[0].submission is a list; it must be a text"),
    "submission twice": (ranked_twice, "it must be another one: it is there already"),
    "no list": (lambda content: content.update(submissions={}), "submissions is an object; it must be a list"),
    "format": (lambda content: content.update(format=ACTING), f'has the layout "{SHOWN}"; this program reads'),
}
COMPARED: Final[dict[str, tuple[Callable[[Document], object], str]]] = {
    "Overall": (ranked("scores", {"Overall": float("nan")}), "submissions[0].scores.Overall is NaN; it must be a number"),
    "no scores": (ranked("scores", None), "submissions[0].scores is missing; it must be an object"),
    "name": (ranked("name", 7), "submissions[0].name is 7; it must be a text"),
    "results elsewhere": (ranked("results", "results/../../other"), "it must be a folder in results/"),
    "results at an absolute path": (ranked("results", "/etc"), "it must be a folder in results/"),
    "results with NUL": (ranked("results", 5), "submissions[0].results is 5; it must be a text"),
    "invalid": (lambda content: content.update(invalid=None), "invalid is missing; it must be a list"),
    "invalid name": (invalid("name", None), "invalid[0].name is missing; it must be a text"),
    "both": (invalid("submission", "near.zip"), "it must be another one: it is among the ranked ones"),
    "signature": (lambda content: content.update(signature=None), "signature is missing; it must be a text"),
}


@pytest.mark.parametrize(("change", "message"), [*BOARDS.values(), *COMPARED.values()], ids=[*BOARDS, *COMPARED])
def test_a_leaderboard_with_wrong_contents_is_refused_with_its_file_and_field(
    change: Callable[[Document], object], message: str, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads((base / "board" / "leaderboard.json").read_text())
    change(content)
    (tmp_path / "leaderboard.json").write_text(json.dumps(content))
    refused(["compare", base / "board", tmp_path], message, capsys)


@pytest.mark.parametrize(("change", "message"), BOARDS.values(), ids=BOARDS)
def test_so_is_a_previous_leaderboard(
    change: Callable[[Document], object], message: str, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads((base / "board" / "leaderboard.json").read_text())
    change(content)
    (tmp_path / "previous.json").write_text(json.dumps(content))
    options = ["--reference", base / "reference", "--output", tmp_path / "out"]
    refused(["rescore", base / "submissions", *options, "--previous", tmp_path / "previous.json"], message, capsys)


@pytest.mark.parametrize(
    "content", [f"near.zip,{ACTING},x\n", f"near.zip,x\n{ACTING},y\n{ACTING},z\n", "near.zip,\udcff\n", "a,\0\n"]
)
def test_a_table_of_names_is_told_without_its_control_characters(
    content: str, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / f"{ACTING[:9]}.csv"
    table.write_text(content, errors="surrogateescape")
    options = ["--reference", base / "reference", "--output", tmp_path / "out", "--names", table, "--jobs", "1", "--quiet"]
    code = main([str(argument) for argument in ["rescore", base / "submissions", *options]])
    said = capsys.readouterr()
    assert code in (ExitCode.USAGE, ExitCode.SUCCESS)
    assert all(char.isprintable() or char == "\n" for char in said.out + said.err)
