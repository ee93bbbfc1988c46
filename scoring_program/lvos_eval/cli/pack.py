"""`lvos-eval pack`: from a tracker's output folder to the zip that the server takes."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lvos_eval.cli.arguments import file_path, path
from lvos_eval.cli.command import Command
from lvos_eval.cli.console import Console, verdict
from lvos_eval.cli.options import add_common_options, reference_of
from lvos_eval.diagnostics.errors import ExitCode
from lvos_eval.diagnostics.text import counted, printable
from lvos_eval.reference.choice import ReferenceChoice
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import Disclosure
from lvos_eval.version import __version__
from lvos_eval.workflows.pack_options import OVERLAP_CHOICES, TRANSPOSE_CHOICES, WHITE_CHOICES, PackOptions
from lvos_eval.workflows.packing import PackReport, pack_masks

__all__ = ["PACK", "PackRequest"]

_WIDTH: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRequest:
    """What to pack, for which server, and the choices where masks have several readings."""

    masks: Path
    reference: ReferenceChoice
    output: Path
    options: PackOptions
    dry_run: bool
    strict: bool
    jobs: int | None

    def disclosure(self) -> Disclosure:
        return self.reference.detail(Disclosure.FULL)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("masks", metavar="MASKS", type=path, help="folder or zip with what a tracker wrote: PNG, .npy or .npz")
    parser.add_argument("--reference", metavar="REF", type=path, required=True, help="metadata file, or the folder that holds it")
    parser.add_argument("--output", metavar="ZIP", type=file_path, required=True, help="the zip to write; an old one is replaced")
    parser.add_argument("--dry-run", action="store_true", help="do everything but write the zip")
    choices = parser.add_argument_group("choices", "where masks have several readings, pack stops and says which of these choose")
    choices.add_argument("--resize", action="store_true", help="resize masks of another size, each pixel as the nearest one")
    choices.add_argument("--fill-missing", action="store_true", help="add empty masks for scored frames that have none")
    choices.add_argument(
        "--keep-labels", action="store_true", help="the labels are ids, though some are not objects of their video"
    )
    choices.add_argument(
        "--overlap",
        choices=OVERLAP_CHOICES,
        help="of objects that overlap, the lowest id, the highest, or more pixels",
    )
    choices.add_argument("--transpose", choices=TRANSPOSE_CHOICES, help="swap width and height back; all: of square masks too")
    choices.add_argument("--white", choices=WHITE_CHOICES, help="what 255 is, where an only object has no other pixel")
    choices.add_argument("--root", metavar="FOLDER", help="the folder with the masks, where several hold the same videos")
    choices.add_argument(
        "--rename", metavar="FORMULA", action="append", default=[], help='the frame of the number n in a name, as "5 * n + 1"'
    )
    add_common_options(parser)


def _request_of(namespace: argparse.Namespace) -> PackRequest:
    return PackRequest(
        masks=namespace.masks,
        reference=reference_of(namespace.reference, namespace),
        output=namespace.output,
        options=PackOptions(
            resize=namespace.resize,
            fill_missing=namespace.fill_missing,
            keep_labels=namespace.keep_labels,
            overlap=namespace.overlap,
            transpose=namespace.transpose,
            white=namespace.white,
            root=namespace.root,
            rename=tuple(namespace.rename),
        ),
        dry_run=namespace.dry_run,
        strict=namespace.strict,
        jobs=namespace.jobs,
    )


def _run(request: PackRequest, _: Disclosure, console: Console) -> ExitCode:
    console.say(f"lvos-eval {__version__}")
    began = time.monotonic()
    settings = request.reference.settings()
    manifest = load_manifest(request.reference.path, settings.rules, splits=False)
    report = pack_masks(
        request.masks,
        manifest,
        request.output,
        request.options,
        request.jobs,
        console.observer(manifest),
        limits=settings.limits.archive,
        strict=request.strict,
        dry_run=request.dry_run,
    )
    console.problems(report.problems)
    for line in _table(report):
        console.say(line)
    console.say(_summary(report, request, time.monotonic() - began))
    console.document(_document(report, request))
    return ExitCode.SUCCESS if report.packed else ExitCode.INVALID_SUBMISSION


def _table(report: PackReport) -> list[str]:
    """What was done, one kind a line."""
    return [f"{number:>{_WIDTH},}  {printable(step)}" for step, number in report.steps.items()] if report.packed else []


def _summary(report: PackReport, request: PackRequest, seconds: float) -> str:
    name = printable(str(report.output))
    if not report.packed:
        return f"{name} is not written: {verdict(report.problems)}"
    sizes = f"{_megabytes(report.bytes_written)}, made of {_megabytes(report.bytes_read)}"
    what = "would have" if request.dry_run else "has"
    return f"{name} {what} {counted(report.masks, 'mask')}, {sizes}, in {seconds:.1f} s: {verdict(report.problems)}"


def _megabytes(number: int) -> str:
    return f"{number / 1e6:,.1f} MB"


def _document(report: PackReport, request: PackRequest) -> dict[str, Any]:
    return {
        "version": __version__,
        "output": str(report.output),
        "packed": report.packed,
        "dry_run": request.dry_run,
        "steps": dict(report.steps),
        "masks": report.masks,
        "bytes_read": report.bytes_read,
        "bytes_written": report.bytes_written,
        "problems": [problem.to_json() for problem in report.problems],
    }


PACK: Final = Command(
    purpose="write the zip that the server takes, out of what a tracker wrote",
    description="Packs masks into the zip that the server takes: puts names, wrappers and encodings right where only one reading "
    "fits, leaves out what is not needed, and checks the zip. Nothing is written where a choice is left.",
    example="lvos-eval pack results/ --reference valid_meta.json --output submission.zip",
    add_options=_add_options,
    request_of=_request_of,
    run=_run,
)
