"""Packing in tests: the calls of `lvos-eval pack` in this process, and what comes out of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from goldens import REFERENCE, prediction
from lvos_eval.execution.workload import unobserved
from lvos_eval.reference.loading import load_manifest
from lvos_eval.workflows.pack_options import PackOptions
from lvos_eval.workflows.packing import PackReport, pack_masks
from submissions import Labels, score


def pack(
    masks: Path, reference: Path, output: Path, options: PackOptions | None = None, *, dry_run: bool = False, jobs: int = 1
) -> PackReport:
    """The report of `lvos-eval pack` in this process."""
    manifest = load_manifest(reference, splits=False)
    return pack_masks(masks, manifest, output, options or PackOptions(), jobs, unobserved, dry_run=dry_run)


def pack_goldens(masks: Path, options: PackOptions | None = None) -> PackReport:
    """The same against the golden reference; the zip is called `packed.zip` and lies beside the masks."""
    return pack(masks, REFERENCE, masks.parent / "packed.zip", options)


def scores(submission: Path, reference: Path = REFERENCE) -> dict[str, float]:
    found = score(submission, reference).report
    assert found.scores is not None, found.problems
    return dict(found.scores.values)


@cache
def good_scores() -> Mapping[str, float]:
    """Those of the unharmed golden masks."""
    return scores(prediction("good"))


def labels_in(archive: Path) -> dict[str, Labels]:
    """The label maps in a packed zip as Pillow reads them, by path."""
    with zipfile.ZipFile(archive) as source:
        return {
            name.removeprefix("Annotations/"): np.asarray(Image.open(io.BytesIO(source.read(name)))) for name in source.namelist()
        }
