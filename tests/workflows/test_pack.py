"""What a tracker wrote in a wrong way is packed to the scores of the unharmed masks, or refused with a sentence why."""

from __future__ import annotations

import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from encoded import HARMLESS, LOST, UNDONE, Encode, Masks, by_video, each, stretched
from faulty_submissions import BUILDERS
from goldens import REFERENCE, prediction
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.problems import Severity
from lvos_eval.workflows.pack_options import PackOptions
from pack_cases import CHOSEN, ELSEWHERE, FEW, REFUSED, UNDONE_NAMES
from packing import good_scores, labels_in, pack, pack_goldens, scores
from printed_fixes import masks_of
from submissions import FRAMES, OBJECTS, Labels, check, good_files, labels, png, write_folder, write_reference, write_zip

CHOICES = PackOptions(resize=True, transpose="swapped")
"""What the sizes of some cases need; nothing is done by them elsewhere."""


def written(folder: Path, encode: Encode) -> Path:
    return write_folder(folder / "masks", encode(masks_of("good")))


@pytest.mark.parametrize("case", [case if case in FEW else pytest.param(case, marks=pytest.mark.slow) for case in UNDONE])
def test_an_encoding_that_explains_itself_is_undone(case: str, tmp_path: Path) -> None:
    _, encode = UNDONE[case]
    report = pack_goldens(written(tmp_path, encode), CHOICES)
    assert report.packed, report.problems
    assert scores(report.output) == good_scores()


@pytest.mark.parametrize("case", LOST)
def test_ids_that_are_lost_are_not_made_up(case: str, tmp_path: Path) -> None:
    code, encode = LOST[case]
    report = pack_goldens(written(tmp_path, encode))
    assert not report.packed
    assert code in {problem.code for problem in report.problems}
    assert all(problem.severity is Severity.ERROR and problem.message and problem.fix for problem in report.problems)
    assert [path.name for path in tmp_path.iterdir()] == ["masks"]


@pytest.mark.parametrize("case", [case if "void" in case else pytest.param(case, marks=pytest.mark.slow) for case in HARMLESS])
def test_an_id_that_the_check_accepts_is_not_changed(case: str, tmp_path: Path) -> None:
    encode = HARMLESS[case]
    masks = written(tmp_path, encode)
    before = {path.relative_to(masks).as_posix(): path for path in masks.rglob("*.png")}
    report = pack_goldens(masks)
    assert report.packed
    packed = labels_in(report.output)
    # Pillow stretches greys of few bits, and no palette
    wanted = labels_in(pack_goldens(write_folder(tmp_path / "plain" / "masks", each(png)(masks_of("good")))).output)
    if "void" not in case:
        assert all(np.array_equal(packed[name], wanted[name]) for name in wanted)
    else:
        assert packed.keys() <= before.keys()
        assert all(255 in np.unique(found) for found in packed.values())


def test_every_faulty_submission_is_packed_or_refused() -> None:
    assert UNDONE_NAMES.keys() | CHOSEN.keys() | REFUSED | ELSEWHERE == BUILDERS.keys()


@pytest.mark.parametrize("case", UNDONE_NAMES)
def test_one_fault_is_undone_and_said(case: str, tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    (tmp_path / "in").mkdir()
    report = pack(BUILDERS[case](tmp_path / "in"), reference, tmp_path / "submission.zip")
    assert report.packed, report.problems
    assert report.steps[UNDONE_NAMES[case]]
    good = write_zip(tmp_path / "good.zip", good_files())
    assert scores(report.output, reference) == scores(good, reference)
    assert check(report.output, reference).problems == report.problems


@pytest.mark.parametrize("case", CHOSEN)
def test_where_a_choice_is_left_nothing_is_written_until_it_is_made(case: str, tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    (tmp_path / "in").mkdir()
    masks = BUILDERS[case](tmp_path / "in")
    refused = pack(masks, reference, tmp_path / "submission.zip")
    assert not refused.packed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "ref"]
    (option,) = [option for option in CHOSEN[case].given if any(option in problem.fix for problem in refused.problems)]
    assert option
    assert pack(masks, reference, tmp_path / "submission.zip", CHOSEN[case]).packed


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_cannot_be_undone_is_refused(case: str, tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    (tmp_path / "in").mkdir()
    report = pack(BUILDERS[case](tmp_path / "in"), reference, tmp_path / "submission.zip")
    assert not report.packed
    assert report.problems
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "ref"]


@pytest.mark.parametrize(("kept", "name"), [(".", "good"), ("results", "poor")])
def test_of_two_sets_the_chosen_one_is_packed(kept: str, name: str, tmp_path: Path) -> None:
    files = each(png)(masks_of("good")) | {f"results/{path}": data for path, data in each(png)(masks_of("poor")).items()}
    report = pack_goldens(write_folder(tmp_path / "masks", files), PackOptions(root=kept))
    assert report.packed
    assert scores(report.output) == scores(prediction(name))


@pytest.mark.parametrize(("formula", "missing"), [("5 * n + 1", 51), ("5 * n + 6", 1)])
def test_the_chosen_rule_is_followed(formula: str, missing: int, tmp_path: Path) -> None:
    """One mask is missing at one of the ends; neither end is scored, so that both rules give a complete submission."""
    reference = write_reference(tmp_path / "ref")
    (tmp_path / "in").mkdir()
    masks = BUILDERS["numbered-from-0-and-one-missing"](tmp_path / "in")
    report = pack(masks, reference, tmp_path / "submission.zip", PackOptions(rename=(formula,)))
    assert report.packed
    packed = labels_in(report.output)
    assert f"aVideo01/{missing:08d}.png" not in packed
    shift = 0 if missing == 51 else -5
    assert np.array_equal(packed["aVideo01/00000026.png"], labels("aVideo01", 26 + shift))


def test_missing_masks_are_empty_ones_and_counted(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref", masks="none")
    (tmp_path / "in").mkdir()
    masks = BUILDERS["missing-frames"](tmp_path / "in")
    report = pack(masks, reference, tmp_path / "submission.zip", PackOptions(fill_missing=True))
    assert report.steps["EMPTY masks added for frames without one"] == 4
    assert not labels_in(report.output)["aVideo01/00000006.png"].any()


def test_an_empty_mask_of_unknown_size_is_not_made_up(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref", masks="none", image_size=False)
    (tmp_path / "in").mkdir()
    masks = BUILDERS["missing-frames"](tmp_path / "in")
    report = pack(masks, reference, tmp_path / "submission.zip", PackOptions(fill_missing=True))
    assert not report.packed
    assert any("size of an empty mask is not known" in problem.message for problem in report.problems)


@pytest.mark.parametrize(("white", "inverted"), [("object", False), ("background", True)])
def test_what_white_is_can_be_chosen(white: str, inverted: bool, tmp_path: Path) -> None:
    """A video with one object, of which 255 is most of the pixels."""
    reference = write_reference(tmp_path / "ref")
    files = good_files()
    for name in files:
        if name.startswith("bVideo02/"):
            array = labels("bVideo02", int(name[-12:-4]))
            files[name] = png(np.where(array > 0, np.uint8(0), np.uint8(255)))
    masks = write_folder(tmp_path / "masks", files)
    refused = pack(masks, reference, tmp_path / "submission.zip")
    (problem,) = refused.problems
    assert problem.fix == "add the one that is right: --white object or --white background."
    report = pack(masks, reference, tmp_path / "submission.zip", PackOptions(white=white))
    assert report.packed
    found = labels_in(report.output)["bVideo02/00000006.png"]
    assert np.array_equal(found == 1, (labels("bVideo02", 6) > 0) == inverted)


@pytest.mark.parametrize("white", ["object", "void"])
def test_255_beside_other_objects_may_be_void_or_the_only_object(white: str, tmp_path: Path) -> None:
    """Every mask has a border of void; the only object of one video was lost, or is part of what is 255."""
    reference = write_reference(tmp_path / "ref")
    files, wanted = {}, {}
    for name in good_files():
        array = labels(name[:8], int(name[9:17]))
        if name.startswith("bVideo02/"):
            array = (array > 0) * np.uint8(255) if white == "object" else np.zeros_like(array)
        array[:2] = 255
        files[name] = png(array)
        wanted[name] = (array == 255).astype(np.uint8) if white == "object" else np.zeros_like(array)
    masks = write_folder(tmp_path / "masks", files)
    (problem,) = pack(masks, reference, tmp_path / "submission.zip").problems
    assert problem.fix == "add the one that is right: --white object or --white void."
    report = pack(masks, reference, tmp_path / "submission.zip", PackOptions(white=white))
    assert report.packed
    packed = {name: array for name, array in labels_in(report.output).items() if name.startswith("bVideo02/")}
    assert packed
    assert all(np.array_equal(array, wanted[name]) for name, array in packed.items())


def test_square_masks_are_transposed_only_when_said(tmp_path: Path) -> None:
    masks = written(tmp_path, each(lambda array: png(np.ascontiguousarray(array.T))))
    square = [name for name, frames in masks_of("good").items() if len({*next(iter(frames.values())).shape}) == 1]
    assert square
    assert pack_goldens(masks, PackOptions(transpose="swapped")).packed
    assert scores(masks.parent / "packed.zip") != good_scores()
    report = pack_goldens(masks, PackOptions(transpose="all"))
    assert report.steps["square masks transposed"]
    assert scores(report.output) == good_scores()


def test_a_stretch_that_is_lost_in_one_video_is_refused_as_a_whole(tmp_path: Path) -> None:
    masks = written(tmp_path, by_video(lambda array, largest: png(stretched(array, largest))))
    report = pack_goldens(masks)
    assert not report.packed
    assert [problem.video for problem in report.problems] == ["eNever05"]


def overlapping(first: int, second: int) -> dict[str, bytes]:
    """Two objects in folders of their own that share a stripe; the first has more pixels."""
    files = {name: data for name, data in good_files().items() if not name.startswith("aVideo01/")}
    for frame in range(1, 52, 5):
        one, other = np.zeros((48, 64), np.uint8), np.zeros((48, 64), np.uint8)
        one[10:30, 10:40] = 255
        other[20:40, 30:45] = 255
        files[f"aVideo01/{first:03d}/{frame:08d}.png"] = png(one)
        files[f"aVideo01/{second:03d}/{frame:08d}.png"] = png(other)
    return files


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 1)])
@pytest.mark.parametrize("overlap", ["first", "last", "larger"])
def test_whose_a_shared_pixel_is_has_to_be_said(overlap: str, first: int, second: int, tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    masks = write_folder(tmp_path / "masks", overlapping(first, second))
    (problem,) = pack(masks, reference, tmp_path / "submission.zip").problems
    assert problem.fix == "add the one that is right: --overlap first, --overlap last or --overlap larger."
    report = pack(masks, reference, tmp_path / "submission.zip", PackOptions(overlap=overlap))
    assert report.packed
    wanted = {"first": min(first, second), "last": max(first, second), "larger": first}[overlap]
    assert labels_in(report.output)["aVideo01/00000006.png"][25, 35] == wanted


def test_an_object_without_a_mask_in_some_frames_has_to_be_told(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    (tmp_path / "in").mkdir()
    masks = write_folder(
        tmp_path / "masks", {name: data for name, data in overlapping(1, 2).items() if name != "aVideo01/002/00000006.png"}
    )
    options = PackOptions(overlap="first")
    refused = pack(masks, reference, tmp_path / "submission.zip", options)
    (problem,) = refused.problems
    assert "object 2 in 00000006.png" in problem.message
    report = pack(masks, reference, tmp_path / "submission.zip", PackOptions(overlap="first", fill_missing=True))
    assert report.packed
    assert 2 not in labels_in(report.output)["aVideo01/00000006.png"]


def shades(array: Labels) -> bytes:
    """A mask of one object with soft edges."""
    soft = array.copy()
    soft[:, :3] = 100
    soft[:, 3:6] = 180
    return png(soft)


def test_shades_in_the_mask_of_an_object_are_refused(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    files = overlapping(1, 2)
    files["aVideo01/001/00000011.png"] = shades(np.full((48, 64), 255, np.uint8))
    report = pack(write_folder(tmp_path / "m", files), reference, tmp_path / "s.zip", PackOptions(overlap="first"))
    assert not report.packed
    assert "more than two values" in report.problems[0].message


def test_a_dry_run_says_the_same_and_writes_nothing(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    (tmp_path / "in").mkdir()
    masks = BUILDERS["rgb-of-a-palette"](tmp_path / "in")
    dry = pack(masks, reference, tmp_path / "submission.zip", dry_run=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "ref"]
    wet = pack(masks, reference, tmp_path / "submission.zip")
    assert (dry.steps, dry.masks, dry.bytes_written) == (wet.steps, wet.masks, wet.output.stat().st_size)


def test_an_old_zip_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    (tmp_path / "submission.zip").write_bytes(b"old")
    masks = write_folder(tmp_path / "masks", good_files() | {"aVideo01/00000006.png": b""})
    assert not pack(masks, reference, tmp_path / "submission.zip").packed
    assert (tmp_path / "submission.zip").read_bytes() == b"old"
    write_folder(masks, good_files())
    assert pack(masks, reference, tmp_path / "submission.zip").packed
    assert (tmp_path / "submission.zip").read_bytes() != b"old"


def test_a_packed_zip_is_packed_to_the_same_bytes(tmp_path: Path) -> None:
    first = pack_goldens(written(tmp_path, each(png)))
    again = pack(first.output, REFERENCE, tmp_path / "again.zip")
    assert again.packed
    assert again.output.read_bytes() == first.output.read_bytes()


@pytest.mark.slow
def test_the_number_of_processes_does_not_show_in_the_zip(tmp_path: Path) -> None:
    masks = written(tmp_path, each(png))
    one = pack_goldens(masks)
    two = pack(masks, REFERENCE, tmp_path / "two.zip", jobs=2)
    assert two.output.read_bytes() == one.output.read_bytes()


def test_masks_may_lie_where_the_zip_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = write_reference(tmp_path / "ref")
    write_folder(tmp_path / "masks", good_files())
    monkeypatch.chdir(tmp_path / "masks")
    for _ in range(2):
        assert pack(Path(), reference, Path("submission.zip")).packed


@pytest.mark.parametrize(
    ("output", "words"), [("ref", "is a folder; name the zip"), ("nowhere/submission.zip", "there is no folder")]
)
def test_a_zip_that_cannot_be_written_is_told_at_once(output: str, words: str, tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    with pytest.raises(UsageError, match=words):
        pack(write_folder(tmp_path / "masks", good_files()), reference, tmp_path / output)


def test_masks_of_several_faults_are_put_right_one_after_the_other(tmp_path: Path) -> None:
    """Colours, twice as large, five digits, numbered from 0, in wrappers, with backslashes and rubbish in between."""

    def encode(masks: Masks) -> dict[str, bytes]:
        _, colours = UNDONE["colours, and twice as large"]
        files = {}
        for name, data in colours(masks).items():
            video, _, file = name.partition("/")
            first = min(masks[video])
            files[f"a\\b\\c\\{video}\\{(int(file[:8]) - first) // 5:05d}.png"] = data
        return files | {"a\\log.txt": b"x"}

    masks = masks_of("good")
    archive = write_zip(tmp_path / "masks.zip", encode(masks))
    report = pack_goldens(archive, PackOptions(resize=True))
    assert report.packed, report.problems
    assert scores(report.output) == good_scores()


def test_one_label_for_all_objects_is_not_taken_for_the_first(tmp_path: Path) -> None:
    masks = written(tmp_path, each(lambda array: png((array > 0).astype(np.uint8))))
    report = pack_goldens(masks)
    assert not report.packed
    assert any("every object is written as 1" in problem.message for problem in report.problems)
    assert pack_goldens(masks, PackOptions(keep_labels=True)).packed


@pytest.mark.parametrize("how", [Image.Resampling.NEAREST, None], ids=["Pillow", "OpenCV"])
@pytest.mark.parametrize(("times", "by"), [(3, 2), (9, 4), (3, 1)])
def test_masks_that_were_enlarged_come_back_to_the_pixel(
    times: int, by: int, how: Image.Resampling | None, tmp_path: Path
) -> None:
    """Pixels of random labels, of which each one counts."""
    reference = write_reference(tmp_path / "ref")
    random = np.random.default_rng(times)
    files, wanted = good_files(), {}
    for name in (name for name in files if name.startswith("cVideo03/")):
        wanted[name] = random.choice(np.array([0, 1, 2, 4], np.uint8), (48, 64))
        size = (64 * times // by, 48 * times // by)
        large = (
            cv2.resize(wanted[name], size, interpolation=cv2.INTER_NEAREST)
            if how is None
            else np.asarray(Image.fromarray(wanted[name]).resize(size, how))
        )
        files[name] = png(large)
    report = pack(write_folder(tmp_path / "masks", files), reference, tmp_path / "s.zip", PackOptions(resize=True))
    assert report.packed
    packed = labels_in(report.output)
    assert all(np.array_equal(packed[name], array) for name, array in wanted.items() if name in packed)
    assert sum(name in packed for name in wanted) == len(wanted) - 2


def npz(**arrays: Labels) -> bytes:
    target = io.BytesIO()
    np.savez_compressed(target, **arrays)  # type: ignore[arg-type]
    return target.getvalue()


@pytest.mark.parametrize("harm", ["cut short", "damaged"])
def test_a_damaged_file_of_arrays_is_told_once(harm: str, tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    files = {f"{name[:-4]}.npz": npz(ids=labels(name[:8], int(name[9:17]))) for name in good_files()}
    data = bytearray(files["aVideo01/00000006.npz"])
    data[60:90] = bytes(byte ^ 0x55 for byte in data[60:90])
    files["aVideo01/00000006.npz"] = bytes(data) if harm == "damaged" else bytes(data[:-30])
    (problem,) = pack(write_folder(tmp_path / "masks", files), reference, tmp_path / "s.zip").problems
    assert (problem.code, problem.video, problem.frames) == ("unreadable-mask", "aVideo01", (6,))
    assert "damaged" in problem.message


@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_one_array_for_a_whole_video_is_told(ending: str, tmp_path: Path) -> None:
    """In which order its frames are, its name does not say."""
    reference = write_reference(tmp_path / "ref")
    files = {}
    for video in OBJECTS:
        stack = np.stack([labels(video, frame) for frame in FRAMES])
        target = io.BytesIO()
        np.save(target, stack)
        files[f"{video}.{ending}"] = target.getvalue() if ending == "npy" else npz(masks=stack)
    (problem,) = pack(write_folder(tmp_path / "masks", files), reference, tmp_path / "s.zip").problems
    assert problem.code == "unreadable-mask"
    assert f"3 files of a video without an array for each frame, by its name: aVideo01.{ending}" in problem.message


def test_the_fix_of_one_array_for_a_video_is_packed(tmp_path: Path) -> None:
    reference = write_reference(tmp_path / "ref")
    files = {f"{video}.npz": npz(**{f"{frame:08d}": labels(video, frame) for frame in FRAMES}) for video in OBJECTS}
    report = pack(write_folder(tmp_path / "masks", files), reference, tmp_path / "s.zip")
    assert report.packed
    assert scores(report.output, reference) == scores(write_zip(tmp_path / "good.zip", good_files()), reference)


@pytest.mark.parametrize("channels", [1, 3], ids=["16 bits", "three channels"])
@pytest.mark.parametrize("ids", [(1, 2), (1, 2, 3)], ids=["little", "enough"])
def test_values_that_are_ids_may_be_others_by_the_scale_of_other_videos(
    ids: tuple[int, ...], channels: int, tmp_path: Path
) -> None:
    """Twice the ids everywhere; what is written in the last video, whose object 4 was lost, are ids of it too."""
    reference = write_reference(tmp_path / "ref")
    meta = json.loads((reference / "test_meta.json").read_text())
    frame_range = meta["videos"]["aVideo01"]["objects"]["1"]
    meta["videos"]["aVideo01"]["objects"] = {str(object_id): frame_range for object_id in ids}
    (reference / "test_meta.json").write_text(json.dumps(meta))
    files, wanted = {}, {}
    for name in good_files():
        array = labels(name[:8], int(name[9:17]))
        array[array == 4] = 0
        if name.startswith("aVideo01/") and 3 in ids:
            array[40:46, 5:15] = 3
        wanted[name] = array
        files[name] = png(array.astype(np.uint16) * 2 if channels == 1 else np.dstack([array * np.uint8(2)] * 3))
    report = pack(write_folder(tmp_path / "masks", files), reference, tmp_path / "s.zip")
    if len(ids) == 2:
        (problem,) = report.problems
        assert problem.video == "cVideo03"
        assert "2, 4, may be ids, or ids on another scale as in other videos" in problem.message
        assert not report.packed
    else:
        assert report.packed
        packed = labels_in(report.output)
        assert all(np.array_equal(packed[name], wanted[name]) for name in packed)
