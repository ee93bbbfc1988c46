"""The reference data stub: the script makes the committed files, and they hold what its README says."""

import struct
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import make_stub
from lvos_eval.protocols import lvos
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import Disclosure
from lvos_eval.scoring.results import RunResult, State
from lvos_eval.scoring.run import score_submission
from lvos_eval.submission.palettes import PALETTES
from make_stub import FOLDER, REFERENCE, SUBMISSION
from scenes import FRAME_STEP, VIDEOS, Video

SIZE_LIMIT = 1_500_000
ZLIB_HEADER = b"\x78\x01"

each_video = pytest.mark.parametrize("video", VIDEOS, ids=lambda video: video.name)


def masks(video: Video) -> list[Path]:
    return sorted((FOLDER / REFERENCE / "Annotations" / video.name).iterdir())


def labels(source: Path) -> npt.NDArray[np.uint8]:
    with Image.open(source) as image:
        assert image.mode == "P"
        return np.asarray(image)


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return load_manifest(FOLDER / REFERENCE)


@pytest.fixture(scope="module")
def result(manifest: Manifest) -> RunResult:
    return score_submission(FOLDER / SUBMISSION, manifest, None, 1, lambda what, frames, results: results, detail=Disclosure.FULL)


def frame_values(result: RunResult, video: str, object_id: int) -> dict[int, float]:
    """J of an object by the position of the frame among the video's annotated ones."""
    assert result.frames is not None
    return {(value.frame - 1) // FRAME_STEP: value.region_similarity for value in result.frames.values[video, object_id]}


def test_the_committed_files_are_what_the_script_makes() -> None:
    assert make_stub.differences(FOLDER) == []


def test_the_check_passes_on_the_committed_files() -> None:
    assert make_stub.main(["--check"]) == 0


def test_the_check_names_changed_missing_and_foreign_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_stub, "FOLDER", tmp_path)
    assert make_stub.main([]) == 0
    (tmp_path / REFERENCE / "scoring.yaml").write_text("protocol: lvos-v1\n")
    (tmp_path / REFERENCE / "unseen_videos.txt").unlink()
    (tmp_path / REFERENCE / "notes.txt").touch()
    assert make_stub.main(["--check"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "reference/notes.txt is not made by this script",
        "reference/scoring.yaml is different",
        "reference/unseen_videos.txt is missing",
    ]


def test_the_stub_is_small() -> None:
    assert sum(map(len, make_stub.stub_files().values())) < SIZE_LIMIT


def test_the_stub_steps_through_frames_as_the_protocol_does() -> None:
    assert FRAME_STEP == lvos.FRAME_STEP


def test_the_palette_is_the_one_that_masks_are_explained_with() -> None:
    davis = next(palette for palette in PALETTES if palette.name == "DAVIS")
    colours = make_stub.palette(256)
    assert {object_id: tuple(colours[3 * object_id : 3 * object_id + 3]) for object_id in davis.colours} == davis.colours


def test_the_manifest_loads_without_warnings(manifest: Manifest) -> None:
    assert manifest.warnings == ()
    assert [video.name for video in manifest.videos] == [video.name for video in VIDEOS]


def test_both_splits_have_videos_with_one_and_with_several_objects(manifest: Manifest) -> None:
    kinds = {(video.group == "unseen", len(video.objects) > 1) for video in manifest.videos}
    assert kinds == {(True, True), (True, False), (False, True), (False, False)}


def test_the_unsupervised_list_names_the_videos_with_one_object(manifest: Manifest) -> None:
    listed = (manifest.folder / "unsupervised_videos.txt").read_text().split()
    assert listed == [video.name for video in manifest.videos if len(video.objects) == 1]


def test_there_is_one_mask_for_each_annotated_frame(manifest: Manifest) -> None:
    for video in manifest.videos:
        names = {path.name for path in manifest.ground_truth(video.name).iterdir()}
        assert names == {f"{lvos.frame_name(frame)}.png" for frame in video.annotated}


def test_the_ids_in_the_masks_are_those_of_the_metadata_from_their_start_on(manifest: Manifest) -> None:
    for video in manifest.videos:
        first: dict[int, int] = {}
        for frame in sorted(video.annotated):
            for object_id in np.unique(labels(manifest.ground_truth(video.name) / f"{frame:08d}.png")).tolist():
                first.setdefault(object_id, frame)
        assert first == {0: 1} | {item.object_id: item.range.start for item in video.objects}


@each_video
def test_pillow_reads_the_labels_that_were_drawn(video: Video) -> None:
    for k, path in enumerate(masks(video)):
        np.testing.assert_array_equal(labels(path), video.truth(k))


def test_pillow_reads_the_labels_of_the_sample_submission() -> None:
    with zipfile.ZipFile(FOLDER / SUBMISSION) as archive:
        for video in VIDEOS:
            for k, frame in enumerate(video.frames):
                with archive.open(f"{video.name}/{frame:08d}.png") as member, Image.open(member) as image:
                    assert image.mode == "P"
                    np.testing.assert_array_equal(np.asarray(image), video.prediction(k))


@each_video
def test_masks_have_the_bit_depth_of_their_video_and_no_compression(video: Video) -> None:
    for path in masks(video):
        content = path.read_bytes()
        assert content[24] == video.depth
        start = content.index(b"IDAT") + 4
        assert content[start : start + 2] == ZLIB_HEADER
        block_type = content[start + 2] >> 1
        assert block_type == 0
        (length,) = struct.unpack_from(">I", content, start - 8)
        assert length > video.width * video.height * video.depth // 8


def test_the_zip_has_sorted_stored_members_without_a_date() -> None:
    with zipfile.ZipFile(FOLDER / SUBMISSION) as archive:
        members = archive.infolist()
    assert [member.filename for member in members] == sorted(member.filename for member in members)
    assert {(member.compress_type, member.date_time) for member in members} == {(zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0))}


def test_the_vanishing_fish_is_hidden_and_comes_back() -> None:
    fish = next(video for video in VIDEOS if video.name == "stubFish")
    seen = [bool((fish.truth(k) == 3).any()) for k in range(fish.length)]
    assert seen == [True] * 5 + [False] * 4 + [True] * 3


def test_the_sample_submission_is_valid(result: RunResult) -> None:
    assert result.report.state is State.SCORED
    assert result.report.problems == ()


def test_the_sample_submission_has_plausible_scores(result: RunResult) -> None:
    assert result.report.scores is not None
    assert tuple(result.report.scores.values) == lvos.SCORE_KEYS
    assert 70 < 100 * result.report.scores.values["Overall"] < 85


def test_no_object_of_the_sample_submission_is_perfect(result: RunResult) -> None:
    assert result.report.scores is not None
    j = [score.values["J"] for score in result.report.scores.objects]
    assert min(j) < 0.6
    assert max(j) < 1


def test_two_fish_are_swapped_for_two_frames(result: RunResult) -> None:
    for object_id in (1, 2):
        assert {k for k, j in frame_values(result, "stubFish", object_id).items() if j < 0.3} == {6, 7}


def test_the_fish_that_re_appears_is_missed(result: RunResult) -> None:
    assert {k for k, j in frame_values(result, "stubFish", 3).items() if j == 0} == {9, 10}


def test_the_late_bird_is_found_late_and_the_early_one_lost_for_two_frames(result: RunResult) -> None:
    assert {k for k, j in frame_values(result, "stubHawk", 2).items() if j == 0} == {6, 7}
    assert {k for k, j in frame_values(result, "stubHawk", 1).items() if j == 0} == {12, 13}


def test_one_mask_of_the_ring_is_empty(result: RunResult) -> None:
    assert {k for k, j in frame_values(result, "stubRing", 1).items() if j == 0} == {9}
