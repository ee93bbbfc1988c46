"""What the process of a trial does: the work of each kind, with the clock around it."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.dataset import DataSet
from benchmarks.memory import peak_of_this_process, peak_of_workers
from benchmarks.steps import watched
from benchmarks.trial import Kind, Outcome, Trial
from benchmarks.usual import Laps, measure
from lvos_eval.execution.worker import keep_freed_memory
from lvos_eval.formats.inflate import ACCELERATED, inflate
from lvos_eval.formats.png import parse_png
from lvos_eval.protocols.lvos import frame_name
from lvos_eval.reference.settings import Disclosure
from lvos_eval.scoring.chunks import ChunkResult
from lvos_eval.scoring.results import RunResult
from lvos_eval.scoring.run import ground_truth_digest, score_submission

__all__ = ["carry_out", "seal_data"]


def carry_out(trial: Trial) -> Outcome:
    """Does in this process what a trial asks for."""
    return {Kind.SCORE: _score, Kind.USUAL: _usual, Kind.FLOOR: _floor, Kind.STEPS: _steps}[trial.kind](trial)


def seal_data(data: DataSet, frames: int | None = None) -> str:
    """The digest of the ground truth of a data set, of its first `frames` frames if that is given."""
    return ground_truth_digest(data.manifest(frames=frames), 1, _pass_on)


class _Clock:
    """The wall-clock and processor seconds of every run, and the peaks of memory after the last."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.cpu_seconds: list[float] = []
        self._peak = 0.0
        self._worker_peak: float | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        started, cpu_started = time.perf_counter(), time.process_time()
        yield
        self.seconds.append(time.perf_counter() - started)
        self.cpu_seconds.append(time.process_time() - cpu_started)
        self._peak, self._worker_peak = peak_of_this_process(), peak_of_workers()

    def outcome(self, object_frames: int, masks: int) -> Outcome:
        times = tuple(self.seconds), tuple(self.cpu_seconds)
        return Outcome(*times, object_frames, masks, ACCELERATED, self._peak, self._worker_peak)


def _score(trial: Trial) -> Outcome:
    clock = _Clock()
    for _ in range(trial.runs):
        with clock.running():
            result = _work(trial)
    assert result.report.scores is not None and result.frames is not None, [str(problem) for problem in result.report.problems]
    values = {
        f"{video}/{object_id}/{value.frame}": (value.region_similarity, value.contour_accuracy)
        for (video, object_id), frames in result.frames.values.items()
        for value in frames
    }
    outcome = clock.outcome(len(values), 2 * result.report.frames)
    return replace(outcome, scores=dict(result.report.scores.values), values=values)


def _work(trial: Trial) -> RunResult:
    """Everything that the program does between knowing its arguments and having its results."""
    data = DataSet(Path(trial.data))
    manifest = data.manifest(trial.frames)
    digest = trial.digest or ground_truth_digest(manifest, trial.jobs, _pass_on)
    submission = data.submission(trial.tracker, zipped=trial.zipped)
    return score_submission(submission, manifest, digest, trial.jobs, _pass_on, detail=Disclosure.FULL)


def _pass_on(_: str, __: int, results: Iterable[ChunkResult]) -> Iterable[ChunkResult]:
    return results


def _steps(trial: Trial) -> Outcome:
    with watched() as stopwatch:
        outcome = _score(trial)
    rest = sum(outcome.seconds) - sum(stopwatch.seconds.values())
    return replace(outcome, steps={**stopwatch.seconds, "rest": rest}, values={})


def _usual(trial: Trial) -> Outcome:
    data = DataSet(Path(trial.data))
    manifest = data.manifest()
    sample: list[tuple[str, int, int]] = []
    for video in manifest.videos:
        chosen = set(video.scored[trial.offset % min(trial.every, len(video.scored)) :: trial.every])
        sample += [
            (video.name, item.object_id, frame) for item in video.objects for frame in item.scored.frames if frame in chosen
        ]
    submission = data.submission(trial.tracker, zipped=False)
    values = {}
    clock = _Clock()
    with clock.running():
        laps = Laps()
        for name, object_id, frame in sample:
            mask = f"{frame_name(frame)}.png"
            values[f"{name}/{object_id}/{frame}"] = measure(
                manifest.ground_truth(name) / mask, submission / name / mask, object_id, laps
            )
    return replace(clock.outcome(len(sample), 2 * len(sample)), steps=laps.seconds, values=values)


def _floor(trial: Trial) -> Outcome:
    masks = [path for pair in DataSet(Path(trial.data)).needed_masks(trial.tracker) for path in pair]
    keep_freed_memory()
    clock = _Clock()
    with clock.running():
        for path in masks:
            with open(path, "rb", buffering=0) as file:
                header, pixels = parse_png(file.read())
            inflate(pixels, header.height * (1 + (header.width * header.depth + 7) // 8))
    return clock.outcome(0, len(masks))
