"""`lvos-eval explain`: every row is the number that scoring by that name gives, `==` on doubles."""

from __future__ import annotations

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

import goldens
import lvos_eval as api
from lvos_eval.cli.main import main


@pytest.fixture(scope="module")
def v1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data with videos of both published lists."""
    folder = tmp_path_factory.mktemp("v1")
    shutil.unpack_archive(Path(__file__).parents[1] / "data" / "goldens_lvos_v1.zip", folder)
    (folder / "LVOS" / "unseen_videos.txt").unlink()
    return folder


def explain(*arguments: str | Path) -> tuple[int, str, str]:
    out, said = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(said):
        code = main(["explain", *map(str, arguments), "--jobs", "1", "--quiet"])
    assert "Traceback" not in said.getvalue()
    return code, out.getvalue(), said.getvalue()


def document(submission: Path, reference: Path, *options: str | Path) -> dict[str, Any]:
    code, out, said = explain(submission, "--reference", reference, "--json", *options)
    assert code == 0, said
    found: dict[str, Any] = json.loads(out)
    return found


def row(found: dict[str, Any], section: str, name: str, words: str = "") -> dict[str, Any]:
    (number,) = [number for number in found[section] if number["name"] == name and words in number["meaning"]]
    return dict(number)


def as_vos_benchmark(folder: Path, source: Path, reference: Path) -> None:
    """The same masks under names of five digits, those of the ground truth in a data set of nothing but masks."""
    for kind, root in (("pred", source), ("data/Annotations", reference / "Annotations")):
        for path in root.rglob("*.png"):
            if path.stem.isdecimal() and (reference / "Annotations" / path.parent.name).is_dir():
                target = folder / kind / path.parent.name / f"{int(path.stem):05d}.png"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)


@pytest.mark.parametrize("name", ["good", "edge"])
def test_the_rows_are_the_numbers_of_the_protocols(v1: Path, name: str, tmp_path: Path) -> None:
    submission, reference = v1 / f"pred_{name}", v1 / "LVOS"
    found = document(submission, reference)
    scores = {protocol: api.score(submission, reference, protocol=protocol) for protocol in ("lvos-v2", "lvos-v1")}
    assert found["official"]["jf"] == 100 * scores["lvos-v2"].scores["Overall"]
    assert (found["official"]["j"], found["official"]["f"]) == tuple(
        100 * scores["lvos-v2"].scores[key] for key in ("J-Mean", "F-Mean")
    )
    other = row(found, "named", "lvos-v1")
    assert other["jf"] == 100 * scores["lvos-v1"].scores["Overall"]
    assert other["difference"] == other["jf"] - found["official"]["jf"]
    for group in ("seen", "unseen"):
        (number,) = [item for item in found["groups"] if item["name"] == group and item["meaning"] == "videos as the data says"]
        split = (scores["lvos-v2"].scores[f"J-{group}-Mean"] + scores["lvos-v2"].scores[f"F-{group}-Mean"]) / 2
        assert number["jf"] == pytest.approx(100 * split, abs=1e-9)


def test_the_row_of_vos_benchmark_is_its_score(v1: Path, tmp_path: Path) -> None:
    """Where the ground truth has no label that the metadata does not declare."""
    submission, reference = goldens.prediction("good"), goldens.REFERENCE
    as_vos_benchmark(tmp_path, submission, reference)
    result = api.score(tmp_path / "pred", tmp_path / "data", protocol="vos-benchmark")
    found = row(document(submission, reference), "named", "vos-benchmark")
    declared = {(video["video"], video["object"]) for video in _objects(submission, reference)}
    assert {(item.video, item.object_id) for item in result.objects} <= declared
    assert (found["jf"], found["j"], found["f"]) == tuple(result.scores[key] for key in ("J&F", "J", "F"))


def _objects(submission: Path, reference: Path) -> list[dict[str, Any]]:
    return [{"video": item.video, "object": item.object_id} for item in api.score(submission, reference).objects]


def test_the_plain_mean_is_that_of_the_details(v1: Path) -> None:
    result = api.score(v1 / "pred_good", v1 / "LVOS")
    mean = row(document(v1 / "pred_good", v1 / "LVOS"), "changes", "mean")
    plain = sum(item.values["J"] + item.values["F"] for item in result.objects) / len(result.objects) / 2
    assert mean["jf"] == pytest.approx(100 * plain, abs=1e-9)


def test_the_two_lists_give_other_groups(v1: Path) -> None:
    found = document(v1 / "pred_good", v1 / "LVOS")
    rows = {(item["name"], item["meaning"]): item["videos"] for item in found["groups"]}
    assert rows["unseen", "unseen videos of LVOS V1"] == 3
    assert rows["unseen", "unseen videos of LVOS V2"] == 1
    same = row(found, "changes", "list", "LVOS V2")
    assert same["difference"] == 0
    assert row(found, "changes", "list", "LVOS V1")["difference"] != 0


def test_some_videos_by_themselves(v1: Path, tmp_path: Path) -> None:
    names = tmp_path / "some.txt"
    names.write_text("R3UJGYwy\nqXsEen01\nnot-here\n")
    found = document(v1 / "pred_good", v1 / "LVOS", "--videos", names)
    assert row(found, "changes", "videos")["videos"] == 2
    assert [item["videos"] for item in found["named"] if item["name"] == "vos-benchmark"] == [9, 2]
    names.write_text("not-here\n")
    code, _, said = explain(v1 / "pred_good", "--reference", v1 / "LVOS", "--videos", names)
    assert (code, "the list of videos names no video of valid_meta.json: it has not-here" in said) == (2, True)
    names.write_text("\n")
    code, _, said = explain(v1 / "pred_good", "--reference", v1 / "LVOS", "--videos", names)
    assert (code, "is empty" in said) == (2, True)


def test_a_list_for_another_data_set_is_said_and_gives_no_number() -> None:
    found = document(goldens.prediction("good"), goldens.REFERENCE)
    for title in ("LVOS V1", "LVOS V2"):
        number = row(found, "changes", "list", title)
        assert (number["jf"], number["lacks"]) == (None, "the list names no video of the data")
    assert {item["meaning"] for item in found["groups"]} == {"videos as the data says"}


def test_the_last_line_says_what_to_quote(v1: Path) -> None:
    code, out, _ = explain(v1 / "pred_good", "--reference", v1 / "LVOS")
    assert code == 0
    lines = out.strip().splitlines()
    official = api.score(v1 / "pred_good", v1 / "LVOS").scores["Overall"]
    assert lines[-1].startswith(f"Quote {100 * official:.2f} as J&F of lvos-v2; ")
    assert "only as lvos-v1" in lines[-1]
    assert "only as vos-benchmark" in lines[-1]
    assert sum("against" in line for line in lines) == 1


def test_excluded_frames_are_left_out_of_every_row(v1: Path, tmp_path: Path) -> None:
    reference = tmp_path / "LVOS"
    shutil.copytree(v1 / "LVOS", reference)
    before = document(v1 / "pred_good", reference)
    (reference / "scoring.yaml").write_text("exclude:\n  qXsEen01: [16-26]\n")
    after = document(v1 / "pred_good", reference)
    assert after["official"]["jf"] == 100 * api.score(v1 / "pred_good", reference).scores["Overall"]
    for section in ("changes", "named"):
        for old, new in zip(before[section], after[section], strict=True):
            assert old["jf"] != new["jf"], new


def test_frames_that_only_another_way_takes_may_be_missing(v1: Path, tmp_path: Path) -> None:
    submission = tmp_path / "pred"
    shutil.copytree(v1 / "pred_good", submission)
    video = submission / "UtEnRpiP"
    sorted(video.iterdir())[0].unlink()
    found = document(submission, v1 / "LVOS")
    assert found["official"]["jf"] is not None
    assert row(found, "named", "lvos-v1")["lacks"] == "the submission has no mask of 1 frame of UtEnRpiP"
    sorted(video.iterdir())[2].unlink()
    code, _, said = explain(submission, "--reference", v1 / "LVOS")
    assert (code, "error missing-frame UtEnRpiP" in said) == (1, True)


def test_what_it_cannot_explain_is_said(v1: Path, tmp_path: Path) -> None:
    reference = tmp_path / "LVOS"
    shutil.copytree(v1 / "LVOS", reference)
    (reference / "scoring.yaml").write_text("detail: public\n")
    code, _, said = explain(v1 / "pred_good", "--reference", reference)
    assert (code, "explain tells more of the masks than scoring.yaml allows" in said) == (2, True)
    options = ("--reference", goldens.REFERENCE, "--task", "unsupervised_multiple")
    code, _, said = explain(goldens.prediction("prop"), *options)
    assert (code, "explain compares the numbers of semi-supervised LVOS" in said) == (2, True)
