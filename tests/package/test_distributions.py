"""The wheel and the sdist hold all that they have to, and the wheel scores where nothing else of the project is."""

from __future__ import annotations

import email
import email.message
import importlib.metadata
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Final, NamedTuple

import pytest

import built_package
from built_package import ROOT
from lvos_eval.version import ISSUES, __version__
from unpacking import unpack

pytest.importorskip("build", reason="the group `package` is not installed: make test")
if int(importlib.metadata.version("setuptools").partition(".")[0]) < 77:
    pytest.skip("setuptools is older than pyproject.toml asks for: make test", allow_module_level=True)

URLS: Final[dict[str, str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]


class Built(NamedTuple):
    """What was built of one tree."""

    tree: Path
    wheel: Path
    sdist: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("package")
    tree = built_package.copy_of_the_tree(folder / "tree")
    sdist = built_package.build(tree, "sdist", folder / "sdist")
    return Built(tree, built_package.build(tree, "wheel", folder / "wheel"), sdist)


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def metadata(wheel: Path) -> email.message.Message:
    (content,) = (data for name, data in contents(wheel).items() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(content)


def readme(wheel: Path) -> str:
    """The README of the metadata, which is UTF-8."""
    payload = metadata(wheel).get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def test_the_wheel_holds_every_file_of_the_package_the_licence_and_no_more(built: Built) -> None:
    package = ROOT / "scoring_program"
    wanted = {path.relative_to(package).as_posix(): path.read_bytes() for path in (package / "lvos_eval").rglob("*.*")}
    wanted = {name: content for name, content in wanted.items() if not name.endswith(".pyc")}
    found = contents(built.wheel)
    assert {name: content for name, content in found.items() if ".dist-info/" not in name} == wanted
    assert found[f"lvos_eval-{__version__}.dist-info/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()


def test_the_sdist_holds_every_file_of_the_tree(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        found = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    generated = ("build/", "scoring_program/lvos_eval.egg-info/")
    tree = {path.relative_to(built.tree).as_posix() for path in built.tree.rglob("*") if path.is_file()}
    assert {name for name in tree if not name.startswith(generated)} - found == set()


def test_the_wheel_of_the_sdist_is_that_of_the_tree(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as archive:
        unpack(archive, tmp_path)
    wheel = built_package.build(tmp_path / f"lvos_eval-{__version__}", "wheel", tmp_path / "wheel")
    assert contents(wheel) == contents(built.wheel)


def test_twine_has_nothing_to_say_of_either(built: Built) -> None:
    pytest.importorskip("twine", reason="twine is not installed: make package")
    command = (sys.executable, "-m", "twine", "check", "--strict", built.wheel, built.sdist)
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_metadata_names_authors_urls_keywords_and_pythons(built: Built) -> None:
    found = metadata(built.wheel)
    assert found["Author"] == "the lvos-eval authors"
    assert found["License-Expression"] == "BSD-3-Clause"
    assert dict(url.split(", ") for url in found.get_all("Project-URL", [])) == URLS
    assert "LVOS" in found["Keywords"]
    pythons = {name.rpartition(" ")[2] for name in found.get_all("Classifier", []) if "Python :: 3." in name}
    assert pythons == {"3.11", "3.12", "3.13", "3.14"}
    assert "Typing :: Typed" in found.get_all("Classifier", [])


def test_every_link_of_the_readme_in_the_metadata_is_absolute_and_leads_to_a_file_of_the_repository(built: Built) -> None:
    links = re.findall(r"(!?)\[(?:[^\[\]]|!\[[^\]]*\]\([^)]*\))*\]\(([^)\s]+)\)", readme(built.wheel))
    links += [("!", target) for target in re.findall(r"\[!\[[^\]]*\]\(([^)\s]+)\)", readme(built.wheel))]
    assert len(links) > 5
    for picture, target in links:
        if target.startswith(URLS["Repository"]):
            kind, _, path = target.removeprefix(f"{URLS['Repository']}/").partition("/main/")
            assert kind == ("raw" if picture else "blob")
            assert (ROOT / path.partition("#")[0]).is_file(), target
        else:
            assert re.match(r"https://|#", target), target


def test_the_wheel_scores_the_sample_without_the_project(built: Built, tmp_path: Path) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        archive.extractall(tmp_path / "site")
    stub = ROOT / "reference_data_stub"
    arguments = ("score", stub / "sample_submission.zip", "--reference", stub / "reference", "--output", tmp_path / "out")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    command = (sys.executable, "-m", "lvos_eval", *arguments)
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"scores.json", "scores.txt", "detailed_results.html"}


def test_errors_are_reported_where_the_metadata_says() -> None:
    assert URLS["Issues"] == ISSUES
    assert all(url.startswith(URLS["Repository"]) for url in URLS.values())
