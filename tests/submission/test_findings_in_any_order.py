"""What is said of masks does not depend on how the work is cut up, in which order it is done, or on a store."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import pytest

from encoded import LOST, UNDONE
from goldens import REFERENCE
from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.problems import Problem
from lvos_eval.reference.ground_truth import known_sizes
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.rescoring.store import open_store
from lvos_eval.rescoring.stored_video import StoredVideo
from lvos_eval.scoring.chunks import plan_chunks
from lvos_eval.scoring.evaluate import evaluate_chunk
from lvos_eval.scoring.run import open_checked
from lvos_eval.submission.check_masks import check_masks
from lvos_eval.submission.mask_findings import VideoFindings
from printed_fixes import masks_of
from submissions import write_folder

CASES = {**UNDONE, **LOST}


def found_in(masks: Path, frames: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, VideoFindings]:
    monkeypatch.setattr("lvos_eval.execution.workload.CHUNK_FRAMES", frames)
    manifest = load_manifest(REFERENCE)
    submission = open_checked(masks, manifest, ArchiveLimits(), ProblemCollector())
    chunks = plan_chunks(manifest, known_sizes(manifest), submission, score=False)
    random.Random(seed).shuffle(chunks)
    findings: defaultdict[str, VideoFindings] = defaultdict(VideoFindings)
    for chunk in chunks:
        findings[chunk.video].merge(evaluate_chunk(chunk).findings)
    return findings


def said_of(findings: dict[str, VideoFindings]) -> tuple[Problem, ...]:
    collector = ProblemCollector()
    check_masks(load_manifest(REFERENCE), findings, collector)
    return collector.problems


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", ["colours", "three channels of ids times 40", "palettes without unused colours", "probabilities"]
)
def test_the_same_is_said_however_the_work_is_cut_up(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    masks = write_folder(tmp_path / "masks", CASES[case][1](masks_of("good")))
    whole = said_of(found_in(masks, 48, 1, monkeypatch))
    assert whole
    for frames, seed in ((1, 2), (5, 3), (5, 4)):
        assert said_of(found_in(masks, frames, seed, monkeypatch)) == whole


@pytest.mark.parametrize("case", ["colours", "palettes without unused colours", "ids and alpha"])
def test_the_same_is_said_of_what_a_store_gives_back(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    masks = write_folder(tmp_path / "masks", CASES[case][1](masks_of("good")))
    findings = found_in(masks, 48, 1, monkeypatch)
    manifest = load_manifest(REFERENCE)
    videos = {video.name: video for video in manifest.videos}
    kept = {}
    with open_store(tmp_path / "store") as store:
        for name, found in findings.items():
            store.put(name, StoredVideo([], found))
            entry = store.get(name, videos[name], manifest.protocol, scored=False)
            assert entry is not None
            kept[name] = entry.findings
            assert {**vars_of(kept[name]), "faults": 0} == {**vars_of(found), "faults": 0}
    assert said_of(kept) == said_of(findings)


def vars_of(found: VideoFindings) -> dict[str, object]:
    return {name: getattr(found, name) for name in VideoFindings.__slots__}
