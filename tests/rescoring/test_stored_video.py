"""What is kept of a video is what was found in it."""

from __future__ import annotations

from typing import get_args

import pytest

from findings import refused
from lvos_eval import protocols
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
from lvos_eval.protocols.contract import Task
from lvos_eval.protocols.frames import FrameList, ScoredFrames
from lvos_eval.reference.manifest import Video, VideoObject
from lvos_eval.rescoring.stored_video import StoredVideo, decode, encode, fits
from lvos_eval.scoring.results import ObjectFrame
from lvos_eval.submission.mask_findings import VideoFindings

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


def test_more_objects_than_proposals_are_kept() -> None:
    """DAVIS' tool matches an object that no proposal is left for with an empty one."""
    frames = FrameList((1,))
    objects = tuple(VideoObject(label, frames, ScoredFrames((1,), (0,), 1)) for label in range(1, 23))
    values = [ObjectFrame(item.object_id, 1, 0.5, 0.5, True, item.object_id) for item in objects]
    protocol = protocols.get("davis-2017-unsupervised", Task.UNSUPERVISED_MULTIPLE)
    assert fits(StoredVideo(values, VideoFindings()), Video("a", objects, "all"), protocol, scored=True)
    values[0] = values[0]._replace(proposal=23)
    assert not fits(StoredVideo(values, VideoFindings()), Video("a", objects, "all"), protocol, scored=True)
