"""From reference data to two zips: what is built, what is refused, and what is said about it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import competition.bundles.build
from built import Built, settings_of, shipped_settings, unpack, write_settings
from commands import lvos_eval
from competition import ROOT
from competition.bundles.build import LEAK_TEST, main
from competition.bundles.kit import kit_members
from competition.checks.bundle import Bundle, Platform
from competition.checks.selfcheck import BUNDLES, check_bundle
from lvos_eval import __version__
from lvos_eval.protocols.lvos import SCORE_KEYS
from lvos_eval.reference.checks import check_reference
from lvos_eval.reference.loading import load_manifest
from submissions import watch_nothing
from tiny_reference import mask, write_reference

STUB = ROOT / "reference_data_stub" / "reference"


def build(*arguments: str | Path) -> int:
    return main([*map(str, arguments), "--jobs", "1"])


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return write_reference(tmp_path / "hidden")


def test_one_command_builds_both_bundles_from_the_stub(tmp_path: Path) -> None:
    assert build(STUB, "--output", tmp_path) == 0
    assert [check_bundle(tmp_path / name, platform) for platform, name in BUNDLES.items()] == [[], []]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "lvos-codabench.zip",
        "lvos-codalab.zip",
        "reference_development.zip",
        "reference_final.zip",
        "scoring_program.zip",
        "starting_kit.zip",
    ]


def test_equal_input_gives_equal_bytes(built: Built, tmp_path: Path) -> None:
    hidden = write_reference(tmp_path / "another name")
    validation = write_reference(tmp_path / "v", shift=9)
    (hidden / ".DS_Store").write_bytes(b"litter")
    (hidden / "Annotations" / "seenOne1" / "Thumbs.db").write_bytes(b"litter")
    for path in hidden.rglob("*.png"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    assert build(hidden, "--validation", validation, "--output", tmp_path / "dist") == 0
    for path in sorted(built.folder.iterdir()):
        assert (tmp_path / "dist" / path.name).read_bytes() == path.read_bytes()


def test_the_output_names_size_and_digest_of_each_file(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(reference, "--output", tmp_path / "dist")
    printed = capsys.readouterr().out
    for path in (tmp_path / "dist").iterdir():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert f"{path}  {path.stat().st_size:,} bytes  sha256 {digest}\n" in printed


def test_hidden_masks_in_a_bundle_are_said_to_need_a_site_that_keeps_them(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build(reference, "--output", tmp_path / "dist")
    printed = capsys.readouterr().out
    assert "HIDDEN MASKS: Codabench below 1.26 gives reference data to anybody who asks." in printed
    assert all(f"      {line}\n" in printed for line in LEAK_TEST)


def test_the_reference_data_is_sealed_with_the_digest_that_check_reference_prints(built: Built) -> None:
    for phase, folder in (("development", built.validation), ("final", built.hidden)):
        digest = check_reference(folder, 1, lambda manifest: watch_nothing).digest
        assert settings_of(built.path(Platform.CODABENCH), phase)["ground_truth"] == digest


def test_packed_reference_data_has_no_fault_and_the_same_seal(built: Built, tmp_path: Path) -> None:
    run = lvos_eval("check-reference", unpack(built.path(Platform.CODALAB), "reference_final.zip", tmp_path))
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1].split('"')[1] == settings_of(built.path(Platform.CODALAB), "final")["ground_truth"]


def test_only_public_data_shows_per_frame_values(built: Built) -> None:
    path = built.path(Platform.CODABENCH)
    assert [settings_of(path, phase)["detail"] for phase in ("development", "final")] == ["full", "public"]


def test_without_validation_data_nothing_shows_per_frame_values_and_the_output_says_so(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (reference / "scoring.yaml").write_text("detail: full\n")
    assert build(reference, "--output", tmp_path / "dist") == 0
    details = [settings_of(tmp_path / "dist" / "lvos-codabench.zip", phase)["detail"] for phase in ("development", "final")]
    assert details == ["public", "public"]
    printed = capsys.readouterr().out
    assert "NOTE: only REFERENCE was given, so ALL phases are scored on it." in printed
    assert "NOTE: its scoring.yaml says detail: full, which the bundle does not follow" in printed


def test_many_submissions_on_hidden_masks_are_warned_of(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(reference, "--output", tmp_path / "dist") == 0
    assert (
        "WARNING: each participant may have 205 submissions scored on the hidden masks (development 200, final 5).\n"
        "         Rounded results still tell a little of the masks each time. Keep to 10:\n"
        "         lower max_submissions or max_submissions_per_day of these phases.\n"
    ) in capsys.readouterr().out


@pytest.mark.parametrize(("limit", "warned"), [(10, False), (11, True)])
def test_only_submissions_on_hidden_masks_are_counted_and_ten_are_few(
    limit: int, warned: bool, reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = shipped_settings()
    settings["phases"]["final"]["max_submissions"] = limit
    validation = write_reference(tmp_path / "validation", shift=9)
    given = ("--competition", write_settings(tmp_path / "mine", settings), "--output", tmp_path / "dist")
    assert build(reference, "--validation", validation, *given) == 0
    assert ("WARNING" in capsys.readouterr().out) is warned


def test_the_shipped_phases_are_not_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    validation = write_reference(tmp_path / "validation")
    for phases in ((), ("--phases", ROOT / "competition" / "three_tasks.yaml")):
        assert build(STUB, "--validation", validation, "--output", tmp_path / "dist", *phases) == 0
        assert "WARNING" not in capsys.readouterr().out


def test_our_own_deadline_is_below_the_platforms(built: Built) -> None:
    bundle = Bundle(built.path(Platform.CODABENCH), Platform.CODABENCH)
    with bundle.archive:
        limit = bundle.phases[1].time_limit
    assert settings_of(built.path(Platform.CODABENCH), "final")["time_limit"] == limit - 60


def test_the_settings_of_the_organiser_are_kept(reference: Path, tmp_path: Path) -> None:
    (reference / "scoring.yaml").write_text("exclude: {seenOne1: [6]}\ntime_limit: 300\nprotocol: lvos-v1\n")
    assert build(reference, "--output", tmp_path / "dist") == 0
    settings = settings_of(tmp_path / "dist" / "lvos-codabench.zip", "final")
    assert (settings["exclude"], settings["time_limit"], settings["protocol"]) == ({"seenOne1": ["6"]}, 300, "lvos-v1")


def test_faulty_reference_data_is_refused_with_all_its_faults(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mask(reference, "seenTwo2", 6).unlink()
    mask(reference, "unseen33", 11).write_bytes(b"no PNG")
    (reference / "unseen_videos.txt").write_text("unseen33\nnobody44,\n")
    validation = write_reference(tmp_path / "validation", shift=9)
    mask(validation, "seenOne1", 6).unlink()
    assert build(reference, "--validation", validation, "--output", tmp_path / "dist") == 3
    told = capsys.readouterr().err
    assert {line.split(":")[0] for line in told.splitlines() if line and not line.startswith("  Fix: ")} == {
        "error ground-truth seenTwo2 00000006",
        "error ground-truth unseen33 00000011",
        "error list",
        "error ground-truth seenOne1 00000006",
        "no bundle was written",
    }
    assert not (tmp_path / "dist").exists()


def test_the_same_folder_cannot_be_hidden_and_public(reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(reference, "--validation", tmp_path / "x" / ".." / "hidden", "--output", tmp_path / "dist") == 2
    assert capsys.readouterr().err.startswith("VALIDATION is REFERENCE: the masks of the final phase would be shown")


def test_hidden_masks_in_the_public_data_are_named_and_refused(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    validation = write_reference(tmp_path / "validation", shift=9)
    labels = np.asarray(Image.open(mask(reference, "unseen33", 11)))
    Image.fromarray(labels).save(mask(validation, "seenTwo2", 6), compress_level=0)
    assert build(reference, "--validation", validation, "--output", tmp_path / "dist") == 3
    told = capsys.readouterr().err
    assert re.search(r"^error leak \w+ 000000\d\d: ground truth is also in the public validation data", told, re.MULTILINE)
    assert not (tmp_path / "dist").exists()


def test_a_ground_truth_mask_in_the_starting_kit_is_named_and_refused(
    reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = mask(reference, "seenTwo2", 6).read_bytes()
    monkeypatch.setattr(competition.bundles.build, "kit_members", lambda *given: {**kit_members(*given), "teaser.png": taken})
    assert build(reference, "--output", tmp_path / "dist") == 3
    told = capsys.readouterr().err.splitlines()
    assert "error leak seenTwo2 00000006: ground truth is also in a public part as starting_kit.zip/teaser.png" in told[0]
    assert not (tmp_path / "dist").exists()


def test_a_column_that_the_data_cannot_give_is_refused(
    reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (reference / "unseen_videos.txt").unlink()
    (reference / "scoring.yaml").write_text("unseen: none\n")
    assert build(reference, "--output", tmp_path / "dist") == 3
    told = capsys.readouterr().err
    assert "cannot give J-unseen-Mean, F-unseen-Mean, V-unseen-Mean: no object of that split is scored" in told
    assert "leave these keys out of `leaderboard` in competition.yaml" in told


def test_a_competition_without_unseen_videos_can_leave_their_columns_out(reference: Path, tmp_path: Path) -> None:
    (reference / "unseen_videos.txt").unlink()
    (reference / "scoring.yaml").write_text("unseen: none\n")
    settings = shipped_settings() | {"leaderboard": [key for key in SCORE_KEYS if "unseen" not in key]}
    folder = write_settings(tmp_path / "mine", settings)
    assert build(reference, "--competition", folder, "--output", tmp_path / "dist") == 0
    assert check_bundle(tmp_path / "dist" / "lvos-codabench.zip", Platform.CODABENCH) == []


def test_phases_with_different_protocols_are_refused(reference: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    validation = write_reference(tmp_path / "validation", shift=9)
    (validation / "scoring.yaml").write_text("protocol: lvos-v1\n")
    assert build(reference, "--validation", validation, "--output", tmp_path / "dist") == 3
    told = capsys.readouterr().err
    assert "development is scored as lvos-v1 semi-supervised and final is scored as lvos-v2 semi-supervised" in told


def test_the_image_carries_the_programs_version_and_can_be_chosen(reference: Path, tmp_path: Path) -> None:
    for arguments, expected in (
        ((), rf".*:{re.escape(__version__)}-platform"),
        (("--image", "me/lvos-eval:7"), "me/lvos-eval:7"),
    ):
        assert build(reference, "--output", tmp_path / "dist", *arguments) == 0
        for platform, name in BUNDLES.items():
            bundle = Bundle(tmp_path / "dist" / name, platform)
            with bundle.archive:
                assert re.fullmatch(expected, bundle.image)


def test_both_bundles_hold_the_same_program_data_and_kit(built: Built) -> None:
    contents = []
    for platform in Platform:
        with zipfile.ZipFile(built.path(platform)) as archive:
            contents.append({name: archive.read(name) for name in archive.namelist() if name.endswith((".zip", ".png"))})
    assert contents[0] == contents[1]
    seals = {phase: settings_of(built.path(Platform.CODABENCH), phase)["ground_truth"] for phase in ("development", "final")}
    assert sorted(contents[0]) == [
        "logo.png",
        f"reference_development_{seals['development']}.zip",
        f"reference_final_{seals['final']}.zip",
        f"scoring_program_development_{__version__}.zip",
        f"scoring_program_final_{__version__}.zip",
        "starting_kit.zip",
    ]
    apart = {
        "scoring_program.zip": f"scoring_program_final_{__version__}.zip",
        "reference_final.zip": f"reference_final_{seals['final']}.zip",
    }
    for alone, packed in apart.items():
        assert (built.folder / alone).read_bytes() == contents[0][packed]


@pytest.mark.slow
def test_a_bundle_from_a_thousand_masks_keeps_every_rule(tmp_path: Path) -> None:
    frames = range(1, 1 + 5 * 250, 5)
    rng = np.random.default_rng(1)
    videos: dict[str, Any] = {}
    for number in range(4):
        name = f"video{number:03d}"
        folder = tmp_path / "ref" / "Annotations" / name
        folder.mkdir(parents=True)
        labels = np.zeros((90, 160), np.uint8)
        for frame in frames:
            labels[:] = 0
            top, left = rng.integers(0, 60), rng.integers(0, 120)
            labels[top : top + 20, left : left + 30] = 1
            Image.fromarray(labels).save(folder / f"{frame:08d}.png", compress_level=1)
        videos[name] = {"objects": {"1": {"frame_range": {"start": 1, "end": frames.stop, "frame_nums": len(frames)}}}}
    (tmp_path / "ref" / "unseen_videos.txt").write_text("video003\n")
    (tmp_path / "ref" / "test_meta.json").write_text(json.dumps({"videos": videos}))
    assert build(tmp_path / "ref", "--output", tmp_path / "dist") == 0
    for platform, name in BUNDLES.items():
        assert check_bundle(tmp_path / "dist" / name, platform) == []
        packed = unpack(tmp_path / "dist" / name, "reference_final.zip", tmp_path / name)
        assert len(list(packed.rglob("*.png"))) == 1000


def test_the_published_list_is_packed_with_the_data_that_it_is_used_for(reference: Path, tmp_path: Path) -> None:
    content = json.loads((reference / "test_meta.json").read_text())
    content["videos"]["R3UJGYwy"] = content["videos"].pop("unseen33")
    (reference / "test_meta.json").write_text(json.dumps(content))
    (reference / "Annotations" / "unseen33").rename(reference / "Annotations" / "R3UJGYwy")
    (reference / "unseen_videos.txt").unlink()
    assert build(reference, "--output", tmp_path / "dist") == 0
    packed = unpack(tmp_path / "dist" / "lvos-codabench.zip", "reference_final.zip", tmp_path / "ref")
    assert (packed / "unseen_videos.txt").read_text() == "R3UJGYwy\n"
    assert check_bundle(tmp_path / "dist" / "lvos-codabench.zip", Platform.CODABENCH) == []
    program = unpack(tmp_path / "dist" / "lvos-codabench.zip", "scoring_program.zip", tmp_path / "program")
    assert (program / "lvos_eval" / "reference" / "lists" / "lvos_v2_unseen_videos.txt").is_file()


def test_a_run_of_excluded_frames_reaches_platform_and_participants_as_the_same_frames(reference: Path, tmp_path: Path) -> None:
    (reference / "scoring.yaml").write_text("exclude: {unseen33: [00000004-00000008], seenOne1: [00000006]}\n")
    assert build(reference, "--output", tmp_path / "dist") == 0
    packed = unpack(tmp_path / "dist" / "lvos-codabench.zip", "reference_final.zip", tmp_path / "ref")
    kit = unpack(tmp_path / "dist" / "lvos-codabench.zip", "starting_kit.zip", tmp_path / "kit") / "final"
    given = {path: load_manifest(path, splits=False).excluded for path in (reference, packed, kit)}
    assert set(map(str, given.values())) == {str({"seenOne1": [6], "unseen33": [6]})}
