"""`docs/protocols.md` has a line for each protocol, in its own words."""

from __future__ import annotations

import commands
from lvos_eval import protocols

PAGE = (commands.PROGRAM.parent / "docs" / "protocols.md").read_text()


def test_the_page_lists_every_protocol() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{name}` | {found.description} | {', '.join(protocols.tasks(name))} | {found.source} |"
        for name in protocols.names()
        for found in [protocols.get(name, protocols.tasks(name)[0])]
    ]
