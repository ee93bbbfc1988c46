"""Scoring program of the LVOS video-object-segmentation challenges.

Nothing is imported here: with `python -m lvos_eval` it would be looked for in the current folder first.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
