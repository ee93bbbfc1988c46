"""The commands of the organiser's page exist."""

from __future__ import annotations

import re
from dataclasses import fields

from competition import ROOT
from competition.bundles.build import LEAK_TEST
from competition.settings import DEADLINE_MARGIN, PLACEHOLDER_DOMAIN, SHIPPED, Competition
from lvos_eval import __version__

PAGE = (ROOT / "docs" / "organiser.md").read_text(encoding="utf-8")


def test_every_make_target_on_the_page_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)\b(?=[ `\n])", PAGE))
    assert {"check-reference", "bundle", "bundle-check"} <= named <= targets | {"a", "sure"}


def test_the_page_names_the_images_of_the_settings() -> None:
    settings = SHIPPED.settings.read_text(encoding="utf-8")
    images = [
        line.split(": ")[1].replace("{version}", __version__)
        for line in settings.splitlines()
        if line.startswith(("image: ", "check_image: "))
    ]
    assert len(images) == 2
    assert all(image in PAGE and PLACEHOLDER_DOMAIN in image for image in images)


def test_the_page_has_the_lines_that_test_a_site() -> None:
    assert all(line in PAGE for line in LEAK_TEST)


def test_the_page_explains_every_setting() -> None:
    settings = {item.name for item in fields(Competition)} - {"title", "description", "leaderboard"}
    assert {name for name in settings if f"`{name}`" not in PAGE} == set()


def test_the_page_knows_how_long_before_the_limit_the_program_stops() -> None:
    assert DEADLINE_MARGIN == 60
    assert "stops one minute before the limit" in PAGE
