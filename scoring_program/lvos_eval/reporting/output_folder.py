"""The files of a run, each either the old one, the new one, or not there, never a part."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lvos_eval.diagnostics.errors import RunStoppedError, UsageError
from lvos_eval.diagnostics.text import printable
from lvos_eval.execution.locks import reserved
from lvos_eval.formats.files import remove_unfinished, replace_file
from lvos_eval.reference.manifest import Manifest
from lvos_eval.reporting.gallery import draw_gallery
from lvos_eval.reporting.overlays import PICTURE_BUDGET, draw_worst_frames
from lvos_eval.reporting.page import render_page
from lvos_eval.reporting.result_document import details, manifest_summary
from lvos_eval.reporting.sizes import object_sizes
from lvos_eval.reporting.tables import objects_csv, results_tex
from lvos_eval.scoring.results import RunResult

__all__ = [
    "DETAILS_FILE",
    "PAGE_FILE",
    "SCORES_JSON",
    "SCORES_TEXT",
    "OutputFolder",
    "ResultFiles",
    "open_output",
    "result_files",
    "scores_text",
]

SCORES_JSON: Final = "scores.json"
SCORES_TEXT: Final = "scores.txt"
DETAILS_FILE: Final = "scoring_details.json"
PAGE_FILE: Final = "detailed_results.html"
OBJECTS_FILE: Final = "objects.csv"
TEX_FILE: Final = "results.tex"
OFFICIAL_FOLDER: Final = "official"


_BETWEEN: Final = 120
"""So many pictures of other frames than the worst, which takes a second or two at most."""

_MOST_OF_PAGE: Final = 9_500_000
_OBJECT: Final = 2_700
"""Characters that a page should not have more of, and what an object takes of them without pictures, about."""


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """What there is to write but for the scores, which come last in a run."""

    page: str
    details: dict[str, Any]
    tables: Mapping[str, str]
    """For whoever scored it, by name: for a spreadsheet and for a paper."""
    official: Mapping[str, str]
    """What the official tool writes, by name."""

    def write(self, output: OutputFolder, *, tables: bool = False) -> None:
        """Writes page and details, and the tables if somebody wants them."""
        output.write_page(self.page)
        output.write_details(self.details)
        if tables:
            output.write_tables(self.tables)
            output.write_official(self.official)


def result_files(manifest: Manifest, result: RunResult) -> ResultFiles:
    """Page and details of a result, with per-frame values and pictures where it has any."""
    frames = result.frames
    budget = min(PICTURE_BUDGET, max(_MOST_OF_PAGE - _OBJECT * result.report.objects, 0))
    pictures = draw_worst_frames(manifest, result.submission, frames.values, budget, _BETWEEN) if frames is not None else {}
    gallery = draw_gallery(manifest, result.submission, frames.values) if frames is not None else ()
    page = render_page(
        result.report, frames, pictures, gallery, object_sizes(manifest, frames.values) if frames is not None else {}
    )
    scores = result.report.scores
    tables = {}
    if scores is not None:
        tables[OBJECTS_FILE] = objects_csv(scores.objects)
        tables[TEX_FILE] = results_tex(result.report.name or "Ours", scores, manifest.protocol.summary)
    return ResultFiles(page, details(result.report, frames, manifest_summary(manifest)), tables, result.official)


_FILES: Final = (SCORES_JSON, SCORES_TEXT, DETAILS_FILE, PAGE_FILE, OBJECTS_FILE, TEX_FILE)


def scores_text(scores: Mapping[str, float]) -> str:
    """`scores.txt`: one `key: value` per line, which is all that CodaLab's reader survives."""
    return "".join(f"{key}: {value:.10f}\n" for key, value in scores.items())


class OutputFolder:
    """The folder that a run writes to. Every failure to write becomes RunStoppedError with the reason."""

    def __init__(self, folder: Path, reservation: int | None = None) -> None:
        """`reservation` is a descriptor of the folder as it was when the run began."""
        self._folder = folder
        self._reservation = reservation

    @property
    def page(self) -> Path:
        return (self._folder / PAGE_FILE).absolute()

    @property
    def details(self) -> Path:
        return (self._folder / DETAILS_FILE).absolute()

    def write_page(self, page: str) -> None:
        self._require()
        replace_file(self._folder / PAGE_FILE, page)

    def write_details(self, content: Mapping[str, Any]) -> None:
        self._require()
        replace_file(self._folder / DETAILS_FILE, json.dumps(content, indent=1, allow_nan=False, ensure_ascii=True) + "\n")

    def write_tables(self, tables: Mapping[str, str]) -> None:
        self._require()
        for name, content in tables.items():
            replace_file(self._folder / name, content)

    def write_official(self, files: Mapping[str, str]) -> None:
        """The files of the official tool, in a folder of their own, as it writes them."""
        self._require()
        folder = self._folder / OFFICIAL_FOLDER
        for name, content in files.items():
            # where there can be no folder, writing into it says why
            with contextlib.suppress(OSError):
                folder.mkdir(exist_ok=True)
            replace_file(folder / name, content)

    def write_scores(self, scores: Mapping[str, float]) -> None:
        """The last files of a run; `scores.txt` before `scores.json`, which Codabench reads first."""
        self._require()
        replace_file(self._folder / SCORES_TEXT, scores_text(scores))
        replace_file(self._folder / SCORES_JSON, json.dumps(dict(scores), indent=1, allow_nan=False) + "\n")

    def give_up(self, page: str) -> None:
        """Leaves nothing behind but a page that says so, or nothing at all where not even that can be written. Raises nothing."""
        if not self._is_ours():
            return
        for name in (SCORES_JSON, SCORES_TEXT, DETAILS_FILE, OBJECTS_FILE, TEX_FILE):
            self._discard(name)
        _clear_official(self._folder)
        try:
            self.write_page(page)
        except RunStoppedError:
            # the page that is there promises results, and on a full disk takes the place of the one that does not
            self._discard(PAGE_FILE)
            with contextlib.suppress(RunStoppedError):
                self.write_page(page)

    def _is_ours(self) -> bool:
        """False where another folder has taken the place of the one that the run began with: it belongs to another run."""
        try:
            return self._reservation is None or os.path.samestat(os.fstat(self._reservation), self._folder.stat())
        except OSError:
            # gone, and nothing in its place: whoever writes is told why that fails
            return True

    def _require(self) -> None:
        if not self._is_ours():
            raise RunStoppedError(
                f"the output folder {printable(str(self._folder))} was replaced by another while the run wrote to it"
            )

    def _discard(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._folder / name)


@contextlib.contextmanager
def open_output(folder: Path) -> Iterator[OutputFolder]:
    """The output folder of a run, made where needed, which no other run may use meanwhile.

    The files of an earlier run are removed, which must not pass for this one's. Raises UsageError where another run writes to
    the folder or it is a file, and RunStoppedError where it cannot be used.
    """
    with _usable(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with reserved(folder) as reservation:
        with _usable(folder):
            for name in _FILES:
                (folder / name).unlink(missing_ok=True)
                remove_unfinished(folder, name)
            _clear_official(folder)
        yield OutputFolder(folder, reservation)


def _clear_official(folder: Path) -> None:
    """Removes the official files of a run, all tables, and nothing that somebody else may have put beside them."""
    with contextlib.suppress(OSError):
        remove_unfinished(folder / OFFICIAL_FOLDER)
        for path in (folder / OFFICIAL_FOLDER).glob("*.csv"):
            path.unlink()


@contextlib.contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if os.path.exists(folder) and not os.path.isdir(folder):
            raise UsageError(f"the output folder {printable(str(folder))} is a file; name a folder") from error
        old = "; the scores in it are those of an earlier run" if os.path.exists(folder / SCORES_JSON) else ""
        raise RunStoppedError(f"the output folder {printable(str(folder))} cannot be used: {error.strerror}{old}") from error
