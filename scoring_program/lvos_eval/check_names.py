"""What the names in a submission tell: missing, misnamed and superfluous videos, frames and files.

No mask is opened here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from shlex import quote
from typing import Final

from lvos_eval.manifest import Manifest, Video
from lvos_eval.naming import find_naming_rule
from lvos_eval.problems import ProblemCollector
from lvos_eval.protocol import frame_name
from lvos_eval.submission import Entry, Submission
from lvos_eval.wording import counted, listed

__all__ = ["check_names"]

_ZIP: Final = "cd masks && zip -r ../submission.zip ."


def check_names(manifest: Manifest, submission: Submission, collector: ProblemCollector) -> Submission:
    """Everything that can be told without opening a mask: missing, misnamed and superfluous videos, frames and files.

    Returns the submission with each misnamed mask filed under the frame that it seems to be, so that it can be looked at too.
    """
    if not submission.masks:
        if not collector.has_errors:
            _report_no_videos(manifest, submission, collector)
        return submission
    masks = {video.name: _check_video_names(video, submission, collector) for video in manifest.videos}
    masks = {video: entries for video, entries in masks.items() if entries}
    for name in submission.extra_videos:
        near = _in_other_capitals(name, [video.name for video in manifest.videos])
        message, fix = "the metadata has no video of this name; ignored.", "leave the folder out."
        if near is not None:
            message = f"the metadata has {near}, which differs in capitals; ignored."
            fix = f"rename the folder to {near}."
        collector.add("extra-video", message, fix, video=name)
    if submission.extra_files:
        number = len(submission.extra_files)
        collector.add(
            "extra-file",
            f"{counted(number, 'file')} in no folder of a video, ignored: {listed(submission.extra_files)}.",
            f"leave {'it' if number == 1 else 'them'} out.",
        )
    return replace(submission, masks=masks)


def _in_other_capitals(name: str, others: Sequence[str]) -> str | None:
    return next((other for other in others if other.lower() == name.lower() and other != name), None)


def _report_no_videos(manifest: Manifest, submission: Submission, collector: ProblemCollector) -> None:
    names = submission.top_level
    first = manifest.videos[0]
    example = f"{first.name}/{frame_name(min(first.annotated))}.png"
    holds = f"its top level holds {listed(names, 8)}" if names else "it is empty"
    fix = f"put the folders of the videos at the top, as in {example}: {_ZIP}"
    videos = [video.name for video in manifest.videos]
    folders = [name.rstrip("/") for name in names]
    renamed = [f"{name} -> {near}" for name in folders if (near := _in_other_capitals(name, videos))]
    if submission.buried is not None:
        holds = f"those in {submission.buried}/ are more than two folders down"
        inside = f"cd {quote(submission.buried)} && zip -r submission.zip ."
        fix = f"zip from inside that folder, so that the zip holds {example}: {inside}"
    elif renamed:
        fix = f"write the ids with the capitals of the metadata: {listed(renamed)}."
    elif archives := [name for name in names if name.lower().endswith(".zip")]:
        fix = f"a zip inside a zip is not opened: submit {archives[0]} itself."
        if len(archives) > 1:
            fix = "a zip inside a zip is not opened: make one zip of all the masks."
    collector.add("no-videos", f"no folder has the id of a video for its name; {holds}.", fix)


def _check_video_names(video: Video, submission: Submission, collector: ProblemCollector) -> Mapping[int, Entry]:
    """Reports on one video's folder; returns its masks by frame, the misnamed ones included."""
    masks = submission.masks.get(video.name, {})
    others = submission.others.get(video.name, {})
    if not masks and not others:
        if video.scored:
            _report_missing_video(video, submission, collector)
        return masks
    found = dict(masks)
    unused = list(others)
    if any(frame not in masks for frame in video.scored):
        by_name = {name: entry for name, entry in others.items() if name.lower().endswith(".png")}
        named = {f"{frame_name(frame)}.png": entry for frame, entry in masks.items()}
        rule = find_naming_rule([*named, *by_name], sorted(video.annotated), video.scored)
        if rule is not None:
            entries = named | by_name
            placed = {frame: entries[name] for name, frame in zip(rule.names, rule.frames, strict=True)}
            found = {frame: masks[frame] for frame in masks if f"{frame_name(frame)}.png" not in rule.names} | placed
            unused = [name for name in unused if name not in rule.names]
            collector.add(
                "misnamed-frames",
                f"{counted(len(rule.names), 'mask')} {'is' if len(rule.names) == 1 else 'are'} there under other names: "
                f"{rule.in_words} ({rule.examples}).",
                "copy each into a new folder (renaming in place may overwrite others); where its name has the number n, "
                f'its right name is f"{{{rule.formula}:08d}}.png".',
                video=video.name,
                frames=sorted(set(rule.frames) & set(video.scored)),
            )
    missing = [frame for frame in video.scored if frame not in found]
    if missing:
        have = "has" if len(missing) == 1 else "have"
        message = f"{len(missing)} of {counted(len(video.scored), 'scored frame')} {have} no mask"
        if unused:
            message += f"; the folder also holds {listed(unused)}"
        collector.add(
            "missing-frame",
            f"{message}.",
            "write a mask for every scored frame, named by its eight digits and .png, all 0 where no object is visible.",
            video=video.name,
            frames=missing,
        )
    extra = sorted(set(found) - video.annotated)
    if extra:
        collector.add(
            "extra-frame",
            f"no object is annotated in {'this frame' if len(extra) == 1 else 'these frames'}; ignored.",
            f"leave {'it' if len(extra) == 1 else 'them'} out.",
            video=video.name,
            frames=extra,
        )
    if unused:
        collector.add(
            "extra-file",
            f"{counted(len(unused), 'file')} not named as a mask, ignored: {listed(unused)}.",
            f"leave {'it' if len(unused) == 1 else 'them'} out; a mask is named by the eight digits of its frame and .png.",
            video=video.name,
        )
    return found


def _report_missing_video(video: Video, submission: Submission, collector: ProblemCollector) -> None:
    scored = counted(len(video.scored), "scored frame")
    message = f"there is no folder {video.name}; it has {scored}"
    fix = f"add {video.name}/ with a mask for every frame, all 0 where no object is visible."
    near = _in_other_capitals(video.name, submission.extra_videos)
    elsewhere = next((path for path in submission.extra_files if f"/{video.name}/" in f"/{path}"), None)
    if near is not None:
        message += f". There is {near}/, which differs in capitals"
        fix = f"rename {near}/ to {video.name}/."
    elif elsewhere is not None:
        place = f"/{elsewhere}".partition(f"/{video.name}/")[0].lstrip("/") or "the top level"
        message += f". One lies in {place}, apart from the other videos"
        fix = f"put the folders of all videos side by side{f' in {submission.root}/' if submission.root else ' at the top'}."
    collector.add("missing-video", f"{message}.", fix, video=video.name)
