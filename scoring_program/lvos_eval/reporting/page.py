"""The detail page: one self-contained HTML file, rendered from a `Report` in any state.

No data is embedded in another form than the one that is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Final

from markupsafe import Markup

from lvos_eval import protocols
from lvos_eval.diagnostics.problems import Severity, needed_imports
from lvos_eval.diagnostics.text import printable
from lvos_eval.protocols import EvaluationProtocol
from lvos_eval.protocols.contract import JF
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reporting import charts, trends
from lvos_eval.reporting.gallery import GalleryPicture
from lvos_eval.reporting.html import render
from lvos_eval.reporting.overlays import Pictures
from lvos_eval.reporting.page_model import VideoSection, problem_groups, video_sections
from lvos_eval.scoring.frame_kinds import pooled_means
from lvos_eval.scoring.publication import OTHER_DIGITS
from lvos_eval.scoring.results import FrameDetails, PublishedScores, Report, State

__all__ = ["REFRESH_SECONDS", "render_page"]

REFRESH_SECONDS: Final = 5
"""How often the page of a running job reloads itself, and how often the job replaces it."""

TITLES: Final = {
    State.CHECKING: "Checking",
    State.SCORING: "Scoring",
    State.SCORED: "Scored",
    State.INVALID: "Not valid",
    State.REFERENCE_FAULT: "Errors in the reference data",
    State.CHECKED: "Valid",
    State.STOPPED: "Stopped",
}

KINDS: Final = ("seen", "unseen")
"""The classes of the first and of every other group of videos in the page's style."""

ATTRIBUTES: Final = {
    "BC": "background clutter",
    "DEF": "deformation",
    "MB": "motion blur",
    "FM": "fast motion",
    "LR": "low resolution",
    "OCC": "occlusion",
    "OV": "out of view",
    "SV": "scale variation",
    "DB": "dynamic background",
    "SC": "shape complexity",
    "AC": "appearance change",
    "LRA": "long-term re-appearance",
    "CTC": "cross-temporal confusion",
}
"""The attributes of LVOS V2 videos."""


def render_page(
    report: Report,
    frames: FrameDetails | None = None,
    pictures: Pictures | None = None,
    gallery: Sequence[GalleryPicture] = (),
    sizes: Mapping[tuple[str, int], float] | None = None,
) -> str:
    """The page for a report in any state. Everything in it that a participant can choose is escaped.

    `frames`, pictures and sizes, as shares of the frame by (video, object id), are for public ground truth only; without `frames`
    there is nothing per frame to render.
    """
    scores = report.scores
    protocol = _protocol(report)
    sections = video_sections(scores, frames, pictures or {}) if scores else ()
    return render(
        "page.html.j2",
        version=report.version,
        report=report,
        title=TITLES[report.state],
        running=report.state in (State.CHECKING, State.SCORING),
        refresh=REFRESH_SECONDS,
        protocol=protocol,
        layout=protocol.layout if protocol is not None else None,
        kinds=_kinds(protocol),
        several=protocol is not None and len(protocol.summary.groups) > 1,
        columns=_columns(scores),
        meanings=ATTRIBUTES,
        sections=sections,
        worst_first=sorted(sections, key=lambda section: (section.jf, section.name)),
        gallery=gallery,
        attributes=scores.attributes if scores else (),
        attributes_by_group=_attributes_by_group(scores, _kinds(protocol)),
        groups=problem_groups(report.problems),
        imports=needed_imports(report.problems),
        errors=sum(problem.severity is Severity.ERROR for problem in report.problems),
        full=frames is not None,
        exact=scores is not None and scores.detail is Disclosure.FULL,
        # a digit more would be a zero that nobody has measured
        digits=2 if scores is not None and scores.detail is Disclosure.FULL else OTHER_DIGITS - 2,
        pooled=pooled_means(o.means for section in sections for o in section.objects),
        pooled_by_group=_pooled_by_group(sections, _kinds(protocol)),
        drawn=sum(len(o.pictures) for section in sections for o in section.objects),
        **_charts(report, frames, _kinds(protocol), sizes or {}),
    )


def _protocol(report: Report) -> EvaluationProtocol | None:
    """The protocol of a report; None where it is not known yet."""
    try:
        return protocols.get(report.protocol, report.task)
    except protocols.UnknownProtocolError:
        return None


def _kinds(protocol: EvaluationProtocol | None) -> dict[str, str]:
    """The class of each group of videos, which decides its colour and shape."""
    groups = protocol.summary.groups if protocol is not None else ()
    return {group: KINDS[min(position, len(KINDS) - 1)] for position, group in enumerate(groups)}


def _columns(scores: PublishedScores | None) -> tuple[str, ...]:
    """J&F and every statistic that an object has."""
    return tuple(dict.fromkeys(name for score in scores.objects for name in score.measures)) if scores is not None else (JF,)


def _pooled_by_group(sections: Sequence[VideoSection], kinds: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """J&F over each kind of frames, by kind and group; nothing where there is one group."""
    found: dict[str, dict[str, float]] = {}
    for group in kinds if len(kinds) > 1 else ():
        for means, _ in pooled_means(o.means for section in sections if section.group == group for o in section.objects):
            found.setdefault(means.kind, {})[group] = (means.j + means.f) / 2
    return found


def _attributes_by_group(scores: PublishedScores | None, kinds: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """J&F of the objects of each attribute, by attribute and group, from what is published of them; nothing for one group."""
    found: dict[str, dict[str, float]] = {}
    for row in scores.attributes if scores is not None and len(kinds) > 1 else ():
        for group in kinds:
            members = [o.jf for o in scores.objects if o.group == group and row.name in o.attributes] if scores else []
            if members:
                found.setdefault(row.name, {})[group] = fmean(members)
    return found


def _charts(
    report: Report, frames: FrameDetails | None, kinds: Mapping[str, str], sizes: Mapping[tuple[str, int], float]
) -> dict[str, Markup]:
    """The charts of a scored report."""
    scores = report.scores
    if scores is None:
        return dict.fromkeys(("gauge", "distribution", "scatter", "drift", "length", "size"), Markup())
    measure = _columns(scores)[0]
    names = {(o.video, o.object_id): f"{printable(o.video)}/{o.object_id}" for o in scores.objects}
    dots = [
        charts.Dot(name, o.values["J"], o.values["F"], kinds[o.group], name)
        for o, name in zip(scores.objects, names.values(), strict=True)
        if "F" in o.values
    ]
    lengths = [
        trends.Dot(names[o.video, o.object_id], o.frames, o.jf, kinds[o.group], names[o.video, o.object_id])
        for o in scores.objects
    ]
    sized = [
        dot._replace(measure=sizes[o.video, o.object_id])
        for o, dot in zip(scores.objects, lengths, strict=True)
        if (o.video, o.object_id) in sizes
    ]
    values = frames.values if frames is not None else {}
    over_time = {
        group: trends.fifths((values.get((o.video, o.object_id), ()) for o in scores.objects if o.group == group), measure)
        if values
        else []
        for group in scores.group_means
    }
    groups = {name: [o.jf for o in scores.objects if o.group == name] for name in scores.group_means}
    return {
        "gauge": charts.gauge(scores.overall, scores.interval),
        "distribution": charts.distribution(groups, scores.group_means, kinds, measure),
        "scatter": charts.scatter(dots) if dots else Markup(),
        "drift": trends.drift(over_time, kinds, measure) if any(over_time.values()) else Markup(),
        "length": trends.against_length(lengths, measure),
        "size": trends.against_size(sized, measure) if sized else Markup(),
    }
