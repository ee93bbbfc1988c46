"""What one video of one submission came to, as the bytes that are kept of it, and back.

They end with a checksum over themselves, so damage is noticed. A checksum can be made for anything, so what is read is also
checked for its kind, and for what its video can have.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final

import numpy as np

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
from lvos_eval.formats.mask_values import MaskValues
from lvos_eval.masks.packed import FrameSize
from lvos_eval.protocols.contract import EvaluationProtocol, Measures, MissingVideos, Pairing
from lvos_eval.reference.manifest import Video
from lvos_eval.scoring.results import ObjectFrame
from lvos_eval.submission.mask_findings import VideoFindings

__all__ = ["StoredVideo", "decode", "encode", "fits"]

_MAGIC: Final = b"lvos-eval video 4\n"
_CHECKSUM_BYTES: Final = 32
_ROW: Final = np.dtype(
    [("id", "u1"), ("frame", "<u4"), ("j", "<f8"), ("f", "<f8"), ("visible", "u1"), ("proposal", "<i2"), ("adapted", "<f8")]
)
_NO_PROPOSAL: Final = -1
_MAX_LABEL: Final = 255
_LONGEST_SIDE: Final = 1 << 31


@dataclass(frozen=True, slots=True)
class StoredVideo:
    """What one video of one submission came to: the values that count, and what its masks showed."""

    values: Sequence[ObjectFrame]
    findings: VideoFindings


def encode(key: str, video: StoredVideo) -> bytes:
    """The entry of a key."""
    rows = np.array(
        [
            (
                v.object_id,
                v.frame,
                v.region_similarity,
                v.contour_accuracy,
                v.visible,
                _NO_PROPOSAL if v.proposal is None else v.proposal,
                math.nan if v.adapted_accuracy is None else v.adapted_accuracy,
            )
            for v in sorted(video.values)
        ],
        _ROW,
    )
    header = {"key": key, "rows": len(rows), "findings": _findings_to_json(video.findings)}
    content = _MAGIC + json.dumps(header).encode() + b"\n" + rows.tobytes()
    return content + hashlib.sha256(content).digest()


def decode(key: str, data: bytes) -> StoredVideo | None:
    """What an entry holds; None unless the checksum holds, the entry is that of the key, and everything in it is of its kind."""
    content, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    if not content.startswith(_MAGIC) or hashlib.sha256(content).digest() != checksum:
        return None
    line, _, packed = content[len(_MAGIC) :].partition(b"\n")
    try:
        header = json.loads(line)
        findings = _findings_from_json(header["findings"])
        if header["key"] != key or header["rows"] * _ROW.itemsize != len(packed):
            return None
        if not _is_sound(findings) or json.dumps(_findings_to_json(findings)) != json.dumps(header["findings"]):
            return None
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError):
        # a right checksum over something that no run has written
        return None
    rows = np.frombuffer(packed, _ROW)
    values = [
        ObjectFrame(
            object_id,
            frame,
            j,
            f,
            bool(visible),
            None if proposal == _NO_PROPOSAL else proposal,
            None if math.isnan(adapted) else adapted,
        )
        for object_id, frame, j, f, visible, proposal, adapted in rows.tolist()
    ]
    return StoredVideo(values, findings)


def _is_sound(findings: VideoFindings) -> bool:
    """Whether everything is of its kind: what was read from JSON may be anything."""
    labels = [*findings.present, *findings.unknown_pixels, *findings.inspected]
    frames = [frame for found in (*findings.issues.values(), *findings.unknown_frames.values()) for frame in found]
    counts = [findings.labelled_pixels, findings.background_pixels]
    counts += [*findings.unknown_pixels.values(), *findings.inspected.values()]
    return (
        all(type(label) is int and 0 <= label <= _MAX_LABEL for label in labels)
        and all(type(number) is int and number >= 0 for number in [*frames, *counts])
        and all(_are_sound_values(found) for found in findings.values)
    )


def _are_sound_values(found: MaskValues) -> bool:
    """Whether there are three bytes for each colour, of each sample where a mask has a palette."""
    if len(found.palette) not in (0, 3 * len(found.samples)):
        return False
    return not found.kind.has_colours or len(found.samples) % 3 == 0


def fits(entry: StoredVideo, video: Video, protocol: EvaluationProtocol, scored: bool) -> bool:
    """Whether an entry is one that the video can have: a value from 0 to 1 for each object and frame, if it was scored."""
    findings = entry.findings
    labels, proposals = protocol.labels(video.ids), protocol.proposals(len(video.objects))
    many = protocol.pairing is Pairing.ASSIGNMENT
    frames = set(video.scored)
    found = set[int]().union(*findings.issues.values(), *findings.unknown_frames.values())
    asked = [(item.object_id, frame) for item in video.objects for frame in item.scored.frames]
    absent = protocol.missing_videos is not MissingVideos.REFUSED and not (entry.values or findings.inspected)
    wanted = sorted(asked) if scored and not (findings.issues or absent) else []
    return (
        found <= frames
        and findings.present <= set(labels)
        and findings.inspected.keys() <= set(video.ids)
        and sorted((value.object_id, value.frame) for value in entry.values) == wanted
        and all(_is_value(value.region_similarity) and _is_value(value.contour_accuracy) for value in entry.values)
        and all(_is_adapted(value.adapted_accuracy, protocol) for value in entry.values)
        and all((value.proposal in proposals) if many else value.proposal is None for value in entry.values)
    )


def _is_adapted(value: float | None, protocol: EvaluationProtocol) -> bool:
    if protocol.measures is Measures.STANDARD:
        return value is None
    return value is not None and _is_value(value)


def _is_value(value: float) -> bool:
    return math.isfinite(value) and 0 <= value <= 1


def _findings_to_json(findings: VideoFindings) -> dict[str, Any]:
    return {
        "issues": sorted(([*_issue_to_json(issue), sorted(frames)] for issue, frames in findings.issues.items()), key=json.dumps),
        "present": sorted(findings.present),
        "unknown": [
            [label, pixels, sorted(findings.unknown_frames[label])] for label, pixels in sorted(findings.unknown_pixels.items())
        ],
        "inspected": sorted(findings.inspected.items()),
        "labelled_pixels": findings.labelled_pixels,
        "background_pixels": findings.background_pixels,
        "values": [[found.kind, found.samples.hex(), found.palette.hex()] for found in sorted(findings.values)],
    }


def _findings_from_json(content: dict[str, Any]) -> VideoFindings:
    return VideoFindings(
        defaultdict(set, {_issue_from_json(name, fields): set(frames) for name, *fields, frames in content["issues"]}),
        set(content["present"]),
        Counter({label: pixels for label, pixels, _ in content["unknown"]}),
        defaultdict(set, {label: set(frames) for label, _, frames in content["unknown"]}),
        Counter(dict(content["inspected"])),
        content["labelled_pixels"],
        content["background_pixels"],
        {
            MaskValues(ImageKind(kind), bytes.fromhex(samples), bytes.fromhex(palette))
            for kind, samples, palette in content["values"]
        },
    )


def _text(content: Any) -> str:
    if type(content) is not str:
        raise TypeError
    return content


def _text_or_none(content: Any) -> str | None:
    return None if content is None else _text(content)


def _size(content: Any) -> FrameSize:
    size = FrameSize(*content)
    if not all(type(side) is int and 0 < side < _LONGEST_SIDE for side in size):
        raise ValueError
    return size


def _labels(content: Any) -> tuple[int, ...]:
    # of a number, `bytes` would make so many zeros
    return tuple(bytes([*content]))


_ISSUES: Final[dict[str, tuple[Callable[..., MaskIssue], tuple[Callable[[Any], Any], ...]]]] = {
    "Unreadable": (Unreadable, (_text,)),
    "NotPng": (NotPng, (_text_or_none,)),
    "TooLarge": (TooLarge, (_text,)),
    "DamagedMember": (DamagedMember, (_text,)),
    "WrongSize": (WrongSize, (ImageKind, _size, _size)),
    "NotIndexed": (NotIndexed, (ImageKind,)),
    "NotSalient": (NotSalient, (_labels,)),
    "NotLabels": (NotLabels, (_text,)),
    "Overlap": (Overlap, ()),
    "NotBinary": (NotBinary, (_labels,)),
}
"""The issues by the names of their classes, with what makes a field of its JSON; that raises for anything else."""


def _issue_to_json(issue: MaskIssue) -> list[Any]:
    return [type(issue).__name__, *astuple(issue)]


def _issue_from_json(name: str, content: Sequence[Any]) -> MaskIssue:
    kind, readers = _ISSUES[name]
    return kind(*(read(item) for read, item in zip(readers, content, strict=True)))
