"""The result of one submission as files: page and details, with per-frame values and pictures where they may be shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lvos_eval.manifest import Manifest
from lvos_eval.outputs import OutputFolder
from lvos_eval.overlays import draw_worst_frames
from lvos_eval.page import render_page
from lvos_eval.report import details, manifest_summary
from lvos_eval.run import RunResult

__all__ = ["ResultFiles", "result_files"]


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """What there is to write but for the scores, which come last in a run."""

    page: str
    details: dict[str, Any]

    def write(self, output: OutputFolder) -> None:
        output.write_page(self.page)
        output.write_details(self.details)


def result_files(manifest: Manifest, result: RunResult) -> ResultFiles:
    """Page and details of a result, with per-frame values and pictures where it has any."""
    frames = result.frames
    if frames is not None:
        frames = replace(frames, pictures=draw_worst_frames(manifest, result.submission, frames.values))
    return ResultFiles(render_page(result.report, frames), details(result.report, frames, manifest_summary(manifest)))
