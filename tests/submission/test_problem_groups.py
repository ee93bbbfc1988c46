"""What is wrong alike in several videos is one problem, as far as one fix is right for all of them."""

from __future__ import annotations

from collections import Counter

from findings import manifest, refused, unknown, video, wrong_size
from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.problems import Problem
from lvos_eval.formats.mask_issues import Unreadable
from lvos_eval.submission.check_masks import check_masks
from lvos_eval.submission.mask_findings import VideoFindings
from lvos_eval.submission.problem_groups import Cause, Causes, Values, alike, plain
from lvos_eval.submission.restoration import Restorations


def reported(causes: Causes) -> list[Problem]:
    collector = ProblemCollector()
    causes.report(collector, Restorations())
    return list(collector.problems)


def of_videos(**found: VideoFindings) -> list[Problem]:
    """What is said of videos that have the objects 1 and 2."""
    collector = ProblemCollector()
    check_masks(manifest(*(video(name, ids=(1, 2)) for name in found)), found, collector)
    return list(collector.problems)


def good() -> VideoFindings:
    return VideoFindings(present={1, 2}, inspected=Counter({1: 2, 2: 2}))


def damaged(*frames: int) -> VideoFindings:
    return refused(Unreadable("the file is empty"), *frames, inspected=Counter({1: 2, 2: 2}), present={1, 2})


def test_a_value_that_is_another_object_elsewhere_keeps_videos_apart() -> None:
    values = {
        "a": Values(frozenset({255}), {255: 1}),
        "b": Values(frozenset({127, 255}), {127: 1, 255: 2}),
        "c": Values(frozenset({127}), {127: 1}),
    }
    assert [names for names, _ in alike(values)] == [["a", "c"], ["b"]]


def test_a_value_that_is_nothing_in_one_video_and_an_object_in_another_keeps_them_apart() -> None:
    values = {"a": Values(frozenset({38, 255}), {38: 1}), "b": Values(frozenset({255}), {38: 1, 255: 9})}
    assert [names for names, _ in alike(values)] == [["a"], ["b"]]


def test_an_undeclared_object_is_the_one_that_another_video_declares() -> None:
    values = {"a": Values(frozenset({38, 75}), {38: 1}, {75: 2}), "b": Values(frozenset({75}), {38: 1, 75: 2})}
    ((names, united),) = alike(values)
    assert names == ["a", "b"]
    assert (united.ids, united.undeclared, united.listing) == ({38: 1, 75: 2}, {}, "38 is object 1, 75 is object 2")


def test_a_video_alone_in_its_cause_keeps_its_name_and_frames() -> None:
    causes = Causes({"a", "b"})
    causes.add(plain("wrong-size", "It is so.", "Do this."), "a", [6, 11])
    (problem,) = reported(causes)
    assert (problem.video, problem.frames, problem.message) == ("a", (6, 11), "It is so.")


def test_videos_that_share_a_cause_are_counted_and_named_in_natural_order() -> None:
    causes = Causes({"v2", "v10", "v3"})
    for name in ("v10", "v2"):
        causes.add(plain("wrong-size", "it is so.", "Do this."), name, [6, 11])
    (problem,) = reported(causes)
    assert (problem.video, problem.frames) == (None, ())
    assert problem.message == "4 masks of 2 videos (v2, v10): it is so."


def test_the_list_is_cut_only_where_the_fix_is_for_all_masks() -> None:
    cause = Cause("wrong-size", lambda _, __: "it is so.", lambda _, where: f"run for every mask{where}.")
    names = [f"v{number}" for number in range(20)]
    for videos, shown, fix in ((names, "and 12 more", "every mask."), ([*names, "w"], "v19)", "every mask in these videos.")):
        causes = Causes(videos)
        for name in names:
            causes.add(cause, name, [6])
        (problem,) = reported(causes)
        assert shown in problem.message
        assert problem.fix == f"run for {fix}"


def test_masks_damaged_alike_are_one_problem() -> None:
    (problem,) = of_videos(v1=damaged(6), v2=damaged(6, 11), v3=good())
    assert problem.message == "3 masks of 2 videos (v1, v2): the mask cannot be read: the file is empty."


def test_swapped_sizes_share_a_fix_unless_one_is_right_elsewhere() -> None:
    def of(detail: str) -> VideoFindings:
        return refused(wrong_size(detail), present={1, 2}, inspected=Counter({1: 2, 2: 2}))

    (problem,) = of_videos(v1=of("2x3 instead of 3x2"), v2=of("4x5 instead of 5x4"))
    assert "the masks have 2x3 instead of 3x2, 4x5 instead of 5x4 pixels" in problem.message
    assert "run for every mask of these sizes (path)" in problem.fix
    assert [problem.video for problem in of_videos(v1=of("2x3 instead of 3x2"), v2=of("3x2 instead of 2x3"))] == ["v1", "v2"]


def test_objects_without_a_pixel_are_one_warning() -> None:
    nothing = VideoFindings(inspected=Counter({1: 2, 2: 2}))
    half = VideoFindings(present={1}, inspected=Counter({1: 2, 2: 1}))
    (problem,) = of_videos(v1=nothing, v2=half, v3=good())
    assert problem.video is None
    assert problem.message == "3 objects of 2 videos have no pixel in any of their masks (video/object: v1/1, v1/2, v2/2)."


def test_unknown_labels_are_one_warning_and_those_that_look_like_edges_another() -> None:
    strange = {"labelled_pixels": 1000, "present": {1, 2}}
    found = of_videos(v1=unknown({9: 50}, **strange), v2=unknown({7: 30, 8: 20}, **strange), v3=good())
    (problem,) = found
    assert problem.message == (
        "2 masks of 2 videos hold labels that are not objects of their video, in 100 pixels "
        "(video/label: v1/9, v2/7, v2/8). They count as background."
    )
