"""What is kept of a video is what was found in it."""

from __future__ import annotations

from typing import get_args

import pytest

from findings import refused
from lvos_eval.formats.image_kind import ImageKind
from lvos_eval.formats.mask_issues import (
    DamagedMember,
    MaskIssue,
    NotBinary,
    NotIndexed,
    NotLabels,
    NotPng,
    NotSalient,
    Overlap,
    TooLarge,
    Unreadable,
    WrongSize,
)
from lvos_eval.masks.packed import FrameSize
from lvos_eval.rescoring.stored_video import StoredVideo, decode, encode

ISSUES = (
    Unreadable("the file is empty"),
    NotPng(None),
    NotPng("a JPEG"),
    TooLarge("the file has 67 MB; at most 64 MB are allowed"),
    DamagedMember("its local header is not where the directory says"),
    WrongSize(ImageKind.GREY_4, FrameSize(360, 640), FrameSize(720, 1280)),
    NotIndexed(ImageKind.RGB),
    NotSalient((7, 200)),
    NotLabels("the array holds fractions"),
    Overlap(),
    NotBinary((0, 7, 200)),
)


@pytest.mark.parametrize("issue", ISSUES, ids=lambda issue: type(issue).__name__)
def test_an_issue_is_read_as_it_was_kept(issue: MaskIssue) -> None:
    video = StoredVideo([], refused(issue, 6, 11))
    assert decode("key", encode("key", video)) == video


def test_every_kind_of_issue_is_kept() -> None:
    assert {type(issue) for issue in ISSUES} == set(get_args(MaskIssue))
