"""The built configurations are spelt as the skeletons that the platforms' own readers accept."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from built import Built
from competition.checks.bundle import Platform

SKELETONS = Path(__file__).parents[1] / "data" / "bundle_skeletons"

BEYOND = {
    Platform.CODABENCH: {
        "can_participants_make_submissions_public",
        "contact_email",
        "fact_sheet",
        "phases.*.hide_score_output",
        "phases.*.starting_kit",
        "show_detailed_results_in_leaderboard",
        *(f"fact_sheet.*.{key}" for key in ("is_on_leaderboard", "is_required", "key", "selection", "title", "type")),
    },
    Platform.CODALAB: {
        "allow_public_submissions",
        "enable_per_submission_metadata",
        "html.FAQ",
        "html.Submission",
        "phases.*.description",
        "phases.*.force_best_submission_to_leaderboard",
        "phases.*.max_submission_size",
        "phases.*.starting_kit",
    },
}
"""Keys that the skeletons do not have. The readers know them: see the unpackers of both projects."""


def key_paths(content: Any, prefix: str = "") -> set[str]:
    """Every key with where it is; entries of lists, phases and columns are all `*`."""
    if isinstance(content, list):
        return {path for entry in content for path in key_paths(entry, f"{prefix}*.")}
    if not isinstance(content, dict):
        return set()
    anonymous = prefix in ("phases.", "leaderboard.columns.", "fact_sheet.")
    names = {key: "*" if anonymous else str(key) for key in content}
    own = set() if anonymous else {f"{prefix}{key}" for key in content}
    return own.union(*(key_paths(value, f"{prefix}{names[key]}.") for key, value in content.items()))


@pytest.mark.parametrize("platform", Platform)
def test_no_key_is_spelt_in_a_way_that_the_skeleton_does_not_know(built: Built, platform: Platform) -> None:
    skeleton = yaml.safe_load((SKELETONS / f"{platform}.yaml").read_text())
    with zipfile.ZipFile(built.path(platform)) as archive:
        config = yaml.safe_load(archive.read("competition.yaml"))
    assert key_paths(config) - key_paths(skeleton) == BEYOND[platform]


@pytest.mark.parametrize("platform", Platform)
def test_no_key_of_the_skeleton_is_left_out(built: Built, platform: Platform) -> None:
    skeleton = yaml.safe_load((SKELETONS / f"{platform}.yaml").read_text())
    with zipfile.ZipFile(built.path(platform)) as archive:
        config = yaml.safe_load(archive.read("competition.yaml"))
    assert key_paths(skeleton) <= key_paths(config)


@pytest.mark.parametrize("platform", Platform)
def test_values_have_the_types_of_the_skeleton(built: Built, platform: Platform) -> None:
    skeleton = yaml.safe_load((SKELETONS / f"{platform}.yaml").read_text())
    with zipfile.ZipFile(built.path(platform)) as archive:
        config = yaml.safe_load(archive.read("competition.yaml"))

    def compare(model: Any, found: Any, where: str) -> None:
        assert type(found) is type(model), where
        if isinstance(model, dict):
            for key in model.keys() & found.keys():
                compare(model[key], found[key], f"{where}.{key}")
        elif isinstance(model, list) and model:
            for entry in found:
                compare(model[0], entry, f"{where}.*")

    compare(skeleton, config, "competition")
