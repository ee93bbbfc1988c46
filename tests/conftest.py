"""Profiles of the property tests, and what all tests rely on in the process that runs them."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, Phase, settings

from systems import LIKE_WINDOWS

# wall time says nothing on a shared machine; the same examples on every run, more of them on demand
settings.register_profile(
    "default", max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.register_profile("deep", settings.get_profile("default"), max_examples=20_000, derandomize=False)
# whether a test fails matters then, not the smallest example that it fails with
settings.register_profile("mutation", settings.get_profile("default"), max_examples=60, phases=[Phase.explicit, Phase.generate])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# a test that calls make must not get the variables of the `make test FILE=...` that it may run in
for _name in ("FILE", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"):
    os.environ.pop(_name, None)

# a process that a shell has started in the background ignores Ctrl-C, and so would all that it starts
signal.signal(signal.SIGINT, signal.default_int_handler)

# a test that puts a pipe into a folder is skipped where folders have none, rather than waiting for somebody who writes to it
if LIKE_WINDOWS:
    vars(os)["mkfifo"] = lambda path: pytest.skip("Windows has no pipes in folders")
