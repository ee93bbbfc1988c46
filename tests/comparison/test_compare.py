"""`lvos-eval compare`: what differs between two results or leaderboards, the largest difference first."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import rescores
import submissions
from lvos_eval import protocols
from lvos_eval.cli.main import main
from lvos_eval.comparison.results import compare_results, compare_signatures
from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting.reading import Result
from lvos_eval.scoring.bootstrap import overall_difference
from lvos_eval.scoring.publication import publish
from lvos_eval.scoring.results import ObjectScore

PLANTED = ("cVideo03", 26)


def compare(old: Path, new: Path, *options: str | Path) -> int:
    return main(["compare", str(old), str(new), *map(str, options)])


def score(submission: Path, reference: Path, output: Path) -> Path:
    options = ["--reference", str(reference), "--output", str(output), "--jobs", "1", "--quiet", "--detail", "public"]
    assert main(["score", str(submission), *options]) == ExitCode.SUCCESS
    return output


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reference data, with a copy in which one object is drawn larger in one mask, and results on both."""
    base = tmp_path_factory.mktemp("compare")
    reference = submissions.write_reference(base / "reference")
    changed = Path(shutil.copytree(reference, base / "changed"))
    video, frame = PLANTED
    labels = submissions.labels(video, frame, 1)
    # the objects of the video have the ids 1, 2 and 4; only object 2 grows
    labels[17:29, 40:46] = 2
    (changed / "Annotations" / video / f"{frame:08d}.png").write_bytes(submissions.png(labels))
    stored = rescores.write_submissions(base / "submissions")
    for name, used in (("before", reference), ("after", changed)):
        assert rescores.rescore(stored, used, base / name, "--store", base / "store") == ExitCode.SUCCESS
    score(stored / "near.zip", reference, base / "old")
    score(stored / "near.zip", changed, base / "new")
    score(stored / "far", reference, base / "far")
    return base


def printed(capsys: pytest.CaptureFixture[str], *arguments: Path) -> dict[str, Any]:
    capsys.readouterr()
    assert compare(*arguments, "--json") == ExitCode.DIFFERENT
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    return content


def test_a_changed_mask_names_its_object_first(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = printed(capsys, base / "old", base / "new")
    assert (content["objects"][0]["video"], content["objects"][0]["object"]) == (PLANTED[0], 2)
    assert content["videos"][0]["video"] == PLANTED[0]
    assert content["objects"][0]["differences"]["J"] < 0
    compare(base / "old", base / "new")
    lines = capsys.readouterr().out.splitlines()
    header = next(position for position, line in enumerate(lines) if line.startswith("object"))
    assert lines[header + 1].startswith(f"{PLANTED[0]}/2 ")


def test_two_leaderboards_name_the_object_and_who_moved(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = printed(capsys, base / "before", base / "after" / "leaderboard.json")
    assert (content["objects"][0]["video"], content["objects"][0]["id"]) == (PLANTED[0], 2)
    assert content["objects"][0]["submissions"] == 4
    assert content["read"] == 4
    assert {move["key"] for move in content["moves"]} == {"good.zip", "near.zip", "bob/run1", "far"}
    assert (content["only_old"], content["only_new"]) == ([], [])


def test_the_same_result_is_the_same(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(base / "old", base / "old" / "scoring_details.json") == ExitCode.SUCCESS
    assert compare(base / "before", base / "before") == ExitCode.SUCCESS
    assert capsys.readouterr().out.count("is the same") == 2


def test_the_reason_why_two_signatures_are_not_comparable_is_named(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = printed(capsys, base / "old", base / "new")
    assert content["comparable"] is False
    assert [item["key"] for item in content["signatures"]] == ["gt"]
    assert content["signatures"][0]["meaning"] == "the ground truth or the metadata differs"


def test_keys_that_one_signature_lacks_are_differences() -> None:
    (gone, changed, new) = compare_signatures("a:1|b:2|version:1", "b:3|version:1|c:4")
    assert [(item.key, item.old, item.new) for item in (gone, changed, new)] == [
        ("a", "1", None),
        ("b", "2", "3"),
        ("c", None, "4"),
    ]


def test_objects_that_only_one_result_has_are_told(base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = json.loads((base / "old" / "scoring_details.json").read_text())
    lacking = tmp_path / "lacking.json"
    lacking.write_text(json.dumps(content | {"objects": content["objects"][1:]}))
    first = content["objects"][0]
    assert printed(capsys, base / "old", lacking)["only_old"] == [f"{first['video']}/{first['object']}"]
    assert printed(capsys, lacking, base / "old")["only_new"] == [f"{first['video']}/{first['object']}"]


def test_the_page_is_written_and_escapes_what_it_shows(base: Path, tmp_path: Path) -> None:
    content = json.loads((base / "old" / "scoring_details.json").read_text())
    content["objects"][0]["video"] = "<script>alert(1)</script>"
    content["signature"] += "|<img src=x>:1"
    hostile = tmp_path / "hostile.json"
    hostile.write_text(json.dumps(content))
    other = json.loads(hostile.read_text())
    other["objects"][0]["J"] -= 0.25
    other["signature"] += "|<b>:2"
    (tmp_path / "other.json").write_text(json.dumps(other))
    assert compare(hostile, tmp_path / "other.json", "--html", tmp_path / "page.html") == ExitCode.DIFFERENT
    page = (tmp_path / "page.html").read_text()
    assert "&lt;script&gt;alert" in page
    assert "<script>alert" not in page
    assert "<b>:2" not in page


def test_the_page_of_two_leaderboards_is_written(base: Path, tmp_path: Path) -> None:
    compare(base / "before", base / "after", "--html", tmp_path / "page.html")
    assert PLANTED[0] in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (lambda base: base / "nothing", lambda base: base / "old", "cannot be read"),
        (lambda base: base / "submissions", lambda base: base / "old", "holds neither scoring_details.json nor leaderboard.json"),
        (lambda base: base / "old", lambda base: base / "before", "compare two of a kind"),
        (lambda base: base / "old" / "scores.json", lambda base: base / "old", "has the layout null; this program reads 1"),
        (lambda base: base / "old" / "scores.txt", lambda base: base / "old", "cannot be read"),
        (
            lambda base: base / "before" / "results" / "empty",
            lambda base: base / "old",
            'holds no scores (its state is "invalid")',
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(
    old: Callable[[Path], Path], new: Callable[[Path], Path], message: str, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(old(base), new(base)) == ExitCode.USAGE
    assert message in capsys.readouterr().err


def objects(*values: float, unseen: bool = False) -> list[ObjectScore]:
    return [
        ObjectScore(f"v{number}", 1, "unseen" if unseen else "seen", (), 9, {"J": value, "F": value, "V": 0.0})
        for number, value in enumerate(values)
    ]


def test_the_difficulty_that_two_results_share_drops_out_of_their_difference() -> None:
    hard = [number / 40 for number in range(40)]
    paired = overall_difference(objects(*hard), objects(*(value + 0.01 for value in hard)))
    assert paired is not None
    assert [paired.low, paired.high] == pytest.approx([0.01, 0.01])
    assert paired.better == 1.0


def test_equal_results_are_better_in_half_of_the_draws() -> None:
    paired = overall_difference(objects(0.1, 0.5, 0.9), objects(0.1, 0.5, 0.9))
    assert paired is not None
    assert (paired.low, paired.high, paired.better) == (0.0, 0.0, 0.5)


def test_two_videos_of_opposite_changes_give_four_equal_draws() -> None:
    paired = overall_difference(objects(0.5, 0.5), objects(0.4, 0.7))
    assert paired is not None
    # -0.1, 0.05, 0.05 and 0.2 with a quarter each
    assert [paired.low, paired.high] == pytest.approx([-0.1, 0.2])
    assert paired.better == pytest.approx(0.75, abs=0.02)


def test_results_on_other_objects_or_splits_have_no_paired_difference() -> None:
    assert overall_difference(objects(0.1, 0.2, 0.3), objects(0.1, 0.2)) is None
    assert overall_difference(objects(0.1, 0.2, 0.3), objects(0.1, 0.2, 0.3, unseen=True)) is None
    assert overall_difference(objects(0.1), objects(0.2)) is None


def result(*values: float) -> Result:
    scores = publish(objects(*values), protocols.get("lvos-v2").summary, Disclosure.FULL)
    return Result("result", "version:1", scores.values, scores.objects, {video.name: video.jf for video in scores.videos})


def test_the_largest_difference_comes_first_whatever_its_sign() -> None:
    comparison = compare_results(result(0.5, 0.5, 0.5, 0.5), result(0.6, 0.1, 0.5, 0.7))
    assert [item.video for item in comparison.objects] == ["v1", "v3", "v0"]
    assert [item.video for item in comparison.videos] == ["v1", "v3", "v0"]
    assert [round(item.size, 9) for item in comparison.objects] == [0.4, 0.2, 0.1]


def test_a_gain_in_j_does_not_hide_a_loss_in_f() -> None:
    old = result(0.5, 0.5)
    swapped = tuple(
        replace(item, values={**item.values, "J": 0.8, "F": 0.2}, jf=0.5)
        if item.video == "v1"
        else replace(item, values={**item.values, "J": 0.6}, jf=0.55)
        for item in old.objects
    )
    comparison = compare_results(old, replace(old, objects=swapped))
    assert [item.video for item in comparison.objects] == ["v1", "v0"]
    assert comparison.objects[0].differences["J&F"] == 0
    assert not comparison.same


def test_other_unseen_videos_are_told_by_their_field_of_the_signature() -> None:
    one, other = (f"protocol:lvos-v2|excluded:none|unseen:{digest}|version:1" for digest in ("4-0a", "3-0b"))
    (difference,) = compare_signatures(one, other)
    assert (difference.key, difference.old, difference.new) == ("unseen", "4-0a", "3-0b")
    assert difference.meaning == "the unseen videos differ"
    (older,) = compare_signatures("protocol:lvos-v2|version:1", "protocol:lvos-v2|unseen:none|version:1")
    assert (older.old, older.new) == (None, "none")
