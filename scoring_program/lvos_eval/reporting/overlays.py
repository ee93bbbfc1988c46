"""Pictures of the worst frames, for public ground truth only: what was found, what was missed, what was made up."""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from lvos_eval.diagnostics.errors import RunStoppedError
from lvos_eval.formats.label_map import white_as_one
from lvos_eval.formats.mask_issues import MaskError
from lvos_eval.formats.png import PALETTE, Png, decode_labels, parse_png, plain_png
from lvos_eval.masks.packed import FrameSize, Labels
from lvos_eval.metrics.definition import padded_similarity, region_similarity
from lvos_eval.protocols.contract import MaskEncoding, Measures
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reporting.frame_choice import frames_to_draw
from lvos_eval.reporting.views import crop, photograph
from lvos_eval.scoring.results import ObjectFrame
from lvos_eval.submission.listing import Submission

__all__ = [
    "DIM_ALARM",
    "FALSE_ALARM",
    "FOUND",
    "MISSED",
    "PAPER",
    "PICTURE_BUDGET",
    "Picture",
    "Pictures",
    "ScoredPair",
    "decode",
    "draw_worst_frames",
    "encode_codes",
    "scored_masks",
]

PICTURE_BUDGET: Final = 3_400_000
"""Characters that all pictures of a page may take together."""

WIDTH: Final = 320
FOUND: Final = (86, 180, 233)
MISSED: Final = (230, 159, 0)
FALSE_ALARM: Final = (204, 51, 140)
"""Blue, orange and purple of similar strength: told apart with any colour vision; false alarms are striped besides."""

DIM_ALARM: Final = (136, 54, 107)
PAPER: Final = (52, 58, 66)
_ENOUGH: Final = 0.3
"""Share of a pixel from which on a plain picture shows it: thin parts stay."""

_CHANGED: Final = "masks changed after they were scored, before the page was drawn; run it again when nothing writes to them"


@dataclass(frozen=True, slots=True)
class Picture:
    """One object in one frame, cut to where it is or was thought to be."""

    frame: int
    j: float
    f: float
    quality: float
    """J&F, where there is F."""
    width: int
    height: int
    zoom: float
    """How many times larger than in the whole frame at this width."""
    uri: str
    """The image itself, as a data URI."""


Pictures: TypeAlias = Mapping[tuple[str, int], tuple[Picture, ...]]
"""By (video, object id), in the order of frames."""


def draw_worst_frames(
    manifest: Manifest,
    submission: Submission,
    values: Mapping[tuple[str, int], Sequence[ObjectFrame]],
    budget: int = PICTURE_BUDGET,
    between: int = 0,
) -> Pictures:
    """The worst frames by (video, object id): first one of every object, lowest objects first, then more, within the budget.

    Then at most `between` others, spread over the time of the same objects, for whoever wants to see how it went on.

    `values` are J and F of a scored, hence complete and readable, submission. A frame whose masks give another J than that is not
    drawn: RunStoppedError is raised, as the masks have changed since they were scored. Only the semi-supervised task has labels
    that say which object is meant; the others get no pictures.
    """
    if not manifest.protocol.names_objects:
        return {}
    drawn: dict[tuple[str, int], list[Picture]] = {}
    with closing(scored_masks(manifest, submission, frames_to_draw(values, between))) as pairs:
        for pair in pairs:
            picture = _draw(pair)
            budget -= len(picture.uri)
            if budget < 0:
                break
            drawn.setdefault((pair.video, pair.value.object_id), []).append(picture)
    return {key: tuple(sorted(pictures, key=lambda picture: picture.frame)) for key, pictures in drawn.items()}


@dataclass(frozen=True, slots=True)
class ScoredPair:
    """The two binary masks of one object in one frame, each of shape (height, width)."""

    video: str
    value: ObjectFrame
    truth: NDArray[np.bool_]
    prediction: NDArray[np.bool_]
    photo: Path
    """Where the photograph of the frame lies, if there is one."""


def scored_masks(
    manifest: Manifest, submission: Submission, wanted: Iterable[tuple[tuple[str, int], ObjectFrame]]
) -> Generator[ScoredPair]:
    """The masks of each (video, object id) and value. Raises RunStoppedError where they have not the J that was scored."""
    layouts = {video.name: manifest.layout(video) for video in manifest.videos}
    try:
        with closing(submission.source.open()) as reader:
            for (video, object_id), value in wanted:
                name = layouts[video].name(value.frame)
                folder, files = manifest.ground_truth(video), submission.masks[video][value.frame]
                owners = submission.owners.get(video, {}).get(value.frame, ())
                if owners:
                    folder = folder / layouts[video].object_name(object_id)
                truths = decode((folder / f"{name}.png").read_bytes())
                guesses = decode(reader.read(files[owners.index(object_id) if owners else 0]))
                if manifest.protocol.encoding is MaskEncoding.LABEL_MAP_OR_WHITE:
                    guesses = white_as_one(guesses)
                truth, prediction = (mask > 0 if owners else mask == object_id for mask in (truths, guesses))
                if not _are_scored(truth, prediction, value, manifest.protocol.measures):
                    raise RunStoppedError(_CHANGED)
                photo = manifest.folder / manifest.protocol.layout.images / video / f"{name}.jpg"
                yield ScoredPair(video, value, truth, prediction, photo)
    except (MaskError, OSError) as error:
        # every one of them could be read when it was scored
        raise RunStoppedError(_CHANGED) from error


def _are_scored(truth: NDArray[np.bool_], prediction: NDArray[np.bool_], value: ObjectFrame, measures: Measures) -> bool:
    """Whether two binary masks have the J that was scored."""
    if truth.shape != prediction.shape:
        return False
    similarity = padded_similarity if measures is Measures.ADAPTIVE else region_similarity
    return similarity(truth, prediction) == value.region_similarity


def decode(data: bytes) -> Labels:
    """The label map in a PNG. Raises MaskError."""
    header, pixels = parse_png(data)
    return decode_labels(header, pixels)


def _draw(pair: ScoredPair) -> Picture:
    """The overlay for two binary masks."""
    truth, prediction, value = pair.truth, pair.prediction, pair.value
    height, width = truth.shape
    box = crop(truth | prediction)
    columns, rows = box.right - box.left, box.bottom - box.top
    size = (WIDTH, max(round(WIDTH * rows / columns), 1))
    truth, prediction = truth[box.slices], prediction[box.slices]
    shares = [_resize(mask, size) for mask in (truth & prediction, truth & ~prediction, prediction & ~truth)]
    stripes = np.add.outer(np.arange(size[1]), np.arange(size[0])) % 8 < 4
    background = photograph(pair.photo, box, FrameSize(height, width), size)
    uri = _encode_plain(shares, stripes) if background is None else _encode_photo(background, shares, stripes)
    return Picture(value.frame, value.region_similarity, value.contour_accuracy, value.quality, *size, width / columns, uri)


def _encode_plain(shares: Sequence[NDArray[np.float32]], stripes: NDArray[np.bool_]) -> str:
    """A PNG with a palette: background, found, missed, and the two colours of false alarms."""
    found, missed, alarm = (share >= _ENOUGH for share in shares)
    codes = np.zeros(stripes.shape, np.uint8)
    codes[found] = 1
    codes[alarm] = 3
    codes[alarm & stripes] = 4
    codes[missed] = 2
    return encode_codes(codes, (PAPER, FOUND, MISSED, DIM_ALARM, FALSE_ALARM))


def encode_codes(codes: NDArray[np.uint8], palette: Sequence[tuple[int, int, int]]) -> str:
    """A PNG of at most 16 colours, from the index of each pixel's one; the width is even."""
    height, width = codes.shape
    # each Pillow brings another library that compresses to other bytes; the interpreter's zlib is the same for long.
    # Level 9 takes four times as long as 6, for a quarter less
    rows = np.zeros((height, 1 + width // 2), np.uint8)
    rows[:, 1:] = codes[:, ::2] << 4 | codes[:, 1::2]
    header = Png(height, width, depth=4, colour_type=PALETTE, interlaced=False)
    data = plain_png(header, zlib.compress(rows.tobytes(), 6), bytes(part for colour in palette for part in colour))
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def _encode_photo(background: NDArray[np.float32], shares: Sequence[NDArray[np.float32]], stripes: NDArray[np.bool_]) -> str:
    """A WebP with the colours over a photograph."""
    from PIL import Image

    found, missed, alarm = shares
    weights = (0.6 * found, 0.8 * missed, alarm * np.where(stripes, 1.0, 0.55))
    for weight, colour in zip(weights, (FOUND, MISSED, FALSE_ALARM), strict=True):
        background += weight[:, :, None] * (np.array(colour, np.float32) - background)
    data = io.BytesIO()
    Image.fromarray(background.round().astype(np.uint8)).save(data, "WEBP", quality=55, method=4)
    return f"data:image/webp;base64,{base64.b64encode(data.getvalue()).decode()}"


def _resize(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.float32]:
    """Shares of `size` = (width, height) pixels that the mask covers: thin parts fade instead of vanishing."""
    shrinks = mask.shape[1] > size[0]
    plane = mask.astype(np.float32)
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_NEAREST), np.float32)
