"""Which program this is, and where to report its errors: no module has to import the front door for that."""

__all__ = ["ISSUES", "__version__"]

__version__ = "0.1.0"

ISSUES = "https://git.lvos.example/lvos-eval/issues"
"""The address of the metadata, which a program that was not installed does not have."""
