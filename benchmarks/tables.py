"""A benchmark run as text: for the terminal, for the documentation, and next to another run."""

from collections.abc import Iterator, Sequence
from statistics import median
from textwrap import wrap
from typing import Final

from benchmarks.figures import Measured, measured
from benchmarks.plan import FULL_HD_EVERY, MIXED_EVERY
from benchmarks.results import SAME, Run
from benchmarks.usual import STEPS as USUAL_STEPS

__all__ = ["comparison", "markdown", "report"]

WIDTH: Final = 100

_SAMPLES: Final = {"good usual": MIXED_EVERY, "bad usual": MIXED_EVERY, "1080p usual": FULL_HD_EVERY}

_TEXTBOOK: Final = """\
The textbook program, one process, one thread. For each object and frame it decodes both masks with
Pillow, selects the object (== id), takes the boundary of the full frame by shift and xor in numpy,
dilates both boundaries over the full frame with the disk (cv2.dilate, 441 taps at 720p), counts.
It is slow, so it takes one scored frame of every n, others each round, and is compared by the time
an object and frame takes. Milliseconds an object and frame:"""

_OURS: Final = """\
Our program, end to end: manifest, submission, every mask read from disk, scores. One process, one
thread, ground truth sealed (its digest is in scoring.yaml) unless said otherwise:"""

_STEPS: Final = """\
Steps of our program on the good 720p set (the stopwatch itself slows it a little):"""

_FIGURES: Final = """\
Figures: ratios of runs in the same round, median over the rounds (lowest to highest); `cpu` is the
same ratio of processor time, which other work on the machine disturbs less:"""


def report(run: Run) -> str:
    """All that the run has measured, at most WIDTH columns wide."""
    figures = measured(run)
    parts = [_heading(run), _textbook(run), _ours(run), _steps(run), _table(figures), _agreements(run), _verdicts(run, figures)]
    return "\n\n".join("\n".join(part) for part in parts)


def _heading(run: Run) -> Iterator[str]:
    yield f"Commit {run.commit}, {len(run.rounds)} interleaved rounds, every trial in a fresh process, times are medians"
    yield from wrap(", ".join(f"{name} {value}" for name, value in run.environment.items()), WIDTH)


def _textbook(run: Run) -> Iterator[str]:
    yield _TEXTBOOK
    yield f"  {'':12}{'sample':>16}" + "".join(f"{step:>11}" for step in (*USUAL_STEPS, "total"))
    for trial, every in _SAMPLES.items():
        outcomes = list(run.of(trial))
        each = [median(1e3 * outcome.steps[step] / outcome.object_frames for outcome in outcomes) for step in USUAL_STEPS]
        total = median(1e3 * outcome.seconds[0] / outcome.object_frames for outcome in outcomes)
        sample = f"{outcomes[0].object_frames}, n = {every}"
        yield f"  {trial.removesuffix(' usual'):12}{sample:>16}" + "".join(f"{value:11.2f}" for value in (*each, total))
    free = ", ".join(f"{_with_free_decoding(run, trial):.1f}" for trial in _SAMPLES)
    yield f"  Without any decoding it would still take this many times as long as ours, with: {free}"


def _with_free_decoding(run: Run, trial: str) -> float:
    """How many times as long as ours, decoding included, the textbook program takes without its own decoding."""
    return median(
        (usual.seconds[0] - usual.steps["decode"]) / usual.object_frames * ours.object_frames / ours.seconds[0]
        for usual, ours in zip(run.of(trial), run.of(SAME[trial]), strict=True)
    )


def _ours(run: Run) -> Iterator[str]:
    yield _OURS
    yield f"  {'':28}{'seconds':>10}{'object-frames':>15}{'ms each':>10}{'masks':>10}{'ms each':>10}{'peak MB':>10}"
    trials = ("good", "good unsealed", "good zip", "good stdlib", "bad", "1080p", "long, 1 process", "long, 2 workers")
    for trial in trials:
        outcomes = list(run.of(trial))
        seconds = median(outcome.seconds[-1] for outcome in outcomes)
        peak = median(outcome.peak_mb for outcome in outcomes)
        counts = outcomes[0]
        yield (
            f"  {trial:28}{seconds:10.3f}{counts.object_frames:15}{1e3 * seconds / counts.object_frames:10.3f}"
            f"{counts.masks:10}{1e3 * seconds / counts.masks:10.3f}{peak:10.1f}"
        )
    floor = list(run.of("floor"))
    seconds, masks = median(outcome.seconds[0] for outcome in floor), floor[0].masks
    engine = "zlib-ng" if floor[0].accelerated else "stdlib zlib"
    yield f"  {f'decode floor ({engine})':28}{seconds:10.3f}{'':15}{'':10}{masks:10}{1e3 * seconds / masks:10.3f}"
    yield "  The floor reads every needed mask of the good 720p set once, checks its checksums and inflates it."


def _steps(run: Run) -> Iterator[str]:
    yield _STEPS
    outcomes = list(run.of("good steps"))
    counts = outcomes[0]
    yield f"  {'':20}{'seconds':>10}{'share':>8}{'us a mask':>12}{'us an object-frame':>20}"
    for step in counts.steps:
        seconds = median(outcome.steps[step] for outcome in outcomes)
        share = median(outcome.steps[step] / outcome.seconds[0] for outcome in outcomes)
        a_mask, an_object = 1e6 * seconds / counts.masks, 1e6 * seconds / counts.object_frames
        yield f"  {step:20}{seconds:10.3f}{share:8.0%}{a_mask:12.0f}{an_object:20.0f}"


def _table(figures: Sequence[Measured]) -> Iterator[str]:
    yield _FIGURES
    for item in figures:
        cpu = f"cpu {item.cpu_median:.2f}" if item.cpu_median is not None else ""
        spread = f"({item.low:.2f} to {item.high:.2f})"
        line = f"  {item.figure.title:39}{item.median:7.2f}{item.figure.unit:3} {spread:16} {cpu:9}  {item.figure.wanted}"
        yield line.rstrip()


def _agreements(run: Run) -> Iterator[str]:
    yield "J and F compared, to the last bit, over all rounds:"
    for item in run.agreements:
        verdict = "all equal" if item.exact else f"{item.different} DIFFER"
        yield f"  {f'{item.trial} = {item.other}':42}{item.compared:8} values of object and frame, {verdict}"


def _verdicts(run: Run, figures: Sequence[Measured]) -> Iterator[str]:
    for item in figures:
        if item.passed is not None:
            value = f"{item.median:.2f}{item.figure.unit}"
            yield f"{'PASS' if item.passed else 'MISS'}  {item.figure.title}: {value} ({item.figure.wanted})"
    exact = all(item.exact for item in run.agreements)
    yield f"{'PASS' if exact else 'MISS'}  every J and F equal, textbook against ours, with and without zlib-ng, zip and folder"


def markdown(run: Run) -> str:
    """The figures as they stand in the documentation."""
    environment = ", ".join(f"{name} {value}" for name, value in run.environment.items() if name != "architecture")
    lines = [
        f"Median of {len(run.rounds)} rounds ({environment}):",
        "",
        "| figure | measured | lowest to highest | wanted |",
        "|---|---:|---:|---|",
    ]
    for item in measured(run):
        unit = item.figure.unit
        lines.append(
            f"| {item.figure.title} | {item.median:.2f}{unit} | {item.low:.2f} to {item.high:.2f} | {item.figure.wanted} |"
        )
    return "\n".join(lines)


def comparison(run: Run, other: Run) -> str:
    """Both runs side by side: their figures, and their times in decode floors, which other speeds of a machine cancel out of."""
    theirs = {item.figure.key: item for item in measured(other)}
    lines = [f"{run.commit} compared with {other.commit}"]
    differences = [name for name, value in run.environment.items() if other.environment.get(name) != value]
    if differences:
        lines.append(f"CAUTION: they differ in {', '.join(differences)}, which may be all that the ratios show")
    lines += ["", f"  {'figure':42}{'this':>10}{'other':>10}{'this / other':>14}"]
    for item in measured(run):
        if item.figure.key in theirs:
            was = theirs[item.figure.key].median
            lines.append(f"  {item.figure.title:42}{item.median:10.2f}{was:10.2f}{item.median / was:14.3f}")
    lines += ["", f"  {'time, in decode floors':42}{'this':>10}{'other':>10}{'this / other':>14}"]
    for trial in run.rounds[0]:
        new, old = _in_floors(run, trial), _in_floors(other, trial)
        if new is not None and old is not None:
            lines.append(f"  {trial:42}{new:10.2f}{old:10.2f}{new / old:14.3f}")
    return "\n".join(lines)


def _in_floors(run: Run, trial: str) -> float | None:
    """The time of a trial, per object and frame (else per mask), over that of the floor per mask; median over the rounds."""
    values = [
        (outcomes[trial].seconds[-1] / (outcomes[trial].object_frames or outcomes[trial].masks))
        / (outcomes["floor"].seconds[0] / outcomes["floor"].masks)
        for outcomes in run.rounds
        if trial in outcomes
    ]
    return median(values) if values else None
