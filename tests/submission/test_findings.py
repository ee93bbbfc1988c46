"""Gathering what the chunks of a video show."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final

from findings import wrong_size
from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.mask_values import MaskValues
from lvos_eval.submission.mask_findings import VideoFindings

SMALL: Final = wrong_size("5x4 instead of 10x8")


def findings(frame: int, label: int) -> VideoFindings:
    return VideoFindings(
        defaultdict(set, {SMALL: {frame}}),
        {label},
        Counter({9: frame}),
        inspected=Counter({label: 1, 7: 2}),
        labelled_pixels=frame,
        background_pixels=2 * frame,
        values={MaskValues(ImageKind.GREY, bytes([0, label]))},
    )


def test_merging_adds_up_counts_and_unites_sets() -> None:
    one, two = findings(6, 1), findings(11, 2)
    one.unknown_frames[9], two.unknown_frames[9] = {6}, {11, 16}
    two.unknown_frames[8] = {21}
    one.merge(two)
    assert one.issues == {SMALL: {6, 11}}
    assert (one.present, one.inspected) == ({1, 2}, Counter({1: 1, 2: 1, 7: 4}))
    assert one.unknown_pixels == {9: 17}
    assert one.unknown_frames == {9: {6, 11, 16}, 8: {21}}
    assert (one.labelled_pixels, one.background_pixels) == (17, 34)
    assert one.values == {MaskValues(ImageKind.GREY, b"\0\1"), MaskValues(ImageKind.GREY, b"\0\2")}


def test_the_values_of_a_mask_are_labels_or_colours() -> None:
    assert MaskValues(ImageKind.PALETTE, b"\0\2", b"\0\0\0\1\2\3").labels == {0, 2}
    assert MaskValues(ImageKind.PALETTE, b"\0\2", b"\0\0\0\1\2\3").colours == [(0, 0, 0), (1, 2, 3)]
    assert MaskValues(ImageKind.RGB, b"\0\0\0\xff\0\1").colours == [(0, 0, 0), (255, 0, 1)]
