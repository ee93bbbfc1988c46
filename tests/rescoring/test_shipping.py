"""Chunks that carry their masks give what chunks that read them give."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

import commands
import rescores
import submissions
from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import SubmissionGoneError
from lvos_eval.reference.ground_truth import find_sizes
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.rescoring.portable_chunk import evaluate_shipped, pack
from lvos_eval.scoring.chunks import ChunkResult, plan_chunks
from lvos_eval.scoring.evaluate import evaluate_chunk
from lvos_eval.scoring.run import open_checked


def comparable(result: ChunkResult) -> ChunkResult:
    return replace(result, values=sorted(result.values), digests=sorted(result.digests))


@pytest.mark.parametrize("kind", ["zip", "folder", "torn"])
def test_a_shipped_chunk_needs_no_file_and_gives_the_same(kind: str, tmp_path: Path) -> None:
    reference = submissions.write_reference(tmp_path / "reference")
    files = submissions.good_files() | {"aVideo01/00000016.png": b"no PNG"}
    if kind == "folder":
        path = submissions.write_folder(tmp_path / "masks", files)
    else:
        path = submissions.write_zip(tmp_path / "masks.zip", files, zipfile.ZIP_STORED)
    if kind == "torn":
        rescores.damage_member(path, "aVideo01/00000011.png")
    manifest = load_manifest(reference)
    submission = open_checked(path, manifest, ArchiveLimits(), ProblemCollector())
    sizes = find_sizes(manifest)
    chunks = [
        *plan_chunks(manifest, sizes, submission, score=True),
        *plan_chunks(manifest, sizes, submission, score=False),
    ]
    expected = [comparable(evaluate_chunk(chunk)) for chunk in chunks]
    sent = [pickle.dumps(pack(chunk)) for chunk in chunks]
    shutil.rmtree(reference)
    path.unlink() if path.is_file() else shutil.rmtree(path)
    assert [comparable(evaluate_shipped(pickle.loads(data))) for data in sent] == expected
    assert sum(sum(map(len, result.findings.issues.values())) for result in expected) == (4 if kind == "torn" else 2)


def test_a_worker_writes_nothing_of_a_shipped_chunk_to_its_disk(tmp_path: Path) -> None:
    reference = submissions.write_reference(tmp_path / "reference")
    path = submissions.write_zip(tmp_path / "masks.zip", submissions.good_files())
    manifest = load_manifest(reference)
    submission = open_checked(path, manifest, ArchiveLimits(), ProblemCollector())
    chunks = plan_chunks(manifest, find_sizes(manifest), submission, score=True)
    (tmp_path / "chunk").write_bytes(pickle.dumps([pack(chunk) for chunk in chunks]))
    # a process of its own, since its audit hook stays
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(tmp_path / "chunk")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(commands.PROGRAM), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "54 values\n", "")


WORKER = """
import os, pickle, sys

def refuse(event, given):
    if event in ("os.mkdir", "os.rename", "os.symlink", "os.link", "tempfile.mkstemp", "tempfile.mkdtemp"):
        raise AssertionError((event, given))
    if event == "open" and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        raise AssertionError((event, given))

from lvos_eval.rescoring.portable_chunk import evaluate_shipped
chunks = pickle.load(open(sys.argv[1], "rb"))
sys.addaudithook(refuse)
print(sum(len(evaluate_shipped(chunk).values) for chunk in chunks), "values")
"""


def test_a_submission_that_is_gone_when_it_is_packed_is_gone_for_the_worker(tmp_path: Path) -> None:
    reference = submissions.write_reference(tmp_path / "reference")
    path = submissions.write_zip(tmp_path / "masks.zip", submissions.good_files())
    manifest = load_manifest(reference)
    submission = open_checked(path, manifest, ArchiveLimits(), ProblemCollector())
    chunk = plan_chunks(manifest, find_sizes(manifest), submission, score=True)[0]
    path.unlink()
    shipped = pickle.loads(pickle.dumps(pack(chunk)))
    with pytest.raises(SubmissionGoneError, match="cannot be opened again: No such file or directory"):
        evaluate_shipped(shipped)


@pytest.mark.parametrize("change", ["gone", "too large"])
def test_ground_truth_that_cannot_be_packed_is_reported_as_where_it_is_read(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = load_manifest(submissions.write_reference(tmp_path / "reference"))
    path = submissions.write_zip(tmp_path / "masks.zip", submissions.good_files())
    submission = open_checked(path, manifest, ArchiveLimits(), ProblemCollector())
    chunk = plan_chunks(manifest, find_sizes(manifest), submission, score=True)[0]
    if change == "gone":
        (tmp_path / "reference" / "Annotations" / chunk.video / "00000016.png").unlink()
    else:
        monkeypatch.setattr("lvos_eval.reference.ground_truth.GROUND_TRUTH_BYTES", 10)
    expected = evaluate_chunk(chunk).reference_faults
    assert expected
    assert evaluate_shipped(pickle.loads(pickle.dumps(pack(chunk)))).reference_faults == expected
