"""What is kept of every scored video of every submission, so that no mask is scored twice.

An entry is found by a key of everything that its values depend on (see `identity`), so a stale one is never found. It is written
atomically and ends with a checksum over itself, so a torn or damaged one is noticed and computed anew. Entries tell J and F of
each frame: the store is as secret as the ground truth.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from lvos_eval.comparisons import ObjectFrame
from lvos_eval.faults import Stopped, UsageFault
from lvos_eval.findings import MaskFault, MaskValues, VideoFindings

__all__ = ["Store", "StoredVideo", "open_store"]

_MAGIC: Final = b"lvos-eval video 2\n"
_CHECKSUM_BYTES: Final = 32
_TEMPORARY: Final = ".unfinished-"
_LOCK: Final = "lock"
_ROW: Final = np.dtype([("id", "u1"), ("frame", "<u4"), ("j", "<f8"), ("f", "<f8"), ("visible", "u1"), ("proposal", "<i2")])
_NO_PROPOSAL: Final = -1


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

    def get(self, key: str) -> StoredVideo | None:
        """The entry of a key; None where there is none, or none that can be trusted."""
        try:
            data = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError:
            self.damaged += 1
            return None
        entry = _decode(key, data)
        if entry is None:
            self.damaged += 1
        return entry

    def put(self, key: str, video: StoredVideo) -> None:
        """Keeps an entry: whole and on the disk, or not at all. Raises Stopped if it cannot be written."""
        path = self._path(key)
        temporary = None
        try:
            path.parent.mkdir(exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(prefix=_TEMPORARY, dir=self._folder)
            with os.fdopen(descriptor, "wb") as file:
                file.write(_encode(key, video))
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError as error:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
            raise Stopped(f"the store {self._folder} cannot be written: {error.strerror}") from error

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key[2:]


@contextmanager
def open_store(folder: Path) -> Iterator[Store]:
    """The store in a folder, made where there is none; nobody else may use it meanwhile.

    Raises UsageFault if another run does, and Stopped if the folder cannot be used.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Stopped(f"the store {folder} cannot be used: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageFault(f"another run uses the store {folder}: wait for it, or give this one its own with --store") from None
        for leftover in folder.glob(f"{_TEMPORARY}*"):
            leftover.unlink(missing_ok=True)
        yield Store(folder)
    finally:
        # the system gives the lock back, also after a kill
        os.close(descriptor)


def _encode(key: str, video: StoredVideo) -> bytes:
    rows = np.array(
        [
            (
                v.id,
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
    """None unless the checksum holds and the entry is that of the key."""
    content, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
    if not content.startswith(_MAGIC) or hashlib.sha256(content).digest() != checksum:
        return None
    line, _, packed = content[len(_MAGIC) :].partition(b"\n")
    header = json.loads(line)
    if header["key"] != key:
        return None
    rows = np.frombuffer(packed, _ROW, header["rows"])
    values = [
        ObjectFrame(id, frame, j, f, bool(visible), None if proposal == _NO_PROPOSAL else proposal)
        for id, frame, j, f, visible, proposal in rows.tolist()
    ]
    return StoredVideo(values, _findings_from_json(header["findings"]))


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
