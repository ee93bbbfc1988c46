"""Values over time: J and F of one object, or J&F of one object in several results.

As in `charts`, colours come from the page's style by class; values are fractions of 1. A picture is TIMELINE_WIDTH x 100 units
and stretched to the page's width.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Final

from markupsafe import Markup

from lvos_eval.protocols.contract import JF
from lvos_eval.scoring.results import ObjectFrame

__all__ = ["overlaid_timeline", "timeline"]

TIMELINE_POINTS: Final = 500
"""A longer timeline shows the lowest value of every few frames: a dip never disappears."""
TIMELINE_WIDTH: Final = 1000


def timeline(
    frames: Sequence[int],
    j: Sequence[float],
    f: Sequence[float],
    visible: Sequence[bool],
    name: str,
    marked: Sequence[int] = (),
    most: int = TIMELINE_POINTS,
) -> Markup:
    """J and F over the frames of one object: shaded where it is absent, a line where it re-appears, a tick at `marked` frames.

    A line has at most about `most` points.
    """
    xs = _places(frames, frames[0], frames[-1])
    shades, returns = _absences(xs, visible)
    absent_frames = len(visible) - sum(visible)
    words = f"J and F of {name} over {len(frames)} frames; absent in {absent_frames}, re-appears {returns.count('M')} times"
    layers = [("absent", shades), ("back", returns), ("f", _line(xs, f, most)), ("j", _line(xs, j, most))]
    layers.append(("shown", "".join(f"M{x} 97v8" for x in _places(marked, frames[0], frames[-1]))))
    return _svg(words, layers)


def overlaid_timeline(
    results: Mapping[str, Sequence[ObjectFrame]], name: str, marked: Sequence[int] = (), measure: str = JF
) -> Markup:
    """The `measure` over the frames of one object in several results, by their names, of the same frames: a line for each."""
    frames = [value.frame for value in next(iter(results.values()))]
    xs = _places(frames, frames[0], frames[-1])
    shades, returns = _absences(xs, [value.visible for value in next(iter(results.values()))])
    lines = [(f"r{position}", _line(xs, [value.quality for value in values])) for position, values in enumerate(results.values())]
    ticks = "".join(f"M{x} 97v8" for x in _places(marked, frames[0], frames[-1]))
    return _svg(
        f"{measure} of {name} over {len(frames)} frames: {', '.join(results)}",
        [("absent", shades), ("back", returns), *reversed(lines), ("shown", ticks)],
    )


def _svg(words: str, layers: Iterable[tuple[str, str]]) -> Markup:
    """Paths by class, the first at the back, on lines at 0, 50 and 100."""
    paths = (Markup('<path class="{}" d="{}"/>').format(kind, path) for kind, path in layers if path)
    return Markup(
        '<svg class="timeline" viewBox="0 -3 1000 106" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="grid" d="M0 0H1000M0 50H1000M0 100H1000"/>{}</svg>'
    ).format(words, Markup("").join(paths))


def _places(frames: Iterable[int], first: int, last: int) -> list[int]:
    """Where frames lie across."""
    stretch = TIMELINE_WIDTH / max(last - first, 1)
    return [round((frame - first) * stretch) for frame in frames]


def _absences(xs: Sequence[int], visible: Sequence[bool]) -> tuple[str, str]:
    """The paths of the stretches without the object, and of the lines where it re-appears."""
    shades, returns = "", ""
    for absent, group in groupby(range(len(xs)), key=lambda index: not visible[index]):
        members = list(group)
        start = (xs[members[0]] + xs[members[0] - 1]) // 2 if members[0] else 0
        end = (xs[members[-1]] + xs[members[-1] + 1]) // 2 if members[-1] + 1 < len(xs) else TIMELINE_WIDTH
        if absent:
            shades += f"M{start} 0h{max(end - start, 1)}v100H{start}z"
        elif members[0]:
            returns += f"M{start} 0v100"
    return shades, returns


def _line(xs: Sequence[int], values: Sequence[float], most: int = TIMELINE_POINTS) -> str:
    """An SVG path through the values, in as few characters as whole steps take."""
    step = -(-len(xs) // most)
    points = [(xs[start], round(100 - 100 * min(values[start : start + step]))) for start in range(0, len(xs), step)]
    if points[-1][0] != xs[-1]:
        points.append((xs[-1], round(100 - 100 * values[-1])))
    if len(points) == 1:
        points.append((TIMELINE_WIDTH, points[0][1]))
    kept = [
        point
        for index, point in enumerate(points)
        if index in (0, len(points) - 1) or not points[index - 1][1] == point[1] == points[index + 1][1]
    ]
    path = f"M{kept[0][0]} {kept[0][1]}l"
    for before, (x, y) in pairwise(kept):
        dx, dy = x - before[0], y - before[1]
        path += f"{'' if path[-1] == 'l' else ' '}{dx}{'' if dy < 0 else ' '}{dy}"
    return path
