"""Looks for known vulnerabilities of everything in the lock files: `make audit`.

    python -m supply.audit [LOCK...]

Exit code 0 if every package was looked up and has none, 1 if one has, 2 if one could not be looked up: what nobody has looked at
is not safe.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

__all__ = ["Audit", "audit", "main", "read_report"]

ROOT: Final = Path(__file__).parents[1]


class Audit(NamedTuple):
    """What is known of the packages of a lock file."""

    clean: int
    vulnerable: tuple[str, ...]
    """`name version: id, id; fixed in version` of each."""
    unknown: tuple[str, ...]
    """`name: reason` of each that could not be looked up."""

    @property
    def exit_code(self) -> int:
        """1 for a vulnerability, 2 if something was not looked up, or there was nothing to look up."""
        return 1 if self.vulnerable else 2 if self.unknown or not self.clean else 0


def read_report(report: Mapping[str, Any]) -> Audit:
    """The result in a JSON document of pip-audit."""
    clean, vulnerable, unknown = 0, [], []
    for package in report.get("dependencies", ()):
        if "skip_reason" in package:
            unknown.append(f"{package['name']}: {package['skip_reason']}")
        elif package["vulns"]:
            ids = ", ".join(vulnerability["id"] for vulnerability in package["vulns"])
            fixes = sorted({version for vulnerability in package["vulns"] for version in vulnerability["fix_versions"]})
            hint = f"; fixed in {', '.join(fixes)}" if fixes else "; no fix yet"
            vulnerable.append(f"{package['name']} {package['version']}: {ids}{hint}")
        else:
            clean += 1
    return Audit(clean, tuple(vulnerable), tuple(unknown))


def audit(lock: Path) -> Audit:
    """Asks the vulnerability service of PyPI about each package of a lock file."""
    options = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json")
    command = [sys.executable, "-m", "pip_audit", *options, "-r", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - nothing of it comes from outside
    try:
        return read_report(json.loads(done.stdout))
    except json.JSONDecodeError:
        reason = (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]
        return Audit(0, (), (f"everything: {reason}",))


def _lines(lock: Path, found: Audit) -> Iterable[str]:
    counts = f"{found.clean} without known vulnerabilities, {len(found.vulnerable)} with, {len(found.unknown)} not looked up"
    yield f"{lock.name}: {counts}"
    yield from (f"  VULNERABLE {line}" for line in found.vulnerable)
    yield from (f"  NOT LOOKED UP {line}" for line in found.unknown)


def main(arguments: Sequence[str]) -> int:
    """Audits the lock files, all of the project by default; returns the exit code."""
    locks = [Path(name) for name in arguments] or sorted(ROOT.glob("requirements*.lock"))
    codes = set()
    for lock in locks:
        found = audit(lock)
        print("\n".join(_lines(lock, found)), flush=True)
        codes.add(found.exit_code)
    return 1 if 1 in codes else max(codes, default=2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
