"""What the phases and the leaderboard of a bundle have to keep on either platform, with their programs and data."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any, Final

import yaml

from competition.bundles.leaks import frame_size, label_maps
from competition.checks.bundle import Bundle, Platform, moment
from competition.checks.rule import rule
from competition.settings import PUBLIC_QUEUE
from lvos_eval import protocols
from lvos_eval.formats.mask_fingerprint import shapes_of
from lvos_eval.protocols.contract import EvaluationProtocol, Task
from lvos_eval.reference.metadata import ANNOTATIONS, ATTRIBUTE_SUFFIX, METADATA_NAMES
from lvos_eval.reference.settings import SETTINGS_FILE
from lvos_eval.reference.video_lists import UNSUPERVISED_LIST

__all__ = ["RULES"]


@rule("programs-and-data", "program and reference data of every phase are zips in the bundle, complete and without a top folder")
def programs_and_data(bundle: Bundle) -> Iterator[str]:
    for phase in bundle.phases:
        for name, needed in ((phase.program, ("evaluate.py", "metadata", "metadata.yaml")), (phase.reference, (SETTINGS_FILE,))):
            if name not in bundle.names or not str(name).endswith(".zip"):
                yield f"{phase.name}: {name} is not a zip of the bundle"
                continue
            with bundle.inner(name) as inner:
                names = set(inner.namelist())
            yield from (f"{name} has no {file}" for file in needed if file not in names)
            if name == phase.reference:
                yield from _masks_faults(bundle, str(name), names)


def _masks_faults(bundle: Bundle, reference: str, names: set[str]) -> Iterator[str]:
    """The masks are in the reference data, or on workers of the organiser's: never in both places, never in none."""
    annotations = _protocol(bundle, reference).layout.annotations
    packed = any(member.startswith(f"{annotations}/") for member in names)
    elsewhere = _scoring_settings(bundle, reference).get("masks")
    if elsewhere is None and not packed:
        yield f"{reference} has no {annotations}/"
    if elsewhere is not None:
        if packed:
            yield f"{reference} has {annotations}/, and its {SETTINGS_FILE} says that the masks are in {elsewhere}"
        if not str(elsewhere).startswith("/"):
            yield f"{reference}: masks is {elsewhere!r}, which is not an absolute path"
        if bundle.platform is Platform.CODABENCH and "queue" not in bundle.config:
            yield f"{reference} has no masks, and the phase has no queue of your own whose workers have them"


@rule("phase-dates", "phases follow one another, each ends after it starts, and all but the last have an end")
def phase_dates(bundle: Bundle) -> Iterator[str]:
    if not bundle.phases:
        yield "there is no phase"
    last = None
    for position, phase in enumerate(bundle.phases):
        start = moment(phase.start)
        if last is not None and start < last:
            yield f"{phase.name} starts before the phase before it has ended"
        if phase.end is None:
            if position < len(bundle.phases) - 1:
                yield f"{phase.name} has no end"
            continue
        last = moment(phase.end)
        if last <= start:
            yield f"{phase.name} ends before it starts"


@rule("submission-limits", "each phase limits submissions, in total and per day")
def submission_limits(bundle: Bundle) -> Iterator[str]:
    for phase in bundle.phases:
        total, daily = phase.fields.get("max_submissions"), phase.fields.get("max_submissions_per_day")
        if type(total) is not int or type(daily) is not int or not 1 <= daily <= total:
            yield f"{phase.name}: {daily!r} a day, {total!r} in total"


@rule(
    "time-limit",
    f"each phase has a time limit, on the public queue at most {PUBLIC_QUEUE.time_limit} s; our own deadline is below it",
)
def time_limit(bundle: Bundle) -> Iterator[str]:
    public = bundle.platform is Platform.CODABENCH and "queue" not in bundle.config
    for phase in bundle.phases:
        limit = phase.time_limit
        if type(limit) is not int or limit <= 0 or (public and limit > PUBLIC_QUEUE.time_limit):
            yield f"{phase.name}: the limit is {limit!r}"
            continue
        own = _scoring_settings(bundle, phase.reference).get("time_limit")
        if not isinstance(own, (int, float)) or not own < limit:
            yield f"{phase.name}: our own deadline is {own!r}, the platform's {limit}"


def _protocol(bundle: Bundle, reference: Any) -> EvaluationProtocol:
    """What the reference data is scored by. Raises UnknownProtocolError, a ValueError."""
    settings = _scoring_settings(bundle, reference)
    return protocols.get(str(settings.get("protocol", protocols.DEFAULT)), str(settings.get("task", Task.SEMI_SUPERVISED)))


def _scoring_settings(bundle: Bundle, reference: Any) -> dict[str, Any]:
    with bundle.inner(reference) as inner:
        content = yaml.safe_load(inner.read(SETTINGS_FILE))
    return content if isinstance(content, dict) else {}


@rule("pinned-reference", "the ground truth of every phase is pinned by its digest, so that no run has to read it twice")
def pinned_reference(bundle: Bundle) -> Iterator[str]:
    for phase in bundle.phases:
        digest = _scoring_settings(bundle, phase.reference).get("ground_truth")
        if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{16}", digest):
            yield f"{phase.name}: ground_truth is {digest!r}"


def _masks(bundle: Bundle, reference: object) -> set[tuple[object, ...]]:
    """What tells the masks of reference data: name, checksum and size of each, where they lie if not here, and their seal."""
    with bundle.inner(reference) as inner:
        packed = {(info.filename, info.CRC, info.file_size) for info in inner.infolist() if info.filename.endswith(".png")}
    settings = _scoring_settings(bundle, reference)
    return packed | {(name, settings[name]) for name in ("masks", "ground_truth") if settings.get(name) is not None}


@rule("hidden-detail", "results of the last phase, and of every phase on the same masks, show means only")
def hidden_detail(bundle: Bundle) -> Iterator[str]:
    hidden = _masks(bundle, bundle.phases[-1].reference)
    for phase in bundle.phases:
        found = _scoring_settings(bundle, phase.reference)
        shows_hidden = not hidden.isdisjoint(_masks(bundle, phase.reference))
        if found.get("detail") != "public" and (shows_hidden or found.get("detail") != "full"):
            yield f"{phase.name}: detail is {found.get('detail')!r}"


@rule("public-parts", "no ground-truth mask is in the starting kit, a page or the logo, whatever it is called there")
def public_parts(bundle: Bundle) -> Iterator[str]:
    kits = {str(phase.kit) for phase in bundle.phases}
    public = {name: bundle.read(name) for name in {*bundle.pages.values(), *kits, bundle.config["image"]} if name in bundle.names}
    maps = list(label_maps(public))
    shown = {shape: name for name, data in maps for shape in shapes_of(data)}
    sizes = {frame_size(data) for _, data in maps}
    for reference in sorted({str(phase.reference) for phase in bundle.phases}):
        with bundle.inner(reference) as inner:
            for member in inner.namelist():
                if member.endswith(".png"):
                    data = inner.read(member)
                    # decoding a whole split takes minutes, and masks of other sizes cannot be equal
                    copies = shapes_of(data) & set(shown) if frame_size(data) in sizes else ()
                    yield from (f"{shown[shape]} shows {reference}/{member}" for shape in copies)


@rule("starting-kit", "every phase offers the starting kit with its writer, a sample, and what checking needs")
def starting_kit(bundle: Bundle) -> Iterator[str]:
    for phase in bundle.phases:
        if phase.kit not in bundle.names:
            yield f"{phase.name}: the starting kit {phase.kit} is not in the bundle"
            continue
        with bundle.inner(phase.kit) as kit:
            names = set(kit.namelist())
            needed = ("README.md", "write_masks.py", "sample/sample_submission.zip", "scoring_program/lvos_eval/cli/main.py")
            yield from (f"{phase.kit} has no {name}" for name in needed if name not in names)
            yield from (
                f"{phase.kit}: {fault}" for name in sorted(names) if name.endswith(".zip") for fault in _program_files(kit, name)
            )


def _program_files(kit: zipfile.ZipFile, name: str) -> Iterator[str]:
    """What makes the platform take a submission for a program, and run it."""
    with zipfile.ZipFile(kit.open(name)) as submission:
        yield from (f"{name} has {member}" for member in submission.namelist() if member in ("metadata", "metadata.yaml"))


@rule("columns", "the columns are score keys of every phase's protocol, in their order, the first one first, precision 4")
def columns(bundle: Bundle) -> Iterator[str]:
    found = bundle.columns
    falling: frozenset[str] = frozenset()
    for phase in bundle.phases:
        summary = _protocol(bundle, phase.reference).summary
        falling |= summary.lower_is_better
        if list(found) != [key for key in summary.keys if key in found] or list(found)[:1] != list(summary.keys[:1]):
            yield f"the columns are {', '.join(found)}"
            return
    precision, sorting = ("precision", "sorting") if bundle.platform is Platform.CODABENCH else ("numeric_format", "sort")
    for key, column in found.items():
        wanted = "asc" if key in falling else "desc"
        if column.get(sorting) != wanted:
            yield f"{key} is sorted {column.get(sorting)!r}, not {wanted}"
        if column.get(precision) != 4:
            yield f"{key} has the precision {column.get(precision)!r}"


@rule("columns-available", "the reference data of every phase gives every column: an empty score is ranked first")
def columns_available(bundle: Bundle) -> Iterator[str]:
    for phase in bundle.phases:
        if len(_protocol(bundle, phase.reference).summary.groups) < 2:
            continue
        with bundle.inner(phase.reference) as inner:
            packed = {name.split("/")[1] for name in inner.namelist() if name.startswith(f"{ANNOTATIONS}/")}
            videos = packed or _videos(inner)
            listed = inner.read("unseen_videos.txt").decode().split() if "unseen_videos.txt" in inner.namelist() else []
        for split, there in (("-unseen-", videos & set(listed)), ("-seen-", videos - set(listed))):
            if not there:
                yield from (f"{phase.name} cannot give {key}" for key in bundle.columns if split in key)


def _videos(reference: zipfile.ZipFile) -> set[str]:
    """The videos of reference data without masks: those of the metadata, or of the list for the task with one object."""
    names = reference.namelist()
    if yaml.safe_load(reference.read(SETTINGS_FILE))["task"] == Task.UNSUPERVISED_SINGLE:
        return set(reference.read(UNSUPERVISED_LIST).decode().split())
    metadata = [name for name in names if name in METADATA_NAMES or name.endswith(ATTRIBUTE_SUFFIX)]
    return set(json.loads(reference.read(metadata[0]).decode("utf-8-sig"))["videos"])


@rule("detailed-results", "detailed results are on")
def detailed_results(bundle: Bundle) -> Iterator[str]:
    if bundle.config.get("enable_detailed_results") is not True:
        yield f"enable_detailed_results is {bundle.config.get('enable_detailed_results')!r}"


RULES: Final = (
    programs_and_data,
    phase_dates,
    submission_limits,
    time_limit,
    pinned_reference,
    hidden_detail,
    public_parts,
    starting_kit,
    columns,
    columns_available,
    detailed_results,
)
