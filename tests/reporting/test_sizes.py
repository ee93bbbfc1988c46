"""How large objects are: in which frame, and what has no size."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from goldens import REFERENCE, prediction
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reporting.sizes import object_sizes
from lvos_eval.scoring.results import ObjectFrame
from submissions import score


def test_a_size_is_the_share_of_the_first_scored_frame_that_shows_the_object() -> None:
    manifest = load_manifest(REFERENCE)
    result = score(prediction("good"), REFERENCE)
    assert result.frames is not None
    sizes = object_sizes(manifest, result.frames.values)
    shown = {key for key, found in result.frames.values.items() if any(value.visible for value in found)}
    assert set(sizes) == shown
    for (video, object_id), size in sizes.items():
        first = next(value.frame for value in result.frames.values[video, object_id] if value.visible)
        with Image.open(REFERENCE / "Annotations" / video / f"{first:08d}.png") as image:
            assert size == np.mean(np.asarray(image) == object_id) > 0


def test_what_is_never_shown_or_cannot_be_read_has_no_size(tmp_path: Path) -> None:
    reference = Path(shutil.copytree(REFERENCE, tmp_path / "reference"))
    manifest = load_manifest(reference)
    video = manifest.videos[0]
    key, frame = (video.name, video.objects[0].object_id), video.scored[0]
    (reference / "Annotations" / video.name / f"{frame:08d}.png").write_bytes(b"no mask")
    assert object_sizes(manifest, {key: [ObjectFrame(key[1], frame, 1.0, 1.0, False)]}) == {}
    assert object_sizes(manifest, {key: [ObjectFrame(key[1], frame, 1.0, 1.0, True)]}) == {}
