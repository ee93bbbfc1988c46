"""Profiles of the property tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# wall time says nothing on a shared machine; the same examples on every run, more of them on demand
settings.register_profile(
    "default", max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.register_profile("deep", settings.get_profile("default"), max_examples=20_000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
