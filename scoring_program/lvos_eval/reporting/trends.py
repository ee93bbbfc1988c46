"""How J&F goes with time, length and size: heat strips, drift, and marks over the number of frames or the share of the frame.

As in `charts`, colours come from the page's style by class; values are fractions of 1 and shown in percent.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from statistics import fmean
from typing import Final, NamedTuple

from markupsafe import Markup

from lvos_eval.protocols.contract import JF
from lvos_eval.scoring.results import ObjectFrame

__all__ = ["FIFTHS", "HEAT_COLUMNS", "Dot", "against_length", "against_size", "drift", "fifths", "heat_strip"]

FIFTHS: Final = 5
_LEVELS: Final = 6
"""Colours of a heat strip, from 0 to 100."""
HEAT_COLUMNS: Final = 72
_LEFT, _WIDTH, _HEIGHT = 34, 356, 150


class Dot(NamedTuple):
    """One object in a plot of J&F over `measure`: the number of its frames, or the share of the frame that it covers."""

    name: str
    measure: float
    jf: float
    kind: str
    target: str


def _mean(values: Sequence[ObjectFrame], measure: str) -> float:
    """The mean of J&F, or of J where that is the measure."""
    return fmean(value.region_similarity if measure == "J" else value.quality for value in values)


def _parts(values: Sequence[ObjectFrame], count: int) -> list[Sequence[ObjectFrame]]:
    """The values in at most `count` runs of equal length, give or take one."""
    count = min(count, len(values))
    cuts = [len(values) * position // count for position in range(count + 1)]
    return [values[start:end] for start, end in pairwise(cuts)]


def heat_strip(values: Sequence[ObjectFrame], name: str, measure: str = JF, columns: int = HEAT_COLUMNS) -> Markup:
    """J&F over time as a strip of colours, each the mean of some frames; where an object is rightly said to be absent, grey."""
    runs: defaultdict[str, list[str]] = defaultdict(list)
    parts = _parts(values, columns)
    for level, run in groupby(range(len(parts)), key=lambda position: _level(parts[position], measure)):
        members = list(run)
        runs[level].append(f"M{members[0]} 0h{len(members)}")
    paths = (Markup('<path class="{}" d="{}"/>').format(level, "".join(found)) for level, found in sorted(runs.items()))
    return Markup('<svg class="heat" viewBox="0 -.5 {} 1" preserveAspectRatio="none"><title>{}</title>{}</svg>').format(
        len(parts), name, Markup("").join(paths)
    )


def _level(part: Sequence[ObjectFrame], measure: str) -> str:
    """The class of a column."""
    mean = _mean(part, measure)
    absent = not any(value.visible for value in part)
    return "ha" if absent and mean > 0.99 else f"h{min(int(mean * _LEVELS), _LEVELS - 1)}"


def fifths(objects: Iterable[Sequence[ObjectFrame]], measure: str = JF) -> list[float]:
    """J&F in each fifth of an object's frames, as means over the objects that have five frames or more; [] if none has."""
    found = [[_mean(part, measure) for part in _parts(values, FIFTHS)] for values in objects if len(values) >= FIFTHS]
    return [fmean(column) for column in zip(*found, strict=True)]


def drift(groups: Mapping[str, Sequence[float]], kinds: Mapping[str, str], measure: str = JF) -> Markup:
    """A line for each group through its five means; the axis begins below the lowest."""
    shown = {name: values for name, values in groups.items() if values}
    low = _floor(min((min(values) for values in shown.values()), default=0.0))
    parts = [_axis(low)]
    for name, values in shown.items():
        points = [(_LEFT + _WIDTH * (2 * step + 1) / (2 * FIFTHS), _y(value, low)) for step, value in enumerate(values)]
        path = "L".join(f"{x:.0f} {y:.1f}" for x, y in points)
        parts.append(Markup('<path class="line {}" d="M{}"/>').format(kinds[name], path))
        for (x, y), value in zip(points, values, strict=True):
            parts.append(_mark(x, y, kinds[name], f"{name}: {100 * value:.1f}"))
        above = all(values[-1] >= other[-1] for other in shown.values())
        label = Markup('<text class="strong" x="{}" y="{:.1f}" text-anchor="end">{} {}</text>')
        parts.append(label.format(_LEFT + _WIDTH, points[-1][1] + (-9 if above else 18), name, f"{100 * values[-1]:.1f}"))
    ticks = ("first fifth", "2", "3", "4", "last fifth")
    for step, text in enumerate(ticks):
        x = _LEFT + _WIDTH * (2 * step + 1) / (2 * FIFTHS)
        parts.append(Markup('<text x="{:.0f}" y="178" text-anchor="middle">{}</text>').format(x, text))
    words = "; ".join(f"{name}: {', '.join(f'{100 * value:.1f}' for value in values)}" for name, values in shown.items())
    return _svg(f"{measure} in each fifth of the objects' frames: {words}", parts)


def against_length(dots: Sequence[Dot], measure: str = JF) -> Markup:
    """J&F over the number of frames, one mark an object."""
    low = _floor(min((dot.jf for dot in dots), default=0.0))
    most = max((dot.measure for dot in dots), default=1)
    parts = [_axis(low)]
    for dot in dots:
        x = _LEFT + _WIDTH * dot.measure / most
        words = f"{dot.name}: {dot.measure} frames, {measure} {100 * dot.jf:.1f}"
        parts.append(_mark(x, _y(dot.jf, low), dot.kind, words, dot.target))
    for share in (0, 0.5, 1):
        anchor = "end" if share == 1 else "middle"
        text = Markup('<text x="{:.0f}" y="178" text-anchor="{}">{}</text>')
        parts.append(text.format(_LEFT + _WIDTH * share, anchor, f"{round(most * share):,}{' frames' if share == 1 else ''}"))
    return _svg(f"{measure} of {len(dots)} objects over their number of frames", parts)


def against_size(dots: Sequence[Dot], measure: str = JF) -> Markup:
    """J&F over the share of the frame that an object covers, on a logarithmic axis, one mark an object."""
    low = _floor(min((dot.jf for dot in dots), default=0.0))
    first, last = _decades([dot.measure for dot in dots])
    parts = [_axis(low)]
    for power in range(first, last + 1):
        x = _LEFT + _WIDTH * (power - first) / (last - first)
        anchor = "end" if power == last else "middle"
        text = f"{100 * 10.0**power:g}{' %' if power == last else ''}"
        parts.append(Markup('<text x="{:.0f}" y="178" text-anchor="{}">{}</text>').format(x, anchor, text))
    for dot in dots:
        x = _LEFT + _WIDTH * (math.log10(dot.measure) - first) / (last - first)
        words = f"{dot.name}: {100 * dot.measure:.3g} % of the frame, {measure} {100 * dot.jf:.1f}"
        parts.append(_mark(x, _y(dot.jf, low), dot.kind, words, dot.target))
    return _svg(f"{measure} of {len(dots)} objects over their size", parts)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten between which all values lie, two different ones."""
    first = math.floor(math.log10(min(values, default=0.1)))
    return first, max(math.ceil(math.log10(max(values, default=1.0))), first + 1)


def _floor(value: float) -> float:
    """Where an axis begins that shows `value`: at a whole fifth, so that its middle is a round number, and not above 0.8."""
    return min(int(5 * value) / 5, 0.8)


def _y(value: float, low: float) -> float:
    return 8 + _HEIGHT * (1 - (value - low) / (1 - low))


def _axis(low: float) -> Markup:
    """Lines and numbers from `low` to 100."""
    parts = []
    for step in range(3):
        at = low + (1 - low) * step / 2
        line = Markup('<path class="grid" d="M{} {:.1f}H{}"/><text x="{}" y="{:.1f}" text-anchor="end">{}</text>')
        parts.append(line.format(_LEFT, _y(at, low), _LEFT + _WIDTH, _LEFT - 6, _y(at, low) + 4, f"{100 * at:.0f}"))
    return Markup("").join(parts)


def _mark(x: float, y: float, kind: str, words: str, target: str = "") -> Markup:
    to = Markup(' data-to="{}"').format(target) if target else ""
    if kind == "unseen":
        shape = Markup('<path class="dot unseen"{} d="M{:.1f} {:.1f}l4 4-4 4-4-4z"><title>{}</title></path>')
        return shape.format(to, x, y - 4, words)
    return Markup('<circle class="dot seen"{} cx="{:.1f}" cy="{:.1f}" r="3.2"><title>{}</title></circle>').format(to, x, y, words)


def _svg(words: str, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="chart" viewBox="-8 0 416 190" role="img" aria-label="{}">{}</svg>').format(
        words, Markup("").join(parts)
    )
