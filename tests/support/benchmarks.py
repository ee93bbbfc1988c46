"""Data sets of other benchmarks with the numbers of their official tools, and submissions to them, whole and damaged.

Beside each data set in an archive lie `pred_<name>` and, in `expected`, what the tool gives for it, at full precision.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from PIL import Image

import lvos_eval as api
from commands import lvos_eval, zip_folder
from lvos_eval import protocols
from lvos_eval.diagnostics.problems import Severity
from lvos_eval.reference.loading import load_manifest
from lvos_eval.reference.settings import ScoringRules
from lvos_eval.rescoring.leaderboard import problem_line
from unpacking import unpack

__all__ = ["DAMAGES", "J_AND_F", "J_ONLY", "Benchmark", "Damage", "Run", "slow_but", "ways"]

_ROOT: Final = Path(__file__).parents[2]
_DATA: Final = _ROOT / "tests" / "data"
_SCHEMA: Final = Draft202012Validator(json.loads((_ROOT / "docs" / "report.schema.json").read_text()))

J_AND_F: Final[Mapping[str, str]] = {"J-Mean": "J", "J-Recall": "J-Recall", "J-Decay": "J-Decay",
                                     "F-Mean": "F", "F-Recall": "F-Recall", "F-Decay": "F-Decay"}  # fmt: skip
"""The key of an object in the details, by its key in the official tool's table."""

J_ONLY: Final[Mapping[str, str]] = {key: name for key, name in J_AND_F.items() if key.startswith("J")}

Run = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Benchmark:
    """An unpacked archive."""

    protocol: str
    folder: Path
    data: str
    """The data set's root in it."""
    annotations: str
    statistics: Mapping[str, str]
    tables: tuple[str, str] = ("global_results-{set}.csv", "per-sequence_results-{set}.csv")
    scores: str = "global"
    """What the tool's scores are called in `expected`."""
    digits: int = 3
    """Of a score as the tool prints it."""
    predictions: str = "pred_{name}"
    case: str = ""
    """What is in the names of the files in `expected` beside the submission and the list."""

    @classmethod
    def unpack(cls, archive: str, folder: Path, **fields: Any) -> Benchmark:
        with tarfile.open(_DATA / archive) as file:
            unpack(file, folder)
        return cls(folder=folder, **fields)

    @property
    def root(self) -> Path:
        return self.folder / self.data

    def truth(self, video: str) -> Path:
        """The folder with the ground truth of a video."""
        return self.root / self.annotations / video

    def submission(self, name: str) -> Path:
        return self.folder / self.predictions.format(name=name)

    def options(self, image_set: str | None = None) -> tuple[Any, ...]:
        chosen = () if image_set is None else ("--set", image_set)
        return "--reference", self.root, "--protocol", self.protocol, *chosen

    def run(self, command: str, *arguments: Any, image_set: str | None = None) -> Run:
        return lvos_eval(command, *arguments, *self.options(image_set))

    def score(self, submission: Path, output: Path, image_set: str | None = None, jobs: int = 1, *options: Any) -> dict[str, Any]:
        """The details of a run that has scores."""
        run = self.run("score", submission, "--output", output, "--jobs", str(jobs), *options, image_set=image_set)
        assert run.returncode == 0, run.stderr
        details: dict[str, Any] = json.loads((output / "scoring_details.json").read_text())
        scores = json.loads((output / "scores.json").read_text())
        assert scores == details["scores"]
        _SCHEMA.validate(details)
        assert (output / "scores.txt").read_text() == "".join(f"{key}: {value:.10f}\n" for key, value in scores.items())
        return details

    def packed(self, name: str, folder: Path) -> Path:
        """A submission as a zip."""
        return zip_folder(self.submission(name), folder / f"{name}.zip")

    def expected(self, name: str, image_set: str) -> dict[str, Any]:
        """The tool's numbers."""
        found: dict[str, Any] = json.loads((self.folder / "expected" / f"{self._prefix(name, image_set)}.json").read_text())
        return found

    def _prefix(self, name: str, image_set: str) -> str:
        return ".".join(filter(None, (name, self.case, "" if image_set == "val" else image_set)))

    def require_numbers(self, name: str, image_set: str, details: Mapping[str, Any]) -> None:
        """Every number of the official tool, in frames, objects and means, `==` on doubles."""
        wanted = self.expected(name, image_set)
        assert details["scores"] == _numbers(wanted["global"])
        assert list(details["scores"]) == [key for key in wanted["global"] if key in details["scores"]]
        entries = self.in_official_order(details)
        assert list(entries) == list(wanted["objects"])
        for label, official in wanted["objects"].items():
            entry, found = entries[label], wanted["per_frame"][entries[label]["video"]]
            assert {key: entry[name] for key, name in self.statistics.items() if name in entry} == _numbers(official), label
            frames = details["frames"][f"{entry['video']}/{entry['object']}"]
            digits = len(found["frames"][0]) - len(found["frames"][0].rstrip("0123456789"))
            assert [f"{frame:0{digits}d}" for frame in frames["frame"]] == [frame[-digits:] for frame in found["frames"]]
            for measure in set(found) & {"J", "F"}:
                assert frames[measure] == found[measure][label.rpartition("_")[2]], label

    def in_official_order(self, details: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """The objects of a result by their labels in the tool's table: matched ones are counted by the proposals."""
        videos: dict[str, list[dict[str, Any]]] = {}
        for entry in details["objects"]:
            videos.setdefault(entry["video"], []).append(entry)
        found = {}
        for video, entries in videos.items():
            for number, entry in enumerate(sorted(entries, key=lambda entry: int(entry.get("proposal", 0))), 1):
                found[f"{video}_{number if 'proposal' in entry else entry['object']}"] = entry
        return found

    def require_files(self, name: str, image_set: str, output: Path, called: str | None = None) -> None:
        """The files of the official tool, byte for byte; `called` is what it calls the list, where that is not its name."""
        files = [file.format(set=image_set) for file in self.tables]
        assert sorted(path.name for path in (output / "official").iterdir()) == sorted(files)
        for table, file in zip(self.tables, files, strict=True):
            wanted = f"{self._prefix(name, image_set)}.{table.format(set=called or image_set)}"
            assert (output / "official" / file).read_bytes() == (self.folder / "expected" / wanted).read_bytes(), file

    def damaged(self, damage: str, masks: str, folder: Path) -> Path:
        """The good submission after a damage of DAMAGES to one of its folders of masks."""
        submission = folder / "pred"
        shutil.copytree(self.submission("good"), submission)
        DAMAGES[damage](submission, submission / masks)
        return submission

    def require_refusal(self, submission: Path, code: str, words: str) -> None:
        """That there is an error of this code with these words, and no score."""
        result = api.score(submission, self.root, protocol=self.protocol)
        errors = [problem for problem in result.problems if problem.severity is Severity.ERROR]
        assert [problem.code for problem in errors] == [code]
        assert words in f"{problem_line(errors[0])} {errors[0].fix}"
        assert not result.scores

    def require_score(self, submission: Path, row: str, warnings: set[str]) -> None:
        """That the scores are those of a row of the official tool's table, with these warnings beside the usual."""
        usual = {problem.code for problem in api.check(self.submission("good"), self.root, protocol=self.protocol).problems}
        result = api.score(submission, self.root, protocol=self.protocol)
        assert {problem.severity for problem in result.problems} <= {Severity.WARNING}
        found = {problem.code for problem in result.problems}
        assert warnings <= found <= warnings | usual
        assert ",".join(f"{value:.{self.digits}f}" for value in result.scores.values()) == row

    def require_merged(self, folder: Path) -> None:
        """That a folder of masks for each object is recognised, and that the printed command makes label maps of them."""
        for path in self.submission("good").rglob("*.png"):
            labels = np.array(Image.open(path))
            for label in set(np.unique(labels).tolist()) | {1}:
                if label:
                    target = folder / "masks" / path.parent.name / str(label) / path.name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    Image.fromarray((labels == label) * np.uint8(255)).save(target)
        result = api.check(folder / "masks", self.root, protocol=self.protocol)
        (problem,) = [found for found in result.problems if found.severity is Severity.ERROR]
        assert problem.code == "ids-encoded"
        command = problem.fix[problem.fix.index("run: ") + 5 : problem.fix.index("; then: ")]
        interpreter = f"{sys.executable} " + command.removeprefix("python ")
        subprocess.run(interpreter, shell=True, check=True, cwd=folder, timeout=60)
        result = api.score(folder / "merged", self.root, protocol=self.protocol)
        assert dict(result.scores) == _numbers(self.expected("good", "val")[self.scores])

    def require_same_from_python(self, name: str, image_set: str | None, details: Mapping[str, Any]) -> None:
        """That `score` and `Evaluator` give the result of the command."""
        asked: dict[str, Any] = {"protocol": self.protocol, "image_set": image_set}
        result = api.score(self.submission(name), self.root, **asked)
        assert (dict(result.scores), result.signature) == (details["scores"], details["signature"])
        evaluator = api.Evaluator(self.root, **asked)
        manifest = load_manifest(self.root, ScoringRules(**asked, task=protocols.usual_task(self.protocol)))
        for video in manifest.videos:
            for frame in video.scored:
                mask = f"{video.name}/{manifest.layout(video).name(frame)}.png"
                truth, prediction = self.root / self.annotations / mask, self.submission(name) / mask
                evaluator.add(video.name, frame, np.array(Image.open(truth)), np.array(Image.open(prediction)))
        added = evaluator.result()
        assert (added.scores, added.objects, added.signature) == (result.scores, result.objects, result.signature)

    def require_other_commands(self, folder: Path) -> None:
        """That `check-reference`, `rescore` and `compare` know the benchmark."""
        run = lvos_eval("check-reference", self.root, "--protocol", self.protocol)
        assert run.returncode == 0, run.stdout + run.stderr
        (folder / "in").mkdir()
        for name in ("poor", "good"):
            self.packed(name, folder / "in")
        for again in (False, True):
            run = self.run("rescore", folder / "in", "--output", folder / "out", "--jobs", "1", "--detail", "full")
            assert run.returncode == 0, run.stderr
            assert ("scored 0 of " in run.stdout) is again
            board = json.loads((folder / "out" / "leaderboard.json").read_text())
            found = {place["name"]: place["scores"] for place in board["submissions"]}
            assert list(found) == ["good", "poor"]
            assert found == {name: self.expected(name, "val")[self.scores] for name in found}
        good, poor = (folder / "out" / place["results"] for place in board["submissions"])
        run = lvos_eval("compare", good, poor)
        assert run.returncode == 1, run.stderr
        assert next(iter(found["good"])) in run.stdout


def _numbers(values: Mapping[str, float]) -> dict[str, float]:
    return {key: value for key, value in values.items() if not math.isnan(value)}


def slow_but(quick: tuple[Any, ...], cases: Iterable[tuple[Any, ...]]) -> list[Any]:
    """The cases as parameters of a test, all but one marked as slow."""
    return [pytest.param(*case, marks=() if case == quick else pytest.mark.slow) for case in cases]


def ways(sets: Iterable[tuple[str, str]]) -> list[Any]:
    """Every submission and list as a zip and as a folder, with one and two workers, without the plainest way."""
    every = [(*of, zipped, jobs) for of in sets for zipped, jobs in ((True, 1), (True, 2), (False, 2))]
    return slow_but(("edge", "val", True, 2), every)


Damage = Callable[[Path, Path], None]
"""What is done to a submission, in one of its folders of masks or elsewhere; it gets both."""


def _ordered(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def _changed(edit: Callable[[Any], Any], position: int | None = None) -> Damage:
    """The mask at a position, or all of them, with other samples."""

    def damage(_: Path, folder: Path) -> None:
        paths = _ordered(folder)
        for path in paths if position is None else [paths[position]]:
            labels = np.array(Image.open(path)).astype(np.uint8)
            Image.fromarray(np.ascontiguousarray(edit(labels))).save(path)

    return damage


def _dotted(label: int) -> Callable[[Any], Any]:
    def edit(labels: Any) -> Any:
        labels[0, :2] = label
        return labels

    return edit


def _coloured(*channels: int) -> Callable[[Any], Any]:
    return lambda labels: np.stack([labels * share for share in channels], axis=2)


def _without(position: int) -> Damage:
    return lambda _, folder: _ordered(folder)[position].unlink()


def _without_video(submission: Path, folder: Path) -> None:
    shutil.rmtree(submission / folder.relative_to(submission).parts[0])


def _with_extra_video(submission: Path, folder: Path) -> None:
    shutil.copytree(folder, submission / "zz-other")


def _with_extra(position: int, add: int) -> Damage:
    def damage(_: Path, folder: Path) -> None:
        path = _ordered(folder)[position]
        number = re.findall("[0-9]+", path.stem)[-1]
        target = path.with_stem(f"{path.stem.removesuffix(number)}{int(number) + add:0{len(number)}d}")
        # every number may be taken
        shutil.copy(path, target.with_stem(f"{path.stem}a") if target.exists() else target)

    return damage


def _emptied(_: Path, folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def _truncated(_: Path, folder: Path) -> None:
    path = _ordered(folder)[_MIDDLE]
    path.write_bytes(path.read_bytes()[:-30])


def _nested(submission: Path, _: Path) -> None:
    inner = submission / "results"
    inner.mkdir()
    for path in _ordered(submission):
        if path != inner:
            path.rename(inner / path.name)


def _littered(submission: Path, folder: Path) -> None:
    (folder / ".DS_Store").write_bytes(b"x")
    below = submission / "__MACOSX" / folder.relative_to(submission)
    below.mkdir(parents=True)
    (below / f"._{_ordered(folder)[_MIDDLE].name}").write_bytes(b"x")


def _nothing(submission: Path, _: Path) -> None:
    for video in submission.iterdir():
        shutil.rmtree(video)


def _with_tables(submission: Path, _: Path) -> None:
    for name in ("global_results-val.csv", "per-sequence_results-val.csv"):
        (submission / name).write_text("J-Mean\n0.999\n")


_MIDDLE: Final = 4

DAMAGES: Final[Mapping[str, Damage]] = {
    "one video folder missing": _without_video,
    "one middle frame missing": _without(_MIDDLE),
    "first frame missing": _without(0),
    "last frame missing": _without(-1),
    "one extra frame at the end": _with_extra(-1, 1),
    "one extra frame in the middle": _with_extra(_MIDDLE, 1),
    "extra video folder": _with_extra_video,
    "wrong size, one middle frame": _changed(lambda labels: labels[:-3, :-5], _MIDDLE),
    "wrong size, all frames": _changed(lambda labels: labels[:-3, :-5]),
    "transposed, all frames": _changed(lambda labels: labels.T),
    "one pixel, one frame": _changed(lambda labels: labels[:1, :1], _MIDDLE),
    "RGB, all frames": _changed(_coloured(60, 0, 0)),
    "RGBA, one frame": _changed(_coloured(60, 60, 60, 60), _MIDDLE),
    "two pixels of 255": _changed(_dotted(255), _MIDDLE),
    "two pixels of id 21": _changed(_dotted(21), _MIDDLE),
    "1-bit PNG, one frame": _changed(lambda labels: labels == 1, _MIDDLE),
    "16-bit PNG, one frame": _changed(lambda labels: labels.astype(np.uint16), _MIDDLE),
    "video folder empty": _emptied,
    "one PNG damaged": _truncated,
    "inside one more folder": _nested,
    ".DS_Store and __MACOSX": _littered,
    "results folder empty": _nothing,
    "tables already there": _with_tables,
}
"""The damages that the official tools were tried with, by name."""
