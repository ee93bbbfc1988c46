"""The scoring run as the platform, a participant and an organiser see it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import commands
import goldens
from lvos_eval import __version__
from lvos_eval.reference.loading import load_manifest
from submissions import ground_truth_digest

OUTPUTS = ("scores.json", "scores.txt", "scoring_details.json", "detailed_results.html")


def run(
    tmp_path: Path, submission: Path, reference: Path, name: str, *options: str
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    input_ = commands.platform_input(tmp_path / f"{name}-input", submission, reference)
    return tmp_path / name, commands.evaluate(input_, tmp_path / name, *options)


def copy(folder: Path, target: Path) -> Path:
    return Path(shutil.copytree(folder, target))


@pytest.mark.slow
def test_outputs_are_the_same_bytes_for_any_number_of_workers_and_any_archive_order(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    for name, shuffle in (("sorted", None), ("shuffled", 3)):
        (inside / name).mkdir(parents=True)
        # the same name inside, because the page says what was scored
        commands.zip_folder(goldens.prediction("good"), inside / name / "submission.zip", prefix="results/", shuffle=shuffle)
    runs = [
        run(tmp_path, inside / archive, goldens.REFERENCE, f"{archive}-{jobs}", "--jobs", jobs, "--detail", "full")
        for archive, jobs in (("sorted", "1"), ("sorted", "2"), ("shuffled", "3"))
    ]
    for output, process in runs:
        assert process.returncode == 0, process.stderr
        assert {path.name for path in output.iterdir()} == set(OUTPUTS)
        for name in OUTPUTS:
            assert (output / name).read_bytes() == (runs[0][0] / name).read_bytes(), (output, name)


def test_a_folder_and_a_zip_give_the_same_scores(tmp_path: Path) -> None:
    folder, _ = run(tmp_path, goldens.prediction("poor"), goldens.REFERENCE, "folder")
    (tmp_path / "res").mkdir()
    commands.zip_folder(goldens.prediction("poor"), tmp_path / "res" / "poor.zip")
    archive, _ = run(tmp_path, tmp_path / "res", goldens.REFERENCE, "archive")
    for name in ("scores.json", "scores.txt"):
        assert (folder / name).read_bytes() == (archive / name).read_bytes()


@pytest.mark.parametrize("pinned", [False, True], ids=["unpinned", "pinned"])
def test_version_and_signature_are_the_first_line_where_the_masks_are_pinned_and_else_the_last(
    pinned: bool, tmp_path: Path
) -> None:
    reference = copy(goldens.REFERENCE, tmp_path / "reference")
    digest = ground_truth_digest(load_manifest(reference))
    if pinned:
        (reference / "scoring.yaml").write_text(f'ground_truth: "{digest}"\n')
    output, process = run(tmp_path, goldens.prediction("good"), reference, "output")
    lines = process.stdout.splitlines()
    signature = json.loads((output / "scoring_details.json").read_text())["signature"]
    signed = f"lvos-eval {__version__} {signature}"
    assert (lines[0], lines[-1].partition(" ")[0]) == (
        (signed, "Page:") if pinned else (f"lvos-eval {__version__} lvos-v2", "lvos-eval")
    )
    assert [line for line in lines if "|" in line] == [signed]
    assert (lines[0] if pinned else lines[-1]) == signed
    assert f"|gt:{digest}|" in signature
    assert re.fullmatch(
        r"protocol:lvos-v2\|task:semi-supervised\|videos:8\|objects:17\|frames:109\|tolerance:0\.008\|gt:[0-9a-f]{16}"
        rf"\|excluded:none\|unseen:4-[0-9a-f]{{8}}\|version:{re.escape(__version__)}",
        signature,
    )


def test_public_detail_has_nothing_per_frame_and_is_the_platforms_default(tmp_path: Path) -> None:
    output, _ = run(tmp_path, goldens.prediction("good"), goldens.REFERENCE, "output")
    assert "frames" not in json.loads((output / "scoring_details.json").read_text())


def test_scores_txt_is_what_codalab_reads(tmp_path: Path) -> None:
    output, _ = run(tmp_path, goldens.prediction("good"), goldens.REFERENCE, "output")
    lines = (output / "scores.txt").read_text().splitlines()
    assert len(lines) == 10
    assert all(re.fullmatch(r"[A-Za-z-]+: \d\.\d{10}", line) for line in lines)


def test_every_fault_of_a_submission_is_found_in_one_run(tmp_path: Path) -> None:
    submission = copy(goldens.prediction("good"), tmp_path / "submission")
    shutil.rmtree(submission / "cGone003")
    (submission / "aPlain01" / "00000011.png").unlink()
    rgb, cut, small = (submission / "bLate002" / f"{frame:08d}.png" for frame in (11, 16, 26))
    with Image.open(rgb) as image:
        image.convert("RGB").save(rgb)
    cut.write_bytes(cut.read_bytes()[:-20])
    Image.fromarray(np.zeros((10, 20), np.uint8)).save(small)
    output, process = run(tmp_path, submission, goldens.REFERENCE, "output")
    assert process.returncode == 1
    errors = [line.replace(":", "").split()[1:3] for line in process.stderr.splitlines() if line.startswith("error ")]
    assert errors == [
        ["missing-video", "cGone003"],
        ["missing-frame", "aPlain01"],
        ["unreadable-mask", "bLate002"],
        ["not-indexed", "bLate002"],
        ["wrong-size", "bLate002"],
    ]
    assert "Traceback" not in process.stderr + process.stdout
    assert {path.name for path in output.iterdir()} == {"scoring_details.json", "detailed_results.html"}
    page = (output / "detailed_results.html").read_text()
    assert "not valid" in page
    assert all(code in page for code, _ in errors)


def test_the_scores_of_an_earlier_run_do_not_survive_a_failed_one(tmp_path: Path) -> None:
    commands.lvos_eval("score", goldens.prediction("good"), "--reference", goldens.REFERENCE, "--output", tmp_path / "out")
    assert (tmp_path / "out" / "scores.json").exists()
    empty = tmp_path / "empty"
    empty.mkdir()
    process = commands.lvos_eval("score", empty, "--reference", goldens.REFERENCE, "--output", tmp_path / "out")
    assert process.returncode == 1
    assert not (tmp_path / "out" / "scores.json").exists()
    assert not (tmp_path / "out" / "scores.txt").exists()


def _without_metadata(reference: Path) -> None:
    (reference / "valid_meta.json").unlink()


def _too_few_frames(reference: Path) -> None:
    path = reference / "valid_meta.json"
    path.write_text(path.read_text().replace('"frame_nums": "14"', '"frame_nums": "3"', 1))


def _without_a_mask(reference: Path) -> None:
    (reference / "Annotations" / "aPlain01" / "00000011.png").unlink()


def _damaged_mask(reference: Path) -> None:
    path = reference / "Annotations" / "aPlain01" / "00000011.png"
    path.write_bytes(path.read_bytes()[:60])


def _nothing_scored(reference: Path) -> None:
    path = reference / "valid_meta.json"
    content = json.loads(path.read_text())
    for video in content["videos"].values():
        for item in video["objects"].values():
            item["frame_range"] = {"start": 1, "end": 11, "frame_nums": 2}
    path.write_text(json.dumps(content))


def _unknown_setting(reference: Path) -> None:
    (reference / "scoring.yaml").write_text("protocoll: lvos-v1\n")


def _wrong_seal(reference: Path) -> None:
    (reference / "scoring.yaml").write_text('ground_truth: "0123456789abcdef"\n')


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (_without_metadata, r"error metadata: no metadata in .*ref.*\n  Fix: add one of test_meta\.json, .*"),
        (
            _too_few_frames,
            r"error metadata aPlain01: valid_meta\.json: object 1: frame_nums is 3 but range\(1, 71, 5\) has 14 .*\n  Fix: .*",
        ),
        (
            _without_a_mask,
            r"error ground-truth aPlain01 00000011: 1 of 12 scored frames have no ground-truth mask.*\n  Fix: .*",
        ),
        (
            _nothing_scored,
            r"error metadata: no object of valid_meta\.json has a scored frame, .*\n  Fix: correct the frame ranges; .*",
        ),
        (_damaged_mask, r"error ground-truth aPlain01 00000011: the ground-truth mask cannot be used \(cut short.*\n  Fix: .*"),
        (_unknown_setting, r"error settings: scoring\.yaml: unknown key `protocoll`\.?\n  Fix: did you mean `protocol`\?.*"),
        (_wrong_seal, r"error ground-truth: the ground truth has the digest [0-9a-f]{16}, not 0123456789abcdef.*\n  Fix: .*"),
    ],
)
def test_faulty_reference_data_is_exit_3_and_one_clear_line_with_its_fix(
    tmp_path: Path, spoil: Callable[[Path], None], line: str
) -> None:
    reference = copy(goldens.REFERENCE, tmp_path / "reference")
    spoil(reference)
    output, process = run(tmp_path, goldens.prediction("good"), reference, "output")
    assert process.returncode == 3
    assert re.fullmatch(line, process.stderr.strip()), process.stderr
    assert not (output / "scores.json").exists()
    assert "reference" in (output / "detailed_results.html").read_text()


@pytest.mark.slow
def test_a_sealed_reference_gives_the_same_outputs_as_an_open_one(tmp_path: Path) -> None:
    reference = copy(goldens.REFERENCE, tmp_path / "reference")
    opened, process = run(tmp_path, goldens.prediction("good"), reference, "open")
    match = re.search(r"gt:([0-9a-f]{16})", process.stdout)
    assert match is not None
    (reference / "scoring.yaml").write_text(f'ground_truth: "{match[1]}"\n')
    sealed, process = run(tmp_path, goldens.prediction("good"), reference, "sealed")
    assert process.returncode == 0, process.stderr
    for name in OUTPUTS:
        assert (opened / name).read_bytes() == (sealed / name).read_bytes()


@pytest.mark.slow
def test_the_signature_is_of_the_decoded_masks_not_of_their_files(tmp_path: Path) -> None:
    again, changed = (copy(goldens.REFERENCE, tmp_path / name) for name in ("again", "changed"))
    for path in again.rglob("*.png"):
        with Image.open(path) as image:
            labels = np.array(image)
        Image.fromarray(labels).save(path, compress_level=1)
    path = changed / "Annotations" / "aPlain01" / "00000011.png"
    with Image.open(path) as image:
        labels = np.array(image)
    labels[0, 0] = 1 - labels[0, 0]
    Image.fromarray(labels).save(path)
    lines = []
    for name, reference in (("plain", goldens.REFERENCE), ("again-run", again), ("changed-run", changed)):
        _, process = run(tmp_path, goldens.prediction("good"), reference, name)
        lines.append(process.stdout.splitlines()[-1])
    assert lines[0] == lines[1] != lines[2]


def test_a_run_over_its_time_limit_stops_by_itself_and_says_how_far_it_came(tmp_path: Path) -> None:
    reference = copy(goldens.REFERENCE, tmp_path / "reference")
    (reference / "scoring.yaml").write_text("time_limit: 0.000001\n")
    output, process = run(tmp_path, goldens.prediction("good"), reference, "output")
    assert process.returncode == 4
    assert re.fullmatch(
        r"stopped: the time limit of 1e-06 s ran out while scoring: \d+ of 109 frames were done; "
        r"give it more cores, or raise time_limit in scoring\.yaml\n",
        process.stderr,
    )
    assert {path.name for path in output.iterdir()} == {"detailed_results.html"}
    assert "ran out" in (output / "detailed_results.html").read_text()


def test_wrong_usage_is_exit_2(tmp_path: Path) -> None:
    process = commands.lvos_eval("score", tmp_path / "none.zip", "--reference", goldens.REFERENCE, "--output", tmp_path / "out")
    assert (process.returncode, process.stderr) == (2, f"no submission at {tmp_path / 'none.zip'}\n")
    assert commands.lvos_eval("score").returncode == 2
    assert commands.lvos_eval("check", "x", "--reference", "y", "--jobs", "0").returncode == 2


def test_json_is_the_only_thing_on_stdout(tmp_path: Path) -> None:
    process = commands.lvos_eval(
        "score", goldens.prediction("good"), "--reference", goldens.REFERENCE, "--output", tmp_path / "out", "--json"
    )
    assert json.loads(process.stdout) == json.loads((tmp_path / "out" / "scoring_details.json").read_text())
    assert process.stderr.startswith(f"lvos-eval {__version__} lvos-v2\n")
    assert process.stderr.splitlines()[-1].startswith(f"lvos-eval {__version__} protocol:")


def _can_run_as(user: int) -> bool:
    if os.geteuid() != 0:
        return False
    try:
        return subprocess.run([sys.executable, "-c", "import lvos_eval"], user=user, capture_output=True).returncode >= 0
    except OSError:
        return False


@pytest.mark.slow
def test_an_empty_environment_and_a_read_only_program_are_enough(tmp_path: Path) -> None:
    program = copy(commands.PROGRAM, tmp_path / "program")
    input_ = commands.platform_input(tmp_path / "input", goldens.prediction("good"), goldens.REFERENCE)
    for path in [*program.rglob("*"), program]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        process = subprocess.run(
            [sys.executable, str(program / "evaluate.py"), str(input_), str(tmp_path / "output"), "--jobs", "2"],
            capture_output=True,
            text=True,
            cwd="/",
            env={},
        )
    finally:
        for path in [program, *program.rglob("*")]:
            path.chmod(0o755)
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "output" / "scores.json").exists()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter: those of pytest lie below one that is closed to others, however deep they are."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(not _can_run_as(65534), reason="needs root and an interpreter that others may run")
def test_another_user_id_works(open_folder: Path) -> None:
    (open_folder / "output").mkdir(mode=0o777)
    (open_folder / "output").chmod(0o777)
    input_ = commands.platform_input(open_folder / "input", goldens.prediction("good"), goldens.REFERENCE)
    process = subprocess.run(
        [sys.executable, str(commands.PROGRAM / "evaluate.py"), str(input_), str(open_folder / "output"), "--jobs", "2"],
        capture_output=True,
        text=True,
        cwd="/",
        env={},
        user=65534,
        group=65534,
    )
    assert process.returncode == 0, process.stderr
