"""`lvos-eval prepare`: the first mask of each object, for a tracker to start from."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from lvos_eval.cli.arguments import path
from lvos_eval.cli.command import Command
from lvos_eval.cli.console import Console
from lvos_eval.cli.options import add_output_options, add_reference_options, reference_of
from lvos_eval.diagnostics.errors import ExitCode, UsageError
from lvos_eval.diagnostics.text import counted, listed, printable
from lvos_eval.reference.choice import ReferenceChoice
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import Disclosure
from lvos_eval.version import __version__
from lvos_eval.workflows.prompt_folder import PROMPTS_FILE, prepare_prompts

__all__ = ["PREPARE", "PrepareRequest"]

_SHOWN: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareRequest:
    """Whose prompts, where to, and where the photographs lie."""

    reference: ReferenceChoice
    output: Path
    photographs: Path | None
    """None: where the benchmark has them, if anybody asks for them."""
    link: bool

    def disclosure(self) -> Disclosure:
        return self.reference.detail(Disclosure.FULL)

    def photographs_of(self, manifest: Manifest) -> Path | None:
        """The folder of the photographs, where they matter."""
        if self.photographs is None and self.link:
            return manifest.folder / manifest.protocol.layout.images
        return self.photographs


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reference", metavar="REF", type=path, help="folder with the metadata and Annotations/")
    parser.add_argument("--output", metavar="PROMPTS", type=path, required=True, help="folder to write; old prompts are replaced")
    parser.add_argument(
        "--frames", metavar="DIR", type=path, help="photographs, a folder for each video: see that none is missing"
    )
    parser.add_argument(
        "--link-frames",
        action="store_true",
        help="link the folders of the photographs beside the masks (default: REF/JPEGImages)",
    )
    add_reference_options(parser)
    add_output_options(parser)


def _request_of(namespace: argparse.Namespace) -> PrepareRequest:
    return PrepareRequest(
        reference=reference_of(namespace.reference, namespace),
        output=namespace.output,
        photographs=namespace.frames,
        link=namespace.link_frames,
    )


def _run(request: PrepareRequest, _: Disclosure, console: Console) -> ExitCode:
    console.say(f"lvos-eval {__version__}")
    manifest = load_manifest(request.reference.path, request.reference.settings().rules, splits=False)
    if not manifest.videos:
        raise UsageError(f"{printable(str(request.reference.path))} has no video")
    done = prepare_prompts(manifest, request.output, request.photographs_of(manifest), link=request.link)
    if done.invisible:
        many = counted(len(done.invisible), "object")
        whose = "its" if len(done.invisible) == 1 else "their"
        names = listed(map(printable, done.invisible), _SHOWN)
        console.tell(
            f"note: {many} without a pixel in the first frame of {whose} range (video/id: {names}): there is no mask to start "
            f"from, and {PROMPTS_FILE} has null"
        )
    what = f"{counted(done.objects, 'object')} of {counted(done.videos, 'video')}, {counted(done.masks, 'mask')}"
    console.tell(f"{printable(str(done.output))}: {what} and {PROMPTS_FILE}")
    console.document({"version": __version__} | asdict(done) | {"output": str(done.output)})
    return ExitCode.SUCCESS


PREPARE: Final = Command(
    purpose="write the first mask of each object, for a tracker to start from",
    description="Writes the mask of each object in the frame where it starts, and nothing else of the ground truth: label maps, "
    "and prompts.json with boxes, areas, sizes and the frames that need a mask.",
    example="lvos-eval prepare lvos_valid/ --output prompts/ --link-frames",
    add_options=_add_options,
    request_of=_request_of,
    run=_run,
)
