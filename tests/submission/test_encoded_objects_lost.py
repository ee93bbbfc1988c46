"""An object that was lost beside a few pixels of another label is no encoding, whatever the label."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from goldens import REFERENCE
from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.mask_values import MaskValues
from lvos_eval.submission.check_encodings import report_encodings
from lvos_eval.submission.mask_findings import VideoFindings
from lvos_eval.submission.restoration import Restorations

IDS = {
    name: tuple(sorted(map(int, video["objects"])))
    for name, video in json.loads((REFERENCE / "valid_meta.json").read_text())["videos"].items()
}


def findings(ids: tuple[int, ...], lost: int = 0, stray: int = 0) -> VideoFindings:
    """Every object but one is in all masks; one mask has two pixels of another label."""
    held = set(ids) - {lost}
    found = VideoFindings(present=held, labelled_pixels=5000 * len(held), background_pixels=100_000)
    found.values.add(MaskValues(ImageKind.GREY, bytes(sorted({0, *held}))))
    if stray:
        found.values.add(MaskValues(ImageKind.GREY, bytes(sorted({0, stray, *held}))))
        if stray in held:
            found.labelled_pixels += 2
        else:
            found.unknown_pixels = Counter({stray: 2})
            found.unknown_frames[stray].add(41)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("name", "lost"), [(name, lost) for name, ids in IDS.items() for lost in ids])
def test_a_lost_object_and_a_stray_label_are_no_encoding(name: str, lost: int) -> None:
    for stray in range(1, 256):
        if stray == lost:
            continue
        videos = {other: (ids, findings(ids)) for other, ids in IDS.items()} | {
            name: (IDS[name], findings(IDS[name], lost, stray))
        }
        collector = ProblemCollector()
        assert (stray, report_encodings(videos, collector, Restorations(), shades=True)) == (stray, frozenset())
        assert not collector.problems
