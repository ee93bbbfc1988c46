"""The golden data set: procedural masks and the official toolkit's outputs on them, with full precision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

GOLDENS: Final = Path(__file__).parents[1] / "data" / "goldens"
REFERENCE: Final = GOLDENS / "gt"
SEMI_SUPERVISED: Final = ("good", "poor", "edge")


def prediction(name: str) -> Path:
    """The folder with the masks of a golden submission."""
    return GOLDENS / f"pred_{name}"


def expected(task: str, name: str) -> dict[str, Any]:
    """What the official toolkit gave."""
    content: dict[str, Any] = json.loads((GOLDENS / "expected" / f"{task}__{name}.json").read_text())
    return content
