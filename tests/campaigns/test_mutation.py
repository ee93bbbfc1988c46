"""The list of changes that cannot matter keeps up with the code."""

from __future__ import annotations

import tomllib

import commands
from mutation import EQUIVALENT


def test_every_change_that_cannot_matter_can_still_be_made_and_has_a_reason() -> None:
    listed = tomllib.loads(EQUIVALENT.read_text())["equivalent"]
    assert listed
    for entry in listed:
        source = (commands.PROGRAM / "lvos_eval" / f"{entry['module'].replace('.', '/')}.py").read_text()
        assert entry["from"] in source, entry
        assert entry["from"] != entry["to"]
        assert entry["why"]
