"""What the pages for people name is there: files, modules, functions and targets of the Makefile."""

from __future__ import annotations

import importlib
import re
from typing import Final

import pytest

import commands

ROOT: Final = commands.PROGRAM.parent
IGNORED: Final = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines()]
FOLDERS: Final = [path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "." and path.name not in IGNORED]
# the pages of a competition and its kit are read where the project is not
PAGES: Final = [
    path.relative_to(ROOT).as_posix()
    for folder in (".", *FOLDERS)
    if folder != "competition"
    for path in sorted((ROOT / folder).glob("*.md" if folder == "." else "**/*.md"))
]
PACKAGES: Final = [path.parent.name for path in (commands.PROGRAM / "lvos_eval").glob("*/__init__.py")]
FILES: Final = ("csv", "html", "json", "md", "png", "txt", "yaml", "yml", "zip")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        assert "://" in target or (ROOT / page).parent.joinpath(target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_every_path_is_there(page: str) -> None:
    text = (ROOT / page).read_text()
    for path in re.findall(rf"(?<![\w./-])((?:{'|'.join(FOLDERS)})/[\w./-]*\w)", text):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", PAGES)
def test_every_module_and_function_is_there(page: str) -> None:
    text = (ROOT / page).read_text()
    for name in re.findall(rf"(?<![\w./-])(?:lvos_eval\.)?((?:{'|'.join(PACKAGES)})(?:\.\w+)+)\b(?!/)", text):
        if name.rpartition(".")[2] not in FILES:
            assert exists(name), name


def exists(name: str) -> bool:
    """Whether a dotted name below `lvos_eval` is a module or something in one."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(["lvos_eval", *parts[:end]]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            found = getattr(found, part, None)
        return found is not None
    return False


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_is_there(page: str) -> None:
    text = (ROOT / page).read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE)) <= targets
