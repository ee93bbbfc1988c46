"""The commands of the organiser's page exist."""

from __future__ import annotations

import re

from competition import ROOT
from competition.settings import COMPETITION_FILE, DEADLINE_MARGIN, PLACEHOLDER_DOMAIN
from lvos_eval import __version__

PAGE = (ROOT / "docs" / "organiser.md").read_text(encoding="utf-8")


def test_every_make_target_on_the_page_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)\b(?=[ `\n])", PAGE))
    assert {"check-reference", "bundle", "bundle-check"} <= named <= targets | {"sure"}


def test_the_page_names_the_images_of_the_settings() -> None:
    settings = COMPETITION_FILE.read_text(encoding="utf-8")
    images = [line.split(": ")[1].replace("{version}", __version__) for line in settings.splitlines() if "image: " in line]
    assert len(images) == 2
    assert all(image in PAGE and PLACEHOLDER_DOMAIN in image for image in images)


def test_the_page_knows_how_long_before_the_limit_the_program_stops() -> None:
    assert DEADLINE_MARGIN == 60
    assert "stops one minute before the limit" in PAGE
