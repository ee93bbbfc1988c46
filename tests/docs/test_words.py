"""What people read is in plain English: `tests/data/words.toml` lists the words that must not come back."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from built_package import ROOT

WORDS: Final[list[dict[str, str]]] = tomllib.loads((ROOT / "tests" / "data" / "words.toml").read_text())["word"]
PATTERNS: Final = [(re.compile(word["pattern"], re.IGNORECASE), word["instead"]) for word in WORDS]
PAGES: Final = (
    "*.md",
    "docs/*.md",
    "competition/pages/*.md",
    "competition/starting_kit/*.md",
    "reference_data_stub/*.md",
    ".github/**/*",
)
TEMPLATES: Final = ("scoring_program/lvos_eval/reporting/templates/*",)
SCRIPTS: Final = ("Makefile", "container/*")
CODE: Final = ("scoring_program/**/*.py", "competition/**/*.py", "supply/*.py")


def files(patterns: tuple[str, ...]) -> list[Path]:
    return [path for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path.is_file()]


def messages(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every string of a module that is not a docstring."""
    tree = ast.parse(path.read_text())
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def lines(path: Path) -> Iterator[tuple[int, str]]:
    yield from enumerate(re.sub(r"\{#.*?#\}", "", path.read_text(errors="replace"), flags=re.DOTALL).splitlines(), 1)


def hits(texts: Iterator[tuple[int, str]], path: Path) -> Iterator[str]:
    for number, text in texts:
        for pattern, instead in PATTERNS:
            if found := pattern.search(text):
                yield f"{path.relative_to(ROOT)}:{number}: {found[0]!r}; write: {instead}"


@pytest.mark.parametrize("patterns", [PAGES, TEMPLATES, SCRIPTS], ids=["pages", "templates", "scripts"])
def test_no_page_has_a_word_that_must_not_come_back(patterns: tuple[str, ...]) -> None:
    assert [hit for path in files(patterns) for hit in hits(lines(path), path)] == []


def test_no_message_has_a_word_that_must_not_come_back() -> None:
    assert [hit for path in files(CODE) for hit in hits(messages(path), path)] == []


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word["instead"])
def test_every_word_is_found_in_the_sentence_that_it_is_for(word: dict[str, str]) -> None:
    assert re.search(word["pattern"], word["found"], re.IGNORECASE)
