"""Pictures of numbers: each function takes plain data and returns one inline SVG.

Colours come from the page's style by class (`seen`, `unseen`, `j`, `f`), so that a chart follows the reader's colour scheme and
prints well; no element has a style of its own, which the page's content-security policy would refuse. Values are fractions
of 1 and shown in percent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

from lvos_eval.protocols.contract import JF
from lvos_eval.scoring.results import Interval

__all__ = ["Dot", "bar", "distribution", "gauge", "scatter", "shorten"]

BINS: Final = 20
NAMED_DOTS: Final = 8
"""So many of the lowest dots of the scatter plot carry their names; the others tell theirs on hover."""
_LABEL_LENGTH: Final = 18


class Dot(NamedTuple):
    """One object in the scatter plot; `target` is the id of the page's section that clicking it leads to."""

    name: str
    j: float
    f: float
    kind: str
    """`seen` is drawn as a circle, `unseen` as a diamond."""
    target: str


def shorten(text: str, length: int = _LABEL_LENGTH) -> str:
    """`text`, with its middle left out where it is longer than `length` characters."""
    half = (length - 1) // 2
    return text if len(text) <= length else f"{text[:half]}\N{HORIZONTAL ELLIPSIS}{text[-half:]}"


def bar(value: float, kind: str) -> Markup:
    """A bar as long as `value`, for a table cell that gives the number too."""
    return Markup('<svg class="bar {}" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">{}</svg>').format(
        kind, Markup('<path d="M0 0h{}v1H0z"/>').format(_short(100 * value))
    )


def gauge(value: float, interval: Interval | None) -> Markup:
    """`value` on a scale from 0 to 100 with its interval as a band."""
    band = ""
    if interval is not None:
        low, high = interval.low, interval.high
        band = Markup('<rect class="band" x="{}" y="4" width="{}" height="16" rx="3"/>').format(
            _short(400 * low), _short(max(400 * (high - low), 1))
        )
    return Markup(
        '<svg class="chart gauge" viewBox="-8 0 416 40" aria-hidden="true"><path class="track" d="M0 12H400"/>{}'
        '<path class="mark" d="M{} 1V23"/>{}</svg>'
    ).format(band, _short(400 * value), _ticks(range(0, 101, 25), 400, 37))


def distribution(
    groups: Mapping[str, Sequence[float]], means: Mapping[str, float], kinds: Mapping[str, str], measure: str = JF
) -> Markup:
    """Histograms of a measure and its means, one below the other, in shares of each group so that they can be compared.

    `kinds` are the classes of the groups.
    """
    counts = {name: _histogram(values) for name, values in groups.items() if values}
    top = max((max(bins) / sum(bins) for bins in counts.values()), default=1)
    height, width, step = 96, 400, 150
    panels = [
        _panel(name, kinds[name], bins, means[name], top, 24 + row * step, height, width)
        for row, (name, bins) in enumerate(counts.items())
    ]
    total = step * max(len(panels), 1) + 8
    words = "; ".join(f"{name}: {len(values)} objects, mean {_percent(means[name])}" for name, values in groups.items() if values)
    return Markup('<svg class="chart" viewBox="-8 0 416 {}" role="img" aria-label="Distribution of {}: {}">{}</svg>').format(
        total, measure, words, _join(panels)
    )


def _panel(name: str, kind: str, bins: Sequence[int], mean: float, top: float, y: int, height: int, width: int) -> Markup:
    step = width / BINS
    objects = sum(bins)
    parts = []
    for position, count in enumerate(bins):
        tall = height * count / objects / top
        if count:
            low = 100 * position // BINS
            parts.append(
                Markup('<rect x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
                    _short(position * step + 1),
                    _short(y + height - tall),
                    _short(step - 2),
                    _short(tall),
                    f"{low} to {low + 100 // BINS}: {count} of {objects} objects",
                )
            )
    return Markup(
        '<g class="{}"><text class="strong" x="0" y="{}">{}</text><text x="400" y="{}" text-anchor="end">{}</text>{}'
        '<path class="axis" d="M0 {}H400"/><path class="mean" d="M{} {}v{}"/>{}</g>'
    ).format(
        kind,
        y - 8,
        name,
        y - 8,
        f"{objects} object{'s' * (objects != 1)}, mean {_percent(mean)}",
        _join(parts),
        y + height,
        _short(width * mean),
        y,
        height,
        _ticks(range(0, 101, 25), width, y + height + 16),
    )


def _histogram(values: Sequence[float]) -> list[int]:
    counts = [0] * BINS
    for value in values:
        counts[min(int(value * BINS), BINS - 1)] += 1
    return counts


def scatter(dots: Sequence[Dot]) -> Markup:
    """J across, F up, each object in the shape of its kind; the lowest carry their names."""
    size, left = 300, 36
    low = _axis_start(dots)
    placed = [dot._replace(j=(dot.j - low) / (1 - low), f=(dot.f - low) / (1 - low)) for dot in dots]
    shapes = []
    for place, dot in sorted(zip(placed, dots, strict=True), key=lambda pair: pair[1].kind):
        x, y = left + size * place.j, size * (1 - place.f) + 8
        words = f"{dot.name}: J {_percent(dot.j)}, F {_percent(dot.f)}"
        shape = (
            Markup('<path class="dot unseen" data-to="{}" d="M{} {}l4.5 4.5-4.5 4.5-4.5-4.5z"><title>{}</title></path>').format(
                dot.target, _short(x), _short(y - 4.5), words
            )
            if dot.kind == "unseen"
            else Markup('<circle class="dot seen" data-to="{}" cx="{}" cy="{}" r="3.7"><title>{}</title></circle>').format(
                dot.target, _short(x), _short(y), words
            )
        )
        shapes.append(shape)
    grid = _join(
        Markup('<path class="grid" d="M{0} {1}H{2}M{3} 8V{4}"/><text x="30" y="{5}" text-anchor="end">{6}</text>').format(
            left, _short(8 + size * (1 - at / 100)), left + size, _short(left + size * at / 100), 8 + size,
            _short(12 + size * (1 - at / 100)), _short(100 * low + (1 - low) * at),
        )
        for at in range(0, 101, 25)
    )  # fmt: skip
    return Markup(
        '<svg class="chart scatter" viewBox="-8 0 416 352" role="img" aria-label="J against F of {} objects">{}'
        '<path class="axis" d="M36 308L336 8"/>{}{}{}'
        '<text x="186" y="346" text-anchor="middle">region similarity J</text>'
        '<text x="2" y="158" text-anchor="middle" transform="rotate(-90 2 158)">contour accuracy F</text></svg>'
    ).format(
        len(dots),
        grid,
        Markup('<g transform="translate(36 0)">{}</g>').format(_ticks(range(0, 101, 25), size, 326, low)),
        _join(shapes),
        _join(_names(placed, left, size)),
    )


def _axis_start(dots: Sequence[Dot]) -> float:
    """Where both axes begin: at a whole fifth below the lowest value."""
    return min(int(5 * min((min(dot.j, dot.f) for dot in dots), default=0.0)) / 5, 0.8)


def _names(dots: Sequence[Dot], left: int, size: int) -> list[Markup]:
    """The names of the lowest dots, where they cover no dot, no other name and not the border."""
    texts: list[Markup] = []
    taken: list[tuple[float, float, float]] = []
    places = [(left + size * dot.j, size * (1 - dot.f) + 8) for dot in dots]
    for dot in sorted(dots, key=lambda dot: (dot.j + dot.f, dot.name))[:NAMED_DOTS]:
        label = shorten(dot.name)
        long = 6.3 * len(label)
        lowest = not texts
        for shift, to_right in ((0, True), (0, False), (11, True), (-11, False), (-11, True), (11, False)):
            x, y = left + size * dot.j + (7 if to_right else -7), size * (1 - dot.f) + 8 + shift
            start, end = (x, x + long) if to_right else (x - long, x)
            if (
                start >= left
                and end <= 408
                and (lowest or not any(start - 3 < across < end + 3 and abs(up - y) < 8 for across, up in places))
                and all(abs(y - other) > 12 or start > right or end < begin for begin, right, other in taken)
            ):
                taken.append((start, end, y))
                texts.append(
                    Markup('<text class="name" x="{}" y="{}" text-anchor="{}">{}</text>').format(
                        _short(x), _short(y + 4), "start" if to_right else "end", label
                    )
                )
                break
    return texts


def _ticks(values: Sequence[int], width: int, y: int, low: float = 0.0) -> Markup:
    """Numbers below an axis from 100 times `low` to 100; `values` are their places in percent of its length."""
    return _join(
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            _short(width * value / 100), y, _short(100 * low + (1 - low) * value)
        )
        for value in values
    )


def _join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _short(number: float) -> str:
    """At most one decimal, none where it is 0."""
    return f"{number:.1f}".removesuffix(".0")
