"""What can be wrong with a submission or with reference data, as data.

A `Problem` says what, where, why and how to mend it. Every code that one can have is in a catalogue here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

__all__ = [
    "REFERENCE_CODES",
    "SUBMISSION_CODES",
    "Problem",
    "Severity",
    "frame_ranges",
    "needed_imports",
    "submission_codes",
]

_USUAL_STEPS: Final = (1, 5)
"""From one annotated frame to the next."""


class Severity(StrEnum):
    """Whether a problem makes the submission invalid."""

    ERROR = "error"
    WARNING = "warning"


SUBMISSION_CODES: Final[dict[str, tuple[Severity, str]]] = {
    "not-an-archive": (Severity.ERROR, "the submission is neither a zip nor a folder"),
    "archive-encrypted": (Severity.ERROR, "members of the zip are encrypted"),
    "archive-unsupported": (Severity.ERROR, "members use a compression other than stored or deflated"),
    "archive-damaged": (Severity.ERROR, "the zip's directory or a member's checksum is wrong"),
    "archive-unsafe-path": (Severity.ERROR, "absolute paths, `..`, backslashes, drives, links or devices"),
    "archive-duplicate": (Severity.ERROR, "two members for one path, or for one mask (names compared without case)"),
    "archive-too-large": (Severity.ERROR, "over the limits on members, unpacked bytes or compression ratio"),
    "platform-file": (Severity.ERROR, "`metadata` or `metadata.yaml` at the top of a zip, which Codabench takes for a program"),
    "no-videos": (Severity.ERROR, "no folder with a known video id"),
    "two-sets": (Severity.ERROR, "two sets of masks for the same videos, one at the top and one in a folder, or in two folders"),
    "missing-video": (Severity.ERROR, "a video that is scored has no folder"),
    "missing-frame": (Severity.ERROR, "a scored frame has no mask"),
    "misnamed-frames": (Severity.ERROR, "masks under other names than those of their frames"),
    "unreadable-mask": (Severity.ERROR, "not a PNG, cut short, checksum error, or larger than allowed"),
    "not-indexed": (Severity.ERROR, "RGB(A), 16-bit or two-channel image instead of one label per pixel"),
    "palette-lost": (Severity.ERROR, "grey values of a palette, or 255 for the only object, instead of ids"),
    "ids-encoded": (
        Severity.ERROR,
        "values or folders that are not the ids but explain themselves: scaled, renumbered, one folder per object",
    ),
    "nothing-predicted": (Severity.ERROR, "no object has a pixel in any scored frame of any video"),
    "not-salient": (Severity.ERROR, "a salient map with other values than 0 and 1, 0 and 255, or shades of grey"),
    "not-binary": (Severity.ERROR, "a mask of one object with more than two values"),
    "too-many-proposals": (Severity.ERROR, "labels above 20 in the multi-object unsupervised task"),
    "wrong-size": (Severity.ERROR, "the mask's size is not the ground truth's"),
    "unknown-object": (Severity.WARNING, "a pixel value that is not a declared id of the video (error with `--strict`)"),
    "absent-object": (Severity.WARNING, "a declared object has no pixel in any of its scored frames"),
    "extra-video": (Severity.WARNING, "folders that are not videos of the metadata; ignored"),
    "extra-frame": (Severity.WARNING, "a frame outside the range of every object; ignored"),
    "extra-file": (Severity.WARNING, "any other file; ignored"),
    "size-limit": (Severity.WARNING, "larger than platforms are known to accept"),
}
"""Every code that a submission can earn: its severity and when it is found. Errors come first."""

REFERENCE_CODES: Final[dict[str, tuple[Severity | None, str]]] = {
    "settings": (None, "`scoring.yaml` does not say what it is meant to say"),
    "metadata": (None, "videos, objects or ranges in the metadata that cannot be scored, or that contradict each other"),
    "list": (None, "a list of videos that is not there, or does not fit the metadata"),
    "ground-truth": (None, "masks that are not there, cannot be read or do not fit the metadata"),
}
"""Every code that reference data can earn; None, as one code has errors and warnings."""


def submission_codes(*, strict: bool, may_lack_videos: bool = False) -> Mapping[str, tuple[Severity, str]]:
    """The codes of submissions; a `strict` check takes labels that are no objects for an error.

    Where a submission `may_lack_videos`, that is a warning.
    """
    found = dict(SUBMISSION_CODES)
    if strict:
        found["unknown-object"] = Severity.ERROR, found["unknown-object"][1]
    if may_lack_videos:
        found["missing-video"] = Severity.WARNING, f"{found['missing-video'][1]} (error with `--strict`)"
    return found


_ORDER: Final = {code: position for position, code in enumerate(SUBMISSION_CODES)}


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: `frames` are the numbers of the frames it concerns, () for a whole video or the whole submission."""

    code: str
    severity: Severity
    video: str | None
    frames: tuple[int, ...]
    message: str
    fix: str
    digits: int = 8
    """Of a frame in the names of masks."""
    usual: bool = False
    """Whether most valid submissions have it: nobody has to do anything."""

    @property
    def frame_ranges(self) -> str:
        """Its frames as compact text."""
        return frame_ranges(self.frames, self.digits)

    def to_json(self) -> dict[str, Any]:
        """As documents hold it."""
        content = asdict(self)
        del content["digits"], content["usual"]
        return content

    @property
    def sort_key(self) -> tuple[bool, int, str, str, tuple[int, ...], str]:
        """Errors first, then the catalogue's order, then video: independent of the order of discovery."""
        rank = _ORDER.get(self.code, len(_ORDER))
        return (self.severity is not Severity.ERROR, rank, self.code, self.video or "", self.frames, self.message)


def frame_ranges(frames: Sequence[int], digits: int = 8) -> str:
    """Sorted frame numbers as compact text: `00000006-00000206 (41 frames), 00000301`."""
    runs: list[list[int]] = []
    step = 0
    for frame in frames:
        gap = frame - runs[-1][1] if runs else 0
        if gap and (gap == step or (runs[-1][2] == 1 and gap in _USUAL_STEPS)):
            step = gap
            runs[-1][1] = frame
            runs[-1][2] += 1
        else:
            step = 0
            runs.append([frame, frame, 1])
    texts = [
        f"{first:0{digits}d}" if count == 1 else f"{first:0{digits}d}-{last:0{digits}d} ({count} frames)"
        for first, last, count in runs
    ]
    shown = texts[:6]
    if len(texts) > len(shown):
        rest = sum(run[2] for run in runs[len(shown) :])
        shown.append(f"and {rest} more")
    return ", ".join(shown)


_IMPORTED: Final = re.compile(r"\b(cv2|numpy|PIL\.Image)\.\w")


def needed_imports(problems: Iterable[Problem]) -> str | None:
    """`import numpy, PIL.Image`: what Python in the fixes needs before it; None where there is none, or it imports by itself."""
    fixes = (problem.fix for problem in problems if "import " not in problem.fix)
    modules = sorted({name for fix in fixes for name in _IMPORTED.findall(fix)}, key=str.lower)
    return f"import {', '.join(modules)}" if modules else None
