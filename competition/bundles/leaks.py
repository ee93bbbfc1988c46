"""Ground truth that would become public: masks are recognised by their shapes, however they were saved, named or labelled."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from competition.bundles.zips import Members
from lvos_eval.diagnostics.problems import Problem, Severity
from lvos_eval.formats.mask_fingerprint import shapes_of
from lvos_eval.formats.mask_issues import MaskError
from lvos_eval.formats.png import parse_header
from lvos_eval.masks.packed import FrameSize
from lvos_eval.reference.checks import ReferenceCheck

__all__ = ["copied_masks", "frame_size", "label_maps", "shared_masks"]

PNG_SIGNATURE: Final = b"\x89PNG"
ZIP_SIGNATURE: Final = b"PK\x03\x04"


def shared_masks(public: ReferenceCheck, hidden: ReferenceCheck) -> list[Problem]:
    """Hidden masks that also lie in data whose details are shown, one problem a video."""
    shared: dict[str, set[int]] = {}
    for shape, (video, frame) in hidden.shapes.items():
        if shape in public.shapes:
            shared.setdefault(video, set()).add(frame)
    return [
        _leak(video, frames, "the public validation data", "give public data as VALIDATION, or none")
        for video, frames in sorted(shared.items())
    ]


def copied_masks(shapes: Mapping[bytes, tuple[str, int]], public: Members) -> list[Problem]:
    """Ground-truth masks in a part that everybody can read, also inside zips in it."""
    return [
        _leak(*shapes[shape], f"a public part as {name}", "take that file out")
        for name, data in label_maps(public)
        for shape in sorted(shapes_of(data))
        if shape in shapes
    ]


def _leak(video: str, frames: Collection[int] | int, where: str, fix: str) -> Problem:
    numbers = (frames,) if isinstance(frames, int) else tuple(sorted(frames))
    return Problem("leak", Severity.ERROR, video, numbers, f"ground truth is also in {where}", fix)


def label_maps(members: Members) -> Iterator[tuple[str, bytes]]:
    """Every indexed PNG by name; one in a zip is `outer.zip/inner.png`."""
    for name, source in sorted(members.items()):
        data = source.read_bytes() if isinstance(source, Path) else source
        if data.startswith(ZIP_SIGNATURE):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                inner = {f"{name}/{item.filename}": archive.read(item) for item in archive.infolist() if not item.is_dir()}
            yield from label_maps(inner)
        elif frame_size(data) is not None:
            try:
                shapes_of(data)
            except MaskError:
                continue
            yield name, data


def frame_size(data: bytes) -> FrameSize | None:
    """The size of a PNG with one label per pixel, None for anything else."""
    if not data.startswith(PNG_SIGNATURE):
        return None
    try:
        header = parse_header(data)
    except MaskError:
        return None
    return header.size if header.kind.is_indexed else None
