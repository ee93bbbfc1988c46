"""Vulnerabilities, the digest of the base image, the content of the image, and hashes of all that is installed."""

from __future__ import annotations

import functools
import http.server
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from built_package import ROOT
from supply import audit, base_digest, sbom

DIGEST: Final = f"sha256:{'ab' * 32}"
CLEAN: Final = {"name": "numpy", "version": "2.4.6", "vulns": []}
SKIPPED: Final = {"name": "scipy", "skip_reason": "Dependency not found on PyPI and could not be audited: scipy (1.17.1)"}
VULNERABLE: Final = {
    "name": "pillow",
    "version": "10.0.0",
    "vulns": [
        {"id": "CVE-2023-50447", "fix_versions": ["10.2.0"]},
        {"id": "CVE-2023-4863", "fix_versions": ["10.0.1"]},
    ],
}


@pytest.mark.parametrize(
    ("packages", "code"),
    [
        ([CLEAN], 0),
        ([CLEAN, VULNERABLE], 1),
        ([VULNERABLE, SKIPPED], 1),
        ([CLEAN, SKIPPED], 2),
        ([SKIPPED], 2),
        ([], 2),
    ],
)
def test_only_packages_that_were_looked_up_are_taken_for_safe(packages: list[dict[str, Any]], code: int) -> None:
    assert audit.read_report({"dependencies": packages}).exit_code == code


def test_a_vulnerable_package_is_named_with_the_versions_that_fix_it() -> None:
    (line,) = audit.read_report({"dependencies": [VULNERABLE]}).vulnerable
    assert line == "pillow 10.0.0: CVE-2023-50447, CVE-2023-4863; fixed in 10.0.1, 10.2.0"


def test_an_audit_that_could_not_be_made_says_why_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def offline(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", "Traceback ...\nConnectionError: no route to host\n")

    monkeypatch.setattr(subprocess, "run", offline)
    assert audit.main([str(tmp_path / "requirements.lock")]) == 2
    assert capsys.readouterr().out == (
        "requirements.lock: 0 without known vulnerabilities, 0 with, 1 not looked up\n"
        "  NOT LOOKED UP everything: ConnectionError: no route to host\n"
    )


class _Registry(http.server.BaseHTTPRequestHandler):
    """A registry that wants a token of anybody first."""

    digest = DIGEST

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        assert self.path == "/token?service=tests&scope=pull"
        self._answer(200, {}, json.dumps({"token": "secret"}).encode())

    def do_HEAD(self) -> None:
        if self.headers["Authorization"] != "Bearer secret":
            port = str(self.server.server_address).rpartition(", ")[2].rstrip(")")
            challenge = f'Bearer realm="http://127.0.0.1:{port}/token",service="tests",scope="pull"'
            self._answer(401, {"WWW-Authenticate": challenge})
        elif self.path == "/v2/library/python/manifests/3.12-slim-bookworm":
            self._answer(200, {"Docker-Content-Digest": self.digest})
        else:
            self._answer(404, {})

    def _answer(self, code: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Registry)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("REGISTRY", url)
        yield url
        server.shutdown()
        thread.join()


def dockerfile(folder: Path, image: str) -> Path:
    path = folder / "Dockerfile"
    path.write_text((ROOT / "Dockerfile").read_text().replace(image_of(ROOT / "Dockerfile"), image))
    return path


def image_of(path: Path) -> str:
    (image,) = re.findall(r"^ARG BASE_IMAGE=(\S+)$", path.read_text(), re.MULTILINE)
    return str(image)


@pytest.mark.parametrize("image", ["python:3.12-slim-bookworm", f"python:3.12-slim-bookworm@sha256:{'0' * 64}"])
def test_the_base_image_gets_the_digest_that_the_registry_has_now(image: str, registry: str, tmp_path: Path) -> None:
    path = dockerfile(tmp_path, image)
    assert base_digest.main([str(path)]) == 0
    assert image_of(path) == f"python:3.12-slim-bookworm@{DIGEST}"


@pytest.mark.parametrize(("image", "digest"), [("python:no-such-tag", DIGEST), ("python:3.12-slim-bookworm", "nonsense")])
def test_where_the_registry_does_not_know_nothing_is_changed(
    image: str, digest: str, registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_Registry, "digest", digest)
    path = dockerfile(tmp_path, image)
    before = path.read_bytes()
    assert base_digest.main([str(path)]) == 1
    assert path.read_bytes() == before
    assert f"{registry} does not say what {image} is" in capsys.readouterr().err


def test_where_no_registry_answers_the_tag_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY", "http://127.0.0.1:9")
    path = dockerfile(tmp_path, "python:3.12-slim-bookworm")
    assert base_digest.main([str(path)]) == 1
    assert image_of(path) == "python:3.12-slim-bookworm"


def test_the_containers_of_the_tests_are_built_on_the_same_tag() -> None:
    script = (ROOT / "tests" / "container" / "engine.sh").read_text()
    (tag,) = re.findall(r"^BASE_IMAGE=(\S+)$", script, re.MULTILINE)
    assert image_of(ROOT / "Dockerfile").partition("@")[0] == tag


STATUS: Final = """\
Package: zlib1g
Status: install ok installed
Architecture: amd64
Version: 1:1.2.13.dfsg-1
Description: compression library - runtime
 zlib is a library: it
 compresses

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: base-files
Status: install ok installed
Architecture: amd64
Version: 12.4+deb12u5
"""


def test_installed_debian_packages_are_listed_and_removed_ones_are_not(tmp_path: Path) -> None:
    (tmp_path / "status").write_text(STATUS)
    (tmp_path / "os-release").write_text('PRETTY_NAME="Debian"\nID=debian\nVERSION_ID="12"\n')
    found = sbom.debian_packages(tmp_path / "status", tmp_path / "os-release")
    assert [component["purl"] for component in found] == [
        "pkg:deb/debian/base-files@12.4%2Bdeb12u5?arch=amd64&distro=debian-12",
        "pkg:deb/debian/zlib1g@1%3A1.2.13.dfsg-1?arch=amd64&distro=debian-12",
    ]
    assert sbom.debian_packages(tmp_path / "nothing") == []


def test_python_packages_are_listed_once_with_their_licence(tmp_path: Path) -> None:
    for folder, version in (("one", "1.0"), ("two", "2.0")):
        info = tmp_path / folder / f"My_Package-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Name: My_Package\nVersion: {version}\nLicense-Expression: MIT\n")
    (component,) = sbom.python_packages([str(tmp_path / "one"), str(tmp_path / "two")])
    # the first on the path is the one that Python imports
    assert component["purl"] == "pkg:pypi/my-package@1.0"
    assert component["licenses"] == [{"license": {"name": "MIT"}}]


def test_the_document_comes_from_standard_input_as_in_the_image() -> None:
    command = [sys.executable, "-", "lvos-eval", "0.1.0"]
    script = (ROOT / "supply" / "sbom.py").read_text()
    first, second = (subprocess.run(command, input=script, capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert first == second
    document = json.loads(first)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.5")
    names = {component["name"] for component in document["components"]}
    assert {"cpython", "numpy", "opencv-python-headless"} <= names
    references = [component["bom-ref"] for component in document["components"]]
    assert len(references) == len({*references})


@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements*.lock")), ids=lambda path: path.name)
def test_every_locked_package_has_a_version_and_hashes(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n?", "", lock.read_text()).strip())
    assert entries
    for entry in entries:
        assert re.match(r"[\w.\[\]-]+==[\w.!+-]+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_no_target_and_no_image_installs_anything_without_hashes() -> None:
    for name in ("Makefile", "Dockerfile", ".ci/run", "container/run.sh", "container/slim.sh", "container/lvos-eval"):
        text = (ROOT / name).read_text().replace("\\\n", " ")
        for line in re.findall(r"^.*\bpip\b.*\binstall\b.*$", text, re.MULTILINE):
            assert "--require-hashes" in line, f"{name}: {line}"


def test_every_group_of_the_project_is_in_a_lock_file() -> None:
    makefile = (ROOT / "Makefile").read_text()
    lock = makefile[makefile.index("RUNTIME := ") : makefile.index(".PHONY: clean")]
    project = (ROOT / "pyproject.toml").read_text()
    groups = re.findall(r"^(\w+) = \[", project.partition("[dependency-groups]")[2].partition("\n[")[0], re.MULTILINE)
    assert groups
    assert [group for group in groups if not re.search(rf"\b{group}\b", lock)] == []
