"""The metadata files of a reference folder: which they are, whether they agree, and the numbers in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lvos_eval.diagnostics.collector import ProblemCollector
from lvos_eval.diagnostics.errors import ReferenceDataError
from lvos_eval.diagnostics.text import listed, printable, quoted
from lvos_eval.formats.litter import is_litter
from lvos_eval.formats.text_files import DocumentError, read_json
from lvos_eval.protocols.lvos import FRAME_STEP

__all__ = [
    "ANNOTATIONS",
    "ATTRIBUTE_SUFFIX",
    "METADATA_NAMES",
    "MOST_FRAMES",
    "find_metadata",
    "frame_numbers",
    "gives_lengths",
    "has_metadata",
    "whole_number",
]

ANNOTATIONS: Final = "Annotations"
_PLAIN: Final = "meta.json"
METADATA_NAMES: Final = ("test_meta.json", "valid_meta.json", "val_meta.json", "train_meta.json", _PLAIN)
ATTRIBUTE_SUFFIX: Final = "_meta_attribute.json"
MOST_FRAMES: Final = 1_000_000
"""Frames of one object that anybody could have annotated; larger numbers are slips that would fill the memory."""
_LONGEST_SHOWN: Final = 200
_LAST_FRAME: Final = 99_999_999
"""Frames are named with eight digits."""


def find_metadata(reference: Path, collector: ProblemCollector) -> tuple[Path, dict[str, Any]]:
    """The metadata file and its `videos`; attributes of a `*_meta_attribute.json` are merged in.

    Files that disagree go to `collector`; raises ReferenceDataError where there is nothing to read, saying what is there.
    """
    if reference.is_file():
        if _is_zip(reference):
            raise _zipped(reference)
        return reference, _read_videos(reference)
    if not reference.is_dir():
        raise _fault(f"no reference folder at {printable(str(reference))}", "give the folder that holds the metadata")
    candidates = _candidates(reference)
    if not candidates:
        raise _nothing_in(reference)
    contents = [_read_videos(path) for path in candidates]
    for path, content in zip(candidates[1:], contents[1:], strict=True):
        if _comparable(content) != _comparable(contents[0]):
            message = f"{candidates[0].name} and {path.name} disagree on videos, objects or ranges"
            collector.error("metadata", message, "keep the right one only")
    merged = {name: dict(video) if isinstance(video, dict) else video for name, video in contents[0].items()}
    for content in contents[1:]:
        for name, video in content.items():
            if isinstance(video, dict):
                known = merged.get(name, {})
                merged[name] = {**video, **known} if isinstance(known, dict) else known
    return candidates[0], merged


def has_metadata(reference: Path) -> bool:
    """Whether there is a metadata file, whatever is in it."""
    return reference.is_file() or bool(_candidates(reference))


def gives_lengths(reference: Path) -> bool:
    """Whether the only metadata file is one that gives the numbers of frames of videos instead of the ranges of objects."""
    found = [reference] if reference.is_file() else _candidates(reference)
    if [path.name for path in found] != [_PLAIN] and not reference.is_file():
        return False
    try:
        videos = _read_videos(found[0])
    except ReferenceDataError:
        return False
    return all(isinstance(video, dict) and "length" in video and "objects" in video for video in videos.values())


def _fault(message: str, fix: str) -> ReferenceDataError:
    return ReferenceDataError.single("metadata", message, fix)


def _candidates(folder: Path) -> list[Path]:
    plain = [folder / name for name in METADATA_NAMES if (folder / name).is_file()]
    attributed = [path for path in folder.glob(f"*{ATTRIBUTE_SUFFIX}") if path.is_file() and not is_litter(path.name)]
    return plain + sorted(attributed)


def _nothing_in(folder: Path) -> ReferenceDataError:
    """What to do where the metadata is not in the folder itself, but one step away or still packed."""
    where = printable(str(folder))
    below = sorted(path for path in folder.iterdir() if path.is_dir() and not is_litter(path.name) and _candidates(path))
    if len(below) == 1:
        name = _candidates(below[0])[0].name
        return _fault(
            f"the reference data is one folder down: {name} is in {printable(str(below[0]))}, not in {where}",
            f"give {quoted(str(below[0]))} as the reference; a zip for a platform has to hold {name} at its top: "
            f"cd {quoted(str(below[0]))} && python3 -m zipfile -c ../reference.zip *",
        )
    if below:
        return _fault(f"{where} holds several data sets: {listed(path.name for path in below)}", "give one of these folders")
    if folder.parent != folder and _candidates(folder.resolve().parent):
        parent = folder.resolve().parent
        return _fault(f"the reference data is one folder up from {where}", f"give {quoted(str(parent))} as the reference")
    packed = sorted(path for path in folder.glob("*.zip") if not is_litter(path.name) and _is_zip(path))
    if packed:
        return _zipped(packed[0])
    return _fault(f"no metadata in {where}", f"add one of {', '.join(METADATA_NAMES)} or a *{ATTRIBUTE_SUFFIX}")


def _is_zip(path: Path) -> bool:
    # loaded for nothing else
    import zipfile

    return zipfile.is_zipfile(path)


def _zipped(path: Path) -> ReferenceDataError:
    target = path.with_suffix("")
    target = target if not target.exists() else path.with_name(f"{path.stem}_unpacked")
    command = f"python3 -m zipfile -e {quoted(str(path))} {quoted(str(target))}"
    return _fault(
        f"the reference data is still packed: {printable(str(path))} is a zip",
        f"unpack it and give the folder {quoted(str(target))} as the reference: {command}",
    )


def _read_videos(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except DocumentError as fault:
        raise _fault(f"{path.name} {fault}", fault.fix) from None
    except OSError as error:
        raise _fault(f"{path.name} cannot be read: {error.strerror}", "make it a readable file") from None
    videos = content.get("videos") if isinstance(content, dict) else None
    if isinstance(videos, list):
        raise _fault(f"{path.name} has its videos in a list", 'write them by id: {"videos": {id: {"objects": {...}}}}')
    if not isinstance(videos, dict) or not videos:
        raise _fault(f"{path.name} names no videos", 'it needs {"videos": {id: {"objects": {...}}}}')
    return videos


def _comparable(videos: Mapping[str, Any]) -> Any:
    """What two metadata files have to agree on: ranges as integers, in the order of the objects."""

    def ranges(video: Any) -> Any:
        objects = video.get("objects") if isinstance(video, dict) else None
        if not isinstance(objects, dict):
            return repr(objects)
        return [(object_id, frame_numbers(item)) for object_id, item in objects.items()]

    return {name: ranges(video) for name, video in videos.items()}


def frame_numbers(item: Any) -> dict[str, int] | str:
    """`start`, `end` and `frame_nums` of an object's `frame_range`; its text where they are no numbers of frames."""
    frame_range = item.get("frame_range") if isinstance(item, dict) else None
    try:
        values = {key: whole_number(frame_range[key]) for key in ("start", "end", "frame_nums")}  # type: ignore[index]
    except (TypeError, KeyError, ValueError):
        return _shown(frame_range)
    span = values["end"] - values["start"]
    if max(values["start"], values["end"]) > _LAST_FRAME or max(values["frame_nums"], span // FRAME_STEP) > MOST_FRAMES:
        return f"{_shown(frame_range)}, more than {MOST_FRAMES:,} frames or 8 digits"
    return values


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."


def whole_number(value: Any) -> int:
    """An integer, or a string of digits with or without leading zeros; ValueError otherwise."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError(f"{_shown(value)} is not a frame number")
