"""Which masks are suspicious: what differs from the masks around it in a way that objects do not move.

A rule takes the measures of one video and gives suspicions with a strength from 0 to 1, which orders them. None says that a mask
is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Final

from lvos_eval.reference.audit_measures import FrameMeasure, ObjectMeasure
from lvos_eval.reference.manifest import Video

__all__ = ["KINDS", "LIKELY", "Suspicion", "suspicions"]

KINDS: Final[Mapping[str, str]] = {
    "speck": "a small part of an object far from the rest of it, in this mask only",
    "jump": "an object that changes its size or place, or is not there, in this mask only",
    "hole": "background inside an object, in this mask only",
    "swap": "two objects that have each other's place",
    "copy": "the mask of the frame before, while things move",
    "stretch": "masks without any change, while things move before and after",
    "outside": "an object outside its frame_range",
}
"""What is looked for."""

LIKELY: Final = 0.5
"""Strength from which on a suspicion is worth a look first, and its frames are proposed for `exclude`."""

_LEAST_AREA: Final = 60
"""Pixels: what is smaller moves by more than its own size."""
_LONGEST_SWAP: Final = 30


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What may be wrong in some masks of a video, worst first by `strength`; `spot` is the pixel to look at, as (x, y)."""

    kind: str
    video: str
    objects: tuple[int, ...]
    frames: tuple[int, ...]
    strength: float
    message: str
    spot: tuple[int, int] | None = None


def suspicions(video: Video, measures: Sequence[FrameMeasure]) -> list[Suspicion]:
    """Everything suspicious in a video, the strongest first."""
    found = [*_swaps(video, measures), *_copies(video, measures), *_outside(video, measures)]
    swapped = {
        (item, frame)
        for suspicion in found
        if suspicion.kind == "swap"
        for item in suspicion.objects
        for frame in suspicion.frames
    }
    for object_id in video.ids:
        found += _specks(video, object_id, measures)
        found += [item for item in _jumps(video, object_id, measures) if (object_id, item.frames[0]) not in swapped]
        found += _holes(video, object_id, measures)
    return sorted(found, key=lambda item: (-item.strength, item.frames, item.kind, item.objects))


def _specks(video: Video, object_id: int, measures: Sequence[FrameMeasure]) -> Iterator[Suspicion]:
    for measure in measures:
        item = measure.objects.get(object_id)
        if item is None or not item.specks:
            continue
        speck = max(item.specks, key=lambda speck: speck.distance)
        strength = 0.45 + 0.5 * min(speck.distance / (0.25 * math.hypot(*measure.size)), 1.0)
        message = f"object {object_id}: {speck.area} pixels lie {speck.distance:.0f} pixels away from the rest"
        yield Suspicion("speck", video.name, (object_id,), (measure.frame,), strength, message, (speck.x, speck.y))


def _jumps(video: Video, object_id: int, measures: Sequence[FrameMeasure]) -> Iterator[Suspicion]:
    """A mask that the ones before and after it contradict, while they agree with each other."""
    triples = [
        (before, here, after)
        for before, here, after in zip(measures, measures[1:], measures[2:], strict=False)
        if all(side.objects.get(object_id) and side.objects[object_id].area >= _LEAST_AREA for side in (before, after))
    ]
    bends = [_bend(*(side.objects.get(object_id) for side in triple)) for triple in triples]
    usual = [median(values) if values else 0.0 for values in zip(*[bend for bend in bends if bend is not None], strict=True)] or [
        0.0,
        0.0,
    ]
    for (before, here, after), bend in zip(triples, bends, strict=True):
        first, last = before.objects[object_id], after.objects[object_id]
        item = here.objects.get(object_id)
        around = _iou(after.skipped.get(object_id, 0), first, last)
        if item is None:
            strength, what = (0.5 + 0.45 * around if around > 0.1 else 0.3), "is not there in this mask only"
        else:
            own = max(
                _iou(here.shared.get((object_id, object_id), 0), item, first),
                _iou(after.shared.get((object_id, object_id), 0), item, last),
            )
            growth, shift = bend or (0.0, 0.0)
            strength = (around - own) * 1.3 if around >= 0.35 else 0.0
            ratio = item.area / math.sqrt(first.area * last.area)
            what = (
                f"has {ratio:.2f} times the size that it has before and after" if abs(math.log(ratio)) > 0.3 else "is elsewhere"
            )
            if growth > 0.35 and growth > 5 * usual[0]:
                strength = max(strength, min(0.4 + growth / 3, 0.95))
            if shift > 0.35 and shift > 5 * usual[1]:
                strength, what = max(strength, min(0.4 + shift / 4, 0.95)), f"is {shift:.1f} of its size beside its way"
        strength *= 1 - _covered(object_id, here, first, item)
        if strength >= 0.25:
            message = f"object {object_id} {what}"
            yield Suspicion("jump", video.name, (object_id,), (here.frame,), min(strength, 0.99), message, _spot(item or first))


def _covered(object_id: int, here: FrameMeasure, first: ObjectMeasure, item: ObjectMeasure | None) -> float:
    """The share of what an object has lost that other objects cover now: those pass in front of it."""
    lost = first.area - (0 if item is None else item.area)
    if lost < 0.2 * first.area:
        return 0.0
    others = sum(pixels for (one, other), pixels in here.shared.items() if other == object_id and one != object_id)
    return min(others / lost, 1.0)


def _bend(first: ObjectMeasure | None, item: ObjectMeasure | None, last: ObjectMeasure | None) -> tuple[float, float] | None:
    """How far log area and place lie from the middle of their neighbours, beyond what these differ themselves."""
    if first is None or item is None or last is None:
        return None
    logs = [math.log(side.area) for side in (first, item, last)]
    growth = abs(logs[1] - (logs[0] + logs[2]) / 2) - abs(logs[2] - logs[0]) / 2
    size = math.sqrt(max(first.area, last.area))
    bow = math.hypot(item.x - (first.x + last.x) / 2, item.y - (first.y + last.y) / 2)
    shift = (bow - math.hypot(last.x - first.x, last.y - first.y) / 2) / size
    return max(growth, 0.0), max(shift, 0.0)


def _holes(video: Video, object_id: int, measures: Sequence[FrameMeasure]) -> Iterator[Suspicion]:
    everywhere = [measure.objects.get(object_id) for measure in measures]
    for before, here, after in zip(measures, measures[1:], measures[2:], strict=False):
        items = [side.objects.get(object_id) for side in (before, here, after)]
        if items[1] is None or items[1].hole < 20 or None in items:
            continue
        shares = [item.hole / (item.area + item.hole) for item in items if item is not None]
        excess = shares[1] - max(shares[0], shares[2])
        if excess > 0.012:
            # an object that has such holes again and again is drawn so
            alike = sum(other is not None and other.hole > 0.5 * items[1].hole for other in everywhere) - 1
            strength = min(0.3 + 6 * excess, 0.95) * max(1 - 5 * alike / len(everywhere), 0.3)
            message = f"object {object_id} has a hole of {items[1].hole} pixels ({shares[1]:.0%} of it)"
            yield Suspicion("hole", video.name, (object_id,), (here.frame,), strength, message, _spot(items[1]))


def _swaps(video: Video, measures: Sequence[FrameMeasure]) -> Iterator[Suspicion]:
    """Two objects that exchange their places from one mask to the next, until they exchange them again."""
    for one, other in combinations(video.ids, 2):
        turns = [
            (position, strength)
            for position in range(1, len(measures))
            if (strength := _exchange(measures[position - 1], measures[position], one, other)) > 0.25
        ]
        while turns:
            position, strength = turns.pop(0)
            back = turns[0][0] if turns and turns[0][0] - position <= _LONGEST_SWAP else None
            if back is not None:
                strength = max(strength, turns.pop(0)[1])
            frames = tuple(measure.frame for measure in measures[position : back or position + 1])
            message = f"objects {one} and {other} have changed places" + ("" if back is not None else ", from here on")
            spot = _spot(measures[position].objects[one])
            yield Suspicion("swap", video.name, (one, other), frames, min(0.4 + 0.6 * strength, 0.99), message, spot)


def _exchange(before: FrameMeasure, here: FrameMeasure, one: int, other: int) -> float:
    """How much better two objects fit each other's mask of before than their own: above 0 they do."""
    pairs = [(side.objects.get(one), side.objects.get(other)) for side in (before, here)]
    (old_one, old_other), (new_one, new_other) = pairs
    if old_one is None or old_other is None or new_one is None or new_other is None:
        return 0.0
    if min(old_one.area, old_other.area, new_one.area, new_other.area) < _LEAST_AREA:
        return 0.0
    crossed = min(
        _iou(here.shared.get((one, other), 0), new_one, old_other), _iou(here.shared.get((other, one), 0), new_other, old_one)
    )
    kept = max(
        _iou(here.shared.get((one, one), 0), new_one, old_one), _iou(here.shared.get((other, other), 0), new_other, old_other)
    )
    if crossed > kept:
        return crossed - kept
    # where nothing overlaps, as that of small and fast objects: by places and sizes
    own = _distance(new_one, old_one) + _distance(new_other, old_other)
    across = _distance(new_one, old_other) + _distance(new_other, old_one)
    sizes = abs(math.log(new_one.area / old_other.area)) + abs(math.log(new_other.area / old_one.area))
    if kept > 0.05 or sizes > 0.6 or own < math.sqrt(max(new_one.area, new_other.area)):
        return 0.0
    return max(0.8 - across / own, 0.0)


def _copies(video: Video, measures: Sequence[FrameMeasure]) -> Iterator[Suspicion]:
    """Runs of masks that repeat the one before, where those around them show that something moves."""
    position = 1
    while position < len(measures):
        if not measures[position].same or not measures[position].objects:
            position += 1
            continue
        end = position
        while end < len(measures) and measures[end].same:
            end += 1
        around = [_change(measures[side - 1], measures[side]) for side in (position - 1, end) if 0 < side < len(measures)]
        moved = min(around, default=0.0)
        if moved > 0.02:
            repeated = end - position
            strength = min(moved / (moved + 0.06) + 0.05 * (repeated - 1), 0.99)
            frames = tuple(measure.frame for measure in measures[position:end])
            kind = "stretch" if repeated > 2 else "copy"
            what = "the mask is" if repeated == 1 else f"{repeated} masks are"
            message = f"{what} as the one before; around, {moved:.0%} of the objects' pixels change"
            objects = tuple(measures[position].objects)
            spot = _spot(next(iter(measures[position].objects.values())))
            yield Suspicion(kind, video.name, objects, frames, strength, message, spot)
        position = end


def _change(before: FrameMeasure, here: FrameMeasure) -> float:
    """The share of the objects' pixels that two masks do not have in common."""
    common = sum(pixels for (one, other), pixels in here.shared.items() if one == other)
    pixels = sum(item.area for side in (before, here) for item in side.objects.values()) - common
    return 1 - common / pixels if pixels else 0.0


def _outside(video: Video, measures: Sequence[FrameMeasure]) -> Iterator[Suspicion]:
    for item in video.objects:
        # `end` itself does not belong to the range, and many annotations go on to it
        inside = {*item.range.frames, item.range.end}
        beyond = [measure for measure in measures if item.object_id in measure.objects and measure.frame not in inside]
        if beyond and item.range.frames:
            frames = tuple(measure.frame for measure in beyond)
            message = f"object {item.object_id} has pixels outside its range {item.range.start} to {item.range.end}"
            spot = _spot(beyond[0].objects[item.object_id])
            yield Suspicion("outside", video.name, (item.object_id,), frames, 0.7, message, spot)


def _iou(shared: int, one: ObjectMeasure, other: ObjectMeasure) -> float:
    return shared / (one.area + other.area - shared)


def _distance(one: ObjectMeasure, other: ObjectMeasure) -> float:
    return math.hypot(one.x - other.x, one.y - other.y)


def _spot(item: ObjectMeasure) -> tuple[int, int]:
    return round(item.x), round(item.y)
