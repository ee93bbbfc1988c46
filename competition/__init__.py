"""The competition on Codabench and CodaLab: its settings and pages, the builder of both bundles, and their self-check."""

from pathlib import Path
from typing import Final

__all__ = ["ROOT"]

ROOT: Final = Path(__file__).resolve().parents[1]
"""The folder of the project."""
