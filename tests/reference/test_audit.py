"""`check-reference --audit`: masks that the masks around them contradict are found, and masks of things that move are not."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from commands import lvos_eval
from competition import ROOT
from lvos_eval import protocols
from lvos_eval.cli.main import main
from lvos_eval.execution.workload import unobserved
from lvos_eval.reference.audit import audit, proposed_exclusions
from lvos_eval.reference.audit_measures import AuditTask, cut_audit, measure_masks
from lvos_eval.reference.audit_rules import KINDS, LIKELY, Suspicion
from lvos_eval.reference.ground_truth import GroundTruthFolder
from lvos_eval.reference.loading import load_manifest
from planted_masks import write_planted

Labels = NDArray[np.uint8]
Spoil = Callable[[list[Labels]], None]
FRAMES = 20
NUMBERS = tuple(range(1, 1 + 5 * FRAMES, 5))


def draw(index: int, size: tuple[int, int] = (200, 320)) -> Labels:
    """Two boxes, of which the first moves to the right and the second down."""
    labels = np.zeros(size, np.uint8)
    labels[40:90, 30 + 6 * index : 90 + 6 * index] = 1
    labels[100 + 2 * index : 140 + 2 * index, 200:240] = 2
    return labels


def write(folder: Path, spoil: Spoil = lambda masks: None, *, end: int = NUMBERS[-1] + 5) -> Path:
    masks = [draw(index) for index in range(FRAMES)]
    spoil(masks)
    for number, labels in zip(NUMBERS, masks, strict=True):
        path = folder / "Annotations" / "video001" / f"{number:08d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(labels).save(path)
    whole = {"start": 1, "end": NUMBERS[-1] + 5, "frame_nums": FRAMES}
    second = {"start": 1, "end": end, "frame_nums": (end - 1) // 5}
    objects = {"1": {"frame_range": whole}, "2": {"frame_range": second}}
    (folder / "test_meta.json").write_text(json.dumps({"videos": {"video001": {"objects": objects}}}))
    (folder / "scoring.yaml").write_text("unseen: none\n")
    return folder


def found(folder: Path) -> list[Suspicion]:
    return audit(load_manifest(folder), 1, unobserved)


def speck(masks: list[Labels]) -> None:
    cv2.circle(masks[9], (290, 20), 2, 1, cv2.FILLED)


def larger(masks: list[Labels]) -> None:
    masks[9][20:110, 60:170][masks[9][20:110, 60:170] == 0] = 1


def elsewhere(masks: list[Labels]) -> None:
    masks[9][masks[9] == 1] = 0
    masks[9][140:190, 40:100] = 1


def gone(masks: list[Labels]) -> None:
    masks[9][masks[9] == 1] = 0


def hole(masks: list[Labels]) -> None:
    masks[9][55:75, 100:125] = 0


def swapped(masks: list[Labels]) -> None:
    for labels in masks[9:12]:
        first, second = labels == 1, labels == 2
        labels[first], labels[second] = 2, 1


def swapped_for_good(masks: list[Labels]) -> None:
    for labels in masks[9:]:
        first, second = labels == 1, labels == 2
        labels[first], labels[second] = 2, 1


def copied(masks: list[Labels]) -> None:
    masks[9][:] = masks[8]


def standing(masks: list[Labels]) -> None:
    for labels in masks[9:14]:
        labels[:] = masks[8]


def test_things_that_move_are_not_suspicious(tmp_path: Path) -> None:
    assert found(write(tmp_path)) == []


def test_things_that_stand_still_are_not_suspicious(tmp_path: Path) -> None:
    def still(masks: list[Labels]) -> None:
        for labels in masks:
            labels[:] = masks[0]

    assert found(write(tmp_path, still)) == []


@pytest.mark.parametrize(
    ("spoil", "kind", "objects", "frames", "message"),
    [
        (speck, "speck", (1,), (46,), r"object 1: \d+ pixels lie 14\d pixels away from the rest"),
        (larger, "jump", (1,), (46,), r"object 1 has 3.\d\d times the size that it has before and after"),
        (elsewhere, "jump", (1,), (46,), r"object 1 is elsewhere|object 1 is .* beside its way"),
        (gone, "jump", (1,), (46,), "object 1 is not there in this mask only"),
        (hole, "hole", (1,), (46,), r"object 1 has a hole of 500 pixels \(17% of it\)"),
        (swapped, "swap", (1, 2), (46, 51, 56), "objects 1 and 2 have changed places"),
        (swapped_for_good, "swap", (1, 2), (46,), "objects 1 and 2 have changed places, from here on"),
        (copied, "copy", (1, 2), (46,), r"the mask is as the one before; around, \d+% of the objects' pixels change"),
        (standing, "stretch", (1, 2), (46, 51, 56, 61, 66), r"5 masks are as the one before; around, .*"),
    ],
)
def test_each_kind_of_fault_is_likely_and_the_first_that_is_named(
    tmp_path: Path, spoil: Spoil, kind: str, objects: tuple[int, ...], frames: tuple[int, ...], message: str
) -> None:
    first = found(write(tmp_path, spoil))[0]
    assert (first.kind, first.video, first.objects, first.frames) == (kind, "video001", objects, frames)
    assert re.fullmatch(message, first.message)
    assert first.strength >= LIKELY


def test_pixels_outside_of_a_range_are_named_and_not_proposed_for_exclusion(tmp_path: Path) -> None:
    folder = write(tmp_path, end=51)
    (outside,) = found(folder)
    assert (outside.kind, outside.objects, outside.frames) == ("outside", (2,), NUMBERS[11:])
    assert proposed_exclusions(load_manifest(folder), [outside]) == {}


def test_an_object_behind_another_one_is_not_suspicious(tmp_path: Path) -> None:
    def passing(masks: list[Labels]) -> None:
        masks[9][masks[9] == 1] = 2

    assert [item for item in found(write(tmp_path, passing)) if item.objects == (1,)] == []


def test_every_kind_is_explained() -> None:
    assert {"speck", "jump", "hole", "swap", "copy", "stretch", "outside"} == set(KINDS)


def test_exclusions_are_those_of_likely_faults_and_of_the_settings(tmp_path: Path) -> None:
    folder = write(tmp_path, standing)
    (folder / "scoring.yaml").write_text("unseen: none\nexclude: {video001: [6]}\n")
    manifest = load_manifest(folder)
    assert proposed_exclusions(manifest, audit(manifest, 1, unobserved)) == {"video001": ["6", "46-66"]}


def test_pieces_of_a_video_are_measured_as_the_whole(tmp_path: Path) -> None:
    write_planted(tmp_path, videos=1, frames=110, size=(90, 160), seed=8)
    (video,) = load_manifest(tmp_path, splits=False).videos
    folder = GroundTruthFolder(tmp_path / "Annotations" / video.name, protocols.get("lvos-v2").layout)
    frames = tuple(range(1, 1 + 5 * 110, 5))
    whole = measure_masks(AuditTask(video.name, video.ids, None, folder, frames, (), ())).measures
    pieces = [
        measure for task in cut_audit(video.name, video.ids, None, folder, frames) for measure in measure_masks(task).measures
    ]
    assert len(whole) == 110
    assert pieces == whole


def test_masks_that_cannot_be_read_are_left_to_the_check(tmp_path: Path) -> None:
    folder = write(tmp_path, gone)
    (folder / "Annotations" / "video001" / "00000016.png").write_bytes(b"no PNG")
    Image.fromarray(np.zeros((10, 10), np.uint8)).save(folder / "Annotations" / "video001" / "00000071.png")
    assert [item.frames for item in found(folder) if item.strength >= LIKELY] == [(46,)]


MEASURED = {4: (137, 130, 140, 131), 6: (131, 126, 140, 133)}
"""By seed: planted faults, those that are likely, likely places, and those of them that were planted."""


def test_recall_and_precision_are_those_in_the_documentation() -> None:
    planted, recalled, likely, right = (sum(numbers) for numbers in zip(*MEASURED.values(), strict=True))
    page = " ".join((ROOT / "docs" / "organiser.md").read_text(encoding="utf-8").split())
    assert f"of {planted} faults planted in 48 videos {recalled} were likely (recall {recalled / planted:.2f})" in page
    assert f"of the {likely} likely places {right} were planted (precision {right / likely:.2f})" in page


@pytest.mark.slow
@pytest.mark.parametrize("seed", MEASURED)
def test_planted_faults_are_found_and_little_else(tmp_path: Path, seed: int) -> None:
    """Silhouettes that walk, turn, leave and pass behind things, on videos that the rules were not adjusted on."""
    planted = write_planted(tmp_path, videos=24, frames=60, size=(360, 640), seed=seed)
    likely = [item for item in found(tmp_path) if item.strength >= LIKELY]

    def hits(item: Suspicion, frames: tuple[int, ...], video: str) -> bool:
        return item.video == video and not set(item.frames).isdisjoint(frames)

    recalled = [fault for fault in planted if any(hits(item, fault.frames, fault.video) for item in likely)]
    right = [item for item in likely if any(hits(item, fault.frames, fault.video) for fault in planted)]
    assert len({fault.kind for fault in planted}) == 8
    # another OpenCV may draw an edge otherwise
    for found_now, measured in zip((len(planted), len(recalled), len(likely), len(right)), MEASURED[seed], strict=True):
        assert found_now == pytest.approx(measured, abs=3)


@pytest.mark.slow
def test_masks_without_planted_faults_are_hardly_suspected(tmp_path: Path) -> None:
    write_planted(tmp_path, videos=24, frames=60, size=(360, 640), seed=5, clean=True)
    assert sum(item.strength >= LIKELY for item in found(tmp_path)) == pytest.approx(4, abs=3)  # of 1,440 masks


def test_the_command_writes_a_page_with_pictures_and_says_the_worst(tmp_path: Path) -> None:
    folder = write(tmp_path / "ref", elsewhere)
    run = lvos_eval("check-reference", folder, "--audit", tmp_path / "audit")
    assert run.returncode == 0, run.stderr
    assert re.search(r"^0\.\d\d jump     video001 00000046: object 1 is ", run.stdout, re.MULTILINE)
    assert f"audit: 1 suspicious place, 1 likely: {tmp_path}/audit/audit.html" in run.stdout
    assert "the page shows ground truth: keep it as secret as the masks" in run.stdout
    page = (tmp_path / "audit" / "audit.html").read_text()
    assert page.count("data:image/png;base64,") == 1
    assert "exclude:\n  video001: [46]\n" in page
    assert not re.search(r'\b(src|href)="(?!#|data:)', page)
    data = json.loads((tmp_path / "audit" / "audit.json").read_text())
    assert data["exclude"] == {"video001": ["46"]}
    assert [item["kind"] for item in data["suspicions"]] == ["jump"]


def test_what_is_proposed_can_be_put_into_the_settings(tmp_path: Path) -> None:
    folder = write(tmp_path / "ref", standing)
    lvos_eval("check-reference", folder, "--audit", tmp_path / "audit")
    page = (tmp_path / "audit" / "audit.html").read_text()
    block = page[page.index("<pre>") + 5 : page.index("</pre>")]
    with (folder / "scoring.yaml").open("a") as settings:
        settings.write(block)
    run = lvos_eval("check-reference", folder)
    assert run.returncode == 0, run.stderr
    assert load_manifest(folder).excluded == {"video001": [46, 51, 56, 61, 66]}


def test_the_audit_is_in_the_document_too(tmp_path: Path) -> None:
    folder = write(tmp_path / "ref", gone)
    run = lvos_eval("check-reference", folder, "--audit", tmp_path / "audit", "--json")
    assert json.loads(run.stdout)["audit"]["exclude"] == {"video001": ["46"]}


def write_submissions(folder: Path) -> Path:
    """Three that are off by some pixels, of which the first is the best on right masks, and one that is not valid."""
    for name, shift in (("a", 1), ("b", 2), ("c", 9)):
        for index, number in enumerate(NUMBERS):
            path = folder / name / "video001" / f"{number:08d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            masks = np.roll(draw(index), shift, 1)
            # the second one forgets the object where the ground truth does
            Image.fromarray(np.where(masks == 1, 0, masks) if name == "b" and index == 9 else masks).save(path)
    lacking = folder / "lacking" / "video001" / "00000001.png"
    lacking.parent.mkdir(parents=True)
    Image.fromarray(draw(0)).save(lacking)
    return folder


def leaderboard(submissions: Path, folder: Path, output: Path, store: Path) -> dict[str, float]:
    run = lvos_eval("rescore", submissions, "--reference", folder, "--output", output, "--store", store)
    assert run.returncode == 0, run.stderr
    entries = json.loads((output / "leaderboard.json").read_text())["submissions"]
    return {entry["submission"]: entry["scores"]["Overall"] for entry in entries}


def test_what_exclusions_would_do_to_stored_scores_is_what_they_do(tmp_path: Path) -> None:
    folder = write(tmp_path / "ref", gone)
    submissions = write_submissions(tmp_path / "submissions")
    before = leaderboard(submissions, folder, tmp_path / "before", tmp_path / "store")
    options = ("--audit", tmp_path / "audit", "--store", tmp_path / "store", "--submissions", submissions)
    run = lvos_eval("check-reference", folder, *options)
    assert run.returncode == 0, run.stderr
    assert "scores of 3 of 4 submissions are in the store" in run.stdout
    told = re.search(
        r"^excluding video001 46: 3 scores would change, by up to (.*) \((.*)\), and (\d) ranks?$", run.stdout, re.MULTILINE
    )
    assert told is not None, run.stdout
    with (folder / "scoring.yaml").open("a") as settings:
        settings.write("exclude: {video001: [46]}\n")
    after = leaderboard(submissions, folder, tmp_path / "after", tmp_path / "store")
    changes = {name: after[name] - before[name] for name in before}
    assert float(told[1]) == pytest.approx(changes[told[2]], abs=1e-9)
    assert abs(changes[told[2]]) == max(map(abs, changes.values()))
    order = [sorted(scores, key=lambda name: -scores[name]) for scores in (before, after)]
    assert int(told[3]) == sum(order[0].index(name) != order[1].index(name) for name in before) == 2
    (effect,) = json.loads((tmp_path / "audit" / "audit.json").read_text())["effects"]
    assert (effect["video"], effect["runs"], effect["changed"], effect["moved"]) == ("video001", ["46"], 3, 2)
    assert "What each would do to 3 stored submissions" in (tmp_path / "audit" / "audit.html").read_text()


def test_scores_that_are_not_stored_are_not_made_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "ref", gone)
    submissions = write_submissions(tmp_path / "submissions")
    command = ["check-reference", str(folder), "--audit", str(tmp_path / "audit"), "--jobs", "1"]
    assert main([*command, "--store", str(tmp_path / "store"), "--submissions", str(submissions)]) == 2
    assert "there is no store" in capsys.readouterr().err
    (tmp_path / "store").mkdir()
    assert main([*command, "--store", str(tmp_path / "store"), "--submissions", str(submissions)]) == 0
    assert "scores of 0 of 4 submissions are in the store" in capsys.readouterr().out
    assert json.loads((tmp_path / "audit" / "audit.json").read_text())["effects"] == []
    assert main([*command, "--store", str(tmp_path / "store")]) == 2
    assert "--store and --submissions belong together, and to --audit: give all three" in capsys.readouterr().err


@pytest.mark.parametrize("place", [".", "Annotations/audit"])
def test_the_page_is_not_written_among_the_masks(tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "ref")
    assert main(["check-reference", str(folder), "--audit", str(folder / place), "--jobs", "1"]) == 2
    assert "is the reference data; name another folder for the audit" in capsys.readouterr().err


def test_the_make_target_passes_the_folder_on() -> None:
    run = subprocess.run(
        ["make", "-n", "check-reference", "REFERENCE=x", "AUDIT=y", "STORE=z", "SUBMISSIONS=s"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    words = " ".join(run.stdout.replace("\\\n", " ").split())
    assert "check-reference x --audit y --store z --submissions s" in words
