"""A board that shows scores on faulty masks, corrected over the API of a site that loses answers, is busy, and gets stuck."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from codabench_site import COLUMNS, COMPETITION, TOKEN, Fault, Site, calls, serving
from competition import ROOT
from competition.bundles.zips import MEMBER_DATE
from lvos_eval import protocols
from lvos_eval.protocols.lvos import SCORE_KEYS
from lvos_eval.rescoring.leaderboard import Place, leaderboard

OWNERS = [f"team{number:02d}" for number in range(16)]
NUMBER = 40
FALLING = {3, 8, 13, 21, 29, 34, 39}
"""Positions of the submissions whose score is lower on the new masks; some are the best of their team, on the board."""


def zipped(position: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("video/00000001.png", MEMBER_DATE), f"masks {position}")
    return buffer.getvalue()


def scores(position: int, *, new: bool) -> dict[str, float]:
    """Six decimals, as results on hidden masks have. Some stay as they are, most rise a little."""
    overall = 0.4 + ((position * 37) % 41) / 100 + position / 1e6
    if new:
        overall += -0.2 if position in FALLING else 0.0 if position % 5 == 0 else 0.013
    values = {key: round(overall + 0.001 * place, 6) for place, key in enumerate(SCORE_KEYS)}
    return values | {"Overall": round(overall, 6)}


@dataclass
class Setting:
    site: Site
    address: str
    folder: Path
    reference: Path
    positions: dict[int, int]
    """Which of the submissions a number on the site is."""

    @property
    def board_file(self) -> Path:
        return self.folder / "after" / "leaderboard.json"

    def command(self, *options: str | Path) -> list[str]:
        words = [sys.executable, "-m", "competition.corrections.run", self.folder / "correction", "--site", self.address]
        words += ["--competition", COMPETITION, "--phase", "Final", "--poll", "0.02", "--timeout", "1", *options]
        return [str(word) for word in words]

    def start(self, *options: str | Path) -> subprocess.Popen[str]:
        environment = {**os.environ, "CODABENCH_TOKEN": TOKEN, "PYTHONPATH": f"{ROOT / 'scoring_program'}"}
        return subprocess.Popen(
            self.command(*options), cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *options: str | Path) -> subprocess.CompletedProcess[str]:
        process = self.start(*options)
        out, err = process.communicate(timeout=600)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def correct(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.run("--reference", self.reference, "--leaderboard", self.board_file, *options)

    def write_leaderboard(self, without: frozenset[int] = frozenset()) -> None:
        """What `lvos-eval rescore` writes for the downloaded folder, from the same scores."""
        files = {int(path.name.split("_")[0]): path.name for path in (self.folder / "correction" / "submissions").iterdir()}
        places = [
            Place(name, name, name, "40 masks", scores(self.positions[number], new=True), None, None, 0, 0, ())
            for number, name in sorted(files.items())
            if self.positions[number] not in without
        ]
        board = leaderboard(places, protocols.get("lvos-v2").summary, "protocol:lvos-v2|gt:new", {})
        self.board_file.parent.mkdir(exist_ok=True)
        self.board_file.write_text(board.to_json())
        self.board_file.with_suffix(".csv").write_text(board.to_csv())

    def expected(self) -> list[tuple[str, dict[str, str]]]:
        """Of `leaderboard.csv` the best row of each team, the best team first, with six decimals."""
        rows: list[tuple[str, dict[str, str]]] = []
        for row in csv.DictReader(self.board_file.with_suffix(".csv").read_text().splitlines()):
            owner = row["submission"].split("_")[1]
            if owner not in dict(rows):
                rows.append((owner, {key: f"{float(row[key]):.6f}" for key in COLUMNS}))
        return rows

    def shown(self) -> list[tuple[str, dict[str, str]]]:
        return [(item.owner, {key: f"{item.scores[key]:.6f}" for key in COLUMNS}) for item in self.site.board()]


@pytest.fixture
def setting(tmp_path: Path) -> Iterator[Setting]:
    positions: dict[str, int] = {}

    def scorer(data: str, reference: str) -> Mapping[str, float] | None:
        return scores(positions[data], new=reference != "old-key")

    site = Site(scorer)
    with serving(site) as address:
        numbers = {}
        for position in range(NUMBER):
            owner = OWNERS[position % 16 if position < 32 else position % 7]
            positions[f"/storage/dataset/{1 + 3 * position}/submission.zip"] = position
            # all of them are called the same, as many are
            numbers[site.submit(owner, "submission.zip", zipped(position)).id] = position
        reference = tmp_path / "reference_final.zip"
        reference.write_bytes(zipped(-1))
        yield Setting(site, address, tmp_path, reference, numbers)


def test_the_download_says_how_to_go_on(setting: Setting) -> None:
    run = setting.run()
    assert run.returncode == 0, run.stderr
    folder = setting.folder / "correction" / "submissions"
    assert f"40 submissions in {folder}." in run.stdout
    assert f"  lvos-eval rescore {folder} --reference NEW --output " in run.stdout
    assert len(list(folder.iterdir())) == 40
    assert (folder / "1_team00_PhaseId77_2027-04-12_10-33_submission.zip").read_bytes() == zipped(0)
    assert set(calls(setting.site)) == {"GET"}


def test_a_re_run_alone_does_not_lower_a_score_and_that_is_told(setting: Setting) -> None:
    setting.run()
    setting.write_leaderboard()
    run = setting.correct()
    assert run.returncode == 1
    assert setting.shown() != setting.expected()
    assert "team03: Overall is 0.690003 on the board, expected is 0.533038" in run.stderr
    assert "with --delete the old submissions make way for their re-runs" in run.stdout
    # nobody has fewer submissions left than before
    assert setting.site.limits == {"max_submissions_per_day": 2, "max_submissions_per_person": 5 + 4}


def test_a_board_of_40_submissions_7_of_which_fall_ends_as_leaderboard_csv_says(setting: Setting) -> None:
    setting.run()
    setting.write_leaderboard()
    before = {owner: setting.site.counted(owner) for owner in OWNERS}
    run = setting.correct("--delete")
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("the board has 16 rows, all as in leaderboard.json\n")
    assert setting.shown() == setting.expected()
    assert len(setting.expected()) == 16
    # every zip is still there once, nobody has lost or won a submission, the task has all its parts, the limits are back
    assert {owner: setting.site.counted(owner) for owner in OWNERS} == before
    assert len(setting.site.submissions) == NUMBER
    assert setting.site.task["scoring_program"] == "program-key"
    (uploaded,) = setting.site.datasets.values()
    assert uploaded["complete"]
    assert setting.site.storage[f"/storage/upload/{setting.site.task['reference_data']}"] == setting.reference.read_bytes()
    assert setting.site.limits == {"max_submissions_per_day": 2, "max_submissions_per_person": 5}


def test_killed_five_times_on_the_way_it_ends_the_same(setting: Setting) -> None:
    site = setting.site
    setting.run()
    setting.write_leaderboard()
    # each dies when the site has done what was asked, and before it is told
    site.faults = [
        Fault("POST /api/datasets/", 1, "kill"),
        Fault("PATCH /api/phases/.*", 1, "kill"),
        Fault("POST .*/re_run_submission/", 17, "kill"),
        Fault("DELETE .*", 11, "kill"),
        Fault("POST .*/re_run_submission/", 43, "kill"),
    ]
    codes = []
    for _ in range(6):
        process = setting.start("--reference", setting.reference, "--leaderboard", setting.board_file, "--delete")
        site.kill = process.kill
        out, err = process.communicate(timeout=600)
        codes.append(process.returncode)
    assert codes == [-9] * 5 + [0], err
    assert out.endswith("the board has 16 rows, all as in leaderboard.json\n")
    assert setting.shown() == setting.expected()
    assert len(site.submissions) == NUMBER
    assert site.limits == {"max_submissions_per_day": 2, "max_submissions_per_person": 5}
    # one run for each submission, and one for each team that the deletion took off the board: none was started twice
    assert NUMBER < site.re_runs <= NUMBER + len(OWNERS)
    assert site.re_runs == len({path for method, path in site.requests if method == "DELETE"})


def test_answers_that_get_lost_and_a_busy_site_change_nothing(setting: Setting) -> None:
    setting.run()
    setting.write_leaderboard()
    setting.site.faults = [
        Fault("GET /api/submissions/", 2, "429"),
        Fault("GET /api/submissions/", 5, "502"),
        Fault("GET /api/submissions/", 9, "hang"),
        Fault("PUT /storage/.*", 1, "502"),
        Fault("PATCH /api/tasks/.*", 1, "lost"),
        Fault("PATCH /api/phases/.*", 1, "lost"),
        Fault("POST .*/re_run_submission/", 3, "429"),
        Fault("POST .*/re_run_submission/", 9, "lost"),
        Fault("POST .*/re_run_submission/", 14, "502"),
        Fault("DELETE .*", 4, "lost"),
        Fault("DELETE .*", 20, "502"),
    ]
    run = setting.correct("--delete")
    assert run.returncode == 0, run.stderr
    assert setting.shown() == setting.expected()
    assert "re-run of" in run.stdout
    assert "looking whether it has been started" in run.stdout
    assert len(setting.site.submissions) == NUMBER


def test_runs_that_fail_or_get_stuck_are_tried_again(setting: Setting) -> None:
    setting.run()
    setting.write_leaderboard()
    setting.site.stuck, setting.site.failing = {4, 40}, {7, 8}
    run = setting.correct("--delete", "--patience", "0.5")
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("nothing has changed for 0.5 s") == 2
    assert setting.shown() == setting.expected()
    assert len(setting.site.submissions) == NUMBER


def test_a_queue_without_workers_is_told_and_can_be_waited_for(setting: Setting) -> None:
    setting.run()
    setting.write_leaderboard()
    setting.site.stuck = set(range(1, 200))
    run = setting.correct("--delete", "--patience", "0.2")
    assert run.returncode == 4
    assert (
        "did not end, 3 times in a row\nFix: see whether the queue has workers; then start the same command again" in run.stderr
    )
    assert not any(method == "DELETE" for method, _ in setting.site.requests)
    # the workers are back, and what was cancelled is no failure of the submissions
    setting.site.stuck = set()
    run = setting.correct("--delete")
    assert run.returncode == 0, run.stderr
    assert setting.shown() == setting.expected()
    assert len(setting.site.submissions) == NUMBER


def test_a_submission_that_leaderboard_json_does_not_know_is_never_deleted(setting: Setting) -> None:
    setting.run()
    setting.write_leaderboard(without=frozenset({8}))
    run = setting.correct("--delete")
    assert run.returncode == 1
    assert "submission 25 is not in leaderboard.json: download, rescore, and give the new one" in run.stderr
    assert 25 in setting.site.submissions


def test_a_submission_whose_re_run_differs_is_never_deleted(setting: Setting) -> None:
    setting.run()
    setting.write_leaderboard()
    content = json.loads(setting.board_file.read_text())
    entry = next(item for item in content["submissions"] if item["submission"].startswith("25_"))
    entry["scores"]["J-Mean"] += 0.000001
    setting.board_file.write_text(json.dumps(content))
    run = setting.correct("--delete")
    assert run.returncode == 1
    assert "submission 25: its re-run " in run.stderr
    assert " differs from leaderboard.json in J-Mean; it stays" in run.stderr
    assert 25 in setting.site.submissions


@pytest.mark.parametrize(("attribute", "value", "told"), [
    ("rule", "Force_Last", "the rule of the leaderboard is Force_Last"),
    ("is_organiser", False, "the token is not that of an organiser of competition 1234"),
    ("owns_task", False, "task 500 belongs to another user"),
])  # fmt: skip
def test_what_cannot_be_corrected_is_told_before_anything_is_changed(
    setting: Setting, attribute: str, value: object, told: str
) -> None:
    setting.run()
    setting.write_leaderboard()
    setattr(setting.site, attribute, value)
    run = setting.correct("--delete")
    assert run.returncode == 2
    assert told in run.stderr
    assert set(calls(setting.site)) == {"GET"}


def test_a_submission_whose_zip_is_not_stored_is_never_deleted(setting: Setting) -> None:
    setting.run()
    setting.write_leaderboard()
    setting.correct()
    stored = setting.folder / "correction" / "submissions" / "25_team08_PhaseId77_2027-04-12_10-33_submission.zip"
    stored.write_bytes(b"damaged")
    setting.site.storage["/storage/dataset/25/submission.zip"] = b"lost"
    run = setting.correct("--delete")
    assert run.returncode == 4
    assert "what the site gives for submission 25 of team08 is not a zip" in run.stderr
    assert 25 in setting.site.submissions


def test_what_a_participant_hands_in_meanwhile_is_left_alone(setting: Setting) -> None:
    setting.run()
    setting.write_leaderboard()
    setting.correct()
    site = setting.site
    scorer = site.scorer
    site.scorer = lambda data, reference: (
        dict.fromkeys(COLUMNS, 0.99) if data.endswith("/better.zip") else scorer(data, reference)
    )
    new = site.submit("team05", "better.zip", zipped(99))
    run = setting.correct("--delete")
    assert run.returncode == 0, run.stderr
    assert new.id in site.submissions
    assert site.board()[0].id == new.id
    # nor does anybody get more submissions for it
    assert site.limits == {"max_submissions_per_day": 2, "max_submissions_per_person": 5}
    # all is done: the same command changes nothing
    site.requests.clear()
    assert setting.correct("--delete").returncode == 0
    assert set(calls(site)) == {"GET", "PATCH"}
    assert site.limits == {"max_submissions_per_day": 2, "max_submissions_per_person": 5}


def test_a_re_run_that_lacks_a_column_is_not_as_expected(setting: Setting) -> None:
    setting.run()
    setting.write_leaderboard()
    scorer = setting.site.scorer

    def without(data: str, reference: str) -> Mapping[str, float] | None:
        found = scorer(data, reference)
        return found if "/25/" not in data or found is None else {key: found[key] for key in COLUMNS if key != "V-Mean"}

    setting.site.scorer = without
    run = setting.correct("--delete")
    assert run.returncode == 1
    assert " differs from leaderboard.json in V-Mean; it stays" in run.stderr
    assert 25 in setting.site.submissions


def test_a_submission_that_its_owner_deletes_meanwhile_is_left_out(setting: Setting) -> None:
    setting.run()
    setting.write_leaderboard()
    del setting.site.submissions[25]
    run = setting.correct("--delete")
    assert run.returncode == 0, run.stderr
    assert "submission 25 was deleted by its owner, and is left out" in run.stdout
    assert len(setting.site.submissions) == NUMBER - 1


def test_whose_best_submission_fails_now_is_put_back_with_another(setting: Setting) -> None:
    """Of team03 the submission on the board falls, and the one that should follow it cannot be run again."""
    setting.run()
    setting.write_leaderboard()
    scorer = setting.site.scorer
    setting.site.scorer = lambda data, reference: None if "/115/" in data else scorer(data, reference)
    run = setting.correct("--delete")
    assert run.returncode == 1
    assert "submission 115: its re-run failed 3 times; it stays as it is" in run.stderr
    assert "team03: Overall is 0.520038 on the board, expected is 0.533038" in run.stderr
    assert {row.owner for row in setting.site.board()} == set(OWNERS)


def test_a_site_that_deletes_re_runs_with_their_submission_loses_one_and_no_more(setting: Setting) -> None:
    setting.run()
    setting.write_leaderboard()
    setting.site.takes_along = True
    for _ in range(2):
        run = setting.correct("--delete")
        assert run.returncode == 4
        assert "as Codabench did before 2024, so no more are deleted" in run.stderr
    assert calls(setting.site)["DELETE"] == 1
    assert len({item.data for item in setting.site.submissions.values()}) == NUMBER - 1
    assert len(list((setting.folder / "correction" / "submissions").iterdir())) == NUMBER


def test_a_re_run_that_vanishes_takes_no_submission_with_it(setting: Setting) -> None:
    setting.run()
    setting.write_leaderboard()
    site = setting.site
    site.faults = [Fault("GET /api/submissions/[0-9]+/", 5, "meanwhile")]

    def lose() -> None:
        for number in [number for number in site.submissions if number > 3 * NUMBER]:
            del site.submissions[number]

    site.meanwhile = lose
    run = setting.correct("--delete")
    assert run.returncode == 4
    assert "is no longer as it was; start the same command again" in run.stderr
    # two were deleted before, and their owners' re-runs with the others after
    assert sum(method == "DELETE" for method, _ in site.requests) == 2


def test_a_dry_run_prints_every_call_and_changes_nothing(setting: Setting) -> None:
    setting.run()
    setting.write_leaderboard()
    before = dict(setting.site.submissions)
    setting.site.requests.clear()
    run = setting.correct("--delete", "--dry-run")
    assert run.returncode == 0, run.stderr
    assert set(calls(setting.site)) == {"GET"}
    assert setting.site.submissions == before
    lines = run.stdout.splitlines()
    assert "PUT /api/datasets/completed/KEY/ {}" in lines
    assert sum(line.startswith("POST /api/submissions/") for line in lines) == NUMBER
    assert sum(line.startswith("DELETE /api/submissions/") for line in lines) == NUMBER
    assert 'PATCH /api/phases/77/ {"max_submissions_per_day": 2, "max_submissions_per_person": 5}' in lines
    assert any(line.startswith("PATCH /api/tasks/500/ ") and '"scoring_program": "program-key"' in line for line in lines)
    assert TOKEN not in run.stdout + run.stderr
    assert "X-Amz-Signature" not in run.stdout


def test_the_token_goes_to_the_site_only_and_into_no_file(setting: Setting) -> None:
    setting.run()
    assert not any(TOKEN.encode() in path.read_bytes() for path in setting.folder.rglob("*") if path.is_file())
    # the storage of the stand-in refuses whoever comes with a token
    assert any(path.startswith("/storage/") for _, path in setting.site.requests)
