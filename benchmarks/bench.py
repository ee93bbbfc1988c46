"""How fast the program is, next to the textbook program and to the decode floor: `python -m benchmarks.bench`, or `make bench`.

It measures and never judges by its exit code; the last lines say which targets were met.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.figures import as_json, measured
from benchmarks.make_data import STAMP
from benchmarks.plan import DATA_SETS, plan_round, prepare
from benchmarks.results import Run, agreements, commit, environment
from benchmarks.tables import comparison, markdown, report
from benchmarks.trial import ROOT, Outcome, run

__all__ = ["BASELINE", "main"]

DATA: Final = ROOT / "bench-data"
BASELINE: Final = ROOT / "benchmarks" / "baseline.json"
"""The stored run that the figures in the documentation come from."""
ROUNDS: Final = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, or shows a stored run. Returns 2 if there is nothing to measure or to show."""
    options = _parse(arguments)
    stored = options.stored or (BASELINE if options.markdown else None)
    try:
        current = Run.load(stored) if stored else _measure(options.data, 1 if options.quick else options.rounds)
        other = Run.load(options.compare) if options.compare else None
    except FileNotFoundError as error:
        print(f"no {error.filename}; `make bench-data` writes the data, `make bench` the results", file=sys.stderr)
        return 2
    if options.markdown:
        print(markdown(current))
        return 0
    print(report(current))
    if other is not None:
        print(f"\n{comparison(current, other)}")
    if not stored:
        path = options.output or options.data / "results" / f"{current.commit}.json"
        current.save(path, as_json(measured(current)))
        print(f"\nKept in {path}")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIR", help=f"folder with {', '.join(DATA_SETS)}")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="interleaved rounds (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="where to keep the results (default: DIR/results/COMMIT.json)"
    )
    parser.add_argument("--compare", type=Path, metavar="OTHER.json", help="show the ratios to a stored run too")
    parser.add_argument("--from", dest="stored", type=Path, metavar="FILE", help="show a stored run instead of measuring")
    parser.add_argument(
        "--markdown", action="store_true", help=f"print the figures of {BASELINE.name}, or of --from, as Markdown"
    )
    return parser.parse_args(arguments)


def _measure(folder: Path, rounds: int) -> Run:
    """Raises FileNotFoundError if a data set is missing."""
    folder = folder.resolve()
    stamps = [folder / name / STAMP for name in DATA_SETS]
    for stamp in stamps:
        stamp.stat()
    _say("reading and sealing the data")
    digests = prepare(folder)
    outcomes: list[dict[str, Outcome]] = []
    for number in range(rounds):
        outcomes.append({})
        for name, trial in plan_round(folder, digests, number).items():
            _say(f"round {number + 1} of {rounds}: {name}")
            outcomes[-1][name] = run(trial)
    _say("")
    stored = [{name: outcome.without_values() for name, outcome in found.items()} for found in outcomes]
    return Run(commit(), environment(stamps, outcomes[0]["floor"].accelerated), stored, agreements(outcomes))


def _say(text: str) -> None:
    """One line of progress on a terminal, which the next replaces."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
