"""Which benchmark a data set is of, where nobody says so: what its folders, lists and metadata tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lvos_eval import protocols
from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.diagnostics.text import listed
from lvos_eval.protocols import Task
from lvos_eval.reference.readers import READERS
from lvos_eval.reference.settings import SETTINGS_FILE, ScoringRules, Settings

__all__ = ["chosen_rules"]


def chosen_rules(
    settings: Settings,
    reference: Path,
    *,
    protocol: str | None = None,
    task: Task | None = None,
    image_set: str | None = None,
) -> ScoringRules:
    """The rules of the settings under those that are asked for; the protocol is the one that the data fits if nobody names one.

    Raises ReferenceDataError where it fits several.
    """
    rules = settings.rules
    if protocol is None and not settings.names_protocol:
        found = _recognised(reference, task)
        rules = rules if found is None else replace(rules.override(protocol=found), recognised=True)
    return rules.override(protocol=protocol, task=task, image_set=image_set)


def _recognised(reference: Path, task: Task | None) -> str | None:
    """The protocol of a data set by its layout; None for the usual one."""
    found = []
    for name in protocols.names():
        asked = task or protocols.usual_task(name)
        if asked in protocols.tasks(name):
            protocol = protocols.get(name, asked)
            if READERS[protocol.videos].fits(reference, protocol.layout):
                found.append(name)
    if not found or protocols.DEFAULT in found:
        return None
    if len(found) > 1:
        fix = f"choose one with --protocol, or with `protocol:` in {SETTINGS_FILE}"
        raise ReferenceDataError.single("settings", f"the layout of the data fits {listed(found)}", fix)
    return found[0]
