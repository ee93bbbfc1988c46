"""From what a tracker wrote to the zip that the server takes.

In rounds, because one fault hides another: the check says what is wrong and what can be done about it, the masks are written
anew, and what has been written is checked. The zip in which the check finds nothing more to do is the result.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lvos_eval.diagnostics.errors import RunStoppedError, UsageError
from lvos_eval.diagnostics.problems import Problem
from lvos_eval.diagnostics.text import printable
from lvos_eval.execution.workload import Observer
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reference.settings import ArchiveLimits
from lvos_eval.workflows.pack_options import PackOptions
from lvos_eval.workflows.pack_round import CheckedMasks, Packing

__all__ = ["PackReport", "pack_masks"]

_MOST_ROUNDS: Final = 5
"""Names and images, sizes, labels; and one to see that nothing is left."""


@dataclass(frozen=True, slots=True)
class PackReport:
    """What was packed, or why nothing was."""

    output: Path
    packed: bool
    """Whether the zip is valid and, but for a dry run, lies at `output`."""
    problems: tuple[Problem, ...]
    """The warnings about the zip; where nothing was packed, what stands in the way."""
    steps: Mapping[str, int]
    """What was done, and to how many masks or files; of what was not packed, as far as it was done."""
    masks: int = 0
    bytes_read: int = 0
    """Of the files that the masks were made of."""
    bytes_written: int = 0


def pack_masks(
    masks: Path,
    manifest: Manifest,
    output: Path,
    options: PackOptions,
    jobs: int | None,
    observe: Observer,
    *,
    limits: ArchiveLimits | None = None,
    strict: bool = False,
    dry_run: bool = False,
) -> PackReport:
    """Writes the zip at `output`, whole or not at all; with `dry_run` everything is done but that.

    Raises UsageError where the protocol has no server or there is nothing at `masks`, RunStoppedError where the zip cannot be
    written or the masks change meanwhile.
    """
    if manifest.protocol.upload_folder is None:
        raise UsageError(
            f"no server that takes masks is documented for {manifest.protocol.name}, so there is nothing to pack for"
        )
    if output.is_dir():
        raise UsageError(f"{printable(str(output))} is a folder; name the zip, as in submission.zip")
    if not output.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {printable(str(output.parent))} for the zip; make it first")
    if output.exists() and masks.exists() and output.samefile(masks):
        raise UsageError(f"{printable(str(output))} is what is packed; name another file, so that it is kept")
    packing = Packing(manifest, options.given, tuple(options.rename), limits or ArchiveLimits(), strict, jobs, observe)
    first = found = packing.check(masks)
    steps = Counter(found.loose.steps)
    try:
        bytes_read = first.bytes_read
        with tempfile.TemporaryDirectory(prefix=f".{output.name[:60]}.", dir=output.absolute().parent) as folder:
            for number in range(_MOST_ROUNDS):
                if found.obstacles:
                    break
                path = Path(folder) / f"{number}.zip"
                steps.update(packing.write(found, path))
                found = packing.check(path)
                if not found.ways:
                    break
            if found.obstacles or found.ways:
                return PackReport(output, False, found.obstacles or found.problems, _done(steps))
            size = path.stat().st_size
            if not dry_run:
                os.replace(path, output)
    except OSError as error:
        raise RunStoppedError(f"{printable(str(output))} cannot be written: {error.strerror}") from error
    return PackReport(output, True, found.problems, _done(steps), _count(found), bytes_read, size)


def _done(steps: Mapping[str, int]) -> dict[str, int]:
    return {step: number for step, number in steps.items() if number}


def _count(found: CheckedMasks) -> int:
    return sum(map(len, found.submission.masks.values()))
