"""Every rule of the platforms on the built bundles: `python -m competition.checks.selfcheck dist`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from competition import ROOT
from competition.bundles.build import CODABENCH_BUNDLE, CODALAB_BUNDLE
from competition.bundles.kit import PROGRAM
from competition.checks import codabench, codalab, files, phases
from competition.checks.bundle import Bundle, Platform
from competition.checks.rule import Rule, broken_rules
from competition.checks.trial_run import run_from_bundle, run_from_source, trial_faults

__all__ = ["BUNDLES", "RULES", "check_bundle", "check_programs", "main"]

RULES: Final[Mapping[Platform, tuple[Rule, ...]]] = {
    Platform.CODABENCH: (*files.RULES, *phases.RULES, *codabench.RULES),
    Platform.CODALAB: (*files.RULES, *phases.RULES, *codalab.RULES),
}
BUNDLES: Final = {Platform.CODABENCH: CODABENCH_BUNDLE, Platform.CODALAB: CODALAB_BUNDLE}
TRIAL: Final = "trial-run"
STUB: Final = ROOT / "reference_data_stub"


def check_bundle(path: Path, platform: Platform) -> list[str]:
    """A line for every rule that the bundle breaks: `codabench version-2: version is 1`."""
    try:
        bundle = Bundle(path, platform)
    except (OSError, zipfile.BadZipFile) as error:
        return [f"{platform} opens: {path}: {error}"]
    with bundle.archive:
        return [f"{platform} {rule.name}: {reason}\n    {rule.text}" for rule, reason in broken_rules(bundle, RULES[platform])]


def check_programs(paths: dict[Platform, Path], reference: Path, submission: Path) -> list[str]:
    """Scores the sample with the program out of each bundle and with the source tree: the same bytes have to come out."""
    faults = []
    with tempfile.TemporaryDirectory() as parent:
        expected = run_from_source(PROGRAM, reference, submission, Path(parent) / "source")
        for platform, path in paths.items():
            bundle = Bundle(path, platform)
            try:
                with bundle.archive:
                    output = run_from_bundle(bundle, reference, submission, Path(parent) / platform)
                faults += [f"{platform} {TRIAL}: {fault}" for fault in trial_faults(output, expected)]
            except (ValueError, LookupError, OSError) as error:
                faults.append(f"{platform} {TRIAL}: {error}")
    return faults


def main(arguments: Sequence[str] | None = None) -> int:
    """0: both bundles keep every rule; 1: the broken rules are listed on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m competition.checks.selfcheck",
        description="Checks both built bundles against every rule of the platforms.",
        epilog="example: python -m competition.checks.selfcheck dist",
    )
    parser.add_argument("folder", metavar="DIR", type=Path, nargs="?", default=Path("dist"), help="where the bundles are")
    parser.add_argument("--reference", type=Path, default=STUB / "reference", help="public reference data for the trial run")
    parser.add_argument("--submission", type=Path, default=STUB / "sample_submission.zip", help="zip for the trial run")
    parser.add_argument("--list", action="store_true", help="print the rules and check nothing")
    options = parser.parse_args(arguments)
    if options.list:
        for rule in dict.fromkeys(rule for rules in RULES.values() for rule in rules):
            platforms = " ".join(platform for platform, rules in RULES.items() if rule in rules)
            print(f"{rule.name:<22} {platforms:<18} {rule.text}")
        return 0
    paths = {platform: options.folder / name for platform, name in BUNDLES.items()}
    faults = [line for platform, path in paths.items() for line in check_bundle(path, platform)]
    if not faults:
        faults = check_programs(paths, options.reference, options.submission)
    for line in faults:
        print(line, file=sys.stderr)
    for platform, path in paths.items():
        broken = sum(line.startswith(f"{platform} ") for line in faults)
        print(f"{path}: {len(RULES[platform])} rules and a trial run, {f'{broken} broken rules' if broken else 'all kept'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
