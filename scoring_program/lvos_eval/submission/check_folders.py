"""What the folders of a submission tell: none of a video, some that are missing, two sets, one folder an object."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.problems import Problem
from lvos_eval.diagnostics.text import ZIP_MASKS, counted, in_natural_order, listed, zip_of
from lvos_eval.protocols.contract import MissingVideos
from lvos_eval.reference.manifest import Manifest, Video
from lvos_eval.submission.listing import MaskSet, Submission
from lvos_eval.submission.object_folders import ObjectFolders
from lvos_eval.submission.restoration import FILL_MISSING, Restorations, Way, keep_root

__all__ = ["report_missing_videos", "report_no_videos", "report_object_folders", "report_sets"]

_SHOWN: Final = 8
_SHOWN_MISSING: Final = 50
"""Videos that are missing are listed at length: they have to be added one by one."""


def report_no_videos(manifest: Manifest, submission: Submission, collector: ProblemCollector) -> None:
    """Reports that no folder is one of a video, and what lies there instead."""
    names = submission.top_level
    first = manifest.videos[0]
    layout = manifest.layout(first)
    inside = f"{layout.object_name(first.ids[0])}/" if first.object_folders else ""
    example = f"{first.name}/{inside}{layout.name(min(first.annotated))}.png"
    holds = f"its top level holds {listed(names, _SHOWN)}" if names else "it is empty"
    fix = f"put the folders of the videos side by side into a folder masks, as in masks/{example}, and zip that: {ZIP_MASKS}"
    videos = {video.name.lower(): video.name for video in manifest.videos}
    folders = [name.rstrip("/") for name in names]
    renamed = [f"{name} -> {videos[name.lower()]}" for name in folders if name.lower() in videos]
    if submission.buried is not None:
        holds = f"those in {submission.buried}/ are more than two folders down"
        fix = f"zip that folder without those that lead to it: {zip_of(submission.buried)}"
    elif renamed:
        fix = f"write the ids with the capitals of the metadata: {listed(renamed, _SHOWN_MISSING)}."
    elif archives := [name for name in names if name.lower().endswith(".zip")]:
        fix = f"a zip inside a zip is not opened: submit {archives[0]} itself."
        if len(archives) > 1:
            fix = f"a zip inside a zip is not opened: unpack them all into one folder masks, and zip that: {ZIP_MASKS}"
    collector.add("no-videos", f"no folder has the id of a video for its name; {holds}.", fix)


def report_missing_videos(
    missing: Sequence[Video],
    submission: Submission,
    collector: ProblemCollector,
    restorations: Restorations,
    rule: MissingVideos,
) -> set[str]:
    """Reports videos without a folder; returns the names of folders that are said to stand for them."""
    what = "" if rule is MissingVideos.REFUSED else f"; {rule.value}, as the official tool does"
    variants = Counter(name.lower() for name in submission.extra_videos)
    by_case = {name.lower(): name for name in submission.extra_videos if variants[name.lower()] == 1}
    places = _places({video.name for video in missing}, submission)
    plain: list[Video] = []
    renamed: list[tuple[str, Video]] = []
    elsewhere: dict[str, list[Video]] = defaultdict(list)
    for video in missing:
        if video.name.lower() in by_case:
            renamed.append((by_case[video.name.lower()], video))
        elif video.name in places:
            elsewhere[places[video.name]].append(video)
        else:
            plain.append(video)
    if plain:
        fix = f"add {plain[0].name}/ with a mask for every frame, all 0 where no object is visible."
        if len(plain) > 1:
            fix = "add a folder for each, with a mask for every frame, all 0 where no object is visible."
        problem = _report_missing(plain, what, fix, collector)
        restorations.add(problem, [video.name for video in plain], {FILL_MISSING: Way()})
    if renamed:
        near = f". There is {renamed[0][0]}/, which differs in capitals"
        if len(renamed) > 1:
            near = f". There are folders that differ in capitals: {listed((f'{name}/' for name, _ in renamed), _SHOWN)}"
        moves = [f"{name}/ to {video.name}/" for name, video in renamed]
        _report_missing([video for _, video in renamed], what + near, f"rename {listed(moves, _SHOWN_MISSING)}.", collector)
    for place, videos in sorted(elsewhere.items()):
        lies = "One is" if len(videos) == 1 else "They are"
        beside = f" in {submission.root}/" if submission.root else " at the top"
        _report_missing(
            videos,
            f"{what}. {lies} in {place or 'the top level'}, apart from the other videos",
            f"put the folders of all videos side by side{beside}.",
            collector,
        )
    return {name for name, _ in renamed} | {video.name for videos in elsewhere.values() for video in videos}


def _report_missing(videos: Sequence[Video], where: str, fix: str, collector: ProblemCollector) -> Problem:
    scored = counted(sum(len(video.scored) for video in videos), "scored frame")
    if len(videos) == 1:
        name = videos[0].name
        return collector.add("missing-video", f"there is no folder {name}; it has {scored}{where}.", fix, video=name)
    names = listed((video.name for video in videos), _SHOWN_MISSING)
    return collector.add("missing-video", f"{len(videos)} videos have no folder: {names}; they have {scored}{where}.", fix)


def _places(videos: set[str], submission: Submission) -> dict[str, str]:
    """Where else folders of these videos lie."""
    found: dict[str, str] = {}
    for path in submission.extra_files:
        parts = path.split("/")
        for depth, part in enumerate(parts[:-1]):
            if part in videos:
                found.setdefault(part, "/".join(parts[:depth]))
                break
    return found


def report_sets(submission: Submission, collector: ProblemCollector, restorations: Restorations) -> None:
    """Reports two or more folders with masks of the same videos, of which only the participant knows the right one."""
    sets = submission.sets
    shared = {video for found in sets for video in found.videos if sum(video in other.videos for other in sets[:_SHOWN]) > 1}
    kind = "zip" if submission.source.is_archive else "folder"
    many = "two" if len(sets) == 2 else f"{len(sets):,}"
    choices = [
        f"{'or, to' if number else 'To'} keep the set {_place(found)}, {_keep(found, sets)}"
        for number, found in enumerate(sets[:3])
    ]
    fix = "unpack the zip into a folder masks. " if kind == "zip" else "copy the folder to one named masks. "
    if all(found.root.rpartition("/")[2].isdigit() for found in sets):
        fix += "If each set holds one object, write the ids of all objects into one mask per frame. "
    fix += "; ".join(choices)
    problem = collector.add(
        "two-sets",
        f"the {kind} holds {many} sets of masks for the same videos ({listed(in_natural_order(shared))}): "
        f"{listed(map(_described, sets), _SHOWN)}. Which of them is meant cannot be determined.",
        fix,
    )
    restorations.add(problem, shared, {keep_root(found.root): Way() for found in sets})


def _described(found: MaskSet) -> str:
    return f"{counted(found.masks, 'mask')} of {counted(len(found.videos), 'video')} {_place(found)}"


def _place(found: MaskSet) -> str:
    return f"in {found.root}/" if found.root else "at the top"


def _keep(found: MaskSet, sets: Sequence[MaskSet]) -> str:
    """What to do so that a zip holds only this one."""
    below = [
        f"masks/{other.root}" for other in sets if other != found and f"{other.root}/".startswith(f"{found.root}/".lstrip("/"))
    ]
    delete = f"delete {listed(below, _SHOWN)} and " if below else ""
    return f"{delete}run: {zip_of(f'masks/{found.root}'.rstrip('/'))}"


def report_object_folders(folders: ObjectFolders, submission: Submission, collector: ProblemCollector) -> None:
    """Reports folders that hold one object each, and how they become one mask per frame."""
    videos = in_natural_order(folders.numbers)
    message = (
        f"each object has a folder of its own, as in {folders.example}, in {counted(len(videos), 'video')} "
        f"({listed(videos, _SHOWN)}); a frame has one mask, whose values are the ids of all its objects"
    )
    fix = (
        "write one mask per frame, in which each object has the id of the mask of its first frame. This cannot be undone by "
        "renaming: the numbers of the folders are not the ids, and names do not tell which is which."
    )
    if folders.offset is not None:
        counts = ", counted from 0" if folders.offset else ""
        counts += ", and 0 is the background, which is left out" if folders.background else ""
        message += f". The numbers of the folders are the ids{counts}"
        fix = "unpack the zip into a folder masks" if submission.source.is_archive else "copy the folder to one named masks"
        if any(video not in folders.numbers for video in submission.masks):
            fix += ", and the folders of the other videos into one named merged"
        fix += (
            ". Every value but 0 is taken for the object; where two objects overlap, the one with the larger id stays. "
            f"In the folder that holds masks, run: {folders.merge}; then: {zip_of('merged')}"
        )
    collector.add("ids-encoded", f"{message}.", fix, video=videos[0] if len(videos) == 1 else None)
