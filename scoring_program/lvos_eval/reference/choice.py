"""Which reference data a command or a caller means, and what is asked of it in place of its own settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lvos_eval.protocols import Task
from lvos_eval.reference.recognition import chosen_rules
from lvos_eval.reference.settings import Disclosure, Settings, load_settings

__all__ = ["ReferenceChoice"]


@dataclass(frozen=True, slots=True)
class ReferenceChoice:
    """A reference folder or metadata file; the other fields override its scoring.yaml where they are not None."""

    path: Path
    protocol: str | None = None
    task: Task | None = None
    image_set: str | None = None

    def settings(self) -> Settings:
        """The settings in scoring.yaml, under the rules that were asked for. Raises ReferenceDataError."""
        settings = load_settings(self.path)
        rules = chosen_rules(settings, self.path, protocol=self.protocol, task=self.task, image_set=self.image_set)
        return replace(settings, rules=rules)

    def detail(self, default: Disclosure) -> Disclosure:
        """How much may be shown of the masks, as scoring.yaml says; `default` where it says nothing.

        Public where it cannot be read: who reads it again fails in a way of their own.
        """
        try:
            settings = load_settings(self.path)
        except Exception:  # noqa: BLE001 - whatever it is, the command meets it too
            return Disclosure.PUBLIC
        return settings.disclosure or default
