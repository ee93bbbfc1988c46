"""Reading a data set that names its videos in lists, as DAVIS does: `ImageSets/2017/val.txt`, one video a line.

Every annotation file is a frame; the objects of a video are all labels from 1 to the highest one of its first frame, so that a
gap is an object too, which never has a pixel. Videos stay in the order of the list, in which the official means are summed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.diagnostics.text import counted, listed, printable
from lvos_eval.formats.files import read_file
from lvos_eval.formats.litter import is_litter
from lvos_eval.formats.mask_issues import LabelMapError, MaskError, Unreadable
from lvos_eval.formats.png import decode_labels, parse_png
from lvos_eval.formats.text_files import DocumentError, read_text
from lvos_eval.protocols.contract import VOID_LABEL, EvaluationProtocol, MaskLayout
from lvos_eval.protocols.frames import FrameList
from lvos_eval.reference.exclusions import excluded_frames
from lvos_eval.reference.ground_truth import GROUND_TRUTH_BYTES
from lvos_eval.reference.manifest import Manifest, Video, VideoObject
from lvos_eval.reference.settings import SETTINGS_FILE, ScoringRules
from lvos_eval.reference.video_lists import VIDEO_NAME

__all__ = ["fits_image_sets", "read_image_set"]

_USUAL: Final = "val"


def read_image_set(
    reference: Path, rules: ScoringRules, protocol: EvaluationProtocol, collector: ProblemCollector, _: bool
) -> Manifest | None:
    """The videos of one list of a data set: `val` where none is asked for, or the only one there is."""
    before = len(collector)
    try:
        path = _find_list(reference, rules.image_set, protocol.layout)
        names = _read_names(path)
    except ReferenceDataError as fault:
        collector.extend(fault.problems)
        return None
    reader = _Reader(reference, rules, protocol, collector)
    videos = tuple(video for name in names if (video := reader.read(name)) is not None)
    for name in sorted(set(rules.exclude) - set(names)):
        message = f"`exclude` names a video that {path.name} does not have"
        collector.error("settings", message, f"correct it in {SETTINGS_FILE}", video=name)
    if len(collector) == before and not any(item.scored.length for video in videos for item in video.objects):
        collector.error("metadata", f"no video of {path.name} has a scored frame", "list longer videos")
    annotations = reference / protocol.layout.annotations
    folders = {entry.name for entry in annotations.iterdir() if entry.is_dir()} if annotations.is_dir() else set()
    unlisted = frozenset(folders) - {video.name for video in videos}
    named = replace(rules, image_set=path.stem)
    return Manifest(reference, path.name, videos, named, unlisted, tuple(reader.warnings), declares_objects=False)


def fits_image_sets(reference: Path, layout: MaskLayout) -> bool:
    """Whether there is a list whose first video has masks that are named as they should be."""
    mask = _mask_name(layout)
    for path in sorted((reference / layout.image_sets).glob("*.txt")):
        try:
            folder = reference / layout.annotations / _read_names(path)[0]
            if any(mask.fullmatch(entry.name) for entry in folder.iterdir()):
                return True
        except (ReferenceDataError, OSError):
            continue
    return False


def _mask_name(layout: MaskLayout) -> re.Pattern[str]:
    """The names of masks, in two parts: what comes before the digits, and those."""
    prefix = "(.*?)" if layout.own_prefixes else f"({re.escape(layout.prefix)})"
    return re.compile(rf"{prefix}([0-9]{{{layout.digits}}})\.png")


def _find_list(reference: Path, name: str | None, layout: MaskLayout) -> Path:
    folders = [reference / folder for folder in (layout.image_sets, layout.newer_image_sets) if folder]
    lists = {path.stem: path for folder in folders for path in sorted(folder.glob("*.txt")) if not is_litter(path.name)}
    where = " or ".join(printable(str(folder)) for folder in folders)
    if not lists:
        holds = f"{layout.image_sets}/ and {layout.annotations}/"
        fix = f"give the root of the data set, the folder that holds {holds}"
        raise ReferenceDataError.single("metadata", f"there is no list of videos in {where}", fix)
    chosen = name or (_USUAL if _USUAL in lists or len(lists) > 1 else next(iter(lists)))
    if chosen not in lists:
        message = f"there is no list {printable(chosen)}.txt in {where}"
        raise ReferenceDataError.single("metadata", message, f"use --set with one of: {', '.join(sorted(lists))}")
    return lists[chosen]


def _read_names(path: Path) -> list[str]:
    """The videos of a list, in its order; blank lines and spaces around a name are nothing."""
    try:
        names = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    except DocumentError as fault:
        raise ReferenceDataError.single("list", f"{path.name} {fault}", fault.fix) from None
    wrong = [printable(name) for name in names if not VIDEO_NAME.fullmatch(name)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    found = ""
    if wrong:
        found = f"holds what is not the name of a video: {listed(wrong)}"
    elif twice:
        found = f"names {listed(twice)} twice"
    elif not names:
        found = "is empty"
    if found:
        raise ReferenceDataError.single("list", f"{path.name} {found}", "write the name of each video once, one per line")
    return names


class _Reader:
    """Looks at the annotations of one video after the other; every problem on the way goes to the collector."""

    def __init__(self, reference: Path, rules: ScoringRules, protocol: EvaluationProtocol, collector: ProblemCollector) -> None:
        self._root = reference / protocol.layout.annotations
        self._rules = rules
        self._protocol = protocol
        self._mask = _mask_name(protocol.layout)
        self._collector = collector
        self.warnings: list[str] = []

    def read(self, name: str) -> Video | None:
        """A video with its objects; None where there is nothing to go on with, or no object."""
        folder = self._root / name
        if not folder.is_dir():
            message = f"no folder {self._protocol.layout.annotations}/{name}"
            self._collector.error("ground-truth", message, "add its masks", video=name)
            return None
        masks = sorted(path.name for path in folder.glob("*.png") if not is_litter(path.name))
        layout = self._protocol.layout
        matches = [self._mask.fullmatch(mask) for mask in masks]
        prefixes = {match[1] for match in matches if match}
        misnamed = [mask for mask, match in zip(masks, matches, strict=True) if not match]
        if misnamed or len(prefixes) != 1:
            found = f"masks under other names: {listed(map(printable, misnamed))}" if misnamed else "no mask"
            if len(prefixes) > 1:
                found = f"masks whose names begin differently: {listed(sorted(map(printable, prefixes)))}"
            fix = f"name masks by {layout.digits_of('the')} of their frames and .png"
            self._collector.error("ground-truth", found, fix, video=name)
            return None
        (prefix,) = prefixes
        frames = FrameList(tuple(int(match[2]) for match in matches if match))
        highest = self._highest_label(name, folder / masks[0])
        if not highest:
            return None
        excluded, idle = excluded_frames(self._rules.exclude.get(name, ()), frozenset(frames.frames))
        for run in idle:
            message = f"{SETTINGS_FILE}: `exclude` names {run.name(layout)}, which is not a frame"
            self._collector.error("settings", message, "correct or delete it", video=name)
        scored = self._protocol.frame_rule.scored(frames, excluded)
        if not scored.length:
            self.warnings.append(f"{name}: none of its {counted(len(frames.frames), 'frame')} is scored; the video is left out")
        objects = tuple(VideoObject(label, frames, scored) for label in range(1, highest + 1))
        group = self._protocol.summary.groups[0]
        return Video(name, objects, group, excluded=excluded, prefix=prefix if layout.own_prefixes else None)

    def _highest_label(self, name: str, mask: Path) -> int:
        """The highest label of a mask but for void; 0 where there is none or it cannot be read."""
        try:
            header, pixels = parse_png(read_file(str(mask), GROUND_TRUTH_BYTES))
            if not header.kind.is_indexed:
                raise LabelMapError(Unreadable(f"{header.kind} instead of one label per pixel"))
            labels = decode_labels(header, pixels)
        except (MaskError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            message = f"the first mask, {mask.name}, cannot be used ({reason})"
            self._collector.error("ground-truth", message, "put an indexed PNG there", video=name)
            return 0
        highest = int(labels[labels != VOID_LABEL].max(initial=0))
        if not highest:
            self.warnings.append(f"{name}: the first mask holds no object; the video is left out")
        return highest
