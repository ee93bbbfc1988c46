"""Pictures that compare results: intervals on one axis, one result against another, differences by video.

As in `charts`, colours come from the page's style by class; values are fractions of 1 and shown in percent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

from lvos_eval.protocols.contract import JF
from lvos_eval.reporting.charts import shorten
from lvos_eval.scoring.results import Interval

__all__ = ["Axis", "Difference", "Pair", "against", "differences", "forest"]

_NAMED: Final = 3
"""So many of the objects that differ most carry their names."""


class Axis(NamedTuple):
    """The part of the scale from `low` to `high` that every interval of a table is drawn on."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float], intervals: Iterable[Interval | None]) -> Axis:
        """The axis on which all values and intervals fit, to whole twentieths."""
        ends = [*values, *(end for interval in intervals if interval is not None for end in (interval.low, interval.high))]
        low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
        return cls(int(20 * low) / 20, max(-(-20 * high // 1) / 20, int(20 * low) / 20 + 0.05))

    def place(self, value: float) -> float:
        """Where a value is, from 0 to 100."""
        return 100 * (value - self.low) / (self.high - self.low)


class Pair(NamedTuple):
    """J&F of one object in two results."""

    name: str
    old: float
    new: float
    kind: str


class Difference(NamedTuple):
    """The difference in J&F of one video."""

    name: str
    value: float


def forest(value: float, interval: Interval | None, axis: Axis) -> Markup:
    """A point with its interval as a line, for a table cell beside the numbers."""
    line = ""
    if interval is not None:
        line = Markup('<path class="whisker" d="M{:.1f} 5H{:.1f}"/>').format(axis.place(interval.low), axis.place(interval.high))
    return Markup(
        '<svg class="forest" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><path class="grid" d="M0 5H100"/>'
        '{}<path class="mark" d="M{:.1f} 1V9"/></svg>'
    ).format(line, axis.place(value))


def against(pairs: Sequence[Pair], names: tuple[str, str], measure: str = JF) -> Markup:
    """The second result over the first, one point an object: above the diagonal the second one is better."""
    size, left = 300, 36
    low = min(int(5 * min((min(pair.old, pair.new) for pair in pairs), default=0.0)) / 5, 0.8)

    def place(value: float) -> float:
        return size * (value - low) / (1 - low)

    parts = []
    for step in range(5):
        at = low + (1 - low) * step / 4
        parts.append(
            Markup(
                '<path class="grid" d="M36 {0:.1f}H336M{1:.1f} 8V308"/><text x="30" y="{2:.1f}" text-anchor="end">{3:.0f}</text>'
                '<text x="{1:.1f}" y="326" text-anchor="middle">{3:.0f}</text>'
            ).format(308 - place(at), left + place(at), 312 - place(at), 100 * at)
        )
    parts.append(Markup('<path class="axis" d="M36 308L336 8"/>'))
    for pair in pairs:
        x, y = left + place(pair.old), 308 - place(pair.new)
        words = f"{pair.name}: A {100 * pair.old:.1f}, B {100 * pair.new:.1f}"
        if pair.kind == "unseen":
            shape = Markup('<path class="dot unseen" d="M{:.1f} {:.1f}l4.5 4.5-4.5 4.5-4.5-4.5z"><title>{}</title></path>')
            parts.append(shape.format(x, y - 4.5, words))
        else:
            shape = Markup('<circle class="dot seen" cx="{:.1f}" cy="{:.1f}" r="3.7"><title>{}</title></circle>')
            parts.append(shape.format(x, y, words))
    parts += _names(pairs, place, left, size)
    first, second = (shorten(name, 30) for name in names)
    return Markup(
        '<svg class="chart" viewBox="-8 0 416 352" role="img" aria-label="{} of {} objects in two results">{}'
        '<text x="186" y="346" text-anchor="middle">A: {}</text>'
        '<text x="2" y="158" text-anchor="middle" transform="rotate(-90 2 158)">B: {}</text></svg>'
    ).format(measure, len(pairs), Markup("").join(parts), first, second)


def _names(pairs: Sequence[Pair], place: Callable[[float], float], left: int, size: int) -> list[Markup]:
    """The names of the objects that differ most, each where no other name is."""
    texts: list[Markup] = []
    taken: list[float] = []
    for pair in sorted(pairs, key=lambda pair: (-abs(pair.new - pair.old), pair.name)):
        x, y = left + place(pair.old), 312 - place(pair.new)
        if len(texts) == _NAMED or pair.new == pair.old:
            break
        if any(abs(y - other) < 12 for other in taken):
            continue
        taken.append(y)
        right = x > left + size / 2
        text = Markup('<text class="name" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
        texts.append(text.format(x + (-7 if right else 7), y, "end" if right else "start", shorten(pair.name)))
    return texts


def differences(found: Sequence[Difference], measure: str = JF) -> Markup:
    """A bar for each video, from the one that the second result gains most on to the one that it loses most on."""
    ordered = sorted(found, key=lambda item: (-item.value, item.name))
    high, low = max([0.0, *(item.value for item in ordered)]), min([0.0, *(item.value for item in ordered)])
    scale = 240 / ((high - low) or 1.0)
    zero = 8 + scale * high
    width = 400 / max(len(ordered), 1)
    parts = []
    for position, item in enumerate(ordered):
        tall = scale * abs(item.value)
        parts.append(
            Markup('<rect class="{}" x="{:.2f}" y="{:.1f}" width="{:.2f}" height="{:.1f}"><title>{}</title></rect>').format(
                "gain" if item.value > 0 else "loss",
                position * width,
                zero - tall if item.value > 0 else zero,
                max(width - 1, 0.6 * width),
                max(tall, 0.5),
                f"{item.name}: {100 * item.value:+.2f}",
            )
        )
    ends = [(8.0, high)] * (high > 0) + [(248.0, low)] * (low < 0)
    labels = [
        Markup('<path class="axis" d="M0 {0:.1f}H400"/><text x="-4" y="{1:.1f}" text-anchor="end">0</text>').format(
            zero, zero + 4
        )
    ]
    labels += [Markup('<text x="-4" y="{:.1f}" text-anchor="end">{:+.1f}</text>').format(y + 4, 100 * value) for y, value in ends]
    return Markup(
        '<svg class="chart" viewBox="-44 -4 452 268" role="img" aria-label="Difference in {} of {} videos">{}{}</svg>'
    ).format(measure, len(ordered), Markup("").join(parts), Markup("").join(labels))
