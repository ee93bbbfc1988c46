"""Two outputs of the program, of whatever kind, compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lvos_eval.comparison.leaderboards import BoardComparison, compare_leaderboards
from lvos_eval.comparison.results import ResultComparison, compare_results
from lvos_eval.comparison.several import SeveralResults, compare_several
from lvos_eval.diagnostics.errors import UsageError
from lvos_eval.diagnostics.text import printable
from lvos_eval.formats.untrusted_json import read_document
from lvos_eval.reporting.output_folder import DETAILS_FILE
from lvos_eval.reporting.reading import read_result
from lvos_eval.rescoring.leaderboard import LEADERBOARD_FILE

__all__ = ["compare_outputs", "compare_several_outputs", "located"]


def compare_outputs(old: Path, new: Path) -> BoardComparison | ResultComparison:
    """What differs between two results or two leaderboards; each path is a file, or the folder that holds it.

    Raises UsageError for what is neither, or one of each.
    """
    old, new = located(old), located(new)
    kinds = [_is_leaderboard(path) for path in (old, new)]
    if kinds[0] is not kinds[1]:
        raise UsageError("one of the two is a leaderboard and the other a single result: compare two of a kind")
    return compare_leaderboards(old, new) if kinds[0] else compare_results(read_result(old), read_result(new))


def compare_several_outputs(paths: Sequence[Path], names: Sequence[str] = ()) -> SeveralResults:
    """Three results or more, ranked, under `names` or else their paths. Raises UsageError for what is not a result."""
    found = [located(path) for path in paths]
    for path in found:
        if _is_leaderboard(path):
            raise UsageError(f"{printable(str(path))} is a leaderboard: leaderboards are compared two at a time")
    results = [read_result(path) for path in found]
    return compare_several(results, names or [printable(str(path)) for path in paths])


def located(path: Path) -> Path:
    """The file that a path stands for. Raises UsageError for a folder that holds none."""
    if not path.is_dir():
        return path
    names = [name for name in (DETAILS_FILE, LEADERBOARD_FILE) if (path / name).is_file()]
    if not names:
        raise UsageError(f"{printable(str(path))} holds neither {DETAILS_FILE} nor {LEADERBOARD_FILE}")
    return path / names[0]


def _is_leaderboard(path: Path) -> bool:
    return read_document(path).has("submissions")
