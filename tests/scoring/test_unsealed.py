"""Ground truth that nobody has pinned: its digest comes out of the scoring pass, and no guarantee is lost by that."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

import goldens
from lvos_eval.cli.main import main
from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.formats.label_map import MaskData
from lvos_eval.reference.ground_truth import GroundTruthFolder
from lvos_eval.reference.loading import load_manifest
from lvos_eval.scoring.results import State
from lvos_eval.scoring.run import score_submission
from submissions import ground_truth_digest, score, watch_nothing

GOOD = goldens.prediction("good")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each ground-truth mask is read."""
    found: Counter[str] = Counter()
    original = GroundTruthFolder.read

    def watched(self: GroundTruthFolder, frame: int) -> MaskData:
        found[f"{self.folder.name} {frame}"] += 1
        return original(self, frame)

    monkeypatch.setattr(GroundTruthFolder, "read", watched)
    return found


def break_masks(reference: Path) -> list[str]:
    """Damages a scored mask in each of two videos; where they are."""
    videos = sorted(load_manifest(reference).videos, key=lambda video: video.name)
    masks = [reference / "Annotations" / video.name / f"{video.scored[-1]:08d}.png" for video in (videos[0], videos[-1])]
    masks[0].write_bytes(masks[0].read_bytes()[:-20])
    masks[1].write_bytes(b"")
    return [mask.parent.name for mask in masks]


def test_each_mask_of_the_ground_truth_is_read_once_for_score_and_digest(reads: Counter[str]) -> None:
    manifest = load_manifest(goldens.REFERENCE)
    result = score(GOOD, goldens.REFERENCE)
    assert len(reads) == manifest.scored_count
    assert set(reads.values()) == {1}
    assert result.report.signature is not None
    assert f"|gt:{ground_truth_digest(manifest)}|" in result.report.signature


def test_a_pinned_run_and_an_unpinned_one_have_the_same_result() -> None:
    manifest = load_manifest(goldens.REFERENCE)
    digest = ground_truth_digest(manifest)
    unpinned = score(GOOD, goldens.REFERENCE)
    pinned = score_submission(GOOD, manifest, digest, 1, watch_nothing, detail=unpinned.report.scores.detail)  # type: ignore[union-attr]
    assert (pinned.report, pinned.frames) == (unpinned.report, unpinned.frames)


@pytest.mark.parametrize("faulty", [False, True], ids=["good submission", "submission with a faulty mask"])
def test_all_faults_of_the_ground_truth_are_told_at_once_and_nothing_is_scored(faulty: bool, tmp_path: Path) -> None:
    reference = shutil.copytree(goldens.REFERENCE, tmp_path / "reference")
    submission = shutil.copytree(GOOD, tmp_path / "submission")
    if faulty:
        (submission / "aPlain01" / "00000011.png").write_bytes(b"no mask")
    broken = break_masks(reference)
    with pytest.raises(ReferenceDataError) as caught:
        score(submission, reference)
    assert [problem.video for problem in caught.value.problems] == broken
    output = tmp_path / "output"
    assert main(["score", str(submission), "--reference", str(reference), "--output", str(output), "--jobs", "1"]) == 3
    assert [path.name for path in output.iterdir()] == ["detailed_results.html"]


def test_a_mask_that_is_not_there_is_told_before_anything_is_read(reads: Counter[str], tmp_path: Path) -> None:
    reference = shutil.copytree(goldens.REFERENCE, tmp_path / "reference")
    (reference / "Annotations" / "aPlain01" / "00000011.png").unlink()
    with pytest.raises(ReferenceDataError, match="no ground-truth mask"):
        score(GOOD, reference)
    assert not reads


def test_names_at_fault_are_told_without_reading_the_ground_truth(
    reads: Counter[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submission = shutil.copytree(GOOD, tmp_path / "submission")
    (submission / "aPlain01" / "00000011.png").unlink()
    report = score(submission, goldens.REFERENCE).report
    assert (report.state, report.signature) == (State.INVALID, None)
    assert not reads
    arguments = ["--reference", str(goldens.REFERENCE), "--output", str(tmp_path / "output"), "--jobs", "1"]
    assert main(["score", str(submission), *arguments]) == 1
    assert not [line for line in capsys.readouterr().out.splitlines() if "|" in line]


def test_faulty_masks_are_told_with_a_signature(tmp_path: Path) -> None:
    submission = shutil.copytree(GOOD, tmp_path / "submission")
    (submission / "aPlain01" / "00000011.png").write_bytes(b"no mask")
    report = score(submission, goldens.REFERENCE).report
    assert report.state is State.INVALID
    assert report.signature is not None
    assert f"|gt:{ground_truth_digest(load_manifest(goldens.REFERENCE))}|" in report.signature
