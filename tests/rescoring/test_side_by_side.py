"""Submissions are scored side by side: the ground truth is decoded once for several, and each gets its own result."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import goldens
import rescores
import submissions
from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import ExitCode, SubmissionGoneError
from lvos_eval.formats.label_map import MaskData
from lvos_eval.masks.packed import FrameSize, PackedMask
from lvos_eval.metrics import boundary, measures
from lvos_eval.reference.ground_truth import GroundTruthFolder, find_sizes
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.rescoring import engine
from lvos_eval.scoring.chunks import Chunk, ChunkResult, plan_chunks
from lvos_eval.scoring.evaluate import evaluate_chunk, evaluate_together
from lvos_eval.scoring.run import open_checked
from rescores import published, rescore

PREDICTIONS = ("good", "poor", "good")


def chunks_of(path: Path, reference: Path) -> list[Chunk]:
    manifest = load_manifest(reference)
    submission = open_checked(path, manifest, ArchiveLimits(), ProblemCollector())
    return plan_chunks(manifest, find_sizes(manifest), submission, score=True)


def test_each_submission_gets_what_it_gets_alone() -> None:
    planned = [chunks_of(goldens.prediction(name), goldens.REFERENCE) for name in PREDICTIONS]
    for chunks in zip(*planned, strict=True):
        assert evaluate_together(chunks) == [evaluate_chunk(chunk) for chunk in chunks]


def test_a_submission_with_faults_and_one_that_is_gone_do_no_harm_to_another(tmp_path: Path) -> None:
    reference = submissions.write_reference(tmp_path / "reference")
    paths = [submissions.write_folder(tmp_path / name, submissions.good_files()) for name in ("good", "faulty")]
    (paths[1] / "aVideo01" / "00000016.png").write_bytes(b"no PNG")
    gone = submissions.write_zip(tmp_path / "gone.zip", submissions.good_files())
    planned = [chunks_of(path, reference) for path in (*paths, gone)]
    gone.unlink()
    for good, faulty, lost in zip(*planned, strict=True):
        alone, other = evaluate_chunk(good), evaluate_chunk(faulty)
        found = evaluate_together([lost, good, faulty])
        assert isinstance(found[0], SubmissionGoneError)
        assert found[1:] == [alone, other]
        with pytest.raises(SubmissionGoneError):
            evaluate_chunk(lost)


def test_a_fault_of_the_ground_truth_is_told_for_each_submission(tmp_path: Path) -> None:
    reference = submissions.write_reference(tmp_path / "reference")
    chunks = chunks_of(submissions.write_folder(tmp_path / "good", submissions.good_files()), reference)
    (reference / "Annotations" / chunks[0].video / f"{chunks[0].frames[1].frame:08d}.png").write_bytes(b"")
    one, other = evaluate_together([chunks[0], chunks[0]])
    assert isinstance(one, ChunkResult)
    assert [fault.frames for fault in one.reference_faults] == [(chunks[0].frames[1].frame,)]
    assert one == other == evaluate_chunk(chunks[0])


def test_the_ground_truth_is_read_and_its_boundaries_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    (chunk, *_) = chunks_of(goldens.prediction("good"), goldens.REFERENCE)
    reads: Counter[int] = Counter()
    outlined: list[PackedMask] = []
    read = GroundTruthFolder.read

    def reading(self: GroundTruthFolder, frame: int) -> MaskData:
        reads[frame] += 1
        return read(self, frame)

    def outlining(masks: Sequence[PackedMask], size: FrameSize) -> list[PackedMask]:
        outlined.extend(masks)
        return boundary.boundaries(masks, size)

    monkeypatch.setattr(GroundTruthFolder, "read", reading)
    monkeypatch.setattr(measures, "boundaries", outlining)
    evaluate_chunk(chunk)
    alone = len(outlined)
    outlined.clear()
    evaluate_together([chunk] * 5)
    assert set(reads.values()) == {2}
    # five predictions and one ground truth, where the first run had one of each
    assert len(outlined) == alone // 2 * 6


@pytest.mark.parametrize("together", [1, 2, 3])
def test_the_bytes_do_not_depend_on_how_many_are_scored_side_by_side(
    together: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = submissions.write_reference(tmp_path / "reference")
    stored = rescores.write_submissions(tmp_path / "submissions")
    assert rescore(stored, reference, tmp_path / "usual") == ExitCode.SUCCESS
    monkeypatch.setattr(engine, "_MOST_TOGETHER", together)
    assert rescore(stored, reference, tmp_path / "out") == ExitCode.SUCCESS
    assert published(tmp_path / "out") == published(tmp_path / "usual")


@pytest.mark.parametrize(("masks", "together"), [(1_000_000, 1), (100_000, 3), (64_645, 4), (1_000, 8), (0, 8)])
def test_fewer_large_submissions_are_held_at_a_time(masks: int, together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rescoring = engine.Rescoring.__new__(engine.Rescoring)
    monkeypatch.setattr(type(load_manifest(goldens.REFERENCE)), "scored_count", masks)
    rescoring._manifest = load_manifest(goldens.REFERENCE)
    assert rescoring._together() == together


def test_videos_that_some_submissions_have_in_the_store_are_scored_for_the_others_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = submissions.write_reference(tmp_path / "reference")
    stored = rescores.write_submissions(tmp_path / "submissions")
    first = tmp_path / "first"
    first.mkdir()
    shutil.copy(stored / "good.zip", first)
    assert rescore(first, reference, tmp_path / "one", "--store", tmp_path / "store") == ExitCode.SUCCESS
    assert rescore(stored, reference, tmp_path / "all", "--store", tmp_path / "store") == ExitCode.SUCCESS
    assert rescore(stored, reference, tmp_path / "fresh") == ExitCode.SUCCESS
    assert published(tmp_path / "all") == published(tmp_path / "fresh")


def test_chunks_with_other_values_are_not_mixed_up() -> None:
    (chunk, *_) = chunks_of(goldens.prediction("good"), goldens.REFERENCE)
    (other, *_) = chunks_of(goldens.prediction("poor"), goldens.REFERENCE)
    assert chunk.video == other.video
    found = evaluate_together([chunk, other])
    assert found[0] != found[1]
    assert evaluate_together([other, chunk]) == found[::-1]
    assert evaluate_together([replace(chunk, ground_truth=None)]) == [evaluate_chunk(replace(chunk, ground_truth=None))]
