"""The documentation site: generated parts, commands, Python and, where mkdocs is there, the build."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
import yaml

import commands

ROOT: Final = commands.PROGRAM.parent
DOCS: Final = ROOT / "docs"
STUB: Final = ROOT / "reference_data_stub"
WALKED: Final = ("quickstart", "comparing", "training")
"""Pages whose commands and Python are run from the first to the last."""


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / f"{page}.md").read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda path: path.stem)
def test_generated_parts_are_what_the_program_says(page: Path) -> None:
    text = page.read_text()
    assert module("generate").with_generated_parts(text) == text, "make docs"


def test_the_check_of_generated_parts_names_the_stale_page_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    generate = module("generate")
    stale = "<!-- generated: attributes -->\nold\n<!-- /generated -->\n"
    (tmp_path / "page.md").write_text(stale)
    monkeypatch.setattr(generate, "PAGES", tmp_path)
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out == "page.md is stale: make docs\n"
    assert (tmp_path / "page.md").read_text() == stale
    assert generate.main([]) == 0
    assert "| `OCC` | occlusion |" in (tmp_path / "page.md").read_text()
    assert generate.main(["--check"]) == 0


def test_every_page_is_in_the_navigation() -> None:
    told = re.findall(r"^ +- (\w+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(told) == sorted(path.name for path in DOCS.glob("*.md"))


def test_a_link_out_of_the_documentation_leads_to_the_repository() -> None:
    hooks = module("site_hooks")
    found = hooks.with_repository_links("[a](../perf/data.py) [b](speed.md) [c](https://x.example/../y)")
    assert found == "[a](https://git.lvos.example/lvos-eval/blob/main/perf/data.py) [b](speed.md) [c](https://x.example/../y)"


@pytest.mark.parametrize(
    ("page", "loads"),
    [
        ('<a href="https://x.example/">a link</a><img src="a.png">', []),
        ('<link rel="canonical" href="https://x.example/">', []),
        ('<script src="//x.example/a.js"></script>', ["//x.example/a.js"]),
        ('<link rel="stylesheet" href="https://x.example/a.css">', ["https://x.example/a.css"]),
        ("@import url('https://x.example/a.css')", ["https://x.example/a.css"]),
    ],
)
def test_what_a_browser_would_load_from_outside_is_found(page: str, loads: list[str]) -> None:
    assert [*module("site_hooks").from_outside(page)] == loads


def test_fonts_come_from_the_readers_system() -> None:
    assert yaml.safe_load((ROOT / "mkdocs.yml").read_text())["theme"]["font"] is False


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder as the pages suppose it: the data set, three trackers, stored submissions, and `lvos-eval` on the path."""
    shutil.copytree(STUB / "reference", tmp_path / "LVOS_V2" / "valid")
    (tmp_path / "reference_data_stub").symlink_to(STUB)
    (tmp_path / "submissions").mkdir()
    shutil.copy(STUB / "sample_submission.zip", tmp_path / "submissions")
    for tracker in ("my_tracker", "other_tracker", "third_tracker"):
        with zipfile.ZipFile(STUB / "sample_submission.zip") as archive:
            archive.extractall(tmp_path / tracker)
    first, last = sorted((tmp_path / "other_tracker").rglob("*.png"))[:2]
    shutil.copy(first, last)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "lvos-eval").write_text(f'#!/bin/sh\nexec {sys.executable} -P -m lvos_eval "$@"\n')
    (tmp_path / "bin" / "lvos-eval").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("page", WALKED)
def test_the_commands_and_the_python_of_a_page_run_as_they_stand(page: str, here: Path) -> None:
    path = f"{here / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(commands.PROGRAM)}
    for command in (line for block in blocks(page, "sh") for line in block.splitlines()):
        done = subprocess.run(["bash", "-c", command], cwd=here, env=environment, capture_output=True, text=True)
        # `compare` says with 1 that something differs
        assert done.returncode == (1 if " compare " in command else 0), command + done.stderr
    script = here / "page.py"
    script.write_text("\n".join(blocks(page, "python")))
    if script.read_text():
        done = subprocess.run([sys.executable, script], cwd=here, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout


def test_the_metadata_of_the_data_page_is_read(tmp_path: Path) -> None:
    plain, attributed = blocks("data", "json")
    from lvos_eval.reference.loading import load_manifest
    from lvos_eval.reference.settings import ScoringRules

    (tmp_path / "valid_meta.json").write_text(plain)
    (tmp_path / "valid_meta_attribute.json").write_text(attributed)
    (video,) = load_manifest(tmp_path, ScoringRules(), splits=False).videos
    assert video.attributes == ("OCC", "LRA")
    assert video.size is not None
    assert (video.size.height, video.size.width) == (720, 1280)


@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed: make docs")
def test_the_site_is_built_without_network_and_without_a_warning(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    isolated = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*isolated, "true"], capture_output=True).returncode:
        isolated = []
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run([*isolated, *build], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    assert "score_label_maps" in (tmp_path / "site" / "api.html").read_text()
