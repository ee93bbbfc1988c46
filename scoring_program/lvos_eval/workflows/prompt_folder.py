"""The folder of prompts: label maps, `prompts.json`, and links to the photographs; replaced whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.errors import RunStoppedError, UsageError
from lvos_eval.diagnostics.text import counted, listed, printable
from lvos_eval.formats.files import read_beginning
from lvos_eval.formats.label_png import encode_labels
from lvos_eval.masks.packed import Labels
from lvos_eval.protocols.contract import MaskLayout
from lvos_eval.reference.manifest import Manifest
from lvos_eval.version import __version__
from lvos_eval.workflows.prompts import VideoPrompts, video_prompts
from lvos_eval.workflows.rewriting import VIEWER_PALETTE

__all__ = ["MASKS", "PHOTOGRAPHS", "PROMPTS_FILE", "PreparedPrompts", "prepare_prompts"]

PROMPTS_FILE: Final = "prompts.json"
MASKS: Final = "Annotations"
PHOTOGRAPHS: Final = "JPEGImages"

_FORMAT: Final = 1
_BEGINNING: Final = f'{{\n "format": {_FORMAT},\n "protocol": '
"""Of the document, by which it is known again."""
_OURS: Final = frozenset({PROMPTS_FILE, MASKS, PHOTOGRAPHS})
_LONGEST_PART: Final = 60


@dataclass(frozen=True, slots=True)
class PreparedPrompts:
    """What was written."""

    output: Path
    videos: int
    objects: int
    masks: int
    invisible: tuple[str, ...]
    """The objects without a pixel in the frame in which they start, as `video/id`; they have no mask."""


def prepare_prompts(manifest: Manifest, output: Path, photographs: Path | None = None, *, link: bool = False) -> PreparedPrompts:
    """Writes the first mask of each object and nothing else of the ground truth; an older folder of prompts is replaced.

    `photographs` is a folder with a folder of JPEGs for each video, in which every frame of a prompt and every frame that needs a
    mask has to be; with `link` those folders are linked beside the masks. Raises UsageError for what cannot be replaced or is
    not there, ReferenceDataError for masks that cannot be used, RunStoppedError where the folder cannot be written.
    """
    real = output.resolve()
    layouts = {video.name: manifest.layout(video) for video in manifest.videos}
    _refuse(real, output, manifest)
    found: list[VideoPrompts] = []
    masks = 0
    try:
        with _replacing(real) as folder:
            for prompts, label_maps in video_prompts(manifest):
                found.append(prompts)
                masks += _write_masks(folder / MASKS / prompts.video, label_maps, layouts[prompts.video])
            if photographs is not None:
                _refuse_gaps(found, photographs, layouts)
            if photographs is not None and link:
                _link(found, photographs.resolve(), folder / PHOTOGRAPHS)
            (folder / PROMPTS_FILE).write_text(_document(found, manifest, layouts), encoding="utf-8")
    except OSError as error:
        raise RunStoppedError(f"{printable(str(output))} cannot be written: {error.strerror}") from error
    invisible = tuple(name for prompts in found for name in prompts.invisible)
    return PreparedPrompts(output, len(found), sum(len(prompts.objects) for prompts in found), masks, invisible)


def _refuse(real: Path, output: Path, manifest: Manifest) -> None:
    """Raises UsageError for a folder that holds anything but prompts, and for one in the middle of the ground truth."""
    shown = printable(str(output))
    if real.is_relative_to(manifest.masks.resolve()):
        raise UsageError(f"{shown} is where the ground truth lies; name another folder for the prompts")
    if not real.parent.is_dir():
        raise UsageError(f"there is no folder {printable(str(output.parent))} for the prompts; make it first")
    if not real.exists():
        return
    if not real.is_dir():
        raise UsageError(f"{shown} is a file; name a folder for the prompts")
    names = {entry.name for entry in os.scandir(real)}
    if names and (PROMPTS_FILE not in names or names - _OURS or not _is_ours(real / PROMPTS_FILE)):
        raise UsageError(f"{shown} holds other things than prompts, which would be lost; name a new folder")


def _is_ours(document: Path) -> bool:
    """Whether a file is the document of prompts, by its first lines."""
    return document.is_file() and read_beginning(document, len(_BEGINNING)) == _BEGINNING.encode()


@contextmanager
def _replacing(output: Path) -> Iterator[Path]:
    """A new folder that takes the place of `output` when the block ends, or of which nothing is left if the block raises."""
    mark = secrets.token_hex(4)
    new, old = (output.with_name(f".{output.name[:_LONGEST_PART]}.{mark}.{what}") for what in ("part", "old"))
    new.mkdir()
    try:
        yield new
        if output.exists():
            output.rename(old)
            try:
                new.rename(output)
            except BaseException:
                old.rename(output)
                raise
            shutil.rmtree(old, ignore_errors=True)
        else:
            new.rename(output)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _document(found: Sequence[VideoPrompts], manifest: Manifest, layouts: Mapping[str, MaskLayout]) -> str:
    """The prompts as JSON, one video a line."""
    contents = ((prompts.video, prompts.content(layouts[prompts.video], MASKS)) for prompts in found)
    videos = [f"  {json.dumps(video)}: {json.dumps(content)}" for video, content in contents]
    head = f'{_BEGINNING}{json.dumps(manifest.protocol.name)},\n "version": {json.dumps(__version__)},\n "videos": {{\n'
    return head + ",\n".join(videos) + "\n }\n}\n"


def _write_masks(folder: Path, label_maps: Mapping[int, Labels], layout: MaskLayout) -> int:
    """Writes the label maps of a video; how many."""
    if label_maps:
        folder.mkdir(parents=True)
    for frame, labels in label_maps.items():
        (folder / f"{layout.name(frame)}.png").write_bytes(encode_labels(labels, VIEWER_PALETTE))
    return len(label_maps)


def _refuse_gaps(found: Sequence[VideoPrompts], photographs: Path, layouts: Mapping[str, MaskLayout]) -> None:
    """Raises UsageError where a frame that a tracker needs has no photograph."""
    shown = printable(str(photographs))
    if not photographs.is_dir():
        raise UsageError(f"there is no folder {shown} with the photographs; name it with --frames")
    without = [prompts.video for prompts in found if not (photographs / prompts.video).is_dir()]
    if without:
        raise UsageError(f"{shown} has no folder for {counted(len(without), 'video')}: {listed(without)}")
    missing = []
    for prompts in found:
        there = {entry.name for entry in os.scandir(photographs / prompts.video)}
        frames = sorted({*prompts.frames, *(item.frame for item in prompts.objects)})
        names = (f"{layouts[prompts.video].name(frame)}.jpg" for frame in frames)
        missing += [f"{prompts.video}/{name}" for name in names if name not in there]
    if missing:
        raise UsageError(f"{shown} lacks {counted(len(missing), 'photograph')} that a tracker needs: {listed(missing)}")


def _link(found: Sequence[VideoPrompts], photographs: Path, folder: Path) -> None:
    folder.mkdir()
    for prompts in found:
        (folder / prompts.video).symlink_to(photographs / prompts.video, target_is_directory=True)
