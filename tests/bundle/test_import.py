"""From a closed CodaLab server to a bundle that a live platform takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest
import yaml

from built import unpack
from competition import ROOT
from competition.bundles.build import main as build
from competition.checks.bundle import Platform
from competition.checks.selfcheck import BUNDLES, check_bundle
from competition.imports.folder import import_bundle
from competition.imports.old_pages import clean_page
from competition.imports.run import main
from competition.settings import CompetitionFolder, load_competition
from lvos_eval.diagnostics.errors import UsageError
from old_bundles import CONFIGURATION, write_old_bundle
from tiny_reference import write_reference


@pytest.fixture
def references(tmp_path: Path) -> tuple[Path, Path]:
    return write_reference(tmp_path / "old" / "valid", shift=9), write_reference(tmp_path / "old" / "test")


@pytest.fixture
def old(tmp_path: Path, references: tuple[Path, Path]) -> Path:
    return write_old_bundle(tmp_path / "old_codalab.zip", *references)


def test_the_old_layout_becomes_a_bundle_that_keeps_every_rule_and_scores(old: Path, tmp_path: Path) -> None:
    import_bundle(old, tmp_path / "mine", date(2026, 12, 1))
    mine, dist = tmp_path / "mine", tmp_path / "dist"
    given = [str(mine / "data" / "reference"), "--validation", str(mine / "data" / "validation"), "--competition", str(mine)]
    assert build([*given, "--output", str(dist), "--jobs", "1"]) == 0
    assert [check_bundle(dist / name, platform) for platform, name in BUNDLES.items()] == [[], []]
    bundle = dist / BUNDLES[Platform.CODABENCH]
    program = unpack(bundle, "scoring_program_test-2024.zip", tmp_path / "program")
    unpack(bundle, "reference_test-2024.zip", tmp_path / "input" / "ref")
    (tmp_path / "input" / "res").symlink_to(tmp_path / "old" / "test" / "Annotations")
    command = [sys.executable, "evaluate.py", str(tmp_path / "input"), str(tmp_path / "output")]
    run = subprocess.run(command, cwd=program, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    assert json.loads((tmp_path / "output" / "scores.json").read_text())["Overall"] == 1.0


def test_settings_dates_and_limits_are_taken_over(old: Path, tmp_path: Path) -> None:
    import_bundle(old, tmp_path / "mine", date(2026, 12, 1))
    competition = load_competition(CompetitionFolder(tmp_path / "mine"))
    assert (competition.title, competition.description) == ("Long Videos Challenge", "Segment long videos.")
    assert competition.registrations == "moderated"
    assert competition.max_submission_size == 500
    validation, test = competition.phases
    assert (validation.key, validation.name, validation.data) == ("validation", "Validation", "validation")
    assert (test.key, test.name, test.data) == ("test-2024", "Test: 2024", "reference")
    assert (validation.max_submissions, validation.max_submissions_per_day, validation.time_limit) == (1000, 10, 1200)
    assert (test.max_submissions, test.max_submissions_per_day) == (5, 5)
    # 214 days after the first of June 2023, as before
    assert [str(phase.start.date()) for phase in competition.phases] == ["2026-12-01", "2027-07-03"]
    assert [str(phase.end) for phase in competition.phases] == ["2027-07-02 23:59:59+00:00", "2029-07-01 23:59:59+00:00"]


def test_the_data_of_both_phases_is_unpacked_without_its_wrapping(
    old: Path, tmp_path: Path, references: tuple[Path, Path]
) -> None:
    import_bundle(old, tmp_path / "mine")
    for name, source in zip(("validation", "reference"), references, strict=True):
        found = tmp_path / "mine" / "data" / name
        files = {path.relative_to(found).as_posix(): path.read_bytes() for path in found.rglob("*") if path.is_file()}
        assert files == {p.relative_to(source).as_posix(): p.read_bytes() for p in source.rglob("*") if p.is_file()}


def test_pages_come_along_without_what_they_may_not_load(old: Path, tmp_path: Path) -> None:
    import_bundle(old, tmp_path / "mine")
    pages = {path.name: path.read_text() for path in (tmp_path / "mine" / "pages").iterdir()}
    assert sorted(pages) == [
        "data.html", "evaluation.html", "faq.md", "overview.html", "prizes-dates.html", "submission.md", "terms.html",
    ]  # fmt: skip
    assert pages["overview.html"] == '<h1>Long videos</h1><a href="http://old.example/a.png">[teaser]</a><p>Hello</p>\n'
    assert pages["evaluation.html"] == "<h1>Evaluation</h1><p>J &amp; F, as in DAVIS: a &lt; b</p>\n"
    assert pages["terms.html"] == "<h1>Terms</h1><a>x</a> {{ not a template }}\n"
    assert pages["data.html"] == '<h1>Data</h1><a href="https://drive.example/d">Download</a>\n'


def test_what_could_not_be_taken_over_is_said(old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine"
    assert main([str(old), str(mine)]) == 0
    printed = capsys.readouterr().out
    for line in (
        "  pages: data, evaluation, overview, prizes-dates, terms\n",
        "  data/reference: reference_test.zip\n",
        "  data/validation: reference_valid.zip\n",
        "  page overview: 1 img, 1 script, which pages may not load (a picture became a link)\n",
        "  phase Validation: 3600 s a run are more than the public queue allows; see `queue`\n",
        "  phase Validation started at 12:00: it starts at 00:00 UTC of that day\n",
        "  image codalab/codalab-legacy:py37: put the names of your own into competition.yaml (docs/organiser.md, 4)\n",
        "  scoring program: that of this repository is used\n",
        "  columns of the leaderboard: J_old; the score keys of this program are used\n",
        "  public_data: link it on the page data\n",
        "  organisers alice,bob: add them in the editor of the new platform\n",
        "  data/validation: results on it show every frame; use it as VALIDATION only if its masks are public\n",
        "  dates: the last phase ended on 2025-12-30; put new ones into competition.yaml, or import with START=2026-12-01\n",
        f"Then: make bundle COMPETITION={mine} REFERENCE={mine}/data/reference VALIDATION={mine}/data/validation\n",
    ):
        assert line in printed


def test_a_bundle_in_a_folder_of_its_zip_is_read_too(tmp_path: Path, references: tuple[Path, Path]) -> None:
    old = write_old_bundle(tmp_path / "old.zip", *references, root="challenge/")
    import_bundle(old, tmp_path / "mine")
    assert (tmp_path / "mine" / "data" / "reference" / "test_meta.json").is_file()
    assert (tmp_path / "mine" / "pages" / "overview.html").is_file()


def test_data_that_stayed_on_the_server_is_missed(
    tmp_path: Path, references: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    text = CONFIGURATION.replace("reference_test.zip", "9f0c2a77-1111-4000-8000-123456789abc").replace(
        "end_date: 2025-12-31\n", ""
    )
    old = write_old_bundle(tmp_path / "old.zip", *references, configuration=text)
    assert main([str(old), str(tmp_path / "mine")]) == 0
    printed = capsys.readouterr().out
    assert (
        "data of phase Test: 2024: 9f0c2a77-1111-4000-8000-123456789abc is not in the bundle; download it under My Datasets"
        in printed
    )
    assert load_competition(CompetitionFolder(tmp_path / "mine")).phases[-1].end is None


def test_an_old_reference_without_metadata_is_said_to_lack_it(tmp_path: Path, references: tuple[Path, Path]) -> None:
    (references[1] / "test_meta.json").unlink()
    old = write_old_bundle(tmp_path / "old.zip", *references)
    left = import_bundle(old, tmp_path / "mine").left
    assert (
        f"{tmp_path / 'mine'}/data/reference has no metadata (test_meta.json, valid_meta.json, ...): add the file of the data set"
        in left
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not a zip; give the competition bundle as CodaLab exports it"),
        ({"masks.zip": ""}, "has no competition.yaml; give the competition bundle, not its data or submissions"),
        ({"competition.yaml": "a: ["}, "is not YAML: while parsing a flow node"),
        ({"competition.yaml": "title: x\n"}, "has no phases"),
        ({"competition.yaml": "version: 2\nphases: [{}]\n"}, "is a bundle of Codabench already (version 2); upload it there"),
        (
            {"competition.yaml": "phases: {1: {label: x, start_date: soon}}\n"},
            "phase x has no start_date that can be read: 'soon'",
        ),
    ],
)
def test_what_is_no_bundle_is_refused_and_nothing_is_written(
    tmp_path: Path, content: bytes | dict[str, str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "old.zip"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in content.items():
                archive.writestr(name, text)
    assert main([str(path), str(tmp_path / "mine")]) == 2
    assert reason in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["old.zip"]


def test_data_with_unsafe_names_is_not_unpacked(tmp_path: Path, references: tuple[Path, Path]) -> None:
    old = write_old_bundle(tmp_path / "old.zip", *references)
    evil = tmp_path / "evil.zip"
    with zipfile.ZipFile(evil, "w") as archive:
        archive.writestr("../../outside.txt", b"x")
    with zipfile.ZipFile(old) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(old, "w") as archive:
        for name, content in (members | {"reference_test.zip": evil.read_bytes()}).items():
            archive.writestr(name, content)
    with pytest.raises(
        UsageError, match=r"reference_test.zip has the unsafe member \.\./\.\./outside.txt; nothing of it is unpacked"
    ):
        import_bundle(old, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()
    assert not (tmp_path / "outside.txt").exists()


@pytest.mark.parametrize(
    ("page", "cleaned"),
    [
        ("<p>a<br>b</p>", "<p>a<br>b</p>\n"),
        ("<script>if (a < b) { c() }</script>text", "text\n"),
        ("<p onclick='x()' class=\"y\">z", '<p class="y">z\n'),
        ("<img src='local.png'>", "\n"),
        ("<a href='&#106;avascript:x'>y</a>", "<a>y</a>\n"),
        ("<svg><script>x</script></svg>y", "y\n"),
    ],
)
def test_a_page_becomes_a_fragment_that_loads_nothing(page: str, cleaned: str) -> None:
    assert clean_page(page)[0] == cleaned


def test_the_make_target_passes_everything_on() -> None:
    words = ["import-bundle", "ZIP=old.zip", "DIR=mine", "START=2026-12-01"]
    run = subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "-m competition.imports.run old.zip mine --start 2026-12-01" in " ".join(run.stdout.split())


def test_the_written_settings_keep_their_comments(old: Path, tmp_path: Path) -> None:
    import_bundle(old, tmp_path / "mine")
    text = (tmp_path / "mine" / "competition.yaml").read_text()
    assert text.count("\n# ") > 15
    assert yaml.safe_load(text)["title"] == "Long Videos Challenge"
