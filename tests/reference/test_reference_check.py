"""`check-reference` finds every fault of reference data in one pass."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commands import lvos_eval
from goldens import REFERENCE as GOLDENS
from lvos_eval.diagnostics.problems import Severity
from lvos_eval.protocols.contract import Task
from lvos_eval.reference.checks import ReferenceCheck, check_reference
from lvos_eval.reference.loading import load_manifest
from submissions import ground_truth_digest, watch_nothing
from tiny_reference import OBJECTS, draw, mask, metadata, save, write_metadata, write_reference


def check(folder: Path, **options: Any) -> ReferenceCheck:
    return check_reference(folder, 1, lambda manifest: watch_nothing, **options)


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    return write_reference(tmp_path / "ref")


def edit_object(folder: Path, video: str, object_id: str, **frame_range: Any) -> None:
    content = metadata()
    content["videos"][video]["objects"][object_id]["frame_range"].update(frame_range)
    write_metadata(folder, content)


def edit_video(folder: Path, video: str, **entries: Any) -> None:
    content = metadata()
    content["videos"][video].update(entries)
    write_metadata(folder, content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def drop_object(folder: Path, video: str, object_id: str) -> None:
    content = metadata()
    del content["videos"][video]["objects"][object_id]
    write_metadata(folder, content)


def add_object(folder: Path, video: str, object_id: str) -> None:
    content = metadata()
    content["videos"][video]["objects"][object_id] = content["videos"][video]["objects"]["1"]
    write_metadata(folder, content)


def save_as_colour(path: Path) -> None:
    from PIL import Image

    Image.open(path).convert("RGB").save(path)


Break = Callable[[Path], Any]

FAULTS: list[tuple[str, Break, Severity, str | None, tuple[int, ...], str]] = [
    (
        "missing mask",
        lambda ref: mask(ref, "seenOne1", 6).unlink(),
        Severity.ERROR,
        "seenOne1",
        (6,),
        "1 of 2 scored frames have no ground-truth mask",
    ),
    (
        "missing folder",
        lambda ref: (ref / "Annotations/seenTwo2").rename(ref / "elsewhere"),
        Severity.ERROR,
        "seenTwo2",
        (),
        "no folder Annotations/seenTwo2",
    ),
    (
        "missing mask that is not scored",
        lambda ref: mask(ref, "seenOne1", 16).unlink(),
        Severity.WARNING,
        "seenOne1",
        (16,),
        "no mask in annotated frames that are not scored",
    ),
    (
        "odd size, first frame",
        lambda ref: save(mask(ref, "seenTwo2", 1), draw([1], 0, (40, 48))),
        Severity.ERROR,
        "seenTwo2",
        (1,),
        "the mask is 48x40, most masks of the video are 48x36",
    ),
    (
        "size in the metadata",
        lambda ref: edit_video(ref, "seenTwo2", image_size=[48, 36]),
        Severity.ERROR,
        "seenTwo2",
        (),
        "the masks are 48x36 but image_size in the metadata is 36x48",
    ),
    (
        "truncated mask",
        lambda ref: truncate(mask(ref, "unseen33", 11)),
        Severity.ERROR,
        "unseen33",
        (11,),
        "the ground-truth mask cannot be used (cut short after",
    ),
    (
        "colour mask",
        lambda ref: save_as_colour(mask(ref, "unseen33", 11)),
        Severity.ERROR,
        "unseen33",
        (11,),
        "the ground-truth mask cannot be used (RGB)",
    ),
    (
        "id in masks only",
        lambda ref: drop_object(ref, "unseen33", "3"),
        Severity.ERROR,
        "unseen33",
        (1, 6, 11, 16),
        "label 3 is not an object of the metadata; it would count as background",
    ),
    (
        "id in the metadata only",
        lambda ref: add_object(ref, "seenTwo2", "9"),
        Severity.ERROR,
        "seenTwo2",
        (),
        "object 9 of the metadata has no pixel in any mask",
    ),
    (
        "frame_nums too large",
        lambda ref: edit_object(ref, "seenOne1", "2", frame_nums=5),
        Severity.ERROR,
        "seenOne1",
        (),
        "test_meta.json: object 2: frame_nums is 5 but the range has 4 frames",
    ),
    (
        "frame_nums too small",
        lambda ref: edit_object(ref, "seenOne1", "2", frame_nums=3),
        Severity.ERROR,
        "seenOne1",
        (),
        "test_meta.json: object 2: frame_nums is 3 but range(1, 21, 5) has 4 frames",
    ),
    (
        "range ends before it starts",
        lambda ref: edit_object(ref, "seenOne1", "2", end=1),
        Severity.ERROR,
        "seenOne1",
        (),
        "test_meta.json: object 2: no frame between start 1 and end 1",
    ),
    (
        "object without a scored frame",
        lambda ref: edit_object(ref, "seenOne1", "2", start=11, frame_nums=2),
        Severity.WARNING,
        "seenOne1",
        (),
        "object 2 has no scored frame under lvos-v2; it is left out",
    ),
    (
        "pixels outside the range",
        lambda ref: edit_object(ref, "seenOne1", "2", start=6, frame_nums=3),
        Severity.WARNING,
        "seenOne1",
        (1,),
        "object 2 has pixels outside its frame_range, where it is not scored",
    ),
    (
        "object not in its first frame",
        lambda ref: save(mask(ref, "seenOne1", 1), draw([1], 0)),
        Severity.WARNING,
        "seenOne1",
        (1,),
        "object 2 has no pixel in its first frame, so nothing says which object to follow",
    ),
    (
        "misspelt id in the list",
        lambda ref: (ref / "unseen_videos.txt").write_text("unseen33\nseenTwo3\n"),
        Severity.WARNING,
        None,
        (),
        "unseen_videos.txt names seenTwo3, which the metadata does not have; is seenTwo2 meant?",
    ),
    (
        "capital letters in the list",
        lambda ref: (ref / "unseen_videos.txt").write_text("Unseen33\n"),
        Severity.ERROR,
        None,
        (),
        "unseen_videos.txt writes Unseen33 for unseen33: capital and small letters differ",
    ),
    (
        "no id of the metadata in the list",
        lambda ref: (ref / "unseen_videos.txt").write_text("another1\n"),
        Severity.ERROR,
        None,
        (),
        "unseen_videos.txt names no video of test_meta.json: it has another1",
    ),
    (
        "empty list",
        lambda ref: (ref / "unseen_videos.txt").write_text("\n"),
        Severity.ERROR,
        None,
        (),
        "unseen_videos.txt is empty",
    ),
    (
        "list in another encoding",
        lambda ref: (ref / "unseen_videos.txt").write_bytes(b"\xff\xfeu\0"),
        Severity.ERROR,
        None,
        (),
        "unseen_videos.txt is not UTF-8 text but UTF-16, or no text at all",
    ),
    (
        "no list",
        lambda ref: (ref / "unseen_videos.txt").unlink(),
        Severity.ERROR,
        None,
        (),
        "there is no unseen_videos.txt, and the published list (LVOS V2) names no video of test_meta.json",
    ),
    (
        "empty split",
        lambda ref: (ref / "unseen_videos.txt").write_text("seenOne1\nseenTwo2\nunseen33\n"),
        Severity.WARNING,
        None,
        (),
        "no object of a seen video is scored",
    ),
    (
        "attributes of the wrong kind",
        lambda ref: edit_video(ref, "seenTwo2", attributes=[1, 2]),
        Severity.ERROR,
        "seenTwo2",
        (),
        "test_meta.json: attributes are [1, 2]",
    ),
    (
        "unknown attribute",
        lambda ref: edit_video(ref, "seenTwo2", attributes=["OCC", "OCCC"]),
        Severity.WARNING,
        "seenTwo2",
        (),
        "unknown attributes OCCC",
    ),
    (
        "attributes of some videos only",
        lambda ref: edit_video(ref, "seenTwo2", attributes=["OCC"]),
        Severity.WARNING,
        None,
        (),
        "2 videos have no attributes while others do: seenOne1, unseen33",
    ),
    (
        "frame outside every range",
        lambda ref: save(mask(ref, "seenTwo2", 21), draw([1], 0)),
        Severity.WARNING,
        "seenTwo2",
        (21,),
        "masks outside the range of every object",
    ),
    (
        "file with another name",
        lambda ref: save(ref / "Annotations/seenTwo2/6.png", draw([1], 0)),
        Severity.WARNING,
        "seenTwo2",
        (),
        "files that are not masks of a frame: 6.png",
    ),
    (
        "video that the metadata lacks",
        lambda ref: save(ref / "Annotations/another4/00000001.png", draw([1], 0)),
        Severity.WARNING,
        None,
        (),
        "Annotations holds what is not a video of the metadata: another4",
    ),
    (
        "settings",
        lambda ref: (ref / "scoring.yaml").write_text("protocoll: lvos-v2\n"),
        Severity.ERROR,
        None,
        (),
        "scoring.yaml: unknown key `protocoll`",
    ),
    (
        "exclusion of nothing",
        lambda ref: (ref / "scoring.yaml").write_text("exclude: {seenOne1: [101]}\n"),
        Severity.ERROR,
        "seenOne1",
        (),
        "scoring.yaml: `exclude` names 00000101, where no object is annotated",
    ),
    (
        "broken seal",
        lambda ref: (ref / "scoring.yaml").write_text('ground_truth: "0123456789abcdef"\n'),
        Severity.ERROR,
        None,
        (),
        "scoring.yaml pins the ground truth to 0123456789abcdef, but its digest is",
    ),
    (
        "disagreeing metadata",
        lambda ref: (ref / "meta.json").write_text('{"videos": {"seenOne1": {"objects": {}}}}'),
        Severity.ERROR,
        None,
        (),
        "test_meta.json and meta.json disagree on videos, objects or ranges",
    ),
]


@pytest.mark.parametrize(
    ("broken", "severity", "video", "frames", "message"), [fault[1:] for fault in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_each_fault_is_found_and_says_where_it_is(
    reference: Path, broken: Break, severity: Severity, video: str | None, frames: tuple[int, ...], message: str
) -> None:
    broken(reference)
    found = check(reference)
    matching = [problem for problem in found.problems if problem.message.startswith(message)]
    assert [(problem.severity, problem.video, problem.frames) for problem in matching] == [(severity, video, frames)], (
        found.problems
    )
    assert found.has_errors is (severity is Severity.ERROR)
    assert (found.digest is None) is found.has_errors


def test_faultless_data_has_no_problem(reference: Path) -> None:
    assert check(reference).problems == ()


def test_faults_of_metadata_lists_settings_and_masks_are_told_together(reference: Path) -> None:
    edit_object(reference, "seenOne1", "2", frame_nums=1)
    (reference / "unseen_videos.txt").write_text('unseen33\n"nobody44"\n')
    (reference / "scoring.yaml").write_text("detail: everything\n")
    mask(reference, "seenTwo2", 6).unlink()
    truncate(mask(reference, "unseen33", 6))
    save(mask(reference, "unseen33", 11), draw([1, 3, 7], 0, (60, 48)))
    codes = [(problem.code, problem.video) for problem in check(reference).problems if problem.severity is Severity.ERROR]
    assert codes == [
        ("ground-truth", "seenTwo2"),
        ("ground-truth", "unseen33"),
        ("ground-truth", "unseen33"),
        ("ground-truth", "unseen33"),
        ("list", None),
        ("metadata", "seenOne1"),
        ("settings", None),
    ]


def test_the_same_fault_in_many_frames_is_one_problem(reference: Path) -> None:
    for frame in (6, 11):
        mask(reference, "seenTwo2", frame).write_bytes(b"")
    (problem,) = check(reference).problems
    assert problem.frames == (6, 11)


def test_an_object_with_a_faulty_range_is_still_a_declared_object(reference: Path) -> None:
    edit_object(reference, "seenOne1", "2", start="soon")
    assert [problem.code for problem in check(reference).problems] == ["metadata"]


def test_the_digest_is_the_one_that_scoring_computes(reference: Path) -> None:
    manifest = load_manifest(reference)
    assert check(reference).digest == ground_truth_digest(manifest)


@pytest.mark.parametrize("task", [Task.SEMI_SUPERVISED, Task.UNSUPERVISED_SINGLE])
def test_the_digest_is_the_one_that_scoring_computes_under_every_task(reference: Path, task: Task) -> None:
    (reference / "unsupervised_videos.txt").write_text("seenTwo2\n")
    (reference / "scoring.yaml").write_text(f"task: {task}\nprotocol: lvos-v1\n")
    assert check(reference).digest == ground_truth_digest(load_manifest(reference))


def test_the_command_line_may_choose_the_protocol(reference: Path) -> None:
    edit_object(reference, "seenOne1", "2", start=11, frame_nums=2)
    assert not any("no scored frame" in problem.message for problem in check(reference, protocol="lvos-v1").problems)


def test_the_summary_counts_videos_objects_frames_sizes_and_empty_frames(reference: Path) -> None:
    save(mask(reference, "seenOne1", 6), draw([1], 0))
    summary = check(reference).summary
    assert summary is not None
    assert (summary.videos, summary.unseen_videos) == (3, 1)
    assert (summary.objects, summary.unseen_objects) == (5, 2)
    assert (summary.masks, summary.scored_frames, summary.object_frames) == (12, 6, 10)
    assert summary.empty_share == 0.1
    assert summary.sizes == {"48x36": 12}


def test_masks_are_recognised_by_their_shapes_not_by_bytes_or_labels(reference: Path, tmp_path: Path) -> None:
    from lvos_eval.formats.mask_fingerprint import shapes_of

    save(tmp_path / "copy.png", 7 * draw(OBJECTS["seenTwo2"], 4))
    save(mask(reference, "seenTwo2", 6), draw(OBJECTS["seenTwo2"], 4))
    data = (tmp_path / "copy.png").read_bytes()
    comment = b"tEXtComment\0again"
    chunk = (len(comment) - 4).to_bytes(4, "big") + comment + zlib.crc32(comment).to_bytes(4, "big")
    (shape,) = shapes_of(data[:33] + chunk + data[33:])
    assert check(reference).shapes[shape] == ("seenTwo2", 6)


def test_the_command_prints_the_table_and_the_digest(reference: Path) -> None:
    run = lvos_eval("check-reference", reference)
    assert run.returncode == 0, run.stderr
    assert "videos         3 (1 unseen)" in run.stdout
    assert run.stdout.endswith(f'ref: valid (0 errors, 0 warnings)\nground_truth: "{check(reference).digest}"\n')


def test_a_line_of_the_command_can_be_pasted_into_the_settings(reference: Path) -> None:
    line = lvos_eval("check-reference", reference, "--quiet").stdout.splitlines()[-1]
    (reference / "scoring.yaml").write_text(line + "\n")
    assert lvos_eval("check-reference", reference).returncode == 0
    mask(reference, "seenTwo2", 6).write_bytes(mask(reference, "seenTwo2", 11).read_bytes())
    run = lvos_eval("check-reference", reference)
    assert run.returncode == 3
    assert "it has changed since" in run.stderr


def test_faulty_data_ends_with_exit_code_3_and_every_fault_on_stderr(reference: Path) -> None:
    mask(reference, "seenTwo2", 6).unlink()
    truncate(mask(reference, "unseen33", 6))
    run = lvos_eval("check-reference", reference)
    assert run.returncode == 3
    assert [line.split(":")[0] for line in run.stderr.splitlines() if line.startswith("error ")] == [
        "error ground-truth seenTwo2 00000006",
        "error ground-truth unseen33 00000006",
    ]
    assert "ground_truth:" not in run.stdout


def test_json_holds_everything(reference: Path) -> None:
    mask(reference, "seenTwo2", 16).unlink()
    run = lvos_eval("check-reference", reference, "--json")
    document = json.loads(run.stdout)
    assert document["digest"] == check(reference).digest
    assert document["summary"]["videos"] == 3
    assert document["summary"]["empty_share"] == 0.0
    assert [problem["frames"] for problem in document["problems"]] == [[16]]


def test_a_folder_without_metadata_is_a_fault_of_the_reference(tmp_path: Path) -> None:
    run = lvos_eval("check-reference", tmp_path)
    assert run.returncode == 3
    assert run.stderr.startswith("error metadata: no metadata in ")


def test_the_metadata_file_stands_for_its_folder(reference: Path) -> None:
    assert check(reference / "test_meta.json").digest == check(reference).digest


def test_a_list_with_videos_of_several_objects_is_a_fault_of_the_single_object_task(reference: Path) -> None:
    (reference / "unsupervised_videos.txt").write_text("seenOne1\nseenTwo2\nnobody44\n")
    messages = [problem.message for problem in check(reference, task=Task.UNSUPERVISED_SINGLE).problems]
    assert "unsupervised_videos.txt names videos with several objects: seenOne1" in messages


def test_the_goldens_have_the_faults_that_they_were_made_with() -> None:
    errors = [problem for problem in check(GOLDENS).problems if problem.severity is Severity.ERROR]
    assert {problem.video for problem in errors} == {"bLate002", "gIds2x5z"}
    assert all("frame_nums" in problem.message for problem in errors)
