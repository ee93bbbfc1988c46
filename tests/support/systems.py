"""What a test needs that not every system has: the test is skipped there, and where `not_posix` plays such a system."""

from __future__ import annotations

from typing import Final

import pytest

from lvos_eval import system

__all__ = ["LIKE_WINDOWS", "needs"]

# as the program sees it: `not_posix` shows it another `sys`
LIKE_WINDOWS: Final[bool] = vars(system)["sys"].platform == "win32"


def needs(what: str) -> pytest.MarkDecorator:
    """Skips a test where the system has no `what`."""
    return pytest.mark.skipif(LIKE_WINDOWS, reason=f"Windows has no {what}")
