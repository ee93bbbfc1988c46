"""`lvos-eval explain`: the numbers that circulate for one submission, and what each difference is worth."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from lvos_eval.cli.arguments import file_path, path
from lvos_eval.cli.command import Command
from lvos_eval.cli.console import Console, verdict
from lvos_eval.cli.options import add_common_options, reference_of
from lvos_eval.comparison.explanation import Explanation, Number, explain
from lvos_eval.diagnostics.errors import ExitCode, UsageError
from lvos_eval.diagnostics.text import printable
from lvos_eval.reference.choice import ReferenceChoice
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import Disclosure
from lvos_eval.reference.video_lists import read_list
from lvos_eval.version import __version__

__all__ = ["EXPLAIN", "ExplainRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainRequest:
    """What to explain against what."""

    submission: Path
    reference: ReferenceChoice
    videos: Path | None
    """A list of videos, for a number over them alone."""
    strict: bool
    jobs: int | None

    def disclosure(self) -> Disclosure:
        return self.reference.detail(Disclosure.FULL)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("submission", metavar="SUBMISSION", type=path, help="folder or zip of indexed PNG masks")
    parser.add_argument("--reference", metavar="REF", type=path, required=True, help="folder with the metadata and Annotations/")
    parser.add_argument(
        "--videos", metavar="LIST", type=file_path, help="list of videos, one id per line, to count by themselves"
    )
    add_common_options(parser)


def _request_of(namespace: argparse.Namespace) -> ExplainRequest:
    return ExplainRequest(
        submission=namespace.submission,
        reference=reference_of(namespace.reference, namespace),
        videos=namespace.videos,
        strict=namespace.strict,
        jobs=namespace.jobs,
    )


def _run(request: ExplainRequest, detail: Disclosure, console: Console) -> ExitCode:
    if detail is Disclosure.PUBLIC:
        raise UsageError("explain tells more of the masks than scoring.yaml allows (`detail: public`)")
    settings = request.reference.settings()
    manifest = load_manifest(request.reference.path, settings.rules)
    found = explain(
        request.submission,
        manifest,
        request.jobs,
        console.observer(manifest),
        videos=_listed(request.videos),
        limits=settings.limits.archive,
        strict=request.strict,
    )
    console.problems(found.problems)
    console.say(f"lvos-eval {__version__}: {found.submission}: {verdict(found.problems)}")
    for note in found.notes:
        console.tell(f"note: {note}")
    if found.official is None:
        console.document(_document(found))
        return ExitCode.INVALID_SUBMISSION
    for line in _table(found, found.official):
        console.say(line)
    console.document(_document(found))
    return ExitCode.SUCCESS


def _listed(file: Path | None) -> frozenset[str] | None:
    if file is None:
        return None
    names = read_list(file)
    if not names:
        raise UsageError(f"the list of videos {printable(str(file))} is {'not there' if names is None else 'empty'}")
    return names


def _document(found: Explanation) -> dict[str, Any]:
    """Everything as it is printed with `--json`; differences in percentage points."""
    official = found.official

    def rows(numbers: Sequence[Number]) -> list[dict[str, Any]]:
        return [asdict(number) | {"difference": _difference(number, official)} for number in numbers]

    return {
        "submission": found.submission,
        "problems": [problem.to_json() for problem in found.problems],
        "official": asdict(official) if official is not None else None,
        "changes": rows(found.changes),
        "named": rows(found.named),
        "groups": rows(found.groups),
    }


def _difference(number: Number, official: Number | None) -> float | None:
    return None if official is None or official.jf is None or number.jf is None else number.jf - official.jf


def _table(found: Explanation, official: Number) -> list[str]:
    """The numbers in percent, and how far J&F is from the official one."""
    sections = (
        ("official", (official,)),
        ("one change at a time", found.changes),
        ("under other names", found.named),
        ("groups of videos, each object alike", found.groups),
    )
    titles = {number: f"{number.name}: {number.meaning}" for _, numbers in sections for number in numbers}
    width = max(map(len, titles.values())) + 2
    lines = [f"{'':<{width}} {'J&F':>7} {'J':>7} {'F':>7} {'against':>8} objects videos"]
    for title, numbers in sections:
        lines.append(title)
        lines += [_line(f"  {titles[number]:<{width - 2}}", number, official) for number in numbers]
    return [*lines, "", _advice(found, official)]


def _line(title: str, number: Number, official: Number) -> str:
    if number.jf is None:
        return f"{title} {number.lacks}"
    difference = _difference(number, official)
    against = "" if number is official or difference is None else f"{difference:+.2f}"
    return f"{title} {number.jf:7.2f} {number.j:7.2f} {number.f:7.2f} {against:>8} {number.objects:7} {number.videos:6}"


def _advice(found: Explanation, official: Number) -> str:
    """Which number to quote as what."""
    others = [f"{number.jf:.2f} only as {number.name}" for number in found.named if number.jf is not None]
    plain = [f"{number.jf:.2f} only as the plain mean over objects" for number in found.changes[:1] if number.jf is not None]
    return f"Quote {official.jf:.2f} as J&F of {official.name}; {'; '.join([*plain, *others])}."


EXPLAIN: Final = Command(
    purpose="the numbers that circulate for one submission, side by side",
    description="Counts a submission in every way that papers use, and tells what each is worth against the official number.",
    example="lvos-eval explain submission.zip --reference lvos_valid/ --videos sam2_136.txt",
    add_options=_add_options,
    request_of=_request_of,
    run=_run,
)
