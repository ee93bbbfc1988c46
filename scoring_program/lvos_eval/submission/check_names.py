"""What the names in a submission tell: missing, misnamed and superfluous videos, frames and files.

No mask is opened here. One cause is one problem, in however many videos it is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.problems import Problem, frame_ranges
from lvos_eval.diagnostics.text import counted, listed
from lvos_eval.protocols.contract import MaskLayout, MissingVideos
from lvos_eval.reference.manifest import Manifest, Video
from lvos_eval.submission.check_folders import report_missing_videos, report_no_videos, report_object_folders, report_sets
from lvos_eval.submission.check_frame_numbers import report_naming
from lvos_eval.submission.check_object_files import check_object_files
from lvos_eval.submission.frame_numbering import Naming, NamingRule, find_naming
from lvos_eval.submission.listing import Submission
from lvos_eval.submission.object_folders import find_object_folders
from lvos_eval.submission.restoration import FILL_MISSING, Restorations, Way, rename_by
from lvos_eval.submission.source import MaskFiles

__all__ = ["check_names"]

_OWN: Final = NamingRule(1, 0)
_SHOWN: Final = 8
"""Names of one kind that a message lists."""


def check_names(
    manifest: Manifest,
    submission: Submission,
    collector: ProblemCollector,
    restorations: Restorations | None = None,
    formulas: Collection[str] = (),
) -> Submission:
    """Everything that can be told without opening a mask: missing, misnamed and superfluous videos, frames and files.

    What can be done about it goes to `restorations`; where several rules of numbering fit, the one in `formulas` is followed.
    Returns the submission with each misnamed mask filed under the frame that it seems to be, so that it can be looked at too;
    masks of which the names do not tell the frame are left out.
    """
    restorations = Restorations() if restorations is None else restorations
    if submission.sets:
        report_sets(submission, collector, restorations)
        return replace(submission, masks={})
    folders = find_object_folders(manifest.videos, submission, manifest.protocol.layout)
    answered = set(folders.numbers) if folders is not None else set()
    if folders is not None:
        report_object_folders(folders, submission, collector)
    elif not submission.masks:
        if not collector.has_errors:
            report_no_videos(manifest, submission, collector)
        return submission
    videos = [video for video in manifest.videos if video.name not in answered]
    there = [video for video in videos if submission.masks.get(video.name) or submission.others.get(video.name)]
    rule = manifest.protocol.missing_videos
    if rule is not MissingVideos.REFUSED:
        # of a video that may be missing, a folder without masks says that it is not meant to be
        there = [video for video in videos if video in there or submission.has_folder(video.name)]
    absent = [video for video in videos if video not in there and video.scored]
    near = report_missing_videos(absent, submission, collector, restorations, rule)
    findings = _Findings(manifest.protocol.layout, restorations, frozenset(formulas))
    masks = {video.name: _check_video(video, submission, findings) for video in there if not video.object_folders}
    by_object = {
        video.name: check_object_files(video, submission, findings.layout, collector) for video in there if video.object_folders
    }
    findings.report(collector)
    _report_extra(manifest, submission, answered, near, collector)
    masks |= {name: {frame: tuple(files.values()) for frame, files in found.items()} for name, found in by_object.items()}
    owners = {name: {frame: tuple(files) for frame, files in found.items()} for name, found in by_object.items()}
    return replace(submission, masks={video: entries for video, entries in masks.items() if entries}, owners=owners)


@dataclass(slots=True)
class _Findings:
    """What is found in the folders of the videos, to be reported once for each cause."""

    layout: MaskLayout
    """That of all videos."""
    restorations: Restorations
    formulas: frozenset[str]
    named: list[tuple[Video, Naming]] = field(default_factory=list)
    missing: list[tuple[Video, list[int], list[str]]] = field(default_factory=list)
    """Video, frames without a mask, and files that are there instead."""
    frames: dict[str, list[int]] = field(default_factory=dict)
    """Frames without annotation by video."""
    early: list[str] = field(default_factory=list)
    """Those of them whose masks may be counted from another frame."""
    late: list[str] = field(default_factory=list)
    """Those of them whose masks may each be one annotated frame late."""
    files: dict[str, list[str]] = field(default_factory=dict)

    def report(self, collector: ProblemCollector) -> None:
        groups: dict[tuple[str, tuple[str, ...]], list[tuple[Video, Naming]]] = defaultdict(list)
        for video, naming in self.named:
            formulas = tuple(rule.formula for rule in naming.readings)
            groups[naming.in_words, (naming.prefix, *formulas)].append((video, naming))
        for members in groups.values():
            report_naming(members, self.layout.for_video(members[0][0].prefix), collector, self.restorations)
        for video, missing, unused in self.missing:
            problem = _report_missing_frames(video, missing, unused, self.layout.for_video(video.prefix), collector)
            # what lies there under another name may be the masks
            self.restorations.add(problem, [video.name], {} if unused else {FILL_MISSING: Way()})
        for doubt, videos in (
            ("", set(self.frames).difference(self.early, self.late)),
            ("early", self.early),
            ("late", self.late),
        ):
            frames = {video: found for video, found in self.frames.items() if video in videos}
            if frames:
                problem = _report_extra_frames(frames, doubt, self.layout, collector)
                rules = {"early": (_OWN, NamingRule(1, 1)), "late": (_OWN, NamingRule(1, -self.layout.step))}.get(doubt, ())
                self.restorations.add(problem, frames, {rename_by(rule.formula): Way() for rule in rules})
        if self.files:
            _report_extra_files(self.files, self.layout, collector)


def _check_video(video: Video, submission: Submission, findings: _Findings) -> Mapping[int, MaskFiles]:
    """Finds what the names in one video's folder tell; returns its masks by frame, those under other names included."""
    masks = submission.masks.get(video.name, {})
    others = submission.others.get(video.name, {})
    layout = findings.layout.for_video(video.prefix)
    found, unused, annotated = dict(masks), list(others), video.annotated
    if any(frame not in masks for frame in video.scored):
        entries = {f"{layout.name(frame)}.png": files for frame, files in masks.items()}
        entries |= {name: (entry,) for name, entry in others.items()}
        naming = find_naming(entries, _pictures(video, layout), video.scored, layout)
        if naming is not None:
            naming = naming.chosen(findings.formulas)
            findings.named.append((video, naming))
            listed_names = set(naming.names)
            unused = [name for name in unused if name not in listed_names]
            found = {frame: files for frame, files in masks.items() if f"{layout.name(frame)}.png" not in listed_names}
            if naming.rule is None:
                return {}
            for name, number in zip(naming.names, naming.numbers, strict=True):
                frame = naming.rule.frame(number)
                if frame in annotated:
                    found.setdefault(frame, entries[name])
    missing = [frame for frame in video.scored if frame not in found]
    found = _doubted(found, annotated, missing, findings)
    if missing:
        # they may be the missing masks, which nobody should be told to leave out
        findings.missing.append((video, missing, unused))
    elif unused:
        findings.files[video.name] = unused
    extra = sorted(set(found) - annotated)
    if extra:
        findings.frames[video.name] = extra
        if not missing and not findings.formulas:
            if _is_counted_from_0(found, annotated, layout):
                findings.early.append(video.name)
            elif _is_late(found, annotated, layout):
                findings.late.append(video.name)
    return found


def _doubted(
    found: Mapping[int, MaskFiles], annotated: frozenset[int], missing: Sequence[int], findings: _Findings
) -> dict[int, MaskFiles]:
    """The masks by frame, moved where their numbers may be meant otherwise and somebody has said so."""
    layout = findings.layout
    offset = 0
    if not missing and found.keys() - annotated:
        offset = 1 if _is_counted_from_0(found, annotated, layout) else -layout.step if _is_late(found, annotated, layout) else 0
    if NamingRule(1, offset).formula not in findings.formulas:
        return dict(found)
    return {frame + offset: files for frame, files in found.items()}


def _pictures(video: Video, layout: MaskLayout) -> list[int]:
    """The annotated frames and those after them that the metadata counts."""
    spans = (item.range for item in video.objects)
    beyond = {span.start + layout.step * k for span in spans for k in range(len(span.frames), span.frame_nums)}
    return sorted(beyond | video.annotated)


def _is_counted_from_0(found: Mapping[int, MaskFiles], annotated: frozenset[int], layout: MaskLayout) -> bool:
    """Whether every frame has a mask, from a frame 0 on that does not exist where frames count from 1."""
    return 0 in found and min(annotated) % layout.step == 1 and max(found) == len(found) - 1


def _is_late(found: Mapping[int, MaskFiles], annotated: frozenset[int], layout: MaskLayout) -> bool:
    """Whether every frame has a mask but the first, which has been given, and there is one of the frame after the last."""
    return set(found) == {frame + layout.step for frame in annotated}


def _report_missing_frames(
    video: Video, missing: Sequence[int], unused: Sequence[str], layout: MaskLayout, collector: ProblemCollector
) -> Problem:
    have = "has" if len(missing) == 1 else "have"
    message = f"{len(missing)} of {counted(len(video.scored), 'scored frame')} {have} no mask"
    if unused:
        message += f"; the folder also holds {counted(len(unused), 'file')} not named as a mask: {listed(unused)}"
    return collector.add(
        "missing-frame",
        f"{message}.",
        f"write a mask for every scored frame, named by {layout.digits_of('its')} and .png, all 0 where no object is visible.",
        video=video.name,
        frames=missing,
    )


def _report_extra_frames(
    found: Mapping[str, Sequence[int]], doubt: str, layout: MaskLayout, collector: ProblemCollector
) -> Problem:
    number = sum(map(len, found.values()))
    one, several = number == 1, len(found) > 1
    message = f"no object is annotated in {'this frame' if one else 'these frames'}; ignored"
    if several:
        where = [f"{video} {frame_ranges(frames, layout.digits)}" for video, frames in list(found.items())[:_SHOWN]]
        more = f", and {len(found) - _SHOWN} more videos" if len(found) > _SHOWN else ""
        message = f"{counted(number, 'mask')} of frames where no object is annotated, ignored: {'; '.join(where)}{more}"
    fix = f"leave {'it' if one else 'them'} out."
    if doubt == "early":
        message += (
            f". Frames count from {layout.name(1)}, but there is a mask {layout.name(0)}.png: if that is of the first frame, "
            "each is one early"
        )
        name = f'f"{{n + 1:0{layout.digits}d}}.png"'
        fix = f"if so, copy each into a new folder, where its name has the number n as {name}; else leave them out."
    elif doubt == "late":
        message += (
            ". The first annotated frame has no mask, and there is one of a frame after the last: if that is of the last frame, "
            "each mask is one annotated frame late"
        )
        fix = (
            "if so, copy each into a new folder, where its name has the number n as "
            f'f"{{n - {layout.step}:0{layout.digits}d}}.png"; else leave them out.'
        )
    video = None if several else next(iter(found))
    return collector.add(
        "extra-frame", f"{message}.", fix, video=video, frames=() if several else found[str(video)], usual=not doubt
    )


def _report_extra_files(found: Mapping[str, Sequence[str]], layout: MaskLayout, collector: ProblemCollector) -> None:
    several = len(found) > 1
    names = [f"{video}/{name}" if several else name for video, files in found.items() for name in files]
    collector.add(
        "extra-file",
        f"{counted(len(names), 'file')} not named as a mask, ignored: {listed(names, _SHOWN)}.",
        f"leave {'it' if len(names) == 1 else 'them'} out; a mask is named by {layout.digits_of('the')} of its frame and .png.",
        video=None if several else next(iter(found)),
    )


def _report_extra(
    manifest: Manifest, submission: Submission, answered: set[str], explained: set[str], collector: ProblemCollector
) -> None:
    """Reports what lies in no folder of a video; `explained` are folders and places that another problem is about."""
    known = {video.name.lower(): video.name for video in manifest.videos}
    foreign = [
        name
        for name in submission.extra_videos
        if name not in explained and not (answered and name.rpartition("_")[0] in answered)
    ]
    if foreign:
        names = [
            f"{name} (the metadata has {known[name.lower()]}, which differs in capitals)" if name.lower() in known else name
            for name in foreign
        ]
        one = len(foreign) == 1
        collector.add(
            "extra-video",
            f"{counted(len(foreign), 'folder')} {'is not a video' if one else 'are not videos'} of the metadata, ignored: "
            f"{listed(names, _SHOWN)}.",
            f"leave {'it' if one else 'them'} out.",
            video=foreign[0] if one else None,
        )
    files = submission.extra_files if submission.masks else ()
    files = tuple(path for path in files if not any(part in explained for part in path.split("/")[:-1]))
    if files:
        collector.add(
            "extra-file",
            f"{counted(len(files), 'file')} in no folder of a video, ignored: {listed(files, _SHOWN)}.",
            f"leave {'it' if len(files) == 1 else 'them'} out.",
        )
