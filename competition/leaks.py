"""Ground truth that would become public: masks are recognised by what they show, however they were saved or named."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from competition.zips import Members
from lvos_eval.evaluation import MaskContent, mask_content
from lvos_eval.png import PngFault
from lvos_eval.problems import Problem, Severity
from lvos_eval.reference_check import ReferenceCheck

__all__ = ["copied_masks", "shared_masks", "shown_masks"]


def shared_masks(public: ReferenceCheck, hidden: ReferenceCheck) -> list[Problem]:
    """Hidden masks that also lie in data whose details are shown, one problem a video."""
    shared: dict[str, list[int]] = {}
    for content, (video, frame) in hidden.contents.items():
        if content in public.contents:
            shared.setdefault(video, []).append(frame)
    return [
        _leak(video, frames, "the public validation data", "give public data as VALIDATION, or none")
        for video, frames in sorted(shared.items())
    ]


def copied_masks(contents: Mapping[MaskContent, tuple[str, int]], public: Members) -> list[Problem]:
    """Ground-truth masks in a part that everybody can read, also inside zips in it."""
    return [
        _leak(contents[content][0], [contents[content][1]], f"a public part as {name}", "take that file out")
        for name, content in shown_masks(public)
        if content in contents
    ]


def _leak(video: str, frames: Collection[int], where: str, fix: str) -> Problem:
    return Problem("leak", Severity.ERROR, video, tuple(sorted(frames)), f"ground truth is also in {where}", fix)


def shown_masks(members: Members) -> Iterator[tuple[str, MaskContent]]:
    """What every mask shows that is not empty, by name; a mask in a zip is `outer.zip/inner.png`."""
    for name, source in sorted(members.items()):
        data = source.read_bytes() if isinstance(source, Path) else source
        if data[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                inner = {f"{name}/{item.filename}": archive.read(item) for item in archive.infolist() if not item.is_dir()}
            yield from shown_masks(inner)
        elif data[:4] == b"\x89PNG":
            try:
                content = mask_content(data)
            except PngFault:
                continue
            if not content.is_empty:
                yield name, content
