"""The commands of the organiser's page are those of the program."""

from __future__ import annotations

import re
import shlex
import subprocess

from competition import ROOT
from competition.corrections.run import _parser
from competition.corrections.runs import ATTEMPTS, Pace

PAGE = (ROOT / "docs" / "organiser.md").read_text(encoding="utf-8")


def test_every_command_on_the_page_can_be_typed() -> None:
    lines = re.findall(r"^make platform-rerun .*$", PAGE, re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        run = subprocess.run(["make", "-n", *shlex.split(line)[1:]], cwd=ROOT, capture_output=True, text=True, check=True)
        words = shlex.split(run.stdout.splitlines()[-1])
        options = _parser().parse_args(words[words.index("competition.corrections.run") + 1 :])
        assert (str(options.folder), options.competition, options.phase) == ("correction", 1234, "Final")


def test_the_page_gives_the_pace_of_the_program() -> None:
    assert (Pace().at_once, Pace().patience, ATTEMPTS) == (10, 3600.0, 3)
    assert _parser().parse_args(["x", "--competition", "1", "--phase", "y"]).patience == Pace().patience
    for words in ("Ten re-runs at a time", "tried three times", "for an hour"):
        assert words in PAGE
