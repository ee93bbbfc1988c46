"""A competition in the organiser's own folder: written by one command, edited, and built by another."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from built import shipped_settings, write_settings
from competition import ROOT
from competition.bundles.build import main as build
from competition.checks.bundle import Platform
from competition.checks.selfcheck import BUNDLES, check_bundle
from competition.settings import SHIPPED, load_competition
from competition.settings.folder import CompetitionFolder
from competition.settings.new import main as new
from lvos_eval import __version__
from tiny_reference import write_reference

VHOST = "1b2f7c0e-5d7c-4f6e-9a44-0c5a2a1f6d11"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    assert new([str(tmp_path / "mine")]) == 0
    return tmp_path / "mine"


def dist(folder: Path, tmp_path: Path, *options: str) -> Path:
    hidden = tmp_path / "hidden"
    if not hidden.exists():
        write_reference(hidden)
        write_reference(tmp_path / "public", shift=9)
    output = tmp_path / "dist"
    given = [str(hidden), "--validation", str(tmp_path / "public"), "--competition", str(folder), "--output", str(output)]
    assert build([*given, "--jobs", "1", *options]) == 0
    return output


def config(dist: Path, platform: Platform) -> dict[str, Any]:
    with zipfile.ZipFile(dist / BUNDLES[platform]) as archive:
        content: dict[str, Any] = yaml.safe_load(archive.read("competition.yaml"))
    return content


def faults(dist: Path) -> list[str]:
    return [line for platform, name in BUNDLES.items() for line in check_bundle(dist / name, platform)]


def test_a_new_folder_has_the_shipped_settings_phases_pages_and_logo(mine: Path) -> None:
    files = sorted(path.relative_to(mine).as_posix() for path in mine.rglob("*") if path.is_file())
    assert files == [
        "competition.yaml",
        "logo.png",
        "pages/data.md",
        "pages/evaluation.md",
        "pages/faq.md",
        "pages/overview.md",
        "pages/submission.md",
        "pages/terms.md",
        "three_tasks.yaml",
    ]
    assert load_competition(CompetitionFolder(mine)) == load_competition()


def test_nothing_is_overwritten(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mine / "competition.yaml").write_text("title: mine\n")
    assert new([str(mine)]) == 2
    assert "exists already, and nothing in it is overwritten" in capsys.readouterr().err
    assert (mine / "competition.yaml").read_text() == "title: mine\n"


def test_both_bundles_are_made_from_the_folder_and_keep_every_rule(mine: Path, tmp_path: Path) -> None:
    text = (mine / "competition.yaml").read_text()
    (mine / "competition.yaml").write_text(text.replace("LVOS: Long-term Video Object Segmentation", "Mine"))
    (mine / "pages" / "overview.md").write_text("# {{ title }}, mine\n")
    (mine / "pages" / "prizes.html").write_text("<h1>Prizes {{ as they stand }}</h1>\n")
    (mine / "pages" / "faq.md").unlink()
    built = dist(mine, tmp_path)
    assert faults(built) == []
    assert [config(built, platform)["title"] for platform in Platform] == ["Mine", "Mine"]
    with zipfile.ZipFile(built / BUNDLES[Platform.CODABENCH]) as archive:
        assert archive.read("pages/overview.md") == b"# Mine, mine\n"
        assert archive.read("pages/prizes.html") == b"<h1>Prizes {{ as they stand }}</h1>\n"
    titles = ["Overview", "Data", "Submission", "Evaluation", "Prizes"]
    assert [page["title"] for page in config(built, Platform.CODABENCH)["pages"]] == titles
    assert list(config(built, Platform.CODALAB)["html"]) == ["overview", "evaluation", "terms", "data", "Submission", "Prizes"]


def test_the_make_targets_pass_the_folder_on() -> None:
    for words, expected in (
        (["new-competition", "DIR=mine"], "-m competition.settings.new mine"),
        (["bundle", "COMPETITION=mine", "REFERENCE=x"], "-m competition.bundles.build x --output dist --competition mine"),
    ):
        run = subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True, check=True)
        assert expected in " ".join(run.stdout.split())


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("overview.md", "# {{ titel }}\n", "pages/overview.md, line 1: 'titel' is undefined. Known facts: check_image, "),
        ("overview.md", "a\n{% if title %}\n", "pages/overview.md, line 2: Unexpected end of template."),
        ("overview.md", "{# nothing yet #}\n", "pages/overview.md is empty, which the platforms refuse\nFix: write the page"),
        ("faq.html", "<p>again</p>", "pages has faq.html and faq.md: delete the one that is not meant"),
    ],
)
def test_a_page_that_cannot_be_used_is_told_and_nothing_is_written(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, text: str, reason: str
) -> None:
    (mine / "pages" / file).write_text(text)
    reference = write_reference(tmp_path / "hidden")
    arguments = [str(reference), "--competition", str(mine), "--output", str(tmp_path / "dist"), "--jobs", "1"]
    assert build(arguments) == 2
    assert f"{mine}/{reason}" in capsys.readouterr().err
    assert not (tmp_path / "dist").exists()


def test_a_page_that_both_platforms_need_is_missed(mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mine / "pages" / "terms.md").unlink()
    reference = write_reference(tmp_path / "hidden")
    assert build([str(reference), "--competition", str(mine), "--output", str(tmp_path / "dist"), "--jobs", "1"]) == 2
    assert "has no terms.md: the platforms need overview, data, evaluation, terms" in capsys.readouterr().err


def test_every_setting_reaches_the_platforms_by_the_names_that_they_read(tmp_path: Path) -> None:
    settings = shipped_settings() | {
        "registrations": "open",
        "queue": {"vhost": VHOST, "time_limit": 7200},
        "submission_rule": "Force_Last",
        "fact_sheet": {"team": {"title": "Team", "required": True}, "code": {"title": "Code", "on_leaderboard": False}},
        "max_submission_size": 700,
        "show_detailed_results_in_leaderboard": False,
        "hide_score_output": True,
        "can_participants_make_submissions_public": True,
    }
    settings["phases"]["final"] |= {"time_limit": 7200, "end": "never"}
    built = dist(write_settings(tmp_path / "mine", settings), tmp_path)
    assert faults(built) == []
    bench, lab = (config(built, platform) for platform in (Platform.CODABENCH, Platform.CODALAB))
    assert bench["registration_auto_approve"] is True
    assert bench["queue"] == VHOST
    assert bench["leaderboards"][0]["submission_rule"] == "Force_Last"
    assert bench["fact_sheet"]["code"] == {
        "key": "code", "type": "text", "title": "Code", "selection": "", "is_required": "false", "is_on_leaderboard": "false",
    }  # fmt: skip
    assert bench["fact_sheet"]["team"]["is_required"] == "true"
    assert bench["show_detailed_results_in_leaderboard"] is False
    assert bench["can_participants_make_submissions_public"] is True
    assert [phase["hide_score_output"] for phase in bench["phases"]] == [True, True]
    assert [phase["execution_time_limit"] for phase in bench["phases"]] == [1200, 7200]
    assert ["end" in phase for phase in bench["phases"]] == [True, False]
    assert [task["name"] for task in bench["tasks"]] == [f"{name} (lvos-eval {__version__})" for name in ("Development", "Final")]
    assert lab["has_registration"] is False
    assert lab["force_submission_to_leaderboard"] is True
    assert lab["enable_per_submission_metadata"] is True
    assert lab["allow_public_submissions"] is True
    assert "end_date" not in lab
    assert "queue" not in lab
    assert [phase["force_best_submission_to_leaderboard"] for phase in lab["phases"].values()] == [False, False]
    assert [phase["max_submission_size"] for phase in lab["phases"].values()] == [700, 700]


def test_the_best_result_reaches_the_board_of_codalab_by_itself(tmp_path: Path) -> None:
    built = dist(SHIPPED.path, tmp_path)
    lab = config(built, Platform.CODALAB)
    assert [phase["force_best_submission_to_leaderboard"] for phase in lab["phases"].values()] == [True, True]


def test_a_competition_without_questions_asks_none(tmp_path: Path) -> None:
    built = dist(write_settings(tmp_path / "mine", shipped_settings() | {"fact_sheet": "none"}), tmp_path)
    assert faults(built) == []
    assert "fact_sheet" not in config(built, Platform.CODABENCH)
    assert config(built, Platform.CODALAB)["enable_per_submission_metadata"] is False


def test_three_tasks_of_the_folder_can_be_built(mine: Path, tmp_path: Path) -> None:
    reference = ROOT / "reference_data_stub" / "reference"
    given = [str(reference), "--competition", str(mine), "--phases", str(mine / "three_tasks.yaml")]
    assert build([*given, "--output", str(tmp_path / "dist"), "--jobs", "1"]) == 0
    assert faults(tmp_path / "dist") == []
