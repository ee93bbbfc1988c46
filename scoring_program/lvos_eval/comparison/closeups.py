"""The objects on which results differ most, frame by frame, with the predictions where their masks are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from lvos_eval.diagnostics.errors import RunStoppedError, UsageError
from lvos_eval.diagnostics.text import printable
from lvos_eval.reference.choice import ReferenceChoice
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.reporting.overlays import Picture, ScoredPair, scored_masks
from lvos_eval.reporting.panels import error_panel, mask_panel, panel_size, side_by_side
from lvos_eval.reporting.reading import Result, read_frames
from lvos_eval.reporting.views import crop
from lvos_eval.scoring.results import ObjectFrame
from lvos_eval.scoring.run import new_collector, open_checked
from lvos_eval.submission.listing import Submission

__all__ = ["MOST_RESULTS", "CloseUp", "Masks", "close_ups"]

MOST_RESULTS: Final = 4
"""Lines of one timeline that can be told apart."""
_OBJECTS: Final = 6
_PANELS_WIDTH: Final = 1440
"""Pixels of all panels of a picture together."""

_Key: TypeAlias = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Masks:
    """The ground truth, and the submission that each result, by its file, was scored from."""

    reference: Path
    submissions: Mapping[Path, Path]


@dataclass(frozen=True, slots=True)
class CloseUp:
    """One object in several results."""

    video: str
    object_id: int
    scores: tuple[float, ...]
    """J&F of each result."""
    frames: tuple[tuple[ObjectFrame, ...], ...]
    """Of each result, the same ones."""
    picture: Picture | None = None
    """Of the frame in which the results differ most: the ground truth, then what is right and wrong in each result."""

    @property
    def name(self) -> str:
        return f"{self.video}/{self.object_id}"

    @property
    def apart(self) -> int:
        """The index of the frame in which the results differ most: one that shows the object, if they differ in any."""

        def difference(index: int) -> tuple[bool, float]:
            spread = _spread([values[index].quality for values in self.frames])
            return self.frames[0][index].visible and spread > 0, spread

        return max(range(len(self.frames[0])), key=difference)


def close_ups(results: Sequence[Result], masks: Masks | None = None) -> tuple[CloseUp, ...]:
    """The objects on which the first MOST_RESULTS of some results differ most, the largest difference in J&F first.

    None unless all of them hold J and F of every frame. With masks, each has a picture. Raises UsageError where the masks are not
    those that were scored, and ReferenceDataError.
    """
    shown = results[:MOST_RESULTS]
    scores = [{(item.video, item.object_id): item.jf for item in result.objects} for result in shown]
    common = [key for key in scores[0] if all(key in found for found in scores)]
    apart = {key: _spread([found[key] for found in scores]) for key in common}
    keys = sorted((key for key in common if apart[key]), key=lambda key: (-apart[key], key))[:_OBJECTS]
    frames = [read_frames(result.file, keys) if result.file is not None else {} for result in shown]
    found = []
    for key in keys:
        values = tuple(of_result[key] for of_result in frames if key in of_result)
        if len(values) == len(shown) and all(_same_frames(values[0], other) for other in values):
            found.append(CloseUp(*key, tuple(of_object[key] for of_object in scores), values))
    return _pictured(found, shown, masks) if masks is not None and found else tuple(found)


def _spread(values: Sequence[float]) -> float:
    return max(values) - min(values)


def _same_frames(one: Sequence[ObjectFrame], other: Sequence[ObjectFrame]) -> bool:
    return [value.frame for value in one] == [value.frame for value in other]


def _pictured(found: Sequence[CloseUp], results: Sequence[Result], masks: Masks) -> tuple[CloseUp, ...]:
    protocol = results[0].protocol
    if protocol is None or not protocol.names_objects:
        return tuple(found)
    choice = ReferenceChoice(masks.reference, protocol.name, protocol.task)
    manifest = load_manifest(masks.reference, choice.settings().rules)
    known = {(video.name, item.object_id) for video in manifest.videos for item in video.objects}
    for item in found:
        if (item.video, item.object_id) not in known:
            raise UsageError(f"{printable(str(masks.reference))} has no object {item.name}: give the data that was scored on")
    pairs = []
    for position, result in enumerate(results):
        assert result.file is not None
        wanted = [((item.video, item.object_id), item.frames[position][item.apart]) for item in found]
        pairs.append(list(_pairs(manifest, masks.submissions[result.file], wanted, result)))
    return tuple(
        CloseUp(item.video, item.object_id, item.scores, item.frames, _draw(of_object))
        for item, of_object in zip(found, zip(*pairs, strict=True), strict=True)
    )


def _pairs(manifest: Manifest, path: Path, wanted: Sequence[tuple[_Key, ObjectFrame]], result: Result) -> Iterator[ScoredPair]:
    """The masks of some frames in a submission. Raises UsageError where it is not the one that was scored."""
    submission, layout = _opened(path, manifest), manifest.protocol.layout
    with closing(scored_masks(manifest, submission, wanted)) as pairs:
        for (video, object_id), value in wanted:
            try:
                yield next(pairs)
            except RunStoppedError:
                raise UsageError(
                    f"{printable(str(path))} is not the submission that {result.label} was scored from: J of {video}/{object_id} "
                    f"in frame {layout.name(value.frame)} differs; give the submissions in the order of the results"
                ) from None


def _opened(path: Path, manifest: Manifest) -> Submission:
    collector = new_collector(manifest, strict=False)
    submission = open_checked(path, manifest, ArchiveLimits(), collector)
    if collector.has_errors:
        raise UsageError(f"{printable(str(path))} is not a valid submission: lvos-eval check says why")
    return submission


def _draw(pairs: Sequence[ScoredPair]) -> Picture:
    """The ground truth, then what is right and wrong in each prediction, on the part of the frame that shows all of it."""
    first = pairs[0]
    everything = first.truth.copy()
    for pair in pairs:
        everything |= pair.prediction
    box = crop(everything)
    size = panel_size(box, _PANELS_WIDTH // (1 + len(pairs)) // 2 * 2)
    panels = [mask_panel(size, first.truth[box.slices])]
    panels += [error_panel(size, pair.truth[box.slices], pair.prediction[box.slices]) for pair in pairs]
    return side_by_side(first, box, panels)
