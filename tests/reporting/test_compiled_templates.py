"""Templates are compiled beforehand: the same pages, from code that belongs to the templates as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment

from lvos_eval.protocols import Task
from lvos_eval.reporting import compiled_templates
from lvos_eval.reporting.compiled_templates import CompiledTemplates, compiled
from lvos_eval.reporting.html import environment
from lvos_eval.reporting.page import render_page
from lvos_eval.scoring.results import Report, State

FOLDER = Path(compiled_templates.__file__).parent / "templates"
TEMPLATES = sorted(path.name for path in FOLDER.glob("*.j2"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_code_of_each_template_is_up_to_date(name: str) -> None:
    written = (FOLDER / f"{name}.compiled").read_text(encoding="utf-8")
    assert written == compiled(environment(), name), "run `make templates`"


def test_no_code_is_left_of_a_template_that_is_gone() -> None:
    assert {path.name for path in FOLDER.glob("*.compiled")} == {f"{name}.compiled" for name in TEMPLATES}


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates that are compiled while a test runs."""
    found: list[str] = []
    original = Environment.compile

    def watched(self: Environment, *arguments: Any) -> Any:
        found.append(arguments[1])
        return original(self, *arguments)

    monkeypatch.setattr(Environment, "compile", watched)
    environment.cache_clear()
    return found


def a_page() -> str:
    return render_page(Report(State.CHECKING, "1.0", "lvos-v2", Task.SEMI_SUPERVISED))


def test_a_page_is_rendered_without_compiling(compilations: list[str]) -> None:
    assert "Checking" in a_page()
    assert compilations == []


def test_code_of_another_template_or_another_jinja_is_not_used(
    compilations: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = a_page()
    monkeypatch.setattr(compiled_templates, "_FOLDER", tmp_path)
    for name in TEMPLATES:
        (tmp_path / f"{name}.compiled").write_text("# version 1, template 0\nraise AssertionError\n")
    environment.cache_clear()
    assert a_page() == wanted
    assert "page.html.j2" in compilations


def test_nothing_is_written_where_there_is_no_code(
    compilations: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = a_page()
    monkeypatch.setattr(compiled_templates, "_FOLDER", tmp_path)
    environment.cache_clear()
    assert a_page() == wanted
    assert "page.html.j2" in compilations
    assert list(tmp_path.iterdir()) == []


def test_the_first_line_tells_templates_apart() -> None:
    first = CompiledTemplates().get_source_checksum
    assert first("one") != first("two")
    assert first("one") == first("one")
