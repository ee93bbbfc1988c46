"""The examples in docstrings of public modules do what they show."""

from __future__ import annotations

import doctest
import importlib

import pytest

PUBLIC = ["lvos_eval.metrics.arrays"]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_example_of_a_public_module_does_what_it_shows(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert not found.failed
