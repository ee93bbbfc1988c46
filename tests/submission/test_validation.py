"""What is said of names and of decoded masks, word for word, without a file being read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from findings import manifest, refused, unknown, video, wrong_size
from lvos_eval import protocols
from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.problems import Problem
from lvos_eval.diagnostics.text import ZIP_MASKS as ZIP
from lvos_eval.formats.mask_issues import MaskIssue, NotPng, TooLarge, Unreadable
from lvos_eval.protocols.contract import Task
from lvos_eval.protocols.lvos import FRAME_STEP, FrameRange
from lvos_eval.reference.manifest import Video, VideoObject
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.submission.check_masks import check_masks
from lvos_eval.submission.check_names import check_names
from lvos_eval.submission.listing import Submission
from lvos_eval.submission.mask_findings import VideoFindings
from lvos_eval.submission.source import MaskSource

SAVE: Final = "PIL.Image.fromarray(ids.astype(numpy.uint8)).save(path)"


def of_masks(found: VideoFindings, one: Video, task: Task = Task.SEMI_SUPERVISED) -> list[Problem]:
    """What is said of the masks of one video."""
    collector = ProblemCollector()
    check_masks(manifest(one, task=task), {one.name: found}, collector)
    return list(collector.problems)


def of_names(*videos: Video, **content: Any) -> list[Problem]:
    """What is said of the names in a submission."""
    collector = ProblemCollector()
    nothing: dict[str, Any] = {"masks": {}, "others": {}, "extra_videos": (), "extra_files": (), "top_level": ()}
    submission = Submission(MaskSource(Path("s.zip"), True, ArchiveLimits()), True, **({"root": ""} | nothing | content))
    check_names(manifest(*videos), submission, collector)
    return list(collector.problems)


def masks(*names: str) -> dict[str, dict[int, str]]:
    """Every scored mask of the videos."""
    return {name: dict.fromkeys((6, 11), name) for name in names}


def of_size(detail: str) -> tuple[str, str]:
    """What is said of a mask that is `640x360 instead of 1280x720`."""
    (problem,) = of_masks(refused(wrong_size(detail), inspected=Counter({1}), present={1}), video())
    return problem.message, problem.fix


# sizes


CROPPED: Final = "it is cropped, padded or stretched"


@pytest.mark.parametrize(
    ("detail", "says"),
    [
        ("640x360 instead of 1280x720", "1/2 of the width and height"),
        ("1920x1080 instead of 1280x720", "3/2 times the width and height"),
        ("2560x1440 instead of 1280x720", "2 times the width and height"),
        ("100x50 instead of 1600x800", "1/16 of the width and height"),
        # no finer share than a sixteenth is believed
        ("100x50 instead of 1700x850", CROPPED),
        # one pixel more than half
        ("801x450 instead of 1600x900", CROPPED),
        ("800x451 instead of 1600x900", CROPPED),
        ("640x720 instead of 1280x720", CROPPED),
        # nearly the same share, but another fraction
        ("1x1 instead of 16x15", CROPPED),
    ],
)
def test_the_share_of_a_wrong_size_is_said_where_it_is_plain(detail: str, says: str) -> None:
    mark = ":" if says == CROPPED else ","
    assert of_size(detail)[0] == f"the mask has {detail} pixels{mark} {says}."


def test_swapped_sides_are_recognised() -> None:
    message, fix = of_size("720x1280 instead of 1280x720")
    assert message == "the mask has 720x1280 instead of 1280x720 pixels: width and height are swapped."
    assert fix == (
        "save the array as it is, of shape (height, width). If it was transposed, not turned, "
        f"run for every mask of this size (path): mask = numpy.array(PIL.Image.open(path)); ids = mask.swapaxes(0, 1); {SAVE}. "
        "In square videos this cannot be seen: if theirs were transposed as well, do the same with them."
    )


@pytest.mark.parametrize(
    ("issue", "fix"),
    [
        (TooLarge("the file has 67 MB; at most 64 MB are allowed"), f"save the ids at the size of the video: {SAVE}."),
        (TooLarge("the header claims 9x9 pixels, more than any video has"), f"save the ids at the size of the video: {SAVE}."),
        (NotPng("a JPEG"), f"save it as PNG, not only under the name of one: {SAVE}. JPEG changes the ids."),
        (Unreadable("the file is empty"), "write the mask again; a full disk or a copy that broke off looks like this."),
    ],
)
def test_the_way_to_mend_an_unreadable_mask_depends_on_what_is_wrong(issue: MaskIssue, fix: str) -> None:
    (problem,) = of_masks(refused(issue), video())
    assert (problem.message, problem.fix) == (f"the mask cannot be read: {issue}.", fix)


# labels


def test_one_unknown_label_of_a_video_with_one_object() -> None:
    (problem,) = of_masks(unknown({9: 1}, present={1}, inspected=Counter({1}), labelled_pixels=5), video())
    assert problem.message == "label 9 in 1 pixel; the only object is 1. It counts as background."


def test_several_unknown_labels_and_many_objects_are_listed_up_to_a_point() -> None:
    found = unknown(dict.fromkeys(range(101, 110), 2), labelled_pixels=100)
    ids = range(1, 23)
    (problem,) = of_masks(found, video(ids=ids))
    listed = ", ".join(map(str, range(101, 109)))
    objects = ", ".join(map(str, range(1, 21)))
    assert problem.message == (
        f"labels {listed} and 1 more in 18 pixels; the objects are {objects} and 2 more. They count as background."
    )
    assert problem.frames == (6,)


EDGES: Final = "look like edges of an interpolated resize"


@pytest.mark.parametrize(
    ("pixels", "label", "edges"),
    [(1, 3, True), (2, 3, False), (50, 3, False), (1, 6, False)],
    ids=["few and between", "a fiftieth of all", "many", "above all ids"],
)
def test_few_pixels_between_the_ids_look_like_edges(pixels: int, label: int, edges: bool) -> None:
    found = unknown({label: pixels}, present={1, 5}, inspected=Counter({1, 5}), labelled_pixels=100)
    (problem,) = of_masks(found, video(ids=(1, 5)))
    assert (EDGES in problem.message, "nearest neighbour" in problem.fix) == (edges, edges)


@pytest.mark.parametrize(
    ("greys", "labelled", "present", "code"),
    [
        ({38: 99, 60: 1}, 0, set(), "palette-lost"),
        ({38: 98, 60: 2}, 0, set(), "unknown-object"),
        ({38: 99}, 1, {1}, "palette-lost"),
        ({38: 98}, 2, {1}, "unknown-object"),
        ({75: 2}, 98, {38}, "palette-lost"),
        ({75: 1}, 99, {38}, "unknown-object"),
    ],
    ids=[
        "few pixels of another value",
        "a fiftieth of another value",
        "few pixels of an id",
        "a fiftieth of an id",
        "a fiftieth of a grey beside an id that is one",
        "few pixels of a grey beside an id that is one",
    ],
)
def test_masks_hold_greys_where_those_explain_every_value_but_edges(
    greys: Mapping[int, int], labelled: int, present: set[int], code: str
) -> None:
    found = unknown(greys, present=present, inspected=Counter(present), labelled_pixels=labelled)
    (problem,) = of_masks(found, video(ids=(1, 2, 38)))
    assert problem.code == code


@pytest.mark.parametrize(
    ("task", "code"), [(Task.SEMI_SUPERVISED, "unknown-object"), (Task.UNSUPERVISED_MULTIPLE, "palette-lost")]
)
def test_greys_stand_for_objects_of_the_video_or_for_any_proposal(task: Task, code: str) -> None:
    (problem,) = of_masks(unknown({38: 50, 75: 50}), video(ids=(1,)), task)
    assert problem.code == code


def test_several_labels_above_the_proposals() -> None:
    (problem,) = of_masks(unknown(dict.fromkeys(range(21, 30), 3)), video(), Task.UNSUPERVISED_MULTIPLE)
    listed = ", ".join(map(str, range(21, 29)))
    assert problem.message == f"labels {listed} and 1 more are above 20, the last of a proposal."
    assert problem.fix == "keep the 20 best proposals of the video and label them 1 to 20."


def test_one_label_above_the_proposals() -> None:
    (problem,) = of_masks(unknown({21: 3, 255: 9}), video(), Task.UNSUPERVISED_MULTIPLE)
    assert problem.message == "label 21 is above 20, the last of a proposal."


def absent(found: VideoFindings, one: Video) -> list[str]:
    """What is said of absent objects in a submission whose other video is good."""
    collector = ProblemCollector()
    other = VideoFindings(inspected=Counter({1: 2}), present={1})
    check_masks(manifest(one, video("v2")), {one.name: found, "v2": other}, collector)
    assert {problem.code for problem in collector.problems} <= {"absent-object", "unreadable-mask"}
    return [problem.message for problem in collector.problems if problem.code == "absent-object"]


@pytest.mark.parametrize(
    ("ids", "frames", "inspected", "says"),
    [
        ((1,), 3, {1: 1}, "object 1 has no pixel in its only scored frame."),
        ((1,), 5, {1: 3}, "object 1 has no pixel in its 3 scored frames."),
        ((1, 2), 5, {1: 3, 2: 3}, "objects 1, 2 have no pixel in their 3 scored frames."),
        ((1,), 5, {1: 2}, "object 1 has no pixel in the 2 masks that there are of its 3 scored frames."),
        ((1, 2), 5, {1: 3, 2: 2}, "objects 1, 2 have no pixel in any of their masks."),
    ],
)
def test_an_absent_object_is_said_to_be_in_none_of_the_frames_that_were_looked_at(
    ids: Sequence[int], frames: int, inspected: Mapping[int, int], says: str
) -> None:
    assert absent(VideoFindings(inspected=Counter(inspected)), video(ids=ids, frames=frames)) == [says]


def test_an_object_that_a_refused_mask_may_hold_is_not_called_absent() -> None:
    found = refused(Unreadable("the file is empty"), inspected=Counter({1: 2}))
    assert absent(found, video(frames=5)) == []


def test_void_is_mentioned_where_an_object_is_absent() -> None:
    found = unknown({255: 7}, present={1}, inspected=Counter({1: 2, 2: 2}))
    (problem,) = of_masks(found, video(ids=(1, 2)))
    assert problem.message == "object 2 has no pixel in its 2 scored frames. 255, in 7 pixels, is background."


# the submission as a whole


def of_two(one: Video, found: VideoFindings, other: Video, known: VideoFindings) -> list[tuple[str, str | None]]:
    collector = ProblemCollector()
    check_masks(manifest(one, other), {one.name: found, other.name: known}, collector)
    return [(problem.code, problem.video) for problem in collector.problems]


def test_the_only_object_may_be_written_as_1() -> None:
    (problem,) = of_masks(unknown({1: 50}, present=set(), inspected=Counter({3: 2})), video(ids=(3,)))
    assert (problem.code, problem.message) == ("ids-encoded", "the only object is written as 1; its id is 3.")
    assert "{1: 3}" in problem.fix


def test_1_is_an_unknown_label_where_the_only_object_of_another_video_has_its_id() -> None:
    known = VideoFindings(present={5}, inspected=Counter({5: 2}))
    found = unknown({1: 50}, present=set(), inspected=Counter({3: 2}))
    codes = of_two(video(ids=(3,)), found, video("v2", ids=(5,)), known)
    assert codes == [("unknown-object", "v1"), ("absent-object", "v1")]


def test_nothing_but_labels_that_no_object_has_is_one_error() -> None:
    (problem,) = of_masks(unknown({7: 5, 9: 5}, present=set(), inspected=Counter({1: 2, 2: 2})), video(ids=(1, 2)))
    assert (problem.code, problem.video, problem.frames) == ("nothing-predicted", None, ())
    assert "the masks hold the labels 7, 9, which no object has" in problem.message


def test_nothing_is_said_to_be_predicted_only_where_every_mask_was_looked_at() -> None:
    damaged = refused(Unreadable("the file is empty"))
    codes = of_two(video(), VideoFindings(inspected=Counter({1: 2})), video("v2"), damaged)
    assert codes == [("unreadable-mask", "v2"), ("absent-object", "v1")]


# names


@pytest.mark.parametrize(
    ("top_level", "fix"),
    [
        (("a.zip",), "a zip inside a zip is not opened: submit a.zip itself."),
        (
            ("a.zip", "b.ZIP"),
            f"a zip inside a zip is not opened: unpack them all into one folder masks, and zip that: {ZIP}",
        ),
        (("VX/",), "write the ids with the capitals of the metadata: VX -> vX."),
        (
            (),
            f"put the folders of the videos side by side into a folder masks, as in masks/vX/00000001.png, and zip that: {ZIP}",
        ),
    ],
)
def test_without_any_video_the_way_to_mend_it_depends_on_what_is_there(top_level: tuple[str, ...], fix: str) -> None:
    (problem,) = of_names(video("vX"), top_level=top_level)
    assert (problem.code, problem.fix) == ("no-videos", fix)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("part2/v2/00000006.png", "part2"),
        ("X/v2/00000006.png", "X"),
        ("part2/v2/old/v2/00000006.png", "part2"),
        ("v2/00000006.png", "the top level"),
    ],
)
@pytest.mark.parametrize(("root", "side_by_side"), [("", " at the top"), ("part1", " in part1/")])
def test_a_video_that_lies_elsewhere_is_found(path: str, place: str, root: str, side_by_side: str) -> None:
    problems = of_names(video("v1"), video("v2"), masks=masks("v1"), extra_files=(path,), root=root)
    (missing,) = [problem for problem in problems if problem.code == "missing-video"]
    assert missing.message == f"there is no folder v2; it has 2 scored frames. One is in {place}, apart from the other videos."
    assert missing.fix == f"put the folders of all videos side by side{side_by_side}."


def test_masks_of_the_scored_frames_alone_may_have_other_numbers() -> None:
    early, late = (FrameRange(start, start + 4 * FRAME_STEP, 4) for start in (1, 21))
    objects = tuple(
        VideoObject(object_id, span, protocols.get("lvos-v2").frame_rule.scored(span))
        for object_id, span in ((1, early), (2, late))
    )
    # a gap lies where one object has its last frame and the other its first
    others = {"v1": {f"{frame - 1:08d}.png": "" for frame in (6, 11, 26, 31)}}
    (problem,) = of_names(Video("v1", objects, group="seen"), masks={"v1": {}}, others=others)
    assert (problem.code, problem.frames) == ("misnamed-frames", (6, 11, 26, 31))
    assert problem.message == (
        "4 masks are there under other names: the numbers are off by 1 "
        "(00000005.png -> 00000006.png, 00000010.png -> 00000011.png, 00000030.png -> 00000031.png)."
    )


def test_other_files_beside_misnamed_masks_are_said_to_be_ignored() -> None:
    others = {"v1": dict.fromkeys(("00006.png", "00011.png", "notes.txt"), "")}
    misnamed, extra = of_names(video(), masks={"v1": {}}, others=others)
    assert (misnamed.code, misnamed.frames) == ("misnamed-frames", (6, 11))
    assert (extra.code, extra.message) == ("extra-file", "1 file not named as a mask, ignored: notes.txt.")


def test_one_cause_is_one_problem_in_however_many_videos() -> None:
    videos = [video(f"v{number}") for number in (10, 9, 2)]
    others = {one.name: {"00006.png": "", "00011.png": ""} for one in videos}
    (problem,) = of_names(*videos, masks={one.name: {} for one in videos}, others=others)
    assert (problem.code, problem.video, problem.frames) == ("misnamed-frames", None, ())
    assert problem.message == (
        "6 masks of 3 videos (v2, v9, v10) are there under other names: 5 digits instead of 8 "
        "(v10/00006.png -> 00000006.png, v10/00011.png -> 00000011.png)."
    )
    named = [one.name for one in videos]
    more = {one: found | {2: "", 3: ""} for one, found in masks(*named).items()}
    (problem,) = of_names(*videos, masks=more)
    assert problem.message == (
        "6 masks of frames where no object is annotated, ignored: v10 00000002-00000003 (2 frames); "
        "v9 00000002-00000003 (2 frames); v2 00000002-00000003 (2 frames)."
    )
    (problem,) = of_names(*videos, masks=masks(*named), others={one: {"log.txt": ""} for one in named})
    assert problem.message == "3 files not named as a mask, ignored: v10/log.txt, v9/log.txt, v2/log.txt."
    (missing, extra) = of_names(*videos, masks=masks("v2"), extra_videos=("x", "y"))
    assert missing.message == "2 videos have no folder: v10, v9; they have 4 scored frames."
    assert extra.message == "2 folders are not videos of the metadata, ignored: x, y."


def test_folders_in_other_capitals_are_one_problem_unless_there_are_two_for_a_video() -> None:
    videos = [video("vA"), video("vB"), video("vC")]
    (problem,) = of_names(*videos, masks=masks("vC"), extra_videos=("va", "VB"))
    assert problem.code == "missing-video"
    assert problem.fix == "rename va/ to vA/, VB/ to vB/."
    plain, renamed, extra = of_names(*videos, masks=masks("vC"), extra_videos=("VA", "va", "VB"))
    assert plain.message == "there is no folder vA; it has 2 scored frames."
    assert renamed.fix == "rename VB/ to vB/."
    assert extra.message == (
        "2 folders are not videos of the metadata, ignored: VA (the metadata has vA, which differs in capitals), "
        "va (the metadata has vA, which differs in capitals)."
    )


def test_masks_that_may_be_missing_ones_are_not_to_be_left_out() -> None:
    others = {"v1": dict.fromkeys(("a1.png", "a1000.png", "notes.txt"), "")}
    (problem,) = of_names(video(), masks={"v1": {}}, others=others)
    assert problem.code == "missing-frame"
    assert "the folder also holds 3 files not named as a mask: a1.png, a1000.png, notes.txt" in problem.message


def test_one_mask_of_a_frame_without_objects_is_ignored() -> None:
    (problem,) = of_names(video(), masks={"v1": masks("v1")["v1"] | {2: ""}})
    assert (problem.code, problem.frames) == ("extra-frame", (2,))
    assert problem.message == "no object is annotated in this frame; ignored."
    assert problem.fix == "leave it out."
