"""The JSON that `check` and `score` print and write is what `docs/report.schema.json` says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

import commands
from lvos_eval import protocols
from lvos_eval.protocols.contract import Task
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.result_document import DETAILS_FORMAT, details, manifest_summary
from lvos_eval.scoring.publication import publish
from lvos_eval.scoring.results import ObjectScore, Report, State
from submissions import check, good_files, score, write_folder, write_reference

DOCS: Final = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads((DOCS / "report.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(closed(schema))


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return write_reference(tmp_path / "ref")


def closed(schema: Any) -> Any:
    """The schema with no room for keys that it does not name, so that it has to keep up with the code."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    room = {} if "properties" not in schema else {"additionalProperties": False}
    return room | {key: closed(value) for key, value in schema.items()}


def document(report: Report, reference: Path) -> Any:
    return json.loads(json.dumps(details(report, None, manifest_summary(load_manifest(reference)))))


def test_the_schema_has_the_version_of_the_format(validator: Draft202012Validator) -> None:
    assert validator.schema["properties"]["format"] == {"const": DETAILS_FORMAT}  # type: ignore[index]
    assert f"it is {DETAILS_FORMAT}." in (DOCS / "json.md").read_text()


def test_the_page_explains_every_key_of_the_schema(validator: Draft202012Validator) -> None:
    page = (DOCS / "json.md").read_text()
    assert [key for key in validator.schema["properties"] if f"`{key}`" not in page] == []  # type: ignore[index]


def test_a_checked_submission_fits_the_schema(validator: Draft202012Validator, tmp_path: Path, reference: Path) -> None:
    validator.validate(document(check(write_folder(tmp_path / "submission", good_files()), reference), reference))


def test_the_means_of_a_video_have_the_same_bits_on_every_python() -> None:
    # added up one after the other, ten times 0.1 is not 1
    objects = tuple(ObjectScore("video", object_id, "seen", (), 5, {"J": 0.1, "F": 0.1, "V": 0.1}) for object_id in range(1, 11))
    scores = publish(objects, protocols.get("lvos-v2").summary, Disclosure.FULL)
    report = Report(State.SCORED, "1", "lvos-v2", Task.SEMI_SUPERVISED, scores=scores)
    assert details(report, None, {})["videos"] == [{"video": "video", "objects": 10, "J": 0.1, "F": 0.1, "V": 0.1, "J&F": 0.1}]


def test_an_invalid_submission_fits_the_schema(validator: Draft202012Validator, tmp_path: Path, reference: Path) -> None:
    submission = write_folder(tmp_path / "submission", good_files() | {"aVideo01/00000006.png": b"", "x": b""})
    content = document(score(submission, reference).report, reference)
    validator.validate(content)
    assert content["problems"][0] == {
        "code": "unreadable-mask",
        "severity": "error",
        "video": "aVideo01",
        "frames": [6],
        "message": "the mask cannot be read: the file is empty.",
        "fix": "write the mask again; a full disk or a copy that broke off looks like this.",
    }


def test_the_command_line_prints_one_document_and_nothing_else(
    validator: Draft202012Validator, tmp_path: Path, reference: Path
) -> None:
    submission = write_folder(tmp_path / "submission", good_files())
    run = commands.lvos_eval("check", submission, "--reference", reference, "--json")
    content = json.loads(run.stdout)
    validator.validate(content)
    assert (run.returncode, content["state"]) == (0, "checked")
    assert content["submission"] == {
        "accepted": "33 masks of 3 videos of the folder submission",
        "videos": 3,
        "objects": 6,
        "frames": 27,
    }


def test_the_details_of_a_scoring_run_fit_the_schema(validator: Draft202012Validator, tmp_path: Path, reference: Path) -> None:
    submission = write_folder(tmp_path / "submission", good_files())
    run = commands.lvos_eval("score", submission, "--reference", reference, "--output", tmp_path / "out", "--json")
    content = json.loads(run.stdout)
    validator.validate(content)
    assert content == json.loads((tmp_path / "out" / "scoring_details.json").read_text())
    assert content["frames"]
