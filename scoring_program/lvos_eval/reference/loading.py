"""What is asked of a submission, from a reference folder: its settings, the protocol that they name, and the videos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lvos_eval import protocols
from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.problems import REFERENCE_CODES
from lvos_eval.diagnostics.text import printable
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.readers import READERS
from lvos_eval.reference.settings import ScoringRules, load_settings

__all__ = ["load_manifest", "read_manifest"]


def load_manifest(reference: Path, rules: ScoringRules | None = None, *, splits: bool = True) -> Manifest:
    """Reads the metadata, the lists and (unless given) the rules of a reference folder, or of a metadata file alone.

    Without `splits` nobody asks which videos are unseen, so the list of them may be absent.
    Raises ReferenceDataError with every error in them; masks are not looked at.
    """
    collector = ProblemCollector(REFERENCE_CODES)
    manifest = read_manifest(reference, rules or load_settings(reference).rules, collector, splits=splits)
    collector.raise_errors()
    assert manifest is not None
    return manifest


def read_manifest(reference: Path, rules: ScoringRules, collector: ProblemCollector, *, splits: bool = True) -> Manifest | None:
    """As `load_manifest`, but goes on past every error that leaves something to go on with; they all go to `collector`.

    None where there is an error and nothing to go on with.
    """
    try:
        protocol = protocols.get(rules.protocol, rules.task)
    except protocols.UnknownProtocolError as error:
        collector.error("settings", str(error), "correct --protocol and --task, or scoring.yaml")
        return None
    collector.digits = protocol.layout.digits
    if rules.image_set is not None and not protocol.layout.image_sets:
        message = f"the data of {protocol.name} has no sets of videos, so there is no set {printable(rules.image_set)}"
        collector.error("settings", message, "leave out --set")
        return None
    manifest = READERS[protocol.videos].read(reference, rules, protocol, collector, splits)
    if manifest is None or not rules.recognised:
        return manifest
    note = f"the layout of the data is that of {protocol.name}; use --protocol for another benchmark"
    return replace(manifest, warnings=(note, *manifest.warnings))
