"""The page of an audit: suspicious masks, each between its neighbours. It shows ground truth, so it is for its owner only."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lvos_eval.diagnostics.problems import frame_ranges
from lvos_eval.formats.png import PALETTE, Png, plain_png
from lvos_eval.reference.audit_rules import KINDS, LIKELY, Suspicion
from lvos_eval.reference.ground_truth import GroundTruthFolder, ground_truth_source
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reporting.html import render
from lvos_eval.version import __version__

__all__ = ["AUDIT_DATA", "AUDIT_PAGE", "ExclusionEffect", "audit_document", "audit_page", "exclude_block", "suspicion_line"]

AUDIT_PAGE: Final = "audit.html"
AUDIT_DATA: Final = "audit.json"

_PICTURES: Final = 120
"""At most so many suspicions are shown with pictures."""
_HEIGHT: Final = 150
_GAP: Final = 4
_SHOWN_OBJECTS: Final = 3
_COLOURS: Final = (
    (52, 58, 66), (120, 126, 134), (86, 180, 233), (230, 159, 0), (204, 51, 140), (255, 255, 255), (20, 22, 26),
)  # fmt: skip
"""Background, other objects, the objects in question, the ring around the spot, the gap between masks."""
_OTHER, _FIRST, _RING, _BETWEEN = 1, 2, 5, 6


@dataclass(frozen=True, slots=True)
class ExclusionEffect:
    """What leaving frames of a video out would do to stored scores; `video` is None for all that is proposed together."""

    video: str | None
    runs: tuple[str, ...]
    changed: int
    """Submissions whose published score would be another."""
    largest: float
    """The largest change of the score that ranks, with its sign."""
    submission: str
    """Whose that is."""
    moved: int
    """Submissions whose rank would be another."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A suspicion with its picture, a data URI: the mask before, the one in question, and the one after."""

    suspicion: Suspicion
    frames: str
    """Those in question, compact."""
    shown: str
    """Those in the picture."""
    picture: str | None
    width: int
    height: int


def audit_page(
    manifest: Manifest,
    found: Sequence[Suspicion],
    exclusions: Mapping[str, Sequence[str]],
    effects: Sequence[ExclusionEffect] = (),
    submissions: int = 0,
) -> str:
    """`audit.html`, the strongest suspicions first. Masks that cannot be read have no picture.

    `effects` are those on the scores of so many stored `submissions`.
    """
    entries = [_entry(manifest, item, with_picture=position < _PICTURES) for position, item in enumerate(found)]
    likely = sum(item.strength >= LIKELY for item in found)
    return render(
        "audit.html.j2",
        entries=entries,
        likely=likely,
        kinds=KINDS,
        exclude=exclude_block(exclusions),
        effects=effects,
        submissions=submissions,
        score=manifest.protocol.summary.title,
        version=__version__,
    )


def audit_document(
    found: Sequence[Suspicion], exclusions: Mapping[str, Sequence[str]], effects: Sequence[ExclusionEffect] | None = None
) -> dict[str, Any]:
    """The same as data; effects where stored scores were looked at."""
    return {
        "version": __version__,
        "suspicions": [asdict(item) | {"strength": round(item.strength, 3)} for item in found],
        "exclude": {video: list(runs) for video, runs in exclusions.items()},
    } | ({} if effects is None else {"effects": [asdict(effect) for effect in effects]})


def exclude_block(exclusions: Mapping[str, Sequence[str]]) -> str:
    """What to put into scoring.yaml; nothing where no frame is proposed."""
    lines = [f"  {video}: [{', '.join(runs)}]\n" for video, runs in sorted(exclusions.items())]
    return "exclude:\n" + "".join(lines) if lines else ""


def _entry(manifest: Manifest, item: Suspicion, *, with_picture: bool) -> Entry:
    (video,) = (video for video in manifest.videos if video.name == item.video)
    folder = ground_truth_source(manifest, video)
    layout, numbers = folder.layout, folder.frames()
    frames = frame_ranges(item.frames, layout.digits)
    first, last = item.frames[0], item.frames[-1]
    before = max((number for number in numbers if number < first), default=None)
    after = min((number for number in numbers if number > last), default=None)
    strip = _strip(folder, (before, first, after), item) if with_picture else None
    if strip is None:
        return Entry(item, frames, "", None, 0, 0)
    height, width = strip.shape
    # 4 bits a pixel, rows of whole bytes
    rows = np.zeros((height, 1 + width // 2), np.uint8)
    rows[:, 1:] = strip[:, ::2] << 4 | strip[:, 1::2]
    header = Png(height, width, depth=4, colour_type=PALETTE, interlaced=False)
    data = plain_png(header, zlib.compress(rows.tobytes(), 9), bytes(value for colour in _COLOURS for value in colour))
    shown = ", ".join(layout.name(frame) for frame in (before, first, after) if frame is not None)
    return Entry(item, frames, shown, f"data:image/png;base64,{base64.b64encode(data).decode()}", width, height)


def _strip(folder: GroundTruthFolder, frames: Sequence[int | None], item: Suspicion) -> NDArray[np.uint8] | None:
    """The masks side by side, as indices of `_COLOURS`, cut to where the objects are; None if the middle one cannot be read."""
    masks = [folder.label_map(frame) if frame is not None else None for frame in frames]
    middle = masks[1]
    if middle is None:
        return None
    masks = [mask if mask is not None and mask.shape == middle.shape else np.zeros_like(middle) for mask in masks]
    codes = np.zeros(256, np.uint8)
    codes[1:] = _OTHER
    for position, object_id in enumerate(item.objects):
        codes[object_id] = _FIRST + position % _SHOWN_OBJECTS
    shown = [np.asarray(cv2.LUT(mask, codes), np.uint8) for mask in masks if mask is not None]
    rows, columns = _box(shown, item)
    height = _HEIGHT
    width = max(2 * round(height * (columns.stop - columns.start) / (rows.stop - rows.start) / 2), 2)
    parts = [np.asarray(cv2.resize(part[rows, columns], (width, height), interpolation=cv2.INTER_NEAREST)) for part in shown]
    if item.spot is not None and item.kind == "speck":
        scale = height / (rows.stop - rows.start)
        centre = round((item.spot[0] - columns.start) * scale), round((item.spot[1] - rows.start) * scale)
        cv2.circle(parts[1], centre, 9, _RING, 1)
    gap = np.full((height, _GAP), _BETWEEN, np.uint8)
    return np.hstack([parts[0], gap, parts[1], gap, parts[2]])


def _box(shown: Sequence[NDArray[np.uint8]], item: Suspicion) -> tuple[slice, slice]:
    """Rows and columns to show: where the objects are in any of the masks, with a margin, at most twice as wide as high."""
    height, width = shown[0].shape
    together = np.maximum.reduce([(part >= _FIRST).astype(np.uint8) for part in shown])
    if item.spot is not None:
        together[min(max(item.spot[1], 0), height - 1), min(max(item.spot[0], 0), width - 1)] = 1
    x, y, columns, rows = cv2.boundingRect(together)
    margin = max(8, round(0.15 * max(columns, rows)))
    left, top = max(x - margin, 0), max(y - margin, 0)
    right, bottom = min(x + columns + margin, width), min(y + rows + margin, height)
    least = (right - left) // 2
    if bottom - top < least:
        top = max(min((top + bottom - least) // 2, height - least), 0)
        bottom = min(top + max(least, 1), height)
    return slice(top, bottom), slice(left, right)


def suspicion_line(manifest: Manifest, item: Suspicion) -> str:
    """`0.93 jump 0tCWPOrc 00000206: object 1 is elsewhere`."""
    name = manifest.protocol.layout.name
    frames = name(item.frames[0]) + (f"-{name(item.frames[-1])}" if len(item.frames) > 1 else "")
    return f"{item.strength:.2f} {item.kind:<8} {item.video} {frames}: {item.message}"
