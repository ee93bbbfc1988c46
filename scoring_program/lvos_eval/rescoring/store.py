"""What is kept of every scored video of every submission, so that no mask is scored twice.

An entry is found by a key of everything that its values depend on (see `cache_keys`), so a stale one is never found. It is
written atomically and ends with a checksum over itself, so a torn or damaged one is noticed and computed anew. A checksum can be
made for anything, so an entry is also checked for what its video can have. Entries tell J and F of each frame: the store is as
secret as the ground truth.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from lvos_eval.diagnostics.errors import RunStoppedError, UsageError
from lvos_eval.diagnostics.problems import SUBMISSION_CODES
from lvos_eval.diagnostics.text import printable
from lvos_eval.execution.locks import lock
from lvos_eval.formats.files import read_regular, remove_unfinished, replace_bytes
from lvos_eval.formats.mask_values import MaskValues
from lvos_eval.protocols.lvos import PROPOSALS, Task
from lvos_eval.reference.dataset import Video
from lvos_eval.scoring.results import ObjectFrame
from lvos_eval.submission.mask_findings import MaskFault, VideoFindings

__all__ = ["Store", "StoredVideo", "open_store"]

_MAGIC: Final = b"lvos-eval video 2\n"
_CHECKSUM_BYTES: Final = 32
_LOCK: Final = "lock"
_ROW: Final = np.dtype([("id", "u1"), ("frame", "<u4"), ("j", "<f8"), ("f", "<f8"), ("visible", "u1"), ("proposal", "<i2")])
_NO_PROPOSAL: Final = -1
_LARGEST: Final = 1 << 28
"""Bytes; an entry has 25 for each object and frame, and some for each mask with a fault."""
_MAX_LABEL: Final = 255
_SIZES: Final = re.compile(r"[1-9][0-9]{0,9}x[1-9][0-9]{0,9} instead of [1-9][0-9]{0,9}x[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class StoredVideo:
    """What one video of one submission came to: the values that count, and what its masks showed."""

    values: Sequence[ObjectFrame]
    findings: VideoFindings


class Store:
    """A folder of entries, one file for each video of each submission, found by its key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.damaged = 0
        """Number of entries that were there and could not be used."""

    def get(self, key: str, video: Video, task: Task, *, scored: bool) -> StoredVideo | None:
        """The entry of a key; None where there is none, or none that can be that of the video, `scored` or checked only."""
        try:
            data = read_regular(self._path(key), _LARGEST)
        except FileNotFoundError:
            return None
        except OSError:
            data = b""
        entry = _decode(key, data)
        if entry is None or not _fits(entry, video, task, scored):
            self.damaged += 1
            return None
        return entry

    def put(self, key: str, video: StoredVideo) -> None:
        """Keeps an entry: whole and on the disk, or not at all. Raises RunStoppedError if it cannot be written."""
        path = self._path(key)
        try:
            _clear(path)
            # all that is unfinished lies in one folder, where it is found again
            replace_bytes(path, _encode(key, video), folder=self._folder, mode=0o600)
        except OSError as error:
            raise RunStoppedError(f"the store {printable(str(self._folder))} cannot be written: {error.strerror}") from error

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key[2:]


@contextmanager
def open_store(folder: Path) -> Iterator[Store]:
    """The store in a folder, made where there is none; nobody else may use it meanwhile.

    Raises UsageError if another run does, and RunStoppedError if the folder cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise RunStoppedError(f"the store {printable(str(folder))} cannot be used: {error.strerror}") from error
    try:
        try:
            lock(descriptor)
        except BlockingIOError:
            raise UsageError(
                f"another run uses the store {printable(str(folder))}: wait for it, or give this one its own with --store"
            ) from None
        with contextlib.suppress(OSError):
            remove_unfinished(folder)
        yield Store(folder)
    finally:
        # the system gives the lock back, also after a kill
        os.close(descriptor)


def _clear(path: Path) -> None:
    """Makes room for an entry where something lies that is none. Raises OSError."""
    if path.parent.exists() and not path.parent.is_dir():
        path.parent.unlink()
    path.parent.mkdir(exist_ok=True)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)


def _encode(key: str, video: StoredVideo) -> bytes:
    rows = np.array(
        [
            (
                v.object_id,
                v.frame,
                v.region_similarity,
                v.contour_accuracy,
                v.visible,
                _NO_PROPOSAL if v.proposal is None else v.proposal,
            )
            for v in sorted(video.values)
        ],
        _ROW,
    )
    header = {"key": key, "rows": len(rows), "findings": _findings_to_json(video.findings)}
    content = _MAGIC + json.dumps(header).encode() + b"\n" + rows.tobytes()
    return content + hashlib.sha256(content).digest()


def _decode(key: str, data: bytes) -> StoredVideo | None:
    """None unless the checksum holds, the entry is that of the key, and everything in it is of its kind."""
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
        ObjectFrame(object_id, frame, j, f, bool(visible), None if proposal == _NO_PROPOSAL else proposal)
        for object_id, frame, j, f, visible, proposal in rows.tolist()
    ]
    return StoredVideo(values, findings)


def _is_sound(findings: VideoFindings) -> bool:
    """Whether everything is of its kind: what was read from JSON may be anything."""
    labels = [*findings.present, *findings.unknown_pixels, *findings.inspected]
    frames = [fault.frame for fault in findings.faults] + [frame for found in findings.unknown_frames.values() for frame in found]
    counts = [findings.labelled_pixels, findings.background_pixels]
    counts += [*findings.unknown_pixels.values(), *findings.inspected.values()]
    return (
        all(type(label) is int and 0 <= label <= _MAX_LABEL for label in labels)
        and all(type(number) is int and number >= 0 for number in [*frames, *counts])
        and all(_is_sound_fault(fault) for fault in findings.faults)
        and all(_are_sound_values(found) for found in findings.values)
    )


def _is_sound_fault(fault: MaskFault) -> bool:
    if fault.code not in SUBMISSION_CODES or type(fault.detail) is not str:
        return False
    return fault.code != "wrong-size" or _SIZES.fullmatch(fault.detail) is not None


def _are_sound_values(found: MaskValues) -> bool:
    """Whether there are three bytes for each colour, of each sample where a mask has a palette."""
    if type(found.kind) is not str or len(found.palette) not in (0, 3 * len(found.samples)):
        return False
    return not found.kind.startswith("RGB") or len(found.samples) % 3 == 0


def _fits(entry: StoredVideo, video: Video, task: Task, scored: bool) -> bool:
    """Whether an entry is one that the video can have: a value from 0 to 1 for each object and frame, if it was scored."""
    findings = entry.findings
    many = task is Task.UNSUPERVISED_MULTIPLE
    frames = set(video.scored)
    found = {fault.frame for fault in findings.faults}.union(*findings.unknown_frames.values())
    asked = [(item.object_id, frame) for item in video.objects for frame in item.scored.frames]
    wanted = sorted(asked) if scored and not findings.faults else []
    return (
        found <= frames
        and findings.present <= set(PROPOSALS if many else video.ids)
        and findings.inspected.keys() <= set(video.ids)
        and sorted((value.object_id, value.frame) for value in entry.values) == wanted
        and all(_is_value(value.region_similarity) and _is_value(value.contour_accuracy) for value in entry.values)
        and all((value.proposal in PROPOSALS) if many else value.proposal is None for value in entry.values)
    )


def _is_value(value: float) -> bool:
    return math.isfinite(value) and 0 <= value <= 1


def _findings_to_json(findings: VideoFindings) -> dict[str, Any]:
    faults = sorted(findings.faults, key=lambda fault: (fault.frame, fault.code, fault.detail))
    return {
        "faults": [[fault.code, fault.frame, fault.detail] for fault in faults],
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
        [MaskFault(code, frame, detail) for code, frame, detail in content["faults"]],
        set(content["present"]),
        Counter({label: pixels for label, pixels, _ in content["unknown"]}),
        defaultdict(set, {label: set(frames) for label, _, frames in content["unknown"]}),
        Counter(dict(content["inspected"])),
        content["labelled_pixels"],
        content["background_pixels"],
        {MaskValues(kind, bytes.fromhex(samples), bytes.fromhex(palette)) for kind, samples, palette in content["values"]},
    )
