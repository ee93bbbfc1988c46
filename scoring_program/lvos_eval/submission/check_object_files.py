"""What the names of files tell in a video whose objects have folders of their own: missing and superfluous masks."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.text import counted, in_natural_order, listed
from lvos_eval.protocols.contract import MaskLayout
from lvos_eval.reference.manifest import Video
from lvos_eval.submission.listing import Submission
from lvos_eval.submission.source import Entry

__all__ = ["check_object_files"]

_SHOWN: Final = 8


def check_object_files(
    video: Video, submission: Submission, layout: MaskLayout, collector: ProblemCollector
) -> Mapping[int, Mapping[int, Entry]]:
    """The files of the scored objects by frame and object id; everything missing or superfluous goes to the collector."""
    pattern = re.compile(rf"([0-9]{{3}})/([0-9]{{{layout.digits}}})\.png", re.IGNORECASE)
    wanted = {item.object_id: frozenset(item.scored.frames) for item in video.objects}
    found: defaultdict[int, dict[int, Entry]] = defaultdict(dict)
    folders: set[str] = set()
    extra: defaultdict[int, list[int]] = defaultdict(list)
    # a label map lies where the folders of the objects should be
    other = [f"{layout.name(frame)}.png" for frame in sorted(submission.masks.get(video.name, {}))]
    for name, entry in submission.others.get(video.name, {}).items():
        match = pattern.fullmatch(name)
        if match is None:
            other.append(name)
        elif int(match[1]) not in wanted:
            folders.add(match[1])
        elif int(match[2]) in wanted[int(match[1])]:
            found[int(match[2])][int(match[1])] = entry
        else:
            extra[int(match[1])].append(int(match[2]))
    for item in video.objects:
        folder = f"{layout.object_name(item.object_id)}/"
        missing = [frame for frame in item.scored.frames if item.object_id not in found[frame]]
        if missing:
            have = "has" if len(missing) == 1 else "have"
            message = f"{len(missing)} of {counted(len(item.scored.frames), 'scored frame')} of {folder} {have} no mask"
            if other:
                message += f"; the folder of the video also holds {listed(other, _SHOWN)}"
            fix = (
                f"write {video.name}/{folder} with a mask for every scored frame, named by {layout.digits_of('its')} "
                "and .png, all 0 where the object is not visible."
            )
            collector.add("missing-frame", f"{message}.", fix, video=video.name, frames=missing)
        beyond = sorted(set(extra[item.object_id]) - set(item.range.frames))
        if beyond:
            message = f"{folder} has {counted(len(beyond), 'mask')} of frames in which the object is not annotated; ignored."
            collector.add("extra-frame", message, "leave them out.", video=video.name, frames=beyond)
    for names, what in ((in_natural_order(folders), "folder of no object"), (other, "file in no folder of an object")):
        if names:
            kind, _, place = what.partition(" ")
            message = f"{counted(len(names), kind)} {place}, ignored: {listed(names, _SHOWN)}."
            collector.add("extra-file", message, "leave them out.", video=video.name)
    # in one order, whatever that of the files is
    return {frame: dict(sorted(files.items())) for frame, files in sorted(found.items()) if files}
