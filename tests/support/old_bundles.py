"""Competition bundles as CodaLab v1.5 exports them: aliases, HTML of its editor, zips inside the zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from PIL import Image

CONFIGURATION: Final = """\
title: Long Videos Challenge
description: "<p>Segment <b>long</b> videos.</p>"
image: logo.png
has_registration: true
force_submission_to_leaderboard: true
disallow_leaderboard_modifying: false
enable_detailed_results: false
competition_docker_image: codalab/codalab-legacy:py37
admin_names: alice,bob
end_date: 2025-12-31
html:
  overview: overview.html
  evaluation: evaluation.html
  terms: terms_and_conditions.html
  data: data.html
  Prizes & dates: p1.html
phases:
  1:
    phasenumber: 1
    label: "Validation"
    description: Try it.
    start_date: 2023-06-01 12:00:00
    max_submissions: 1000
    max_submissions_per_day: 10
    is_scoring_only: true
    execution_time_limit: 3600
    max_submission_size: 500
    color: green
    reference_data: reference_valid.zip
    scoring_program: scoring_program.zip
    public_data: 2b5a8d1e-0000-4000-8000-123456789abc
  2:
    phasenumber: 2
    label: "Test: 2024"
    start_date: 2024-01-01
    max_submissions: 5
    auto_migration: false
    reference_data: reference_test.zip
    scoring_program: scoring_program.zip
    datasets: {}
leaderboard:
  leaderboards:
    RESULTS: &RES
      label: Results
      rank: 1
  columns:
    Overall:
      leaderboard: *RES
      label: Global
      rank: 1
      sort: desc
    J_old:
      leaderboard: *RES
      label: J
      rank: 2
"""

PAGES: Final[Mapping[str, str]] = {
    "overview.html": '<html><head><title>x</title></head><body onload="go()"><h1>Long videos</h1>'
    '<img src="http://old.example/a.png" alt="teaser"><script>track("me & you");</script><p style="background:url(http://old.example/b.png)">Hello</p></body></html>',
    "evaluation.html": "<h1>Evaluation</h1><p>J &amp; F, as in DAVIS: a < b</p>",
    "terms_and_conditions.html": "<h1>Terms</h1><a href='javascript:alert(1)'>x</a> {{ not a template }}",
    "data.html": '<h1>Data</h1><iframe src="https://drive.example/d"></iframe><a href="https://drive.example/d">Download</a>',
    "p1.html": "<h2>Prizes</h2>",
}


def zip_of(folder: Path, prefix: str = "") -> bytes:
    """A zip of a folder's files, with what file managers leave in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, prefix + path.relative_to(folder).as_posix())
        archive.writestr(f"__MACOSX/{prefix}._x", b"litter")
    return buffer.getvalue()


def write_old_bundle(path: Path, valid: Path, test: Path, *, configuration: str = CONFIGURATION, root: str = "") -> Path:
    """The bundle of a competition with two phases; its data is wrapped as people wrapped it."""
    picture = io.BytesIO()
    Image.new("RGB", (40, 40), "navy").save(picture, "PNG")
    members: dict[str, bytes | str] = {
        "competition.yaml": configuration,
        **PAGES,
        "logo.png": picture.getvalue(),
        "reference_valid.zip": zip_of(valid),
        "reference_test.zip": zip_of(test, "reference/LVOS/"),
        "scoring_program.zip": b"PK\x05\x06" + bytes(18),
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(root + name, content)
    return path
