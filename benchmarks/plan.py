"""What one round of the benchmark measures: the trials, by name, in the order in which they are made."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.dataset import DataSet
from benchmarks.measurements import seal_data
from benchmarks.trial import Kind, Trial
from lvos_eval.execution.resources import available_cores

__all__ = ["DATA_SETS", "plan_round", "prepare"]

MIXED: Final = "mixed-720p"
FULL_HD: Final = "hd-1080p"
LONG: Final = "long"
SHORT: Final = "short"
"""The first frames of the long video."""
DATA_SETS: Final = (MIXED, FULL_HD, LONG)

MIXED_EVERY: Final = 15
"""The textbook program takes one scored frame of so many: it would need a minute a round for all of them."""
FULL_HD_EVERY: Final = 8
SHORT_FRAMES: Final = 200
"""Annotated frames of the long video that show whether memory grows with its length."""


def prepare(folder: Path) -> dict[str, str]:
    """Brings the data sets into the kernel's memory and seals them; the digests are for `plan_round`."""
    sets = {name: DataSet(folder / name) for name in DATA_SETS}
    for data in sets.values():
        data.touch()
    return {SHORT: seal_data(sets[LONG], SHORT_FRAMES), **{name: seal_data(data) for name, data in sets.items()}}


def plan_round(folder: Path, digests: Mapping[str, str], number: int) -> dict[str, Trial]:
    """The trials of a round; `digests` seals the ground truth of each data set. Trials that are compared stand side by side."""
    mixed, full_hd, long = (str(folder / name) for name in (MIXED, FULL_HD, LONG))
    trials = {
        # first, because it fails where the list of steps is out of date
        "good steps": Trial(Kind.STEPS, mixed, digest=digests[MIXED]),
        "floor": Trial(Kind.FLOOR, mixed),
        "good": Trial(Kind.SCORE, mixed, digest=digests[MIXED]),
        "good usual": Trial(Kind.USUAL, mixed, every=MIXED_EVERY, offset=number),
        "good zip": Trial(Kind.SCORE, mixed, digest=digests[MIXED], zipped=True),
        "good unsealed": Trial(Kind.SCORE, mixed),
        "good stdlib": Trial(Kind.SCORE, mixed, digest=digests[MIXED], accelerated=False),
        "bad": Trial(Kind.SCORE, mixed, "bad", digest=digests[MIXED]),
        "bad usual": Trial(Kind.USUAL, mixed, "bad", every=MIXED_EVERY, offset=number),
        "1080p": Trial(Kind.SCORE, full_hd, digest=digests[FULL_HD]),
        "1080p usual": Trial(Kind.USUAL, full_hd, every=FULL_HD_EVERY, offset=number),
        "short": Trial(Kind.SCORE, long, digest=digests[SHORT], frames=SHORT_FRAMES),
        "long, 1 process": Trial(Kind.SCORE, long, digest=digests[LONG]),
        "long, 2 workers": Trial(Kind.SCORE, long, digest=digests[LONG], jobs=2, runs=2),
    }
    cores = available_cores()
    if cores > 2:
        trials["long, all cores"] = Trial(Kind.SCORE, long, digest=digests[LONG], jobs=cores, runs=2)
    return trials
