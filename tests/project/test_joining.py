"""The files that other services and newcomers read agree with the program, and are what those services accept."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
import zipfile
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml

from built_package import LEFT_OUT, ROOT
from lvos_eval.version import __version__

PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FORMS: Final = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
SECTIONS: Final = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
"""Of Keep a Changelog, in its order."""


def validate(document: object, schema: str) -> None:
    with zipfile.ZipFile(ROOT / "tests" / "data" / "schemas.zip") as archive:
        jsonschema.validate(document, json.loads(archive.read(f"{schema}.json")))


def loaded(path: Path) -> Any:
    # as JSON has it: a date or a version such as 1.2 is no string in YAML
    return json.loads(json.dumps(yaml.safe_load(path.read_text()), default=str))


def test_the_citation_is_valid_and_says_what_the_metadata_says() -> None:
    citation = loaded(ROOT / "CITATION.cff")
    validate(citation, "citation-file-format")
    assert citation["version"] == __version__
    assert citation["license"] == PROJECT["license"]
    assert citation["keywords"] == PROJECT["keywords"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in PROJECT["authors"]]
    assert [reference["notes"] for reference in citation["references"]] == ["LVOS V1", "LVOS V2"]


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_is_valid(form: Path) -> None:
    validate(loaded(form), "github-issue-forms")


def test_the_choice_of_forms_is_valid_and_leads_to_the_security_policy() -> None:
    config = loaded(ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml")
    validate(config, "github-issue-config")
    assert [link["url"] for link in config["contact_links"]] == [f"{PROJECT['urls']['Repository']}/blob/main/SECURITY.md"]


@pytest.mark.parametrize("name", ["error", "score"])
def test_a_report_has_to_bring_the_signature_and_the_debug_output(name: str) -> None:
    body = loaded(ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml")["body"]
    required = {item["id"]: item["attributes"] for item in body if item.get("validations", {}).get("required")}
    assert "signature" in required
    assert any("`--debug`" in attributes.get("description", "") for attributes in required.values())
    assert "Never attach hidden masks" in body[0]["attributes"]["value"]


def test_the_hooks_before_a_commit_are_the_steps_of_make_lint() -> None:
    (repository,) = loaded(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    hooks = [hook["entry"].removeprefix("env ").removeprefix("bash -c ").strip("'") for hook in repository["hooks"]]
    told = subprocess.run(
        ["make", "--no-print-directory", "-n", "-o", ".venv/development", "lint"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    steps = [step for step in told.stdout.replace("\\\n", " ").splitlines() if not step.startswith("make")]
    assert [shlex.split(hook) for hook in hooks] == [shlex.split(step) for step in steps]
    assert all((hook["language"], hook["pass_filenames"]) == ("system", False) for hook in repository["hooks"])


def test_the_changelog_has_the_form_that_it_names() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    versions = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert all(re.fullmatch(r"\[(Unreleased|\d+\.\d+\.\d+)\]( - \d{4}-\d\d-\d\d)?", version) for version in versions), versions
    assert versions[0] == "[Unreleased]" or versions[0].startswith(f"[{__version__}] - ")
    assert {line.removeprefix("### ") for line in lines if line.startswith("### ")} <= {*SECTIONS}
    for version in versions:
        name = version.partition(" ")[0]
        assert any(line.startswith(f"{name}: {PROJECT['urls']['Repository']}/") for line in lines), f"{name} has no link"


def test_every_address_of_the_project_is_the_one_of_the_metadata() -> None:
    """Whoever moves the project changes pyproject.toml, and is told every other place."""
    repository = PROJECT["urls"]["Repository"]
    for path in texts():
        for address in re.findall(r"https://[\w.-]+/lvos-eval\b", path.read_text()):
            assert address == repository, path


def texts() -> list[Path]:
    """Every file that people write."""
    endings = {".cff", ".css", ".j2", ".js", ".md", ".py", ".sh", ".toml", ".yaml", ".yml"}
    found = [path for path in ROOT.rglob("*") if path.suffix in endings or path.name in {"Makefile", "Dockerfile", "run"}]
    outside = {*LEFT_OUT, "data"}
    return [path for path in found if path.is_file() and not {*path.relative_to(ROOT).parts} & outside]


def test_files_are_as_the_editor_is_told_to_write_them() -> None:
    for path in texts():
        content = path.read_bytes()
        assert not content or content.endswith(b"\n"), path
        assert b"\r" not in content, path
        assert not re.search(rb"[ \t]$", content, re.MULTILINE), path
