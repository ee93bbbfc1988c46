"""What an image holds, as a CycloneDX 1.5 document on standard output: `make sbom`.

It runs inside of the image, with Python alone, and reads what pip (`*.dist-info`) and dpkg (`/var/lib/dpkg/status`) have noted
down. The same image gives the same bytes.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import sys
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

__all__ = ["debian_packages", "document", "main", "python_packages"]

DPKG = Path("/var/lib/dpkg/status")
OS_RELEASE = Path("/etc/os-release")


def python_packages(folders: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The packages that this Python finds, or that lie in the folders, as components."""
    found: dict[str, dict[str, Any]] = {}
    for distribution in importlib.metadata.distributions(path=list(sys.path if folders is None else folders)):
        # names that differ in capitals, dots and dashes only are one
        name = distribution.metadata["Name"].lower().replace("_", "-").replace(".", "-")
        noted = distribution.metadata.json
        licence = str(noted.get("license_expression") or noted.get("license") or "")
        component = _component(name, distribution.version, f"pkg:pypi/{name}@{_quoted(distribution.version)}")
        # some have the whole text there
        if licence and "\n" not in licence and len(licence) < 80:
            component["licenses"] = [{"license": {"name": licence}}]
        found.setdefault(name, component)
    return [found[name] for name in sorted(found)]


def debian_packages(status: Path = DPKG, release: Path = OS_RELEASE) -> list[dict[str, Any]]:
    """The installed packages of Debian as components; none where there is no dpkg."""
    if not status.is_file():
        return []
    system = dict(line.split("=", 1) for line in release.read_text(encoding="utf-8").splitlines() if "=" in line)
    distro = f"{system.get('ID', 'debian')}-{system.get('VERSION_ID', '')}".replace('"', "").rstrip("-")
    found = []
    for fields in _paragraphs(status.read_text(encoding="utf-8")):
        if fields.get("Status", "").endswith(" installed"):
            name, version = fields["Package"], fields["Version"]
            where = f"arch={_quoted(fields['Architecture'])}&distro={_quoted(distro)}"
            found.append(_component(name, version, f"pkg:deb/debian/{_quoted(name)}@{_quoted(version)}?{where}"))
    return sorted(found, key=lambda component: (component["name"], component["purl"]))


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    """The fields of each paragraph of a control file; continued lines are left out."""
    for paragraph in text.split("\n\n"):
        lines = [line for line in paragraph.splitlines() if line and line[0] not in " \t"]
        yield dict(line.split(": ", 1) for line in lines if ": " in line)


def _component(name: str, version: str, purl: str) -> dict[str, Any]:
    return {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def document(name: str, version: str) -> dict[str, Any]:
    """The whole document of an image."""
    python = {"type": "application", "name": "cpython", "version": platform.python_version()}
    python["bom-ref"] = python["purl"] = f"pkg:generic/cpython@{python['version']}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": name, "version": version, "bom-ref": f"{name}@{version}"}},
        "components": [python, *python_packages(), *debian_packages()],
    }


def main(arguments: Sequence[str]) -> int:
    """Prints the document of the image with this name and version; returns the exit code."""
    name, version = arguments
    json.dump(document(name, version), sys.stdout, indent=1, sort_keys=True)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
